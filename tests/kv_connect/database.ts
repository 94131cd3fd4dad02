/**
 * A key-value store as KV Connect describes it, in a SQLite database in memory:
 * SQLite compares bytes as Deno KV orders keys, and a commit is a transaction.
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type AtomicWrite,
  ENCODING_LE64,
  type Mutation,
  type ReadRange,
  type StoredEntry,
  type Value,
} from "./messages.ts";

/** What the store takes at most: the least of what the known servers take. */
export const LIMITS = {
  ranges: 10,
  entries: 1_000,
  checks: 10,
  mutations: 1_000,
  keyBytes: 2_048,
  valueBytes: 65_536,
  commitBytes: 819_200,
} as const;

/** A read or a commit that the store does not take. */
export class LimitError extends Error {
  override readonly name = "LimitError";
}

/** Entries in the order of their keys. */
export class Database implements Disposable {
  readonly #sqlite = new DatabaseSync(":memory:");
  readonly #forward: StatementSync;
  readonly #backward: StatementSync;
  readonly #one: StatementSync;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  /** The number of the last commit. */
  #version = 0;

  constructor() {
    this.#sqlite.exec(
      "CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB NOT NULL, " +
        "encoding INTEGER NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID",
    );
    const scan = (order: "ASC" | "DESC") =>
      this.#sqlite.prepare(
        `SELECT * FROM kv WHERE k >= ? AND k < ? ORDER BY k ${order} LIMIT ?`,
      );
    this.#forward = scan("ASC");
    this.#backward = scan("DESC");
    this.#one = this.#sqlite.prepare("SELECT * FROM kv WHERE k = ?");
    this.#set = this.#sqlite.prepare(
      "INSERT OR REPLACE INTO kv VALUES (?, ?, ?, ?)",
    );
    this.#delete = this.#sqlite.prepare("DELETE FROM kv WHERE k = ?");
  }

  /**
   * Reads stretches of keys as they are at one moment.
   *
   * @throws {LimitError} when it is asked for too many
   */
  read(ranges: readonly ReadRange[]): StoredEntry[][] {
    within("ranges", ranges.length, "ranges");
    const entries = ranges.reduce((sum, { limit }) => sum + limit, 0);
    within("entries", entries, "entries of a read");
    return ranges.map(({ start, end, limit, reverse }) => {
      if (limit < 1) throw new LimitError("A range has a limit of at least 1");
      within("keyBytes", start.length - 1, "bytes of a key to read from");
      within("keyBytes", end.length - 1, "bytes of a key to read up to");
      const statement = reverse ? this.#backward : this.#forward;
      return statement.all(start, end, limit).map(entryOf);
    });
  }

  /**
   * Commits.
   *
   * @returns the versionstamp, or undefined when a check failed
   * @throws {LimitError} when it is too large, or counts what is no number;
   * nothing is written then
   */
  write({ checks, mutations }: AtomicWrite): Uint8Array | undefined {
    judgeSize({ checks, mutations });
    for (const { key, versionstamp } of checks) {
      const found = this.#get(key)?.versionstamp ?? new Uint8Array();
      if (!sameBytes(found, versionstamp)) return undefined;
    }
    const version = this.#version + 1;
    this.#sqlite.exec("BEGIN");
    try {
      for (const mutation of mutations) this.#mutate(mutation, version);
      this.#sqlite.exec("COMMIT");
    } catch (error) {
      this.#sqlite.exec("ROLLBACK");
      throw error;
    }
    this.#version = version;
    return versionstampOf(version);
  }

  /** Forgets everything. */
  [Symbol.dispose](): void {
    this.#sqlite.close();
  }

  #get(key: Uint8Array): StoredEntry | undefined {
    const row = this.#one.get(key);
    return row === undefined ? undefined : entryOf(row);
  }

  #mutate({ kind, key, value }: Mutation, version: number): void {
    switch (kind) {
      case "delete":
        this.#delete.run(key);
        return;
      case "set":
        this.#put(key, value, version);
        return;
      case "setSuffixed":
        this.#put(suffixed(key, version), value, version);
        return;
      case "sum":
        return this.#count(key, value, version, (a, b) => a + b);
      case "max":
        return this.#count(key, value, version, (a, b) => a > b ? a : b);
      case "min":
        return this.#count(key, value, version, (a, b) => a < b ? a : b);
    }
  }

  #count(
    key: Uint8Array,
    operand: Value,
    version: number,
    combine: (present: bigint, operand: bigint) => bigint,
  ): void {
    const present = this.#get(key);
    const result = present === undefined
      ? numberOf(operand)
      : combine(numberOf(present), numberOf(operand));
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, BigInt.asUintN(64, result), true);
    this.#put(key, { data, encoding: ENCODING_LE64 }, version);
  }

  #put(key: Uint8Array, { data, encoding }: Value, version: number): void {
    this.#set.run(key, data, encoding, version);
  }
}

function judgeSize({ checks, mutations }: AtomicWrite): void {
  within("checks", checks.length, "checks of a commit");
  within("mutations", mutations.length, "mutations of a commit");
  let total = 0;
  for (const { key } of checks) total += key.length;
  for (const { key, value } of mutations) {
    within("keyBytes", key.length, "bytes of a key");
    within("valueBytes", value.data.length, "bytes of a value");
    total += key.length + value.data.length;
  }
  within("commitBytes", total, "bytes of a commit");
}

function within(name: keyof typeof LIMITS, count: number, what: string): void {
  if (count <= LIMITS[name]) return;
  throw new LimitError(`There are ${count} ${what}; at most ${LIMITS[name]}`);
}

function numberOf({ data, encoding }: Value): bigint {
  if (encoding !== ENCODING_LE64 || data.length !== 8) {
    throw new LimitError("Only a 64-bit number can be counted with");
  }
  return new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
}

function entryOf(row: Record<string, unknown>): StoredEntry {
  const { k, v, encoding, version } = row;
  if (
    !(k instanceof Uint8Array && v instanceof Uint8Array) ||
    typeof encoding !== "number" || typeof version !== "number"
  ) {
    throw new TypeError("A row has other columns");
  }
  return { key: k, data: v, encoding, versionstamp: versionstampOf(version) };
}

/** The number of a commit in eight bytes; two for its place in a batch. */
function versionstampOf(version: number): Uint8Array {
  const bytes = new Uint8Array(10);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(version));
  return bytes;
}

/** A key with the versionstamp as its last part, which is a string of 20 digits. */
function suffixed(key: Uint8Array, version: number): Uint8Array {
  const part = `\x02${versionstampOf(version).toHex()}\x00`;
  const suffix = new TextEncoder().encode(part);
  const whole = new Uint8Array(key.length + suffix.length);
  whole.set(key);
  whole.set(suffix, key.length);
  return whole;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
