import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AdminServer, jsonAnswer, textAnswer, type AdminHandler } from '../admin/http-server.ts';
import type { PoolPicks } from '../admin/picks.ts';
import { decode } from '../api/decode.ts';
import { servedVersion, type KindName } from '../api/kinds.ts';
import type { Decoded, Origin } from '../api/resource.ts';
import { defaultConfig } from '../epp/config/default-config.ts';
import type { EndpointPickerConfig } from '../epp/config/endpoint-picker-config.ts';
import { problemText, readConfig } from '../epp/config/read-config.ts';
import { extProcServer } from '../epp/ext-proc/ext-proc-server.ts';
import type { GrpcServer } from '../epp/ext-proc/grpc-server.ts';
import { Picker, pickerKinds } from '../epp/picker.ts';
import { loadKubeClient } from '../kube/load-client.ts';
import { FileSource } from '../source/files/file-source.ts';
import { KubernetesSource } from '../source/kubernetes/kubernetes-source.ts';
import type { Log } from '../util/log.ts';
import type { HostPort } from './instance.ts';
import { logProblems } from './news.ts';
import { selfSignedCertificate } from './self-signed.ts';
import { moongateVersion } from './versions.ts';

/** What `moongate epp` was told. */
export interface PickerInstanceOptions {
  readonly source: { readonly paths: readonly string[] } | { readonly kubeconfig: string | undefined; readonly context: string | undefined; readonly namespaces: readonly string[] | 'all' };
  /** The one pool to serve, `namespace/name`; undefined: all that name no endpoint picker. */
  readonly pool: string | undefined;
  /** An EndpointPickerConfig, YAML; undefined: the defaults. */
  readonly config: string | undefined;
  readonly listen: { readonly path: string } | HostPort;
  /** undefined: in the clear. Without a directory the certificate is made for the occasion, as upstream's is. */
  readonly tls: { readonly certDir: string | undefined } | undefined;
  /** Where health is asked for by gRPC; undefined: where Envoy asks, alone. */
  readonly health: HostPort | undefined;
  /** Where metrics, probes and picks are answered; undefined: not at all. */
  readonly metrics: { readonly path: string } | HostPort | undefined;
  readonly refreshMs: number;
  readonly drainMs: number;
  readonly allowExperimental: boolean;
  readonly log: Log;
}

/** Bytes for what is remembered of prompts. */
const prefixBytes = 128 * 1024 * 1024;

/** Picks that are shown when nobody says how many. */
const shownPicks = 20;

/** An endpoint picker with its ports. */
export class PickerInstance {
  readonly #options: PickerInstanceOptions;
  readonly #picker: Picker;
  readonly #admin: AdminServer;
  #files: FileSource | undefined;
  #cluster: KubernetesSource | undefined;
  #server: GrpcServer | undefined;
  #phase: 'starting' | 'serving' | 'stopping' = 'starting';

  /** Throws a sentence, or several, when the configuration is wrong. */
  constructor(options: PickerInstanceOptions) {
    this.#options = options;
    const { pool, log, refreshMs, source } = options;
    this.#picker = new Picker({ config: configOf(options), pool, servers: 'paths' in source ? 'EndpointSlice' : 'Pod', scrapeMs: refreshMs, prefixBytes, log });
    this.#admin = new AdminServer({ handlers: this.#handlers(), log, public: true });
  }

  /** Reads all pools and servers, then begins to answer. Rejects with a sentence. */
  async start(): Promise<void> {
    const { listen, metrics, log, tls } = this.#options;
    if (metrics !== undefined) await ('path' in metrics ? this.#admin.listenOnSocket(metrics.path) : this.#admin.listen(metrics.host, metrics.port));
    await this.#read();
    if (this.#phase === 'stopping') return;
    this.#server = extProcServer({
      handler: (control, metadata) => this.#picker.handle(control, metadata),
      isServing: () => this.#phase === 'serving',
      ...(tls !== undefined && { tls: await certificateOf(tls) }),
      onError: (error) => log.error({ err: error }, 'a request went wrong'),
    });
    const address = await this.#server.listen(listen);
    this.#phase = 'serving';
    log.info({ address, tls: tls !== undefined }, 'the endpoint picker answers');
  }

