// What decoding one HTTPRoute costs: one that differs from all others in its hostname only, one that differs in its path too, and one with filters.
import { cpus } from 'node:os';
import { decode } from '../src/api/decode.ts';

const COUNT = 10_000;
const ORIGIN = { file: 'bench.yaml', line: 1 };

const SHAPES = {
  'hostname differs': (i: number) => route(i, { backendRefs: [{ name: 'backend', port: 8080 }] }),
  'hostname and path differ': (i: number) =>
    route(i, { matches: [{ path: { type: 'PathPrefix', value: `/app-${i}` } }], backendRefs: [{ name: `backend-${i}`, port: 8080 }] }),
  'with filters': (i: number) =>
    route(i, {
      matches: [{ path: { type: 'Exact', value: '/get' }, headers: [{ name: 'x-version', value: `v${i}` }] }],
      filters: [
        { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-route', value: `route-${i}` }], remove: ['x-internal'] } },
        { type: 'URLRewrite', urlRewrite: { hostname: 'backend.internal', path: { type: 'ReplaceFullPath', replaceFullPath: `/v${i}` } } },
      ],
      backendRefs: [{ name: 'backend', port: 8080, weight: 9 }, { name: 'canary', port: 8080, weight: 1 }],
      timeouts: { request: '10s', backendRequest: '2s' },
    }),
} as const;

function route(i: number, rule: object): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `route-${i}`, namespace: 'default' },
    spec: { parentRefs: [{ name: 'gateway' }], hostnames: [`host-${i}.example.com`], rules: [rule] },
  };
}

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, ${COUNT} objects of each shape`);
for (const [name, shape] of Object.entries(SHAPES)) {
  const objects = Array.from({ length: COUNT }, (_, i) => shape(i));
  const cold = performance.now();
  decode(objects[0], ORIGIN);
  const start = performance.now();
  let bad = 0;
  for (const object of objects) if (decode(object, ORIGIN).resource === undefined) bad++;
  const ms = performance.now() - start;
  console.log(`${name.padEnd(26)} ${(ms / COUNT).toFixed(4)} ms per object, first ${(start - cold).toFixed(1)} ms, invalid ${bad}`);
}
