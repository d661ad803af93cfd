import type { CommandNode, OptionNode } from './command-tree.ts';

/** A completion script for fish. */
export function fishCompletion(nodes: readonly CommandNode[]): string {
  const lines = nodes.flatMap(({ name, description, options, words }) => {
    const here = name === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${name}`;
    return [
      ...(name === '' ? [] : [`complete -c moongate -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`]),
      ...(words.length === 0 ? [] : [`complete -c moongate -n '${here}' -f -a ${quoted(words.join(' '))}`]),
      ...options.map((option) => `complete -c moongate -n '${here}' ${optionFlags(option)}`),
    ];
  });
  return `# fish completion for moongate\n${lines.join('\n')}\n`;
}

function optionFlags({ short, long, description, value }: OptionNode): string {
  const names = [...(short === undefined ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`].join(' ');
  const values = value === undefined ? '-f' : value.choices.length > 0 ? `-x -a ${quoted(value.choices.join(' '))}` : value.isPath ? '-r -F' : '-x';
  return `${names} ${values} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
