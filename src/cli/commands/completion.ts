import { Argument, Command } from 'commander';
import { print } from '../output.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

const examples = `
Examples:
  source <(moongate completion bash)                                   in ~/.bashrc
  source <(moongate completion zsh)                                    in ~/.zshrc, after compinit
  moongate completion fish > ~/.config/fish/completions/moongate.fish`;

/** `program` makes the tree of commands that the script is about. */
export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', examples)
    .action(async (shell: (typeof shells)[number]) => {
      const { commandNodes } = await import('../completion/command-tree.ts');
      const nodes = commandNodes(program());
      switch (shell) {
        case 'bash':
          return print((await import('../completion/bash.ts')).bashCompletion(nodes));
        case 'zsh':
          return print((await import('../completion/zsh.ts')).zshCompletion(nodes));
        case 'fish':
          return print((await import('../completion/fish.ts')).fishCompletion(nodes));
      }
    });
}
