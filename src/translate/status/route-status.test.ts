import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeStatus } from './route-status.ts';
import type { Fault } from '../conditions.ts';
import type { Attachment } from '../routes/attachments.ts';
import type { RouteVerdict } from '../routes/translated-route.ts';

const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' };
const attached: Attachment = { parentRef, byDefault: false, controllerName: '', counts: true, fault: undefined, placements: [] };
const refused: Attachment = { parentRef, byDefault: false, controllerName: '', counts: false, fault: { reason: 'NoMatchingParent', message: 'none' }, placements: [] };
const sound: RouteVerdict = { acceptedFault: undefined, partialFault: undefined, refsFault: undefined };
const fault = (reason: string): Fault => ({ reason, message: `because of ${reason}` });

function short(attachments: readonly Attachment[], verdict: Partial<RouteVerdict> = {}, unavailable?: Fault): string[] {
  const { parents } = routeStatus(attachments, { ...sound, ...verdict }, { generation: 5, controllerName: 'c', unavailable });
  return parents.map(({ conditions }) => conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(' '));
}

const table: readonly [sentence: string, given: Parameters<typeof short>, expected: readonly string[]][] = [
  ['no parents, no status', [[]], []],
  ['all is well', [[attached]], ['Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs']],
  ['each parent has its own verdict', [[attached, refused]], ['Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs', 'Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs']],
  ['a reference leads nowhere', [[attached], { refsFault: fault('BackendNotFound') }], ['Accepted=True/Accepted ResolvedRefs=False/BackendNotFound']],
  ['no rule works', [[attached], { acceptedFault: fault('UnsupportedValue') }], ['Accepted=False/UnsupportedValue ResolvedRefs=True/ResolvedRefs']],
  ['the place counts before the rules', [[refused], { acceptedFault: fault('UnsupportedValue') }], ['Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs']],
  ['some rules do not work', [[attached], { partialFault: fault('UnsupportedValue') }], ['Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs PartiallyInvalid=True/UnsupportedValue']],
  ['a route that is not accepted is not partially invalid', [[refused], { partialFault: fault('UnsupportedValue') }], ['Accepted=False/NoMatchingParent ResolvedRefs=True/ResolvedRefs']],
  ['a backend has no endpoints', [[attached], {}, fault('EndpointsNotFound')], ['Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs BackendsAvailable=False/EndpointsNotFound']],
];

for (const [sentence, given, expected] of table) {
  test(sentence, () => assert.deepEqual(short(...given), expected));
}

test('a parent is repeated as the user wrote it, with our name and the generation', () => {
  const [parent] = routeStatus([attached], sound, { generation: 5, controllerName: 'c', unavailable: undefined }).parents;
  assert.equal(parent?.parentRef, parentRef);
  assert.equal(parent?.controllerName, 'c');
  assert.deepEqual(parent?.conditions.map(({ observedGeneration }) => observedGeneration), [5, 5]);
});
