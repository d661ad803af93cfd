import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatewayStatus, pendingGatewayStatus, type GatewayFacts, type GatewayStatus } from './gateway-status.ts';
import type { GatewayState, ListenerState } from '../gateways/state.ts';
import type { ProxyState } from '../inputs.ts';
import { gatewayState, listenerState } from '../testing.ts';
import type { Condition } from '../../api/conditions.ts';

const running: ProxyState = { ready: true, message: '', addresses: [{ type: 'IPAddress', value: '10.0.0.1' }] };

const secretFault = { reason: 'InvalidCertificateRef', message: 'Secret a/b does not exist' };
const conflict = { reason: 'HostnameConflict', message: 'Listener "b" has it too' };
const unsupported = { reason: 'UnsupportedProtocol', message: 'protocol: X is not supported' };
const taken = { reason: 'PortUnavailable', message: 'port 80 is taken' };

function listener(rest: Partial<ListenerState> = {}): ListenerState {
  return listenerState('default/web/http', rest);
}

const sound = listener({ name: 'sound' });

function status(listeners: readonly ListenerState[], rest: Partial<GatewayState> = {}, facts: Partial<GatewayFacts> = {}): GatewayStatus {
  const state = gatewayState('default/web', { generation: 7, listeners, ...rest });
  return gatewayStatus(state, { proxy: running, rejection: undefined, attachedRoutes: () => 3, ...facts });
}

function short(conditions: readonly Condition[]): string {
  return conditions.map(({ type, status: value, reason }) => `${type}=${value}/${reason}`).join(' ');
}

const inCluster = { type: 'IPAddress', value: '10.96.0.1', routability: 'Cluster' } as const;

const gateways: readonly [sentence: string, given: Parameters<typeof status>, expected: string][] = [
  ['all is well', [[sound]], 'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs'],
  ['some listeners are not valid', [[sound, listener({ acceptedFault: unsupported, serving: false })]], 'Accepted=True/ListenersNotValid Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs'],
  ['no listener is valid', [[listener({ conflict, serving: false })]], 'Accepted=False/ListenersNotValid Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs'],
  ['a port that is taken is no valid listener', [[listener({ portFault: taken, serving: false })]], 'Accepted=False/ListenersNotValid Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs'],
  [
    'listeners without their certificates are accepted, and nothing is programmed',
    [[listener({ refsFault: secretFault, serving: false })]],
    'Accepted=True/Accepted Programmed=False/Invalid ResolvedRefs=False/ListenersNotResolved',
  ],
  [
    'a listener without all of its certificates is served',
    [[listener({ refsFault: secretFault })]],
    'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=False/ListenersNotResolved',
  ],
  [
    'the Gateway itself is not valid',
    [[sound], { fault: { reason: 'UnsupportedAddress', message: 'no' } }],
    'Accepted=False/UnsupportedAddress Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs',
  ],
  [
    'an address that is asked for leads nowhere',
    [[sound], {}, { proxy: { ...running, unusable: ['10.0.0.9'] } }],
    'Accepted=True/Accepted Programmed=False/AddressNotUsable ResolvedRefs=True/ResolvedRefs',
  ],
  [
    'the settings of the proxies ask for what cannot be',
    [[sound], {}, { proxy: { ...running, parametersFault: 'EnvoyProxy: spec.bootstrap: no' } }],
    'Accepted=False/InvalidParameters Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs',
  ],
  ['no proxy runs yet', [[sound], {}, { proxy: undefined }], 'Accepted=True/Accepted Programmed=False/Pending ResolvedRefs=True/ResolvedRefs'],
  ['the proxy is not ready', [[sound], {}, { proxy: { ...running, ready: false, message: 'starting' } }], 'Accepted=True/Accepted Programmed=False/NoResources ResolvedRefs=True/ResolvedRefs'],
  ['there is no address yet', [[sound], {}, { proxy: { ...running, addresses: [] } }], 'Accepted=True/Accepted Programmed=False/AddressNotAssigned ResolvedRefs=True/ResolvedRefs'],
  [
    'an address in the cluster does not do for one elsewhere',
    [[sound], { clusterAddresses: { requested: [], only: false } }, { proxy: { ...running, addresses: [inCluster] } }],
    'Accepted=True/Accepted Programmed=False/AddressNotAssigned ResolvedRefs=True/ResolvedRefs',
  ],
  [
    'where no other is wanted it does',
    [[sound], { clusterAddresses: { requested: [], only: true } }, { proxy: { ...running, addresses: [inCluster] } }],
    'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs',
  ],
  ['Envoy refused the listeners', [[sound], {}, { rejection: 'no' }], 'Accepted=True/Accepted Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs'],
];

