/**
 * What one change costs in the incremental engine, among many items: `node bench/reactive.ts [--items N]`.
 * Prints medians and the 99th percentile.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Graph } from '../src/reactive/graph.ts';

const { values: args } = parseArgs({ options: { items: { type: 'string', default: '10000' } } });
const items = Number(args.items);
const rounds = 2_000;
const groups = 50;

interface Item {
  readonly group: string;
  readonly n: number;
}

function report(what: string, change: (round: number) => void): void {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    change(round);
    times.push((performance.now() - begin) * 1000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? NaN).toFixed(1);
  console.log(`${what.padEnd(64)} median ${at(0.5)} µs, p99 ${at(0.99)} µs`);
}

const itemAt = (i: number, n: number): Item => ({ group: `group-${i % groups}`, n });

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${items} items`);

const graph = new Graph();
const source = graph.source<Item>('source');
const settings = graph.source<number>('settings');
const byGroup = source.index('group', ({ group }) => [group]);
const all = source.index('all', () => ['all']);
const derived = graph.derive('derived', source, ({ group, n }, read) => n + (read.get(settings, group) ?? 0));
const second = graph.derive('second', derived, (n) => ({ n }));
const grouped = graph.group('grouped', source, ({ group }) => [group], (a, b) => a.n - b.n);
graph.count('counted', source, ({ group }) => [group]);
let heard = 0;
second.subscribe((changes) => (heard += changes.size));

let begin = performance.now();
for (let i = 0; i < items; i++) source.set(`item-${i}`, itemAt(i, i));
graph.settle();
console.log(`first settle: ${(performance.now() - begin).toFixed(0)} ms`);

report('one item changed: 2 derived, 1 group, 1 count', (round) => {
  source.set(`item-${(round * 7919) % items}`, itemAt((round * 7919) % items, -round));
  graph.settle();
});
report(`one setting changed that ${items / groups} functions read`, (round) => {
  settings.set(`group-${round % groups}`, round);
  graph.settle();
});

const watched = graph.source<string>('watched');
graph.derive('members', watched, (group, read) => read.where(byGroup, group).length);
watched.set('one', 'group-1');
graph.settle();
report(`one item changed, and ${items / groups} members of an index read`, (round) => {
  source.set('item-1', itemAt(1, -rounds - round));
  graph.settle();
});
graph.derive('everything', watched, (_group, read) => read.where(all, 'all').length);
graph.settle();
report(`one item changed, and ${items} members of an index read`, (round) => {
  source.set('item-1', itemAt(1, -3 * rounds - round));
  graph.settle();
});

begin = performance.now();
for (let i = 0; i < items; i++) source.delete(`item-${i}`);
graph.settle();
console.log(`all deleted: ${(performance.now() - begin).toFixed(0)} ms; ${heard} changes heard, ${grouped.size} groups left`);
