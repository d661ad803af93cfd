import type { Condition } from '../api/conditions.ts';
import type { Severity } from '../api/problem.ts';
import { equal } from '../util/equal.ts';

/** A condition that is not as its reader would wish. */
export interface Finding {
  readonly severity: Severity;
  /** The part of the object: `listener "http"`, `parent Gateway default/web`; '' for all of it. */
  readonly where: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A status as the kinds that we write have it: each has some of these. */
export interface AnyStatus {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { readonly name: string; readonly conditions: readonly Condition[] }[];
  readonly parents?: readonly ParentEntry[];
  /** What InferencePool v1alpha2 calls it. */
  readonly parent?: readonly ParentEntry[];
  readonly ancestors?: readonly { readonly ancestorRef: ParentLabel; readonly conditions: readonly Condition[] }[];
}

interface ParentEntry {
  readonly parentRef: ParentLabel;
  readonly conditions: readonly Condition[];
}

interface ParentLabel {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

/** Conditions that are bad when they are True. */
const bad: ReadonlySet<string> = new Set(['Conflicted', 'PartiallyInvalid', 'OverlappingTLSConfig', 'InsecureFrontendValidationMode']);

/** Of these, nothing of the configuration is left out. Whether endpoints are there is a matter of the moment. */
const harmless: ReadonlySet<string> = new Set(['OverlappingTLSConfig', 'InsecureFrontendValidationMode', 'BackendsAvailable', 'Deployed', 'Exported']);

/** Reasons that only sum up what listeners say. */
const summaries: ReadonlySet<string> = new Set(['ListenersNotValid', 'ListenersNotResolved']);

/** What is wrong according to a status, the causes only: what merely follows from another finding is left out. */
export function findings(status: AnyStatus | undefined): Finding[] {
  if (status === undefined) return [];
  const listeners = (status.listeners ?? []).flatMap(({ name, conditions }) => found(conditions, `listener "${name}"`));
  const all = found(status.conditions ?? [], '');
  const aboutListeners = new Set(listeners.length === 0 ? [] : all.filter(({ reason }) => summaries.has(reason)).map(({ message }) => message));
  const own = all.filter(({ message }) => !aboutListeners.has(message));
  const parents = (status.parents ?? status.parent ?? []).map(({ parentRef, conditions }) => found(conditions, `parent ${parentLabel(parentRef)}`));
  const ancestors = (status.ancestors ?? []).map(({ ancestorRef, conditions }) => found(conditions, `ancestor ${parentLabel(ancestorRef)}`));
  return [...own, ...withoutShared(listeners, own), ...merged(parents), ...merged(ancestors)];
}

function found(conditions: readonly Condition[], where: string): Finding[] {
  const all = conditions.filter(isBad).map(({ type, status, reason, message }): Finding => {
    return { severity: harmless.has(type) || status === 'Unknown' ? 'warning' : 'error', where, type, status, reason, message };
  });
  const causes = all.filter(({ type }) => type !== 'Programmed');
  return causes.some(({ type }) => !harmless.has(type)) ? causes : all;
}

function isBad({ type, status }: Condition): boolean {
  return bad.has(type) ? status === 'True' : status !== 'True';
}

/** A listener that says no more than its Gateway has nothing to add. */
function withoutShared(listeners: readonly Finding[], own: readonly Finding[]): Finding[] {
  return listeners.filter(({ message }) => !own.some((finding) => finding.message === message));
}

/** What all parents say is said once, about the object. */
function merged(parents: readonly (readonly Finding[])[]): Finding[] {
  const [first = [], ...others] = parents;
  const says = (list: readonly Finding[], finding: Finding) => list.some((other) => equal({ ...other, where: '' }, { ...finding, where: '' }));
  const shared = first.filter((finding) => others.every((list) => says(list, finding)));
  if (others.length === 0) return shared.map((finding) => ({ ...finding, where: finding.type === 'Accepted' ? finding.where : '' }));
  return [...shared.map((finding) => ({ ...finding, where: '' })), ...parents.flatMap((list) => list.filter((finding) => !says(shared, finding)))];
}

function parentLabel({ kind = 'Gateway', namespace, name, sectionName, port }: ParentLabel): string {
  const section = `${sectionName === undefined ? '' : ` listener "${sectionName}"`}${port === undefined ? '' : ` port ${port}`}`;
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}${section}`;
}
