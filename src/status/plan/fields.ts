/** An object of unknown JSON. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a JSON object; none of anything else. What comes from an API server is not trusted to have a shape. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The elements of a JSON array; none of anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text, or '' for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
