import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conflicts, conflictsBetween, type ListenerGroup } from './conflicts.ts';
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

for (const [sentence, listeners, reasons] of table) {
  test(sentence, () => {
    const found = conflicts(listeners.map(([name, port, protocol, hostname]) => ({ name, port, transport: protocol === 'UDP' ? 'UDP' : 'TCP', protocol, hostname })));
    assert.deepEqual(Object.fromEntries([...found].map(([name, { reason }]) => [name, reason])), reasons);
  });
}

test('the message names the other listener', () => {
  const found = conflicts([
    { name: 'a', port: 80, transport: 'TCP', protocol: 'HTTP', hostname: '*' },
    { name: 'b', port: 80, transport: 'TCP', protocol: 'HTTP', hostname: '*' },
  ]);
  assert.equal(found.get('a')?.message, 'Listener "b" on port 80 has no hostname too');
});

/** What is said of conflicts between objects, read naively: whoever comes later and cannot be told apart from one that is served is out. */
function naively(groups: readonly ListenerGroup[]): Map<string, string> {
  const reasons = new Map<string, string>();
  const served: ListenerState[] = [];
  const wants = ({ protocol }: ListenerState) => (protocol === 'HTTPS' || protocol === 'TLS' ? 'server names' : protocol);
  for (const { listeners } of groups) {
    const taken = [...served];
    for (const listener of listeners.filter(({ conflict }) => conflict === undefined)) {
      const onPort = taken.filter((other) => other.port === listener.port && other.transport === listener.transport);
      const alone = listener.protocol === 'TCP' || listener.protocol === 'UDP';
      if (onPort.some((other) => alone || wants(other) !== wants(listener))) reasons.set(listener.key, 'ProtocolConflict');
      else if (onPort.some((other) => other.hostname === listener.hostname)) reasons.set(listener.key, 'HostnameConflict');
      else served.push(listener);
    }
  }
  return reasons;
}

const claim = fc.record({
  port: fc.constantFrom(80, 443),
  protocol: fc.constantFrom('HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'),
  hostname: fc.constantFrom('*', '*.a.com', 'a.com', 'b.com'),
});

test('conflicts between objects are those of the specification, read naively', () => {
  fc.assert(
    fc.property(fc.array(fc.array(claim, { maxLength: 5 }), { maxLength: 5 }), (objects) => {
      const groups = objects.map((claims, object): ListenerGroup => {
        const listeners = claims.map((one, i) => listenerState(`default/g${object}/l${i}`, { ...one, transport: one.protocol === 'UDP' ? 'UDP' : 'TCP' }));
        const own = conflicts(listeners);
        return { label: `g${object}`, listeners: listeners.map((listener) => ({ ...listener, conflict: own.get(listener.name) })) };
      });
      const found = [...conflictsBetween(groups)].map(([key, { reason }]) => [key, reason] as const);
      assert.deepEqual(new Map(found), naively(groups));
    }),
    { numRuns: 2000 },
  );
});
