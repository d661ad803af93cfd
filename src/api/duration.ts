/** GEP-2257: one to four numbers of up to five digits, each with its unit. https://gateway-api.sigs.k8s.io/geps/gep-2257/ */
const DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A Gateway API duration such as `1h30m` or `500ms` in milliseconds; undefined when it is none. `0s` is 0. */
export function durationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)(ms|h|m|s)/g)) sum += Number(amount) * (UNIT_MS[unit] ?? 0);
  return sum;
}
