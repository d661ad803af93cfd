import { byText } from '../util/compare.ts';
import { equal } from '../util/equal.ts';
import { contentHash } from '../util/hash.ts';
import { RULES_SKIPPED, blocksRules } from './field-error.ts';
import type { FieldError } from './field-error.ts';
import { fromFormerKind } from './former-kinds.ts';
import { goMismatch } from './go-types.ts';
import { ignoredKind } from './ignored.ts';
import { apiVersionOf, kindsCalled, servedVersion } from './kinds.ts';
import type { Kind } from './kinds.ts';
import { checkMetadata } from './metadata.ts';
import type { RawMetadata } from './metadata.ts';
import type { Problem } from './problem.ts';
import { keyOf } from './resource.ts';
import type { Decoded, ObjectMeta, Origin, Resource } from './resource.ts';
import { checkRules } from './rules.ts';
import { startWalk } from './schema-checks.ts';
import type { Walk } from './schema-checks.ts';
import { copyJson, walkValue } from './schema-walk.ts';
import type { Node } from './schema.ts';
import { metadataSchema, schemaOf } from './schemas.ts';
import { completed, semanticErrors } from './semantics.ts';
import { excess } from './size.ts';

export interface DecodeOptions {
  /**
   * `user` (the default): as `kubectl create --validate=strict` treats what a user wrote. Unknown fields are errors, status and the metadata that an API server
   * keeps are dropped, and the generation counts on from `previous`.
   * `server`: an object that an API server handed out. Unknown fields are left out (its CRDs may be newer than our schemas), status and metadata are kept.
   */
  readonly from?: 'user' | 'server';
  /** The object's former state: rules about changes are checked against it. */
  readonly previous?: Resource;
}

/** Problems of one object beyond this number are counted, not listed. */
const MAX_PROBLEMS = 100;

/** Where a namespaced object is that names no namespace, as with kubectl. */
export const DEFAULT_NAMESPACE = 'default';

/**
 * Decodes one object: picks its kind, adds defaults, checks schema, CEL rules and what else the API server checks. Takes any value, never
 * throws for one, and does not keep or change it. The namespace of a namespaced object that names none is `default`.
 */
