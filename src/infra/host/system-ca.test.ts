import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemCaFile } from './system-ca.ts';

test('a file that the environment names goes before those that systems have', () => {
  assert.equal(systemCaFile('/own/ca.pem'), '/own/ca.pem');
  assert.equal(systemCaFile(''), systemCaFile(undefined));
});
