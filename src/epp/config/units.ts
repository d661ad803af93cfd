const msOf: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Go duration such as `60s`, `1m30s` or `0` in milliseconds; undefined when it is none, or is negative. */
export function durationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (text.length > 40 || !/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) sum += Number(amount) * (msOf[unit] ?? 0);
  return sum;
}

/** Milliseconds as Go writes them, near enough: `1m30s` is `90s`. */
export function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

const factorOf: Readonly<Record<string, number>> = {
  '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50,
};

/** A Kubernetes quantity such as `1Gi`, `500M` or `5000`; undefined when it is none, is negative or beyond 2⁵³. */
export function quantity(value: unknown): number | undefined {
  const [, amount, suffix = ''] = /^(\d{1,20}(?:\.\d{1,20})?)([a-zA-Z]{0,2})$/.exec(String(value)) ?? [];
  const factor = factorOf[suffix];
  if (amount === undefined || factor === undefined) return undefined;
  const number = Math.ceil(Number(amount) * factor);
  return Number.isSafeInteger(number) ? number : undefined;
}
