import { externalAuthOf } from './external-auth.ts';
import type { Resolve } from '../backends/resolve.ts';
import { at, type Fault } from '../conditions.ts';
import type {
  HTTPCORSFilter,
  HTTPHeaderFilter,
  HTTPPathModifier,
  HTTPRequestMirrorFilter,
  HTTPRequestRedirectFilter,
  HTTPRouteFilter,
  HTTPURLRewriteFilter,
} from '../../api/types.ts';
import type { ExternalAuth } from '../../ir/external-auth.ts';
import {
  noHeaderChanges,
  type Cors,
  type Header,
  type HeaderChanges,
  type Mirror,
  type PathChange,
  type Redirect,
  type Rewrite,
} from '../../ir/route.ts';

/** All filters of a rule or of one backend of it, sorted by what they do. */
export interface Filters {
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly cors: Cors | undefined;
  readonly externalAuth: ExternalAuth | undefined;
  readonly mirrors: readonly Mirror[];
  readonly redirect: Redirect | undefined;
  readonly rewrite: Rewrite | undefined;
  /** A filter cannot be applied: "the filter MUST NOT be skipped. Instead, requests … MUST receive a HTTP error response". */
  readonly broken: boolean;
  /** Filters that cannot be applied, for the condition Accepted. */
  readonly faults: readonly Fault[];
  /** References that lead nowhere, for ResolvedRefs. A mirror is then left out, and the requests are served. */
  readonly refFaults: readonly Fault[];
}

/** Filters as they are being collected. */
type Draft = { -readonly [Key in keyof Filters]: Filters[Key] extends readonly (infer Item)[] ? Item[] : Filters[Key] };

/** Sorts filters. `resolve` finds the backends of mirrors and authorization; `field` is where the filters stand in the route. */
export function httpFilters(
  filters: readonly HTTPRouteFilter[],
  resolve: Resolve,
  field: string,
): Filters {
  const draft: Draft = {
    requestHeaders: noHeaderChanges,
    responseHeaders: noHeaderChanges,
    cors: undefined,
    externalAuth: undefined,
    mirrors: [],
    redirect: undefined,
    rewrite: undefined,
    broken: false,
    faults: [],
    refFaults: [],
  };
  for (const [index, filter] of filters.entries()) add(draft, filter, { resolve, field: `${field}[${index}]` });
  return draft;
}

function add(
  draft: Draft,
  filter: HTTPRouteFilter,
  { resolve, field }: { readonly resolve: Resolve; readonly field: string },
): void {
  const refuse = (fault: Fault, faults: Fault[] = draft.faults): void => {
    faults.push(at(field, fault));
    draft.broken = true;
  };
  const { requestHeaderModifier, responseHeaderModifier, requestMirror, requestRedirect, urlRewrite, cors, externalAuth, extensionRef } = filter;
  if (requestHeaderModifier !== undefined) {
    draft.requestHeaders = headerChanges(requestHeaderModifier);
    const fault = hostFault(draft.requestHeaders);
    if (fault !== undefined) refuse(fault);
  } else if (responseHeaderModifier !== undefined) {
    draft.responseHeaders = headerChanges(responseHeaderModifier);
  } else if (requestMirror !== undefined) {
    const mirror = mirrorOf(requestMirror, resolve);
    if ('fault' in mirror) draft.refFaults.push(at(field, mirror.fault));
    else draft.mirrors.push(mirror);
  } else if (requestRedirect !== undefined) {
    draft.redirect = redirectOf(requestRedirect);
  } else if (urlRewrite !== undefined) {
    draft.rewrite = rewriteOf(urlRewrite);
  } else if (cors !== undefined) {
    draft.cors = corsOf(cors);
  } else if (externalAuth !== undefined) {
    const auth = externalAuthOf(externalAuth, resolve);
    if ('fault' in auth) refuse(auth.fault, draft.refFaults);
    else if (draft.externalAuth !== undefined) refuse({ reason: 'UnsupportedValue', message: 'a second filter ExternalAuth is not supported' });
    else draft.externalAuth = auth;
  } else if (extensionRef !== undefined) {
    const { group, kind, name } = extensionRef;
    refuse({ reason: 'InvalidKind', message: `${kind} ${name} of ${group} cannot be used as a filter` }, draft.refFaults);
  } else {
    refuse({ reason: 'UnsupportedValue', message: `filter ${filter.type} is not supported` });
  }
}

function headerChanges(modifier: HTTPHeaderFilter): HeaderChanges {
  return {
    set: headers(modifier.set),
    add: headers(modifier.add),
    remove: [...new Set((modifier.remove ?? []).map((name) => name.toLowerCase()))],
  };
}

/** "If multiple entries specify equivalent header names, the first … MUST be considered". */
function headers(list: HTTPHeaderFilter['set']): Header[] {
  const byName = new Map<string, Header>();
  for (const { name, value } of list ?? []) {
    const lower = name.toLowerCase();
    if (!byName.has(lower)) byName.set(lower, { name: lower, value });
  }
  return [...byName.values()];
}

/** A request has one Host, and cannot be without. Setting it is what URLRewrite does with `hostname`. */
function hostFault({ add: added, remove }: HeaderChanges): Fault | undefined {
  if (!remove.includes('host') && !added.some(({ name }) => name === 'host')) return undefined;
  return { reason: 'UnsupportedValue', message: 'header Host can be set, not added to or removed' };
}

function mirrorOf(mirror: HTTPRequestMirrorFilter, resolve: Resolve): Mirror | { fault: Fault } {
  const resolved = resolve(mirror.backendRef, { aside: true });
  if ('fault' in resolved) return resolved;
  const { percent, fraction } = mirror;
  const { numerator, denominator } = fraction ?? { numerator: percent ?? 100, denominator: 100 };
  return { backend: resolved.backend, numerator, denominator };
}

function redirectOf({ scheme, hostname, port, path, statusCode }: HTTPRequestRedirectFilter): Redirect {
  return { type: 'redirect', scheme, hostname, port, path: pathChange(path), statusCode };
}

/** A rewrite that changes nothing is none. */
function rewriteOf({ hostname, path }: HTTPURLRewriteFilter): Rewrite | undefined {
  return hostname === undefined && path === undefined ? undefined : { hostname, path: pathChange(path) };
}

function pathChange(path: HTTPPathModifier | undefined): PathChange | undefined {
  switch (path?.type) {
    case undefined:
      return undefined;
    case 'ReplaceFullPath':
      return { type: 'ReplaceFullPath', value: path?.replaceFullPath ?? '/' };
    case 'ReplacePrefixMatch':
      return { type: 'ReplacePrefixMatch', value: path?.replacePrefixMatch ?? '/' };
  }
}

function corsOf(cors: HTTPCORSFilter): Cors {
  return {
    allowOrigins: cors.allowOrigins ?? [],
    allowCredentials: cors.allowCredentials ?? false,
    allowMethods: cors.allowMethods ?? [],
    allowHeaders: cors.allowHeaders ?? [],
    exposeHeaders: cors.exposeHeaders ?? [],
    maxAge: cors.maxAge,
  };
}
