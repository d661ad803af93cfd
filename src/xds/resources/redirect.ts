import type { MessageInitShape } from '@bufbuild/protobuf';
import { RedirectAction_RedirectResponseCode } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { RedirectActionSchema } from '../../gen/envoy/config/route/v3/route_components_pb.ts';
import type { Redirect } from '../../ir/route.ts';
import { assertNever } from '../../util/assert.ts';
import { pathEdit } from './path-edit.ts';
import type { PathEdit } from './path-edit.ts';

type RedirectAction = MessageInitShape<typeof RedirectActionSchema>;

/** Where a redirect is answered: the listener's port and scheme, and the virtual host's domain. */
export interface RedirectContext {
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly domain: string;
}

/**
 * A redirect as Envoy actions. `portInHost`, where there is one, is for requests whose Host names a port.
 *
 * The port is the redirect's own, else its scheme's well-known one, else the listener's, and is shown unless it is the
 * default of the scheme (https://gateway-api.sigs.k8s.io/reference/spec/#httprequestredirectfilter). Envoy keeps a port
 * that the request's Host brought along unless it is given a host or a port, so a redirect that must not show one
 * names the virtual host's domain as the host; a wildcard domain cannot be named, and there the port is shown.
 */
export function redirectActions(
  redirect: Redirect,
  context: RedirectContext,
  matched: string | undefined,
): { readonly action: RedirectAction; readonly portInHost: RedirectAction | undefined } {
  const scheme = redirect.scheme ?? context.scheme;
  const port = redirect.port ?? (redirect.scheme === undefined ? context.port : wellKnownPort[redirect.scheme]);
  const action: RedirectAction = {
    ...(redirect.scheme !== undefined && { schemeRewriteSpecifier: { case: 'schemeRedirect', value: redirect.scheme } }),
    ...(redirect.hostname !== undefined && { hostRedirect: redirect.hostname }),
    ...(redirect.path !== undefined && path(pathEdit(redirect.path, matched))),
    responseCode: responseCodes[redirect.statusCode],
  };
  if (port !== wellKnownPort[scheme]) return { action: { ...action, portRedirect: port }, portInHost: undefined };
  const movesPort = redirect.scheme !== undefined || redirect.port !== undefined;
  if (redirect.hostname !== undefined || !movesPort) return { action, portInHost: undefined };
  if (!context.domain.includes('*')) return { action: { ...action, hostRedirect: context.domain }, portInHost: undefined };
  return { action, portInHost: { ...action, portRedirect: port } };
}

const wellKnownPort = { http: 80, https: 443 } as const;

const responseCodes = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
} as const;

function path(edit: PathEdit | undefined): Pick<RedirectAction, 'pathRewriteSpecifier'> {
  if (edit === undefined) return {};
  switch (edit.type) {
    case 'full':
      return { pathRewriteSpecifier: { case: 'pathRedirect', value: edit.path } };
    case 'prefix':
      return { pathRewriteSpecifier: { case: 'prefixRewrite', value: edit.prefix } };
    case 'regex':
      return { pathRewriteSpecifier: { case: 'regexRewrite', value: { pattern: { regex: edit.pattern }, substitution: edit.substitution } } };
    default:
      return assertNever(edit);
  }
}
