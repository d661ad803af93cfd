import { posix } from 'node:path';

/** What the last stage of a Dockerfile makes. */
export interface FinalStage {
  /** The image that it begins with. */
  readonly base: string;
  readonly copies: readonly Copy[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly exposedPorts: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** The paths that earlier stages remove with `rm -rf`, resolved against their WORKDIR, by stage. */
  readonly removed: Readonly<Record<string, readonly string[]>>;
}

export interface Copy {
  /** Name of the stage that the files are taken from. */
  readonly from: string;
  readonly sources: readonly string[];
  readonly target: string;
}

interface Instruction {
  readonly line: number;
  readonly name: string;
  readonly rest: string;
}

/**
 * Reads a Dockerfile as far as ours need it: https://docs.docker.com/reference/dockerfile/. The last stage may copy from named stages and set the configuration; it may run
 * nothing, because there is nobody to run it. Earlier stages are only asked what they remove. Throws with the line of what is not understood.
 */
export function readFinalStage(text: string): FinalStage {
  const stages: { name: string; base: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    const { line, name, rest } = instruction;
    if (name === 'FROM') {
      const [, base = '', alias = ''] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest) ?? [];
      if (base === '') throw fault(line, `FROM ${rest} is not understood`);
      stages.push({ name: alias, base, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw fault(line, `${name} comes before FROM`);
      stage.instructions.push(instruction);
    }
  }
  const last = stages.at(-1);
  if (last === undefined) throw new Error('the Dockerfile has no FROM');
  const earlier = stages.slice(0, -1);
  const names = earlier.map((stage) => stage.name);
  const final = last.instructions.reduce<Omit<FinalStage, 'removed'>>((stage, instruction) => apply(stage, instruction, names), {
    base: last.base, copies: [], env: {}, labels: {}, exposedPorts: [],
  });
  return { ...final, removed: Object.fromEntries(earlier.map((stage) => [stage.name, removedBy(stage.instructions)])) };
}

function apply(stage: Omit<FinalStage, 'removed'>, { line, name, rest }: Instruction, stages: readonly string[]): Omit<FinalStage, 'removed'> {
  switch (name) {
    case 'COPY':
      return { ...stage, copies: [...stage.copies, copyOf(line, rest, stages)] };
    case 'ENV':
      return { ...stage, env: { ...stage.env, ...pairs(line, rest) } };
    case 'LABEL':
      return { ...stage, labels: { ...stage.labels, ...pairs(line, rest) } };
    case 'EXPOSE':
      return { ...stage, exposedPorts: [...stage.exposedPorts, ...words(rest)] };
    case 'USER':
      return { ...stage, user: rest };
    case 'WORKDIR':
      return { ...stage, workingDir: resolvePath(stage.workingDir ?? '/', rest) };
    case 'ENTRYPOINT':
      return { ...stage, entrypoint: list(line, rest) };
    case 'CMD':
      return { ...stage, cmd: list(line, rest) };
    default:
      throw fault(line, `${name} is not understood in the last stage`);
  }
}

function copyOf(line: number, rest: string, stages: readonly string[]): Copy {
  const all = words(rest);
  const options = all.filter((word) => word.startsWith('--'));
  const [from, ...others] = options;
  const stage = from?.startsWith('--from=') === true ? from.slice('--from='.length) : '';
  if (others.length > 0 || !stages.includes(stage)) throw fault(line, `COPY ${rest}: only copies --from an earlier stage are understood`);
  const paths = all.filter((word) => !word.startsWith('--'));
  const target = paths.at(-1);
  if (target === undefined || paths.length < 2) throw fault(line, `COPY ${rest} names no source or no target`);
  const sources = paths.slice(0, -1);
  if (sources.length > 1 && !target.endsWith('/')) throw fault(line, `COPY ${rest}: several sources need a target that ends in /`);
  if (paths.some((path) => !path.startsWith('/') || /[*?[]/.test(path))) throw fault(line, `COPY ${rest}: only absolute paths without wildcards are understood`);
  return { from: stage, sources, target };
}

/** Paths after `rm -rf` in RUN instructions. */
function removedBy(instructions: readonly Instruction[]): string[] {
  let folder = '/';
  const removed: string[] = [];
  for (const { name, rest } of instructions) {
    if (name === 'WORKDIR') folder = resolvePath(folder, rest);
    if (name !== 'RUN') continue;
    for (const [, paths = ''] of rest.matchAll(/(?:^|&&|;)\s*rm -rf ([^&;|]+)/g)) removed.push(...words(paths).map((path) => resolvePath(folder, path)));
  }
  return removed;
}

/** Instructions with continued lines joined and comments left out. */
function* instructionsOf(text: string): Generator<Instruction> {
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const first = index + 1;
    let whole = '';
    for (; index < lines.length; index++) {
      const line = (lines[index] ?? '').trim();
      if (line.startsWith('#')) {
        if (whole === '') break;
        continue;
      }
      whole += line.replace(/\\$/, ' ');
      if (!line.endsWith('\\')) break;
    }
    const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(whole.trim()) ?? [];
    if (name !== '') yield { line: first, name: name.toUpperCase(), rest: rest.trim() };
  }
}

/** `KEY=VALUE KEY="VALUE WITH SPACES"`. */
function pairs(line: number, rest: string): Record<string, string> {
  const found = [...rest.matchAll(/([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)(?:\s+|$)/g)];
  if (found.length === 0 || found.map(([all]) => all).join('') !== rest) throw fault(line, `${rest}: only KEY=VALUE is understood`);
  return Object.fromEntries(found.map(([, key = '', value = '']) => [key, value.startsWith('"') ? (JSON.parse(value) as string) : value]));
}

/** The exec form, a JSON list. */
function list(line: number, rest: string): string[] {
  try {
    const value: unknown = JSON.parse(rest);
    if (Array.isArray(value) && value.every((word) => typeof word === 'string')) return value;
  } catch {
    // Said below.
  }
  throw fault(line, `${rest}: only a list of words in JSON is understood`);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function resolvePath(folder: string, path: string): string {
  return posix.resolve(folder, path);
}

function fault(line: number, message: string): Error {
  return new Error(`Dockerfile line ${line}: ${message}`);
}
