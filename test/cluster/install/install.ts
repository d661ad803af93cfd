import type { Cluster } from '../cluster.ts';
import { images } from '../images/catalog.ts';
import type { ImageSource } from '../images/catalog.ts';
import { installEnvoyGateway } from './envoy-gateway.ts';
import { installMetricsServer } from './metrics-server.ts';
import { installMoongate } from './moongate.ts';
import { moongateImage } from '../images/moongate.ts';
import type { Progress } from '../tools/ensure.ts';

/** What is put on a cluster. */
export interface Installation {
  readonly install: 'moongate' | 'envoy-gateway' | 'nothing';
  readonly metrics?: boolean;
  /** Values of Moongate's chart, as helm takes them with --set. */
  readonly set?: readonly string[];
}

/** The images that an installation needs on the nodes. */
export function imagesFor({ install, metrics = false }: Installation): ImageSource[] {
  const wanted = { 'moongate': [images.envoy, moongateImage], 'envoy-gateway': [images.envoy, images.envoyGateway], 'nothing': [] };
  return [...wanted[install], ...(metrics ? [images.metricsServer] : [])];
}

/** Installs, and waits until what was installed runs. */
export async function install(cluster: Cluster, { install, metrics = false, set = [], onProgress = () => {} }: Installation & { readonly onProgress?: Progress }): Promise<void> {
  if (metrics) {
    onProgress('installing metrics-server');
    await installMetricsServer(cluster);
  }
  if (install === 'nothing') return;
  onProgress(`installing ${install}`);
  await (install === 'moongate' ? installMoongate(cluster, { set }) : installEnvoyGateway(cluster));
}
