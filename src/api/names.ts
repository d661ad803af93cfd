/** Rules for names, with the API server's words: k8s.io/apimachinery/pkg/api/validate/content. Each returns what is wrong. */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const LABEL_LIMIT = 63;
const SUBDOMAIN_LIMIT = 253;
const PORT_NAME_LIMIT = 15;

/** Both mean bytes; older code says characters. */
type Unit = 'bytes' | 'characters';

const labelExpression = new RegExp(`^${LABEL}$`);
const subdomainExpression = new RegExp(`^${SUBDOMAIN}$`);
const qualifiedExpression = new RegExp(`^${QUALIFIED}$`);
const labelValueExpression = new RegExp(`^(${QUALIFIED})?$`);

/** A name of an object: RFC 1123 subdomain. */
export function dns1123Subdomain(text: string, unit: Unit = 'characters'): string[] {
  return checked(text, SUBDOMAIN_LIMIT, unit, subdomainExpression, () =>
    withRegex("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character", SUBDOMAIN, 'example.com'));
}

/** A name of a namespace or a port: RFC 1123 label. */
export function dns1123Label(text: string): string[] {
  return checked(text, LABEL_LIMIT, 'characters', labelExpression, () =>
    subdomainExpression.test(text)
      ? 'must not contain dots'
      : withRegex("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character", LABEL, 'my-name', '123-abc'));
}

/** A key of a label: `name` or `subdomain/name`. */
export function qualifiedName(text: string): string[] {
  const rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const examples = ['MyName', 'my.name', '123-abc'];
  const parts = text.split('/');
  if (parts.length > 2) {
    return [`a valid label key ${withRegex(rule, QUALIFIED, ...examples)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const problems = prefix === undefined ? [] : (prefix === '' ? ['must be non-empty'] : dns1123Subdomain(prefix, 'bytes')).map((problem) => `prefix part ${problem}`);
  if (name === '') problems.push('name part must be non-empty');
  else if (Buffer.byteLength(name) > LABEL_LIMIT) problems.push(`name part ${tooLong(LABEL_LIMIT, 'bytes')}`);
  if (!qualifiedExpression.test(name)) problems.push(`name part ${withRegex(rule, QUALIFIED, ...examples)}`);
  return problems;
}

/** A value of a label. */
export function labelValue(text: string): string[] {
  return checked(text, LABEL_LIMIT, 'bytes', labelValueExpression, () =>
    withRegex("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", `(${QUALIFIED})?`, 'MyValue', 'my_value', '12345'));
}

/** A name of a port in a container (RFC 6335). */
export function portName(text: string): string[] {
  const problems = text.length > PORT_NAME_LIMIT ? [tooLong(PORT_NAME_LIMIT, 'characters')] : [];
  if (!/^[-a-z0-9]+$/.test(text)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) problems.push('must contain at least one letter (a-z)');
  if (text.includes('--')) problems.push('must not contain consecutive hyphens');
  if (/^-|-$/.test(text)) problems.push('must not begin or end with a hyphen');
  return problems;
}

/** A key of a Secret or a ConfigMap: a file name. */
export function configMapKey(text: string): string[] {
  const problems = checked(text, SUBDOMAIN_LIMIT, 'characters', /^[-._a-zA-Z0-9]+$/, () =>
    withRegex("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", '[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name'));
  if (text === '.') problems.push("must not be '.'");
  else if (text === '..') problems.push("must not be '..'");
  else if (text.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

function checked(text: string, limit: number, unit: Unit, expression: RegExp, rule: () => string): string[] {
  if (text.length <= limit && expression.test(text)) return [];
  const problems = Buffer.byteLength(text) > limit ? [tooLong(limit, unit)] : [];
  if (!expression.test(text)) problems.push(rule());
  return problems;
}

function tooLong(limit: number, unit: Unit): string {
  return `must be no more than ${limit} ${unit}`;
}

function withRegex(rule: string, expression: string, ...examples: readonly string[]): string {
  return `${rule} (e.g. ${examples.map((example) => `'${example}'`).join(', or ')}, regex used for validation is '${expression}')`.replaceAll("', or '", "',  or '");
}
