import { findings } from '../../admin/findings.ts';
import type { ObjectReport, ProxyReport, StatusReport } from '../../admin/report.ts';
import type { Condition } from '../../api/conditions.ts';
import { problemLine } from '../problem-lines.ts';
import { table } from '../table.ts';
import { gatewaySpec, listenerRows } from './listener-rows.ts';

/** A table with the name of what it lists. */
export interface Section {
  readonly title: string;
  readonly text: string;
}

export interface TableOptions {
  /** More columns. */
  readonly wide: boolean;
}

const none = '<none>';

/** The tables of a report, one for each kind that it has objects of, then proxies and problems; empty ones are left out. */
export function sections(report: StatusReport, options: TableOptions): Section[] {
  const kinds = [...new Set(report.objects.map(({ kind }) => kind))];
  const tables = kinds.flatMap((kind) => {
    const objects = report.objects.filter((object) => object.kind === kind);
    const own = { title: kind.toUpperCase(), text: objectTable(kind, objects, options) };
    return kind === 'Gateway' ? [own, { title: 'LISTENER', text: listenerTable(objects, report, options) }] : [own];
  });
  const proxies = { title: 'PROXY', text: proxyTable(report.proxies, options) };
  const problems = { title: 'PROBLEM', text: report.problems.map((problem) => `${problemLine(problem)}\n`).join('') };
  return [...tables, proxies, problems].filter(({ text }) => text !== '');
}

function objectTable(kind: string, objects: readonly ObjectReport[], options: TableOptions): string {
  switch (kind) {
    case 'GatewayClass':
      return gatewayClassTable(objects, options);
    case 'Gateway':
      return gatewayTable(objects, options);
    case 'BackendTLSPolicy':
    case 'XBackendTrafficPolicy':
    case 'XTelemetryPolicy':
      return policyTable(objects, options);
    case 'XBackend':
      return backendTable(objects, options);
    default:
      return routeTable(objects, options);
  }
}

function gatewayClassTable(objects: readonly ObjectReport[], { wide }: TableOptions): string {
  return table(
    ['NAME', 'CONTROLLER', 'ACCEPTED', ...(wide ? ['FILE', 'MESSAGE'] : [])],
    objects.map((object) => [
      object.metadata.name,
      (object.spec as { controllerName?: string }).controllerName ?? none,
      statusOf(object.status?.conditions, 'Accepted'),
      ...(wide ? [placeOf(object), messageOf(object)] : []),
    ]),
  );
}

function gatewayTable(objects: readonly ObjectReport[], { wide }: TableOptions): string {
  return table(
    ['NAMESPACE', 'NAME', 'CLASS', 'ADDRESS', 'PROGRAMMED', ...(wide ? ['FILE', 'MESSAGE'] : [])],
    objects.map((object) => [
      ...nameOf(object),
      gatewaySpec(object).gatewayClassName ?? none,
      (object.status?.addresses ?? []).map(({ value }) => value).join(',') || none,
      statusOf(object.status?.conditions, 'Programmed'),
      ...(wide ? [placeOf(object), messageOf(object)] : []),
    ]),
  );
}

function listenerTable(gateways: readonly ObjectReport[], report: StatusReport, { wide }: TableOptions): string {
  const rows = gateways.flatMap((gateway) => listenerRows(gateway, report));
  return table(
    ['GATEWAY', 'NAME', 'PROTOCOL', 'PORT', 'BOUND', 'HOSTNAME', 'ROUTES', 'STATUS', ...(wide ? ['MESSAGE'] : [])],
    rows.map(({ gateway, name, protocol, port, binding, hostname, routes, status, message }) => [
      gateway,
      name,
      protocol,
      String(port),
      binding?.bound === undefined ? none : String(binding.bound),
      hostname,
      String(routes),
      status,
      ...(wide ? [message || none] : []),
    ]),
  );
}

interface RouteSpec {
  readonly hostnames?: readonly string[];
  readonly parentRefs?: readonly { readonly name: string; readonly namespace?: string; readonly sectionName?: string }[];
}

function routeTable(objects: readonly ObjectReport[], { wide }: TableOptions): string {
  return table(
    ['NAMESPACE', 'NAME', 'HOSTNAMES', 'PARENTS', 'ACCEPTED', 'RESOLVEDREFS', ...(wide ? ['FILE', 'MESSAGE'] : [])],
    objects.map((object) => {
      const { hostnames = [], parentRefs = [] } = object.spec as RouteSpec;
      // Default Gateways are nowhere but in the status.
      const parents = (object.status?.parents?.map(({ parentRef }) => parentRef) ?? parentRefs).map(({ namespace = object.metadata.namespace, name, sectionName }) => {
        return `${namespace}/${name}${sectionName === undefined ? '' : `:${sectionName}`}`;
      });
      const conditions = (object.status?.parents ?? []).map((parent) => parent.conditions);
      return [
        ...nameOf(object),
        shortened(hostnames, wide) || '*',
        shortened(parents, wide) || none,
        sharedStatus(conditions, 'Accepted'),
        sharedStatus(conditions, 'ResolvedRefs'),
        ...(wide ? [placeOf(object), messageOf(object)] : []),
      ];
    }),
  );
}

