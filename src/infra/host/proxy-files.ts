import { join } from 'node:path';

import { contentHash } from '../../util/hash.ts';

/** The files of one proxy. A process that takes the place of another one uses the other slot while both run. */
export interface ProxyFiles {
  readonly dir: string;
  /** Envoy's own log. */
  readonly envoyLog: string;
  /** For access logs: routes and listeners may name this path. */
  readonly accessLog: string;
  /** Envoy's standard output and error. */
  readonly output: string;
  readonly slots: readonly [Slot, Slot];
}

/** The files that belong to one process of a proxy. */
export interface Slot {
  readonly bootstrap: string;
  readonly adminSocket: string;
  /** Who runs in this slot: a ProcessRecord. */
  readonly record: string;
}

/** Names the files of a proxy in its directory; sockets may live elsewhere because their paths must be short. */
export function proxyFiles(dir: string, socketPath: (slot: 'admin' | 'admin-2') => string): ProxyFiles {
  return {
    dir,
    envoyLog: join(dir, 'envoy.log'),
    accessLog: join(dir, 'access.log'),
    output: join(dir, 'output.log'),
    slots: [
      { bootstrap: join(dir, 'bootstrap.json'), adminSocket: socketPath('admin'), record: join(dir, 'pid.json') },
      { bootstrap: join(dir, 'bootstrap-2.json'), adminSocket: socketPath('admin-2'), record: join(dir, 'pid-2.json') },
    ],
  };
}

/** Longest name made from an id; longer ids are told apart by a hash. */
const maxNameChars = 120;

/** A file name for a proxy id: 'ns/name' becomes 'ns_name'; two ids never share one. */
export function proxyDirName(id: string): string {
  // Kubernetes names have no underscore, so the plain form can be read back; '@' is only in the other form.
  if (/^[a-z0-9][a-z0-9.-]*\/[a-z0-9][a-z0-9.-]*$/.test(id) && id.length <= maxNameChars) return id.replace('/', '_');
  const readable = id.replace(/[^A-Za-z0-9.-]+/g, '_').replace(/^\.+/, '').slice(0, maxNameChars - 20);
  return `${readable}@${contentHash(id)}`;
}
