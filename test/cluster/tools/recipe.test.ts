import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goMod } from './recipe.ts';

test('a go.mod replaces the staged parts of a module, and those only', () => {
  const upstream = 'module k8s.io/kubernetes\n\nrequire (\n\tk8s.io/api v0.0.0\n\tk8s.io/utils v0.0.0-20260210185600-b8788abfbbc2\n\tk8s.io/klog/v2 v2.1.0\n)\n';
  const source = { files: {}, requires: { 'k8s.io/kubernetes': 'v1.36.3' }, staged: { of: 'k8s.io/kubernetes', version: 'v0.36.3' } };
  assert.equal(
    goMod('kubernetes', source, upstream),
    'module moongate.local/kubernetes\n\ngo 1.26\n\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n\nreplace (\n\tk8s.io/api => k8s.io/api v0.36.3\n)\n',
  );
});

test('a program without requirements has a go.mod without blocks', () => {
  assert.equal(goMod('pause', { files: {}, requires: {} }), 'module moongate.local/pause\n\ngo 1.26\n');
});
