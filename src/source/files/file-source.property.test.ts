import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { silentLog } from '../../util/log.ts';
import type { FileChanges } from './changes.ts';
import { FileSource } from './file-source.ts';
import { decodeLoosely, route, World } from './testing.ts';

/** Paths of which some are directories above others, some are hidden and some are not read. */
const files = ['a.yaml', 'b.yml', 'x/a.yaml', 'x/c.json', 'x/y/d.yaml', 'z/e.yaml', '.h.yaml', 'x/notes'];
const directories = ['x', 'x/y', 'z', '.hidden'];

/** None is empty: a file that is emptied keeps its objects, which a source that begins later has never seen. */
const text = fc.oneof(
  { weight: 5, arbitrary: fc.array(fc.tuple(fc.constantFrom('r1', 'r2', 'r3', 'r4'), fc.nat(3)), { minLength: 1, maxLength: 3 }).map((routes) => routes.map(([name, value]) => route(name, value)).join('---\n')) },
  { weight: 1, arbitrary: fc.constantFrom('# nothing\n', route('r1').replace('value', 'invalid')) },
);

/** Something that happens in a directory. Each may fail, as it would for anybody. */
const action = fc.oneof(
  fc.record({ do: fc.constant('write' as const), path: fc.constantFrom(...files), text }),
  fc.record({ do: fc.constant('replace' as const), path: fc.constantFrom(...files), text }),
  fc.record({ do: fc.constant('append' as const), path: fc.constantFrom(...files), text }),
  fc.record({ do: fc.constant('remove' as const), path: fc.constantFrom(...files, ...directories) }),
  fc.record({ do: fc.constant('make' as const), path: fc.constantFrom(...directories) }),
  fc.record({ do: fc.constant('move' as const), path: fc.constantFrom(...files, ...directories), to: fc.constantFrom(...files, ...directories) }),
  fc.record({ do: fc.constant('link' as const), path: fc.constantFrom(...files), to: fc.constantFrom('a.yaml', 'b.yml', '.h.yaml') }),
  fc.record({ do: fc.constant('link' as const), path: fc.constantFrom(...directories), to: fc.constantFrom(...directories) }),
  fc.record({ do: fc.constant('breathe' as const) }),
);

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function perform(world: World, step: Exclude<Action, { do: 'breathe' }>): void {
  const path = world.path(step.path);
  switch (step.do) {
    case 'write':
      return writeFileSync(path, step.text);
    case 'append':
      return appendFileSync(path, `---\n${step.text}`);
    case 'replace':
      writeFileSync(`${path}.next`, step.text);
      return renameSync(`${path}.next`, path);
    case 'remove':
      return rmSync(path, { recursive: true });
    case 'make':
      return void mkdirSync(path, { recursive: true });
    case 'move':
      return renameSync(path, world.path(step.to));
    case 'link':
      return symlinkSync(world.path(step.to), path);
  }
}

/** What a source that begins now finds: objects, and problems without the last good versions that it does not have. */
async function fromScratch(directory: string): Promise<FileChanges | undefined> {
  let found: FileChanges | undefined;
  const source = new FileSource({ paths: [directory], decode: decodeLoosely, log: silentLog, onChange: (changes) => (found = changes) });
  await source.start();
  source.stop();
  return found;
}

function objectsOf(changes: FileChanges | undefined): unknown {
  const resources = (changes?.set ?? []).map((resource) => [`${resource.kind}/${resource.key}`, resource.object, resource.origin] as const);
  return resources.sort(([a], [b]) => (a < b ? -1 : 1));
}

function problemsOf(changes: FileChanges | undefined): unknown {
  return Object.fromEntries([...(changes?.problems ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const hasBroken = (steps: readonly Action[]): boolean => steps.some((step) => 'text' in step && step.text.includes('invalid'));

test('after any series of changes all is as if it were read for the first time', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 25 }), async (steps) => {
      const world = new World(t, (w) => {
        for (const path of ['x/y', 'z']) mkdirSync(w.path(path), { recursive: true });
        return { confirmMs: 100 };
      });
      await world.source.start();
      for (const step of steps) {
        if (step.do === 'breathe') {
          await new Promise(setImmediate);
          continue;
        }
        try {
          perform(world, step);
        } catch {
          continue;
        }
      }
      const expected = await fromScratch(world.directory);
      const now = (): FileChanges => ({ set: [...world.objects.values()], deleted: [], problems: world.problems, ignoredKinds: [] });
      // A last good version may live on where a new source has nothing.
      const view = (changes: FileChanges | undefined): string => JSON.stringify(hasBroken(steps) ? problemsOf(changes) : [objectsOf(changes), problemsOf(changes)]);
      await world.until(() => view(now()) === view(expected), `what is there now:\n${view(expected)}\ninstead of\n${view(now())}\n`);
      assert.equal(view(now()), view(expected));
      world.source.stop();
      rmSync(world.directory, { recursive: true });
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

