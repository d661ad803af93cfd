import { after, before, describe, it } from 'node:test';
import { certificateAuthority } from '../../e2e/support/certificate.ts';
import { echoImages } from '../images/catalog.ts';
import { eventually } from '../lifetime/eventually.ts';
import { isTrue, type Condition } from './support/conditions.ts';
import { route } from './support/routes.ts';
import { limit, TestGateway } from './support/test-gateway.ts';

const host = 'secure.example.com';
const metadata = { name: 'secure', namespace: 'default' };

/** The kind is in beta, so it has to be switched on. */
const apiServerArgs = ['--feature-gates=ClusterTrustBundle=true', '--runtime-config=certificates.k8s.io/v1beta1/clustertrustbundles=true'];

function bundle(trustBundle: string): object {
  return { apiVersion: 'certificates.k8s.io/v1beta1', kind: 'ClusterTrustBundle', metadata: { name: 'servers' }, spec: { trustBundle } };
}

/** A server with this certificate, and a Service at port 443. */
function server({ chain, privateKey }: { readonly chain: string; readonly privateKey: string }): object[] {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const labels = { app: metadata.name };
  const env = { POD_NAME: metadata.name, NAMESPACE: metadata.namespace, TLS_SERVER_CERT: '/tls/tls.crt', TLS_SERVER_PRIVKEY: '/tls/tls.key' };
  return [
    { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, data: { 'tls.crt': base64(chain), 'tls.key': base64(privateKey) } },
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            volumes: [{ name: 'tls', secret: { secretName: metadata.name } }],
            containers: [{ name: 'echo', image: echoImages[0], env: Object.entries(env).map(([name, value]) => ({ name, value })), volumeMounts: [{ name: 'tls', mountPath: '/tls' }] }],
          },
        },
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ port: 443, targetPort: 8443 }] } },
  ];
}

describe('a ClusterTrustBundle', { timeout: 300_000 }, () => {
  let gateway: TestGateway;
  const [authority, other] = [certificateAuthority('authority'), certificateAuthority('other')];

  before(async () => {
    gateway = await TestGateway.start({ apiServerArgs });
    await gateway.cluster.apply([
      ...server(authority.issue(host)),
      bundle(authority.certificate),
      {
        apiVersion: 'gateway.networking.k8s.io/v1', kind: 'BackendTLSPolicy', metadata,
        spec: { targetRefs: [{ group: '', kind: 'Service', name: 'secure' }], validation: { hostname: host, caCertificateRefs: [{ group: 'certificates.k8s.io', kind: 'ClusterTrustBundle', name: 'servers' }] } },
      },
      route({ name: 'secure', host, mark: 'secure', backend: { name: 'secure', port: 443 } }),
    ]);
  });
  after(() => gateway?.cluster.stop());

  const untilAnswered = (status: number): Promise<void> => eventually(`${host} is answered with ${status}`, async () => (await gateway.status(host)) === status, { limit });

  it('says whom a BackendTLSPolicy trusts, as it is at the time', async () => {
    await gateway.untilMarked(host, 'secure');
    await eventually('the policy says that all is well', async () => {
      const { status } = await gateway.cluster.controlPlane.client.send<{ status?: { ancestors: readonly { conditions: readonly Condition[] }[] } }>('/apis/gateway.networking.k8s.io/v1/namespaces/default/backendtlspolicies/secure');
      const conditions = status?.ancestors[0]?.conditions;
      return isTrue(conditions, 'Accepted') && isTrue(conditions, 'ResolvedRefs');
    }, { limit });

    await gateway.cluster.apply([bundle(other.certificate)]);
    await untilAnswered(503);
    await gateway.cluster.apply([bundle(other.certificate + authority.certificate)]);
    await gateway.untilMarked(host, 'secure');
    await gateway.cluster.kubectl(['delete', 'clustertrustbundle', 'servers']);
    await untilAnswered(503);
  });
});
