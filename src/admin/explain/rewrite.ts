import type { HeaderChanges, PathChange, Redirect, RouteMatch } from '../../ir/route.ts';
import { pathEdit, type PathEdit } from '../../xds/resources/path-edit.ts';
import { redirectActions, type RedirectContext } from '../../xds/resources/redirect.ts';
import { matchedPrefix } from '../../xds/resources/route-match.ts';
import { assertNever } from '../../util/assert.ts';
import type { Header, RoutedRequest } from './request.ts';

/** A path with query after a change; the same where the change has nothing to work on. */
export function changedPath(path: string, change: PathChange, match: RouteMatch): string {
  return applied(path, pathEdit(change, matchedPrefix(match.path)), match);
}

function applied(path: string, edit: PathEdit | undefined, match: RouteMatch): string {
  if (edit === undefined) return path;
  const question = path.indexOf('?');
  const [before, query] = question === -1 ? [path, ''] : [path.slice(0, question), path.slice(question)];
  switch (edit.type) {
    case 'full':
      return edit.path + query;
    case 'prefix':
      // The prefix `/` covers the slash itself.
      return edit.prefix + before.slice(matchedPrefix(match.path)?.length || 1) + query;
    case 'regex':
      return `/${before.slice((matchedPrefix(match.path)?.length ?? 0) + 1)}${query}`;
    default:
      return assertNever(edit);
  }
}

/** The Location that a redirect answers with: what Envoy makes of the action that it is given. */
export function location(redirect: Redirect, request: RoutedRequest, options: { readonly match: RouteMatch; readonly context: RedirectContext }): string {
  const { match, context } = options;
  const { action, portInHost } = redirectActions(redirect, context, matchedPrefix(match.path));
  const used = portInHost !== undefined && /:[0-9]+$/.test(request.authority) ? portInHost : action;
  const scheme = redirect.scheme ?? context.scheme;
  const port = used.portRedirect === undefined || used.portRedirect === 0 ? '' : `:${used.portRedirect}`;
  const host = used.hostRedirect === undefined || used.hostRedirect === '' ? requestHost(request.authority, { scheme, port, asked: context.scheme }) : used.hostRedirect;
  const path = redirect.path === undefined ? request.path : changedPath(request.path, redirect.path, match);
  return `${scheme}://${host}${port}${path}`;
}

/** Envoy keeps the port of the request's host unless another is given, or it was the default of a scheme that changes. */
function requestHost(authority: string, to: { readonly scheme: string; readonly port: string; readonly asked: string }): string {
  const [, host = authority, own = ''] = /^(.*?)(:\d*)?$/.exec(authority) ?? [];
  const wasDefault = (to.asked === 'https' && own === ':443') || (to.asked === 'http' && own === ':80');
  return to.port !== '' || (to.scheme !== to.asked && wasDefault) ? host : authority;
}

/** Headers after changes: remove, set, add. Host and pseudo headers are not changed this way. */
export function changedHeaders(headers: readonly Header[], changes: HeaderChanges): Header[] {
  const isPlain = ({ name }: { readonly name: string }) => name !== 'host' && !name.startsWith(':');
  const removed = new Set(changes.remove.filter((name) => isPlain({ name })));
  let result = headers.filter(({ name }) => !removed.has(name));
  for (const header of changes.set.filter(isPlain)) result = [...result.filter(({ name }) => name !== header.name), header];
  return [...result, ...changes.add.filter(isPlain)];
}

/** Header changes in words, one sentence each. */
export function changeLabels(changes: HeaderChanges, where: string): string[] {
  return [
    ...changes.remove.map((name) => `removes ${where} header ${name}`),
    ...changes.set.map(({ name, value }) => `sets ${where} header ${name}: ${value}`),
    ...changes.add.map(({ name, value }) => `adds ${where} header ${name}: ${value}`),
  ];
}
