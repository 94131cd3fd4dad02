/**
 * Token buckets: everybody may do so much at once, and gets it back as time goes
 * by.
 * @module
 */

/** What a bucket holds and how fast it fills. */
export interface Rate {
  /** How much can be taken from a full bucket. */
  readonly burst: number;
  /** How much comes back in a second. */
  readonly perSecond: number;
}

/** What has been taken from a bucket and has not come back. */
interface Bucket {
  taken: number;
  /** In milliseconds since 1970. */
  at: number;
}

/** How many buckets are kept. */
const MAX_BUCKETS = 10_000;

/**
 * A bucket for each of many names. A bucket that was not used for longest is
 * forgotten first, which makes it full again: mostly it is full anyway.
 */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #maxBuckets: number;

  /** @param maxBuckets how many are kept */
  constructor(maxBuckets: number = MAX_BUCKETS) {
    this.#maxBuckets = maxBuckets;
  }

  /** How many buckets there are. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes one from a bucket, if there is one in it. The rate can change from one
   * call to the next and counts at once.
   *
   * @param now in milliseconds since 1970; going back, it fills nothing
   * @returns 0, or after how many seconds there will be one; nothing is taken then
   */
  take(name: string, { burst, perSecond }: Rate, now: number): number {
    const bucket = this.#buckets.get(name) ?? { taken: 0, at: now };
    const passed = Math.max(0, now - bucket.at) / 1_000;
    const taken = Math.min(burst, bucket.taken - passed * perSecond);
    bucket.at = now;
    bucket.taken = Math.max(0, taken);
    const missing = bucket.taken + 1 - burst;
    if (missing <= 0) bucket.taken++;
    this.#keep(name, bucket);
    return Math.max(0, missing / perSecond);
  }

  /** Who was used last stands last. */
  #keep(name: string, bucket: Bucket): void {
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size <= this.#maxBuckets) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** The value of Retry-After: whole seconds, at least one. */
export function retryAfter(seconds: number): string {
  return String(Math.max(1, Math.ceil(seconds)));
}
