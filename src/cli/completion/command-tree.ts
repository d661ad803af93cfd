import type { Command, Option } from 'commander';

/** What a shell has to know of a command. */
export interface CommandNode {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  /** Words that may stand as the first argument. */
  readonly words: readonly string[];
}

export interface OptionNode {
  /** `-f`; undefined: it has none. */
  readonly short: string | undefined;
  /** `--file`. */
  readonly long: string;
  readonly description: string;
  /** undefined: it takes no value. */
  readonly value: { readonly name: string; readonly choices: readonly string[]; readonly isPath: boolean } | undefined;
}

/** The commands below a program, and its own options as those of a command named ''. */
export function commandNodes(program: Command): CommandNode[] {
  const helpers = program.createHelp();
  const nodes = [program, ...program.commands].map((command): CommandNode => {
    return {
      name: command === program ? '' : command.name(),
      description: command.description(),
      options: helpers.visibleOptions(command).map(optionNode),
      words: command.registeredArguments[0]?.argChoices ?? [],
    };
  });
  return nodes;
}

const pathNames: ReadonlySet<string> = new Set(['path', 'dir', 'file|-|off']);

function optionNode(option: Option): OptionNode {
  const name = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  return {
    short: option.short,
    long: option.long ?? '',
    description: option.description,
    value: name === undefined ? undefined : { name, choices: option.argChoices ?? [], isPath: pathNames.has(name) },
  };
}
