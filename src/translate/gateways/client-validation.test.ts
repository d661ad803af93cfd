import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientValidation, insecureValidation } from './client-validation.ts';
import { decoded } from '../testing.ts';
import type { FrontendTls } from '../../api/types.ts';

function frontend(value: object | undefined): FrontendTls | undefined {
  const listeners = [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'web' }] } }];
  return decoded('Gateway', { metadata: { name: 'web' }, spec: { gatewayClassName: 'c', listeners, ...(value && { tls: { frontend: value } }) } }).object.spec.tls?.frontend;
}

const ref = (name: string) => ({ group: '', kind: 'ConfigMap', name });
const validation = (name: string, more: object = {}) => ({ validation: { caCertificateRefs: [ref(name)], ...more } });
const both = (...names: readonly string[]) => ({ validation: { caCertificateRefs: names.map(ref) } });
const insecure = { mode: 'AllowInsecureFallback' };

/** All ConfigMaps are there but those called `missing`. */
const resolve: Parameters<typeof clientValidation>[2] = (refs) => {
  const found = refs.filter(({ name }) => name !== 'missing').map(({ name }) => name);
  const faults = refs.filter(({ name }) => name === 'missing').map(() => ({ reason: 'InvalidCACertificateRef', message: 'ConfigMap missing does not exist' }));
  return { trust: found.length === 0 ? undefined : found.join(','), faults };
};

const cases: readonly [sentence: string, value: object | undefined, expected: Partial<ReturnType<typeof clientValidation>>][] = [
  ['are not asked for where nobody says so', undefined, { validation: undefined, refsFaults: [], fault: undefined }],
  ['are not asked for by an empty default', { default: {} }, { validation: undefined, refsFaults: [], fault: undefined }],
  ['are asked for by default', { default: validation('ca') }, { validation: { trustBundle: 'ca', required: true } }],
  ['are asked for as the port says', { default: validation('ca'), perPort: [{ port: 443, tls: validation('own', insecure) }] }, { validation: { trustBundle: 'own', required: false } }],
  ['are asked for by default, whatever another port says', { default: validation('ca'), perPort: [{ port: 8443, tls: validation('other') }] }, { validation: { trustBundle: 'ca', required: true } }],
  ['are not asked for where the port says so', { default: validation('ca'), perPort: [{ port: 443, tls: {} }] }, { validation: undefined, fault: undefined }],
  [
    'are judged by the CAs that there are, and the others are named',
    { default: both('missing', 'ca') },
    {
      validation: { trustBundle: 'ca', required: true },
      refsFaults: [{ reason: 'InvalidCACertificateRef', message: 'tls.frontend.default.validation: ConfigMap missing does not exist' }],
      fault: undefined,
    },
  ],
  [
    'are not judged without a CA: nobody is let in',
    { default: {}, perPort: [{ port: 443, tls: validation('missing', insecure) }] },
    {
      validation: undefined,
      refsFaults: [{ reason: 'InvalidCACertificateRef', message: 'tls.frontend.perPort[0].tls.validation: ConfigMap missing does not exist' }],
      fault: { reason: 'NoValidCACertificate', message: 'tls.frontend.perPort[0].tls.validation: no valid CA certificate is left to check clients against, so none is let in' },
    },
  ],
];

describe('certificates of clients', () => {
  for (const [sentence, value, expected] of cases) {
    test(sentence, () => assert.partialDeepStrictEqual(clientValidation(443, frontend(value), resolve), expected));
  }
});

const modes: readonly [sentence: string, value: object | undefined, fields: string | undefined][] = [
  ['nowhere without validation', undefined, undefined],
  ['nowhere when all certificates have to be valid', { default: validation('ca'), perPort: [{ port: 443, tls: validation('ca') }] }, undefined],
  ['by default', { default: validation('ca', insecure) }, 'tls.frontend.default.validation.mode'],
  [
    'at ports too',
    { default: validation('ca', insecure), perPort: [{ port: 80, tls: {} }, { port: 443, tls: validation('ca', insecure) }] },
    'tls.frontend.default.validation.mode, tls.frontend.perPort[1].tls.validation.mode',
  ],
];

describe('clients without a valid certificate are let in', () => {
  for (const [sentence, value, fields] of modes) {
    test(sentence, () => {
      const message = `${fields}: AllowInsecureFallback lets in clients without a valid certificate`;
      assert.deepEqual(insecureValidation(frontend(value)), fields && { reason: 'ConfigurationChanged', message });
    });
  }
});