export function decode(value: unknown, origin: Origin, options: DecodeOptions = {}): Decoded {
  const excessive = excess(value);
  if (excessive !== undefined) return failed(excessive);
  if (!isObject(value)) return failed('is no object');
  const { apiVersion, kind: kindName } = value;
  if (typeof kindName !== 'string' || kindName === '') return failed('kind not set', 'kind');
  if (typeof apiVersion !== 'string' || apiVersion === '') return failed('apiVersion not set', 'apiVersion');
  const former = options.from === 'server' ? undefined : fromFormerKind(value);
  if (former !== undefined) {
    const { resource, problems } = decode(former.value, origin, options);
    return { resource, problems: [...problems, { severity: 'warning', field: 'kind', message: former.note }] };
  }
  const served = servedVersion(apiVersion, kindName);
  if (served === undefined || (served.kind.observed && options.from !== 'server')) return unserved(apiVersion, kindName);
  return decodeKind(served.kind, served.version, value, origin, options);
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failed(message: string, field = '', severity: Problem['severity'] = 'error'): Decoded {
  return { resource: undefined, problems: [{ severity, field, message }] };
}

function unserved(apiVersion: string, kindName: string): Decoded {
  const ignored = ignoredKind(apiVersion, kindName);
  if (ignored !== undefined) return failed(ignored, 'kind', 'warning');
  const known = kindsCalled(kindName).flatMap((kind) => kind.versions.filter(({ served }) => served).map(({ name }) => apiVersionOf(kind, name)));
  const hint = known.length === 0 ? '' : `; known are ${known.join(', ')}`;
  return failed(`no matches for kind "${kindName}" in version "${apiVersion}"${hint}`, known.length === 0 ? 'kind' : 'apiVersion');
}

function decodeKind(kind: Kind, version: string, value: JsonObject, origin: Origin, options: DecodeOptions): Decoded {
  const node = schemaOf(kind, version);
  const walk = startWalk([], kind.custom ? undefined : goMismatch(kind.kind));
  const { metadata: given, status, ...rest } = value;
  const body = walkValue(node, completed(kind.kind, { ...rest, metadata: {}, ...(kind.observed && { status }) }), walk) as Record<string, unknown>;
  const metaWalk = startWalk(['metadata'], goMismatch('ObjectMeta', kind.custom ? [] : ['metadata']));
  const metadata = walkMetadata(kind, given, options, metaWalk);
  const unknown = options.from === 'server' ? [] : [...metaWalk.unknown, ...walk.unknown, ...unknownInStatus(node, status)].toSorted(byText);
  const errors = findErrors(kind, node, { body, metadata, walk, metaWalk, previous: options.previous });
  const problems: Problem[] = unknown.map((field) => ({ severity: 'error', field, message: `unknown field "${field}"` }));
  problems.push(...errors.map(({ severity, field, message }) => ({ severity, field, message })));
  if (problems.length > 0) return { resource: undefined, problems: listed(problems) };
  const kept = options.from === 'server' && !kind.observed && status !== undefined ? { status: copyJson(status) } : {};
  const object = { ...body, apiVersion: apiVersionOf(kind, kind.storageVersion), metadata, ...kept };
  return { resource: resourceOf(kind, object, origin, options), problems: deprecation(kind, version) };
}

/** What the walks over an object's parts left. */
interface Walked {
  readonly body: Record<string, unknown>;
  readonly metadata: RawMetadata;
  readonly walk: Walk;
  readonly metaWalk: Walk;
  readonly previous: Resource | undefined;
}

/** All errors but unknown fields, in stages: the API server does not begin a stage either when an earlier one makes it meaningless. */
function findErrors(kind: Kind, node: Node, { body, metadata, walk, metaWalk, previous }: Walked): FieldError[] {
  const mistyped = [...metaWalk.errors, ...(kind.custom ? [] : walk.errors)].filter((error) => error.class === 'type-invalid');
  if (mistyped.length > 0) return mistyped;
  const errors = [...checkMetadata(kind, metadata), ...walk.errors];
  if (!kind.custom) errors.push(...semanticErrors(kind.kind, body));
  else if (!errors.some(blocksRules)) errors.push(...checkRules(node, body, previous?.object));
  else if (node.hasRules) errors.push(RULES_SKIPPED);
  return errors;
}

function walkMetadata(kind: Kind, given: unknown, { from }: DecodeOptions, walk: Walk): RawMetadata {
  if (given !== undefined && given !== null && !isObject(given)) return walkValue(metadataSchema(), given, walk) as RawMetadata;
  const { managedFields: _, ...known } = given ?? {};
  const kept = from === 'server' ? known : { ...known, creationTimestamp: undefined, generation: undefined, resourceVersion: undefined, uid: undefined };
  const metadata = walkValue(metadataSchema(), kept, walk) as Record<string, unknown>;
  if (!kind.namespaced) delete metadata['namespace'];
  else if ((metadata['namespace'] ?? '') === '') metadata['namespace'] = DEFAULT_NAMESPACE;
  return metadata;
}

/** The API server drops the status that a user wrote, but not before it has complained about fields in it that nobody knows. */
function unknownInStatus(node: Node, status: unknown): readonly string[] {
  const statusNode = node.properties.get('status');
  if (statusNode === undefined || status === undefined || status === null) return [];
  const walk = startWalk(['status']);
  walkValue(statusNode, status, walk);
  return walk.unknown;
}

function resourceOf(kind: Kind, object: Record<string, unknown>, origin: Origin, options: DecodeOptions): Resource {
  const metadata = metaOf(object, options);
  const { status, ...content } = object;
  const { generation, creationTimestamp } = metadata;
  return {
    kind: kind.kind,
    key: keyOf(metadata.namespace, metadata.name),
    metadata,
    object,
    origin,
    version: contentHash(JSON.stringify([generation, creationTimestamp, content, ...(kind.observed ? [status] : [])])),
  };
}

/** Metadata of a valid object. What an API server would have counted is counted here. */
function metaOf(object: Record<string, unknown>, { from, previous }: DecodeOptions): ObjectMeta {
  const { name = '', namespace = '', labels = {}, annotations = {}, creationTimestamp, generation = 1 } = object['metadata'] as Partial<ObjectMeta>;
  const counted = from === 'server' || previous === undefined ? generation : previous.metadata.generation + (sameContent(object, previous.object) ? 0 : 1);
  return { name, namespace, labels, annotations, creationTimestamp: creationTimestamp ?? '', generation: counted };
}

/** Whether two states of an object differ in nothing that the generation counts: neither metadata nor status counts. */
function sameContent(object: Record<string, unknown>, previous: unknown): boolean {
  if (!isObject(previous)) return false;
  const ignored = { metadata: undefined, status: undefined };
  return equal({ ...object, ...ignored }, { ...previous, ...ignored });
}

function listed(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  const different = problems.filter(({ field, message }) => {
    const text = `${field}: ${message}`;
    return !seen.has(text) && seen.add(text);
  });
  if (different.length <= MAX_PROBLEMS) return different;
  const more: Problem = { severity: 'error', field: '', message: `and ${different.length - MAX_PROBLEMS} more problems` };
  return [...different.slice(0, MAX_PROBLEMS), more];
}

function deprecation(kind: Kind, version: string): readonly Problem[] {
  const { deprecated = false, deprecationWarning = '' } = kind.versions.find(({ name }) => name === version) ?? {};
  if (!deprecated) return [];
  const message = deprecationWarning === '' ? `${apiVersionOf(kind, version)} ${kind.objectKind} is deprecated` : deprecationWarning;
  return [{ severity: 'warning', field: 'apiVersion', message }];
}
