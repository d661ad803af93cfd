import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js';
import type { Cluster, Context, User } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { parse } from 'yaml';
import { messageOf } from '../util/error-message.ts';
import type { KubeConnection, KubeTls } from './connection.ts';
import { fixedCredentials, noCredentials, tokenFileCredentials } from './credentials.ts';
import type { Credentials } from './credentials.ts';

// Single modules of the client library: its index, and its KubeConfig with it, load the model of the whole API (80 MB of memory, a second).

/** A kubeconfig's part that we read, as it is in the file. */
interface Kubeconfig {
  readonly clusters?: unknown;
  readonly contexts?: unknown;
  readonly users?: readonly { readonly name?: string; readonly user?: { readonly tokenFile?: string } | null }[] | null;
  readonly 'current-context'?: string;
}

/** Entries of several files: of two with the same name the first counts, as with kubectl. */
interface Entries {
  readonly clusters: Cluster[];
  readonly contexts: Context[];
  readonly users: User[];
  readonly tokenFiles: Map<string, string>;
  current: string;
}

/** The API server that kubeconfig files name. Throws an error that names file and entry. */
export function kubeconfigConnection(paths: readonly string[], contextName?: string): KubeConnection {
  const entries: Entries = { clusters: [], contexts: [], users: [], tokenFiles: new Map(), current: '' };
  for (const path of paths) readInto(entries, path);
  const files = paths.join(', ');
  const wanted = contextName ?? entries.current;
  if (wanted === '') throw new Error(`${files}: current-context is not set`);
  const context = named(entries.contexts, wanted, `${files}: context`);
  const cluster = named(entries.clusters, context.cluster, `${files}: context "${wanted}": cluster`);
  const user = context.user === '' ? undefined : named(entries.users, context.user, `${files}: context "${wanted}": user`);
  if (cluster.proxyUrl !== undefined) throw new Error(`${files}: cluster "${cluster.name}": proxy-url is not supported`);
  return {
    server: cluster.server,
    tls: tlsOf(cluster, user),
    credentials: user === undefined ? noCredentials : credentialsOf(user, entries.tokenFiles.get(user.name), files),
    namespace: context.namespace ?? 'default',
  };
}

function readInto(entries: Entries, path: string): void {
  let config: Kubeconfig;
  try {
    config = (parse(readFileSync(path, 'utf8')) ?? {}) as Kubeconfig;
    entries.clusters.push(...newClusters(config.clusters).map((cluster) => withFiles(cluster, ['caFile'], path)));
    entries.contexts.push(...newContexts(config.contexts));
    entries.users.push(...newUsers(config.users).map((user) => withFiles(user, ['certFile', 'keyFile'], path)));
  } catch (error) {
    throw new Error(`kubeconfig ${path}: ${messageOf(error)}`, { cause: error });
  }
  for (const { name = '', user } of config.users ?? []) {
    if (user?.tokenFile !== undefined && !entries.tokenFiles.has(name)) entries.tokenFiles.set(name, resolve(dirname(path), user.tokenFile));
  }
  if (entries.current === '') entries.current = config['current-context'] ?? '';
}

/** Files are named relative to the file that names them. */
function withFiles<Entry extends Cluster | User>(entry: Entry, fields: readonly (keyof Entry)[], path: string): Entry {
  const found = fields.flatMap((field) => {
    const file = entry[field];
    return typeof file === 'string' ? [[field, resolve(dirname(path), file)]] : [];
  });
  return { ...entry, ...Object.fromEntries(found) };
}

function named<Entry extends { readonly name: string }>(entries: readonly Entry[], name: string, what: string): Entry {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`${what} "${name}" does not exist`);
  return entry;
}

function tlsOf(cluster: Cluster, user: User | undefined): KubeTls {
  const ca = pem(cluster.caData, cluster.caFile);
  const cert = pem(user?.certData, user?.certFile);
  const key = pem(user?.keyData, user?.keyFile);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
  };
}

function pem(data: string | undefined | null, file: string | undefined | null): string | undefined {
  if (data !== undefined && data !== null && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined || file === null || file === '' ? undefined : readFileSync(file, 'utf8');
}

function credentialsOf(user: User, tokenFile: string | undefined, files: string): Credentials {
  if (tokenFile !== undefined) return tokenFileCredentials(tokenFile);
  if (user.token !== undefined && user.token !== null && user.token !== '') return fixedCredentials(`Bearer ${user.token.trim()}`);
  if (user.exec !== undefined && user.exec !== null) return execCredentials(user);
  if (user.authProvider !== undefined && user.authProvider !== null) {
    throw new Error(`${files}: user "${user.name}": auth-provider is not supported, as in kubectl since 1.26; use exec`);
  }
  if (typeof user.username === 'string' && typeof user.password === 'string') {
    return fixedCredentials(`Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`);
  }
  return noCredentials;
}

/** Runs the user's plug-in for a token. A plug-in that gives a client certificate instead is not supported. */
function execCredentials(user: User): Credentials {
  let plugin = new ExecAuth();
  return {
    async authorization() {
      const options: { headers?: Record<string, string>; cert?: unknown } = {};
      await plugin.applyAuthentication(user, options as Parameters<ExecAuth['applyAuthentication']>[1]);
      const header = options.headers?.['Authorization'];
      if (header === undefined) throw new Error(`user "${user.name}": ${user.exec?.command ?? 'exec'} gave no token`);
      return header;
    },
    refused() {
      plugin = new ExecAuth();
    },
  };
}
