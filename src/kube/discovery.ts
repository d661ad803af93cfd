import type { KubeClient } from './client.ts';
import { isNotFound } from './kube-error.ts';

/** Media type of all groups, versions and resources in one document (served since Kubernetes 1.30); else the plain list of groups comes back. */
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** How long an answer is good for everybody who asks, in milliseconds. */
const FRESH_MS = 1000;

/** Versions that the API server serves, by `group/plural`, in its order of preference. The core group is not in it. */
export type Served = ReadonlyMap<string, readonly string[]>;

export interface DiscoveryOptions {
  readonly client: KubeClient;
  readonly now?: () => number;
}

/** What the API server serves beyond the core group. Many may ask at once: they share a request, and an answer for a second. */
export class Discovery {
  readonly #client: KubeClient;
  readonly #now: () => number;
  #last: { readonly at: number; readonly served: Promise<Served> } | undefined;

  constructor({ client, now = () => performance.now() }: DiscoveryOptions) {
    this.#client = client;
    this.#now = now;
  }

  /** What is served now, or was so a second ago. Rejects with a `KubeError`. */
  served(): Promise<Served> {
    if (this.#last !== undefined && this.#now() - this.#last.at < FRESH_MS) return this.#last.served;
    const last = { at: this.#now(), served: this.#fetch() };
    this.#last = last;
    last.served.catch(() => {
      if (this.#last === last) this.#last = undefined;
    });
    return last.served;
  }

  async #fetch(): Promise<Served> {
    const answer = (await this.#client.request({ method: 'GET', path: '/apis', accept: `${AGGREGATED},application/json` })) as Answer;
    if (answer.kind === 'APIGroupDiscoveryList') return servedOf((answer as AggregatedAnswer).items ?? []);
    const groups = (answer as GroupsAnswer).groups ?? [];
    return servedOf(await Promise.all(groups.map((group) => this.#fetchGroup(group))));
  }

  /** As servers before 1.30 say it: a request for each version of a group. */
  async #fetchGroup({ name, versions }: Group): Promise<GroupItem> {
    const items = await Promise.all(versions.map(async ({ version }) => {
      try {
        const answer = (await this.#client.request({ method: 'GET', path: `/apis/${name}/${version}` })) as ResourcesAnswer;
        return { version, resources: (answer.resources ?? []).map((resource) => ({ resource: resource.name })) };
      } catch (error) {
        if (isNotFound(error)) return { version, resources: [] };
        throw error;
      }
    }));
    return { metadata: { name }, versions: items };
  }
}

function servedOf(groups: readonly GroupItem[]): Served {
  const served = new Map<string, string[]>();
  for (const { metadata, versions } of groups) {
    for (const { version, resources } of versions) {
      for (const { resource } of resources ?? []) {
        const name = `${metadata.name}/${resource}`;
        const known = served.get(name);
        if (known === undefined) served.set(name, [version]);
        else known.push(version);
      }
    }
  }
  return served;
}

interface Answer {
  readonly kind?: string;
}

interface AggregatedAnswer extends Answer {
  readonly items?: readonly GroupItem[];
}

interface GroupItem {
  readonly metadata: { readonly name: string };
  readonly versions: readonly { readonly version: string; readonly resources?: readonly { readonly resource: string }[] }[];
}

interface Group {
  readonly name: string;
  readonly versions: readonly { readonly version: string }[];
}

interface GroupsAnswer extends Answer {
  readonly groups?: readonly Group[];
}

interface ResourcesAnswer {
  readonly resources?: readonly { readonly name: string }[];
}
