import assert from 'node:assert/strict';
import { appendFileSync, closeSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../util/log.ts';
import type { FileSourceOptions } from './file-source.ts';
import { route, World } from './testing.ts';

async function started(context: TestContext, files: Record<string, string>, options: Partial<FileSourceOptions> = {}): Promise<World> {
  const world = new World(context, ({ directory }) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(`${directory}/${name}`, text);
    return options;
  });
  await world.source.start();
  return world;
}

describe('the first read', () => {
  test('gives all objects in one batch, from every extension, sub-directories and Lists', async (t) => {
    const world = new World(t, (w) => {
      mkdirSync(w.path('sub/deeper'), { recursive: true });
      mkdirSync(w.path('.hidden'));
      w.write('a.yaml', `${route('a')}---\n${route('b')}`);
      w.write('c.yml', `# nothing else\nkind: List\nitems:\n- {kind: HTTPRoute, metadata: {name: c1}}\n- {kind: HTTPRoute, metadata: {name: c2}}\n`);
      w.write('d.json', '[{"kind": "HTTPRoute", "metadata": {"name": "d"}}]');
      w.write('sub/deeper/e.yaml', route('e'));
      w.write('.f.yaml', route('hidden'));
      w.write('.hidden/g.yaml', route('hidden'));
      w.write('notes.txt', 'not: [yaml');
    });
    await world.source.start();
    assert.deepEqual(world.names(), ['a', 'b', 'c1', 'c2', 'd', 'e']);
    assert.equal(world.batches.length, 1);
    assert.deepEqual(world.problemLines(), []);
  });

  test('says where each object is', async (t) => {
    const world = await started(t, { 'a.yaml': `# comment\n---\n\n# another\n${route('a')}---\n${route('b')}` });
    const line = (name: string): number | undefined => world.objects.get(`HTTPRoute/default/${name}`)?.origin.line;
    assert.deepEqual([line('a'), line('b')], [5, 12]);
  });

  test('names kinds that mean nothing, once', async (t) => {
    const deployment = 'kind: Deployment\nmetadata: {name: x}\n';
    const world = await started(t, { 'a.yaml': `${deployment}---\n${deployment}` });
    assert.deepEqual(world.batches.map(({ ignoredKinds }) => ignoredKinds), [['Deployment']]);
    assert.deepEqual(world.problemLines(), ['a.yaml:1 Deployment/x kind: is not run here']);
    world.replace('b.yaml', `${deployment}---\n${route('b')}`);
    await world.until(() => world.value('b') === 1, 'b');
    assert.deepEqual(world.batches[1]?.ignoredKinds, []);
  });

  test('reports a path that does not exist, and reads it once it does', async (t) => {
    const world = new World(t, (w) => ({ paths: [w.path('one/two/three')] }));
    await world.source.start();
    assert.deepEqual(world.problemLines(), ['one/two/three:0 : no such file or directory']);
    mkdirSync(world.path('one/two/three'), { recursive: true });
    world.write('one/two/three/a.yaml', route('a'));
    await world.until(() => world.value('a') === 1, 'a');
    assert.deepEqual(world.problemLines(), []);
  });

  test('reads a file given by path, whatever its name, and follows it', async (t) => {
    const world = new World(t, (w) => {
      w.write('routes.conf', route('a'));
      w.write('other.yaml', route('other'));
      return { paths: [w.path('routes.conf'), w.path('./routes.conf')] };
    });
    await world.source.start();
    world.replace('routes.conf', route('a', 2));
    await world.until(() => world.value('a') === 2, 'the new value');
    assert.deepEqual(world.names(), ['a']);
    unlinkSync(world.path('routes.conf'));
    await world.until(() => world.names().length === 0, 'the deletion');
    assert.deepEqual(world.problemLines(), ['routes.conf:0 : no such file or directory']);
    world.replace('routes.conf', route('a', 3));
    await world.until(() => world.value('a') === 3, 'the file that came back');
    assert.deepEqual(world.problemLines(), []);
  });
});