interface PolicySpec {
  readonly targetRefs?: readonly { readonly kind: string; readonly name: string; readonly sectionName?: string }[];
}

function policyTable(objects: readonly ObjectReport[], { wide }: TableOptions): string {
  return table(
    ['NAMESPACE', 'NAME', 'TARGETS', 'ACCEPTED', 'RESOLVEDREFS', ...(wide ? ['FILE', 'MESSAGE'] : [])],
    objects.map((object) => {
      const { targetRefs = [] } = object.spec as PolicySpec;
      const targets = targetRefs.map(({ kind, name, sectionName }) => `${kind}/${name}${sectionName === undefined ? '' : `:${sectionName}`}`);
      const conditions = (object.status?.ancestors ?? []).map((ancestor) => ancestor.conditions);
      return [
        ...nameOf(object),
        shortened(targets, wide) || none,
        sharedStatus(conditions, 'Accepted'),
        sharedStatus(conditions, 'ResolvedRefs'),
        ...(wide ? [placeOf(object), messageOf(object)] : []),
      ];
    }),
  );
}

/** What a table needs of an XBackend's spec. */
interface BackendSpec {
  readonly externalHostname?: { readonly hostname: string };
  readonly endpointSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly port?: { readonly number?: number };
}

function backendTable(objects: readonly ObjectReport[], { wide }: TableOptions): string {
  return table(
    ['NAMESPACE', 'NAME', 'SERVERS', 'PORT', 'ACCEPTED', 'RESOLVEDREFS', ...(wide ? ['FILE', 'MESSAGE'] : [])],
    objects.map((object) => {
      const { externalHostname, endpointSelector, port } = object.spec as BackendSpec;
      const labels = Object.entries(endpointSelector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
      const conditions = (object.status?.ancestors ?? []).map((ancestor) => ancestor.conditions);
      return [
        ...nameOf(object),
        externalHostname?.hostname ?? shortened(labels, wide),
        String(port?.number ?? none),
        sharedStatus(conditions, 'Accepted'),
        sharedStatus(conditions, 'ResolvedRefs'),
        ...(wide ? [placeOf(object), messageOf(object)] : []),
      ];
    }),
  );
}

function proxyTable(proxies: readonly ProxyReport[], { wide }: TableOptions): string {
  return table(
    ['NAME', 'STATE', 'PID', 'RESTARTS', 'ACKED', ...(wide ? ['REFUSED', 'MESSAGE'] : [])],
    proxies.map(({ id, state, pid, restarts, resources, message }) => [
      id,
      state,
      pid === undefined ? none : String(pid),
      String(restarts),
      `${resources.acked}/${resources.total}`,
      ...(wide ? [String(resources.nacked), message ?? none] : []),
    ]),
  );
}

function nameOf({ metadata }: ObjectReport): [string, string] {
  return [metadata.namespace ?? none, metadata.name];
}

function placeOf({ origin }: ObjectReport): string {
  return `${origin.file}:${origin.line}`;
}

function messageOf(object: ObjectReport): string {
  if (object.status === undefined) return 'nobody here looks after it';
  return findings(object.status).map(({ where, message }) => (where === '' ? message : `${where}: ${message}`)).join('; ') || none;
}

/** True, False or Unknown; nobody's object has no condition. */
function statusOf(conditions: readonly Condition[] | undefined, type: string): string {
  return conditions?.find((condition) => condition.type === type)?.status ?? 'Unknown';
}

/** What all parents say, or how many of them say True. */
function sharedStatus(parents: readonly (readonly Condition[])[], type: string): string {
  const statuses = parents.map((conditions) => statusOf(conditions, type));
  if (new Set(statuses).size <= 1) return statuses[0] ?? 'Unknown';
  return `${statuses.filter((status) => status === 'True').length} of ${statuses.length}`;
}

/** Names in a list before it is cut, unless wide. */
const maxListed = 3;

function shortened(names: readonly string[], wide: boolean): string {
  if (wide || names.length <= maxListed) return names.join(',');
  return `${names.slice(0, maxListed).join(',')} + ${names.length - maxListed} more...`;
}

