import type { Read } from './collection.ts';
import type { Stage, StageError } from './derived.ts';
import type { Node } from './node.ts';
import { Reader, Task, type Dirty } from './task.ts';

/**
 * A stage like Derived for functions that give at most one output, under the key of their item: then no output can be in
 * the way of another, and nobody has to remember whose it is.
 */
export class Mapped<I, O> implements Stage {
  readonly output: Node<O>;
  readonly #input: Node<I>;
  readonly #fn: (item: I, read: Read, key: string) => O | undefined;
  readonly #recover: ((item: I, error: unknown) => O) | undefined;
  readonly #onError: (error: StageError) => void;
  readonly #tasks = new Map<string, Task>();
  readonly #reader: Reader;
  readonly #dirty: Dirty = { keys: new Set() };

  constructor(options: {
    readonly output: Node<O>;
    readonly input: Node<I>;
    readonly fn: (item: I, read: Read, key: string) => O | undefined;
    readonly recover?: ((item: I, error: unknown) => O) | undefined;
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
    const { keys } = this.#dirty;
    if (keys.size === 0) return;
    this.#dirty.keys = new Set();
    for (const key of keys) this.output.write(key, this.#runOne(key));
  }

  #runOne(key: string): O | undefined {
    const item = this.#input.get(key);
    let task = this.#tasks.get(key);
    task?.release();
    if (item === undefined) {
      this.#tasks.delete(key);
      return undefined;
    }
    if (task === undefined) this.#tasks.set(key, (task = new Task(key, this.#dirty)));
    try {
      return this.#reader.run(task, () => this.#fn(item, this.#reader, key));
    } catch (error) {
      this.#onError({ collection: this.output.name, key, error });
      return this.#recover?.(item, error);
    }
  }
}
