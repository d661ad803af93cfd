import { printable } from '../util/printable.ts';

/** A problem as it comes from files, from conditions or over the admin port. */
export interface PlacedProblem {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly field: string;
  readonly message: string;
}

/** `routes.yaml:12: HTTPRoute default/web: spec.rules[0]: message (error)`, parts that are not known left out. */
export function problemLine({ file, line, kind, key, severity, field, message }: PlacedProblem): string {
  const place = line === 0 ? file : `${file}:${line}`;
  const object = [kind, key].filter((part) => part !== '').join(' ');
  return printable(`${[place, object, field, message].filter((part) => part !== '').join(': ')} (${severity})`);
}

/** `2 errors, 1 warning`. */
export function problemCount(problems: readonly Pick<PlacedProblem, 'severity'>[]): string {
  const count = (severity: string) => problems.filter((problem) => problem.severity === severity).length;
  return [plural(count('error'), 'error'), ...(count('warning') === 0 ? [] : [plural(count('warning'), 'warning')])].join(', ');
}

/** `1 error`, `2 errors`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