describe('a change', () => {
  test('by rename is one batch with just the changed object', async (t) => {
    const world = await started(t, { 'a.yaml': `${route('a')}---\n${route('b')}` });
    world.decoded.length = 0;
    world.replace('a.yaml', `${route('a')}---\n${route('b', 2)}`);
    await world.until(() => world.value('b') === 2, 'the new value');
    assert.deepEqual(world.batches[1]?.set.map(({ key }) => key), ['default/b']);
    assert.deepEqual(world.decoded, ['b']);
    assert.equal(world.batches.length, 2);
  });

  test('in place is read', async (t) => {
    const world = await started(t, { 'a.yaml': route('a') });
    world.write('a.yaml', route('a', 2));
    await world.until(() => world.value('a') === 2, 'the new value');
    truncateSync(world.path('a.yaml'), 0);
    appendFileSync(world.path('a.yaml'), route('a', 3));
    await world.until(() => world.value('a') === 3, 'the third value');
  });

  test('as vim makes it, by moving the old file away, never loses an object', async (t) => {
    const world = await started(t, { 'a.yaml': route('a') });
    for (let value = 2; value < 6; value++) {
      renameSync(world.path('a.yaml'), world.path('a.yaml~'));
      world.write('a.yaml', route('a', value));
      unlinkSync(world.path('a.yaml~'));
      await world.until(() => world.value('a') === value, `value ${value}`);
    }
    assert.deepEqual(world.batches.flatMap(({ deleted }) => deleted), []);
  });

  test('that deletes a file removes its objects', async (t) => {
    const world = await started(t, { 'a.yaml': route('a'), 'b.yaml': route('b') });
    unlinkSync(world.path('a.yaml'));
    await world.until(() => world.value('a') === undefined, 'the deletion');
    assert.deepEqual(world.names(), ['b']);
  });

  test('by a slow writer never shows a part of the file', async (t) => {
    const names = Array.from({ length: 40 }, (_, i) => `r${i}`);
    const text = (value: number): string => names.map((name) => route(name, value)).join('---\n');
    const world = await started(t, { 'a.yaml': text(1) });
    const file = openSync(world.path('a.yaml'), 'w');
    const bytes = text(2);
    const step = Math.ceil(bytes.length / 12) + 3;
    for (let at = 0; at < bytes.length; at += step) {
      writeSync(file, bytes.slice(at, at + step));
      // The writer's pace is what is tested.
      await delay(30);
    }
    closeSync(file);
    await world.until(() => world.value('r39') === 2, 'the last object');
    assert.deepEqual(world.batches.flatMap(({ deleted }) => deleted), []);
    assert.deepEqual(world.batches.map(({ set }) => set.length), [40, 40]);
    assert.deepEqual(world.problemLines(), []);
  });

  test('of many files at once is few batches', async (t) => {
    const world = await started(t, {});
    for (let i = 0; i < 500; i++) world.replace(`r${i}.yaml`, route(`r${i}`));
    await world.until(() => world.objects.size === 500, '500 objects');
    assert.ok(world.batches.length < 100, `${world.batches.length} batches`);
  });

  test('of a comment or of lines above changes nothing but the line', async (t) => {
    const world = await started(t, { 'a.yaml': `${route('a')}---\n${route('b')}` });
    const b = world.objects.get('HTTPRoute/default/b');
    world.replace('a.yaml', `# one\n# more\n${route('a')}---\n# comment\n${route('b')}---\n${route('c')}`);
    await world.until(() => world.value('c') === 1, 'c');
    assert.deepEqual(world.batches[1]?.set.map(({ key }) => key), ['default/c']);
    assert.equal(b?.origin.line, 11);
  });

  test('of the spec counts as a generation, one of the metadata does not', async (t) => {
    const world = await started(t, { 'a.yaml': route('a') });
    assert.equal(world.generation('a'), 1);
    world.replace('a.yaml', route('a', 2));
    await world.until(() => world.value('a') === 2, 'the second value');
    assert.equal(world.generation('a'), 2);
    world.replace('a.yaml', route('a', 2).replace('name: a', 'name: a\n  labels: {x: y}'));
    await world.until(() => world.batches.length === 3, 'the label');
    assert.equal(world.generation('a'), 2);
  });
});

