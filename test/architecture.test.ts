import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/** What the files of a folder may import; the longest prefix that fits a file counts. ARCHITECTURE.md says why. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'src/util': [],
  'src/reactive': ['src/util'],
  'src/api': ['src/util', 'src/gen'],
  'src/ir': ['src/util'],
  'src/translate': ['src/api', 'src/ir', 'src/reactive', 'src/util'],
  'src/xds/resources': ['src/ir', 'src/gen', 'src/util'],
  'src/xds/server': ['src/gen', 'src/reactive', 'src/util'],
  'src/kube': ['src/api', 'src/util'],
  'src/source': ['src/api', 'src/ir', 'src/kube', 'src/reactive', 'src/util'],
  'src/status': ['src/api', 'src/ir', 'src/kube', 'src/reactive', 'src/util'],
  'src/infra': ['src/api', 'src/ir', 'src/kube', 'src/reactive', 'src/util'],
  'src/epp': ['src/api', 'src/gen', 'src/kube', 'src/source', 'src/reactive', 'src/util'],
  'src/ratelimit': ['src/gen', 'src/util'],
  'src/admin': ['src/api', 'src/epp', 'src/ir', 'src/translate', 'src/xds', 'src/infra', 'src/source', 'src/reactive', 'src/util'],
  'src/app': [
    'src/admin', 'src/api', 'src/epp', 'src/infra', 'src/ir', 'src/kube', 'src/reactive', 'src/source', 'src/status', 'src/translate',
    'src/util', 'src/xds',
  ],
  'src/cli': ['src/admin', 'src/api', 'src/app', 'src/util'],
};

/** Folders that compute and do nothing else. */
const pure = ['src/ir', 'src/translate', 'src/xds/resources', 'src/reactive'];

const lineLimit = 500;
const testLineLimit = 800;
/** Above this, the first comment of a file has to say why. */
const reasonLimit = 300;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function read(pattern: string): SourceFile[] {
  return globSync(pattern, { cwd: root })
    .map((path) => normalize(path))
    .filter((path) => !path.startsWith('src/gen/') && !path.includes('node_modules'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const imports = [...text.matchAll(/^(?:import|export)\b[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm)];
      return { path, text, imports: imports.map(([, a, b, c]) => a ?? b ?? c ?? '') };
    });
}

function resolve(file: SourceFile, specifier: string): string {
  return normalize(relative(root, join(root, dirname(file.path), specifier)));
}

function folderOf(path: string): string | undefined {
  return Object.keys(mayImport).find((folder) => path.startsWith(`${folder}/`));
}

const sources = read('src/**/*.ts');
const production = sources.filter((file) => !file.path.endsWith('.test.ts'));

test('the folders are the ones we know', () => {
  assert.ok(production.length > 50, 'the file list is not empty');
  assert.deepEqual(production.filter((file) => folderOf(file.path) === undefined).map((file) => file.path), []);
});

test('folders import what the table allows, types included', () => {
  const violations = production.flatMap((file) => {
    const folder = folderOf(file.path) ?? '';
    return file.imports
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => resolve(file, specifier))
      .filter((target) => !target.startsWith(`${folder}/`) && !(mayImport[folder] ?? []).some((allowed) => target.startsWith(`${allowed}/`)))
      .map((target) => `${file.path} imports ${target}`);
  });
  assert.deepEqual(violations, []);
});

test('no two folders import each other, however long the way round', () => {
  const edges = new Map<string, Set<string>>();
  for (const file of production) {
    const from = folderOf(file.path) ?? '';
    for (const specifier of file.imports.filter((s) => s.startsWith('.'))) {
      const to = folderOf(resolve(file, specifier));
      if (to !== undefined && to !== from) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
  }
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    [...(edges.get(from) ?? [])].some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  assert.deepEqual([...edges.keys()].filter((folder) => reaches(folder, folder, new Set())), []);
});

test('pure folders use nothing of Node', () => {
  const violations = production
    .filter((file) => pure.some((folder) => file.path.startsWith(`${folder}/`)))
    .flatMap((file) => file.imports.filter((specifier) => specifier.startsWith('node:')).map((specifier) => `${file.path}: ${specifier}`));
  assert.deepEqual(violations, []);
});

test('only the command line writes to the terminal', () => {
  const violations = production.filter((file) => !file.path.startsWith('src/cli/') && /\bconsole\.|process\.std(out|err)\b/.test(file.text));
  assert.deepEqual(violations.map((file) => file.path), []);
});

test('files are small, or say why not', () => {
  const all = [...sources, ...read('{test,bench,tools,examples}/**/*.ts')];
  const lines = (file: SourceFile) => file.text.split('\n').length - 1;
  const limit = (file: SourceFile) => (/\.test\.ts$|^test\//.test(file.path) ? testLineLimit : lineLimit);
  assert.deepEqual(all.filter((file) => lines(file) > limit(file)).map((file) => `${file.path}: ${lines(file)}`), []);
  const unexplained = all.filter((file) => lines(file) > reasonLimit && limit(file) === lineLimit && !/^\s*\/[*/]/.test(file.text));
  assert.deepEqual(unexplained.map((file) => `${file.path}: ${lines(file)}`), []);
});

test('modules export by name', () => {
  assert.deepEqual(sources.filter((file) => /^export default\b/m.test(file.text)).map((file) => file.path), []);
});
