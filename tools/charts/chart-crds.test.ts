import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { crds } from '../../src/api/crds.ts';
import { apiVersions, moongateVersion } from '../../src/app/versions.ts';
import { standardChannel } from './chart-crds.ts';

const root = join(import.meta.dirname, '../..');

interface Chart {
  readonly version: string;
  readonly appVersion: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly dependencies?: readonly { readonly name: string; readonly version: string }[];
}

function chartAt(path: string): Chart {
  return parse(readFileSync(join(root, 'charts', path, 'Chart.yaml'), 'utf8')) as Chart;
}

describe('the charts', () => {
  it('have the version of the program', () => {
    for (const path of ['moongate', 'moongate/charts/crds', 'moongate-crds']) {
      const { version, appVersion, dependencies = [] } = chartAt(path);
      for (const found of [version, appVersion, ...dependencies.map((each) => each.version)]) assert.equal(found, moongateVersion(), path);
    }
  });

  it('know the Envoy that the program runs', () => {
    assert.equal(chartAt('moongate').annotations?.['moongate/envoy-tag'], `distroless-v${apiVersions.envoy}`);
  });

  it('document each value and check it: values and their schema have the same names', () => {
    for (const chart of ['moongate', 'moongate-crds']) {
      const values = parse(readFileSync(join(root, 'charts', chart, 'values.yaml'), 'utf8')) as object;
      const schema = JSON.parse(readFileSync(join(root, 'charts', chart, 'values.schema.json'), 'utf8')) as Schema;
      // What Envoy Gateway's chart has and this one only accepts, and what Helm adds.
      const silent = /^(global$|global\.images\.ratelimit|deployment\.ports|deployment\.envoyGateway\.wasmCacheVolume|config\.envoyGateway\.(apiVersion|kind|extensionApis\.enableBackend)|config\.envoyGateway\.provider\.kubernetes\.watch\.)/;
      const inValues = namesIn(values, schema).sort();
      const inSchema = namesOf(schema).filter((name) => !silent.test(name)).sort();
      assert.ok(inValues.length > 3);
      assert.deepEqual(inValues, inSchema, chart);
    }
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Every value that a schema names, with a dot between levels; those that hold others are left out. */
function namesOf(schema: Schema, path = ''): string[] {
  if (schema.properties === undefined || Object.keys(schema.properties).length === 0) return [path];
  return Object.entries(schema.properties).flatMap(([name, inner]) => namesOf(inner, path === '' ? name : `${path}.${name}`));
}

/** The same of values, as deep as the schema looks into them. */
function namesIn(value: unknown, schema: Schema, path = ''): string[] {
  if (schema.properties === undefined || typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    // An empty object stands for all that it may hold, which its comment names.
    return path.endsWith('watch') || path.endsWith('extensionApis') ? [] : [path];
  }
  return Object.entries(value).flatMap(([name, inner]) => namesIn(inner, schema.properties?.[name] ?? {}, path === '' ? name : `${path}.${name}`));
}

describe('the standard channel', () => {
  it('holds the kinds that are stable, each said to be of that channel and of our release', () => {
    const standard = standardChannel(crds());
    assert.deepEqual(standard.map(({ metadata }) => metadata.name), [
      'backendtlspolicies', 'gatewayclasses', 'gateways', 'grpcroutes', 'httproutes', 'listenersets', 'referencegrants', 'tcproutes', 'tlsroutes', 'udproutes',
    ].map((name) => `${name}.gateway.networking.k8s.io`));
    for (const { metadata } of standard) {
      assert.equal(metadata.annotations?.['gateway.networking.k8s.io/channel'], 'standard');
      assert.equal(`${metadata.annotations['gateway.networking.k8s.io/bundle-version']} (experimental channel)`, apiVersions.gatewayApi);
    }
  });

  it('lacks the fields that may still change', () => {
    const text = (all: readonly object[]): string => JSON.stringify(all);
    assert.match(text(crds()), /"sessionPersistence":\{/);
    assert.doesNotMatch(text(standardChannel(crds())), /"sessionPersistence":\{/);
  });

  it('is refused when it was recorded for another release', () => {
    const newer = crds().map((crd) => ({ ...crd, metadata: { ...crd.metadata, annotations: { 'gateway.networking.k8s.io/bundle-version': 'v9.0.0' } } }));
    assert.throws(() => standardChannel(newer), /backendtlspolicies.* is of v9\.0\.0, standard-channel\.json of v1\.7\.0/);
  });
});
