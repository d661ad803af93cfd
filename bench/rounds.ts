/**
 * What stays of objects that came and went: `moongate run` with a Gateway that stays, and files with a ListenerSet, routes of every kind,
 * Services and certificates that are written and removed again and again.
 *
 *     node bench/rounds.ts [ROUNDS]
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned } from '../test/e2e/support/certificate.ts';
import { eventually, freePort, Moongate } from '../test/e2e/support/moongate.ts';
import { service, tlsSecret } from '../test/e2e/support/manifests.ts';

const rounds = Number(process.argv[2] ?? 1_000);
const pair = selfSigned('rounds.test');

const [http = 0, https = 0, tcp = 0, tls = 0, udp = 0] = await Promise.all([0, 0, 0, 0, 0].map(freePort));

const stays = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: c}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: c
  allowedListeners: {namespaces: {from: Same}}
  listeners:
    - {name: http, protocol: HTTP, port: ${http}}
    - {name: tcp, protocol: TCP, port: ${tcp}}
    - {name: tls, protocol: TLS, port: ${tls}, tls: {mode: Passthrough}}
    - {name: udp, protocol: UDP, port: ${udp}}
`;

function objects(round: number): string {
  const route = (kind: string, section: string, more: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: {name: r${round}}
spec:
  parentRefs: [{name: web, sectionName: ${section}}]
${more}
  rules: [{backendRefs: [{name: app${round}, port: 3000}]}]
`;
  const hostnames = `  hostnames: [h${round}.rounds.test]`;
  return [
    service(`app${round}`, 9_000),
    tlsSecret(`pair${round}`, pair),
    `apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: s${round}}
spec:
  parentRef: {name: web}
  listeners: [{name: https, protocol: HTTPS, port: ${https}, hostname: h${round}.rounds.test, tls: {certificateRefs: [{name: pair${round}}]}}]
`,
    route('HTTPRoute', 'http', hostnames),
    route('GRPCRoute', 'http', hostnames),
    route('TLSRoute', 'tls', hostnames),
    route('TCPRoute', 'tcp', ''),
    route('UDPRoute', 'udp', ''),
  ].join('---\n');
}

/** MiB of a process. */
function rss(pid: number): number {
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

// As bin/moongate starts Node, and with a port of V8's inspector.
process.env['NODE_OPTIONS'] = '--max-semi-space-size=4 --inspect=127.0.0.1:0';
await using moongate = await Moongate.create({ 'stays.yaml': stays });
await moongate.start();
const { instance } = JSON.parse((await moongate.admin('/api/v1/status')).body) as { readonly instance: { readonly pid: number } };
const [envoy = 0] = (await moongate.envoys()).values();

/** Waits until all is acknowledged with a route or without. */
async function until(round: number, there: boolean): Promise<void> {
  await eventually(`round ${round} ${there ? 'is there' : 'is gone'}`, async () => {
    const { status, body } = await moongate.admin(`/api/v1/explain?url=http://h${round}.rounds.test:${http}/`);
    return status === 200 && body.includes(`"HTTPRoute/default/r${round}"`) === there;
  });
}

console.log('rounds   control plane, MiB   Envoy, MiB');
for (let round = 0; round <= rounds; round++) {
  if (round % (rounds / 10) === 0) show(String(round));
  moongate.write('round.yaml', objects(round));
  await until(round, true);
  moongate.remove('round.yaml');
  await until(round, false);
}
// Clusters linger for five seconds, listeners drain for ten.
await sleep(20_000);
show('end');
await collectGarbage();
show('after');

function show(when: string): void {
  console.log(`${when.padStart(6)}   ${String(rss(instance.pid)).padStart(18)}   ${String(rss(envoy)).padStart(10)}`);
}

/** An idle V8 leaves garbage where it is, so the control plane is asked for a collection; freed pages go back within a second. */
async function collectGarbage(): Promise<void> {
  const url = /ws:\/\/\S+/.exec(moongate.output)?.[0];
  if (url === undefined) throw new Error('no inspector');
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const collected = once(socket, 'message');
  socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
  await collected;
  socket.close();
  await sleep(2_000);
}
