import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boolean, choice, duration, integer, list, number, object, optionalObject, quantity, readFields, reference, string, texts, type Fields } from './fields.ts';
import { nearest } from './nearest.ts';
import { Place } from './place.ts';
import { durationMs, durationText } from './units.ts';

function read<F extends Fields>(fields: F, value: unknown) {
  const place = new Place();
  const values = readFields(fields, value, place);
  const { errors, warnings, references } = place.findings;
  return { values, errors: errors.map(({ path, message }) => `${path}: ${message}`), warnings: warnings.map(({ path, message }) => `${path}: ${message}`), references };
}

const fields = {
  share: number({ default: 0.5, min: 0, max: 1, about: '' }),
  count: integer({ min: 1, about: '' }),
  on: boolean({ default: true, about: '' }),
  name: string({ required: true, about: '' }),
  mode: choice(['least', 'most'], { default: 'least', about: '' }),
  ttl: duration({ default: 60_000, about: '' }),
  bytes: quantity({ about: '' }),
  labels: texts({ default: {}, about: '' }),
  inner: object({ deep: integer({ default: 7, about: '' }) }, { about: '' }),
  maybe: optionalObject({ deep: integer({ default: 7, about: '' }) }, { about: '' }),
  items: list(object({ n: integer({ required: true, about: '' }) }, { about: '' }), { about: '' }),
  other: reference({ kinds: ['scorer'], about: '' }),
  former: string({ about: '', deprecated: 'use name' }),
};

test('what is not written has its default, also inside', () => {
  assert.deepEqual(read(fields, { name: 'x' }), {
    values: { share: 0.5, count: undefined, on: true, name: 'x', mode: 'least', ttl: 60_000, bytes: undefined, labels: {}, inner: { deep: 7 }, maybe: undefined, items: [], other: undefined, former: undefined },
    errors: [],
    warnings: [],
    references: [],
  });
});

test('what is written is read, and what is deprecated is warned of', () => {
  const written = { share: 1, count: 3, on: false, name: 'x', mode: 'most', ttl: '1m30s', bytes: '1Gi', labels: { a: 'b' }, inner: { deep: 1 }, maybe: {}, items: [{ n: 1 }, { n: 2 }], other: 'queue', former: 'y' };
  const { values, errors, warnings, references } = read(fields, written);
  assert.deepEqual(values, { ...written, ttl: 90_000, bytes: 2 ** 30, maybe: { deep: 7 } });
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, ['former: is deprecated: use name']);
  assert.deepEqual(references.map(({ name, kinds, place }) => [place.path, name, kinds]), [['other', 'queue', ['scorer']]]);
});

test('everything that is wrong is told, with its place', () => {
  const { errors } = read(fields, {
    shore: 1, share: 2, count: 1.5, on: 'yes', name: ' ', mode: 'mst', ttl: '5 minutes', bytes: -1, labels: { a: 1 }, inner: { dep: 1 }, maybe: [], items: [{}, null, 4], other: 5,
  });
  assert.deepEqual(errors, [
    'shore: unknown field; did you mean "share"?',
    'share: must be at most 1, not 2',
    'count: must be an integer, not 1.5',
    'on: must be true or false, not "yes"',
    'name: must not be empty',
    'mode: must be one of "least", "most", not "mst"; did you mean "most"?',
    'ttl: must be a duration such as "60s", not "5 minutes"',
    'bytes: must be a quantity such as 5000, "500M" or "1Gi", not -1',
    'labels.a: must be a string, not 1',
    'inner.dep: unknown field; did you mean "deep"?',
    'maybe: must be a map, not a list',
    'items[0].n: is required',
    'items[1]: must not be empty',
    'items[2]: must be a map, not 4',
    'items[2].n: is required',
    'other: must be the name of a plugin, not 5',
  ]);
});

test('names of strangers are shown on one line, and cut', () => {
  const { errors } = read({}, { ['a\u001b[31m\n']: 1, ['k'.repeat(500)]: 1 });
  assert.deepEqual(errors, ['"a\\u001b[31m\\u000a": unknown field', `"${'k'.repeat(80)}…": unknown field`]);
});

test('the nearest name is found, and none when nothing is near', () => {
  const known = ['queue-scorer', 'kv-cache-utilization-scorer', 'max-score-picker'];
  assert.deepEqual(['queue_scorer', 'QueueScorer', 'que-scorer', 'kv-cache-utilisation-scorer', 'banana', ''].map((name) => nearest(name, known)), [
    'queue-scorer', 'queue-scorer', 'queue-scorer', 'kv-cache-utilization-scorer', undefined, undefined,
  ]);
});

test('durations are those of Go', () => {
  assert.deepEqual(['60s', '1h1m1.5s', '200ms', '0', '.5s', '', '5', '-1s', '1d'].map(durationMs), [60_000, 3_661_500, 200, 0, 500, undefined, undefined, undefined, undefined]);
  assert.deepEqual([60_000, 250].map(durationText), ['60s', '250ms']);
});
