/**
 * What it costs to read resources from files, without decoding: `node bench/files.ts [--objects N]`.
 * Prints medians; the machine's noise shows in the worst.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Decoded, Origin } from '../src/api/resource.ts';
import { FileSource } from '../src/source/files/file-source.ts';
import type { FileChanges } from '../src/source/files/changes.ts';
import { silentLog } from '../src/util/log.ts';

const { values: args } = parseArgs({ options: { objects: { type: 'string', default: '10000' }, changed: { type: 'string', default: '3000' } } });
const rounds = 30;

function route(i: number, port: number): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: route-${i}
  namespace: default
spec:
  parentRefs:
  - name: gateway
  hostnames:
  - host-${i}.example.com
  rules:
  - matches:
    - path:
        type: PathPrefix
        value: /
    backendRefs:
    - name: service
      port: ${port}
`;
}

let versions = 0;

function decode(value: unknown, origin: Origin): Decoded {
  const { kind, metadata } = value as { kind: string; metadata: { name: string; namespace: string } };
  const meta = { ...metadata, labels: {}, annotations: {}, creationTimestamp: '', generation: 0 };
  return {
    resource: { kind, key: `${metadata.namespace}/${metadata.name}`, metadata: meta, object: value, origin, version: String(versions++) },
    problems: [],
  };
}

async function withFiles(write: (directory: string) => void, use: (bench: Bench) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'moongate-bench-'));
  write(directory);
  const bench = new Bench(directory);
  try {
    await use(bench);
  } finally {
    bench.source.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Bench {
  readonly directory: string;
  readonly source: FileSource;
  #heard: (changes: FileChanges) => void = () => {};

  constructor(directory: string) {
    this.directory = directory;
    this.source = new FileSource({ paths: [directory], decode, log: silentLog, onChange: (changes) => this.#heard(changes) });
  }

  async start(): Promise<number> {
    const begin = performance.now();
    await this.source.start();
    return performance.now() - begin;
  }

  /** Time from a rename to the change it makes. */
  async change(name: string, text: string): Promise<number> {
    const heard = new Promise<void>((resolve) => (this.#heard = () => resolve()));
    writeFileSync(join(this.directory, '.next'), text);
    const begin = performance.now();
    renameSync(join(this.directory, '.next'), join(this.directory, name));
    await heard;
    return performance.now() - begin;
  }
}

function report(what: string, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(2);
  console.log(`${what.padEnd(60)} median ${at(0.5)} ms, worst ${at(1)} ms`);
}

const many = Number(args.objects);
const documents = Number(args.changed);
const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => route(i, 80));

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);

await withFiles(
  (directory) => texts(many).forEach((text, i) => writeFileSync(join(directory, `route-${i}.yaml`), text)),
  async (bench) => {
    report(`${many} files: first read`, [await bench.start()]);
    const times: number[] = [];
    for (let i = 0; i < rounds; i++) times.push(await bench.change(`route-${i}.yaml`, route(i, 81)));
    report(`${many} files: one changed`, times);
    const begin = performance.now();
    await bench.source.reload();
    report(`${many} files: reload`, [performance.now() - begin]);
  },
);

await withFiles(
  (directory) => writeFileSync(join(directory, 'all.yaml'), texts(many).join('---\n')),
  async (bench) => report(`one file, ${many} documents: first read`, [await bench.start()]),
);

await withFiles(
  (directory) => writeFileSync(join(directory, 'all.yaml'), texts(documents).join('---\n')),
  async (bench) => {
    await bench.start();
    const times: number[] = [];
    const all = texts(documents);
    for (let i = 0; i < rounds; i++) {
      all[i] = route(i, 81);
      times.push(await bench.change('all.yaml', all.join('---\n')));
    }
    report(`one file, ${documents} documents: one changed`, times);
  },
);
