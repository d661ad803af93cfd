import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Changes, Collection, Index } from './collection.ts';
import type { StageError } from './derived.ts';
import { Graph } from './graph.ts';

interface Item {
  readonly team: string;
  readonly n: number;
}

const item = (team: string, n: number): Item => ({ team, n });

function record<V>(collection: Collection<V>): Changes<V>[] {
  const heard: Changes<V>[] = [];
  collection.subscribe((changes) => heard.push(changes));
  return heard;
}

describe('a source', () => {
  test('shows writes at once, and derived collections show them after a settle', () => {
    const graph = new Graph();
    const numbers = graph.source<number>('numbers');
    const doubled = graph.derive('doubled', numbers, (n) => n * 2);
    numbers.set('a', 1);
    assert.equal(numbers.get('a'), 1);
    assert.equal(doubled.get('a'), undefined);
    graph.settle();
    assert.equal(doubled.get('a'), 2);
  });

  test('takes an equal value for no change', () => {
    const graph = new Graph();
    const items = graph.source<Item>('items');
    const heard = record(items);
    items.set('a', item('x', 1));
    graph.settle();
    const first = items.get('a');
    items.set('a', item('x', 1));
    items.delete('never there');
    graph.settle();
    assert.equal(items.get('a'), first);
    assert.equal(heard.length, 1);
  });
});

describe('a subscriber', () => {
  test('hears the exact changes, once for each settle', () => {
    const graph = new Graph();
    const numbers = graph.source<number>('numbers');
    const heard = record(numbers);
    numbers.set('a', 1);
    numbers.set('b', 1);
    graph.settle();
    numbers.set('a', 2);
    numbers.set('a', 3);
    numbers.delete('b');
    numbers.set('c', 1);
    numbers.delete('c');
    graph.settle();
    graph.settle();
    assert.deepEqual(heard.map((changes) => Object.fromEntries(changes)), [
      { a: { before: undefined, after: 1 }, b: { before: undefined, after: 1 } },
      { a: { before: 1, after: 3 }, b: { before: 1, after: undefined } },
    ]);
  });

  test('hears nothing of a value that is back when the settle comes', () => {
    const graph = new Graph();
    const items = graph.source<Item>('items');
    items.set('a', item('x', 1));
    graph.settle();
    const heard = record(items);
    items.set('a', item('x', 2));
    items.set('a', item('x', 1));
    graph.settle();
    assert.deepEqual(heard, []);
  });

  test('hears nothing more once it has stopped', () => {
    const graph = new Graph();
    const numbers = graph.source<number>('numbers');
    let calls = 0;
    const stop = numbers.subscribe(() => calls++);
    numbers.set('a', 1);
    graph.settle();
    stop();
    numbers.set('a', 2);
    graph.settle();
    assert.equal(calls, 1);
  });

  test('may write to a source, which settles in the same call', () => {
    const graph = new Graph();
    const wishes = graph.source<number>('wishes');
    const answers = graph.source<number>('answers');
    const doubled = graph.derive('doubled', answers, (n) => n * 2);
    wishes.subscribe((changes) => {
      for (const [key, { after }] of changes) if (after !== undefined) answers.set(key, after);
    });
    wishes.set('a', 4);
    graph.settle();
    assert.equal(doubled.get('a'), 8);
  });

  test('that answers each change with another one is stopped', () => {
    const graph = new Graph();
    const numbers = graph.source<number>('numbers');
    numbers.subscribe((changes) => {
      for (const [key, { after }] of changes) numbers.set(key, (after ?? 0) + 1);
    });
    numbers.set('a', 0);
    assert.throws(() => graph.settle(), /not settled after 100 rounds/);
  });
});

