import { dirname } from 'node:path';
import type { ImageContent, LayerEntry } from './archive.ts';
import { ensureArchive } from './image.ts';
import { librariesOf } from './libraries.ts';
import { findEnvoy } from '../../../src/infra/host/envoy-binary.ts';
import { pauseImage } from '../node/configurations.ts';
import { ensureProgram } from '../tools/ensure.ts';
import type { Progress } from '../tools/ensure.ts';
import { coreDns, echoBasic, envoyGateway, metricsServer, pause } from '../tools/recipes.ts';

/** Makes the archive of an image, or finds it in the cache, and answers its path. */
export type ImageSource = (onProgress: Progress) => Promise<string>;

export const coreDnsImage = 'registry.k8s.io/coredns/coredns:v1.12.2';
export const envoyImage = 'docker.io/envoyproxy/envoy:distroless-v1.40.0';
export const envoyGatewayImage = 'docker.io/envoyproxy/gateway:v1.9.1';
export const metricsServerImage = 'registry.k8s.io/metrics-server/metrics-server:v0.8.0';

/** All the names under which manifests ask for the echo server: those of the conformance suites, and of ACK's examples. */
export const echoImages = [
  'registry.k8s.io/gateway-api/echo-basic:v1.5.1',
  'registry.k8s.io/gateway-api/echo-basic:v1.6.0-dev.2',
  'registry.k8s.io/gateway-api/echo-basic:v1.6.0-dev.3',
  'gcr.io/k8s-staging-gateway-api/echo-basic:v20251106-v1.3.0-263-g47c3435c',
  'registry-cn-hangzhou.ack.aliyuncs.com/ack-demo/envoygateway-echo-basic:v20231214-v1.0.0-140-gf544a46e',
] as const;

const authorities: LayerEntry = { path: '/etc/ssl/certs/ca-certificates.crt', from: '/etc/ssl/certs/ca-certificates.crt' };

/** Images by what they are; manifests know them by their names in registries. */
export const images = {
  pause: async (onProgress) => {
    const program = await ensureProgram(pause, 'pause', onProgress);
    return ensureArchive('pause', { names: [pauseImage], layers: [[{ path: '/pause', from: program }]], config: { entrypoint: ['/pause'] } }, onProgress);
  },
  coreDns: async (onProgress) => {
    const program = await ensureProgram(coreDns, 'coredns', onProgress);
    return ensureArchive('coredns', single(coreDnsImage, '/coredns', program), onProgress);
  },
  echo: async (onProgress) => {
    const program = await ensureProgram(echoBasic, 'echo-basic', onProgress);
    return ensureArchive('echo-basic', { ...single('', '/echo-basic', program), names: echoImages }, onProgress);
  },
  envoy: async (onProgress) => {
    const { path } = await findEnvoy({ onProgress });
    const content = single(envoyImage, '/usr/local/bin/envoy', path);
    return ensureArchive('envoy', { ...content, layers: [...content.layers, await librariesOf(path)] }, onProgress);
  },
  envoyGateway: async (onProgress) => {
    const program = await ensureProgram(envoyGateway, 'envoy-gateway', onProgress);
    return ensureArchive('envoy-gateway', single(envoyGatewayImage, '/usr/local/bin/envoy-gateway', program), onProgress);
  },
  metricsServer: async (onProgress) => {
    const program = await ensureProgram(metricsServer, 'metrics-server', onProgress);
    return ensureArchive('metrics-server', single(metricsServerImage, '/metrics-server', program), onProgress);
  },
} as const satisfies Readonly<Record<string, ImageSource>>;

/** An image that runs one program. */
function single(name: string, path: string, program: string): ImageContent {
  return { names: [name], layers: [[authorities, { path, from: program }]], config: { entrypoint: [path], workingDir: dirname(path) } };
}
