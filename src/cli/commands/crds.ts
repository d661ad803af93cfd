import { Command } from 'commander';
import { print } from '../output.ts';

const examples = `
Example:
  moongate crds | kubectl apply --server-side -f -`;

export function crdsCommand(): Command {
  return new Command('crds')
    .description('print the CustomResourceDefinitions of all kinds, as YAML')
    .addHelpText('after', examples)
    .action(async () => {
      const { crdsYaml } = await import('../../api/crds.ts');
      print(crdsYaml());
    });
}
