import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingError } from './missing.ts';
import { run } from './run.ts';

/** A file that a cluster needs, and the Debian package it comes in. */
interface Needed {
  /** A program on the path of root, or an absolute path. */
  readonly file: string;
  readonly package: string;
}

const needed: readonly Needed[] = [
  // A runc that was built without cgo has no seccomp, so it is not one of the tools.
  { file: 'runc', package: 'runc' },
  { file: '/usr/lib/cni/bridge', package: 'containernetworking-plugins' },
  { file: 'nft', package: 'nftables' },
  { file: 'iptables', package: 'iptables' },
  { file: 'conntrack', package: 'conntrack' },
  { file: 'ip', package: 'iproute2' },
  { file: 'nsenter', package: 'util-linux' },
  { file: 'mount', package: 'mount' },
  { file: 'sysctl', package: 'procps' },
  { file: '/etc/ssl/certs/ca-certificates.crt', package: 'ca-certificates' },
];

/** Where the system's administration programs are, which is not on everybody's PATH. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const installTimeoutMs = 10 * 60 * 1000;

/** Sees that what the cluster takes from the system is there, and installs what is not. Throws when it may not or cannot. */
export async function ensurePackages(onProgress: (line: string) => void = () => {}): Promise<void> {
  if (process.platform !== 'linux') throw new MissingError(`a cluster runs on Linux only, and this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new MissingError('a cluster needs root: it makes network namespaces, cgroups and containers');
  const packages = await missingPackages();
  if (packages.length === 0) return;
  onProgress(`installing ${packages.join(', ')}`);
  try {
    await run('apt-get', ['update', '-q'], { timeout: installTimeoutMs });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeout: installTimeoutMs });
  } catch (error) {
    throw new MissingError(`a cluster needs the packages ${packages.join(', ')} (names as in Debian), and they cannot be installed`, { cause: error });
  }
  const still = await missingPackages();
  if (still.length > 0) throw new MissingError(`${still.join(', ')} were installed, but do not hold the files that a cluster needs`);
}

async function missingPackages(): Promise<string[]> {
  const found = await Promise.all(needed.map((each) => present(each.file)));
  return [...new Set(needed.filter((_, index) => found[index] === false).map((each) => each.package))];
}

async function present(file: string): Promise<boolean> {
  const candidates = file.startsWith('/') ? [file] : systemPath.split(':').map((folder) => join(folder, file));
  const found = await Promise.all(candidates.map((path) => access(path, file.startsWith('/') ? constants.R_OK : constants.X_OK).then(() => true, () => false)));
  return found.includes(true);
}
