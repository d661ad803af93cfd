import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TlsParameters } from '../../src/ir/backend-tls.ts';
import { ciphers, curves, signatureAlgorithms } from '../../src/translate/tls/tls-names.ts';
import { listener } from '../support/ir-values.ts';
import { startTestGateway } from './support/gateway.ts';
import type { TestGateway } from './support/gateway.ts';

/** The names that translation lets through are those that a real Envoy takes. */

let gateway: TestGateway;

before(async () => {
  gateway = await startTestGateway();
  await gateway.table({ key: 'e2e/gw/80', proxy: 'e2e/gw', port: 80, scheme: 'http', misdirected: [] });
  // Envoy is there, and says what it thinks of a cluster, once it has a listener.
  await gateway.listen(listener('e2e/gw/80', 80));
});

after(() => gateway.close());

const put = (key: string, parameters: TlsParameters) =>
  gateway.backend({ key, tls: { trustBundle: undefined, serverName: { type: 'host' }, subjects: [], parameters } }, []);

const lists: readonly [field: 'ciphers' | 'curves' | 'signatureAlgorithms', names: ReadonlySet<string>][] = [
  ['ciphers', ciphers],
  ['curves', curves],
  ['signatureAlgorithms', signatureAlgorithms],
];

for (const [field, names] of lists) {
  test(`Envoy knows all ${field}, and refuses others`, async () => {
    for (const name of names) await put(`${field}-${name}`, { [field]: [name] });
    await assert.rejects(put(`${field}-other`, { [field]: ['OTHER'] }), /OTHER/);
  });
}

test('Envoy takes ciphers of which the server may choose', () => put('group', { ciphers: ['[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]', 'AES128-SHA'] }));
