// Writes standard-channel.json: how the CRDs of Gateway API's standard channel differ from those in definitions/, which are of
// the experimental one. Needs Go. To be run after each refresh of definitions/:
//   node tools/charts/standard-channel.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCrds } from '../definitions/crd.ts';
import { moduleFolder } from '../definitions/go.ts';
import { GATEWAY_API } from '../definitions/versions.ts';
import { patchBetween } from './json-patch.ts';

const DEFINITIONS = join(import.meta.dirname, '../../definitions/crds');

const crds = readCrds(join(moduleFolder(GATEWAY_API), 'config/crd/standard')).map(({ metadata, ...rest }) => {
  const experimental: unknown = JSON.parse(readFileSync(join(DEFINITIONS, `${metadata.name}.json`), 'utf8'));
  const steps = patchBetween(experimental, { ...rest, metadata });
  return `  ${JSON.stringify(metadata.name)}: [\n${steps.map((step) => `   ${JSON.stringify(step)}`).join(',\n')}\n  ]`;
});
const text = `{\n "version": ${JSON.stringify(GATEWAY_API.version)},\n "crds": {\n${crds.join(',\n')}\n }\n}\n`;
writeFileSync(join(import.meta.dirname, 'standard-channel.json'), text);
console.log(`${GATEWAY_API.path}@${GATEWAY_API.version}: ${crds.length} CRDs of the standard channel`);
