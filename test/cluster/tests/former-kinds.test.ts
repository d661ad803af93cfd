import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../lifetime/eventually.ts';
import { moduleFolder } from '../tools/go.ts';
import { isTrue, type Condition } from './support/conditions.ts';
import { gatewayPath, route, routesPath } from './support/routes.ts';
import { assertNothingLost, limit, TestGateway, untilServed } from './support/test-gateway.ts';

interface SetStatus {
  readonly conditions: readonly Condition[];
  readonly listeners?: readonly { readonly name: string; readonly port?: number | undefined; readonly attachedRoutes: number }[];
}

const host = 'set.example.com';
const former = { apiVersion: 'gateway.networking.x-k8s.io/v1alpha1', kind: 'XListenerSet' };
const current = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'ListenerSet' };
const set = { metadata: { name: 'team', namespace: 'default' }, spec: { parentRef: { name: 'ack-gateway' }, listeners: [{ name: 'team', protocol: 'HTTP', port: 8080, hostname: host }] } };
/** The release that had it last. */
const release = 'sigs.k8s.io/gateway-api@v1.4.0';

describe('an XListenerSet on a cluster that has the kind', { timeout: 300_000 }, () => {
  let gateway: TestGateway;

  before(async () => {
    gateway = await TestGateway.start();
    const crd = join(await moduleFolder(release), 'config/crd/experimental/gateway.networking.x-k8s.io_xlistenersets.yaml');
    await gateway.cluster.kubectl(['apply', '--server-side', '-f', '-'], { input: await readFile(crd, 'utf8') });
    await gateway.cluster.kubectl(['wait', '--for=condition=Established', 'crd/xlistenersets.gateway.networking.x-k8s.io', '--timeout=60s']);
    await gateway.cluster.controlPlane.client.send(gatewayPath, { method: 'PATCH', body: { spec: { allowedListeners: { namespaces: { from: 'Same' } } } } });
  });
  after(() => gateway?.cluster.stop());

  async function statusOf(plural: string): Promise<SetStatus> {
    const group = plural === 'xlistenersets' ? former.apiVersion : current.apiVersion;
    const { status } = await gateway.cluster.controlPlane.client.send<{ status?: SetStatus }>(`/apis/${group}/namespaces/default/${plural}/team`);
    return status ?? { conditions: [] };
  }

  const untilProgrammed = (plural: string): Promise<void> =>
    eventually(`${plural} team is programmed`, async () => {
      const { conditions } = await statusOf(plural);
      return isTrue(conditions, 'Accepted') && isTrue(conditions, 'Programmed');
    }, { limit });

  /** Statuses are gathered, so what they count may come a little later. */
  const untilListeners = (plural: string, expected: SetStatus['listeners']): Promise<void> =>
    eventually(`${plural} team has the status of its listeners`, async () => {
      const { listeners = [] } = await statusOf(plural);
      assert.deepEqual(listeners.map(({ name, port, attachedRoutes }) => ({ name, port, attachedRoutes })), expected);
      return true;
    }, { limit });

  it('is served, and says so in its own status', async () => {
    const parent = { group: 'gateway.networking.x-k8s.io', kind: 'XListenerSet', name: 'team' };
    await eventually('the set is made', async () => {
      await gateway.cluster.apply([{ ...former, ...set }]);
      return true;
    }, { limit });
    await gateway.cluster.apply([route({ name: 'in-set', host, mark: 'in-set', parent })]);
    await untilProgrammed('xlistenersets');
    await gateway.untilMarked(host, 'in-set', limit, 8080);
    await gateway.untilAccepted('in-set');
    await untilListeners('xlistenersets', [{ name: 'team', port: 8080, attachedRoutes: 1 }]);
    const { status } = await gateway.cluster.controlPlane.client.send<{ status: { parents: readonly { parentRef: object }[] } }>(`${routesPath}/in-set`);
    assert.deepEqual(status.parents.map(({ parentRef }) => parentRef), [parent]);
  });

  it('hands over to a ListenerSet of the same name, and no request is lost', async () => {
    await using load = gateway.load({ host, port: 8080 });
    await untilServed(load);
    await gateway.cluster.apply([{ ...current, ...set }]);
    await untilProgrammed('listenersets');
    await eventually('the former set says that it is none any more', async () => {
      const accepted = (await statusOf('xlistenersets')).conditions.find(({ type }) => type === 'Accepted');
      return accepted?.status === 'False' && accepted.message === 'ListenerSet default/team has taken its place';
    }, { limit });
    await untilListeners('listenersets', [{ name: 'team', port: undefined, attachedRoutes: 1 }]);
    await untilListeners('xlistenersets', []);
    await untilServed(load);
    await gateway.cluster.kubectl(['delete', 'xlistenerset', 'team']);
    await untilServed(load);
    await assertNothingLost(load);
  });

  it('may go with its kind, and everything else is served on', async () => {
    await using load = gateway.load();
    await gateway.cluster.kubectl(['delete', 'crd', 'xlistenersets.gateway.networking.x-k8s.io']);
    await gateway.change('without-former-kinds');
    await gateway.untilMarked(host, 'in-set', limit, 8080);
    await untilServed(load);
    await assertNothingLost(load);
  });
});
