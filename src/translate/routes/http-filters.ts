import type { Fault } from '../conditions.ts';
import type { BackendReference, Resolved } from '../backends/resolve.ts';
import type { HTTPRouteFilter } from '../../api/types.ts';
import { noHeaderChanges, type Cors, type HeaderChanges, type Mirror, type PathChange, type Redirect, type Rewrite } from '../../ir/route.ts';

/** All filters of a rule or of one backend of it, sorted by what they do. */
export interface Filters {
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
  readonly cors: Cors | undefined;
  readonly mirrors: readonly Mirror[];
  readonly redirect: Redirect | undefined;
  readonly rewrite: Rewrite | undefined;
  /** A filter that cannot be applied: requests get 500, "the filter MUST NOT be skipped". */
  readonly unusable: Fault | undefined;
  /** References of mirrors that lead nowhere: the mirror is left out, the requests are served. */
  readonly refFaults: readonly Fault[];
}

/** `resolve` finds the backends of mirrors. */
export function httpFilters(filters: readonly HTTPRouteFilter[], resolve: (ref: BackendReference) => Resolved): Filters {
  let requestHeaders = noHeaderChanges;
  let responseHeaders = noHeaderChanges;
  let cors: Cors | undefined;
  let redirect: Redirect | undefined;
  let rewrite: Rewrite | undefined;
  let unusable: Fault | undefined;
  const mirrors: Mirror[] = [];
  const refFaults: Fault[] = [];
  for (const filter of filters) {
    switch (filter.type) {
      case 'RequestHeaderModifier':
        requestHeaders = headerChanges(filter.requestHeaderModifier);
        unusable ??= headerFault(requestHeaders);
        break;
      case 'ResponseHeaderModifier':
        responseHeaders = headerChanges(filter.responseHeaderModifier);
        unusable ??= headerFault(responseHeaders);
        break;
      case 'RequestMirror': {
        const mirror = mirrorOf(filter.requestMirror, resolve);
        if ('fault' in mirror) refFaults.push(mirror.fault);
        else mirrors.push(mirror);
        break;
      }
      case 'RequestRedirect':
        redirect = redirectOf(filter.requestRedirect);
        break;
      case 'URLRewrite':
        rewrite = { hostname: filter.urlRewrite?.hostname, path: pathChange(filter.urlRewrite?.path) };
        break;
      case 'CORS':
        cors = corsOf(filter.cors);
        break;
      case 'ExtensionRef':
        unusable ??= extensionFault(filter.extensionRef);
        refFaults.push(extensionFault(filter.extensionRef));
        break;
      default:
        unusable ??= { reason: 'UnsupportedValue', message: `filter ${filter.type} is not supported` };
    }
  }
  return { requestHeaders, responseHeaders, cors, mirrors, redirect, rewrite, unusable, refFaults };
}

function headerChanges(modifier: HTTPRouteFilter['requestHeaderModifier']): HeaderChanges {
  const headers = (list: readonly { readonly name: string; readonly value: string }[] | undefined) =>
    (list ?? []).map(({ name, value }) => ({ name: name.toLowerCase(), value }));
  return {
    set: headers(modifier?.set),
    add: headers(modifier?.add),
    remove: (modifier?.remove ?? []).map((name) => name.toLowerCase()),
  };
}

/** Envoy routes by Host and refuses to change it as a header; URLRewrite is the way. */
function headerFault({ set, add, remove }: HeaderChanges): Fault | undefined {
  const names = [...set.map((header) => header.name), ...add.map((header) => header.name), ...remove];
  if (!names.includes('host')) return undefined;
  return { reason: 'UnsupportedValue', message: 'header Host cannot be modified, use a URLRewrite filter with hostname' };
}

function mirrorOf(mirror: HTTPRouteFilter['requestMirror'], resolve: (ref: BackendReference) => Resolved): Mirror | { fault: Fault } {
  if (mirror === undefined) return { fault: { reason: 'UnsupportedValue', message: 'requestMirror is missing' } };
  const resolved = resolve(mirror.backendRef);
  if ('fault' in resolved) return resolved;
  const { percent, fraction } = mirror;
  return {
    backend: resolved.backend,
    numerator: percent ?? fraction?.numerator ?? 100,
    denominator: percent === undefined ? (fraction?.denominator ?? 100) : 100,
  };
}

function redirectOf(redirect: HTTPRouteFilter['requestRedirect']): Redirect {
  return {
    type: 'redirect',
    scheme: redirect?.scheme,
    hostname: redirect?.hostname,
    port: redirect?.port,
    path: pathChange(redirect?.path),
    statusCode: redirect?.statusCode ?? 302,
  };
}

type PathModifier = NonNullable<HTTPRouteFilter['urlRewrite']>['path'];

function pathChange(path: PathModifier): PathChange | undefined {
  if (path === undefined) return undefined;
  switch (path.type) {
    case 'ReplaceFullPath':
      return { type: 'ReplaceFullPath', value: path.replaceFullPath ?? '/' };
    case 'ReplacePrefixMatch':
      return { type: 'ReplacePrefixMatch', value: path.replacePrefixMatch ?? '/' };
    default:
      return undefined;
  }
}

function corsOf(cors: HTTPRouteFilter['cors']): Cors {
  return {
    allowOrigins: cors?.allowOrigins ?? [],
    allowCredentials: cors?.allowCredentials ?? false,
    allowMethods: cors?.allowMethods ?? [],
    allowHeaders: cors?.allowHeaders ?? [],
    exposeHeaders: cors?.exposeHeaders ?? [],
    maxAge: cors?.maxAge ?? 5,
  };
}

function extensionFault(ref: HTTPRouteFilter['extensionRef']): Fault {
  const label = `${ref?.kind} ${ref?.name} of ${ref?.group}`;
  return { reason: 'InvalidKind', message: `extensionRef: ${label} cannot be used as a filter` };
}
