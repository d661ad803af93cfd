import type { Read } from './collection.ts';
import type { Node } from './node.ts';
import { Reader, Task, type Dirty } from './task.ts';

/** A collection that the graph keeps up to date: runs what is dirty when its turn in a settle comes. */
export interface Stage {
  run(): void;
}

/** Something went wrong in a function given to the graph: a bug, told to the owner of the graph. */
export interface StageError {
  readonly collection: string;
  readonly key: string;
  readonly error: unknown;
}

/**
 * Runs a function for each item of its input, again when the item or something the function read has changed.
 *
 *     input ──item──► fn(item, read) ──► output keys of this item
 *                        │ read.get / read.where
 *                        ▼
 *                      cells ── changed? ──► dirty ──► fn runs again in the next settle
 *
 * A function that throws leaves its item without output (or with what `recover` gives) and is reported.
 */
export class Derived<I, O> implements Stage {
  readonly output: Node<O>;
  readonly #input: Node<I>;
  readonly #fn: (item: I, read: Read, key: string) => Iterable<readonly [string, O]>;
  readonly #recover: ((item: I, error: unknown) => Iterable<readonly [string, O]>) | undefined;
  readonly #onError: (error: StageError) => void;
  readonly #tasks = new Map<string, Task>();
  readonly #owners = new Map<string, string>();
  readonly #reader: Reader;
  readonly #dirty: Dirty = { keys: new Set() };

  constructor(options: {
    readonly output: Node<O>;
    readonly input: Node<I>;
    readonly fn: (item: I, read: Read, key: string) => Iterable<readonly [string, O]>;
    readonly recover?: ((item: I, error: unknown) => Iterable<readonly [string, O]>) | undefined;
    readonly onError: (error: StageError) => void;
  }) {
    this.output = options.output;
    this.#input = options.input;
    this.#fn = options.fn;
    this.#recover = options.recover;
    this.#onError = options.onError;
    this.#reader = new Reader(this.output.rank);
    this.#input.consume((key) => this.#dirty.keys.add(key));
  }

  run(): void {
    const { keys: dirty } = this.#dirty;
    if (dirty.size === 0) return;
    this.#dirty.keys = new Set();
    // All give up what they gave before any gets something new, so that an output may move from one item to another.
    const orphans = new Set<string>();
    const results: [string, ReadonlyMap<string, O>][] = [];
    for (const key of dirty) {
      const outputs = this.#runOne(key, orphans);
      if (outputs.size > 0) results.push([key, outputs]);
    }
    for (const [key, outputs] of results) this.#write(key, outputs, orphans);
    for (const outputKey of orphans) this.output.delete(outputKey);
  }

  #runOne(key: string, orphans: Set<string>): ReadonlyMap<string, O> {
    const item = this.#input.get(key);
    let task = this.#tasks.get(key);
    if (task === undefined) {
      if (item === undefined) return new Map();
      task = new Task(key, this.#dirty);
      this.#tasks.set(key, task);
    } else {
      task.release();
    }
    if (item === undefined) this.#tasks.delete(key);
    const outputs = item === undefined ? new Map<string, O>() : this.#call(item, key, task);
    for (const outputKey of task.outputs) {
      if (outputs.has(outputKey) || this.#owners.get(outputKey) !== key) continue;
      this.#owners.delete(outputKey);
      orphans.add(outputKey);
    }
    task.outputs = [...outputs.keys()];
    return outputs;
  }

  #call(item: I, key: string, task: Task): ReadonlyMap<string, O> {
    try {
      return this.#reader.run(task, () => new Map(this.#fn(item, this.#reader, key)));
    } catch (error) {
      this.#onError({ collection: this.output.name, key, error });
      return new Map(this.#recover?.(item, error));
    }
  }

  #write(key: string, outputs: ReadonlyMap<string, O>, orphans: Set<string>): void {
    for (const [outputKey, value] of outputs) {
      const owner = this.#owners.get(outputKey) ?? key;
      if (owner !== key) {
        const error = new Error(`output key ${outputKey} of ${key} is taken by ${owner}`);
        this.#onError({ collection: this.output.name, key, error });
        continue;
      }
      this.#owners.set(outputKey, key);
      orphans.delete(outputKey);
      this.output.set(outputKey, value);
    }
  }
}