describe('a directory', () => {
  test('that appears, with files and directories in it, is read', async (t) => {
    const world = await started(t, {});
    mkdirSync(world.path('x/y'), { recursive: true });
    world.write('x/y/a.yaml', route('a'));
    await world.until(() => world.value('a') === 1, 'a');
    world.replace('x/y/a.yaml', route('a', 2));
    await world.until(() => world.value('a') === 2, 'the change of a');
  });

  test('that is deleted and made again is still watched', async (t) => {
    const world = await started(t, {});
    for (let round = 1; round < 4; round++) {
      mkdirSync(world.path('x'));
      world.write('x/a.yaml', route('a', round));
      await world.until(() => world.value('a') === round, `round ${round}`);
      rmSync(world.path('x'), { recursive: true });
      await world.until(() => world.names().length === 0, `the deletion in round ${round}`);
    }
  });

  test('that is replaced by another is read anew', async (t) => {
    const world = await started(t, {});
    mkdirSync(world.path('x'));
    mkdirSync(world.path('.y'));
    world.write('x/a.yaml', route('a'));
    world.write('x/b.yaml', route('b'));
    world.write('.y/a.yaml', route('a', 2));
    await world.until(() => world.names().length === 2, 'both');
    renameSync(world.path('x'), world.path('.z'));
    renameSync(world.path('.y'), world.path('x'));
    await world.until(() => world.value('a') === 2 && world.names().length === 1, 'the other directory');
    world.write('.z/a.yaml', route('a', 3));
    world.replace('x/a.yaml', route('a', 4));
    await world.until(() => world.value('a') === 4, 'a change in the new one');
  });

  test('that was given can be deleted with its parent and made again', async (t) => {
    const world = new World(t, (w) => {
      mkdirSync(w.path('up/root'), { recursive: true });
      w.write('up/root/a.yaml', route('a'));
      return { paths: [`${w.path('up/root')}/`] };
    });
    await world.source.start();
    for (let round = 2; round < 4; round++) {
      rmSync(world.path('up'), { recursive: true });
      await world.until(() => world.names().length === 0, 'the deletion');
      mkdirSync(world.path('up/root'), { recursive: true });
      world.write('up/root/a.yaml', route('a', round));
      await world.until(() => world.value('a') === round, `round ${round}`);
      assert.deepEqual(world.problemLines(), []);
    }
  });
});

describe('links', () => {
  function mount(world: World, version: number, texts: Record<string, string>): void {
    mkdirSync(world.path(`..v${version}`));
    for (const [name, text] of Object.entries(texts)) writeFileSync(world.path(`..v${version}`, name), text);
    symlinkSync(`..v${version}`, world.path('..data_tmp'));
    renameSync(world.path('..data_tmp'), world.path('..data'));
  }

  test('of a mounted ConfigMap are read once and followed when it is swapped', async (t) => {
    const world = new World(t, (w) => {
      mount(w, 1, { 'a.yaml': route('a'), 'b.yaml': route('b') });
      symlinkSync('..data/a.yaml', w.path('a.yaml'));
      symlinkSync('..data/b.yaml', w.path('b.yaml'));
    });
    await world.source.start();
    assert.deepEqual(world.decoded.toSorted(), ['a', 'b']);
    for (let version = 2; version < 5; version++) {
      mount(world, version, { 'a.yaml': route('a', version), 'b.yaml': route('b', version) });
      rmSync(world.path(`..v${version - 1}`), { recursive: true });
      await world.until(() => world.value('a') === version && world.value('b') === version, `version ${version}`);
    }
    assert.deepEqual(world.batches.map(({ set, deleted }) => [set.length, deleted.length]), [[2, 0], [2, 0], [2, 0], [2, 0]]);
    assert.deepEqual(world.problemLines(), []);
  });

  test('to files elsewhere are followed when those change', async (t) => {
    const world = new World(t, (w) => {
      mkdirSync(w.path('shown'));
      mkdirSync(w.path('store'));
      w.write('store/real', route('a'));
      symlinkSync('../store/real', w.path('shown/a.yaml'));
      return { paths: [w.path('shown')] };
    });
    await world.source.start();
    world.write('store/real', route('a', 2));
    await world.until(() => world.value('a') === 2, 'a write to the target');
    world.replace('store/real', route('a', 3));
    await world.until(() => world.value('a') === 3, 'a rename over the target');
    world.write('store/other', route('a', 4));
    symlinkSync('../store/other', world.path('.link'));
    renameSync(world.path('.link'), world.path('shown/a.yaml'));
    await world.until(() => world.value('a') === 4, 'another target');
    world.replace('store/other', route('a', 5));
    await world.until(() => world.value('a') === 5, 'a rename over the other target');
    symlinkSync('../store/later', world.path('shown/b.yaml'));
    world.replace('store/later', route('b'));
    await world.until(() => world.value('b') === 1, 'a target that came after its link');
  });

  test('in circles end in problems', async (t) => {
    const world = new World(t, (w) => {
      mkdirSync(w.path('x/y'), { recursive: true });
      w.write('x/a.yaml', route('a'));
      symlinkSync('..', w.path('x/y/up'));
      symlinkSync('self.yaml', w.path('self.yaml'));
      symlinkSync('there', w.path('here'));
      symlinkSync('here', w.path('there'));
    });
    await world.source.start();
    assert.deepEqual(world.names(), ['a']);
    assert.deepEqual(world.problemLines().sort(), [
      'here:0 : is a symbolic link that leads back to itself',
      'self.yaml:0 : is a symbolic link that leads back to itself',
      'there:0 : is a symbolic link that leads back to itself',
      'x/y/up:0 : leads back to x, a directory above it; it is not read',
    ]);
    unlinkSync(world.path('x/y/up'));
    await world.until(() => world.problems.size === 3, 'one problem less');
  });

  test('to a file that is read anyway define nothing twice', async (t) => {
    const world = new World(t, (w) => {
      w.write('a.yaml', route('a'));
      symlinkSync('a.yaml', w.path('b.yaml'));
    });
    await world.source.start();
    assert.deepEqual(world.problemLines(), []);
  });
});

