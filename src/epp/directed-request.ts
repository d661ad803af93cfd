import { performance } from 'node:perf_hooks';
import type { Endpoint } from './endpoints/endpoint.ts';
import type { Reservation } from './endpoints/account.ts';
import type { Changes, Rejection } from './ext-proc/processing-response.ts';
import type { CloseReason, RequestControl, RequestHandler, RequestHead } from './ext-proc/request-handler.ts';
import { destinations } from './fallbacks.ts';
import type { Ticket, Waiter } from './flow-control/admission.ts';
import type { Rejected } from './flow-control/outcome.ts';
import type { RequestMetrics, RequestSeries } from './metrics/request-metrics.ts';
import type { Pool } from './pool.ts';
import { serversOfVersion } from './policies/server-version.ts';
import { promptDigest } from './prefix/prompt-digest.ts';
import { droppedReason, steeredBy, steeringIn } from './request/header-names.ts';
import type { InferenceRequest } from './request/inference-request.ts';
import type { BodyReader, ParsedBody } from './request/parsed-body.ts';
import type { RequestParsers } from './request/request-parsers.ts';
import { spliceModel } from './request/splice-model.ts';
import { newDecision, type Decision } from './scheduling/plugin.ts';
import { isRefusal, statusOf, type Refusal } from './scheduling/profile-handler.ts';

/** What all requests to a pool share. */
export interface Direction {
  readonly pool: Pool;
  readonly parsers: RequestParsers;
  readonly metrics: RequestMetrics;
  /** In [0, 1). */
  readonly random: () => number;
}

/** So many bytes of a body are enough to pick by: Envoy holds back the request, and its buffer, 1 MiB by default, is not to be filled. */
const enoughBytes = 512 * 1024;

/** A body whose model name is to be changed has to be kept; one that is longer is refused. */
const maxRewrittenBytes = 16 * 1024 * 1024;

/** Milliseconds for which Envoy is to hold a request that waits: as long as it may. */
const longestWaitMs = 600_000;

/** Flow of requests that name none. */
const defaultFlow = 'default-flow';

const noBody: ParsedBody = {
  model: '', modelPlace: undefined, streaming: false, maxOutputTokens: 0, choices: 1, cacheSalt: '', prompt: undefined, promptTokens: 0, mediaItems: 0, bytes: 0,
};

/**
 * One request, from its headers to the end of its answer.
 *
 *     headers ─► body, read as it comes ─► entrance, maybe a wait ─► decision ─► load reserved, answer to Envoy ─► served, first byte, end ─► load given back
 *                     └─► 400                  └─► 429, 503              └─► 429, 503
 */
export class DirectedRequest implements RequestHandler, Waiter {
  readonly #direction: Direction;
  readonly #control: RequestControl;
  readonly #startedAt = performance.now();
  #head: RequestHead | undefined;
  #reader: BodyReader | undefined;
  /** What has come of the body, when the model name is to be changed in it. */
  #kept: Buffer[] | undefined;
  #series: RequestSeries | undefined;
  #reservation: Reservation | undefined;
  #destinations: readonly Endpoint[] = [];
  #record: number | undefined;
  #servedBy: Endpoint | undefined;
  #decision: Decision | undefined;
  #closed = false;
  #ticket: Ticket | undefined;
  /** What is known of the request while it waits. */
  #waiting: Admitted | undefined;

  constructor(direction: Direction, control: RequestControl) {
    this.#direction = direction;
    this.#control = control;
  }

  headers(head: RequestHead): void {
    this.#head = head;
    const path = head.headers.get(':path') ?? '/';
    if (!head.bodyFollows) return this.#decide(noBody);
    const parser = this.#direction.parsers.forPath(path);
    if (parser === undefined) return this.#refuse({ status: 400, message: `no parser is configured for ${path}`, code: 'BadRequest' });
    if (steeredBy(head.headers, 'modelRewrite') !== '' || this.#direction.pool.policies.rewrites) this.#kept = [];
    this.#reader = parser.begin();
  }

  body(chunk: Buffer, end: boolean): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    reader.push(chunk);
    if (end || reader.faulty) {
      this.#keep(chunk);
      const parsed = reader.end();
      this.#reader = undefined;
      if ('message' in parsed) this.#refuse({ ...parsed, code: 'BadRequest' });
      else this.#decide(parsed);
    } else if (this.#kept !== undefined) {
      this.#keep(chunk);
      if (reader.known.bytes > maxRewrittenBytes) this.#refuse({ status: 413, message: `a body whose model is rewritten has at most ${maxRewrittenBytes} bytes`, code: 'BadRequest' });
    } else if (reader.known.bytes >= enoughBytes) {
      this.#reader = undefined;
      this.#decide(reader.known);
    }
  }

