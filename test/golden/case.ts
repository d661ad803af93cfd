import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isMap, parseAllDocuments, parse } from 'yaml';
import { decode } from '../../src/api/decode.ts';
import { KINDS, type KindName } from '../../src/api/kinds.ts';
import type { ResourceChange } from '../../src/app/control-plane.ts';
import type { OfflineOptions } from '../../src/app/offline.ts';
import type { Settings } from '../../src/translate/inputs.ts';
import { withCertificates } from './certificates.ts';
import { deepFreeze } from './freeze.ts';

/** Where the cases are: a folder of areas, an area a folder of cases. */
export const goldenRoot = import.meta.dirname;

/** One folder of test/golden, read and decoded. */
export interface GoldenCase {
  /** `area/case-name`. */
  readonly name: string;
  readonly folder: string;
  readonly area: string;
  /** What a reader learns: the first comment of `resources.yaml`. */
  readonly sentence: string;
  /** The objects, frozen, in the order of the file. */
  readonly changes: readonly ResourceChange[];
  /** What decoding had to say: object → problems. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
  readonly options: OfflineOptions;
}

/** `options.yaml` of a case. */
interface CaseOptions extends Pick<OfflineOptions, 'portErrors' | 'rejections'> {
  /** Whether the objects are all there is. Default: true. */
  readonly ownsEverything?: boolean;
  /** What becomes of a Gateway's addresses. Default: bound. With `assigned`, the wanted infrastructure is shown. */
  readonly addresses?: Settings['addresses'];
  /** Where our own endpoint picker is. Default: there is none. */
  readonly endpointPicker?: Settings['endpointPicker'];
  /** The objects come from an API server, so that creation times and generations count. Default: false. */
  readonly fromServer?: boolean;
}

/** The controller whose GatewayClasses the cases use. */
const controllerName = 'gateway.envoyproxy.io/gatewayclass-controller';

/** Names of all cases, in order. */
export function caseNames(): string[] {
  return globSync('*/*/resources.yaml', { cwd: goldenRoot })
    .map((path) => dirname(path))
    .sort();
}

/** Reads a case. Throws when its files are not what a case needs. */
export function readCase(name: string): GoldenCase {
  const folder = join(goldenRoot, name);
  const text = readFileSync(join(folder, 'resources.yaml'), 'utf8');
  const sentence = /^# (.+)\n/.exec(text)?.[1];
  if (sentence === undefined) throw new Error(`${name}/resources.yaml: the first line has to be a comment that says what the case shows`);
  const { ownsEverything = true, addresses = 'bound', fromServer = false, endpointPicker, ...rest } = readOptions(join(folder, 'options.yaml'));
  const decoded = decodeAll(text, fromServer ? 'server' : 'user');
  return {
    name,
    folder,
    area: basename(dirname(folder)),
    sentence,
    ...decoded,
    options: { ...rest, settings: { controllerNames: [controllerName], ownsEverything, addresses, ...(endpointPicker !== undefined && { endpointPicker }) } },
  };
}

function readOptions(path: string): CaseOptions {
  return existsSync(path) ? ((parse(readFileSync(path, 'utf8')) ?? {}) as CaseOptions) : {};
}

function decodeAll(text: string, from: 'user' | 'server'): Pick<GoldenCase, 'changes' | 'problems'> {
  const changes: ResourceChange[] = [];
  const problems: Record<string, string[]> = {};
  for (const document of parseAllDocuments(text)) {
    if (!isMap(document.contents)) continue;
    if (document.errors.length > 0) throw document.errors[0];
    const value = document.toJS() as { readonly kind?: unknown; readonly metadata?: { readonly name?: unknown } };
    const { resource, problems: found } = decode(withCertificates(value), { file: 'resources.yaml', line: 1 }, { from });
    if (found.length > 0) {
      problems[`${String(value.kind)}/${String(value.metadata?.name)}`] = found.map(({ severity, field, message }) => `${severity}: ${field}: ${message}`);
    }
    if (resource === undefined || !KINDS.has(resource.kind)) continue;
    changes.push({ kind: resource.kind as KindName, key: resource.key, resource: deepFreeze(resource) });
  }
  return { changes, problems };
}
