const factors: Readonly<Record<string, number>> = {
  '': 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

const pattern = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|Ki|[MGTPE]i?|[eE][-+]?[0-9]+)?$/;

/**
 * A Kubernetes quantity such as '1.5Gi', '512M', '1e9' or 1024 as a number; undefined when it is none.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function quantity(text: string | number): number | undefined {
  if (typeof text === 'number') return text;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, amount = '', suffix = ''] = match;
  return Number(amount) * (factors[suffix] ?? Number(`1${suffix}`));
}
