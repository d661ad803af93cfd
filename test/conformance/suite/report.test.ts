import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differencesFromReport } from './report.ts';

const report = 'kind: ConformanceReport\nprofiles:\n- name: HTTP\n  core: { result: success, statistics: { Passed: 36, Failed: 0, Skipped: 0 } }\n  extended: { statistics: { Passed: 5 } }\n';
const outcome = { profile: 'HTTP', core: { passed: 36, of: 36 }, extended: { passed: 5, of: 6 }, notClaimed: new Map<string, number>(), surprises: [] };

test('a report that says what the output says has no differences', () => {
  assert.deepEqual(differencesFromReport(report, [outcome]), []);
});

test('a report that counts more than passed is found out', () => {
  assert.deepEqual(differencesFromReport(report, [{ ...outcome, core: { passed: 30, of: 36 } }]), ['the report says that 36 core tests of HTTP passed, the output says 30']);
});

test('a level without statistics has none that passed', () => {
  assert.deepEqual(differencesFromReport('profiles: [{ name: HTTP }]', [outcome]), [
    'the report says that 0 core tests of HTTP passed, the output says 36',
    'the report says that 0 extended tests of HTTP passed, the output says 5',
  ]);
});

test('a report that is missing, or lacks a profile, is a difference', () => {
  assert.deepEqual(differencesFromReport(undefined, [outcome]), ['the suite has written no report']);
  assert.deepEqual(differencesFromReport('', [outcome]), ['the report lacks HTTP']);
  assert.deepEqual(differencesFromReport('profiles: null', [outcome]), ['the report lacks HTTP']);
});
