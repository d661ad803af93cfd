import type { CommandNode, OptionNode } from './command-tree.ts';

/** A completion script for zsh: to be sourced after compinit, or put as `_moongate` on the fpath. */
export function zshCompletion(nodes: readonly CommandNode[]): string {
  const commands = nodes.filter(({ name }) => name !== '');
  return `#compdef moongate
_moongate() {
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${escaped(description, ':')}`)}\n`).join('')}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments ${(nodes.find(({ name }) => name === '')?.options ?? []).flatMap(optionSpecs).join(' ')}
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join('')}  esac
}
if [ "$funcstack[1]" = _moongate ]; then _moongate "$@"; else compdef _moongate moongate; fi
`;
}

function commandCase({ name, options, words }: CommandNode): string {
  const first = words.length === 0 ? [] : [quoted(`1:word:(${words.join(' ')})`)];
  return `    ${name}) _arguments ${[...options.flatMap(optionSpecs), ...first].join(' ')} ;;\n`;
}

/** `*-f[description]:name:_files`, for each spelling. */
function optionSpecs({ short, long, description, value }: OptionNode): string[] {
  const action = value === undefined ? '' : `:${escaped(value.name, ':')}:${value.choices.length > 0 ? `(${value.choices.join(' ')})` : value.isPath ? '_files' : ' '}`;
  return [short, long].filter((flag) => flag !== undefined).map((flag) => quoted(`*${flag}[${escaped(description, ':', '[', ']')}]${action}`));
}

function escaped(text: string, ...chars: readonly string[]): string {
  return chars.reduce((done, char) => done.replaceAll(char, `\\${char}`), text);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
