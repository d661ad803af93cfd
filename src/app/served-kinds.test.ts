import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { KINDS } from '../api/kinds.ts';
import { byText } from '../util/compare.ts';
import { checkFiles } from './check-files.ts';
import { SERVICE } from './served-kinds.ts';

/** Checks one file with this text. */
async function check(text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'moongate-served-'));
  const file = join(directory, 'a.yaml');
  try {
    writeFileSync(file, text);
    const { plane, objects, problems } = await checkFiles([file]);
    return { plane, objects, problems: problems.map((problem) => ({ ...problem, file: problem.file === file ? 'a.yaml' : problem.file })) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const securityPolicy = `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata:
  name: guard
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: web }]
  basicAuth:
    users: { name: passwords }
`;

describe('kinds that are not served', () => {
  test('every kind that we decode says whether it is served', () => {
    assert.deepEqual(Object.keys(SERVICE).sort(byText), [...KINDS.keys()].sort(byText));
  });

  test('a policy that nobody enforces is an error at its place, and not taken in', async () => {
    const { plane, objects, problems } = await check(securityPolicy);
    assert.deepEqual(problems, [{
      file: 'a.yaml', line: 3, kind: 'SecurityPolicy', key: 'default/guard', severity: 'error', field: 'kind',
      message: 'SecurityPolicy is not served yet: nothing of what it asks for happens',
    }]);
    assert.deepEqual([objects, plane.resources.SecurityPolicy.size], [0, 0]);
  });

  test('what is wrong with the object itself is said first', async () => {
    const { problems } = await check(securityPolicy.replace('basicAuth', 'basicOath'));
    assert.deepEqual(problems.map(({ message }) => message), ['unknown field "spec.basicOath"']);
  });

  test('an object of such a kind has no status at all', async () => {
    const { plane, problems } = await check('apiVersion: gateway.networking.x-k8s.io/v1alpha1\nkind: XMesh\nmetadata: { name: r }\nspec: { controllerName: example.com/mesh }\n');
    assert.deepEqual(problems.map(({ key, severity }) => `${severity} ${key}`), ['error r']);
    assert.deepEqual(plane.outputs.statuses.flatMap((statuses) => [...statuses.values()]), []);
  });

  test('settings of an EnvoyProxy are a warning, and what refers to it finds it', async () => {
    const text = 'apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyProxy\nmetadata: { name: p }\nspec: { concurrency: 4, ipFamily: IPv4 }\n';
    const { plane, problems } = await check(text);
    assert.deepEqual(problems.map(({ severity, field, message }) => `${severity} ${field} ${message}`), ['warning kind EnvoyProxy is not served yet: spec.concurrency, spec.ipFamily have no effect']);
    assert.equal(plane.resources.EnvoyProxy.size, 1);
    assert.deepEqual((await check(text.replace(/spec: .*/, 'spec: {}'))).problems, []);
  });
});
