import { Command } from 'commander';
import type { PoolPicks } from '../../admin/picks.ts';
import { ExitCode } from '../errors.ts';
import { adminAddressOption, outputOption, positiveInteger } from '../options.ts';
import { print, printData, type DataFormat } from '../output.ts';

interface PicksOptions {
  readonly limit: number;
  readonly pool?: string;
  readonly output: 'table' | 'wide' | DataFormat;
  readonly admin?: string;
  readonly stateDir?: string;
  readonly name?: string;
}

const examples = `
For each pick: who was there to be picked, with the sum of all scores, and what became of it. "-o wide" shows every score.

Examples:
  moongate picks
  moongate picks --pool default/llama --limit 5 -o wide
  moongate picks -o json`;

export function picksCommand(): Command {
  return new Command('picks')
    .description('show which model servers the last requests to InferencePools were sent to, and why')
    .option('--limit <number>', 'how many of each pool', positiveInteger, 20)
    .option('--pool <namespace/name>', 'only this pool')
    .addOption(outputOption(['table', 'wide', 'json', 'yaml'], 'table'))
    .addOption(adminAddressOption())
    .option('--state-dir <dir>', 'ask the instance that runs on this state directory')
    .option('--name <instance>', 'ask the instance of this name')
    .addHelpText('after', examples)
    .action(async ({ limit, pool, output, ...target }: PicksOptions) => {
      const { adminAddress, fetchAdmin } = await import('../admin-client.ts');
      const query = new URLSearchParams({ limit: String(limit), ...(pool !== undefined && { pool }) });
      const pools = (await fetchAdmin(await adminAddress(target), `/api/v1/picks?${query.toString()}`)) as readonly PoolPicks[];
      if (output === 'json' || output === 'yaml') await printData(pools, output);
      else {
        const { picksText } = await import('../picks/picks-text.ts');
        print(picksText(pools, { wide: output === 'wide' }));
      }
      process.exitCode = ExitCode.Ok;
    });
}
