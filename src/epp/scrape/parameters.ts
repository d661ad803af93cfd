/** Parameters of a plugin as a configuration file has them: only known fields, each of the right type. Every error is a sentence that begins with the field. */
export class Parameters {
  readonly #field: string;
  readonly #values: Readonly<Record<string, unknown>>;

  /** `field` is where the value stands; undefined and null count as an object without fields. Throws for anything else that is no object, and for unknown fields. */
  constructor(value: unknown, field: string, known: readonly string[]) {
    const given = value ?? {};
    if (typeof given !== 'object' || Array.isArray(given)) throw new Error(`${field}: must be an object`);
    this.#field = field;
    this.#values = given as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Error(`${this.at(unknown)}: unknown field; known are ${known.join(', ')}`);
  }

  /** Where a field stands. */
  at(name: string): string {
    return this.#field === '' ? name : `${this.#field}.${name}`;
  }

  /** A text; '' when it is not there. */
  text(name: string): string {
    const value = this.#values[name] ?? '';
    if (typeof value !== 'string') throw new Error(`${this.at(name)}: must be a text, not ${JSON.stringify(value).slice(0, 80)}`);
    return value;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#values[name] ?? otherwise;
    if (typeof value !== 'boolean') throw new Error(`${this.at(name)}: must be true or false, not ${JSON.stringify(value).slice(0, 80)}`);
    return value;
  }

  /** An integer within bounds, or undefined when it is not there. */
  integer(name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
    const value = this.#values[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw new Error(`${this.at(name)}: must be an integer from ${min} to ${max}, not ${JSON.stringify(value).slice(0, 80)}`);
    }
    return value;
  }

  /** A list, each item with its place; empty when it is not there. */
  list(name: string): [item: unknown, field: string][] {
    const value = this.#values[name] ?? [];
    if (!Array.isArray(value)) throw new Error(`${this.at(name)}: must be a list`);
    return value.map((item, index): [unknown, string] => [item, `${this.at(name)}[${index}]`]);
  }
}
