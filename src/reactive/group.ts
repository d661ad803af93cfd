import type { Change } from './collection.ts';
import type { Stage } from './derived.ts';
import type { Node } from './node.ts';
import { byText } from '../util/compare.ts';

interface Member<I> {
  readonly key: string;
  readonly value: I;
}

/**
 * Collects the items that name the same group, sorted. A group without members does not exist.
 * Few changes are put into the sorted list one by one; many are sorted afresh.
 */
export class Group<I> implements Stage {
  readonly output: Node<readonly I[]>;
  readonly #compare: (a: Member<I>, b: Member<I>) => number;
  readonly #members = new Map<string, Member<I>[]>();
  #edits = new Map<string, Map<string, Change<I>>>();

  constructor(options: {
    readonly output: Node<readonly I[]>;
    readonly input: Node<I>;
    readonly by: (item: I, key: string) => Iterable<string>;
    readonly compare: (a: I, b: I) => number;
  }) {
    const { by, compare } = options;
    this.output = options.output;
    this.#compare = (a, b) => compare(a.value, b.value) || byText(a.key, b.key);
    options.input.consume((key, { before, after }) => {
      if (before !== undefined) for (const group of by(before, key)) this.#edit(group, key, { before, after: undefined });
      if (after !== undefined) for (const group of by(after, key)) this.#edit(group, key, { before: undefined, after });
    });
  }

  #edit(group: string, key: string, change: Change<I>): void {
    let edits = this.#edits.get(group);
    if (edits === undefined) this.#edits.set(group, (edits = new Map()));
    const earlier = edits.get(key);
    edits.set(key, earlier === undefined ? change : { before: earlier.before, after: change.after });
  }

  run(): void {
    if (this.#edits.size === 0) return;
    const edits = this.#edits;
    this.#edits = new Map();
    for (const [group, changes] of edits) {
      const members = this.#apply(this.#members.get(group) ?? [], changes);
      if (members.length === 0) {
        this.#members.delete(group);
        this.output.delete(group);
      } else {
        this.#members.set(group, members);
        this.output.set(group, members.map((member) => member.value));
      }
    }
  }

  #apply(members: Member<I>[], changes: ReadonlyMap<string, Change<I>>): Member<I>[] {
    if (changes.size * 8 > members.length) {
      const kept = members.filter((member) => !changes.has(member.key));
      for (const [key, { after }] of changes) if (after !== undefined) kept.push({ key, value: after });
      return kept.sort(this.#compare);
    }
    for (const [key, { before, after }] of changes) {
      if (before !== undefined) members.splice(this.#find(members, { key, value: before }), 1);
      if (after !== undefined) {
        const member = { key, value: after };
        members.splice(this.#find(members, member), 0, member);
      }
    }
    return members;
  }

  /** The position of a member, or where it belongs. */
  #find(members: readonly Member<I>[], member: Member<I>): number {
    let low = 0;
    let high = members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(members[middle] as Member<I>, member) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Counts the items that name the same group. A count of 0 does not exist. */
export class Count<I> implements Stage {
  readonly output: Node<number>;
  #edits = new Map<string, number>();

  constructor(options: {
    readonly output: Node<number>;
    readonly input: Node<I>;
    readonly by: (item: I, key: string) => Iterable<string>;
  }) {
    const { by } = options;
    this.output = options.output;
    options.input.consume((key, { before, after }) => {
      if (before !== undefined) for (const group of new Set(by(before, key))) this.#add(group, -1);
      if (after !== undefined) for (const group of new Set(by(after, key))) this.#add(group, 1);
    });
  }

  #add(group: string, step: number): void {
    this.#edits.set(group, (this.#edits.get(group) ?? 0) + step);
  }

  run(): void {
    if (this.#edits.size === 0) return;
    const edits = this.#edits;
    this.#edits = new Map();
    for (const [group, step] of edits) {
      const count = (this.output.get(group) ?? 0) + step;
      this.output.write(group, count === 0 ? undefined : count);
    }
  }
}

/** The items of several collections in one, each under its input's prefix and its key. No key may be given twice. */
export class Merge<I> implements Stage {
  readonly output: Node<I>;
  #edits = new Map<string, I | undefined>();

  constructor(options: { readonly output: Node<I>; readonly inputs: Iterable<readonly [prefix: string, input: Node<I>]> }) {
    this.output = options.output;
    for (const [prefix, input] of options.inputs) input.consume((key, { after }) => this.#edits.set(`${prefix}${key}`, after));
  }

  run(): void {
    if (this.#edits.size === 0) return;
    const edits = this.#edits;
    this.#edits = new Map();
    for (const [key, value] of edits) this.output.write(key, value);
  }
}
