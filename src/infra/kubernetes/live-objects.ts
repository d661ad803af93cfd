import type { KubeObject } from '../../kube/object.ts';
import { proxyAnnotation } from './labels.ts';
import { objectKey } from './managed-kinds.ts';

/** Our objects as the API server has them, by key and by the proxy that they were made for. */
export class LiveObjects {
  readonly #byKey = new Map<string, KubeObject>();
  readonly #byProxy = new Map<string, Set<string>>();

  get(key: string): KubeObject | undefined {
    return this.#byKey.get(key);
  }

  /** Keys of the proxy's objects. */
  keysOf(proxy: string): ReadonlySet<string> {
    return this.#byProxy.get(proxy) ?? none;
  }

  /** Proxies that have objects. */
  proxies(): Iterable<string> {
    return this.#byProxy.keys();
  }

  /** Takes in an object, and returns the proxies that it concerns. */
  set(object: KubeObject): readonly string[] {
    const key = objectKey(object);
    const before = this.delete(key);
    this.#byKey.set(key, object);
    const proxy = proxyOf(object);
    const keys = this.#byProxy.get(proxy);
    if (keys === undefined) this.#byProxy.set(proxy, new Set([key]));
    else keys.add(key);
    return before === undefined || before === proxy ? [proxy] : [before, proxy];
  }

  /** Forgets an object, and returns the proxy whose it was. */
  delete(key: string): string | undefined {
    const object = this.#byKey.get(key);
    if (object === undefined) return undefined;
    this.#byKey.delete(key);
    const proxy = proxyOf(object);
    const keys = this.#byProxy.get(proxy);
    keys?.delete(key);
    if (keys?.size === 0) this.#byProxy.delete(proxy);
    return proxy;
  }
}

const none: ReadonlySet<string> = new Set();

/** Somebody may have taken the annotation away; such objects are nobody's until they are applied again. */
function proxyOf({ metadata }: KubeObject): string {
  return metadata.annotations?.[proxyAnnotation] ?? '';
}
