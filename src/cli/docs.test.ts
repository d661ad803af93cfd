import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildProgram } from './program.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
const help = buildProgram().commands.map((command) => {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
});

/** A command line as a shell takes it apart, quotes only. */
function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** The lines that begin with `moongate`, without what is a remark after them. */
function examples(text: string): string[] {
  return [...text.matchAll(/^ *(moongate [^|>\n]*)/gm)].map(([, line]) => (line ?? '').replace(/ {2,}.*$/, '').trim());
}

test('every example of docs/cli.md and of --help is a command line that makes sense', async () => {
  const lines = [...[...page.matchAll(/```sh\n([^`]*)```/g)].map(([, block]) => block ?? ''), ...help].flatMap(examples);
  assert.ok(lines.length > 30, `only ${lines.length}`);
  for (const line of lines) {
    const program = buildProgram();
    let ran = '';
    for (const command of program.commands) command.action(() => void (ran = command.name()));
    await program.parseAsync(words(line).slice(1), { from: 'user' }).catch((error: unknown) => assert.fail(`${line}: ${String(error)}`));
    assert.equal(ran, words(line)[1], line);
  }
});

test('every command and option is in docs/cli.md', () => {
  const missing = buildProgram().commands.flatMap((command) => [
    ...(page.includes(command.name()) ? [] : [command.name()]),
    ...command.options.filter(({ long }) => !page.includes(long ?? '')).map(({ long }) => `${command.name()} ${long}`),
  ]);
  assert.deepEqual(missing, []);
});
