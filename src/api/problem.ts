/** How bad a problem is: an error keeps the object out, a warning does not. */
export type Severity = 'error' | 'warning';

/** One thing wrong with an object or a file, worded as the API server words it. */
export interface Problem {
  readonly severity: Severity;
  /** Field path as Kubernetes writes it: `spec.rules[0].matches[1].path`. Empty when it is about the whole object or file. */
  readonly field: string;
  /** The sentence after the field: `Unsupported value: "FOO": supported values: "GET", "HEAD"`. */
  readonly message: string;
}
