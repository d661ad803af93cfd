import { controlPlane, versionOf, type ControlPlane } from './control-plane.ts';
import { envoyPlaces } from './envoy-places.ts';
import type { Remembered } from './rejection-file.ts';
import { feedStore } from './xds-feed.ts';
import type { XdsOptions } from './xds-pipeline.ts';
import type { ObjectRef } from '../api/resource.ts';
import type { StageError } from '../reactive/derived.ts';
import type { Settings } from '../translate/inputs.ts';
import type { Log } from '../util/log.ts';
import { AdsServer } from '../xds/server/ads-server.ts';
import type { Pushed } from '../xds/server/events.ts';
import { Rejections, type Withdrawn } from '../xds/server/rejections.ts';
import { ResourceStore } from '../xds/server/resources.ts';

/** Hears of what goes on inside, for metrics. */
export interface CoreObserver {
  /** All outputs are up to date again; it took so many milliseconds. */
  readonly onSettled?: (ms: number) => void;
  readonly onTranslationError?: (error: StageError) => void;
}

export interface CoreOptions {
  readonly settings: Settings;
  readonly xds: XdsOptions;
  readonly log: Log;
  readonly observer?: CoreObserver;
  /** What Envoy refused before this process began. */
  readonly remembered: Iterable<Remembered>;
  /** Envoys refused an object, or take one again: what is withdrawn now. */
  readonly onRejections: (withdrawn: Iterable<Withdrawn>) => void;
  /** How far the Envoys of a proxy have come may have changed. */
  readonly onProgress: (proxy: string) => void;
  /** Hears of each response that was handed to an Envoy. */
  readonly onPushed?: (pushed: Pushed) => void;
}

/**
 * The part of a gateway that knows neither where its objects come from nor where its Envoys run.
 *
 *     objects, ports, proxy states ─► ┌───────────────┐ ─► ResourceStore ─► AdsServer ─► Envoy
 *                                     │ control plane │ ─► wanted ports, infrastructure, statuses
 *     NACKs ─► rejected objects ────► └───────────────┘
 */
export class Core {
  readonly plane: ControlPlane;
  readonly store = new ResourceStore();
  readonly ads: AdsServer;
  readonly #options: CoreOptions;
  readonly #rejections: Rejections;
  readonly #listenersChanged = new Set<string>();
  #open = false;
  #isUpdating = false;

  constructor(options: CoreOptions) {
    const { log, observer, settings, xds } = options;
    this.#options = options;
    this.#rejections = new Rejections(options.remembered);
    this.plane = controlPlane({
      settings,
      xds,
      onError: (failure) => {
        const { collection, key, error } = failure;
        log.error({ collection, key, err: error }, 'translation failed, the object is left out');
        observer?.onTranslationError?.(failure);
      },
    });
    this.ads = new AdsServer({
      store: this.store,
      log,
      placesOf: (node) => envoyPlaces(node, this.plane.resources.Node),
      ...(options.onPushed === undefined ? {} : { onPushed: options.onPushed }),
      onNack: (nack) => this.#onRejections(() => this.#rejections.refused(nack)),
      onRecovered: (id) => this.#onRejections(() => this.#rejections.recovered(id)),
      onAnswered: ({ proxy }) => options.onProgress(proxy),
    });
    this.plane.xds.subscribe((changes) => {
      feedStore(this.store, changes);
      for (const { before, after } of changes.values()) {
        const changed = after ?? before;
        if (changed?.type === 'LDS') this.#listenersChanged.add(changed.proxy);
      }
    });
    this.#writeRejections();
  }

  /** True once Envoys are answered. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Everything has been read: Envoys are answered from now on. */
  open(): void {
    this.#open = true;
    this.#forgetOutdatedRejections();
    this.ads.open();
  }

  /** Brings the world up to date with what `write` puts into the sources. */
  update(write: () => void): void {
    // Somebody who hears of a change writes at once: it becomes part of that change.
    if (this.#isUpdating) return write();
    this.#isUpdating = true;
    try {
      this.#bringUpToDate(write);
    } finally {
      this.#isUpdating = false;
    }
    this.#forgetOutdatedRejections();
    const proxies = [...this.#listenersChanged];
    this.#listenersChanged.clear();
    for (const proxy of proxies) this.#options.onProgress(proxy);
  }

  #bringUpToDate(write: () => void): void {
    const start = performance.now();
    write();
    this.plane.settle();
    this.#options.observer?.onSettled?.(performance.now() - start);
    this.store.commit();
  }

  /** Other replicas have found out what Envoy refuses. What is about other versions than the present ones is dropped. */
  learn(found: Iterable<Remembered>): void {
    const relevant = this.#open ? [...found].filter(({ owner, version }) => versionOf(this.plane.resources, owner as ObjectRef) === version) : found;
    if (this.#rejections.learn(relevant)) this.update(() => this.#writeRejections());
  }

  #onRejections(change: () => boolean): void {
    if (!change()) return;
    this.update(() => this.#writeRejections());
    this.#options.onRejections(this.#rejections.withdrawn.values());
  }

  #writeRejections(): void {
    const { withdrawn } = this.#rejections;
    const { rejections } = this.plane;
    for (const [ref] of [...rejections.entries()]) if (!withdrawn.has(ref)) rejections.delete(ref);
    for (const [ref, { version, message }] of withdrawn) rejections.set(ref, { version, message });
  }

  /** An object that changed is a new one to Envoy: what was refused is no longer what would be sent. */
  #forgetOutdatedRejections(): void {
    // What has not been read yet is not gone.
    if (!this.#open) return;
    let changed = false;
    for (const ref of [...this.#rejections.withdrawn.keys()]) {
      changed = this.#rejections.updated(ref, versionOf(this.plane.resources, ref as ObjectRef)) || changed;
    }
    if (!changed) return;
    this.update(() => this.#writeRejections());
    this.#options.onRejections(this.#rejections.withdrawn.values());
  }
}