describe('a derived collection', () => {
  function countingGraph(): {
    readonly graph: Graph;
    readonly items: ReturnType<Graph['source']>;
    readonly ran: string[];
  } & { readonly limits: ReturnType<Graph['source']> } {
    const graph = new Graph();
    const items = graph.source<unknown>('items');
    const limits = graph.source<unknown>('limits');
    const ran: string[] = [];
    graph.derive('limited', items, (value, read, key) => {
      ran.push(key);
      const { team, n } = value as Item;
      const limit = read.get(limits, team) as number | undefined;
      return limit === undefined ? undefined : Math.min(n, limit);
    });
    return { graph, items, limits, ran };
  }

  test('runs only the functions whose item or readings have changed', () => {
    const { graph, items, limits, ran } = countingGraph();
    for (const key of ['a', 'b', 'c']) items.set(key, item(key === 'c' ? 'y' : 'x', 5));
    graph.settle();
    assert.deepEqual(ran.splice(0), ['a', 'b', 'c']);
    limits.set('x', 3);
    graph.settle();
    assert.deepEqual(ran.splice(0), ['a', 'b']);
    items.set('c', item('x', 1));
    graph.settle();
    assert.deepEqual(ran.splice(0), ['c']);
    limits.set('y', 3);
    graph.settle();
    assert.deepEqual(ran.splice(0), []);
    items.delete('a');
    limits.set('x', 4);
    graph.settle();
    assert.deepEqual(ran.splice(0), ['b', 'c']);
  });

  test('stops where an output equals the old one', () => {
    const graph = new Graph();
    const numbers = graph.source<number>('numbers');
    const signs = graph.derive('signs', numbers, (n) => ({ sign: Math.sign(n) }));
    let ran = 0;
    graph.derive('words', signs, ({ sign }) => {
      ran++;
      return String(sign);
    });
    numbers.set('a', 3);
    graph.settle();
    numbers.set('a', 4);
    graph.settle();
    assert.equal(ran, 1);
  });

  test('made when its input has content already is filled by the next settle', () => {
    const graph = new Graph();
    const numbers = graph.source<number>('numbers');
    numbers.set('a', 1);
    graph.settle();
    const doubled = graph.derive('doubled', numbers, (n) => n * 2);
    const counted = graph.count('counted', numbers, () => ['all']);
    graph.settle();
    assert.deepEqual([doubled.get('a'), counted.get('all')], [2, 1]);
  });

  test('refuses to read what is made later', () => {
    const graph = new Graph();
    const numbers = graph.source<number>('numbers');
    const later: { it?: Collection<number> } = {};
    graph.derive('eager', numbers, (_n, read, key) => read.get(later.it as Collection<number>, key));
    later.it = graph.source<number>('late');
    numbers.set('a', 1);
    assert.throws(() => graph.settle(), (error: Error) => String(error.cause).includes('late is made later than its reader'));
  });

  test('reads an index in the order of keys, and hears of members that come, change and go', () => {
    const graph = new Graph();
    const items = graph.source<Item>('items');
    const byTeam: Index<Item> = items.index('team', ({ team }) => [team]);
    const teams = graph.source<string>('teams');
    const members = graph.derive('members', teams, (team, read) => read.where(byTeam, team).map(({ n }) => n));
    teams.set('t', 'x');
    items.set('b', item('x', 2));
    items.set('a', item('x', 1));
    items.set('c', item('y', 3));
    graph.settle();
    assert.deepEqual(members.get('t'), [1, 2]);
    items.set('c', item('x', 3));
    items.set('a', item('x', 10));
    graph.settle();
    assert.deepEqual(members.get('t'), [10, 2, 3]);
    items.set('b', item('y', 2));
    graph.settle();
    assert.deepEqual(members.get('t'), [10, 3]);
  });
});

