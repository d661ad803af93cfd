import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { RouteSchema, VirtualHostSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import { appendMessages, concat, encode } from './bytes.ts';

test('appending encoded messages gives what encoding the whole would, for sizes around every varint length', () => {
  const sizes = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(127, 128, 16_383, 16_384, 70_000));
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 5 }), (lengths) => {
      const routes = lengths.map((length) => create(RouteSchema, { name: 'x'.repeat(length) }));
      const appended = appendMessages(encode(VirtualHostSchema, { name: 'host' }), 3, routes.map((route) => toBinary(RouteSchema, route)));
      assert.deepEqual(appended, encode(VirtualHostSchema, { name: 'host', routes }));
    }),
  );
});

test('field numbers above 15 take a tag of two bytes', () => {
  assert.deepEqual(appendMessages(new Uint8Array(), 16, [Uint8Array.of(7)]), Uint8Array.of(0x82, 0x01, 1, 7));
});

test('joined pieces of a message are one message: sub-messages merge, lists append', () => {
  const first = encode(RouteSchema, { name: 'r', match: { pathSpecifier: { case: 'prefix', value: '/' }, headers: [{ name: 'a' }] } });
  const second = encode(RouteSchema, { match: { headers: [{ name: 'b' }] } });
  const route = fromBinary(RouteSchema, concat(first, second));
  assert.equal(route.name, 'r');
  assert.deepEqual(route.match?.pathSpecifier, { case: 'prefix', value: '/' });
  assert.deepEqual(route.match.headers.map((header) => header.name), ['a', 'b']);
});
