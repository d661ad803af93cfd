import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { decode } from '../../api/decode.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KindName } from '../../api/kinds.ts';
import { quickTiming, Refusal } from '../../kube/testing.ts';
import { silentLog } from '../../util/log.ts';
import type { KubernetesSourceOptions } from './kubernetes-source.ts';
import { pathOf, route, World } from './testing.ts';

const routesOnly: readonly KindName[] = ['HTTPRoute'];

describe('kubernetes source', () => {
  test('all that is there has been told when start resolves', async (context) => {
    const world = await World.make(context, [...KINDS.values()].map(({ kind }) => kind));
    world.server.put('HTTPRoute', route('a'));
    world.server.put('Namespace', { metadata: { name: 'default' } });
    world.server.put('Service', { metadata: { name: 's', namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    await world.source.start();
    assert.equal(world.source.synced, true);
    assert.deepEqual([...world.objects.keys()].sort(), ['HTTPRoute/default/a', 'Namespace/default', 'Service/default/s']);
    assert.equal(pathOf(world.objects.get('HTTPRoute/default/a')), '/');
    assert.deepEqual(world.source.states.filter(({ state }) => state.kind !== 'watching' && state.kind !== 'listing'), []);
  });

  test('changes are told as they come, those of one moment as one', async (context) => {
    const world = await World.make(context, routesOnly);
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    world.server.put('HTTPRoute', route('a', '/x'));
    world.server.put('HTTPRoute', route('b'));
    world.server.put('HTTPRoute', route('a', '/y'));
    await world.until(() => world.objects.size === 2, 'the second route');
    assert.equal(pathOf(world.objects.get('HTTPRoute/default/a')), '/y');
    assert.equal(world.batches.length, 2);
    world.server.delete('HTTPRoute', 'default/a');
    await world.until(() => world.objects.size === 1, 'the deletion');
    assert.deepEqual(world.batches.at(-1)?.deleted, [{ kind: 'HTTPRoute', key: 'default/a' }]);
  });
});

function statusOf(status: string): object {
  return { parents: [{ parentRef: { name: 'gateway' }, controllerName: 'c', conditions: [{ type: 'Accepted', status, reason: 'r', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] }] };
}

describe('status and bookkeeping', () => {
  test('a write of status is observed and changes nothing for translation, without decoding', async (context) => {
    let decodings = 0;
    const world = await World.make(context, routesOnly, {
      decode: (value, origin, options) => {
        decodings++;
        return decode(value, origin, options);
      },
    });
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    const before = world.source.observed('HTTPRoute', 'default/a');
    assert.equal(before?.status, undefined);
    const { metadata } = world.server.putStatus('HTTPRoute', 'default/a', statusOf('True'));
    await world.until(() => world.source.observed('HTTPRoute', 'default/a')?.resourceVersion === metadata.resourceVersion, 'the status');
    assert.deepEqual(world.source.observed('HTTPRoute', 'default/a'), {
      uid: metadata.uid, resourceVersion: metadata.resourceVersion, generation: 1, status: statusOf('True'), apiVersion: 'gateway.networking.k8s.io/v1',
    });
    assert.deepEqual(world.observed, ['HTTPRoute/default/a', 'HTTPRoute/default/a']);
    assert.equal(world.batches.length, 1);
    assert.equal(decodings, 1);
  });

  test('resources that differ in status and resource version alone are equal', async (context) => {
    const [one, two] = [await World.make(context, routesOnly), await World.make(context, routesOnly)];
    for (const world of [one, two]) world.server.put('HTTPRoute', route('a', '/', { annotations: { x: 'y' } }));
    two.server.putStatus('HTTPRoute', 'default/a', statusOf('False'));
    await Promise.all([one.source.start(), two.source.start()]);
    const bare = (world: World): unknown => {
      const resource = world.objects.get('HTTPRoute/default/a');
      const object = resource?.object as { metadata: { uid?: string } } | undefined;
      return { ...resource, version: '', object: { ...object, metadata: { ...object?.metadata, uid: '' } } };
    };
    assert.deepEqual(bare(one), bare(two));
    assert.equal(JSON.stringify(bare(one)).includes('resourceVersion'), false);
  });

  test('what kubectl apply notes of an object is not kept', async (context) => {
    const world = await World.make(context, routesOnly);
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', mine: 'kept' };
    world.server.put('HTTPRoute', route('a', '/', { annotations }));
    await world.source.start();
    assert.deepEqual(world.objects.get('HTTPRoute/default/a')?.metadata.annotations, { mine: 'kept' });
  });

  test('a label or an annotation is a change, with the same generation', async (context) => {
    const world = await World.make(context, routesOnly);
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    world.server.put('HTTPRoute', route('a', '/', { labels: { app: 'x' } }));
    await world.until(() => world.objects.get('HTTPRoute/default/a')?.metadata.labels['app'] === 'x', 'the label');
    assert.equal(world.objects.get('HTTPRoute/default/a')?.metadata.generation, 1);
  });

  test('kinds without generation are told when they change, and not when only bookkeeping did', async (context) => {
    const world = await World.make(context, ['Service', 'Secret']);
    const service = { metadata: { name: 's', namespace: 'default' }, spec: { ports: [{ port: 80 }] } };
    world.server.put('Service', service);
    world.server.put('Secret', { metadata: { name: 'x' }, type: 'Opaque', data: { a: 'eA==' } });
    await world.source.start();
    await world.until(() => world.server.watches() === 2, 'the watches');
    world.server.putStatus('Service', 'default/s', { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } });
    world.server.put('Service', { ...service, spec: { ports: [{ port: 81 }] } });
    world.server.put('Secret', { metadata: { name: 'x' }, type: 'Opaque', data: { a: 'eQ==' } });
    await world.until(() => world.batches.flatMap(({ set }) => set).length === 4, 'both changes');
    assert.deepEqual(world.spec('Service/default/s')?.['ports'], [{ port: 81, protocol: 'TCP' }]);
    assert.deepEqual(world.observed, [], 'nobody writes the status of Services here');
  });

  test('a Pod that becomes ready is told, one whose other status changes is not', async (context) => {
    const world = await World.make(context, ['Pod']);
    const metadata = { name: 'vllm-0', namespace: 'default' };
    const status = (ready: string, more: object = {}): object => ({ podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: ready }], ...more });
    world.server.put('Pod', { metadata });
    world.server.putStatus('Pod', 'default/vllm-0', status('False'));
    await world.source.start();
    await world.until(() => world.server.watches() === 1, 'the watch');
    world.server.putStatus('Pod', 'default/vllm-0', status('False', { containerStatuses: [{ restartCount: 1 }] }));
    world.server.putStatus('Pod', 'default/vllm-0', status('True'));
    await world.until(() => world.batches.length > 1, 'the Pod is ready');
    assert.deepEqual(world.batches.map(({ set }) => set.map(({ object }) => (object as { status: unknown }).status)), [[status('False')], [status('True')]]);
  });

  test('an object that was deleted is no longer observed', async (context) => {
    const world = await World.make(context, routesOnly);
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    world.server.delete('HTTPRoute', 'default/a');
    await world.until(() => world.objects.size === 0, 'the deletion');
    assert.equal(world.source.observed('HTTPRoute', 'default/a'), undefined);
    assert.equal(world.observed.length, 2);
  });
});

describe('objects that do not decode', () => {
  const broken = { metadata: { name: 'a', namespace: 'default' }, spec: { rules: [{ matches: [{ path: { type: 'NoSuchType', value: '/' } }] }] } };

  test('the last good state stays, the problem is told once, and it goes when the object is good again', async (context) => {
    const world = await World.make(context, routesOnly);
    world.server.put('HTTPRoute', route('a'));
    world.server.put('HTTPRoute', route('b'));
    await world.source.start();
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    world.server.put('HTTPRoute', broken);
    await world.until(() => world.problems.size === 1, 'the problem');
    assert.equal(pathOf(world.objects.get('HTTPRoute/default/a')), '/');
    assert.match(world.problems.get('HTTPRoute/default/a')?.[0]?.message ?? '', /NoSuchType/);
    world.server.putStatus('HTTPRoute', 'default/a', statusOf('True'));
    world.server.put('HTTPRoute', route('b', '/b'));
    await world.until(() => pathOf(world.objects.get('HTTPRoute/default/b')) === '/b', 'the other to change');
    world.server.put('HTTPRoute', route('a', '/good'));
    await world.until(() => world.problems.size === 0, 'the end of the problem');
    assert.equal(pathOf(world.objects.get('HTTPRoute/default/a')), '/good');
    assert.deepEqual(world.batches.filter(({ problems }) => problems.size > 0).length, 2);
  });

  test('one that never was good is left out, and its deletion ends the problem', async (context) => {
    const world = await World.make(context, routesOnly);
    world.server.put('HTTPRoute', broken);
    await world.source.start();
    assert.deepEqual([world.objects.size, world.problems.size], [0, 1]);
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    world.server.delete('HTTPRoute', 'default/a');
    await world.until(() => world.problems.size === 0, 'the end of the problem');
    assert.deepEqual(world.batches.at(-1)?.deleted, []);
  });

  test('a bug in decoding costs the object it was run for', async (context) => {
    const world = await World.make(context, routesOnly, {
      decode: (value, origin, options) => {
        if ((value as { metadata: { name: string } }).metadata.name === 'bad') throw new Error('boom');
        return decode(value, origin, options);
      },
    });
    world.server.put('HTTPRoute', route('bad'));
    world.server.put('HTTPRoute', route('good'));
    await world.source.start();
    assert.deepEqual(world.names(), ['default/good']);
    assert.match(world.problems.get('HTTPRoute/default/bad')?.[0]?.message ?? '', /a bug: boom/);
  });

  test('fields that we do not know are left out', async (context) => {
    const world = await World.make(context, routesOnly);
    const known = route('a');
    world.server.put('HTTPRoute', { ...known, spec: { ...known.spec, fromTheFuture: true } });
    await world.source.start();
    assert.deepEqual([world.problems.size, world.objects.size], [0, 1]);
    assert.equal('fromTheFuture' in (world.spec('HTTPRoute/default/a') ?? {}), false);
  });
});

describe('optional kinds', () => {
  test('a kind that is not served is no obstacle, and is found when it comes', async (context) => {
    const world = await World.make(context, ['HTTPRoute', 'TCPRoute'], { timing: quickTiming() });
    world.server.uninstall('TCPRoute');
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    assert.equal(world.source.states.find(({ kind }) => kind === 'TCPRoute')?.state.kind, 'absent');
    const lists = (): number => world.server.requests.filter(({ path }) => path.endsWith('/tcproutes')).length;
    const before = lists();
    await world.server.until(() => world.server.requests.filter(({ path }) => path === '/apis').length >= 4, 'more looks at discovery');
    assert.equal(lists(), before, 'only discovery is asked');
    world.server.install('TCPRoute');
    world.server.put('TCPRoute', { metadata: { name: 't', namespace: 'default' }, spec: { rules: [{ backendRefs: [{ name: 'b', port: 1 }] }] } });
    await world.until(() => world.objects.size === 2, 'the new kind');
  });

  test('the newest version that both sides know is used', async (context) => {
    const world = await World.make(context, ['TCPRoute', 'ReferenceGrant', 'Gateway']);
    world.server.install('TCPRoute', ['v1alpha2']);
    world.server.install('ReferenceGrant', ['v1alpha2', 'v1beta1', 'v1']);
    world.server.put('TCPRoute', { metadata: { name: 't', namespace: 'default' }, spec: { rules: [{ backendRefs: [{ name: 'b', port: 1 }] }] } });
    await world.source.start();
    const watched = (kind: string): string | undefined => world.server.requests.find(({ path }) => path.endsWith(kind))?.path;
    assert.equal(watched('/tcproutes'), '/apis/gateway.networking.k8s.io/v1alpha2/tcproutes');
    assert.equal(watched('/referencegrants'), '/apis/gateway.networking.k8s.io/v1/referencegrants');
    assert.equal(watched('/gateways'), '/apis/gateway.networking.k8s.io/v1/gateways');
    assert.equal(world.source.observed('TCPRoute', 'default/t')?.apiVersion, 'gateway.networking.k8s.io/v1alpha2');
    assert.equal((world.objects.get('TCPRoute/default/t')?.object as { apiVersion?: string } | undefined)?.apiVersion, 'gateway.networking.k8s.io/v1');
  });

  test('a CRD that is deleted and installed again takes its objects away and brings them back', async (context) => {
    const world = await World.make(context, routesOnly, { timing: quickTiming() });
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    await world.until(() => world.server.watches('HTTPRoute') === 1, 'the watch');
    world.server.uninstall('HTTPRoute');
    await world.until(() => world.objects.size === 0 && world.source.states[0]?.state.kind === 'absent', 'the kind to be gone');
    world.server.install('HTTPRoute');
    world.server.put('HTTPRoute', route('a', '/again'));
    await world.until(() => world.objects.size === 1, 'the kind to be back');
    assert.equal(pathOf(world.objects.get('HTTPRoute/default/a')), '/again');
  });

  test('who may not ask for discovery lists at once', async (context) => {
    const world = await World.make(context, routesOnly);
    world.server.intercept = ({ path }) => (path === '/apis' ? new Refusal(403, 'Forbidden', 'no') : undefined);
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    assert.deepEqual(world.names(), ['default/a']);
  });

  test('a kind that RBAC denies is no obstacle for the others', async (context) => {
    const world = await World.make(context, ['HTTPRoute', 'Secret'], { timing: quickTiming() });
    world.server.deny('Secret');
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    assert.deepEqual(world.names(), ['default/a']);
    assert.equal(world.source.states.find(({ kind }) => kind === 'Secret')?.state.kind, 'denied');
  });
});

describe('namespaces', () => {
  async function inThree(context: TestContext, options: Partial<KubernetesSourceOptions>): Promise<World> {
    const world = await World.make(context, ['HTTPRoute', 'Secret', 'GatewayClass'], options);
    for (const [name, team] of [['one', 'a'], ['two', 'a'], ['three', 'b']] as const) {
      world.server.put('Namespace', { metadata: { name, labels: { team } } });
      world.server.put('HTTPRoute', route('r', '/', { namespace: name }));
      world.server.put('Secret', { metadata: { name: 's', namespace: name }, type: 'Opaque' });
    }
    world.server.put('GatewayClass', { metadata: { name: 'class' }, spec: { controllerName: 'example.com/c' } });
    return world;
  }

  test('with a list of namespaces nothing namespaced is asked for beyond them', async (context) => {
    const world = await inThree(context, { namespaces: ['one', 'three'] });
    await world.source.start();
    assert.deepEqual([...world.objects.keys()].sort(), ['GatewayClass/class', 'HTTPRoute/one/r', 'HTTPRoute/three/r', 'Secret/one/s', 'Secret/three/s']);
    const beyond = world.server.requests.map(({ path }) => path).filter((path) => /httproutes|secrets/.test(path) && !/\/namespaces\/(one|three)\//.test(path));
    assert.deepEqual(beyond, []);
  });

  test('with a selector, namespaces come and go as their labels do', async (context) => {
    const world = await inThree(context, { namespaces: { labelSelector: 'team=a' } });
    await world.source.start();
    assert.deepEqual(world.names('HTTPRoute'), ['one/r', 'two/r']);
    world.server.put('Namespace', { metadata: { name: 'three', labels: { team: 'a' } } });
    await world.until(() => world.names('HTTPRoute').length === 3, 'the third namespace');
    world.server.put('Namespace', { metadata: { name: 'one', labels: { team: 'b' } } });
    await world.until(() => world.names('HTTPRoute').join() === 'three/r,two/r', 'the first to be gone');
  });

  test('one kind may be looked for in fewer namespaces, and more as it goes', async (context) => {
    const world = await inThree(context, { scopes: new Map([['Secret', []]]) });
    await world.source.start();
    assert.deepEqual(world.names('Secret'), []);
    assert.equal(world.names('HTTPRoute').length, 3);
    world.source.setScope('Secret', ['one']);
    assert.equal(world.source.synced, false);
    assert.deepEqual(world.source.unsynced, ['Secret']);
    await world.source.whenSynced();
    assert.deepEqual(world.names('Secret'), ['one/s']);
    world.source.setScope('Secret', ['one', 'two']);
    await world.source.whenSynced();
    assert.deepEqual(world.names('Secret'), ['one/s', 'two/s']);
    world.source.setScope('Secret', ['two']);
    await world.source.whenSynced();
    assert.deepEqual(world.names('Secret'), ['two/s']);
    const asked = world.server.requests.map(({ path }) => path).filter((path) => path.includes('secrets'));
    assert.deepEqual([...new Set(asked)].sort(), ['/api/v1/namespaces/one/secrets', '/api/v1/namespaces/two/secrets']);
  });

  test('a narrower scope stays within the watched namespaces', async (context) => {
    const world = await inThree(context, { namespaces: ['one'] });
    world.source.setScope('Secret', ['one', 'two']);
    await world.source.start();
    assert.deepEqual(world.names('Secret'), ['one/s']);
    world.source.setScope('Secret', 'all');
    await world.source.whenSynced();
    assert.deepEqual(world.names('Secret'), ['one/s']);
  });

  test('Secrets that no Gateway can name are not even fetched, nor the copies of the cluster\'s CA', async (context) => {
    const world = await World.make(context, ['Secret', 'ConfigMap']);
    for (const type of ['Opaque', 'kubernetes.io/tls', 'helm.sh/release.v1', 'kubernetes.io/service-account-token']) {
      world.server.put('Secret', { metadata: { name: type.toLowerCase().replace(/\W/g, '-') }, type, data: type.endsWith('tls') ? { 'tls.crt': '', 'tls.key': '' } : {} });
    }
    for (const name of ['kube-root-ca.crt', 'ours']) world.server.put('ConfigMap', { metadata: { name } });
    await world.source.start();
    assert.deepEqual([...world.objects.keys()].sort(), ['ConfigMap/default/ours', 'Secret/default/kubernetes-io-tls', 'Secret/default/opaque']);
  });
});

describe('outages', () => {
  test('the log says once that the API server is away and once that it is back', async (context) => {
    const lines: string[] = [];
    const write = (_: object, message: string): void => void lines.push(message);
    const world = await World.make(context, ['HTTPRoute', 'Gateway', 'Service'], { timing: quickTiming(), log: { ...silentLog, info: write, warn: write, error: write } });
    world.server.put('HTTPRoute', route('a'));
    await world.source.start();
    await world.until(() => world.server.watches() === 3, 'the watches');
    await world.server.down();
    await world.until(() => world.source.states.every(({ state }) => state.kind === 'retrying'), 'the outage');
    assert.equal(world.objects.size, 1);
    await world.server.up();
    await world.until(() => world.source.states.every(({ state }) => state.kind === 'watching'), 'the end of it');
    assert.deepEqual(lines, ['the API server does not answer as it should; what is known stays in use', 'the API server is back; everything is in step with it again']);
  });

  test('start waits for a server that is not there yet', async (context) => {
    const world = await World.make(context, routesOnly, { timing: quickTiming() });
    world.server.put('HTTPRoute', route('a'));
    await world.server.down();
    let isStarted = false;
    const started = world.source.start().then(() => (isStarted = true));
    await world.until(() => world.source.states[0]?.state.kind === 'retrying', 'the outage');
    assert.equal(isStarted, false);
    assert.deepEqual(world.source.unsynced, ['HTTPRoute']);
    await world.server.up();
    await started;
    assert.deepEqual(world.names(), ['default/a']);
  });

  test('start resolves when it is stopped', async (context) => {
    const world = await World.make(context, routesOnly);
    await world.server.down();
    const started = world.source.start();
    await world.source.stop();
    await started;
    assert.equal(world.batches.length, 0);
  });
});
