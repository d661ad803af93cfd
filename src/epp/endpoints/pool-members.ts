import { asInferencePool, type AnyInferencePool } from '../../api/inference-pool.ts';
import type { ResourceOf } from '../../api/kinds.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';
import { preferred } from '../../reactive/preferred.ts';
import { describeEndpoints, type EndpointDescription } from './model-server.ts';
import { podServer } from './pod-server.ts';
import { sliceServers } from './slice-servers.ts';

/** Who belongs to a pool, whichever kind and version of object says so. */
export interface PoolSpec {
  /** Under which it is in its collection. */
  readonly key: string;
  readonly namespace: string;
  /** All of them have to be on a server, with these values. Without any the pool is empty. */
  readonly matchLabels: Labels;
  /** Each port of each server is an endpoint. */
  readonly targetPorts: readonly number[];
}

/** What an InferencePool says of its members. */
export function poolSpec({ key, metadata, object: { spec } }: AnyInferencePool): PoolSpec {
  return { key, namespace: metadata.namespace, matchLabels: spec.selector.matchLabels, targetPorts: spec.targetPorts.map(({ number }) => number) };
}

/** InferencePools of all kinds. */
export interface PoolSources {
  readonly InferencePool: Collection<ResourceOf<'InferencePool'>>;
  readonly XInferencePool: Collection<ResourceOf<'XInferencePool'>>;
  readonly DeployedInferencePool: Collection<ResourceOf<'DeployedInferencePool'>>;
}

/** All pools, of whichever kind, each read as one of v1. They share their names; of two with one name that of the present kind counts. */
export function inferencePools(graph: Graph, from: PoolSources): Collection<AnyInferencePool> {
  return preferred<AnyInferencePool>(graph, 'inference-pools', [
    from.InferencePool,
    graph.derive('former-inference-pools', from.XInferencePool, (pool) => asInferencePool(pool)),
    graph.derive('deployed-inference-pools', from.DeployedInferencePool, (pool) => asInferencePool(pool)),
  ]);
}

/** Where servers are looked for: a cluster has Pods, files have EndpointSlices. */
export type ServerSource = { readonly pods: Collection<ResourceOf<'Pod'>> } | { readonly slices: Collection<ResourceOf<'EndpointSlice'>> };

/**
 * The endpoints of each pool, under the pool's key, by name.
 *
 *     Pods ──┐
 *            ├─► servers, with the pools they are in ──► by pool ──► endpoints
 *     pools ─┘
 *
 * A change of a server costs the pools that it was in or comes into; one that makes no difference to an endpoint costs none.
 */
export function poolMembers(graph: Graph, pools: Collection<PoolSpec>, source: ServerSource): Collection<readonly EndpointDescription[]> {
  const byNamespace = pools.index('namespace', ({ namespace }) => [namespace]);
  const poolsOf = (read: Read, namespace: string, labels: Labels): string[] => read.where(byNamespace, namespace).filter((spec) => matches(spec, labels)).map(({ key }) => key);
  if ('pods' in source) {
    const servers = graph.derive('model-servers', source.pods, (pod, read) => {
      const server = podServer(pod);
      return server === undefined ? undefined : { server, pools: poolsOf(read, pod.metadata.namespace, server.labels) };
    });
    const byPool = servers.index('pool', (one) => one.pools);
    return graph.derive('pool-members', pools, ({ key, targetPorts }, read) => describeEndpoints(read.where(byPool, key).map(({ server }) => server), targetPorts));
  }
  const slices = graph.derive('model-server-slices', source.slices, (slice, read) => ({ slice, pools: poolsOf(read, slice.metadata.namespace, slice.metadata.labels) }));
  const byPool = slices.index('pool', (one) => one.pools);
  return graph.derive('pool-members', pools, ({ key, targetPorts }, read) => describeEndpoints(sliceServers(read.where(byPool, key).map(({ slice }) => slice)), targetPorts));
}

type Labels = Readonly<Record<string, string>>;

function matches({ matchLabels }: PoolSpec, labels: Labels): boolean {
  const wanted = Object.entries(matchLabels);
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}
