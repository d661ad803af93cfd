import { pino, type Logger } from 'pino';
import { printable } from '../util/printable.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/** A logger to standard error: JSON lines as pino writes them, or short lines for people. */
export function createLog(options: { readonly level: (typeof logLevels)[number]; readonly format: 'text' | 'json' }): Logger {
  const write = (text: string) => void process.stderr.write(text);
  const settings = { level: options.level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  return pino(settings, { write: options.format === 'json' ? write : (line) => write(logLine(JSON.parse(line) as LogRecord)) });
}

/** One log record of pino. */
export interface LogRecord {
  readonly level: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly msg?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
  readonly [field: string]: unknown;
}

/** `14:03:07.123 WARN  message  field=value`, times in the user's zone. A bug's stack is worth its lines. */
export function logLine({ level, time, msg = '', err, ...fields }: LogRecord): string {
  const place = typeof fields['file'] === 'string' ? placed(fields) : '';
  const rest = Object.entries(fields)
    .filter(([name, value]) => value !== '' && !(place !== '' && placeFields.has(name)))
    .map(([name, value]) => `${name}=${text(value)}`);
  const parts = [`${clock(time)} ${level.toUpperCase().padEnd(5)} ${place}${msg}`, ...rest, ...(err?.message === undefined ? [] : [`error=${text(err.message)}`])];
  const stack = err?.stack?.split('\n').map((line) => `${printable(line)}\n`) ?? [];
  return `${printable(parts.join('  '))}\n${stack.join('')}`;
}

const placeFields: ReadonlySet<string> = new Set(['file', 'line', 'kind', 'key', 'field']);

/** A problem of a file reads as it does in `validate`. */
function placed({ file, line, kind, key, field }: Readonly<Record<string, unknown>>): string {
  const place = typeof line === 'number' && line > 0 ? `${String(file)}:${line}` : String(file);
  const object = [kind, key].filter((part) => typeof part === 'string' && part !== '').join(' ');
  const named = [place, object, typeof field === 'string' ? field : ''].filter((part) => part !== '');
  return `${named.join(': ')}: `;
}

function clock(time: number): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function text(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@*[\]-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}
