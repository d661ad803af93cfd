import { hostname } from 'node:os';
import { AdminServer, jsonAnswer, textAnswer, type AdminHandler } from '../admin/http-server.ts';
import { Metrics } from '../admin/metrics.ts';
import type { KubeClient } from '../kube/client.ts';
import { loadKubeClient } from '../kube/load-client.ts';
import type { WatchedNamespaces } from '../source/kubernetes/kubernetes-source.ts';
import type { Log } from '../util/log.ts';
import type { Pushed } from '../xds/server/events.ts';
import { Controller } from './controller.ts';
import type { ElectionOptions } from './controller-options.ts';
import type { HostPort } from './instance.ts';
import { objectReports } from './reports.ts';
import { clusterSettings } from './settings.ts';
import { moongateVersion } from './versions.ts';
import { infrastructureView, irView, xdsView } from './views.ts';

/** What `moongate controller` was told. */
export interface ControllerInstanceOptions {
  /** A kubeconfig file; undefined: the Pod's service account, or the user's usual one. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly controllerNames: readonly string[];
  readonly namespace: string;
  readonly deploy: 'ControllerNamespace' | 'GatewayNamespace';
  readonly watch: WatchedNamespaces;
  readonly xds: HostPort;
  readonly clusterDomain: string;
  readonly envoyImage: string;
  readonly helperImage: string;
  /** A Service in our namespace with endpoint pickers of ours, and its port; undefined: there is none. */
  readonly endpointPicker: { readonly name: string; readonly port: number } | undefined;
  /** undefined: this is the only replica. */
  readonly election: Omit<ElectionOptions, 'identity'> | undefined;
  readonly certificateSettleMs: number;
  /** Ports of our own, by what is answered there; undefined: not at all. */
  readonly admin: HostPort | undefined;
  readonly health: HostPort | undefined;
  readonly metrics: HostPort | undefined;
  readonly log: Log;
  readonly onPushed?: (pushed: Pushed) => void;
}

const index = `Moongate, controller

/healthz                       the process is alive
/readyz                        everything has been read and Envoys are answered; or why not
/metrics                       for Prometheus
/api/v1/objects                objects with the conditions that they are to have
/api/v1/config/ir              listeners, routes and backends
/api/v1/config/xds             what Envoys are sent
/api/v1/config/infrastructure  what the proxies are to run on
`;

/** A controller with its ports: for this machine only the admin port, for probes and Prometheus the others. */
export class ControllerInstance {
  readonly controller: Controller;
  readonly metrics: Metrics;
  readonly #options: ControllerInstanceOptions;
  readonly #client: KubeClient;
  readonly #servers: AdminServer[] = [];
  #phase: 'starting' | 'serving' | 'stopping' = 'starting';

  /** Throws a sentence when it cannot be found out how to reach the API server. */
  constructor(options: ControllerInstanceOptions) {
    const { kubeconfig, context, log, namespace, election, endpointPicker, onPushed } = options;
    this.#options = options;
    const client = loadKubeClient({ userAgent: `moongate/${moongateVersion()}`, kubeconfig, context });
    this.#client = client;
    this.metrics = new Metrics({
      version: moongateVersion(),
      ads: () => this.controller.ads.counters,
      objects: () => Object.entries(this.controller.plane.resources).map(([kind, objects]) => [kind, objects.size]),
      ready: () => this.notReady().length === 0,
    });
    const { metrics } = this;
    this.controller = new Controller({
      client,
      settings: clusterSettings(options.controllerNames, endpointPicker && { type: 'service', service: `${namespace}/${endpointPicker.name}`, port: endpointPicker.port }),
      environment: {
        controllerNamespace: namespace,
        deploy: options.deploy,
        xds: options.xds,
        clusterDomain: options.clusterDomain,
        envoyImage: options.envoyImage,
        helperImage: options.helperImage,
      },
      watch: options.watch,
      certificateSettleMs: options.certificateSettleMs,
      election: election && { identity: `${hostname()}_${process.pid}`, ...election },
      log,
      observer: {
        onChanged: () => metrics.changed(performance.now()),
        onSettled: (ms) => metrics.settled(ms),
        onTranslationError: ({ collection }) => metrics.translationFailed(collection),
        onStatusWrite: (write) => metrics.statusWritten(write),
      },
      onPushed: (pushed) => {
        metrics.pushed(pushed.at);
        onPushed?.(pushed);
      },
    });
  }

  /** Opens the ports, reads everything and begins to serve. Rejects with a sentence for the user; `stop` is to be called all the same. */
  async start(): Promise<void> {
    const { admin, health, metrics, log } = this.#options;
    const probes = this.#probes();
    const scrapes = new Map<string, AdminHandler>([['/metrics', async () => ({ status: 200, ...(await this.metrics.text()) })]]);
    await this.#listen('health', health, { handlers: probes, log, public: true });
    await this.#listen('metrics', metrics, { handlers: scrapes, log, public: true });
    await this.#listen('admin', admin, { handlers: new Map([...probes, ...scrapes, ...this.#views()]), log });
    await this.controller.start();
    if (this.#phase === 'starting') this.#phase = 'serving';
  }

  async stop(): Promise<void> {
    this.#phase = 'stopping';
    await this.controller.stop();
    await Promise.all(this.#servers.map((server) => server.close()));
    this.#client.close();
  }

  /** Why Envoys are not answered, a sentence each. */
  notReady(): readonly string[] {
    if (this.#phase === 'stopping') return ['the program is about to end'];
    return this.controller.notReady();
  }

  #probes(): Map<string, AdminHandler> {
    return new Map<string, AdminHandler>([
      ['/healthz', () => textAnswer('ok\n')],
      ['/readyz', () => {
        const reasons = this.notReady();
        return reasons.length === 0 ? textAnswer('ok\n') : textAnswer(reasons.map((reason) => `${reason}\n`).join(''), 503);
      }],
    ]);
  }

  #views(): Map<string, AdminHandler> {
    const { controller } = this;
    return new Map<string, AdminHandler>([
      ['/', () => textAnswer(index)],
      ['/api/v1/objects', () => jsonAnswer(objectReports(controller.plane))],
      ['/api/v1/config/ir', () => jsonAnswer(irView(controller.plane))],
      ['/api/v1/config/xds', () => jsonAnswer(xdsView(controller.plane))],
      ['/api/v1/config/infrastructure', () => jsonAnswer(infrastructureView(controller.plane))],
    ]);
  }

  async #listen(what: string, address: HostPort | undefined, options: ConstructorParameters<typeof AdminServer>[0]): Promise<void> {
    if (address === undefined) return;
    const server = new AdminServer(options);
    try {
      await server.listen(address.host, address.port);
    } catch (error) {
      throw new Error(`the ${what} port ${address.host}:${address.port} cannot be had (${(error as Error).message}): choose another with --${what} HOST:PORT, or none with --${what} off`, { cause: error });
    }
    this.#servers.push(server);
  }
}
