import { proxyIdentity } from '../infra/kubernetes/certificates/identity.ts';
import type { AdsServer } from '../xds/server/ads-server.ts';
import type { ServerTls } from '../xds/server/secure-listener.ts';

/** The xDS port for Envoys of a cluster: opened with the first certificate, which later ones take the place of. */
export class SecureEndpoint {
  readonly #ads: AdsServer;
  readonly #port: number;
  readonly #opened = Promise.withResolvers<void>();
  #tls: ServerTls | undefined;
  #isOpen = false;

  constructor(ads: AdsServer, port: number) {
    this.#ads = ads;
    this.#port = port;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Fulfilled when the port is open, or given up; rejects when it cannot be had. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** From here on Envoys are shown this. */
  use(tls: ServerTls): void {
    const isFirst = this.#tls === undefined;
    this.#tls = tls;
    if (isFirst) this.#open(tls).then(this.#opened.resolve, this.#opened.reject);
    else if (this.#isOpen) this.#ads.updateTls(tls);
  }

  /** Nobody is to wait for it any more. */
  giveUp(): void {
    this.#opened.resolve();
  }

  async #open(tls: ServerTls): Promise<void> {
    const options = { tls, authorize: (identity: string, proxy: string) => identity === proxyIdentity(proxy) };
    await this.#ads.listenSecure(`[::]:${this.#port}`, options).catch((error: NodeJS.ErrnoException) => {
      // A machine without IPv6.
      if (error.code !== 'EAFNOSUPPORT' && error.code !== 'EADDRNOTAVAIL') throw error;
      return this.#ads.listenSecure(`0.0.0.0:${this.#port}`, options);
    });
    this.#isOpen = true;
    if (this.#tls !== undefined && this.#tls !== tls) this.#ads.updateTls(this.#tls);
  }
}
