/**
 * Writers that meet: one at a time within the process, retries across processes.
 * @module
 */

import { ScimError } from "../domain/errors.ts";

/** Lets the holders of one key run one after another. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs work when all earlier work under the same key has ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail = mine.catch(() => {});
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
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
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const result = await attempt();
    if (result !== undefined) return result;
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
