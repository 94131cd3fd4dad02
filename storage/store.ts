/**
 * Deno KV behind deadlines: the one place that talks to it.
 * @module
 */

import { ScimError } from "../domain/errors.ts";
import type { Change } from "./change.ts";
import { Coherence, type Reads, type Writing } from "./coherence.ts";
import { inTime, retrying } from "./concurrency.ts";
import { storeFailure } from "./failures.ts";
import { Recent } from "./recent.ts";

/** How many keys one `getMany` takes. */
const MAX_GET_MANY = 10;

/** How many `getMany` are under way at once: the deadline counts from their start. */
const MAX_READS = 64;

/** How many entries are read at a time. */
const MAX_BATCH = 500;

/** How many entries and lists are kept in memory, in each of two generations. */
const MAX_KEPT = 10_000;

/** The longest list that is kept. */
const MAX_KEPT_LIST = 20;

/** The largest value that is kept, in bytes: most records have a tenth of it. */
const MAX_KEPT_VALUE = 4_096;

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
  /** Undefined when others write to the store, too. */
  readonly coherence: Coherence | undefined;
  readonly #deadline: number;
  readonly #entries = new Recent<{ entry: MaybeEntry; reads: Reads }>(MAX_KEPT);
  readonly #lists = new Recent<{ entries: Entry[]; reads: Reads }>(MAX_KEPT);

  /**
   * @param deadline for each call, in milliseconds
   * @param exclusive nobody writes to the store but through this object, so that
   * what was read can be kept as long as it is not written
   */
  constructor(
    kv: Deno.Kv,
    deadline: number = DEFAULT_DEADLINE,
    exclusive: boolean = false,
  ) {
    this.kv = kv;
    this.#deadline = deadline;
    this.coherence = exclusive ? new Coherence() : undefined;
  }

  /** @throws {ScimError} 503 */
  get(key: Deno.KvKey): Promise<MaybeEntry> {
    this.coherence?.reading([key]);
    return this.#inTime(this.kv.get(key));
  }

  /**
   * Reads what is read more often than it is written. Where nobody else writes to
   * the store, it is kept in memory; the entry is the same object until it changes.
   *
   * @throws {ScimError} 503
   */
  async getOften(key: Deno.KvKey): Promise<MaybeEntry> {
    const { coherence } = this;
    if (coherence === undefined) return await this.get(key);
    const name = JSON.stringify(key);
    const kept = this.#entries.get(name);
    if (kept !== undefined && coherence.isCurrent(kept.reads)) {
      coherence.reading([key]);
      return kept.entry;
    }
    const reads = coherence.readsOf(key);
    const entry = await this.get(key);
    if (isSmall(entry.value)) this.#entries.set(name, { entry, reads });
    return entry;
  }

  /**
   * All entries below a prefix, which are few and read more often than written.
   *
   * @throws {ScimError} 503
   */
  async listOften(prefix: Deno.KvKey): Promise<readonly Entry[]> {
    const { coherence } = this;
    if (coherence === undefined) return await this.listAll({ prefix });
    const name = JSON.stringify(prefix);
    const kept = this.#lists.get(name);
    if (kept !== undefined && coherence.isCurrent(kept.reads)) {
      coherence.reading([prefix]);
      return kept.entries;
    }
    const reads = coherence.readsOf(prefix);
    const entries = await this.listAll({ prefix });
    if (entries.length <= MAX_KEPT_LIST) {
      this.#lists.set(name, { entries, reads });
    }
    return entries;
  }

  /** Entries in the order of the keys; up to 10 keys are one snapshot. */
  async getMany(keys: readonly Deno.KvKey[]): Promise<MaybeEntry[]> {
    this.coherence?.reading(keys);
    const entries: MaybeEntry[] = [];
    for (let i = 0; i < keys.length; i += MAX_READS * MAX_GET_MANY) {
      const some = keys.slice(i, i + MAX_READS * MAX_GET_MANY);
      const reads: Promise<MaybeEntry[]>[] = [];
      for (let j = 0; j < some.length; j += MAX_GET_MANY) {
        const chunk = some.slice(j, j + MAX_GET_MANY);
        reads.push(this.#inTime(this.kv.getMany<unknown[]>(chunk)));
      }
      for (const read of await Promise.all(reads)) entries.push(...read);
    }
    return entries;
  }

  /** Entries in the order of their keys or backwards, some hundreds at a time. */
  async *batches(
    selector: Deno.KvListSelector,
    limit: number = Infinity,
    reverse: boolean = false,
  ): AsyncGenerator<Entry[]> {
    this.coherence?.reading([commonPart(selector)]);
    let left = limit;
    let cursor = "";
    while (left > 0) {
      const size = Math.min(left, MAX_BATCH);
      const iterator = this.kv.list<unknown>(selector, {
        limit: size,
        batchSize: size,
        reverse,
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
    reverse?: boolean,
  ): Promise<Entry[]> {
    const batches = await Array.fromAsync(
      this.batches(selector, limit, reverse),
    );
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
      const result = await this.#inTime(this.#commit(change));
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

  /**
   * Commits a change that checks nothing, and so cannot fail but by a lock on the
   * file.
   *
   * @throws {ScimError} 413, 503
   */
  async write(change: Change): Promise<string> {
    return await retrying(() => this.commit(change));
  }

  async #commit(
    change: Change,
  ): Promise<Deno.KvCommitResult | Deno.KvCommitError> {
    const writing = this.coherence?.writing(change.keys);
    try {
      const result = await change.on(this.kv).commit();
      if (writing?.isFollowed && result.ok) {
        this.#keepWritten(change, writing, result.versionstamp);
      }
      return result;
    } finally {
      // Behind the deadline, too: until then it may still come into force.
      writing?.end();
    }
  }

  /** What was kept and is written is kept as it is written. */
  #keepWritten(
    { writes }: Change,
    writing: Writing,
    versionstamp: string,
  ): void {
    const last = new Map(
      writes.map((write) => [JSON.stringify(write.key), write]),
    );
    for (const [name, write] of last) {
      if (write.type !== "set" || !isSmall(write.value)) continue;
      if (!this.#entries.has(name)) continue;
      const reads = writing.readsOf(write.key);
      const entry = { key: write.key, value: write.value, versionstamp };
      if (reads !== undefined) this.#entries.set(name, { entry, reads });
    }
  }

  async #inTime<T>(promise: Promise<T>): Promise<T> {
    try {
      return await inTime(promise, this.#deadline);
    } catch (error) {
      throw storeFailure(error) ?? error;
    }
  }
}

/** Whether a value takes so little memory that thousands of them can be kept. */
function isSmall(value: unknown): boolean {
  return !(value instanceof Uint8Array) || value.length <= MAX_KEPT_VALUE;
}

/** What all keys of a stretch begin with. */
function commonPart(selector: Deno.KvListSelector): Deno.KvKey {
  if ("prefix" in selector) return selector.prefix;
  const { start, end } = selector;
  const different = start.findIndex((part, index) => part !== end[index]);
  return different < 0 ? start : start.slice(0, different);
}
