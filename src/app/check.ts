import { findings, type AnyStatus, type Finding } from '../admin/findings.ts';
import { KINDS, type KindName } from '../api/kinds.ts';
import type { Resource } from '../api/resource.ts';
import type { Collection } from '../reactive/collection.ts';
import type { FileProblem } from '../source/files/changes.ts';
import type { ObjectStatus } from '../translate/status/object-status.ts';
import { byPlace } from './load.ts';
import type { ControlPlane } from './control-plane.ts';

/** What an object's conditions find fault with, as it appeared or went. */
export interface FindingChange {
  readonly problem: FileProblem;
  readonly gone: boolean;
}

/** Tells of conditions that turn bad or good again. Returns the way to stop. */
export function onFindings(plane: ControlPlane, listener: (change: FindingChange) => void): () => void {
  const stops = plane.outputs.statuses.map((collection) =>
    collection.subscribe((changes) => {
      for (const { before, after } of changes.values()) {
        const [had, has] = [before, after].map((object) => (object === undefined ? [] : problemsOf(plane, object)));
        const known = new Set(had?.map(textOf));
        const left = new Set(has?.map(textOf));
        for (const problem of has ?? []) if (!known.has(textOf(problem))) listener({ problem, gone: false });
        // An object that went takes its conditions along, which is no news.
        for (const problem of had ?? []) if (after !== undefined && !left.has(textOf(problem))) listener({ problem, gone: true });
      }
    }),
  );
  return () => stops.forEach((stop) => stop());
}

function textOf({ field, message }: FileProblem): string {
  return `${field} ${message}`;
}

function problemsOf(plane: ControlPlane, { kind, key, status }: { readonly kind: string; readonly key: string; readonly status: object }): FileProblem[] {
  const origin = (plane.resources[kind as KindName] as Collection<Resource>).get(key)?.origin;
  return findings(status as AnyStatus).map((finding) => conditionProblem(finding, { kind, key, origin }));
}

/** What the conditions of all objects find fault with, at the place of the object. Sorted by place. */
export function conditionProblems(plane: ControlPlane): FileProblem[] {
  const statuses = plane.outputs.statuses.flatMap((collection) => [...collection.values()]);
  const problems = statuses.flatMap((object) => problemsOf(plane, object));
  return byPlace([...problems, ...unserved(plane), ...unusedPolicies(statuses, plane)]);
}

function conditionProblem(finding: Finding, object: { readonly kind: string; readonly key: string; readonly origin: Resource['origin'] | undefined }): FileProblem {
  const { severity, where, type, status, reason, message } = finding;
  return {
    file: object.origin?.file ?? '',
    line: object.origin?.line ?? 0,
    kind: KINDS.get(object.kind)?.objectKind ?? object.kind,
    key: object.key,
    severity,
    field: where === '' ? `${type}=${status} (${reason})` : `${where}: ${type}=${status} (${reason})`,
    message,
  };
}

/** Policies for objects that no route leads to: not wrong, but perhaps a name that was misspelt, and then nothing is as the author thinks. */
function unusedPolicies(statuses: readonly ObjectStatus[], { resources }: ControlPlane): FileProblem[] {
  return statuses.flatMap(({ kind, key, status }) => {
    const policies = kind === 'BackendTLSPolicy' || kind === 'XBackendTrafficPolicy' ? resources[kind] : undefined;
    const policy = (status as AnyStatus).ancestors?.length === 0 ? policies?.get(key) : undefined;
    if (policy === undefined) return [];
    const { origin, object } = policy;
    const targets = object.spec.targetRefs.map((ref) => `${ref.kind} ${ref.name}`).join(', ');
    return [{ file: origin.file, line: origin.line, kind, key, severity: 'warning', field: 'spec.targetRefs', message: `no route of a Gateway leads to ${targets}` }];
  });
}

/** Gateways that nobody looks after: not wrong, since their controller may be another one, but worth a line. */
function unserved({ resources, outputs }: ControlPlane): FileProblem[] {
  const served = new Set(outputs.statuses.flatMap((collection) => [...collection.values()].map(({ ref }) => ref)));
  return [...resources.Gateway.values()]
    .filter(({ key }) => !served.has(`Gateway/${key}`))
    .map(({ key, origin, object }) => {
      const name = object.spec.gatewayClassName;
      const gatewayClass = resources.GatewayClass.get(name);
      const why = gatewayClass === undefined ? 'does not exist' : `has controllerName ${gatewayClass.object.spec.controllerName}`;
      const accepted = gatewayClass !== undefined && served.has(`GatewayClass/${name}`);
      const message = accepted ? `GatewayClass "${name}" is not accepted` : `GatewayClass "${name}" ${why}: the Gateway is not served`;
      return { file: origin.file, line: origin.line, kind: 'Gateway', key, severity: 'warning', field: 'spec.gatewayClassName', message };
    });
}
