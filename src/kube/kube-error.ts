import { messageOf } from '../util/error-message.ts';

/** The request that failed, for the sentence that somebody reads. */
export interface FailedRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
}

/** What an API server answers instead of an object, or why it did not answer at all. Everything that fails in kube/ is one of these. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** The HTTP status; 0 when there was no answer. */
  readonly code: number;
  /** As in `metav1.Status`: `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Expired`, `Invalid` …; `Unreachable` and `Unreadable` are our own. */
  readonly reason: string;
  /** How long the server wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Fields that a 422 complains about. */
  readonly causes: readonly StatusCause[];

  constructor(message: string, { code, reason, retryAfterMs, causes = [], cause }: KubeErrorFields) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.causes = causes;
  }
}

/** One field that a 422 complains about. */
export interface StatusCause {
  readonly field?: string;
  readonly reason?: string;
  readonly message?: string;
}

interface KubeErrorFields {
  readonly code: number;
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
  readonly causes?: readonly StatusCause[] | undefined;
  readonly cause?: unknown;
}

/** A `metav1.Status`, as far as it is read. */
interface Status {
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown; readonly causes?: unknown } | null;
}

/** Bytes of an answer that is no `Status` which go into the message. */
const QUOTED = 200;

/** The error that an answer's status and body stand for. */
export function errorOfAnswer(request: FailedRequest, code: number, body: string, retryAfter?: string): KubeError {
  const status = parseStatus(body);
  const text = typeof status?.message === 'string' && status.message !== '' ? status.message : body.slice(0, QUOTED).trim();
  return new KubeError(`${request.method} ${request.path}: ${code} ${text}`, {
    code,
    reason: typeof status?.reason === 'string' && status.reason !== '' ? status.reason : reasonOf(code),
    retryAfterMs: secondsToMs(status?.details?.retryAfterSeconds ?? retryAfter),
    causes: causesOf(status),
  });
}

/** The error that an ERROR event of a watch stands for. */
export function errorOfEvent(request: FailedRequest, object: unknown): KubeError {
  const status = (object ?? {}) as Status;
  const code = typeof status.code === 'number' ? status.code : 500;
  return errorOfAnswer(request, code, JSON.stringify(object ?? null));
}

/** The error of a request that got no answer, or whose answer broke off. */
export function errorOfConnection(request: FailedRequest, cause: unknown): KubeError {
  return new KubeError(`${request.method} ${request.path}: ${describe(cause)}`, { code: 0, reason: 'Unreachable', cause });
}

/** The error of an answer that is not what the protocol says. */
export function errorOfContent(request: FailedRequest, message: string): KubeError {
  return new KubeError(`${request.method} ${request.path}: ${message}`, { code: 0, reason: 'Unreadable' });
}

/** Whether an error is the API server's answer that the object, or the whole resource, does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.code === 404;
}

/** Whether an error says that the object was changed in the meantime, or exists already. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeError && error.code === 409;
}

/** Whether RBAC forbids the request. */
export function isForbidden(error: unknown): boolean {
  return error instanceof KubeError && error.code === 403;
}

/** Whether the resource version or the continue token is too old. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict', 410: 'Expired', 422: 'Invalid',
  429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout',
};

function reasonOf(code: number): string {
  return REASONS[code] ?? 'Unknown';
}

function secondsToMs(value: unknown): number | undefined {
  const seconds = Number(value);
  return value === undefined || !Number.isFinite(seconds) || seconds <= 0 ? undefined : seconds * 1000;
}

function causesOf(status: Status | undefined): readonly StatusCause[] {
  const causes = status?.details?.causes;
  return Array.isArray(causes) ? (causes as readonly StatusCause[]) : [];
}

/** An AggregateError of Node's happy eyeballs has an empty message of its own: the first attempt's says more. */
function describe(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return messageOf(cause);
}