  served(address: string): void {
    const { pool } = this.#direction;
    const endpoint = pool.endpoints.at(address);
    if (endpoint === undefined) return;
    this.#servedBy = endpoint;
    this.#reservation?.servedBy(endpoint);
    // Whoever stands before it in the list was tried, and was not there.
    const at = this.#destinations.indexOf(endpoint);
    for (const before of this.#destinations.slice(0, Math.max(0, at))) pool.failed(before);
    pool.reached(endpoint);
  }

  responseHeaders(): Changes | undefined {
    this.#reservation?.firstByte();
    const endpoint = this.#servedBy ?? this.#destinations[0];
    const decision = this.#decision;
    if (endpoint === undefined || decision === undefined) return undefined;
    const headers = this.#direction.pool.scheduling.scheduler.observers.flatMap((observer) => observer.responseHeaders?.(decision, endpoint) ?? []);
    return headers.length === 0 ? undefined : { setHeaders: new Map(headers) };
  }

  closed(_reason: CloseReason): void {
    this.#closed = true;
    this.#reader = undefined;
    this.#kept = undefined;
    this.#waiting = undefined;
    this.#ticket?.end();
    if (this.#reservation === undefined) return;
    this.#reservation.end();
    const now = performance.now();
    this.#series?.ended((now - this.#startedAt) / 1000);
    this.#direction.pool.picks.outcome(this.#record, now, this.#servedBy);
  }

  #keep(chunk: Buffer): void {
    this.#kept?.push(Buffer.from(chunk));
  }

  #decide(body: ParsedBody): void {
    const { pool, random } = this.#direction;
    const rewrite = pool.policies.rewrite(body.model, random);
    const request = this.#request(body, rewrite.target);
    const admitted = { request, body, version: rewrite.version };
    const admission = pool.entrance.admit(request, pool.candidates(this.#head?.subset), this);
    switch (admission.kind) {
      case 'rejected':
        return this.rejected(admission, request);
      case 'dispatched':
        this.#ticket = admission.ticket;
        return this.#schedule(admitted);
      case 'waiting':
        this.#ticket = admission.ticket;
        this.#waiting = admitted;
        this.#control.extend(longestWaitMs);
    }
  }

  /** Its turn has come. */
  dispatched(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#schedule(waiting);
  }

  rejected({ status, reason, message }: Rejected, request = this.#waiting?.request): void {
    this.#refuse({ status, message, reason, code: status === 429 ? 'InferencePoolResourceExhausted' : 'ServiceUnavailable' }, request);
  }

  /** It has to make room for others. */
  evicted(rejection: Rejected): void {
    this.rejected(rejection, this.#decision?.request);
  }

  #schedule({ request, body, version }: Admitted): void {
    const { pool } = this.#direction;
    const all = pool.candidates(this.#head?.subset);
    const candidates = version === undefined ? all : serversOfVersion(all, version);
    const decision = newDecision(request, performance.now());
    const preparing = pool.scheduling.scheduler.prepare(decision, candidates);
    if (preparing === undefined) this.#pick(decision, candidates, body);
    else void preparing.then(() => this.#pick(decision, candidates, body));
  }

  #request(body: ParsedBody, rewritten: string): InferenceRequest {
    const headers = this.#head?.headers ?? new Map<string, string>();
    const targetModel = steeredBy(headers, 'modelRewrite') || rewritten;
    return {
      id: headers.get('x-request-id') ?? '',
      headers,
      model: body.model,
      targetModel,
      priority: this.#direction.pool.policies.priorityOf(steeredBy(headers, 'objective') || undefined, body.model),
      fairnessId: steeredBy(headers, 'fairnessId') || defaultFlow,
      streaming: body.streaming,
      bodyBytes: body.bytes,
      promptTokens: body.promptTokens,
      maxOutputTokens: body.maxOutputTokens,
      prompt: body.prompt && promptDigest(body.prompt, targetModel, body.cacheSalt),
    };
  }

  #pick(decision: Decision, candidates: readonly Endpoint[], body: ParsedBody): void {
    if (this.#closed) return;
    const { pool, metrics } = this.#direction;
    const { scheduler } = pool.scheduling;
    // Some may have gone while data was waited for.
    const present = candidates.every(({ isGone }) => !isGone) ? candidates : candidates.filter(({ isGone }) => !isGone);
    const outcome = scheduler.pick(decision, present);
    if (isRefusal(outcome)) return this.#refuse(refused(outcome), decision.request);
    const { primary } = outcome;
    this.#decision = decision;
    this.#destinations = destinations(primary);
    this.#reservation = pool.account.reserve(decision, outcome);
    this.#ticket?.placed();
    const profile = scheduler.profiles.get(primary.profile);
    if (profile !== undefined) this.#record = pool.picks.record(decision, profile, this.#destinations);
    this.#series = metrics.of(decision.request);
    this.#series.started(decision.request);
    const { request } = decision;
    const rewritten = this.#rewritten(request, body);
    const isAnswered = this.#control.answer({
      endpoints: this.#destinations.map(({ address }) => address),
      setHeaders: new Map([...outcome.headers, ...(rewritten === undefined ? [] : [['content-length', String(rewritten.length)] as const])]),
      removeHeaders: [...steeringIn(request.headers), ...outcome.removeHeaders],
      ...(rewritten !== undefined && { body: rewritten }),
    });
    this.#kept = undefined;
    if (!isAnswered) this.closed('cancelled');
  }

  /** The body with the model's other name; undefined: as it came. */
  #rewritten({ model, targetModel }: InferenceRequest, { modelPlace }: ParsedBody): Buffer | undefined {
    if (targetModel === model || this.#kept === undefined || modelPlace === undefined) return undefined;
    return Buffer.concat(spliceModel(this.#kept, modelPlace, targetModel));
  }

  #refuse({ status, message, code, reason }: Refused, request?: InferenceRequest): void {
    this.#direction.metrics.refused(request, code);
    this.#control.reject({ status, ...errorAnswer(status, message, reason) });
  }
}

/** A request that was read, on its way to a server. */
interface Admitted {
  readonly request: InferenceRequest;
  readonly body: ParsedBody;
  /** Servers of this version are to answer. */
  readonly version: string | undefined;
}

interface Refused {
  readonly status: number;
  readonly message: string;
  /** For metrics, as upstream names them. */
  readonly code: 'BadRequest' | 'ServiceUnavailable' | 'InferencePoolResourceExhausted';
  readonly reason?: string;
}

function refused(refusal: Refusal): Refused {
  const status = statusOf(refusal);
  switch (refusal.kind) {
    case 'no-endpoints':
      return { status, message: 'the pool has no server that is ready', code: 'ServiceUnavailable', reason: 'rejected-no-endpoints' };
    case 'filtered':
      return { status, message: `no server is left after the filter ${refusal.filter} of profile ${refusal.profile}`, code: 'InferencePoolResourceExhausted', reason: 'rejected-saturated' };
    case 'turned-away':
      return { status, message: `the admitter ${refusal.admitter} turns it away`, code: 'InferencePoolResourceExhausted', reason: 'rejected-saturated' };
    case 'no-profile':
      return { status, message: refusal.message, code: 'BadRequest' };
  }
}

/** An error in the shape that clients of the OpenAI API read. */
function errorAnswer(status: number, message: string, reason: string | undefined): Pick<Rejection, 'headers' | 'body' | 'details'> {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return {
    headers: new Map([['content-type', 'application/json'], ...(reason === undefined ? [] : [[droppedReason, reason] as const])]),
    body: `${JSON.stringify({ error: { message, type, code: status } })}\n`,
    details: reason ?? 'picker_refused',
  };
}
