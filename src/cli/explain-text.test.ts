import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from '../admin/explain/explanation.ts';
import { explanationText } from './explain-text.ts';

const base: Explanation = {
  request: { method: 'GET', scheme: 'http', host: '127.0.0.1', port: 8080, authority: 'www.example.com', path: '/a//b', headers: [{ name: 'x-one', value: '1' }] },
  summary: 'HTTPRoute default/web, rule 0 passes it on to service/default/web/80.',
  steps: ['path /a//b becomes /a/b'],
  listener: { gateway: 'default/gw', owner: 'Gateway/default/gw', name: 'http', address: '0.0.0.0', port: 80, boundPort: 8080, transport: 'TCP', serverNames: undefined, certificates: [] },
  virtualHost: 'www.example.com',
  route: { name: 'httproute/default/web/rule/0/match/0', owner: 'HTTPRoute/default/web', ruleName: 'main', match: 'path prefix /a', effects: ['sets request header x-two: 2', 'gives up after 10 s, retries included'] },
  answer: {
    type: 'forward',
    backends: [
      {
        backend: 'service/default/web/80', share: 0.8, failure: undefined, protocol: 'h2c', endpoints: ['10.0.0.1:80', '10.0.0.2:80 (draining)'], endpointsOmitted: 3, authority: 'new.test', path: '/b',
        headers: [{ name: 'x-one', value: '1' }, { name: 'x-forwarded-proto', value: 'http' }, { name: 'x-two', value: '2' }], responseChanges: ['removes response header server'],
      },
      { backend: undefined, share: 0.2, failure: { status: 500, reason: 'the backendRef leads nowhere' }, protocol: 'http1', endpoints: [], endpointsOmitted: 0, authority: 'x', path: '/', headers: [], responseChanges: [] },
    ],
  },
  others: [{ name: 'httproute/default/x/rule/0/match/0', match: 'path prefix /', fits: true, why: 'comes later: its path prefix is shorter' }, { name: 'HTTPRoute/default/y', match: '', fits: false, why: 'not accepted' }],
  othersOmitted: 2,
  delivery: [{ type: 'LDS', name: 'default/gw/80', state: 'acked' }, { type: 'RDS', name: 'default/gw/80', state: 'refused', message: 'bad regex' }],
};

test('an explanation reads from the outcome to the reasons', () => {
  assert.equal(
    explanationText(base),
    `GET http://127.0.0.1:8080/a//b   Host: www.example.com
HTTPRoute default/web, rule 0 passes it on to service/default/web/80.

Gateway      default/gw
Listener     http, 0.0.0.0:8080 (in place of 80)
On the way   path /a//b becomes /a/b
Host         www.example.com
Route        HTTPRoute default/web (rule "main")
             httproute/default/web/rule/0/match/0
Match        path prefix /a
Filters      sets request header x-two: 2
             gives up after 10 s, retries included
Backend      service/default/web/80, 80 % of requests
  Servers    10.0.0.1:80, 10.0.0.2:80 (draining), and 3 more (h2c)
  Is sent    GET /b, Host: new.test
             x-two: 2
  Response   removes response header server
Backend      invalid backend, 20 % of requests
             answers 500: the backendRef leads nowhere
Envoy        RDS default/gw/80 is refused: bad regex

Other routes:
  fits  httproute/default/x/rule/0/match/0 (path prefix /): comes later: its path prefix is shorter
  no    HTTPRoute/default/y: not accepted
  and 2 more
`,
  );
});

test('an answer of Envoy itself is shown with its headers', () => {
  const answer: Explanation['answer'] = { type: 'local', status: 302, reason: 'redirect to https://a/', headers: [{ name: 'location', value: 'https://a/' }] };
  const text = explanationText({ ...base, answer, route: undefined, virtualHost: '*', steps: [], delivery: [{ type: 'LDS', name: 'x', state: 'acked' }], others: [], othersOmitted: 0 });
  assert.match(text, /^Host {9}\* \(every host\)\nAnswer {7}302, redirect to https:\/\/a\/\n {13}location: https:\/\/a\/\nEnvoy {8}has acknowledged all that this depends on \(LDS\)\n$/m);
});

test('a connection that fails has no more to show than where it got', () => {
  const text = explanationText({ ...base, summary: 'No answer: nothing.', answer: { type: 'none', reason: 'nothing' }, listener: undefined, route: undefined, virtualHost: undefined, steps: [], delivery: [], others: [], othersOmitted: 0 });
  assert.equal(text, 'GET http://127.0.0.1:8080/a//b   Host: www.example.com\nNo answer: nothing.\n\n');
});
