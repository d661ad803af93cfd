import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Decoded, Origin, Resource } from '../../api/resource.ts';
import { contentHash } from '../../util/hash.ts';
import { silentLog } from '../../util/log.ts';
import type { FileChanges, FileProblem } from './changes.ts';
import { FileSource, type FileSourceOptions } from './file-source.ts';

/** Decodes just enough: `spec.invalid` is an error, `spec.odd` a warning, a Deployment is ignored, a missing kind an error. */
export function decodeLoosely(value: unknown, origin: Origin): Decoded {
  const object = value as { kind?: string; metadata?: { name?: string; namespace?: string }; spec?: Record<string, unknown> };
  const { kind, metadata, spec } = object;
  if (kind === undefined) return { resource: undefined, problems: [{ severity: 'error', field: 'kind', message: 'Required value' }] };
  if (kind === 'Deployment') return { resource: undefined, problems: [{ severity: 'warning', field: 'kind', message: 'is not run here' }] };
  if (spec?.explode !== undefined) throw new Error('boom');
  if (spec?.invalid !== undefined) return { resource: undefined, problems: [{ severity: 'error', field: 'spec.invalid', message: 'Invalid value' }] };
  const namespace = metadata?.namespace ?? 'default';
  const name = metadata?.name ?? '';
  const resource: Resource = {
    kind,
    key: `${namespace}/${name}`,
    metadata: { name, namespace, labels: {}, annotations: {}, creationTimestamp: '', generation: 0 },
    object,
    origin,
    version: contentHash(JSON.stringify(object)),
  };
  return { resource, problems: spec?.odd === undefined ? [] : [{ severity: 'warning', field: 'spec.odd', message: 'is odd' }] };
}

/** The text of an HTTPRoute that differs by `value`. */
export function route(name: string, value: unknown = 1): string {
  return `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: ${name}\nspec:\n  value: ${JSON.stringify(value)}\n`;
}

/** Longest wait for anything in a test. */
const deadlineMs = 10_000;

/** What a consumer of the changes knows, and the directory that it comes from. */
export class World {
  readonly directory: string;
  readonly objects = new Map<string, Resource>();
  readonly problems = new Map<string, readonly FileProblem[]>();
  readonly batches: FileChanges[] = [];
  readonly decoded: string[] = [];
  readonly source: FileSource;
  #waiters: (() => void)[] = [];

  constructor(context: TestContext, prepare: (world: World) => Partial<FileSourceOptions> | void) {
    this.directory = mkdtempSync(join(tmpdir(), 'moongate-files-'));
    const options = prepare(this) ?? {};
    this.source = new FileSource({
      paths: [this.directory],
      log: silentLog,
      decode: (value, origin) => {
        this.decoded.push((value as { metadata?: { name?: string } }).metadata?.name ?? '');
        return decodeLoosely(value, origin);
      },
      onChange: (changes) => this.#apply(changes),
      ...options,
    });
    context.after(() => {
      this.source.stop();
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  #apply(changes: FileChanges): void {
    this.batches.push(changes);
    for (const resource of changes.set) this.objects.set(`${resource.kind}/${resource.key}`, resource);
    for (const { kind, key } of changes.deleted) {
      if (!this.objects.delete(`${kind}/${key}`)) throw new Error(`${kind}/${key} was deleted and never set`);
    }
    for (const [file, problems] of changes.problems) {
      if (problems.length > 0) this.problems.set(file, problems);
      else if (!this.problems.delete(file)) throw new Error(`the problems of ${file} were cleared and there were none`);
    }
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** Writes in place. */
  write(name: string, text: string | Uint8Array): void {
    writeFileSync(this.path(name), text);
  }

  /** Writes beside and renames, as most editors and tools do. */
  replace(name: string, text: string | Uint8Array): void {
    writeFileSync(this.path('.tmp-file'), text);
    renameSync(this.path('.tmp-file'), this.path(name));
  }

  names(): string[] {
    return [...this.objects.values()].map(({ metadata }) => metadata.name).sort();
  }

  value(name: string): unknown {
    const resource = this.objects.get(`HTTPRoute/default/${name}`);
    return (resource?.object as { spec?: { value?: unknown } } | undefined)?.spec?.value;
  }

  generation(name: string): number | undefined {
    return this.objects.get(`HTTPRoute/default/${name}`)?.metadata.generation;
  }

  /** Problems as `file:line kind/key field: message`, files by their name below the directory. */
  problemLines(): string[] {
    return [...this.problems.values()].flat().map((problem) => {
      const file = problem.file.slice(this.directory.length + 1);
      const object = problem.kind === '' ? '' : ` ${problem.kind}/${problem.key}`;
      return `${file}:${problem.line}${object} ${problem.field}: ${problem.message.replaceAll(`${this.directory}/`, '')}`;
    });
  }

  /** Waits until a condition holds; it is looked at after each batch. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    while (!condition()) {
      await new Promise<void>((resolve, reject) => {
        this.#waiters.push(resolve);
        deadline.addEventListener('abort', () => reject(new Error(`waited in vain for ${what}; objects: ${this.names().join()}; problems: ${this.problemLines().join()}`)));
      });
    }
  }
}
