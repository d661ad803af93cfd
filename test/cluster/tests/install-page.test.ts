import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startCluster } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { imagesFor } from '../install/install.ts';
import { run } from '../tools/run.ts';

const root = join(import.meta.dirname, '../../..');
const blocks = [...readFileSync(join(root, 'docs/install.md'), 'utf8').matchAll(/```sh\n([^`]*)```/g)].map(([, block]) => block ?? '');

/** What a reader has done already: packages are there, and tests that run beside this one use them. */
const done = /^npm ci\n/m;

describe('docs/install.md', () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ images: imagesFor({ install: 'moongate' }) });
  });
  after(async () => {
    await cluster.stop();
  });

  it('has commands to run', () => {
    assert.ok(blocks.length >= 5, `${blocks.length} blocks`);
    assert.ok(blocks.some((block) => done.test(block)));
  });

  for (const [index, block] of blocks.entries()) {
    it(`the commands of block ${index + 1} run: ${block.replace(done, '').split('\n')[0]}`, async () => {
      const script = block.replace(done, '').replaceAll('install.yaml', join(cluster.dir, 'install.yaml'));
      await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: root, env: cluster.env });
    });
  }
});
