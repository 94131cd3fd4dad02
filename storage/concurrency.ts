/**
 * Writers that meet: one at a time within the process, retries across processes.
 * @module
 */

import { ScimError } from "../domain/errors.ts";

/** How long work waits for its turn, in milliseconds. */
const MAX_WAIT = 10_000;

/** Who holds a key, or waits for it. */
interface Queue {
  /** The last work that needs the key for itself. */
  alone: Promise<unknown>;
  /** Work behind it that shares the key. */
  sharing: Promise<unknown>[];
}

/** Lets work under one key run alone, or together with work that can share. */
export class KeyedLock {
  readonly #queues = new Map<string, Queue>();
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
    const queue = this.#queues.get(key);
    const mine = queue === undefined
      ? work()
      : this.#behind([queue.alone, ...queue.sharing], work);
    const alone = Promise.allSettled([
      queue?.alone,
      ...(queue?.sharing ?? []),
      mine,
    ]);
    this.#enqueue(key, { alone, sharing: [] });
    return await mine;
  }

  /**
   * Runs work together with other work that shares the key, when all earlier work
   * that needs the key for itself has ended.
   *
   * @throws {ScimError} 503 when that takes too long; the work is not run then
   */
  async share<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key);
    const mine = queue === undefined
      ? work()
      : this.#behind([queue.alone], work);
    const settled = Promise.allSettled([mine]);
    if (queue === undefined) {
      this.#enqueue(key, { alone: Promise.resolve(), sharing: [settled] });
    } else {
      queue.sharing.push(settled);
      this.#enqueue(key, queue);
    }
    return await mine;
  }

  async #behind<T>(
    earlier: readonly Promise<unknown>[],
    work: () => Promise<T>,
  ): Promise<T> {
    await inTime(Promise.allSettled(earlier), this.#maxWait, busy);
    return await work();
  }

  /** Forgets a key when nobody holds it any more. */
  #enqueue(key: string, queue: Queue): void {
    this.#queues.set(key, queue);
    const last = queue.sharing.at(-1) ?? queue.alone;
    Promise.allSettled([queue.alone, last]).then(() => {
      if (this.#queues.get(key) !== queue) return;
      queue.sharing = queue.sharing.filter((work) => work !== last);
      if (queue.sharing.length === 0) this.#queues.delete(key);
    });
  }
}

/**
 * Waits for a promise, but not for ever.
 *
 * @param limit in milliseconds
 * @param error what it throws when it takes longer
 * @throws {ScimError} 503 with Retry-After when it takes longer
 */
export async function inTime<T>(
  promise: Promise<T>,
  limit: number,
  error: () => ScimError = unavailable,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(error()), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** 503: others are at work on the same thing, and it takes long. */
function busy(): ScimError {
  return new ScimError(
    503,
    undefined,
    "Others are at work on the same thing, and it takes long; send the request " +
      "again later",
    { "Retry-After": "10" },
  );
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
