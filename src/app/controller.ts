import { clusterProxyReadiness } from './cluster-proxy-readiness.ts';
import { applyChanges, type ControlPlane } from './control-plane.ts';
import { Core } from './core.ts';
import type { ControllerOptions } from './controller-options.ts';
import { followReferences, SCOPED_KINDS } from './reference-scope.ts';
import { RejectionMap } from './rejection-map.ts';
import { SERVICE, WATCHED_KINDS } from './served-kinds.ts';
import { SecureEndpoint } from './secure-endpoint.ts';
import { unreadable } from './unreadable.ts';
import { followModelServers, modelServers } from './wanted-model-servers.ts';
import { wantedInfrastructure } from './wanted-proxies.ts';
import { followSelectors, selectorServices } from './wanted-selectors.ts';
import type { KindName } from '../api/kinds.ts';
import type { Problem } from '../api/problem.ts';
import type { Resource } from '../api/resource.ts';
import { CertificateKeeper } from '../infra/kubernetes/certificates/certificate-keeper.ts';
import { serverNames } from '../infra/kubernetes/certificates/identity.ts';
import { proxyName, proxyNamespace } from '../infra/kubernetes/names.ts';
import { ProxyInfra, type ProxyInfraState } from '../infra/kubernetes/proxy-infra.ts';
import type { ModelServers } from '../infra/kubernetes/model-servers.ts';
import type { SelectorServices } from '../infra/kubernetes/selector-services.ts';
import type { ProxyEnvironment, WantedProxy } from '../infra/kubernetes/wanted-proxy.ts';
import type { NamespaceScope } from '../kube/reflector-state.ts';
import { LeaseElection } from '../kube/lease-election.ts';
import type { KubernetesChanges } from '../source/kubernetes/changes.ts';
import { KubernetesSource, type WatchedNamespaces } from '../source/kubernetes/kubernetes-source.ts';
import { statusApi } from '../status/status-api.ts';
import { StatusWriter } from '../status/writer.ts';
import { equal } from '../util/equal.ts';
import type { AdsServer } from '../xds/server/ads-server.ts';
import type { ResourceStore } from '../xds/server/resources.ts';

/** Name of the Lease, and the field manager of what we write. */
export const controllerLease = 'moongate-controller';
const fieldManager = 'moongate';

