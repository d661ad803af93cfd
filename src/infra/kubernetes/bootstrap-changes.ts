import { parse } from 'yaml';

import { equal } from '../../util/equal.ts';
import { messageOf } from '../../util/error-message.ts';
import { isObject } from '../../util/json-merge.ts';
import { applyJsonPatch } from '../../util/json-patch.ts';
import { xdsCluster } from './bootstrap.ts';
import type { Bootstrap } from './bootstrap.ts';
import { fieldOf, mergeMessages, withField } from './bootstrap-merge.ts';
import { readyPort } from './ports.ts';
import type { ProxySettings } from './wanted-proxy.ts';

/** `spec.bootstrap` of an EnvoyProxy. */
type Changes = NonNullable<ProxySettings['bootstrap']>;

/** A bootstrap after a user's changes, or why there is none. */
export type ChangedBootstrap =
  | { readonly bootstrap: Bootstrap; readonly fault?: never }
  | { readonly bootstrap?: never; readonly fault: string };

/**
 * Applies a user's changes. What ties the proxy to its control plane and its Pod stays ours: a Merge or a JSONPatch that changes the
 * dynamic resources or the address of the control plane is refused, as Envoy Gateway does it; a Replace gets ours put in
 * (it may have been written for Envoy Gateway, whose control plane has another address).
 */
export function changeBootstrap(base: Bootstrap, changes: Changes): ChangedBootstrap {
  let changed: unknown;
  try {
    changed = apply(base, changes);
  } catch (error) {
    return { fault: `bootstrap: ${messageOf(error)}` };
  }
  if (!isObject(changed)) return { fault: 'bootstrap: the result is no object' };
  const fault = changes.type === 'Replace' ? undefined : trespass(base, changed);
  return fault === undefined ? { bootstrap: withOurParts(base, changed, changes.type) } : { fault: `bootstrap: ${fault}` };
}

function apply(base: Bootstrap, { type, value, jsonPatches }: Changes): unknown {
  switch (type) {
    case 'JSONPatch':
      return applyJsonPatch(base, jsonPatches ?? []);
    case 'Merge':
      return value === undefined ? base : mergeMessages(base, mapping(value));
    case 'Replace':
      if (value === undefined) throw new Error('value is missing');
      return mapping(value);
  }
}

function mapping(text: string): unknown {
  const value: unknown = parse(text);
  if (!isObject(value)) throw new Error('value is no YAML mapping');
  return value;
}

/** What the user changed that is not theirs to change. */
function trespass(base: Bootstrap, changed: Bootstrap): string | undefined {
  if (!equal(withoutTimeouts(fieldOf(changed, 'dynamic_resources')), withoutTimeouts(base['dynamic_resources']))) {
    return 'dynamic_resources may not be changed, except for initial_fetch_timeout';
  }
  const theirs = clustersOf(changed).find(isControlPlane);
  const ours = clustersOf(base).find(isControlPlane);
  if (theirs === undefined) return `the cluster ${xdsCluster} may not be removed`;
  return equal(fieldOf(theirs, 'load_assignment'), ours?.['load_assignment']) ? undefined : `load_assignment of the cluster ${xdsCluster} may not be changed`;
}

function withoutTimeouts(dynamicResources: unknown): unknown {
  if (!isObject(dynamicResources)) return dynamicResources;
  return Object.fromEntries(
    Object.entries(dynamicResources).map(([name, source]) => {
      if (!isObject(source)) return [name, source];
      const { initial_fetch_timeout: _snake, initialFetchTimeout: _camel, ...rest } = source;
      return [name, rest];
    }),
  );
}

/** Puts in what a proxy cannot do without, where a Replace left it out or has something else. */
function withOurParts(base: Bootstrap, changed: Bootstrap, type: Changes['type']): Bootstrap {
  const clusters = clustersOf(changed);
  const theirs = clusters.find(isControlPlane);
  const controlPlane = theirs !== undefined && type !== 'Replace' ? theirs : { ...clustersOf(base).find(isControlPlane), ...tuning(theirs ?? {}) };
  const listeners = listenersOf(changed);
  const ready = listeners.some(isReady) ? [] : listenersOf(base).filter(isReady);
  const statics = fieldOf(changed, 'static_resources');
  const withStatics = withField(changed, 'static_resources', {
    ...(isObject(statics) ? statics : {}),
    clusters: [...clusters.filter((cluster) => !isControlPlane(cluster)), controlPlane],
    listeners: [...listeners, ...ready],
  });
  return type === 'Replace' ? withField(withStatics, 'dynamic_resources', base['dynamic_resources']) : withStatics;
}

/** Fields of the control plane's cluster that a user may want otherwise. */
function tuning(cluster: Readonly<Record<string, unknown>>): object {
  const names = ['connect_timeout', 'dns_lookup_family', 'dns_refresh_rate', 'upstream_connection_options'];
  return Object.fromEntries(names.flatMap((name) => (fieldOf(cluster, name) === undefined ? [] : [[name, fieldOf(cluster, name)]])));
}

function clustersOf(bootstrap: Bootstrap): Readonly<Record<string, unknown>>[] {
  return staticList(bootstrap, 'clusters');
}

function listenersOf(bootstrap: Bootstrap): Readonly<Record<string, unknown>>[] {
  return staticList(bootstrap, 'listeners');
}

function staticList(bootstrap: Bootstrap, name: string): Readonly<Record<string, unknown>>[] {
  const statics = fieldOf(bootstrap, 'static_resources');
  const list = isObject(statics) ? statics[name] : undefined;
  return Array.isArray(list) ? (list as unknown[]).filter(isObject) : [];
}

function isControlPlane(cluster: Readonly<Record<string, unknown>>): boolean {
  return cluster['name'] === xdsCluster;
}

function isReady(listener: Readonly<Record<string, unknown>>): boolean {
  const { address } = listener;
  const socket = isObject(address) ? fieldOf(address, 'socket_address') : undefined;
  return isObject(socket) && fieldOf(socket, 'port_value') === readyPort;
}
