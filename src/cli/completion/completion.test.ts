import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { buildProgram } from '../program.ts';
import { bashCompletion } from './bash.ts';
import { commandNodes } from './command-tree.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

const nodes = commandNodes(buildProgram());

/** What bash offers for a line that is typed so far. */
function offered(...words: readonly string[]): string[] {
  const script = `${bashCompletion(nodes)}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_moongate\nprintf '%s\\n' "\${COMPREPLY[@]}"\n`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'moongate', ...words], { encoding: 'utf8' });
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash', () => {
  test('accepts the script', () => {
    const { stderr, status } = spawnSync('bash', ['-n'], { input: bashCompletion(nodes), encoding: 'utf8' });
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  });

  test('offers commands first', () => assert.deepEqual(offered('st'), ['status']));
  test('offers options of the command', () => assert.deepEqual(offered('run', '-f', 'x', '--log-'), ['--log-level', '--log-format']));
  test('offers the choices of an option', () => assert.deepEqual(offered('translate', '--to', ''), ['xds', 'ir', 'conditions']));
  test('offers the words of an argument', () => assert.deepEqual(offered('status', 'gat'), ['gatewayclasses', 'gateways']));
  test('leaves paths to bash', () => assert.deepEqual(offered('validate', '-f', 's'), []));
});

test('every command and option is in every script', () => {
  for (const script of [bashCompletion(nodes), zshCompletion(nodes), fishCompletion(nodes)]) {
    for (const { name, options } of nodes) {
      assert.ok(script.includes(name), name);
      for (const { long } of options) assert.ok(script.includes(long.slice(2)), `${name} ${long}`);
    }
  }
  assert.ok(nodes.length > 8);
});

test('quotes in descriptions do not end the words of zsh and fish', () => {
  const description = "the user's [own] a:b";
  const node = { name: 'x', description, words: [], options: [{ short: '-a', long: '--all', description, value: { name: 'b', choices: ['c'], isPath: false } }] };
  assert.ok(zshCompletion([node]).includes(String.raw`'*--all[the user'\''s \[own\] a\:b]:b:(c)'`));
  assert.ok(fishCompletion([node]).includes(String.raw`-s a -l all -x -a 'c' -d 'the user\'s [own] a:b'`));
});
