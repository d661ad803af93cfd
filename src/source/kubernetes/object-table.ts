import type { Decoded, Origin, Resource } from '../../api/resource.ts';
import type { Problem } from '../../api/problem.ts';
import type { Kind } from '../../api/kinds.ts';
import type { DecodeOptions } from '../../api/decode.ts';
import type { KubeObject } from '../../kube/object.ts';
import { equal } from '../../util/equal.ts';
import { messageOf } from '../../util/error-message.ts';
import type { ObservedObject } from './changes.ts';

/** Makes a resource of an object. */
export type Decode = (value: unknown, origin: Origin, options: DecodeOptions) => Decoded;

/** Objects of an API server have no file. */
const ORIGIN: Origin = { file: '', line: 0 };

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** What is kept of one object. */
interface Entry {
  /** Its last good state. */
  resource: Resource | undefined;
  /** Metadata without what every write changes, as of the last decoding. */
  metadata: unknown;
  problems: readonly Problem[];
  observed: ObservedObject | undefined;
}

/** What a new state of an object means. */
export interface Update {
  /** Set when the object differs for translation. */
  readonly resource: Resource | undefined;
  /** Whether the object had a good state before. */
  readonly existed: boolean;
  /** Set when its problems differ. */
  readonly problems: readonly Problem[] | undefined;
}

/**
 * The objects of one kind: decodes them, and tells a change that means something to translation from a mere write of status.
 * `observes`: status and resource version are kept, for whoever writes the status.
 */
export class ObjectTable {
  readonly #kind: Kind;
  readonly #decode: Decode;
  readonly #observes: boolean;
  readonly #entries = new Map<string, Entry>();

  constructor(kind: Kind, { decode, observes }: { readonly decode: Decode; readonly observes: boolean }) {
    this.#kind = kind;
    this.#decode = decode;
    this.#observes = observes;
  }

  get size(): number {
    return this.#entries.size;
  }

  observed(key: string): ObservedObject | undefined {
    return this.#entries.get(key)?.observed;
  }

  /** Takes a new state of an object. */
  set(key: string, object: KubeObject): Update {
    const { status, metadata: given, ...content } = object;
    const { resourceVersion = '', ...rest } = given;
    const metadata = withoutBookkeeping(rest);
    const former = this.#entries.get(key);
    const observed = this.#observes ? observedOf(object, resourceVersion, status) : undefined;
    const existed = former?.resource !== undefined;
    if (former !== undefined && this.#isStatusOnly(former, metadata)) {
      former.observed = observed;
      return { resource: undefined, existed, problems: undefined };
    }
    const { resource, problems } = this.#decoded({ ...content, metadata, ...(this.#kind.observed && { status }) });
    const entry: Entry = { resource: resource ?? former?.resource, metadata: metadataOf(resource) ?? metadata, problems, observed };
    const isNews = resource !== undefined && resource.version !== former?.resource?.version;
    // Equal resources stay the same object: nothing that holds the former is kept alive twice.
    if (!isNews && former?.resource !== undefined) entry.resource = former.resource;
    this.#entries.set(key, entry);
    return { resource: isNews ? resource : undefined, existed, problems: equal(problems, former?.problems ?? []) ? undefined : problems };
  }

  /** Forgets an object. Tells whether it had a good state, and whether it had problems. */
  delete(key: string): { readonly existed: boolean; readonly hadProblems: boolean } {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return { existed: entry?.resource !== undefined, hadProblems: (entry?.problems.length ?? 0) > 0 };
  }

  /**
   * The API server counts every change of a custom resource outside of metadata and status in `generation`. Of the core kinds, most have no
   * generation at all: they are decoded again, which is cheap, and compared by version.
   */
  #isStatusOnly(former: Entry, metadata: Readonly<Record<string, unknown>>): boolean {
    return this.#kind.custom && metadata['generation'] !== undefined && equal(former.metadata, metadata);
  }

  #decoded(object: object): Decoded {
    try {
      return this.#decode(object, ORIGIN, { from: 'server' });
    } catch (error) {
      return { resource: undefined, problems: [{ severity: 'error', field: '', message: `cannot be decoded, which is a bug: ${messageOf(error)}` }] };
    }
  }
}

/** What kubectl and old API servers write beside what the user wrote. The copy of the whole object would double the memory that it takes. */
function withoutBookkeeping(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { selfLink: _, ...metadata } = given;
  const annotations = given['annotations'] as Readonly<Record<string, string>> | undefined;
  if (annotations?.[LAST_APPLIED] === undefined) return metadata;
  const { [LAST_APPLIED]: __, ...kept } = annotations;
  return { ...metadata, annotations: kept };
}

function metadataOf(resource: Resource | undefined): unknown {
  return (resource?.object as { readonly metadata?: unknown } | undefined)?.metadata;
}

function observedOf({ apiVersion, metadata: { uid = '', generation = 0 } }: KubeObject, resourceVersion: string, status: unknown): ObservedObject {
  return { uid, resourceVersion, generation, status, apiVersion };
}
