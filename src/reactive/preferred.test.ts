import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Graph } from './graph.ts';
import { preferred } from './preferred.ts';

test('is what looking into one collection after the other gives, whatever is written', () => {
  const write = fc.record({ input: fc.nat(2), key: fc.constantFrom('a/x', 'a/y', 'b'), value: fc.option(fc.nat(9), { nil: undefined }) });
  fc.assert(fc.property(fc.array(fc.array(write, { maxLength: 4 }), { maxLength: 8 }), (settles) => {
    const graph = new Graph();
    const inputs = [0, 1, 2].map((i) => graph.source<number>(`input-${i}`));
    const found = preferred(graph, 'found', inputs);
    for (const writes of settles) {
      for (const { input, key, value } of writes) {
        if (value === undefined) inputs[input]?.delete(key);
        else inputs[input]?.set(key, value);
      }
      graph.settle();
      const keys = new Set(inputs.flatMap((input) => [...input.entries()].map(([key]) => key)));
      assert.deepEqual(new Map(found.entries()), new Map([...keys].map((key) => [key, inputs.map((input) => input.get(key)).find((value) => value !== undefined)])));
    }
  }));
});
