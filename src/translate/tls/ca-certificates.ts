import { caSources, type CaSource } from './ca-sources.ts';
import type { Fault } from '../conditions.ts';
import type { Inputs } from '../inputs.ts';
import { missing } from '../missing.ts';
import type { ReferenceGrants, Referrer } from '../reference-grants.ts';
import { systemTrust, type TrustBundle } from '../../ir/trust-bundle.ts';
import type { Collection, Read } from '../../reactive/collection.ts';
import type { Graph } from '../../reactive/graph.ts';

/** A reference to an object that holds CA certificates. */
export interface CaCertificateRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** Undefined: that of the object that refers. */
  readonly namespace?: string | undefined;
}

/** Who refers, and what it calls a kind of object that holds no CA certificates. */
export interface CaReferrer extends Referrer {
  readonly invalidKind: 'InvalidKind' | 'InvalidCACertificateKind';
}

/** What references to CA certificates lead to. */
export interface ResolvedCa {
  /** Key of the trust bundle that the valid ones make together; undefined: none is valid. */
  readonly trust: string | undefined;
  /** Why the others are not. */
  readonly faults: readonly Fault[];
}

/** The CA certificates that objects refer to. */
export interface CaCertificates {
  /** Unaffected when a certificate is merely renewed. */
  resolve(read: Read, from: CaReferrer, refs: readonly CaCertificateRef[]): ResolvedCa;
  /** The bundles whose keys `wanted` has, with their content. */
  bundles(graph: Graph, wanted: Collection<unknown>): Collection<TrustBundle>;
}

/** Kinds of objects that hold CA certificates, by group. */
const groups = { ConfigMap: '', Secret: '', ClusterTrustBundle: 'certificates.k8s.io' } as const;

/** ConfigMaps and Secrets with a `ca.crt`, and ClusterTrustBundles. */
export function caCertificates(graph: Graph, inputs: Inputs, grants: ReferenceGrants): CaCertificates {
  const sources = caSources(graph, inputs);
  const problems = graph.derive('ca-problems', sources, ({ problem }): Pick<CaSource, 'problem'> => ({ problem }));
  return {
    resolve(read, from, refs) {
      const keys: string[] = [];
      const faults: Fault[] = [];
      for (const { group, kind, name, namespace = from.namespace } of refs) {
        if (!isHolder(kind) || groups[kind] !== group) {
          const what = group === '' ? kind : `${kind} of ${group}`;
          faults.push({ reason: from.invalidKind, message: `${what} ${name}: only a ConfigMap, a Secret or a ClusterTrustBundle can hold CA certificates` });
          continue;
        }
        const key = kind === 'ClusterTrustBundle' ? name : `${namespace}/${name}`;
        if (kind !== 'ClusterTrustBundle' && !grants.permits(read, from, { group, kind, namespace, name })) {
          const message = `${kind} ${key}: no ReferenceGrant in namespace ${namespace} lets ${from.kind}s of ${from.namespace} use it`;
          faults.push({ reason: 'RefNotPermitted', message });
          continue;
        }
        const found = read.get(problems, `${kind}/${key}`);
        const problem = found === undefined ? missing(read, inputs, { kind, namespace }) : found.problem;
        if (problem === undefined) keys.push(`${kind}/${key}`);
        else faults.push({ reason: 'InvalidCACertificateRef', message: `${kind} ${key} ${problem}` });
      }
      return { trust: keys.length === 0 ? undefined : `ca/${[...new Set(keys)].join(',')}`, faults };
    },
    bundles: (graph, wanted) =>
      graph.derive('trust-bundles', wanted, (_wanted, read, key): TrustBundle => {
        if (key === systemTrust) return { key, certificates: undefined };
        const holders = key.slice('ca/'.length).split(',');
        return { key, certificates: holders.map((holder) => read.get(sources, holder)?.certificates ?? '').join('') };
      }),
  };
}

function isHolder(kind: string): kind is keyof typeof groups {
  return Object.hasOwn(groups, kind);
}
