import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { readExpected, withoutFeatures } from './expected.ts';
import type { Catalogue } from './suite/catalogue.ts';

const catalogue: Catalogue = {
  profiles: { HTTP: { core: ['Gateway'], extended: ['ListenerSet'] } },
  experimental: [],
  tests: [
    { name: 'Simple', features: ['Gateway'], parallel: false, provisional: false, manifests: [] },
    { name: 'Set', features: ['Gateway', 'ListenerSet'], parallel: false, provisional: false, manifests: [] },
    { name: 'Mesh', features: ['Mesh'], parallel: false, provisional: false, manifests: [] },
  ],
};

describe('the list of expectations', () => {
  test('names features and tests with a reason each', () => {
    const text = 'HTTP: { notClaimed: { ListenerSet: later }, fails: { Simple: broken } }';
    assert.deepEqual(readExpected(text, 'x.yaml', catalogue), { HTTP: { notClaimed: { ListenerSet: 'later' }, fails: { Simple: 'broken' }, skips: {} } });
  });

  test('may be empty', () => {
    assert.deepEqual(readExpected('', 'x.yaml', catalogue), {});
  });

  test('is refused with all that is wrong at once', () => {
    const text = 'GRPC: {}\nHTTP:\n  other: {}\n  notClaimed: { Gateway: core cannot be left out }\n  fails: { Mesh: of another profile, Simple: "" }\n';
    assert.throws(() => readExpected(text, 'x.yaml', catalogue), {
      message:
        'x.yaml: GRPC: the suite has no such profile; HTTP.other: no such field; HTTP.notClaimed.Gateway: not in this profile; '
        + 'HTTP.fails.Mesh: not in this profile; HTTP.fails.Simple: has no reason',
    });
  });

  test('is refused by name when it is no YAML', () => {
    assert.throws(() => readExpected('{', 'x.yaml', catalogue), /^Error: x\.yaml: /);
  });
});

test('features that the CRDs lack are not claimed, beside what is listed', () => {
  const expected = { HTTP: { notClaimed: {}, fails: { Simple: 'broken' }, skips: {} } };
  assert.deepEqual(withoutFeatures(expected, { catalogue, profiles: ['HTTP'], features: ['ListenerSet', 'OfNoProfile'], reason: 'lacking' }), {
    HTTP: { notClaimed: { ListenerSet: 'lacking' }, fails: { Simple: 'broken' }, skips: {} },
  });
});

for (const file of globSync('expected*.yaml', { cwd: import.meta.dirname })) {
  test(`${file} gives a reason for each entry`, () => {
    const profiles = Object.values(parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Record<string, Record<string, Record<string, unknown>>>);
    const reasons = profiles.flatMap((profile) => Object.values(profile).flatMap((entries) => Object.values(entries)));
    assert.deepEqual(reasons.filter((reason) => typeof reason !== 'string' || reason.length < 10), []);
  });
}
