import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { tarChunks } from './tar.ts';
import type { TarEntry } from './tar.ts';

/** A file, folder or link of an image, and where it comes from. */
export type LayerEntry =
  | { readonly path: string; readonly from: string }
  | { readonly path: string; readonly text: string; readonly mode?: number }
  | { readonly path: string; readonly folder: true; readonly mode?: number }
  | { readonly path: string; readonly link: string };

/** What a container of the image runs, in the words of the OCI image configuration. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDir?: string;
  readonly exposedPorts?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** One image. */
export interface ImageContent {
  /** Names with tags: all are names of this image. */
  readonly names: readonly string[];
  /** Its layers, the lowest first. What rarely changes should be in a layer of its own: stores share it. */
  readonly layers: readonly (readonly LayerEntry[])[];
  readonly config: ImageConfig;
}

/** Images write to /tmp and look for names in /etc. */
const base: readonly LayerEntry[] = [
  { path: 'tmp', folder: true, mode: 0o1777 },
  { path: 'etc/passwd', text: 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' },
  { path: 'etc/group', text: 'root:x:0:\nnonroot:x:65532:\n' },
  { path: 'etc/nsswitch.conf', text: 'hosts: files dns\n' },
];

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Writes a docker-archive, which `ctr images import` takes:
 *
 *     HEX.tar        a layer
 *     HEX.json       the image's configuration, which names its layers by the SHA-256 of their tars
 *     manifest.json  names → configuration and layers
 */
export async function writeArchive(path: string, { names, layers, config }: ImageContent): Promise<void> {
  const tars: { name: string; digest: string; content: Buffer }[] = [];
  for (const [index, entries] of layers.entries()) {
    const content = Buffer.concat([...tarChunks(await tarEntries(index === 0 ? [...base, ...entries] : entries))]);
    const digest = sha256(content);
    tars.push({ name: `${digest}.tar`, digest, content });
  }
  const configuration = Buffer.from(JSON.stringify(imageConfiguration(config, tars.map(({ digest }) => digest))));
  const configName = `${sha256(configuration)}.json`;
  const manifest = [{ Config: configName, RepoTags: names, Layers: tars.map(({ name }) => name) }];
  const file = await open(path, 'w');
  try {
    const members = [[configName, configuration], ...tars.map(({ name, content }) => [name, content] as const), ['manifest.json', Buffer.from(JSON.stringify(manifest))]] as const;
    for (const chunk of tarChunks(members.map(([name, content]) => ({ path: name, kind: 'file', mode: 0o644, content })))) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
}

function imageConfiguration({ entrypoint, cmd, env, user, workingDir, exposedPorts, labels }: ImageConfig, digests: readonly string[]): object {
  const variables = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env };
  return {
    architecture: architectures[process.arch] ?? process.arch,
    os: 'linux',
    config: {
      Entrypoint: entrypoint,
      ...(cmd === undefined ? {} : { Cmd: cmd }),
      Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      ...(user === undefined ? {} : { User: user }),
      ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
      ...(exposedPorts === undefined ? {} : { ExposedPorts: Object.fromEntries(exposedPorts.map((port) => [port.includes('/') ? port : `${port}/tcp`, {}])) }),
      ...(labels === undefined ? {} : { Labels: labels }),
    },
    rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
  };
}

/** With the folders above each entry, sorted, so that the same content gives the same layer. A later entry replaces an earlier one of its path. */
async function tarEntries(entries: readonly LayerEntry[]): Promise<TarEntry[]> {
  const found = new Map<string, TarEntry>();
  for (const entry of entries) {
    const path = entry.path.replace(/^\/+/, '');
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const folder = path.slice(0, at);
      if (!found.has(folder)) found.set(folder, { path: folder, kind: 'folder', mode: 0o755 });
    }
    found.set(path, await tarEntry(path, entry));
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function tarEntry(path: string, entry: LayerEntry): Promise<TarEntry> {
  if ('link' in entry) return { path, kind: 'symlink', mode: 0o777, target: entry.link };
  if ('folder' in entry) return { path, kind: 'folder', mode: entry.mode ?? 0o755 };
  if ('text' in entry) return { path, kind: 'file', mode: entry.mode ?? 0o644, content: Buffer.from(entry.text) };
  const executable = ((await stat(entry.from)).mode & 0o100) !== 0;
  return { path, kind: 'file', mode: executable ? 0o755 : 0o644, content: await readFile(entry.from) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
