/** Rank of a stability level; other names come last. */
const STABILITY: Readonly<Record<string, number>> = { alpha: 1, beta: 2, '': 3 };

/** Orders API versions as Kubernetes prefers them, the newest stable one first: v2, v1, v1beta1, v1alpha3, v1alpha2. */
export function byNewestVersion(a: string, b: string): number {
  const [x, y] = [rank(a), rank(b)];
  return y[0] - x[0] || y[1] - x[1] || y[2] - x[2];
}

function rank(version: string): readonly [stability: number, major: number, minor: number] {
  const [, major = '', level = '', minor = ''] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  return major === '' ? [0, 0, 0] : [STABILITY[level] ?? 0, Number(major), Number(minor)];
}
