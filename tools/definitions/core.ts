import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { withoutProse } from './prose.ts';

/** A kind that is part of Kubernetes itself, in the shape of a CRD's `spec`. */
export interface CoreKind {
  readonly group: string;
  readonly names: { readonly kind: string; readonly plural: string };
  readonly scope: 'Cluster' | 'Namespaced';
  readonly versions: readonly { readonly name: string; readonly served: true; readonly storage: true; readonly schema: Json }[];
}

interface Source {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: CoreKind['scope'];
  /** File of the published OpenAPI specification, and the name of the kind's schema in it. */
  readonly file: string;
  readonly schema: string;
  /**
   * What the API server's Go code adds to the published schema: paths of properties to keywords. The published schema has
   * no enumerations and no ranges, and hardly a default.
   */
  readonly additions: Readonly<Record<string, JsonObject>>;
  /**
   * Paths of the properties that are kept, with all that is in them; all when undefined. What is not here is unknown to us: objects of an API server
   * are stored without it.
   */
  readonly only?: readonly string[];
}

const PORT = { minimum: 1, maximum: 65535 };
const PROTOCOL = { enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' };

const SOURCES: readonly Source[] = [
  {
    group: 'certificates.k8s.io',
    version: 'v1beta1',
    kind: 'ClusterTrustBundle',
    plural: 'clustertrustbundles',
    scope: 'Cluster',
    file: 'apis__certificates.k8s.io__v1beta1_openapi.json',
    schema: 'io.k8s.api.certificates.v1beta1.ClusterTrustBundle',
    additions: {},
  },
  {
    ...core('ConfigMap', 'configmaps', 'Namespaced'),
    additions: {},
  },
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    scope: 'Namespaced',
    file: 'apis__discovery.k8s.io__v1_openapi.json',
    schema: 'io.k8s.api.discovery.v1.EndpointSlice',
    // pkg/apis/discovery/v1/defaults.go and pkg/apis/discovery/validation/validation.go
    additions: {
      'addressType': { enum: ['IPv4', 'IPv6', 'FQDN'] },
      'endpoints': { maxItems: 1000 },
      'endpoints.*.addresses': { minItems: 1, maxItems: 100 },
      'ports': { maxItems: 100 },
      'ports.*.name': { default: '' },
      'ports.*.port': PORT,
      'ports.*.protocol': PROTOCOL,
    },
  },
  {
    ...core('Namespace', 'namespaces', 'Cluster'),
    additions: {},
  },
  {
    ...core('Node', 'nodes', 'Cluster'),
    additions: {},
  },
  {
    ...core('Pod', 'pods', 'Namespaced'),
    additions: {},
    // Where a server is, and whether it can be asked. The schema of all the rest is larger than that of all other kinds here.
    only: [
      'apiVersion', 'kind', 'metadata', 'spec.nodeName', 'status.phase', 'status.podIP', 'status.podIPs',
      'status.conditions.*.type', 'status.conditions.*.status',
    ],
  },
  {
    ...core('Secret', 'secrets', 'Namespaced'),
    // pkg/apis/core/v1/defaults.go
    additions: { type: { default: 'Opaque' } },
  },
  {
    ...core('Service', 'services', 'Namespaced'),
    // pkg/apis/core/v1/defaults.go and pkg/apis/core/validation/validation.go
    additions: {
      'spec': { default: {} },
      'spec.ports.*.port': PORT,
      'spec.ports.*.protocol': PROTOCOL,
      'spec.sessionAffinity': { enum: ['ClientIP', 'None'], default: 'None' },
      'spec.type': { enum: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], default: 'ClusterIP' },
    },
  },
];

function core(kind: string, plural: string, scope: CoreKind['scope']): Omit<Source, 'additions' | 'only'> {
  return { group: '', version: 'v1', kind, plural, scope, file: 'api__v1_openapi.json', schema: `io.k8s.api.core.v1.${kind}` };
}

/** The core kinds that we read, from the folder of the Kubernetes module. */
export function readCoreKinds(folder: string): CoreKind[] {
  return SOURCES.map((source) => {
    const found = published(folder, source.file, source.schema);
    const schema = structuredClone(inlined(found.schema, found.schemas));
    for (const [path, keywords] of Object.entries(source.additions)) Object.assign(at(schema, path), keywords);
    const kept = source.only === undefined ? schema : keepOnly(schema, source.only.map((path) => path.split('.')));
    return {
      group: source.group,
      names: { kind: source.kind, plural: source.plural },
      scope: source.scope,
      versions: [{ name: source.version, served: true, storage: true, schema: kept }],
    };
  });
}

