import { after } from 'node:test';
import type { TestContext } from 'node:test';
import { apiServerSuite, eventually, uniqueName } from '../../../src/kube/api-server.suite.ts';
import { KubeClient } from '../../../src/kube/client.ts';
import { fixedCredentials } from '../../../src/kube/credentials.ts';
import { isNotFound } from '../../../src/kube/kube-error.ts';
import { kubeconfigConnection } from '../../../src/kube/kubeconfig.ts';
import type { KubeResource } from '../../../src/kube/resource.ts';
import { objectPath } from '../../../src/kube/resource.ts';
import { createObject, deleteObject, getObject } from '../../../src/kube/verbs.ts';
import { NAMESPACES, SERVICE_ACCOUNTS } from '../../../src/kube/well-known.ts';
import { startCluster } from '../cluster.ts';

const userAgent = 'moongate/test';
const crds: KubeResource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions', kind: 'CustomResourceDefinition', namespaced: false };
const clusterRoles: KubeResource = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterroles', kind: 'ClusterRole', namespaced: false };
const clusterRoleBindings: KubeResource = { ...clusterRoles, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding' };

const cluster = await startCluster();
const connection = kubeconfigConnection([cluster.kubeconfig]);
const client = new KubeClient({ connection, userAgent });
after(async () => {
  client.close();
  await cluster.stop();
});

apiServerSuite('real API server', async (context) => {
  const group = `${uniqueName('suite')}.moongate.dev`;
  const widgets: KubeResource = { group, version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true };
  const crd = { name: `widgets.${group}` };
  context.after(() => ignoreMissing(deleteObject(client, crds, crd)));
  return {
    client,
    widgets,
    namespace: (test) => makeNamespace(client, test),
    restricted: async (test) => makeRestricted(client, connection, test),
    install: async () => {
      await createObject(client, crds, {
        metadata: crd,
        spec: {
          group,
          names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
          scope: 'Namespaced',
          versions: [{
            name: 'v1', served: true, storage: true, subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          }],
        },
      });
    },
    uninstall: async () => {
      await deleteObject(client, crds, crd);
      await eventually(() => getObject(client, crds, crd).then(() => false, isNotFound), 'the CRD to be gone');
    },
  };
});

async function makeNamespace(client: KubeClient, context: TestContext): Promise<string> {
  const name = uniqueName('suite');
  await createObject(client, NAMESPACES, { metadata: { name } });
  context.after(() => ignoreMissing(deleteObject(client, NAMESPACES, { name })));
  return name;
}

/** A client of a service account that may read ConfigMaps and nothing else. */
async function makeRestricted(client: KubeClient, connection: ReturnType<typeof kubeconfigConnection>, context: TestContext): Promise<KubeClient> {
  const namespace = await makeNamespace(client, context);
  const account = { namespace, name: 'restricted' };
  const role = { name: namespace };
  await createObject(client, SERVICE_ACCOUNTS, { metadata: account });
  await createObject(client, clusterRoles, { metadata: role, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }] });
  context.after(() => ignoreMissing(deleteObject(client, clusterRoles, role)));
  await createObject(client, clusterRoleBindings, {
    metadata: role,
    roleRef: { apiGroup: clusterRoles.group, kind: 'ClusterRole', name: role.name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  context.after(() => ignoreMissing(deleteObject(client, clusterRoleBindings, role)));
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const answer = await client.request({ method: 'POST', path: objectPath(SERVICE_ACCOUNTS, account, 'token'), body });
  const { token } = (answer as { readonly status: { readonly token: string } }).status;
  const { cert: _, key: __, ...tls } = connection.tls;
  const restricted = new KubeClient({ connection: { ...connection, tls, credentials: fixedCredentials(`Bearer ${token}`) }, userAgent });
  context.after(() => restricted.close());
  return restricted;
}

async function ignoreMissing(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