describe('a function that throws', () => {
  test('leaves its item out, is reported, and runs again when something that it read has changed', () => {
    const errors: StageError[] = [];
    const graph = new Graph({ onError: (error) => errors.push(error) });
    const numbers = graph.source<number>('numbers');
    const divisors = graph.source<number>('divisors');
    const quotients = graph.derive('quotients', numbers, (n, read) => {
      const divisor = read.get(divisors, 'the') ?? 0;
      if (divisor === 0) throw new RangeError('division by zero');
      return n / divisor;
    });
    numbers.set('a', 6);
    graph.settle();
    assert.deepEqual(errors.map(({ collection, key, error }) => [collection, key, String(error)]), [['quotients', 'a', 'RangeError: division by zero']]);
    assert.equal(quotients.size, 0);
    divisors.set('the', 3);
    graph.settle();
    assert.equal(quotients.get('a'), 2);
    divisors.set('the', 0);
    graph.settle();
    assert.equal(quotients.get('a'), undefined);
  });

  test('may be answered for by `recover`', () => {
    const graph = new Graph({ onError: () => {} });
    const numbers = graph.source<number>('numbers');
    const roots = graph.derive(
      'roots',
      numbers,
      (n) => {
        if (n < 0) throw new RangeError('negative');
        return Math.sqrt(n);
      },
      { recover: () => -1 },
    );
    numbers.set('a', 4);
    numbers.set('b', -4);
    graph.settle();
    assert.deepEqual(Object.fromEntries(roots.entries()), { a: 2, b: -1 });
  });
});

describe('an expanded collection', () => {
  test('has each output under its own key and drops those that are not given any more', () => {
    const graph = new Graph();
    const words = graph.source<string>('words');
    const letters = graph.expand('letters', words, (word, _read, key) => word.split('').map((letter, i) => [`${key}/${i}`, letter] as const));
    words.set('w', 'abc');
    graph.settle();
    words.set('w', 'ax');
    graph.settle();
    assert.deepEqual(Object.fromEntries(letters.entries()), { 'w/0': 'a', 'w/1': 'x' });
    words.delete('w');
    graph.settle();
    assert.equal(letters.size, 0);
  });

  test('reports an output key that another item has', () => {
    const errors: StageError[] = [];
    const graph = new Graph({ onError: (error) => errors.push(error) });
    const words = graph.source<string>('words');
    const byWord = graph.expand('by word', words, (word, _read, key) => [[word, key]]);
    words.set('a', 'same');
    words.set('b', 'same');
    graph.settle();
    assert.equal(byWord.get('same'), 'a');
    assert.deepEqual(errors.map(({ key, error }) => [key, (error as Error).message]), [['b', 'output key same of b is taken by a']]);
  });

  test('does not run the readers of an output that moved from one item to another unchanged', () => {
    const graph = new Graph();
    const owners = graph.source<string>('owners');
    const flags = graph.expand('flags', owners, (slot) => [[slot, true]]);
    let ran = 0;
    graph.derive('seen', flags, () => ++ran);
    owners.set('a', 'slot');
    graph.settle();
    owners.delete('a');
    owners.set('b', 'slot');
    graph.settle();
    assert.equal(ran, 1);
  });
});

describe('groups and counts', () => {
  test('are sorted by the comparator, then by key, and vanish when empty', () => {
    const graph = new Graph();
    const items = graph.source<Item>('items');
    const groups = graph.group('groups', items, ({ team }) => [team], (a, b) => a.n - b.n);
    const counts = graph.count('counts', items, ({ team }) => [team, 'all', 'all']);
    items.set('c', item('x', 1));
    items.set('b', item('x', 1));
    items.set('a', item('x', 2));
    graph.settle();
    assert.deepEqual(groups.get('x'), [items.get('b'), items.get('c'), items.get('a')]);
    assert.deepEqual(Object.fromEntries(counts.entries()), { x: 3, all: 3 });
    for (const key of ['a', 'b', 'c']) items.delete(key);
    graph.settle();
    assert.deepEqual([groups.size, counts.size], [0, 0]);
  });

  test('of many members stay sorted when one moves', () => {
    const graph = new Graph();
    const items = graph.source<Item>('items');
    const groups = graph.group('groups', items, ({ team }) => [team], (a, b) => a.n - b.n);
    for (let n = 0; n < 100; n++) items.set(`k${n}`, item('x', n * 10));
    graph.settle();
    items.set('k5', item('x', 905));
    items.delete('k7');
    items.set('new', item('x', 15));
    graph.settle();
    const numbers = groups.get('x')?.map(({ n }) => n) ?? [];
    assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
    assert.equal(numbers.length, 100);
    assert.deepEqual(numbers.slice(0, 4), [0, 10, 15, 20]);
  });
});