describe('a Gateway', () => {
  for (const [sentence, given, expected] of gateways) {
    test(sentence, () => {
      const { conditions } = status(...given);
      assert.equal(short(conditions), expected);
      assert.deepEqual(new Set(conditions.map(({ observedGeneration }) => observedGeneration)), new Set([7]));
      assert.ok(conditions.every(({ message }) => message !== ''), 'every condition has a message');
    });
  }

  test('has the addresses of its proxy and the number of its routes', () => {
    const { addresses, listeners } = status([sound]);
    assert.deepEqual(addresses, running.addresses);
    assert.deepEqual(listeners.map(({ name, attachedRoutes }) => [name, attachedRoutes]), [['sound', 3]]);
  });

  test('names the listeners that are not valid', () => {
    const { conditions } = status([sound, listener({ conflict, serving: false })]);
    assert.equal(conditions[0]?.message, 'Listeners not valid: "http"');
  });

  test('is pending while nobody can say anything of it', () => {
    assert.equal(short(pendingGatewayStatus(1, 'why').conditions), 'Accepted=Unknown/Pending Programmed=Unknown/Pending');
  });
});

const overlap = { reason: 'OverlappingHostnames', message: 'Listener "b" is for some of the same hosts' };

const listeners: readonly [sentence: string, given: Parameters<typeof status>, expected: string][] = [
  ['all is well', [[listener()]], 'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts'],
  [
    'its protocol is not supported',
    [[listener({ acceptedFault: unsupported, serving: false }), sound]],
    'Accepted=False/UnsupportedProtocol Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts',
  ],
  [
    'it is in conflict with another',
    [[listener({ conflict, serving: false }), sound]],
    'Accepted=False/HostnameConflict Programmed=False/HostnameConflict ResolvedRefs=True/ResolvedRefs Conflicted=True/HostnameConflict',
  ],
  [
    'its port is taken',
    [[listener({ portFault: taken, serving: false }), sound]],
    'Accepted=False/PortUnavailable Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts',
  ],
  [
    'it has no certificate',
    [[listener({ refsFault: secretFault, serving: false })]],
    'Accepted=True/Accepted Programmed=False/Invalid ResolvedRefs=False/InvalidCertificateRef Conflicted=False/NoConflicts',
  ],
  [
    'it has one certificate of two',
    [[listener({ refsFault: secretFault })]],
    'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=False/InvalidCertificateRef Conflicted=False/NoConflicts',
  ],
  [
    'its Gateway waits for a proxy',
    [[listener()], {}, { proxy: undefined }],
    'Accepted=True/Accepted Programmed=False/Pending ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts',
  ],
  [
    'its Gateway is not valid',
    [[listener()], { fault: { reason: 'UnsupportedAddress', message: 'no' } }],
    'Accepted=True/Accepted Programmed=False/Invalid ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts',
  ],
  [
    'its hosts overlap with those of another: a condition that is only there when it is true',
    [[listener({ overlap })]],
    'Accepted=True/Accepted Programmed=True/Programmed ResolvedRefs=True/ResolvedRefs Conflicted=False/NoConflicts OverlappingTLSConfig=True/OverlappingHostnames',
  ],
];

describe('a listener', () => {
  for (const [sentence, given, expected] of listeners) {
    test(sentence, () => assert.equal(short(status(...given).listeners[0]?.conditions ?? []), expected));
  }
});
