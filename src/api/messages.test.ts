import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from './decode.ts';
import type { Resource } from './resource.ts';
import { messageCases, messageFiles } from './testdata/testing.ts';
import type { Message, MessageCase } from './testdata/testing.ts';

const ORIGIN = { file: 'test.yaml', line: 1 };

/** What Go's decoder says comes without a field. */
const DECODER = /^(json: |illegal base64)/;

/**
 * Where we differ on purpose: the API server stops at fields that it does not know and tells no field for what it cannot decode.
 */
function comparable(found: readonly Message[], recorded: readonly Message[]): Message[] {
  const strict = recorded.some(({ message }) => message.startsWith('unknown field '));
  const kept = found.filter(({ message }) => !strict || message.startsWith('unknown field '));
  return kept.map(({ field, message }) => ({ field: DECODER.test(message) ? '' : field, message }));
}

/** Proxies on this machine reach endpoints on this machine, so loopback addresses are fine here. */
const NOT_SAID = /may not be in the loopback range/;

function decoded({ object, old }: MessageCase): Message[] {
  const previous = old === undefined ? undefined : (decode(old, ORIGIN).resource as Resource);
  const { problems } = decode(object, ORIGIN, previous === undefined ? {} : { previous });
  return problems.map(({ field, message }) => ({ field, message }));
}

function inOrder(messages: readonly Message[]): Message[] {
  return messages.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

for (const file of messageFiles()) {
  describe(`decode says what the API server says: ${file}`, () => {
    for (const one of messageCases(file)) {
      const recorded = one.messages.filter(({ message }) => !NOT_SAID.test(message));
      test(one.name, () => assert.deepEqual(inOrder(comparable(decoded(one), recorded)), inOrder(recorded)));
    }
  });
}
