/**
 * Deno KV behind deadlines: the one place that talks to it.
 * @module
 */

import { ScimError } from "../domain/errors.ts";
import type { Change } from "./change.ts";

/** How many keys one `getMany` takes. */
const MAX_GET_MANY = 10;

/** How many entries are read at a time. */
const MAX_BATCH = 500;

/** How long one KV call may take, in milliseconds. */
const DEFAULT_DEADLINE = 5_000;

/** An entry whose key has a value. */
export type Entry = Deno.KvEntry<unknown>;

/** An entry that may have no value; its versionstamp is null then. */
export type MaybeEntry = Deno.KvEntryMaybe<unknown>;

/**
 * Reads and commits. A remote KV retries for ever when its server is gone, so
 * every call has a deadline, after which it fails as 503 with Retry-After.
 */
export class Store {
  readonly kv: Deno.Kv;
  readonly #deadline: number;

  /** @param deadline for each call, in milliseconds */
  constructor(kv: Deno.Kv, deadline: number = DEFAULT_DEADLINE) {
    this.kv = kv;
    this.#deadline = deadline;
  }

  /** @throws {ScimError} 503 */
  get(key: Deno.KvKey): Promise<MaybeEntry> {
    return this.#inTime(this.kv.get(key));
  }

  /** Entries in the order of the keys; up to 10 keys are one snapshot. */
  async getMany(keys: readonly Deno.KvKey[]): Promise<MaybeEntry[]> {
    const chunks: Promise<MaybeEntry[]>[] = [];
    for (let i = 0; i < keys.length; i += MAX_GET_MANY) {
      chunks.push(
        this.#inTime(
          this.kv.getMany<unknown[]>(keys.slice(i, i + MAX_GET_MANY)),
        ),
      );
    }
    return (await Promise.all(chunks)).flat();
  }

  /** Entries in the order of their keys, some hundreds at a time. */
  async *batches(
    selector: Deno.KvListSelector,
    limit: number = Infinity,
  ): AsyncGenerator<Entry[]> {
    let left = limit;
    let cursor = "";
    while (left > 0) {
      const size = Math.min(left, MAX_BATCH);
      const iterator = this.kv.list<unknown>(selector, {
        limit: size,
        batchSize: size,
        ...(cursor === "" ? {} : { cursor }),
      });
      const batch = await this.#inTime(Array.fromAsync(iterator));
      if (batch.length > 0) yield batch;
      if (batch.length < size) return;
      left -= batch.length;
      cursor = iterator.cursor;
    }
  }

  /** All entries of a stretch of keys, or the first `limit` of them. */
  async listAll(
    selector: Deno.KvListSelector,
    limit?: number,
  ): Promise<Entry[]> {
    const batches = await Array.fromAsync(this.batches(selector, limit));
    return batches.flat();
  }

  /**
   * Commits a change.
   *
   * @returns the versionstamp, or undefined when a check failed
   * @throws {ScimError} 413 when the change is larger than a commit can be, 503
   */
  async commit(change: Change): Promise<string | undefined> {
    if (!change.fits) {
      throw new ScimError(
        413,
        undefined,
        "The resource has too many searchable values for one write; send fewer " +
          "or shorter values",
      );
    }
    try {
      const result = await this.#inTime(change.on(this.kv).commit());
      return result.ok ? result.versionstamp : undefined;
    } catch (error) {
      // A second writer on the same file shows as this error; nothing is written.
      if (
        error instanceof TypeError && /database is locked/.test(error.message)
      ) {
        return undefined;
      }
      throw error;
    }
  }

  async #inTime<T>(promise: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable()), this.#deadline);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
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
