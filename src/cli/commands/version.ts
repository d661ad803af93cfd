import { Command } from 'commander';
import { apiVersions, moongateVersion } from '../../app/versions.ts';
import { outputOption } from '../options.ts';
import { print, printData, type DataFormat } from '../output.ts';

const examples = `
Example:
  moongate version -o json`;

export function versionCommand(): Command {
  return new Command('version')
    .description('print the versions of the program, of Envoy and of the APIs')
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addHelpText('after', examples)
    .action(async ({ output }: { output: 'text' | DataFormat }) => {
      const versions = { moongate: moongateVersion(), node: process.version, ...apiVersions };
      if (output !== 'text') return printData(versions, output);
      const width = Math.max(...Object.values(labels).map((label) => label.length));
      for (const [key, label] of Object.entries(labels)) print(`${label.padEnd(width)}   ${versions[key as keyof typeof versions]}`);
    });
}

const labels = {
  moongate: 'moongate',
  node: 'Node',
  envoy: 'Envoy',
  gatewayApi: 'Gateway API',
  envoyGateway: 'Envoy Gateway API',
  inferenceExtension: 'Inference Extension',
  kubernetes: 'Kubernetes API',
} as const;
