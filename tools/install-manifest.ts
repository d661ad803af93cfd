// Renders the plain manifest of an installation from the chart, for people without Helm:
//   node tools/install-manifest.ts [--helm PATH] [--namespace NAME] [--output FILE] [-- ARGUMENTS OF HELM]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { installManifest } from './charts/install-manifest.ts';

const { values, positionals } = parseArgs({
  options: {
    helm: { type: 'string', default: 'helm' },
    namespace: { type: 'string', default: 'envoy-gateway-system' },
    output: { type: 'string', default: join(import.meta.dirname, '../dist/install.yaml') },
  },
  allowPositionals: true,
});

const manifest = installManifest({ helm: values.helm, namespace: values.namespace, args: positionals });
mkdirSync(dirname(values.output), { recursive: true });
writeFileSync(values.output, manifest);
console.log(`${values.output}: ${manifest.match(/^kind: /gm)?.length ?? 0} objects for namespace ${values.namespace}, ${(manifest.length / 1024).toFixed(0)} KiB`);
