import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { KUBE_VERSION } from '../../../tools/charts/helm.ts';
import { ensureProgram } from '../tools/ensure.ts';
import { helm } from '../tools/recipes.ts';
import { run } from '../tools/run.ts';

/** The charts of this repository. */
export const charts = join(import.meta.dirname, '../../../charts');

/** Where the tests install to. */
export const namespace = 'envoy-gateway-system';

/** An object as a chart renders it. */
export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A Deployment or DaemonSet, as far as tests look into it. */
export interface Workload extends Rendered {
  readonly spec: {
    readonly replicas?: number;
    readonly strategy?: object;
    readonly updateStrategy?: object;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly metadata: Rendered['metadata']; readonly spec: PodSpec };
  };
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly priorityClassName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
  readonly affinity?: object;
  readonly topologySpreadConstraints?: readonly object[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly securityContext: object;
  readonly volumes?: readonly object[];
  readonly containers: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: object;
  readonly securityContext: object;
  readonly volumeMounts?: readonly object[];
  readonly startupProbe: object;
  readonly livenessProbe: object;
  readonly readinessProbe: object;
}

/** A ClusterRole or Role. */
export interface Role extends Rendered {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Runs the Helm of the cluster's tools. Throws with its words. */
export async function runHelm(args: readonly string[], input?: string): Promise<string> {
  return run(await ensureProgram(helm), args, input === undefined ? {} : { input });
}

/** What a chart of this repository is rendered to with some values, as release `moongate`. Throws with Helm's words. */
export async function render(chart: string, values: object = {}): Promise<readonly Rendered[]> {
  const args = ['template', 'moongate', join(charts, chart), '--namespace', namespace, '--kube-version', KUBE_VERSION, '--values', '-'];
  return parse(await runHelm(args, JSON.stringify(values)));
}

/** The objects in a YAML stream. */
export function parse(text: string): readonly Rendered[] {
  const documents = parseAllDocuments(text, { version: '1.1' });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => document.toJS() as Rendered | null).filter((object) => object !== null);
}

/** Whether an object is of the endpoint picker, and not of the controller. */
export function isOfPicker({ metadata }: Rendered): boolean {
  return metadata.labels?.['app.kubernetes.io/component'] === 'endpoint-picker';
}

/** The object of a kind, by name when there are several; those of the endpoint picker by name alone. Throws when there is not exactly one. */
export function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter((object) => object.kind === kind && (name === undefined ? !isOfPicker(object) : object.metadata.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} objects are ${kind} ${name ?? ''}: ${objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')}`);
  return first;
}

/** A Deployment or DaemonSet, found as `only` does. */
export function workload(objects: readonly Rendered[], kind: 'Deployment' | 'DaemonSet', name?: string): Workload {
  return only(objects, kind, name) as Workload;
}

/** A ClusterRole or Role, found as `only` does. */
export function role(objects: readonly Rendered[], kind: 'ClusterRole' | 'Role', name?: string): Role {
  return only(objects, kind, name) as Role;
}

/** The `spec` of the object that `only` finds. */
export function specOf(objects: readonly Rendered[], kind: string, name?: string): Readonly<Record<string, unknown>> {
  const { spec } = only(objects, kind, name);
  if (typeof spec !== 'object' || spec === null) throw new Error(`${kind} has no spec`);
  return spec as Readonly<Record<string, unknown>>;
}

/** The control plane's container. */
export function containerOf(objects: readonly Rendered[], name?: string): Container {
  const [container, ...more] = workload(objects, 'Deployment', name).spec.template.spec.containers;
  if (container === undefined || more.length > 0) throw new Error(`${more.length + 1} containers`);
  return container;
}

/** What a role allows, one line for each resource: `group/resource: verbs`, or `group/resource names: verbs`. */
export function allowed({ rules }: Role): string[] {
  return rules.flatMap(({ apiGroups, resources, resourceNames = [], verbs }) =>
    apiGroups.flatMap((group) => resources.map((resource) => `${[`${group}/${resource}`, ...resourceNames].join(' ')}: ${verbs.join(' ')}`)));
}
