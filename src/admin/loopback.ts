import { isIP } from 'node:net';

/** Whether a host name or IP address stands for this machine alone. IPv6 addresses may be in brackets. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  switch (isIP(name)) {
    case 4:
      return name.startsWith('127.');
    case 6:
      return name === '::1';
    default:
      return name === 'localhost' || name.endsWith('.localhost');
  }
}

/** A host without the port that may follow it: `[::1]:80` is `[::1]`. */
export function hostOnly(authority: string): string {
  return authority.replace(/:\d*$/, (port, at: number) => (authority.slice(0, at).includes(':') && !authority.startsWith('[') ? port : ''));
}