/**
 * The gateway in a cluster: objects of the API server in, Envoy Deployments and statuses out.
 *
 *     API server ─► KubernetesSource ─► ┌──────┐ ─► infrastructure ─► ProxyInfra, CertificateKeeper ─► API server
 *     API server ─► ProxyInfra's state ►│ Core │ ─► statuses ───────► StatusWriter ────────────────► API server
 *     other replicas ─► RejectionMap ─► └──────┘ ─► xDS (mTLS) ─────► Envoys
 *
 * Every replica serves xDS from its own watches; the one that holds the Lease writes. Nothing is served before all has been read.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #environment: ProxyEnvironment;
  readonly #core: Core;
  readonly #endpoint: SecureEndpoint;
  readonly #source: KubernetesSource;
  readonly #infra: ProxyInfra;
  readonly #certificates: CertificateKeeper;
  readonly #selectors: SelectorServices;
  readonly #modelServers: ModelServers;
  readonly #statuses: StatusWriter;
  readonly #rejections: RejectionMap;
  readonly #election: LeaseElection | undefined;
  readonly #infraStates = new Map<string, ProxyInfraState>();
  #wake: () => void = () => {};
  #isLeader = false;
  /** Everything that statuses tell of has been read. */
  #hasRead = false;
  #stopped = false;

  constructor(options: ControllerOptions) {
    const { client, log, settings, observer, onPushed } = options;
    this.#options = options;
    const environment: ProxyEnvironment = { ...options.environment, certificateSecret: (wanted) => certificateSecret(wanted, environment) };
    this.#environment = environment;
    const proxyNamespaces = environment.deploy === 'ControllerNamespace' ? [environment.controllerNamespace] : listedNamespaces(options.watch);
    this.#rejections = new RejectionMap({
      client,
      namespace: environment.controllerNamespace,
      log,
      onRemembered: (remembered) => this.#core.learn(remembered),
    });
    this.#core = new Core({
      settings,
      xds: {},
      log,
      ...(observer === undefined ? {} : { observer }),
      remembered: [],
      onRejections: (withdrawn) => this.#rejections.write(withdrawn),
      onProgress: (proxy) => this.#refresh(proxy),
      ...(onPushed === undefined ? {} : { onPushed }),
    });
    this.#endpoint = new SecureEndpoint(this.ads, environment.xds.port);
    this.#source = new KubernetesSource({
      client,
      kinds: WATCHED_KINDS,
      namespaces: options.watch,
      scopes: new Map(SCOPED_KINDS.map((kind) => [kind, []])),
      log,
      onChange: (changes) => this.#onObjects(changes),
      onState: () => this.#onSourceState(),
      onObserved: (kind, key) => this.#statuses.observedChanged(kind, key),
    });
    followReferences(this.plane, (kind, namespaces) => this.#source.setScope(kind, namespaces));
    this.#infra = new ProxyInfra({ client, environment, namespaces: proxyNamespaces, log, onState: (id, state) => this.#onInfraState(id, state) });
    this.#selectors = selectorServices({ client, core: this.#core, log });
    this.#modelServers = modelServers({ client, core: this.#core, log });
    this.#certificates = new CertificateKeeper({
      client,
      namespace: environment.controllerNamespace,
      serverNames: serverNames(environment.xds.host, environment.clusterDomain),
      proxyNamespaces,
      settleMs: options.certificateSettleMs,
      log,
      onServerTls: (tls) => this.#endpoint.use(tls),
    });
    this.#statuses = new StatusWriter({
      api: statusApi(client, { fieldManager }),
      controllerNames: settings.controllerNames,
      observed: (kind, key) => this.#source.observed(kind, key),
      log,
      ...(observer?.onStatusWrite === undefined ? {} : { onWrite: observer.onStatusWrite }),
    });
    for (const collection of this.plane.outputs.statuses) collection.subscribe((changes) => this.#statuses.want(changes));
    for (const collection of [this.plane.outputs.infrastructure, this.plane.outputs.wantedPorts]) collection.subscribe(() => this.#reconcile());
    this.#election = options.election && new LeaseElection({
      client,
      namespace: environment.controllerNamespace,
      name: controllerLease,
      ...options.election,
      log,
      onStarted: () => this.#setWriting(true),
      onStopped: () => this.#setWriting(false),
    });
  }

  get plane(): ControlPlane {
    return this.#core.plane;
  }

  get store(): ResourceStore {
    return this.#core.store;
  }

  get ads(): AdsServer {
    return this.#core.ads;
  }

  /** What is waited for before Envoys are answered, a sentence each. */
  notReady(): readonly string[] {
    if (this.#core.isOpen) return [];
    const { unsynced } = this.#source;
    if (unsynced.length > 0) return unsynced.map((kind) => `${kind} objects are being read`);
    if (this.#unreadable.length > 0) return this.#unreadable;
    return this.#endpoint.isOpen ? ['everything has been read and is being put together'] : ['there is no certificate for the xDS server yet: the leader issues it'];
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Reads everything, then begins to serve. */
  async start(): Promise<void> {
    this.#infra.start();
    this.#certificates.start();
    // The leader issues the certificate that all of them need to begin, so there must be one before anything is waited for.
    if (this.#election === undefined) this.#setWriting(true);
    else this.#election.start();
    await this.#rejections.start();
    await this.#source.start();
    // Gateways and policies, once read, say where Secrets and ConfigMaps are to be looked for.
    while ((!this.#source.synced || this.#unreadable.length > 0) && !this.#stopped) await this.#next();
    await this.#endpoint.opened;
    if (this.#stopped) return;
    this.#core.open();
    this.#reconcile();
    followSelectors(this.plane, this.#selectors);
    followModelServers(this.plane, this.#modelServers);
    await this.#infra.whenSynced();
    this.#hasRead = true;
    this.#setWriting(this.#isLeader);
  }

  /** Gives up the Lease and ends. The proxies go on with what they have. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    this.#endpoint.giveUp();
    await this.#election?.stop();
    await Promise.all([this.#statuses.stop(), this.#infra.stop(), this.#selectors.stop(), this.#modelServers.stop(), this.#certificates.stop(), this.#source.stop(), this.#rejections.stop()]);
    await this.ads.close();
  }

  #onSourceState(): void {
    const { unreadable: told } = this.plane;
    const denied = new Map(this.#source.states.flatMap(({ kind, namespace, state }): [string, string][] =>
      state.kind === 'denied' ? [[namespace === '' ? kind : `${kind}/${namespace}`, state.message]] : [],
    ));
    this.#core.update(() => {
      for (const [key] of [...told.entries()]) if (!denied.has(key)) told.delete(key);
      for (const [key, message] of denied) told.set(key, message);
    });
    this.#wake();
  }

  get #unreadable(): readonly string[] {
    return unreadable(this.#source.states);
  }

  /** Resolves when more can be read than before. */
  async #next(): Promise<void> {
    if (!this.#source.synced) return this.#source.whenSynced();
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #setWriting(writing: boolean): void {
    this.#isLeader = writing;
    this.#certificates.setWriting(writing);
    this.#infra.setWriting(writing);
    this.#selectors.setWriting(writing);
    this.#modelServers.setWriting(writing);
    // What is not read yet would make statuses say so.
    this.#statuses.setWriting(writing && this.#hasRead);
  }

  #onObjects({ set, deleted, problems }: KubernetesChanges): void {
    for (const [object, found] of problems) this.#logProblems(object, found);
    this.#options.observer?.onChanged?.();
    this.#core.update(() => {
      applyChanges(this.plane.resources, [
        ...deleted.map(({ kind, key }) => ({ kind: kind as KindName, key, resource: undefined })),
        ...set.filter((resource) => this.#isServed(resource)).map((resource) => ({ kind: resource.kind as KindName, key: resource.key, resource })),
      ]);
    });
  }

  /** Whoever writes a policy and hears nothing takes it to be in force. */
  #isServed({ kind, key }: Resource): boolean {
    if (SERVICE[kind as KindName] !== 'unserved') return true;
    this.#options.log.warn({ object: `${kind}/${key}` }, `${kind} is not served yet: nothing of what it asks for happens`);
    return false;
  }

  #logProblems(object: string, problems: readonly Problem[]): void {
    const { log } = this.#options;
    if (problems.length === 0) log.info({ object }, 'the problems of this object are gone');
    for (const { severity, field, message } of problems) log[severity === 'error' ? 'error' : 'warn']({ object, field }, message);
  }

  #reconcile(): void {
    const { proxies, bindings } = wantedInfrastructure(this.plane);
    const { portBindings } = this.plane;
    for (const [key] of [...portBindings.entries()]) if (!bindings.has(key)) portBindings.delete(key);
    for (const [key, binding] of bindings) portBindings.set(key, binding);
    // What is not read yet is not unwanted.
    if (!this.#core.isOpen) return;
    const environment = this.#environment;
    const all = [...proxies];
    // First, since a Pod whose Secret is not there yet waits for seconds.
    this.#certificates.want([...proxies.values()].map((wanted) => ({
      id: wanted.id,
      namespace: proxyNamespace(wanted, environment),
      name: certificateSecret(wanted, environment),
    })));
    this.#infra.reconcile(new Map(all.filter(([, { ports }]) => ports.length > 0)), new Set(all.flatMap(([id, { ports }]) => (ports.length > 0 ? [] : [id]))));
  }

  #onInfraState(id: string, state: ProxyInfraState | undefined): void {
    if (state === undefined) this.#infraStates.delete(id);
    else this.#infraStates.set(id, state);
    this.#refresh(id);
  }

  /** Takes note of how far a proxy has come. */
  #refresh(id: string): void {
    const infra = this.#infraStates.get(id);
    const { proxyStates } = this.plane;
    if (infra === undefined) {
      if (proxyStates.get(id) !== undefined) this.#core.update(() => proxyStates.delete(id));
      return;
    }
    const state = clusterProxyReadiness(id, infra, this);
    if (!equal(state, proxyStates.get(id))) this.#core.update(() => proxyStates.set(id, state));
  }
}

/** Namespaces by labels may be any. */
function listedNamespaces(watch: WatchedNamespaces): NamespaceScope {
  return typeof watch === 'object' && 'labelSelector' in watch ? 'all' : watch;
}

function certificateSecret(wanted: WantedProxy, environment: ProxyEnvironment): string {
  return `${proxyName(wanted, environment)}-xds`;
}
