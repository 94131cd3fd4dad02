/**
 * Writes and deletes any number of keys, as many with one commit as it takes.
 * @module
 */

import { Change, MAX_KEY_BYTES, MAX_MUTATIONS } from "../change.ts";
import type { Store } from "../store.ts";

/** How many bytes of values go into one commit: the limit of 819,200, with room. */
const MAX_VALUE_BYTES = 500_000;

/** What a value that is no bytes comes to at the most, in bytes. */
const SMALL_VALUE = 600;

/** Collects what is set and deleted and commits it now and then. */
export class Batch {
  readonly #store: Store;
  #change = new Change();
  #keyBytes = 0;
  #valueBytes = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Sets a value; the last of several under one key counts. */
  async set(key: Deno.KvKey, value: unknown): Promise<void> {
    const keyBytes = mostBytes(key);
    const valueBytes = value instanceof Uint8Array ? value.length : SMALL_VALUE;
    if (
      this.#keyBytes + keyBytes > MAX_KEY_BYTES ||
      this.#valueBytes + valueBytes > MAX_VALUE_BYTES
    ) await this.flush();
    await this.#makeRoom();
    this.#change.set(key, value);
    this.#keyBytes += keyBytes;
    this.#valueBytes += valueBytes;
  }

  /** Deletes a key. */
  async delete(key: Deno.KvKey): Promise<void> {
    await this.#makeRoom();
    this.#change.delete(key);
  }

  /** Deletes all keys below a prefix. */
  async deleteAll(prefix: Deno.KvKey): Promise<void> {
    for await (const entries of this.#store.batches({ prefix })) {
      for (const { key } of entries) await this.delete(key);
    }
  }

  /** Commits what is left. */
  async flush(): Promise<void> {
    if (this.#change.mutations === 0) return;
    await this.#store.write(this.#change);
    this.#change = new Change();
    this.#keyBytes = 0;
    this.#valueBytes = 0;
  }

  async #makeRoom(): Promise<void> {
    if (this.#change.mutations >= MAX_MUTATIONS) await this.flush();
  }
}

/** The most bytes that a key can come to: three for each UTF-16 unit. */
function mostBytes(key: Deno.KvKey): number {
  let bytes = 0;
  for (const part of key) {
    bytes += 2 + (typeof part === "string" ? part.length * 3 : 20);
  }
  return bytes;
}
