import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import type { NodeSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { DeltaDiscoveryRequestSchema, DeltaDiscoveryResponseSchema } from '../../gen/envoy/service/discovery/v3/discovery_pb.ts';
import { PUSH_ORDER, TYPE_URL } from './types.ts';
import { decodeRequest, encodeResponse, nodeNameKey, sizeInResponse, type ClientNode } from './wire.ts';

const text = fc.string({ unit: 'binary' });
// Lengths on both sides of the limits of one and two bytes.
const bytes = fc.oneof(fc.uint8Array({ maxLength: 10 }), fc.constantFrom(100, 127, 128, 16_383, 16_384, 70_000).map((size) => new Uint8Array(size).fill(7)));
const resource = fc.record({ name: text, version: text, bytes });
const type = fc.constantFrom(...PUSH_ORDER);

test('responses are what protobuf-es reads', () => {
  const response = fc.record({ type, nonce: text, resources: fc.array(resource), removed: fc.array(text) });
  fc.assert(
    fc.property(response, (it) => {
      const encoded = encodeResponse(it);
      const decoded = fromBinary(DeltaDiscoveryResponseSchema, encoded);
      assert.deepEqual([decoded.typeUrl, decoded.nonce, decoded.removedResources], [TYPE_URL[it.type], it.nonce, it.removed]);
      const resources = decoded.resources.map((entry) => [entry.name, entry.version, entry.resource?.typeUrl, Buffer.from(entry.resource?.value ?? [])]);
      assert.deepEqual(resources, it.resources.map((entry) => [entry.name, entry.version, TYPE_URL[it.type], Buffer.from(entry.bytes)]));
      const empty = encodeResponse({ ...it, resources: [] }).length;
      assert.equal(encoded.length, empty + it.resources.reduce((sum, entry) => sum + sizeInResponse(it.type, entry), 0));
    }),
  );
});

test('requests are what protobuf-es wrote', () => {
  const request = fc.record({
    node: fc.option(fc.record({ id: text, cluster: text, zone: text, nodeName: text }, { noNullPrototype: true }), { nil: undefined }),
    typeUrl: text,
    subscribe: fc.array(text),
    unsubscribe: fc.array(text),
    initialVersions: fc.dictionary(text, text),
    nonce: text,
    error: fc.option(fc.record({ code: fc.nat(16), message: text }), { nil: undefined }),
  }, { noNullPrototype: true });
  fc.assert(
    fc.property(request, (it) => {
      const message = create(DeltaDiscoveryRequestSchema, {
        typeUrl: it.typeUrl,
        resourceNamesSubscribe: it.subscribe,
        resourceNamesUnsubscribe: it.unsubscribe,
        initialResourceVersions: it.initialVersions,
        responseNonce: it.nonce,
        resourceLocatorsSubscribe: [{ name: 'ignored' }],
        ...(it.error === undefined ? {} : { errorDetail: it.error }),
        ...(it.node === undefined ? {} : { node: nodeMessage(it.node) }),
      });
      const decoded = decodeRequest(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, message)));
      assert.deepEqual({ ...decoded, initialVersions: Object.fromEntries(decoded.initialVersions) }, { ...it, initialVersions: { ...it.initialVersions }, error: it.error?.message });
    }),
  );
});

function nodeMessage({ id, cluster, zone, nodeName }: ClientNode): MessageInitShape<typeof NodeSchema> {
  const metadata = { deep: { [nodeNameKey]: 'no' }, number: 1, other: 'text', ...(nodeName !== '' && { [nodeNameKey]: nodeName }) };
  return { id, cluster, metadata, locality: { region: 'r', zone, subZone: 's' }, userAgentName: 'envoy', clientFeatures: ['x'] };
}

describe('bytes that are no request', () => {
  it('are refused, and never loop', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (noise) => {
        try {
          decodeRequest(Buffer.from(noise));
        } catch (error) {
          assert.match(String(error), /malformed DeltaDiscoveryRequest/);
        }
      }),
    );
    assert.throws(() => decodeRequest(Buffer.from([0x1a, 0x05, 0x61])), /truncated field/);
    assert.throws(() => decodeRequest(Buffer.from([0x1a, 0x80])), /truncated number/);
  });
});
