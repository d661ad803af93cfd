import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import type { HTTPRoute } from '../gen/k8s/httproute.v1.ts';
import { DEFINITIONS } from '../gen/k8s/definitions.ts';
import { byText } from '../util/compare.ts';
import { crds, crdsYaml, definitionOf, schemaOf } from './crds.ts';

/** A schema as the tests walk it. */
type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; items?: Schema };

function definition(group: string, kind: string): NonNullable<ReturnType<typeof definitionOf>> {
  const found = definitionOf(group, kind);
  assert.ok(found, `${kind} is known`);
  return found;
}

/** Calls a function with each schema within a schema: those of properties, items and values, not those of allOf and the like. */
function walk(schema: Schema, visit: (schema: Schema) => void): void {
  visit(schema);
  for (const property of Object.values(schema.properties ?? {})) walk(property, visit);
  for (const inner of [schema.items, schema['additionalProperties']]) if (typeof inner === 'object') walk(inner as Schema, visit);
}

function rules(group: string, kind: string, version: string): string[] {
  const found: string[] = [];
  walk(schemaOf(definition(group, kind), version) as Schema, (schema) => {
    for (const { rule } of (schema['x-kubernetes-validations'] ?? []) as { rule: string }[]) found.push(rule);
  });
  return found;
}

describe('crds', () => {
  it('are the kinds of Gateway API, Envoy Gateway and the Inference Extension, sorted by name', () => {
    const names = crds().map(({ metadata }) => metadata.name);
    assert.deepEqual(names, names.toSorted(byText));
    const groups = Object.groupBy(names, (name) => name.slice(name.indexOf('.') + 1));
    assert.deepEqual(Object.fromEntries(Object.entries(groups).map(([group, members]) => [group, members?.length])), {
      'gateway.envoyproxy.io': 8,
      'gateway.networking.k8s.io': 10,
      'gateway.networking.x-k8s.io': 6,
      'inference.networking.k8s.io': 1,
      'inference.networking.x-k8s.io': 5,
      'llm-d.ai': 2,
    });
  });

  it('say that their API was approved where Kubernetes asks for it, and which release they are of', () => {
    for (const { metadata, spec } of crds().filter((crd) => /(^|\.)networking\.k8s\.io$/.test(crd.spec.group))) {
      const annotations = metadata.annotations ?? {};
      assert.match(annotations['api-approved.kubernetes.io'] ?? '', /^https:/, metadata.name);
      const release = spec.group.startsWith('gateway') ? 'v1.7.0' : 'v1.6.0';
      assert.equal(annotations[`${spec.group}/bundle-version`], release, metadata.name);
    }
  });

  it('are of one release of the Inference Extension, as far as they say so: its conformance suite refuses two', () => {
    const releases = crds().flatMap(({ metadata }) => metadata.annotations?.['inference.networking.k8s.io/bundle-version'] ?? []);
    assert.deepEqual([...new Set(releases)], ['v1.6.0']);
  });

  it('carry no prose', () => {
    for (const each of DEFINITIONS) {
      for (const { name } of each.versions) {
        walk(schemaOf(each, name) as Schema, (schema) => assert.notEqual(typeof schema['description'], 'string', each.kind));
      }
    }
  });

  it('keep a property that is called description', () => {
    const schema = schemaOf(definition('gateway.networking.k8s.io', 'GatewayClass'), 'v1') as Schema;
    assert.deepEqual(schema.properties?.['spec']?.properties?.['description'], { maxLength: 64, type: 'string' });
  });

  it('keep the validation rules', () => {
    assert.ok(rules('gateway.networking.k8s.io', 'HTTPRoute', 'v1').some((rule) => rule.includes('filters.all(')));
    assert.ok(rules('gateway.networking.k8s.io', 'Gateway', 'v1').length > 10);
  });

  it('read back the same from YAML, whichever version the reader takes it for', () => {
    for (const version of ['1.1', '1.2'] as const) {
      const documents = parseAllDocuments(crdsYaml(), { version });
      assert.ok(Array.isArray(documents));
      assert.deepEqual(documents.map((document) => document.toJS() as object), crds());
    }
    assert.equal(parse('Off', { version: '1.1' }), false, 'which would be another value without quotes');
  });
});

describe('definitions', () => {
  it('have one storage version each, which is served and has a schema', () => {
    for (const each of DEFINITIONS) {
      assert.deepEqual(each.versions.filter(({ storage }) => storage).map(({ name }) => name), [each.storageVersion]);
      assert.ok(each.versions.find(({ name }) => name === each.storageVersion)?.served, each.kind);
      for (const { name } of each.versions) assert.equal((schemaOf(each, name) as Schema)['type'], 'object', `${each.kind} ${name}`);
    }
  });

  it('are found by group and kind', () => {
    assert.equal(definition('', 'Secret').plural, 'secrets');
    assert.equal(definition('gateway.envoyproxy.io', 'Backend').scope, 'Namespaced');
    assert.equal(definitionOf('example.com', 'Backend'), undefined);
  });

  it('refuse a version that does not exist', () => {
    assert.throws(() => schemaOf(definition('', 'Secret'), 'v2'), /Secret has no version v2/);
  });

  it('have the defaults of the core kinds that live in Go code', () => {
    const ports = (schemaOf(definition('', 'Service'), 'v1') as Schema).properties?.['spec']?.properties?.['ports']?.items?.properties;
    assert.equal(ports?.['protocol']?.['default'], 'TCP');
    assert.deepEqual(ports?.['targetPort'], { 'x-kubernetes-int-or-string': true });
  });
});

describe('generated types', () => {
  it('have what a default makes sure of, and miss what may be missing', () => {
    // The compiler is the test: a field too many or too few is an error here.
    const route: HTTPRoute = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'one' },
      spec: { rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }] },
    };
    // @ts-expect-error A type of match that there is not.
    const wrong: HTTPRoute['spec'] = { rules: [{ matches: [{ path: { type: 'Suffix', value: '/' } }] }] };
    assert.notDeepEqual(route.spec, wrong);
  });
});
