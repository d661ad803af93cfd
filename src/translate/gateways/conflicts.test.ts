import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { conflicts, type ListenerGroup } from './conflicts.ts';
import type { ListenerState } from './state.ts';
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

/** Why two listeners of a port cannot be told apart; undefined: they can. */
function rivalry(a: ListenerState, b: ListenerState): string | undefined {
  const by = ({ protocol }: ListenerState) => (protocol === 'HTTPS' || protocol === 'TLS' ? 'server names' : protocol);
  if (a.port !== b.port || a.transport !== b.transport) return undefined;
  if (by(a) !== by(b) || a.protocol === 'TCP' || a.protocol === 'UDP') return 'ProtocolConflict';
  return a.hostname === b.hostname ? 'HostnameConflict' : undefined;
}

/** The rules of conflicts, read naively: each listener against all that are served before it, then against all that are left of its object. */
function naively(groups: readonly ListenerGroup[]): Map<string, string> {
  const reasons = new Map<string, string>();
  const judge = (listeners: readonly ListenerState[], others: readonly ListenerState[]): ListenerState[] =>
    listeners.filter((listener) => {
      const reason = others.map((other) => (other === listener ? undefined : rivalry(listener, other))).find((one) => one !== undefined);
      if (reason !== undefined) reasons.set(listener.key, reason);
      return reason === undefined;
    });
  const served: ListenerState[] = [];
  for (const { listeners } of groups) {
    const own = judge(listeners, [...served]);
    served.push(...judge(own, own));
  }
  return reasons;
}

const claim = fc.record({
  port: fc.constantFrom(80, 443),
  protocol: fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'),
  hostname: fc.constantFrom('*', '*.a.com', 'a.com', 'b.com'),
});

test('conflicts are those of the specification, read naively', () => {
  fc.assert(
    fc.property(fc.array(fc.array(claim, { maxLength: 5 }), { maxLength: 5 }), (objects) => {
      const groups = objects.map((claims, object): ListenerGroup => ({
        label: `g${object}`,
        listeners: claims.map((one, i) => listenerState(`default/g${object}/l${i}`, { ...one, transport: one.protocol === 'UDP' ? 'UDP' : 'TCP' })),
      }));
      assert.deepEqual(new Map([...conflicts(groups)].map(([key, { reason }]) => [key, reason])), naively(groups));
    }),
    { numRuns: 2000 },
  );
});
