import { printable } from '../../util/printable.ts';

/** Something wrong in a configuration, or worth a warning. */
export interface ConfigProblem {
  /** Such as `plugins[2].parameters.foo`; '' is the whole of it. */
  readonly path: string;
  readonly message: string;
}

/** A plugin that is named somewhere. */
export interface Reference {
  readonly place: Place;
  readonly name: string;
  /** What the plugin has to be: one of these kinds. */
  readonly kinds: readonly string[];
}

/** What is found out while a configuration is read. */
export interface Findings {
  readonly errors: ConfigProblem[];
  readonly warnings: ConfigProblem[];
  readonly references: Reference[];
}

/** Told of one configuration; what is wrong beyond that is mostly more of the same. */
export const maxProblems = 100;

const longestKey = 80;

/** Where in a configuration something is, to say so when it is wrong. */
export class Place {
  readonly path: string;
  readonly findings: Findings;

  constructor(path = '', findings: Findings = { errors: [], warnings: [], references: [] }) {
    this.path = path;
    this.findings = findings;
  }

  at(key: string | number): Place {
    if (typeof key === 'number') return new Place(`${this.path}[${key}]`, this.findings);
    const name = /^[A-Za-z_][\w-]{0,79}$/.test(key) ? key : `"${clipped(key)}"`;
    return new Place(this.path === '' ? name : `${this.path}.${name}`, this.findings);
  }

  error(message: string): void {
    if (this.findings.errors.length < maxProblems) this.findings.errors.push({ path: this.path, message });
  }

  warn(message: string): void {
    if (this.findings.warnings.length < maxProblems) this.findings.warnings.push({ path: this.path, message });
  }

  /** Notes that a plugin is named here, which has to be one of these kinds. */
  refersTo(name: string, kinds: readonly string[]): void {
    this.findings.references.push({ place: this, name, kinds });
  }
}

/** A text of the user's, fit for a message. */
export function clipped(text: string): string {
  const shown = printable(text);
  return shown.length <= longestKey ? shown : `${shown.slice(0, longestKey)}…`;
}