/** The schema of the metadata that objects of all kinds have. Only the name is known to be there after decoding. */
export function readMetadataSchema(folder: string): Json {
  const { schema, schemas } = published(folder, 'api__v1_openapi.json', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
  const metadata = structuredClone(inlined(schema, schemas)) as Record<string, Json>;
  // Programs that print objects from Go write "creationTimestamp: null" for objects that were never stored.
  Object.assign(at(metadata, 'creationTimestamp'), { nullable: true });
  return { ...metadata, required: ['name'] };
}

function published(folder: string, file: string, name: string): { schema: Json; schemas: JsonObject } {
  const text = readFileSync(join(folder, 'api/openapi-spec/v3', file), 'utf8');
  const schemas = (JSON.parse(text) as { components: { schemas: JsonObject } }).components.schemas;
  const schema = schemas[name];
  if (schema === undefined) throw new Error(`${file} has no schema ${name}`);
  return { schema: withoutProse(schema), schemas };
}

/** A schema with its references resolved, in the dialect of CRDs. */
function inlined(schema: Json, schemas: JsonObject): Json {
  if (!isObject(schema)) return schema;
  const reference = referenceOf(schema);
  // Metadata is the same for every kind, and CRDs leave its schema to the API server, too.
  if (reference?.endsWith('.meta.v1.ObjectMeta') === true) return { type: 'object' };
  if (reference?.endsWith('.intstr.IntOrString') === true) return { 'x-kubernetes-int-or-string': true };
  if (reference !== undefined) return inlined(withoutProse(schemas[reference] ?? null), schemas);
  const out: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword.startsWith('x-kubernetes-patch-') || keyword === 'x-kubernetes-group-version-kind') continue;
    // Zero values of Go types, no defaults that anybody would see.
    if (keyword === 'default' && (value === '' || value === 0 || isObject(value))) continue;
    if (keyword === 'properties') {
      out[keyword] = Object.fromEntries(Object.entries(value as JsonObject).map(([name, property]) => [name, inlined(property, schemas)]));
    } else if (keyword === 'items' || keyword === 'additionalProperties') out[keyword] = inlined(value, schemas);
    else out[keyword] = value;
  }
  return out;
}

/** The name of the schema that a schema refers to: `{allOf: [{$ref}]}`, the form that allows a default beside it. */
function referenceOf(schema: JsonObject): string | undefined {
  const only = Array.isArray(schema['allOf']) ? (schema['allOf'] as JsonObject[])[0] : schema;
  const reference = only?.['$ref'];
  return typeof reference === 'string' ? reference.slice('#/components/schemas/'.length) : undefined;
}

/** A schema without the properties that no path leads to or through, and without demands on the others to be there. */
function keepOnly(schema: Json, paths: readonly (readonly string[])[]): Json {
  if (paths.some((path) => path.length === 0)) return schema;
  const { items, properties, required, ...rest } = schema as JsonObject;
  const below = (step: string): string[][] => paths.flatMap(([first, ...others]) => (first === step ? [others] : []));
  if (isObject(items ?? null)) return { ...rest, items: keepOnly(items as Json, below('*')) };
  const names = [...new Set(paths.map(([first = '']) => first))].toSorted();
  const kept = names.map((name): [string, Json] => {
    const property = (properties as JsonObject | undefined)?.[name];
    if (property === undefined) throw new Error(`no property ${name}`);
    return [name, keepOnly(property, below(name))];
  });
  const demanded = Array.isArray(required) ? required.filter((name) => names.includes(String(name))) : [];
  return { ...rest, properties: Object.fromEntries(kept), ...(demanded.length > 0 && { required: demanded }) };
}

/** The schema of a property, by path; `*` stands for the items of an array. */
function at(schema: Json, path: string): object {
  let node = schema as JsonObject;
  for (const step of path.split('.')) {
    const next = step === '*' ? node['items'] : (node['properties'] as JsonObject | undefined)?.[step];
    if (!isObject(next)) throw new Error(`no property ${path}`);
    node = next;
  }
  return node;
}
