import { Command } from 'commander';
import { completionCommand } from './commands/completion.ts';
import { controllerCommand } from './commands/controller.ts';
import { crdsCommand } from './commands/crds.ts';
import { eppCommand } from './commands/epp.ts';
import { explainCommand } from './commands/explain.ts';
import { picksCommand } from './commands/picks.ts';
import { runCommand } from './commands/run.ts';
import { shutdownManagerCommand } from './commands/shutdown-manager.ts';
import { statusCommand } from './commands/status.ts';
import { translateCommand } from './commands/translate.ts';
import { validateCommand } from './commands/validate.ts';
import { versionCommand } from './commands/version.ts';
import { moongateVersion } from '../app/versions.ts';

const examples = `
Examples:
  moongate run -f ./gateway                          serve the resources below a directory
  moongate status                                    what runs, and what is wrong
  moongate explain GET http://www.example.com/get    who answers a request, and why
  moongate validate -f ./gateway                     check files, for CI

Exit status: 0 all is well, 1 problems were found, 2 the command line is wrong.`;

/**
 * The tree of commands. What a command does is loaded when it runs, so that help and completion are there at once.
 * Errors come as exceptions.
 */
export function buildProgram(): Command {
  const program = new Command('moongate')
    .description('API gateway and LLM inference gateway: the Kubernetes Gateway API, served by Envoy.')
    .version(moongateVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help about a command')
    .addHelpText('after', examples);
  for (const command of [
    runCommand(),
    controllerCommand(),
    eppCommand(),
    statusCommand(),
    explainCommand(),
    picksCommand(),
    validateCommand(),
    translateCommand(),
    crdsCommand(),
    versionCommand(),
    completionCommand(buildProgram),
  ]) {
    program.addCommand(command.helpOption('-h, --help', 'print help'));
  }
  // For Pods, not for people.
  program.addCommand(shutdownManagerCommand().helpOption('-h, --help', 'print help'), { hidden: true });
  for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError(`(see: ${nameOf(command)} --help)`);
  return program;
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}
