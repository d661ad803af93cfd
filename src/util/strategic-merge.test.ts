import assert from 'node:assert/strict';
import { test } from 'node:test';

import { strategicMerge } from './strategic-merge.ts';

const pod = {
  spec: {
    containers: [
      { name: 'envoy', image: 'envoy:1', env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }], args: ['x'] },
      { name: 'helper', image: 'helper:1' },
    ],
    volumes: [{ name: 'certs', secret: { secretName: 's' } }],
    tolerations: [{ key: 'a' }],
  },
};

test('containers and environment variables are merged by name, others stay', () => {
  const merged = strategicMerge(pod, { spec: { containers: [{ name: 'envoy', env: [{ name: 'B', value: '3' }, { name: 'C', value: '4' }] }, { name: 'extra' }] } });
  assert.deepEqual(merged, {
    spec: {
      ...pod.spec,
      containers: [
        { name: 'envoy', image: 'envoy:1', env: [{ name: 'A', value: '1' }, { name: 'B', value: '3' }, { name: 'C', value: '4' }], args: ['x'] },
        { name: 'helper', image: 'helper:1' },
        { name: 'extra' },
      ],
    },
  });
});

test('lists without a key, and lists of plain values, are replaced', () => {
  const merged = strategicMerge(pod, { spec: { tolerations: [{ key: 'b' }], containers: [{ name: 'envoy', args: ['y', 'z'] }] } }) as typeof pod;
  assert.deepEqual(merged.spec.tolerations, [{ key: 'b' }]);
  assert.deepEqual(merged.spec.containers[0]?.args, ['y', 'z']);
});

test('$patch deletes an item, replaces a list, replaces an object', () => {
  const deleted = strategicMerge(pod, { spec: { containers: [{ name: 'helper', $patch: 'delete' }] } }) as typeof pod;
  assert.deepEqual(deleted.spec.containers.map(({ name }) => name), ['envoy']);
  const replaced = strategicMerge(pod, { spec: { containers: [{ $patch: 'replace' }, { name: 'only' }] } }) as typeof pod;
  assert.deepEqual(replaced.spec.containers, [{ name: 'only' }]);
  assert.deepEqual(strategicMerge(pod, { spec: { $patch: 'replace', hostNetwork: true } }), { spec: { hostNetwork: true } });
});

test('a null takes a field away', () => {
  assert.deepEqual(strategicMerge({ a: { b: 1, c: 2 } }, { a: { b: null } }), { a: { c: 2 } });
});

test('a volume has one source after the merge', () => {
  const merged = strategicMerge(pod, { spec: { volumes: [{ name: 'certs', emptyDir: {} }] } }) as typeof pod;
  assert.deepEqual(merged.spec.volumes, [{ name: 'certs', emptyDir: {} }]);
  const same = strategicMerge(pod, { spec: { volumes: [{ name: 'certs', secret: { defaultMode: 256 } }] } }) as typeof pod;
  assert.deepEqual(same.spec.volumes, [{ name: 'certs', secret: { secretName: 's', defaultMode: 256 } }]);
});

test('ports of a Service are merged by port, those of a container by containerPort', () => {
  const service = { spec: { ports: [{ name: 'http', port: 80, targetPort: 10080 }] } };
  assert.deepEqual(strategicMerge(service, { spec: { ports: [{ port: 80, nodePort: 30080 }] } }), {
    spec: { ports: [{ name: 'http', port: 80, targetPort: 10080, nodePort: 30080 }] },
  });
  const container = { ports: [{ containerPort: 19001, name: 'metrics' }] };
  assert.deepEqual(strategicMerge(container, { ports: [{ containerPort: 19001, hostPort: 1 }, { containerPort: 5 }] }), {
    ports: [{ containerPort: 19001, name: 'metrics', hostPort: 1 }, { containerPort: 5 }],
  });
});

test('another type of a strategy drops the settings of the old type', () => {
  const deployment = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
  assert.deepEqual(strategicMerge(deployment, { spec: { strategy: { type: 'Recreate' } } }), { spec: { strategy: { type: 'Recreate' } } });
});

test('primitive lists: finalizers are a set, values can be deleted', () => {
  assert.deepEqual(strategicMerge({ finalizers: ['a', 'b'] }, { finalizers: ['b', 'c'] }), { finalizers: ['a', 'b', 'c'] });
  assert.deepEqual(strategicMerge({ args: ['a', 'b'] }, { '$deleteFromPrimitiveList/args': ['a'] }), { args: ['b'] });
});

test('an item without its key, and an unknown directive, are errors that say where', () => {
  assert.throws(() => strategicMerge(pod, { spec: { containers: [{ image: 'x' }] } }), /spec\.containers: an item of the patch has no name/);
  assert.throws(() => strategicMerge(pod, { spec: { $patch: 'obliterate' } }), /spec: \$patch is "obliterate"/);
});

test('the arguments stay as they were', () => {
  const before = structuredClone(pod);
  strategicMerge(pod, { spec: { containers: [{ name: 'envoy', env: [{ name: 'A', $patch: 'delete' }] }] } });
  assert.deepEqual(pod, before);
});
