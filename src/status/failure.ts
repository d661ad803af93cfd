import { KubeError } from '../kube/kube-error.ts';

/**
 * What a failed write means for the object.
 *
 * - `conflict`: the object was changed since; look again and merge again.
 * - `gone`: the object, its kind or its status subresource is not there.
 * - `denied`: RBAC forbids it, for all objects of the kind in the namespace.
 * - `refused`: the API server will not have this status; it will not have it later either.
 * - `unreachable`: no answer, or one that says "not now", for everybody.
 * - `failed`: trouble that may be about this object alone: a webhook, say.
 */
export type Failure = 'conflict' | 'gone' | 'denied' | 'refused' | 'unreachable' | 'failed';

/** Answers that say "not now" or "not you, as yet", whatever was asked for. */
const unavailable = new Set([0, 401, 429, 502, 503, 504]);

/** What an error of a request means. */
export function failureOf(error: unknown): Failure {
  // Whatever is no answer of an API server is a bug of ours: it costs this object and no other.
  if (!(error instanceof KubeError)) return 'failed';
  const { code } = error;
  if (code === 409) return 'conflict';
  if (code === 404 || code === 410) return 'gone';
  if (code === 403) return 'denied';
  if (unavailable.has(code)) return 'unreachable';
  return code >= 400 && code < 500 ? 'refused' : 'failed';
}

/** The fields that a refusal complains about, as a person reads them. */
export function refusedFields(error: unknown): readonly string[] {
  if (!(error instanceof KubeError)) return [];
  // Rules that could not be checked are reported for a field that is none.
  return error.causes.filter(({ field }) => field !== '<nil>').map(({ field, message }) => [field, message].filter((text) => text !== undefined && text !== '').join(': '));
}
