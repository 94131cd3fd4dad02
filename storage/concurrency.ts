/**
 * Writers that meet: one at a time within the process, retries across processes.
 * @module
 */

import { ScimError } from "../domain/errors.ts";

/** How long work waits for its turn, in milliseconds. */
const MAX_WAIT = 10_000;

/** Lets the holders of one key run one after another. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();
  readonly #maxWait: number;

  /** @param maxWait how long work waits for its turn, in milliseconds */
  constructor(maxWait: number = MAX_WAIT) {
    this.#maxWait = maxWait;
  }

  /**
   * Runs work when all earlier work under the same key has ended.
   *
   * @throws {ScimError} 503 when that takes too long; the work is not run then
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const mine = before === undefined
      ? work()
      : inTime(before, this.#maxWait).then(work);
    const tail = Promise.allSettled([before, mine]).then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
    return await mine;
  }
}

/**
 * Waits for a promise, but not for ever.
 *
 * @param limit in milliseconds
 * @throws {ScimError} 503 with Retry-After when it takes longer
 */
export async function inTime<T>(
  promise: Promise<T>,
  limit: number,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** 503: the store does not answer, or not in time. */
export function unavailable(): ScimError {
  return new ScimError(
    503,
    undefined,
    "The store does not answer in time; send the request again later",
    { "Retry-After": "2" },
  );
}

/** How often a write is tried before the client is asked to come back. */
const MAX_TRIES = 10;

/** The longest pause between two tries, in milliseconds. */
const MAX_PAUSE = 128;

/** The pause before a try, with full jitter: anything up to 2, 4, 8 … 128 ms. */
export function retryPause(tries: number, random: number): number {
  return random * Math.min(MAX_PAUSE, 2 ** tries);
}

/**
 * Tries a write until it does not conflict.
 *
 * @param attempt returns undefined when another writer was faster
 * @throws {ScimError} 503 with Retry-After when it conflicts again and again
 */
export async function retrying<T>(
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  for (let tries = 1;; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (tries === MAX_TRIES) break;
    const pause = retryPause(tries, Math.random());
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw new ScimError(
    503,
    undefined,
    "Too many clients write the same resource at once; send the request again",
    { "Retry-After": "1" },
  );
}
