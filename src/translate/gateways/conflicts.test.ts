import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conflicts, type ListenerGroup } from './conflicts.ts';
import { listenerState } from '../testing.ts';

type Listener = [name: string, port: number, protocol: string, hostname: string];

const table: readonly [sentence: string, listeners: readonly Listener[], reasons: Readonly<Record<string, string>>][] = [
  ['one listener has nobody to conflict with', [['a', 80, 'HTTP', '*']], {}],
  ['hostnames tell listeners of a port apart', [['a', 80, 'HTTP', 'a.com'], ['b', 80, 'HTTP', 'b.com'], ['c', 80, 'HTTP', '*']], {}],
  ['a wildcard and a host that it covers are two hostnames', [['a', 443, 'HTTPS', '*.a.com'], ['b', 443, 'HTTPS', 'b.a.com']], {}],
  ['ports tell listeners apart', [['a', 80, 'HTTP', '*'], ['b', 8080, 'HTTP', '*'], ['c', 443, 'HTTPS', '*']], {}],
  [
    'listeners with the same port and hostname are both out, the others are not',
    [['a', 80, 'HTTP', 'a.com'], ['b', 80, 'HTTP', 'a.com'], ['c', 80, 'HTTP', 'c.com']],
    { a: 'HostnameConflict', b: 'HostnameConflict' },
  ],
  [
    'no hostname is a hostname too',
    [['a', 80, 'HTTP', '*'], ['b', 80, 'HTTP', '*']],
    { a: 'HostnameConflict', b: 'HostnameConflict' },
  ],
  ['HTTPS and TLS share a port, told apart by server name', [['a', 443, 'HTTPS', 'a.com'], ['b', 443, 'TLS', 'b.com']], {}],
  ['but not a hostname', [['a', 443, 'HTTPS', 'a.com'], ['b', 443, 'TLS', 'a.com']], { a: 'HostnameConflict', b: 'HostnameConflict' }],
  ['UDP has port numbers of its own', [['a', 53, 'TCP', '*'], ['b', 53, 'UDP', '*']], {}],
  ['TCP has its port for itself', [['a', 80, 'TCP', '*'], ['b', 80, 'HTTP', 'b.com']], { a: 'ProtocolConflict', b: 'ProtocolConflict' }],
  [
    'two protocols cannot share a port, whatever the hostnames',
    [['a', 80, 'HTTP', 'a.com'], ['b', 80, 'HTTPS', 'b.com']],
    { a: 'ProtocolConflict', b: 'ProtocolConflict' },
  ],
  [
    'one listener of another protocol takes all listeners of the port with it',
    [['a', 80, 'HTTP', 'a.com'], ['b', 80, 'HTTP', 'b.com'], ['c', 80, 'HTTPS', 'c.com']],
    { a: 'ProtocolConflict', b: 'ProtocolConflict', c: 'ProtocolConflict' },
  ],
];

function group(label: string, listeners: readonly Listener[]): ListenerGroup {
  return {
    label,
    listeners: listeners.map(([name, port, protocol, hostname]) => listenerState(`default/${label}/${name}`, { port, transport: protocol === 'UDP' ? 'UDP' : 'TCP', protocol, hostname })),
  };
}

/** `GROUP/LISTENER: reason`. */
function found(...groups: readonly ListenerGroup[]): string[] {
  return [...conflicts(groups)].map(([key, { reason }]) => `${key.split('/').slice(2).join('/')}: ${reason}`);
}

for (const [sentence, listeners, reasons] of table) {
  test(sentence, () => assert.deepEqual(found(group('web', listeners)), Object.entries(reasons).map(([name, reason]) => `web/${name}: ${reason}`)));
}

test('the message names the other listener', () => {
  const [fault] = conflicts([group('web', [['a', 80, 'HTTP', '*'], ['b', 80, 'HTTP', '*']])]).values();
  assert.equal(fault?.message, 'Listener "b" on port 80 has no hostname too');
});

describe('of two objects', () => {
  test('the one with precedence keeps the hostname, and the message does not say how its listener is called', () => {
    const groups = [group('first', [['secret', 80, 'HTTP', 'a.com']]), group('second', [['a', 80, 'HTTP', 'a.com'], ['b', 80, 'HTTP', 'b.com']])];
    assert.deepEqual(found(...groups), ['second/a: HostnameConflict']);
    assert.equal([...conflicts(groups).values()][0]?.message, 'A listener of first on port 80 has hostname "a.com" too');
  });

  test('the one with precedence keeps the protocol', () => {
    assert.deepEqual(found(group('first', [['a', 80, 'TCP', '*']]), group('second', [['b', 80, 'HTTP', 'b.com'], ['c', 81, 'HTTP', 'b.com']])), ['second/b: ProtocolConflict']);
  });

  test('what is out because of the first is in nobody\'s way in the second', () => {
    assert.deepEqual(found(group('first', [['a', 80, 'HTTP', 'a.com']]), group('second', [['b', 80, 'HTTP', 'b.com'], ['tcp', 80, 'TCP', '*']])), ['second/tcp: ProtocolConflict']);
  });

  test('what the first cannot decide leaves the place to the second', () => {
    const first = group('first', [['a', 80, 'HTTP', 'a.com'], ['b', 80, 'HTTP', 'a.com']]);
    assert.deepEqual(found(first, group('second', [['c', 80, 'HTTP', 'a.com']])), ['first/a: HostnameConflict', 'first/b: HostnameConflict']);
  });
});