  /** Takes no more requests, waits for those under way, and ends. */
  async stop(): Promise<void> {
    this.#phase = 'stopping';
    await this.#server?.close(this.#options.drainMs);
    this.#files?.stop();
    await this.#cluster?.stop();
    this.#picker.stop();
    await this.#admin.close();
  }

  async #read(): Promise<void> {
    const { source, log } = this.#options;
    if ('paths' in source) {
      this.#files = new FileSource({
        paths: source.paths,
        decode: decodeForPicker,
        log,
        onChange: ({ set, deleted, problems }) => {
          for (const [file, found] of problems) logProblems(file, { before: [], after: found }, log);
          this.#picker.apply([...deleted.map(({ kind, key }) => ({ kind, key, resource: undefined })), ...set.map((resource) => ({ kind: resource.kind, key: resource.key, resource }))]);
        },
      });
      return this.#files.start();
    }
    this.#cluster = new KubernetesSource({
      client: loadKubeClient({ kubeconfig: source.kubeconfig, context: source.context, userAgent: `moongate-epp/${moongateVersion()}` }),
      kinds: pickerKinds.filter((kind) => kind !== 'EndpointSlice'),
      namespaces: source.namespaces,
      log,
      onChange: ({ set, deleted }) =>
        this.#picker.apply([...deleted.map(({ kind, key }) => ({ kind, key, resource: undefined })), ...set.map((resource) => ({ kind: resource.kind, key: resource.key, resource }))]),
    });
    return this.#cluster.start();
  }

  #handlers(): Map<string, AdminHandler> {
    return new Map<string, AdminHandler>([
      ['/healthz', () => textAnswer('ok\n')],
      ['/readyz', () => (this.#phase === 'serving' ? textAnswer('ok\n') : textAnswer(`${this.#phase}\n`, 503))],
      ['/metrics', async () => ({ status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await this.#picker.metrics() })],
      ['/api/v1/picks', (query) => jsonAnswer(this.#picks(query))],
    ]);
  }

  #picks(query: URLSearchParams): PoolPicks[] {
    const limit = Math.max(1, Number(query.get('limit') ?? shownPicks) || shownPicks);
    const wanted = query.get('pool');
    return this.#picker.pools.filter(({ key }) => wanted === null || key === wanted).map(({ key, picks }) => ({ pool: key, picks: picks.latest(limit) }));
  }
}

function configOf({ config, allowExperimental, log }: PickerInstanceOptions): EndpointPickerConfig {
  if (config === undefined) return defaultConfig();
  const { config: read, errors, warnings } = readConfig(config, { allowExperimentalPlugins: allowExperimental });
  for (const warning of warnings) log.warn({}, `configuration: ${problemText(warning)}`);
  if (read === undefined) throw new Error(`the configuration is wrong:\n${errors.map((error) => `  ${problemText(error)}`).join('\n')}`);
  return read;
}

const kindsRead: ReadonlySet<KindName> = new Set(pickerKinds);

/** Of all that is in the files, what a picker reads. The rest is somebody else's to read, and to complain about. */
function decodeForPicker(value: unknown, origin: Origin): Decoded {
  const { apiVersion, kind } = (value ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown };
  const served = typeof apiVersion === 'string' && typeof kind === 'string' ? servedVersion(apiVersion, kind) : undefined;
  return served !== undefined && kindsRead.has(served.kind.kind) ? decode(value, origin) : { resource: undefined, problems: [] };
}

async function certificateOf({ certDir }: { readonly certDir: string | undefined }): Promise<{ readonly cert: string; readonly key: string }> {
  if (certDir === undefined) return selfSignedCertificate();
  const [cert, key] = await Promise.all(['tls.crt', 'tls.key'].map((name) => readFile(join(certDir, name), 'utf8')));
  return { cert: cert ?? '', key: key ?? '' };
}
