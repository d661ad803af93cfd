/**
 * The small language in which parameters are declared: a table of fields, each with its type, default and range. The same table
 * reads what users write, says what is wrong with it and where, gives the type in TypeScript, and writes the documentation.
 */
import { clipped, type Place } from './place.ts';
import { suggestion } from './nearest.ts';
import { durationMs, durationText, quantity as parseQuantity } from './units.ts';

/** One field: how it is read, and what the documentation says of it. */
export interface Field<T> {
  /** `number, 0 to 1`. */
  readonly type: string;
  readonly about: string;
  readonly required: boolean;
  /** As a user would write it; undefined when there is none. */
  readonly defaultText: string | undefined;
  readonly deprecated: string | undefined;
  /** Fields inside, for the documentation. */
  readonly fields: Fields | undefined;
  /** The value for what was written, `undefined` or `null` when nothing was; what is wrong goes to `place`. */
  read(value: unknown, place: Place): T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What a table of fields reads. */
export type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

interface About {
  /** A sentence or less, for the documentation. */
  readonly about: string;
  readonly required?: true;
  /** What to write instead. Still read, with a warning. */
  readonly deprecated?: string;
}

interface Options<T> extends About {
  readonly default?: T;
}

type Read<T, O> = O extends { readonly default: unknown } | { readonly required: true } ? T : T | undefined;

/** A problem instead of a value. */
class Wrong {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

function field<T, O extends Options<T>>(
  type: string,
  options: O,
  parse: (value: unknown, place: Place) => T | Wrong,
  more: { readonly text?: (value: T) => string; readonly fields?: Fields; /** In place of a required value that is missing or wrong. */ readonly empty?: T } = {},
): Field<Read<T, O>> {
  const fallback = (options.default ?? (options.required === true ? more.empty : undefined)) as Read<T, O>;
  return {
    type,
    about: options.about,
    required: options.required === true,
    defaultText: options.default === undefined ? undefined : (more.text ?? JSON.stringify)(options.default),
    deprecated: options.deprecated,
    fields: more.fields,
    read(value, place) {
      if (value === undefined || value === null) {
        if (options.required === true) place.error('is required');
        return fallback;
      }
      if (options.deprecated !== undefined) place.warn(`is deprecated: ${options.deprecated}`);
      const result = parse(value, place);
      if (!(result instanceof Wrong)) return result;
      place.error(result.message);
      return fallback;
    },
  };
}

interface Range {
  readonly min?: number;
  readonly max?: number;
  /** The smallest that is not allowed any more. */
  readonly above?: number;
}

export function number<const O extends Options<number> & Range>(options: O): Field<Read<number, O>> {
  return field<number, O>(`number${rangeText(options)}`, options, (value) => inRange('a number', value, options), { empty: 0 });
}

export function integer<const O extends Options<number> & Range>(options: O): Field<Read<number, O>> {
  return field<number, O>(`integer${rangeText(options)}`, options, (value) => {
    const found = inRange('an integer', value, options);
    return found instanceof Wrong || Number.isSafeInteger(found) ? found : new Wrong(`must be an integer, not ${found}`);
  }, { empty: 0 });
}

export function boolean<const O extends Options<boolean>>(options: O): Field<Read<boolean, O>> {
  return field<boolean, O>('boolean', options, (value) => (typeof value === 'boolean' ? value : wrongType('true or false', value)));
}

export function string<const O extends Options<string>>(options: O): Field<Read<string, O>> {
  return field<string, O>('string', options, (value) => {
    if (typeof value !== 'string') return wrongType('a string', value);
    return options.required === true && value.trim() === '' ? new Wrong('must not be empty') : value;
  }, { empty: '' });
}

/** One of a few names. */
export function choice<const C extends readonly [string, ...string[]], const O extends Options<C[number]>>(names: C, options: O): Field<Read<C[number], O>> {
  const list = names.map((name) => JSON.stringify(name)).join(', ');
  return field<C[number], O>(names.map((name) => `\`${name}\``).join(' or '), options, (value) => {
    if (typeof value !== 'string') return wrongType(`one of ${list}`, value);
    return names.includes(value) ? value : new Wrong(`must be one of ${list}, not "${clipped(value)}"${suggestion(value, names)}`);
  }, { empty: names[0] });
}

/** A Go duration; read as milliseconds. */
export function duration<const O extends Options<number> & Range>(options: O): Field<Read<number, O>> {
  return field<number, O>('duration', options, (value) => {
    const ms = typeof value === 'string' ? durationMs(value) : value === 0 ? 0 : undefined;
    return ms === undefined ? new Wrong(`must be a duration such as "60s", not ${shown(value)}`) : inRange('a duration', ms, options);
  }, { text: durationText });
}

/** A Kubernetes quantity. */
export function quantity<const O extends Options<number>>(options: O): Field<Read<number, O>> {
  return field<number, O>('quantity', options, (value) => parseQuantity(value) ?? new Wrong(`must be a quantity such as 5000, "500M" or "1Gi", not ${shown(value)}`));
}

/** The name of a plugin, which has to be of one of these kinds. */
export function reference<const O extends Options<string> & { readonly kinds: readonly string[] }>(options: O): Field<Read<string, O>> {
  return field<string, O>(`name of a ${options.kinds.join(' or ')}`, options, (value, place) => {
    if (typeof value !== 'string') return wrongType('the name of a plugin', value);
    if (value === '') return options.default ?? new Wrong('must be the name of a plugin');
    place.refersTo(value, options.kinds);
    return value;
  }, { empty: '' });
}

const longestList = 10_000;

export function list<T>(item: Field<T>, options: About): Field<readonly NonNullable<T>[]> {
  type Items = readonly NonNullable<T>[];
  const type = `list of ${item.fields === undefined ? item.type : 'maps'}`;
  return field<Items, { readonly default: Items } & About>(type, { default: [], ...options }, (value, place) => {
    if (!Array.isArray(value)) return wrongType('a list', value);
    if (value.length > longestList) return new Wrong(`has ${value.length} items, more than ${longestList}`);
    return value.flatMap((entry: unknown, i): Items => {
      if (entry === null) place.at(i).error('must not be empty');
      const read = entry === null ? undefined : item.read(entry, place.at(i));
      return read === undefined || read === null ? [] : [read];
    });
  }, item.fields === undefined ? {} : { fields: item.fields });
}

/** A map of texts by any name. */
export function texts<const O extends Options<Readonly<Record<string, string>>>>(options: O): Field<Read<Readonly<Record<string, string>>, O>> {
  return field<Readonly<Record<string, string>>, O>('map of strings', options, (value, place) => {
    if (!isMap(value)) return wrongType('a map', value);
    for (const [key, entry] of Object.entries(value)) if (typeof entry !== 'string') place.at(key).error(`must be a string, not ${shown(entry)}`);
    return Object.fromEntries(Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  });
}

/** Fields inside a field; when nothing is written, those have their defaults. */
export function object<F extends Fields>(fields: F, options: Omit<About, 'required'>): Field<Values<F>> {
  return { ...optionalObject(fields, options), read: (value, place) => readFields(fields, value, place) };
}

/** Fields inside a field that may be missing as a whole. */
export function optionalObject<F extends Fields>(fields: F, options: About): Field<Values<F> | undefined> {
  return field<Values<F>, About>('map', options, (value, place) => readFields(fields, value, place), { fields });
}

/** Anything, for somebody else to read. */
export function raw(options: About): Field<unknown> {
  return field<unknown, About>('anything', options, (value) => value);
}

/** Reads a map by a table of fields: unknown names are errors, as is everything that does not fit. */
export function readFields<F extends Fields>(fields: F, value: unknown, place: Place): Values<F> {
  const given = value ?? {};
  if (!isMap(given)) place.error(`must be a map, not ${shown(given)}`);
  const map = isMap(given) ? given : {};
  for (const name of Object.keys(map)) {
    if (!Object.hasOwn(fields, name)) place.at(name).error(`unknown field${suggestion(name, Object.keys(fields))}`);
  }
  const values = Object.entries(fields).map(([name, known]): [string, unknown] => [name, known.read(Object.hasOwn(map, name) ? map[name] : undefined, place.at(name))]);
  return Object.fromEntries(values) as Values<F>;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function inRange(what: string, value: unknown, { min, max, above }: Range): number | Wrong {
  if (typeof value !== 'number' || !Number.isFinite(value)) return wrongType(what, value);
  if (min !== undefined && value < min) return new Wrong(`must be at least ${min}, not ${value}`);
  if (above !== undefined && value <= above) return new Wrong(`must be more than ${above}, not ${value}`);
  return max !== undefined && value > max ? new Wrong(`must be at most ${max}, not ${value}`) : value;
}

function rangeText({ min, max, above }: Range): string {
  if (above !== undefined) return `, more than ${above}${max === undefined ? '' : `, at most ${max}`}`;
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}`;
  return min !== undefined ? `, at least ${min}` : max !== undefined ? `, at most ${max}` : '';
}

function wrongType(wanted: string, value: unknown): Wrong {
  return new Wrong(`must be ${wanted}, not ${shown(value)}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `"${clipped(value)}"`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a map' : clipped(String(value));
}
