import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerPorts } from './container-ports.ts';

const table: readonly [sentence: string, ports: readonly number[], asTheyAre: boolean, expected: readonly (readonly [number, number])[]][] = [
  ['a port for root is shifted', [80, 443], false, [[80, 10_080], [443, 10_443]]],
  ['a port for everybody stays', [8080, 1024], false, [[1024, 1024], [8080, 8080]]],
  ['a shifted port makes room for a listener that has its number', [80, 10_080], false, [[80, 20_080], [10_080, 10_080]]],
  ['all stay when told so', [80, 8080], true, [[80, 80], [8080, 8080]]],
  ['none', [], false, []],
];

for (const [sentence, ports, asTheyAre, expected] of table) {
  test(sentence, () => assert.deepEqual([...containerPorts(ports, asTheyAre)], expected));
}
