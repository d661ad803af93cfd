import { readLine } from './output.ts';
import type { Outcome, OutputLine } from './output.ts';

/** The Go test that holds the suite; its subtests are the tests of the catalogue. */
const ROOT = 'TestConformance';

/** How much of one test's output is kept for the report of a failure; the log has all of it. */
const keptLines = 200;
const skipReason = /: (Skipping .*)$/;
const featureLine = /^Supported features for GatewayClass \S+: \[([^\]]*)\]/;

/** What became of one test of the suite. */
export interface TestResult {
  readonly name: string;
  /** `unfinished`: it was begun, and the program ended before it did. */
  readonly outcome: Outcome | 'unfinished';
  /** How long it ran by our clock, without the time for which a parallel test waits for its turn. The suite's own figure leaves out parallel parts. */
  readonly seconds: number;
  /** Parts of it that failed, by their names below the test's, innermost only. */
  readonly failedParts: readonly string[];
  /** The suite's own words about a skip. */
  readonly reason?: string;
  /** The last lines that it and its parts said. */
  readonly output: readonly string[];
}

/** Gathers what the suite's program says into results by test. */
export class Results {
  /** ms. */
  readonly #now: () => number;
  readonly #tests = new Map<string, Gathered>();
  readonly #setup: string[] = [];
  #running: ReadonlySet<string> = new Set();
  #current: string | undefined;
  #root: Outcome | undefined;
  #supported: readonly string[] | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes one line of output; answers the result of a test of the suite when the line completes one. */
  read(line: string): TestResult | undefined {
    let completed: TestResult | undefined;
    for (const part of readLine(line)) completed = this.#take(part) ?? completed;
    return completed;
  }

  /** The tests that have begun and not ended, without those that wait for their turn. Another set when it changes. */
  get running(): ReadonlySet<string> {
    return this.#running;
  }

  /** How the suite as a whole ended; undefined while it has not. */
  get root(): Outcome | undefined {
    return this.#root;
  }

  /** What the GatewayClass says it supports, as the suite has read it; undefined when it did not get that far or was not to look. */
  get supported(): readonly string[] | undefined {
    return this.#supported;
  }

  /** What was said outside the tests: setting up, tearing down, a panic. The last lines only. */
  get setup(): readonly string[] {
    return this.#setup;
  }

  /** In the order in which the tests began. */
  all(): TestResult[] {
    return [...this.#tests].map(([name, test]) => asResult(name, test));
  }

  #take(line: OutputLine): TestResult | undefined {
    switch (line.kind) {
      case 'text':
        this.#say(line.text);
        return undefined;
      case 'result':
        this.#current = undefined;
        return this.#end(line);
      default:
        this.#current = line.test;
        this.#gathered(line.test);
        this.#follow(line.kind, line.test);
        return undefined;
    }
  }

  #follow(kind: OutputLine['kind'], path: string): void {
    const [root, name, ...parts] = path.split('/');
    if (root !== ROOT || name === undefined || parts.length > 0 || kind === 'name') return;
    const test = this.#gathered(path);
    const running = new Set(this.#running);
    if (kind === 'run' || kind === 'continue') {
      running.add(name);
      if (test !== undefined) test.since = this.#now();
    } else if (running.delete(name) && test !== undefined) test.ms += this.#now() - test.since;
    this.#running = running;
  }

  #say(text: string): void {
    const features = featureLine.exec(text)?.[1];
    if (features !== undefined) this.#supported = features.split(' ').filter((name) => name !== '');
    const test = this.#current === undefined ? undefined : this.#gathered(this.#current);
    keep(test?.output ?? this.#setup, text);
    if (test !== undefined) test.reason = skipReason.exec(text)?.[1] ?? test.reason;
  }

  #end(line: Extract<OutputLine, { readonly kind: 'result' }>): TestResult | undefined {
    if (line.test === ROOT) this.#root = line.outcome;
    const test = this.#gathered(line.test);
    if (test === undefined) return undefined;
    const [, name = '', ...parts] = line.test.split('/');
    if (parts.length === 0) {
      this.#follow('result', line.test);
      test.outcome = line.outcome;
      return asResult(name, test);
    }
    // A part that failed makes what is around it fail, which comes later and says nothing more.
    const part = parts.join('/');
    if (line.outcome === 'fail' && !test.failedParts.some((inner) => inner.startsWith(`${part}/`))) test.failedParts.push(part);
    return undefined;
  }

  #gathered(path: string): Gathered | undefined {
    const [root, name] = path.split('/');
    if (root !== ROOT || name === undefined) return undefined;
    const test = this.#tests.get(name) ?? { outcome: undefined, ms: 0, since: 0, failedParts: [], reason: undefined, output: [] };
    this.#tests.set(name, test);
    return test;
  }
}

interface Gathered {
  outcome: Outcome | undefined;
  /** How long it ran up to the last time that it stopped, and since when it runs. */
  ms: number;
  since: number;
  readonly failedParts: string[];
  reason: string | undefined;
  readonly output: string[];
}

function asResult(name: string, { outcome, ms, failedParts, reason, output }: Gathered): TestResult {
  return { name, outcome: outcome ?? 'unfinished', seconds: ms / 1000, failedParts: [...failedParts], ...(outcome === 'skip' && reason !== undefined && { reason }), output: [...output] };
}

function keep(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > keptLines) lines.shift();
}
