import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { kindNamed, type KindName } from '../../src/api/kinds.ts';
import { checkFiles } from '../../src/app/check-files.ts';
import { SERVICE } from '../../src/app/served-kinds.ts';
import { xdsView } from '../../src/app/views.ts';
import { leftOut } from '../conformance/offline/left-out.ts';
import { manifestsIn, surroundingsOf } from '../conformance/offline/surroundings.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/gateway-api.md'), 'utf8');
const examples = [...page.matchAll(/^## (.+)\n[^#]*?```yaml\n([^`]+)```/gm)].map(([, title = '', yaml = '']) => ({ title, yaml }));
const folder = mkdtempSync(join(tmpdir(), 'moongate-page-'));
after(() => rmSync(folder, { recursive: true }));

test('the table of docs/gateway-api.md names the kinds that are served, and no others', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `') || line.startsWith('| ['));
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, kind]) => kind ?? '')).sort();
  const served = Object.entries(SERVICE).filter(([, service]) => service !== 'unserved' && service !== 'elsewhere').map(([kind]) => kindNamed(kind as KindName).objectKind);
  // Kinds of several groups that share a name are one row.
  assert.deepEqual(named, [...new Set(served)].sort());
});

test('every section has an example', () => {
  assert.deepEqual(examples.map(({ title }) => title), [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title));
});

for (const { title, yaml } of examples) {
  test(`the example of "${title}" is valid, accepted by its Gateway, and served`, async () => {
    const own = manifestsIn(yaml);
    const missing = leftOut(own);
    const [file, beside] = [join(folder, `${title}.yaml`), join(folder, `${title}.json`)];
    writeFileSync(file, yaml);
    writeFileSync(beside, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...missing, ...surroundingsOf([...own, ...missing])] }));
    const { plane, problems } = await checkFiles([file, beside]);
    assert.deepEqual(problems, []);
    const proxies = Object.values(xdsView(plane));
    assert.equal(proxies.length, 1);
    const clusters = Object.keys(proxies[0]?.['CDS'] ?? {});
    assert.equal(clusters.length, missing.filter((object) => (object as { readonly kind: string }).kind === 'Service').length, clusters.join(', '));
  });
}
