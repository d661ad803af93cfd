import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ask } from '../support/client.ts';
import { startEchoBackend } from '../support/echo-backend.ts';
import { route, service, standard } from '../support/manifests.ts';
import { eventually, freePort, Moongate } from '../support/moongate.ts';
import { startGrpcCollector } from '../support/otlp-collector.ts';

function policy(name: string, tracing: string): string {
  return `apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XTelemetryPolicy
metadata: {name: ${name}}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: ack-gateway}]
  tracing: ${tracing}
`;
}

const enabled = '{mode: Enabled, provider: {backendRef: {name: collector, port: 3000}}}';

suite('an XTelemetryPolicy', { timeout: 120_000 }, () => {
  test('has requests reported to a collector until it says otherwise', async () => {
    await using stack = new AsyncDisposableStack();
    const [backend, collector] = await Promise.all([startEchoBackend('backend'), startGrpcCollector()]);
    for (const server of [backend, collector]) stack.defer(() => server.close());
    const port = await freePort();
    const moongate = await Moongate.create({
      'gatewayclass.yaml': standard('gatewayclass'),
      'gateway.yaml': standard('gateway', port),
      'services.yaml': [service('backend', backend.port), service('collector', collector.port)].join('---\n'),
      'route.yaml': route('app', { host: 'www.example.com', rule: 'backendRefs: [{name: backend, port: 3000}]' }),
      'policy.yaml': policy('a', enabled),
    });
    stack.use(moongate);
    await moongate.start();
    const answers = async () => (await ask(port, { host: 'www.example.com' })).status === 200;
    await eventually('the route answers', answers);
    const span = await eventually('spans come', async () => (await answers()) && collector.spans.find(({ kind }) => kind === 2));
    assert.equal(span.service, 'ack-gateway.default');

    moongate.write('second.yaml', policy('b', enabled));
    await eventually('a second policy is told of the first', async () => (await moongate.statusOf('XTelemetryPolicy', 'b'))?.ancestors?.[0]?.conditions[0]?.reason === 'Conflicted');
    moongate.remove('second.yaml');
    moongate.write('policy.yaml', policy('a', '{mode: Disabled}'));
    await eventually('requests carry no trace any more', async () => (await answers()) && backend.seen.at(-1)?.headers['traceparent'] === undefined);
  });
});