describe('what is broken', () => {
  test('keeps its last good version, and says where and why', async (t) => {
    const world = await started(t, { 'a.yaml': `${route('a')}---\n${route('b')}---\n${route('c')}` });
    world.replace('a.yaml', `${route('a', 2)}---\nkind: HTTPRoute\nmetadata:\n  name: b\n spec: [\n---\n${route('c').replace('value', 'invalid')}`);
    await world.until(() => world.value('a') === 2, 'the good document');
    assert.deepEqual(world.names(), ['a', 'b', 'c']);
    assert.deepEqual([world.value('b'), world.value('c')], [1, 1]);
    const lines = world.problemLines();
    assert.match(lines[0] ?? '', /^a\.yaml:(11|12) : /);
    assert.equal(lines.at(-1), 'a.yaml:18 HTTPRoute/default/c spec.invalid: Invalid value');
    world.replace('a.yaml', `${route('a', 2)}---\n${route('c', 3)}`);
    await world.until(() => world.value('c') === 3, 'the corrected file');
    assert.deepEqual(world.names(), ['a', 'c']);
    assert.deepEqual(world.problemLines(), []);
  });

  test('as a whole keeps all objects', async (t) => {
    const world = await started(t, { 'a.yaml': `${route('a')}---\n${route('b')}` }, { confirmMs: 100 });
    world.write('a.yaml', '{{{{ not yaml');
    await world.until(() => world.problems.size === 1, 'a problem');
    assert.deepEqual(world.names(), ['a', 'b']);
    world.write('a.yaml', Uint8Array.of(0xff, 0xfe, 0x00, 0x41));
    await world.until(() => world.problemLines()[0]?.includes('UTF-8') === true, 'another problem');
    assert.deepEqual(world.names(), ['a', 'b']);
  });

  test('in place and by omission counts after two seconds', async (t) => {
    const world = await started(t, { 'a.yaml': `${route('a')}---\n${route('b')}` });
    const begin = performance.now();
    world.write('a.yaml', route('b'));
    await world.until(() => world.names().length === 1, 'a to go');
    assert.deepEqual(world.names(), ['b']);
    // Times of files are up to a tick of the kernel behind.
    assert.ok(performance.now() - begin > 1_900, `${performance.now() - begin} ms`);
  });

  test('by omission and renamed into place counts at once', async (t) => {
    const waits: number[] = [];
    const world = await started(t, { 'a.yaml': `${route('a')}---\n${route('b')}` }, {
      after: (ms, fn) => {
        waits.push(ms);
        const timer = setTimeout(fn, ms);
        return () => clearTimeout(timer);
      },
    });
    waits.length = 0;
    world.replace('a.yaml', route('b'));
    await world.until(() => world.names().length === 1, 'a to go');
    assert.deepEqual(waits, []);
  });

  for (const [what, text] of [['nothing', ''], ['white space', ' \n\t\r\n']] as const) {
    test(`because a file has ${what} in it keeps all objects, until it has content or is removed`, async (t) => {
      const world = await started(t, { 'a.yaml': `${route('a')}---\n${route('b')}` }, { confirmMs: 50 });
      const warning = { file: world.path('a.yaml'), line: 0, kind: '', key: '', severity: 'warning', field: '', message: 'file is empty: its objects stay as they were until it has content or is removed' };
      world.write('a.yaml', text);
      await world.until(() => world.problems.size === 1, 'the warning');
      assert.deepEqual([...world.problems.values()].flat(), [warning]);
      await world.source.reload();
      assert.deepEqual(world.names(), ['a', 'b']);
      world.write('a.yaml', `${route('a')}---\n${route('b', 2)}`);
      await world.until(() => world.value('b') === 2 && world.problems.size === 0, 'the content');
      assert.deepEqual(world.batches.flatMap(({ deleted }) => deleted), []);
      world.write('a.yaml', text);
      await world.until(() => world.problems.size === 1, 'the warning again');
      unlinkSync(world.path('a.yaml'));
      await world.until(() => world.names().length === 0, 'the removal');
      assert.deepEqual(world.problemLines(), []);
    });
  }

  test('because its writer begins late is never seen', async (t) => {
    const world = await started(t, { 'a.yaml': route('a') });
    const file = openSync(world.path('a.yaml'), 'w');
    // The writer's pace is what is tested.
    await delay(400);
    writeSync(file, route('a', 2));
    closeSync(file);
    await world.until(() => world.value('a') === 2, 'the new value');
    assert.deepEqual(world.batches.flatMap(({ deleted, problems }) => [...deleted, ...problems.keys()]), []);
  });

  test('from the start is a problem, with the rest served', async (t) => {
    const world = await started(t, {
      'a.yaml': route('a'),
      'b.json': '{"kind": "HTTPRoute",\n "metadata": {"name": "b"},\n "spec" 1}',
      'c.yaml': 'just text\n',
      'd.yaml': 'spec: {}\n',
      'e.yaml': `${route('e')}  explode: 1\n`,
      'f.yaml': `${route('f')}  odd: 1\n`,
      'g.yaml': 'kind: HTTPRoute\nmetadata:\n  name: g\n  name: h\n',
      'h.json': '{"kind": "HTTPRoute",\n "metadata": {"name": "h",\n "name": "i"}}',
      'i.yaml': 'kind: List\nitems: {}\n',
      'j.yaml': 'kind: HTTPRouteList\n',
      'k.yaml': 'kind: [\n  {]\n: }\n - x\n',
    });
    assert.deepEqual(world.names(), ['a', 'f']);
    assert.deepEqual(world.problemLines().sort(), [
      `b.json:3 : Expected ':' after property name in JSON at position 58 (line 3 column 9)`,
      'c.yaml:1 : must be an object, not "just text"',
      'd.yaml:1 kind: Required value',
      'e.yaml:1 HTTPRoute/default/e : decoding failed: boom',
      'f.yaml:7 HTTPRoute/default/f spec.odd: is odd',
      'g.yaml:4 : key "name" is given twice in this map',
      'h.json:3 : key "name" is given twice in this map',
      'i.yaml:2 List/ items: Invalid value: must be a list of objects',
      'j.yaml:1 HTTPRouteList/ items: Required value: a List has items',
      'k.yaml:2 : Flow map in block collection must be sufficiently indented and end with a }',
    ]);
  });

  test('by size is a problem that names the object', async (t) => {
    const large = route('large', 'x'.repeat(5 * 1024 * 1024));
    const bomb = `x0: &x0 [${'a,'.repeat(1000)}]\n${Array.from({ length: 9 }, (_, i) => `x${i + 1}: &x${i + 1} [${`*x${i},`.repeat(9)}]\n`).join('')}`;
    const wide = `kind: HTTPRoute\nmetadata: {name: wide}\nx: &x ${'y'.repeat(100_000)}\nspec: [${'*x, '.repeat(500)}]\n`;
    const world = await started(t, {
      'a.yaml': `${route('a')}---\n${large}---\n${route('b')}`,
      'deep.json': `{"kind": "HTTPRoute", "metadata": {"name": "deep"}, "spec": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      'deep.yaml': `kind: HTTPRoute\nspec: ${'['.repeat(100_000)}`,
      'large.json': JSON.stringify({ kind: 'HTTPRoute', metadata: { name: 'json' }, spec: 'x'.repeat(5 * 1024 * 1024) }),
      'bomb.yaml': bomb,
      'wide.yaml': wide,
    });
    assert.deepEqual(world.names(), ['a', 'b']);
    const limit = ': Request entity too large: limit is 1572864';
    const lines = world.problemLines();
    assert.ok(lines.includes('a.yaml:8 HTTPRoute/default/large : Request entity too large: limit is 3145728 bytes of text'), lines.join('\n'));
    assert.ok(lines.includes(`large.json:1 HTTPRoute/default/json ${limit}`), lines.join('\n'));
    assert.ok(lines.includes(`wide.yaml:1 HTTPRoute/default/wide ${limit}`), lines.join('\n'));
    assert.deepEqual([...world.problems.keys()].map((file) => file.slice(world.directory.length + 1)).sort(), [
      'a.yaml', 'bomb.yaml', 'deep.json', 'deep.yaml', 'large.json', 'wide.yaml',
    ]);
    const tooDeep = ' : is nested more than 250 levels deep, which is the limit';
    assert.deepEqual(lines.filter((line) => line.startsWith('deep')).sort(), [`deep.json:1${tooDeep}`, `deep.yaml:2${tooDeep}`]);
  });
});

describe('an object in two files', () => {
  test('is that of the first one, until it goes', async (t) => {
    const world = await started(t, { 'a.yaml': `# first\n${route('x', 'a')}`, 'b.yaml': route('x', 'b') });
    assert.equal(world.value('x'), 'a');
    assert.deepEqual(world.problemLines(), [
      'b.yaml:1 HTTPRoute/default/x : is already defined in a.yaml:2; the one in b.yaml:1 is not used',
    ]);
    unlinkSync(world.path('a.yaml'));
    await world.until(() => world.value('x') === 'b', 'the second to take over');
    assert.deepEqual(world.problemLines(), []);
    assert.equal(world.generation('x'), 2);
    assert.deepEqual(world.batches.flatMap(({ deleted }) => deleted), []);
  });

  test('or twice in one file is the first one', async (t) => {
    const world = await started(t, { 'a.yaml': `${route('x')}---\n${route('x')}---\n${route('x', 3)}` });
    assert.equal(world.value('x'), 1);
    assert.equal(world.problemLines().length, 2);
    world.replace('a.yaml', `${route('x', 3)}---\n${route('x')}`);
    await world.until(() => world.value('x') === 3, 'the new first one');
    assert.deepEqual(world.problemLines(), [
      'a.yaml:8 HTTPRoute/default/x : is already defined in a.yaml:1; the one in a.yaml:8 is not used',
    ]);
  });
});

describe('control', () => {
  test('reload reads files that look unchanged, and tells nothing when they are', async (t) => {
    const world = await started(t, { 'a.yaml': route('a') });
    await world.source.reload();
    assert.equal(world.batches.length, 1);
  });

  test('stop ends all watching', async (t) => {
    const world = await started(t, { 'a.yaml': route('a') });
    world.source.stop();
    world.replace('a.yaml', route('a', 2));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert.equal(world.batches.length, 1);
  });

  test('without watches, files are polled and the log says which sysctl helps', async (t) => {
    const warnings: string[] = [];
    const log: Log = { debug() {}, info() {}, error() {}, warn: (_, message) => void warnings.push(message) };
    const world = new World(t, (w) => {
      w.write('a.yaml', route('a'));
      return {
        log,
        watch: () => {
          throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' });
        },
      };
    });
    await world.source.start();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /fs\.inotify\.max_user_watches/);
    world.write('a.yaml', route('a', 2));
    await world.until(() => world.value('a') === 2, 'the change');
    unlinkSync(world.path('a.yaml'));
    await world.until(() => world.names().length === 0, 'the deletion');
  });
});
