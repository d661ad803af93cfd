import { InvalidArgumentError } from 'commander';
import { isLoopback } from '../admin/loopback.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `:PORT` or `PORT`; the host is 127.0.0.1 unless given. Throws for anything else but `off`. */
export function adminOption(value: string): HostPort | 'off' {
  const address = hostPortOption(value);
  if (address !== 'off' && !isLoopback(address.host)) {
    throw new InvalidArgumentError(`the admin port is for this machine only: "${address.host}" is not a loopback address.`);
  }
  return address;
}

/** The same for a port that may be open to others. */
export function hostPortOption(value: string): HostPort | 'off' {
  if (value === 'off') return value;
  const match = /^(?:(\[[0-9a-fA-F:]+\]|[^:]*):)?(\d{1,5})$/.exec(value);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw new InvalidArgumentError('HOST:PORT or "off" is needed.');
  const host = match[1] === undefined || match[1] === '' ? '127.0.0.1' : match[1];
  return { host, port };
}
