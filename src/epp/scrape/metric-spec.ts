/** Which series of an exposition are meant: a family, and labels that they must have. */
export interface MetricSpec {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

const SPEC = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\}\s*)?$/s;
/** One `name=value`, the value in quotes or not, up to a comma or the end. */
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",{}\s]+))\s*(?:,|$)/sy;

/** Longer ones are a mistake. */
const MAX_SPEC = 4096;

/** Parses `name{label=value,other="value"}`. Throws with a sentence that names the field. */
export function parseMetricSpec(text: string, field: string): MetricSpec {
  const [, name, inner = ''] = (text.length <= MAX_SPEC ? SPEC.exec(text) : null) ?? [];
  if (name === undefined) throw new Error(`${field}: ${JSON.stringify(text.slice(0, 80))} is no metric; write name or name{label=value}`);
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (inner.slice(LABEL.lastIndex).trim() !== '') {
    const at = LABEL.lastIndex;
    const [, label, quoted, bare = ''] = LABEL.exec(inner) ?? [];
    if (label === undefined) throw new Error(`${field}: ${JSON.stringify(inner.slice(at, at + 80))} is no label; write label=value or label="value"`);
    if (labels.has(label)) throw new Error(`${field}: label ${label} is there twice`);
    labels.set(label, quoted === undefined ? bare : unescaped(quoted));
  }
  return { name, labels };
}

/** The text of a quoted label value: `\\`, `\"` and `\n` stand for one character each. */
export function unescaped(quoted: string): string {
  return quoted.includes('\\') ? quoted.replaceAll(/\\(.)/gs, (_, character: string) => (character === 'n' ? '\n' : character)) : quoted;
}
