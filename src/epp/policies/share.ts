/** Options, of which one is chosen by chance. */
export interface Shares<Option> {
  readonly options: readonly Option[];
  /** For each option the share of it and all before it, from 0 up to the last, which is the whole. */
  readonly upTo: readonly number[];
}

/** An option and its weight; undefined: nobody gave it one. */
export interface Weighted<Option> {
  readonly option: Option;
  readonly weight: number | undefined;
}

/** Options by weight. Where some have weights, those without never win; where none has, or all are 0, each is as likely as the others. */
export function shares<Option>(weighted: readonly Weighted<Option>[]): Shares<Option> {
  const even = weighted.every(({ weight = 0 }) => weight === 0);
  let sum = 0;
  return { options: weighted.map(({ option }) => option), upTo: weighted.map(({ weight = 0 }) => (sum += even ? 1 : weight)) };
}

/** One of the options; undefined: there are none. `random` gives a number from 0 up to 1. */
export function choose<Option>({ options, upTo }: Shares<Option>, random: () => number): Option | undefined {
  if (options.length < 2) return options[0];
  const at = random() * (upTo.at(-1) ?? 0);
  return options[upTo.findIndex((end) => at < end)];
}
