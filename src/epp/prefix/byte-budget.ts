/** Bytes that several share. What cannot be had has to be done without. */
export class ByteBudget {
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes so many more bytes, or fewer if negative; false: they are not to be had. */
  take(bytes: number): boolean {
    if (bytes > 0 && this.#used + bytes > this.max) return false;
    this.#used += bytes;
    return true;
  }
}
