import assert from 'node:assert/strict';
import type { ControlPlane } from '../../src/app/control-plane.ts';
import { xdsView } from '../../src/app/views.ts';
import { invalidCluster } from '../../src/xds/resources/forward.ts';

/** The xDS resources of one proxy: type → name → resource. */
type ProxyView = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What holds for every translation: no resource names another that is not there, and no domain is given twice. */
export function assertSound(plane: ControlPlane): void {
  for (const [proxy, view] of Object.entries(xdsView(plane))) {
    const has = (type: string, name: string): boolean => view[type]?.[name] !== undefined;
    const missing = (type: string, names: readonly string[]): string[] => names.filter((name) => !has(type, name));
    const clusters = valuesOf(view['RDS'], ['cluster', 'cluster_name']).concat(weightedClusters(view));
    assert.deepEqual(missing('CDS', clusters.filter((name) => name !== invalidCluster)), [], `${proxy}: clusters that routes name`);
    assert.deepEqual(missing('EDS', endpointClusters(view)), [], `${proxy}: endpoints of clusters`);
    assert.deepEqual(missing('RDS', valuesOf(view['LDS'], ['route_config_name'])), [], `${proxy}: route configurations of listeners`);
    assert.deepEqual(missing('SDS', secretNames(view)), [], `${proxy}: secrets of listeners and clusters`);
    for (const [name, table] of Object.entries(view['RDS'] ?? {})) {
      const domains = valuesOf(table, ['domains']).toSorted();
      assert.deepEqual(domains, [...new Set(domains)], `${proxy}: domains of ${name}`);
    }
  }
  for (const { proxy, type, resource } of plane.xds.values()) {
    const needs = (resource.needs ?? []).filter((name) => plane.xds.get(`${proxy}|CDS|${name}`) === undefined);
    assert.deepEqual(needs, [], `needs of ${type} ${resource.name}`);
  }
}

/** The strings under some member names, however deep. */
function valuesOf(value: unknown, names: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesOf(item, names));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (!names.includes(name)) return valuesOf(member, names);
    return Array.isArray(member) ? member.map(String) : typeof member === 'string' ? [member] : valuesOf(member, names);
  });
}

/** The objects under a member name, however deep. */
function objectsOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => objectsOf(item, name));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => (key === name ? [member] : objectsOf(member, name)));
}

function weightedClusters(view: ProxyView): string[] {
  return objectsOf(view['RDS'], 'weighted_clusters').flatMap((weighted) => (weighted as { clusters: { name: string }[] }).clusters.map(({ name }) => name));
}

function endpointClusters(view: ProxyView): string[] {
  return Object.entries(view['CDS'] ?? {})
    .filter(([, cluster]) => (cluster as { readonly type?: unknown }).type === 'EDS')
    .map(([name]) => name);
}

function secretNames({ CDS, LDS }: ProxyView): string[] {
  const configs = ['tls_certificate_sds_secret_configs', 'validation_context_sds_secret_config'].flatMap((name) => objectsOf([CDS, LDS], name).flat());
  return configs.map((config) => (config as { readonly name: string }).name);
}
