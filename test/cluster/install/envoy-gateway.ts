import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import { envoyGatewayImage, envoyImage } from '../images/catalog.ts';
import { moduleFolder } from '../tools/go.ts';
import { envoyGateway } from '../tools/recipes.ts';
import { run } from '../tools/run.ts';

/** The Gateway API that this Envoy Gateway is made for. */
const gatewayApi = 'sigs.k8s.io/gateway-api@v1.6.3';
const namespace = 'envoy-gateway-system';
const timeoutMs = 3 * 60 * 1000;

/** Installs the original that Moongate takes the place of, as its own chart does it, with the images of the catalog, and waits until it runs. */
export async function installEnvoyGateway(cluster: Cluster): Promise<void> {
  const api = join(await moduleFolder(gatewayApi), 'config/crd/experimental');
  const module = await moduleFolder(`github.com/envoyproxy/gateway@${envoyGateway.version}`);
  const crds = (await readdir(api)).filter((file) => file.startsWith('gateway')).map((file) => join(api, file));
  await cluster.kubectl(['apply', '--server-side', ...[...crds, join(module, 'charts/gateway-helm/charts/crds/crds/generated')].flatMap((path) => ['-f', path])]);

  const chart = join(cluster.dir, 'envoy-gateway-chart');
  await mkdir(chart);
  await cp(join(module, 'charts/gateway-helm'), chart, { recursive: true });
  // The module cache is read-only, and so are copies from it.
  await run('chmod', ['-R', 'u+w', chart]);
  // The published module has the values as they are before a release fills in its images.
  const values = (await readFile(join(chart, 'values.tmpl.yaml'), 'utf8')).replaceAll('${GatewayImage}', envoyGatewayImage).replaceAll('${GatewayImagePullPolicy}', 'IfNotPresent');
  await writeFile(join(chart, 'values.yaml'), values);
  const manifest = await run('helm', [
    'template', 'eg', chart, '-n', namespace,
    '--set', `global.images.envoyProxy.image=${envoyImage}`,
    '--set', `config.envoyGateway.provider.kubernetes.shutdownManager.image=${envoyGatewayImage}`,
  ], { env: cluster.env });
  await cluster.kubectl(['create', 'namespace', namespace]);
  await cluster.kubectl(['apply', '--server-side', '-n', namespace, '-f', '-'], { input: manifest });
  await cluster.kubectl(['wait', '-n', namespace, '--for=condition=Available', 'deployment', '--all', `--timeout=${timeoutMs / 1000}s`], { timeout: timeoutMs });
  await rm(chart, { recursive: true });
}
