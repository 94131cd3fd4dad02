/**
 * Reads request bodies: each within a size and a time, all of them within one
 * amount of memory.
 * @module
 */

import { ScimError } from "../../domain/errors.ts";

/** What bodies may take. */
export interface BodyLimits {
  /** How long any body may take to arrive, in milliseconds. */
  readonly within: number;
  /** Each so many bytes that have arrived give a body another second. */
  readonly bytesPerSecond: number;
  /** How many bytes may be in memory at once, over all requests. */
  readonly inMemory: number;
}

/** What bodies may take when nothing else is said. */
export const DEFAULT_BODY_LIMITS: BodyLimits = {
  within: 30_000,
  bytesPerSecond: 65_536,
  inMemory: 67_108_864,
};

/** A body in memory. */
export interface ReceivedBody extends Disposable {
  readonly bytes: ArrayBuffer;
}

/** Receives bodies. What counts is what has arrived, not what was announced. */
export class Bodies {
  readonly #limits: BodyLimits;
  #held = 0;

  constructor(limits: Partial<BodyLimits> = {}) {
    this.#limits = { ...DEFAULT_BODY_LIMITS, ...limits };
  }

  /** How many bytes of bodies are in memory. */
  get held(): number {
    return this.#held;
  }

  /**
   * Reads a body as a whole. It counts until it is disposed of.
   *
   * @param maxSize in bytes
   * @param tooLarge what is thrown when it is larger
   * @throws {ScimError} 408 when it takes too long, 503 when other bodies take
   * all the memory
   */
  async receive(
    body: ReadableStream<Uint8Array>,
    maxSize: number,
    tooLarge: () => ScimError,
  ): Promise<ReceivedBody> {
    const reader = body.getReader();
    const chunks: Uint8Array[] = [];
    let size = 0;
    const clock = new Countdown(this.#limits, () => size);
    try {
      for (;;) {
        const { done, value } = await Promise.race([
          reader.read(),
          clock.isOver,
        ]);
        if (done) break;
        this.#held += value.length;
        size += value.length;
        if (size > maxSize) throw tooLarge();
        if (this.#held > this.#limits.inMemory) throw tooManyBodies();
        chunks.push(value);
      }
    } catch (error) {
      this.#held -= size;
      // Nobody waits for the end of a body that nobody reads.
      reader.cancel().catch(() => {});
      throw error;
    } finally {
      clock.stop();
    }
    return {
      bytes: joined(chunks, size),
      [Symbol.dispose]: () => {
        this.#held -= size;
        size = 0;
      },
    };
  }
}

/** The time that a body has, which grows with what arrives of it. */
class Countdown {
  /** Rejects with 408 when the time is over. */
  readonly isOver: Promise<never>;
  readonly #begun = performance.now();
  readonly #limits: BodyLimits;
  readonly #received: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limits: BodyLimits, received: () => number) {
    this.#limits = limits;
    this.#received = received;
    const { promise, reject } = Promise.withResolvers<never>();
    this.isOver = promise;
    // It may end while nobody waits for a chunk.
    promise.catch(() => {});
    this.#wait(limits.within, () => reject(tooSlow(limits)));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(time: number, end: () => void): void {
    this.#timer = setTimeout(() => {
      const { within, bytesPerSecond } = this.#limits;
      const allowed = within + this.#received() / bytesPerSecond * 1_000;
      const left = this.#begun + allowed - performance.now();
      if (left <= 0) end();
      else this.#wait(left, end);
    }, time);
  }
}

function joined(chunks: readonly Uint8Array[], size: number): ArrayBuffer {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes.buffer;
}

/** 408: the client sends its body too slowly. */
function tooSlow({ within, bytesPerSecond }: BodyLimits): ScimError {
  return new ScimError(
    408,
    undefined,
    `The request body did not arrive in time; it has ${
      within / 1_000
    } seconds, ` +
      `and one more for each ${bytesPerSecond} bytes of it`,
    { Connection: "close" },
  );
}

/** 503: bodies take all the memory that there is for them. */
function tooManyBodies(): ScimError {
  return new ScimError(
    503,
    undefined,
    "Too many large request bodies are being worked on; send the request again " +
      "later",
    { "Retry-After": "5" },
  );
}
