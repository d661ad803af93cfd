import { lstat, mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

import { byText } from '../../util/compare.ts';
import { contentHash } from '../../util/hash.ts';
import { acquireLock, LockedError } from './lock.ts';
import { proxyDirName, proxyFiles } from './proxy-files.ts';
import type { ProxyFiles } from './proxy-files.ts';

/**
 * Where one instance keeps what must outlive its process. Everything is private to the user.
 *
 *     PATH/lock                      who runs here
 *     PATH/xds.sock                  our xDS server, for our Envoys
 *     PATH/picker.sock               our endpoint picker, for them too
 *     PATH/picker-admin.sock         what it has to tell, for us
 *     PATH/envoy/NS_NAME/            one proxy: bootstrap.json, admin.sock, pid.json, envoy.log, access.log, output.log
 *
 * A path that is too long for a socket puts the sockets into a short directory below the system's temporary one.
 */
export interface StateDir {
  readonly path: string;
  readonly xdsSocket: string;
  readonly pickerSocket: string;
  readonly pickerAdminSocket: string;
  /** Names the files of a proxy and makes its directory. */
  proxy(id: string): Promise<ProxyFiles>;
  /** The proxies that have a directory here, wanted or not, by directory. */
  leftovers(): Promise<readonly ProxyFiles[]>;
  /** Lets the next instance in. */
  release(): Promise<void>;
}

/** Where to open a state directory. `env`, `home`, `tmp` and `user` stand for the process's own unless given. */
export interface StateDirOptions {
  /** The directory itself; made from the instance name when absent. */
  readonly path?: string;
  /** Tells instances of one user apart; made from the configuration paths when absent. */
  readonly instance?: string;
  /** What the instance reads: two instances that read different paths have different default directories. */
  readonly configPaths?: readonly string[];
  readonly env?: { readonly [name: string]: string | undefined };
  readonly home?: string;
  readonly tmp?: string;
  /** Number of the user whose directory it must be. */
  readonly user?: number;
}

/** sockaddr_un of Linux holds 108 bytes with the final NUL; other systems have a few less. */
const maxSocketPathBytes = process.platform === 'linux' ? 107 : 103;

/** Opens the directory and locks it. Throws, naming the process, when another instance runs on it, and when other users may write to it. */
export async function openStateDir(options: StateDirOptions = {}): Promise<StateDir> {
  const path = stateDirPath(options);
  const envoys = join(path, 'envoy');
  await mkdir(path, { recursive: true, mode: 0o700 });
  await refuseForeign(path, options.user ?? process.getuid?.());
  await mkdir(envoys, { recursive: true, mode: 0o700 });
  const lock = await lockDir(path);
  const shortDir = join(options.tmp ?? tmpdir(), `moongate-${contentHash(path)}`);
  const socketPath = (preferred: string, shortName: string): string => (fits(preferred) ? preferred : join(shortDir, shortName));
  const filesOf = (name: string): ProxyFiles =>
    proxyFiles(join(envoys, name), (slot) => socketPath(join(envoys, name, `${slot}.sock`), `${contentHash(name)}-${slot}.sock`));
  const ready = async (sockets: readonly string[]): Promise<void> => {
    if (sockets.some((socket) => dirname(socket) === shortDir)) await makeShortDir(shortDir, path);
  };
  const xdsSocket = socketPath(join(path, 'xds.sock'), 'xds.sock');
  const pickerSocket = socketPath(join(path, 'picker.sock'), 'picker.sock');
  const pickerAdminSocket = socketPath(join(path, 'picker-admin.sock'), 'picker-admin.sock');
  try {
    await ready([xdsSocket, pickerSocket, pickerAdminSocket]);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    path,
    xdsSocket,
    pickerSocket,
    pickerAdminSocket,
    async proxy(id) {
      const files = filesOf(proxyDirName(id));
      await ready(files.slots.map((slot) => slot.adminSocket));
      await mkdir(files.dir, { recursive: true, mode: 0o700 });
      return files;
    },
    async leftovers() {
      const entries = await readdir(envoys, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => filesOf(entry.name)).toSorted((a, b) => byText(a.dir, b.dir));
    },
    async release() {
      // Stays when there is still a socket in it.
      await rmdir(shortDir).catch(() => {});
      await lock.release();
    },
  };
}

/** Which directory the options mean, as an absolute path. Touches nothing. */
export function stateDirPath({ path, instance, configPaths = [], env = process.env, home = homedir() }: StateDirOptions): string {
  if (path !== undefined) return resolve(path);
  // The XDG base directory specification: a relative path is invalid and to be ignored.
  const xdg = env['XDG_STATE_HOME'];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'state');
  return join(base, 'moongate', instance ?? instanceName(configPaths));
}

function instanceName(configPaths: readonly string[]): string {
  const absolute = configPaths.map((path) => resolve(path)).toSorted(byText);
  const readable = basename(absolute[0] ?? 'default').replace(/[^A-Za-z0-9.-]+/g, '_').slice(0, 40);
  return `${readable}-${contentHash(absolute.join('\0'))}`;
}

/** Who may write there may give our Envoys a configuration and listeners of their own. */
async function refuseForeign(path: string, user: number | undefined): Promise<void> {
  const { uid, mode } = await stat(path);
  if (uid !== user) throw new Error(`the state directory ${path} belongs to user ${uid}, not to this one (${user}): choose another`);
  if ((mode & 0o022) === 0) return;
  const octal = (mode & 0o777).toString(8);
  throw new Error(`the state directory ${path} may be written by other users (mode ${octal}): take that from them with "chmod go-w ${path}", or choose another`);
}

async function lockDir(path: string): Promise<{ release(): Promise<void> }> {
  try {
    return await acquireLock(join(path, 'lock'));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    const message = `the state directory ${path} is in use by another instance, process ${error.pid}: stop that one, or give this one a state directory of its own`;
    throw new Error(message, { cause: error });
  }
}

function fits(socket: string): boolean {
  return Buffer.byteLength(socket) <= maxSocketPathBytes;
}

async function makeShortDir(dir: string, path: string): Promise<void> {
  const remedy = `choose a shorter state directory than ${path}`;
  if (!fits(join(dir, 'n'.repeat(32)))) throw new Error(`${dir} is too long a path for a socket too: set TMPDIR to a shorter one, or ${remedy}`);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  // The temporary directory is everybody's: another user may have made this one first, or put a link here.
  const found = await lstat(dir);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new Error(`${dir} is not a private directory of this user: remove it, or ${remedy}`);
  }
}
