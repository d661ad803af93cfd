/** Orders strings by UTF-16 code unit, the same everywhere: no locale takes part. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Joins comparators: the first that tells two values apart decides. */
export function chain<T>(...comparators: ((a: T, b: T) => number)[]): (a: T, b: T) => number {
  return (a, b) => {
    for (const compare of comparators) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Orders by a derived number, the largest first. */
export function descending<T>(measure: (value: T) => number): (a: T, b: T) => number {
  return (a, b) => measure(b) - measure(a);
}
