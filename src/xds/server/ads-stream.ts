import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Changes } from './resources.ts';
import type { Session } from './session.ts';
import { decodeRequest, encodeResponse, type DeltaRequest, type Response } from './wire.ts';
import { messageOf } from '../../util/error-message.ts';

/** Requests that a stream may hold before the server is open: Envoy sends one for each kind that it starts with. */
const MAX_HELD_REQUESTS = 64;

export type AdsCall = ServerDuplexStream<Buffer, Buffer>;

export interface AdsStreamOptions {
  readonly call: AdsCall;
  readonly clock: () => number;
  /** Why the client may not speak for the proxy that it names; undefined lets it in. */
  readonly deny: (node: NonNullable<DeltaRequest['node']>) => string | undefined;
  /** Makes the session once the client has said who it is. */
  readonly identify: (node: NonNullable<DeltaRequest['node']>) => Session;
  readonly onRequest: (request: DeltaRequest) => void;
  /** What the client has may be another thing than before: a response was taken or refused, or a first request named what it brought along. */
  readonly onAnswered: (session: Session) => void;
  readonly onPushed: (session: Session, response: Response, bytes: number, at: number) => void;
  /** The stream is over; called once. */
  readonly onClosed: (session: Session | undefined) => void;
}

/** Moves bytes and time between one gRPC stream and its session. */
export class AdsStream {
  readonly #options: AdsStreamOptions;
  readonly #held: DeltaRequest[] = [];
  #session: Session | undefined;
  #open: boolean;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: number | undefined;

  constructor(options: AdsStreamOptions, open: boolean) {
    this.#options = options;
    this.#open = open;
    const { call } = options;
    call.on('data', (bytes: Buffer) => this.#received(bytes));
    call.on('drain', () => this.#run((session, now) => session.writable(true, now)));
    call.on('end', () => this.end(status.OK, ''));
    call.on('cancelled', () => this.#close());
    call.on('error', () => this.#close());
    call.on('close', () => this.#close());
  }

  /** Answers what was held until now, and everything from now on. */
  open(): void {
    this.#open = true;
    for (const request of this.#held.splice(0)) this.#receive(request);
  }

  changed(changes: Changes): void {
    if (this.#open) this.#run((session, now) => session.changed(changes, now));
  }

  /** Ends the stream from our side. */
  end(code: status, details: string): void {
    if (this.#closed) return;
    if (code === status.OK) this.#options.call.end();
    else this.#options.call.emit('error', { code, details });
    this.#close();
  }

  #received(bytes: Buffer): void {
    if (this.#closed) return;
    let request: DeltaRequest;
    try {
      request = decodeRequest(bytes);
    } catch (error) {
      return this.end(status.INVALID_ARGUMENT, messageOf(error));
    }
    if (this.#session === undefined) {
      const { node } = request;
      if (node === undefined || node.cluster === '') return this.end(status.INVALID_ARGUMENT, 'the first request must have node.cluster');
      const reason = this.#options.deny(node);
      if (reason !== undefined) return this.end(status.PERMISSION_DENIED, reason);
      this.#session = this.#options.identify(node);
    }
    this.#options.onRequest(request);
    if (this.#open) this.#receive(request);
    else if (this.#held.length < MAX_HELD_REQUESTS) this.#held.push(request);
    else this.end(status.RESOURCE_EXHAUSTED, `more than ${MAX_HELD_REQUESTS} requests before the server is ready`);
  }

  #receive(request: DeltaRequest): void {
    this.#run((session, now) => session.receive(request, now));
    if (this.#session !== undefined) this.#options.onAnswered(this.#session);
  }

  #run(step: (session: Session, now: number) => readonly Response[]): void {
    const session = this.#session;
    if (session === undefined || this.#closed) return;
    const { call, clock, onPushed } = this.#options;
    const now = clock();
    let flowing = true;
    for (const response of step(session, now)) {
      const bytes = encodeResponse(response);
      flowing = call.write(bytes);
      onPushed(session, response, bytes.length, clock());
    }
    if (!flowing) session.writable(false, now);
    this.#arm(session, now);
  }

  #arm(session: Session, now: number): void {
    const at = session.wakeAt;
    if (at === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at === undefined) return;
    this.#timer = setTimeout(() => {
      this.#timerAt = undefined;
      this.#run((woken, then) => woken.tick(then));
    }, Math.max(0, Math.ceil(at - now)));
    this.#timer.unref();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#held.length = 0;
    this.#options.onClosed(this.#session);
  }
}
