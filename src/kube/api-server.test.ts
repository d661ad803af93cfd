import { apiServerSuite, uniqueName } from './api-server.suite.ts';
import { FakeApiServer, standardResources } from './testing.ts';

const widgets = { group: 'test.moongate.dev', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true };
const fakeWidgets = { ...widgets, versions: ['v1'], hasStatus: true, hasGeneration: true };

apiServerSuite('fake API server', async (context) => {
  const server = await FakeApiServer.start(context);
  const client = server.client();
  context.after(() => client.close());
  return {
    client,
    widgets,
    namespace: async () => {
      const name = uniqueName('suite');
      server.put('Namespace', { metadata: { name } });
      return name;
    },
    restricted: async () => {
      for (const { kind } of standardResources) if (kind !== 'ConfigMap') server.deny(kind);
      return client;
    },
    install: async () => server.store.install(fakeWidgets),
    uninstall: async () => server.uninstall('Widget'),
  };
});
