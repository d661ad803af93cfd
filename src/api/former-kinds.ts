import type { Definition } from '../gen/k8s/definitions.ts';

/** A kind as older versions of the Gateway API have it, and what it is called by now. */
interface FormerKind {
  readonly former: { readonly group: string; readonly version: string; readonly kind: string; readonly plural: string; readonly shortNames: readonly string[] };
  readonly current: { readonly group: string; readonly version: string; readonly kind: string };
}

/** ListenerSet up to Gateway API v1.4: its fields are the same, but that a listener could go without a port, which nobody gave it here. */
const xListenerSet: FormerKind = {
  former: { group: 'gateway.networking.x-k8s.io', version: 'v1alpha1', kind: 'XListenerSet', plural: 'xlistenersets', shortNames: ['lset'] },
  current: { group: 'gateway.networking.k8s.io', version: 'v1', kind: 'ListenerSet' },
};

/** An object of a former kind as one of the current kind, with a sentence on that; undefined: it is of no former kind. */
export function fromFormerKind(value: unknown): { readonly value: Readonly<Record<string, unknown>>; readonly note: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { apiVersion, kind } = value as Readonly<Record<string, unknown>>;
  const { former, current } = xListenerSet;
  if (apiVersion !== `${former.group}/${former.version}` || kind !== former.kind) return undefined;
  return { value: { ...value, apiVersion: `${current.group}/${current.version}`, kind: current.kind }, note: noteOn(xListenerSet) };
}

function noteOn({ former, current }: FormerKind): string {
  return `${former.kind} of ${former.group}/${former.version} is read as a ${current.kind} of ${current.group}/${current.version}`;
}

/** The group and kind that are meant where an object is referred to, maybe under its former name. */
export function currentKind<Named extends { readonly group: string; readonly kind: string }>(named: Named): Pick<Named, 'group' | 'kind'> {
  const { former, current } = xListenerSet;
  return named.group === former.group && named.kind === former.kind ? current : named;
}

/** What a kind that we read is called by now. */
export function currentName(kind: string): string {
  return kind === xListenerSet.former.kind ? xListenerSet.current.kind : kind;
}

/** The definitions of former kinds: those of the current ones under other names. */
export function formerDefinitions(definitions: readonly Definition[]): Definition[] {
  const { former, current } = xListenerSet;
  return definitions.filter(({ group, kind }) => group === current.group && kind === current.kind).map((definition) => {
    const { version, ...names } = former;
    return {
      ...definition,
      ...names,
      name: names.kind,
      versions: [{ name: version, served: true, storage: true, deprecated: true, deprecationWarning: noteOn(xListenerSet) }],
      storageVersion: version,
      json: renamed(definition.json, xListenerSet),
    };
  });
}

interface CustomResource {
  readonly spec: { readonly versions: readonly { readonly name: string }[] };
}

function renamed(json: string, { former: { group, version, kind, plural }, current }: FormerKind): string {
  const definition = JSON.parse(json) as CustomResource;
  const versions = definition.spec.versions.filter(({ name }) => name === current.version).map((one) => ({ ...one, name: version }));
  return JSON.stringify({ ...definition, metadata: { name: `${plural}.${group}` }, spec: { ...definition.spec, group, names: { kind, plural }, versions } });
}
