import type { CommandNode } from './command-tree.ts';

/** A completion script for bash (3.2 and later). Values without choices are completed as file names, readline's default. */
export function bashCompletion(nodes: readonly CommandNode[]): string {
  const commands = nodes.filter(({ name }) => name !== '');
  return `# bash completion for moongate
_moongate() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${commands.map(({ name }) => name).join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${commands.flatMap(valueCases).join('')}  esac
  case "$command" in
${nodes.map((node) => wordsCase(node, commands)).join('')}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _moongate moongate
`;
}

/** What may follow an option: one of some words, or (nothing offered) a file. */
function valueCases({ name, options }: CommandNode): string[] {
  return options.flatMap(({ short, long, value }) => {
    if (value === undefined) return [];
    const patterns = [short, long].filter((flag) => flag !== undefined).map((flag) => `"${name} ${flag}"`);
    const offer = value.choices.length === 0 ? '' : `COMPREPLY=($(compgen -W "${value.choices.join(' ')}" -- "$cur")); `;
    return [`    ${patterns.join('|')}) ${offer}return ;;\n`];
  });
}

function wordsCase({ name, options, words }: CommandNode, commands: readonly CommandNode[]): string {
  const own = name === '' ? commands.map((command) => command.name) : words;
  const flags = options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined));
  return `    ${name === '' ? "''" : name}) words='${[...own, ...flags].join(' ')}' ;;\n`;
}
