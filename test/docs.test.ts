import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { apiVersions } from '../src/app/versions.ts';
import { readKeptRuns } from './conformance/document/kept-run.ts';
import { readOptions } from './conformance/options.ts';
import { SUITE_VERSION } from './conformance/suite/recipe.ts';
import { pluginsPage, pluginsPagePath } from '../tools/plugins-page.ts';

const root = join(import.meta.dirname, '..');
const pages = globSync('{*.md,docs/**/*.md,charts/**/*.md,test/conformance/*.md,bench/*.md,definitions/*.md,examples/**/*.md,test/golden/README.md}', { cwd: root }).sort();

function text(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

test('links between pages lead somewhere', () => {
  assert.ok(pages.length >= 6, `only ${pages.length} pages`);
  const broken = pages.flatMap((page) =>
    [...text(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .map(([, target]) => target ?? '')
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('files that pages name in code exist', () => {
  const named = /`((?:src|test|docs|bench|tools|examples|definitions|bin)\/[\w./-]+)`/g;
  const missing = pages.flatMap((page) =>
    [...text(page).matchAll(named)].map(([, path]) => path ?? '').filter((path) => !existsSync(join(root, path))).map((path) => `${page}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test('npm scripts that pages name exist', () => {
  const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
  const missing = pages.flatMap((page) =>
    [...text(page).matchAll(/npm (?:run ([a-z][\w:]*)|(?=test|start)(\w+))/g)]
      .map(([, run, short]) => run ?? short ?? '')
      .filter((name) => scripts[name] === undefined)
      .map((name) => `${page}: npm ${name}`),
  );
  assert.deepEqual(missing, []);
});

test('options of the conformance suite that pages name exist', () => {
  const commands = pages.flatMap((page) => [...text(page).matchAll(/npm run conformance(:inference)? -- ((?:--[\w-]+(?: [^-\s`][^\s`]*)? ?)+)/g)].map(([, inference, options]) => ({ page, options: [...(inference === undefined ? [] : ['--suite', 'inference']), ...(options ?? '').trim().split(' ')] })));
  assert.ok(commands.length >= 5, `only ${commands.length} commands`);
  for (const { page, options } of commands) assert.doesNotThrow(() => readOptions(options), `${page}: ${options.join(' ')}`);
});

test('versions that pages name are those that are used', () => {
  const { envoy, gatewayApi, envoyGateway } = apiVersions;
  const versions: [RegExp, string][] = [
    [/\bEnvoy v?(1\.\d\d(?:\.\d+)?)\b/g, envoy],
    [/\bGateway API v(\d+\.\d+\.\d+)/g, gatewayApi.slice(1)],
    [/\bEnvoy Gateway v(\d+\.\d+\.\d+)/g, envoyGateway.slice(1)],
    [/\b[Ss]uite(?: at|,)? v(\d+\.\d+\.\d+)/g, SUITE_VERSION.slice(1)],
  ];
  const named = pages.flatMap((page) => versions.flatMap(([pattern, used]) => [...text(page).matchAll(pattern)].map(([words, version = '']) => ({ words: `${page}: ${words}`, right: used.startsWith(version) }))));
  assert.ok(named.length >= 8, `only ${named.length} versions`);
  assert.deepEqual(named.filter(({ right }) => !right), []);
});

test('README counts the tests of the conformance suite that passed', () => {
  const counts = [...text('README.md').matchAll(/\b(HTTP|GRPC|TLS|TCP|UDP) (\d+)(?: core)? and (\d+)/g)].map(([, name, core, extended]) => `GATEWAY-${name} ${core} ${extended}`);
  const run = readKeptRuns().find(({ report }) => report.gatewayAPIChannel === 'experimental');
  const passed = run?.report.profiles?.map(({ name, core, extended }) => `${name} ${core?.statistics?.Passed} ${extended?.statistics?.Passed}`);
  assert.deepEqual(counts.sort(), passed?.toSorted());
});

test('nothing names a registry or a path of one machine', () => {
  const files = globSync('{*,.ci/*,src/**/*.ts,test/**/*.{ts,yaml,md},bench/**/*.{ts,md,json},tools/**/*.{ts,md},docs/**/*,examples/**/*}', { cwd: root })
    .filter((path) => /\.(ts|md|json|yaml|sh)$|run$/.test(path) && !path.startsWith('src/gen/') && path !== 'test/docs.test.ts');
  const suspicious = /registry\.npmjs|files\.pythonhosted|proxy\.golang\.org|(?<![\w])\/(?:work|root)\//;
  assert.deepEqual(files.filter((path) => suspicious.test(text(path))), []);
});

test('the page of plugins is what their tables say', () => {
  assert.equal(text(pluginsPagePath), pluginsPage(), `run node tools/plugins-page.ts`);
});
