import { InvalidArgumentError, Option } from 'commander';
import { durationMs } from '../api/duration.ts';

/** `-f PATH`, any number of times. */
export function fileOption(description: string): Option {
  return new Option('-f, --file <path>', `${description}; may be given several times`).argParser(collectPath);
}

/** `-o FORMAT`. */
export function outputOption(formats: readonly string[], usual: string): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats).default(usual);
}

/** `--controller-name NAME`, any number of times. */
export function controllerNameOption(): Option {
  return new Option('--controller-name <name>', 'controllerName of GatewayClasses to serve; may be given several times').argParser(collect);
}

/** `--admin HOST:PORT` of a command that asks an instance. */
export function adminAddressOption(): Option {
  return new Option('--admin <host:port>', 'admin address of the instance to ask (default: 127.0.0.1:19000)').env('MOONGATE_ADMIN');
}

export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function collectPath(value: string, before: readonly string[] | undefined): string[] {
  // It would mean the working directory to some and nothing to others: mostly it is a variable that was not set.
  if (value === '') throw new InvalidArgumentError('a path is needed.');
  return collect(value, before);
}

/** A whole number from 1. */
export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number from 1 is needed.');
  return number;
}

/** A port, 1 to 65535. */
export function port(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new InvalidArgumentError('a port is needed, 1 to 65535.');
  return number;
}

/** `15s` in milliseconds. */
export function duration(value: string): number {
  const ms = durationMs(value);
  if (ms === undefined) throw new InvalidArgumentError('a duration is needed, such as 15s.');
  return ms;
}
