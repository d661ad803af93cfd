import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FileProblem } from '../source/files/changes.ts';
import type { Log } from '../util/log.ts';
import { logProblems, PortLog } from './news.ts';

function recorder(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (_fields: object, message: string) => void lines.push(`${level}: ${message}`);
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

describe('news of a file', () => {
  const problem = (message: string, severity: FileProblem['severity'] = 'error'): FileProblem => ({ file: 'a.yaml', line: 1, kind: '', key: '', field: '', severity, message });

  test('problems that are new are told, those that were there are not told again', () => {
    const { log, lines } = recorder();
    logProblems('a.yaml', { before: [problem('old')], after: [problem('old'), problem('new'), problem('odd', 'warning')] }, log);
    assert.deepEqual(lines, ['error: new', 'warn: odd']);
  });

  test('that all of them are gone is told', () => {
    const { log, lines } = recorder();
    logProblems('a.yaml', { before: [problem('old')], after: [] }, log);
    logProblems('a.yaml', { before: [], after: [] }, log);
    assert.deepEqual(lines, ['info: the problems of this file are gone']);
  });
});

describe('news of a port', () => {
  const key = 'default/web/80';
  const note = 'port 80 needs a privilege: listening on port 8080 in its place';

  test('a note is told once, and again when it changes or the port was not wanted meanwhile', () => {
    const { log, lines } = recorder();
    const ports = new PortLog(log);
    for (const state of [note, note, 'another note', 'another note']) ports.update(new Map([[key, { bound: 8080, note: state }]]));
    ports.update(new Map());
    ports.update(new Map([[key, { bound: 8080, note }]]));
    assert.deepEqual(lines, [`warn: ${note}`, 'warn: another note', `warn: ${note}`]);
  });

  test('a port that was taken and is free is told, one that was free all along is not', () => {
    const { log, lines } = recorder();
    const ports = new PortLog(log);
    ports.update(new Map([[key, { error: 'port 80 is taken' }], ['default/web/81', { bound: 81 }]]));
    ports.update(new Map([[key, { error: 'port 80 is taken' }], ['default/web/81', { bound: 81 }]]));
    ports.update(new Map([[key, { bound: 80 }], ['default/web/81', { bound: 81 }]]));
    assert.deepEqual(lines, ['info: the port can be had now: listening on port 80']);
  });
});
