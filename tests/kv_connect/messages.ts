/**
 * The messages of KV Connect's data path: what a client asks, what it is answered.
 * @module
 */

import { type Field, fieldsOf, Message, MessageError } from "./protobuf.ts";

/** A stretch of keys, from `start` up to but without `end`. */
export interface ReadRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly limit: number;
  readonly reverse: boolean;
}

/** A value with the number of its encoding, which only clients understand. */
export interface Value {
  readonly data: Uint8Array;
  readonly encoding: number;
}

/** An entry as it is stored. */
export interface StoredEntry extends Value {
  readonly key: Uint8Array;
  /** Ten bytes. */
  readonly versionstamp: Uint8Array;
}

/** What a commit expects; an empty versionstamp: that the key has no value. */
export interface Check {
  readonly key: Uint8Array;
  readonly versionstamp: Uint8Array;
}

/** What a mutation does; `setSuffixed` adds the versionstamp to the key. */
export type MutationKind =
  | "set"
  | "delete"
  | "sum"
  | "max"
  | "min"
  | "setSuffixed";

/** A change of one key. */
export interface Mutation {
  readonly kind: MutationKind;
  readonly key: Uint8Array;
  readonly value: Value;
}

/** One commit. */
export interface AtomicWrite {
  readonly checks: readonly Check[];
  readonly mutations: readonly Mutation[];
}

/** Which number stands for a 64-bit number, little-endian. */
export const ENCODING_LE64 = 2;

const MUTATIONS: ReadonlyMap<number, MutationKind> = new Map([
  [1, "set"],
  [2, "delete"],
  [3, "sum"],
  [4, "max"],
  [5, "min"],
  [9, "setSuffixed"],
]);

const READ_SUCCEEDED = 1;
const WRITE_SUCCEEDED = 1;
const CHECK_FAILED = 2;

/** Fields by their number. */
class Fields {
  readonly #fields: readonly Field[];

  constructor(bytes: Uint8Array) {
    this.#fields = [...fieldsOf(bytes)];
  }

  number(field: number): number {
    const found = this.#fields.findLast(({ number }) => number === field);
    if (found === undefined) return 0;
    if (found.kind === "bytes") throw new MessageError(`${field} is no number`);
    return Number(BigInt.asIntN(64, found.value));
  }

  bytes(field: number): Uint8Array {
    return this.all(field).at(-1) ?? new Uint8Array();
  }

  all(field: number): Uint8Array[] {
    return this.#fields.filter(({ number }) => number === field).map(
      (found) => {
        if (found.kind === "bytes") return found.value;
        throw new MessageError(`Field ${field} is a number`);
      },
    );
  }
}

/**
 * Reads a `SnapshotRead`.
 *
 * @throws {MessageError} when it is none
 */
export function decodeSnapshotRead(bytes: Uint8Array): ReadRange[] {
  return new Fields(bytes).all(1).map((range) => {
    const fields = new Fields(range);
    return {
      start: fields.bytes(1),
      end: fields.bytes(2),
      limit: fields.number(3),
      reverse: fields.number(4) === 1,
    };
  });
}

/**
 * Reads an `AtomicWrite`. Expiry and queues are not spoken here.
 *
 * @throws {MessageError} when it is none
 */
export function decodeAtomicWrite(bytes: Uint8Array): AtomicWrite {
  const fields = new Fields(bytes);
  if (fields.all(3).length > 0) throw new MessageError("There are no queues");
  return {
    checks: fields.all(1).map(decodeCheck),
    mutations: fields.all(2).map(decodeMutation),
  };
}

function decodeCheck(bytes: Uint8Array): Check {
  const fields = new Fields(bytes);
  const versionstamp = fields.bytes(2);
  if (versionstamp.length !== 0 && versionstamp.length !== 10) {
    throw new MessageError("A versionstamp has ten bytes");
  }
  return { key: fields.bytes(1), versionstamp };
}

function decodeMutation(bytes: Uint8Array): Mutation {
  const fields = new Fields(bytes);
  const kind = MUTATIONS.get(fields.number(3));
  if (kind === undefined) {
    throw new MessageError(`${fields.number(3)} is no kind of mutation`);
  }
  if (fields.number(4) > 0) throw new MessageError("Values do not expire here");
  const value = new Fields(fields.bytes(2));
  return {
    kind,
    key: fields.bytes(1),
    value: { data: value.bytes(1), encoding: value.number(2) },
  };
}

/** Writes a `SnapshotReadOutput`. */
export function encodeSnapshotReadOutput(
  ranges: readonly (readonly StoredEntry[])[],
): Uint8Array<ArrayBuffer> {
  const output = new Message();
  for (const entries of ranges) {
    const range = new Message();
    for (const { key, data, encoding, versionstamp } of entries) {
      const entry = new Message().bytes(1, key).bytes(2, data)
        .number(3, encoding).bytes(4, versionstamp);
      range.message(1, entry);
    }
    output.message(1, range);
  }
  const stronglyConsistent = 1;
  return output.number(4, stronglyConsistent).number(8, READ_SUCCEEDED)
    .encode();
}

/**
 * Writes an `AtomicWriteOutput`.
 *
 * @param versionstamp undefined when a check failed
 */
export function encodeAtomicWriteOutput(
  versionstamp: Uint8Array | undefined,
): Uint8Array<ArrayBuffer> {
  return versionstamp === undefined
    ? new Message().number(1, CHECK_FAILED).encode()
    : new Message().number(1, WRITE_SUCCEEDED).bytes(2, versionstamp).encode();
}
