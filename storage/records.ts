/**
 * Resources as they are stored.
 * @module
 */

import { z } from "zod";
import { ScimError } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import { decode, encodeText, fits } from "./codec.ts";
import { resourceKey } from "./keys.ts";
import type { MaybeEntry, Store } from "./store.ts";

/** The generation of the members of a resource that was never given a whole new set. */
export const FIRST_GENERATION = "0";

/** A resource without its views: no groups, no members, no names of managers. */
export interface ResourceRecord {
  readonly id: string;
  /** ISO 8601 in UTC with milliseconds, as in `meta.created`. */
  readonly created: string;
  readonly lastModified: string;
  /** In the schema's spelling; without `id`, `schemas` and `meta`. */
  readonly attributes: JsonObject;
  /** Which set of membership edges is in force. */
  readonly generation: string;
  /** The versionstamp of the commit that wrote the record. */
  readonly versionstamp: string;
  /** How often the members have changed. */
  readonly membershipVersion: bigint;
}

const stored = z.object({
  c: z.string(),
  m: z.string().optional(),
  g: z.string().optional(),
  a: z.custom<JsonObject>((value) => typeof value === "object"),
});

/** The parts of a record that are stored under its key. */
export type RecordContent = Pick<
  ResourceRecord,
  "created" | "lastModified" | "attributes" | "generation"
>;

/**
 * The longest JSON text of a record, in UTF-16 units. It bounds what a page of
 * resources can come to, however well the text compresses.
 */
const MAX_RECORD_LENGTH = 65_536;

/**
 * Encodes a record.
 *
 * @throws {ScimError} 413 when it is too large
 */
export function encodeRecord(record: RecordContent): Uint8Array {
  const text = JSON.stringify({
    c: record.created,
    ...(record.lastModified === record.created
      ? {}
      : { m: record.lastModified }),
    ...(record.generation === FIRST_GENERATION ? {} : { g: record.generation }),
    a: record.attributes,
  });
  const bytes = text.length <= MAX_RECORD_LENGTH ? encodeText(text) : undefined;
  if (bytes === undefined || !fits(bytes)) {
    throw new ScimError(
      413,
      undefined,
      "The resource is too large: its attributes as JSON must stay below 64 KiB",
    );
  }
  return bytes;
}

/** Decodes a record; undefined when the key has no value. */
export function decodeRecord(entry: MaybeEntry): ResourceRecord | undefined {
  if (entry.versionstamp === null) return undefined;
  const { c, m, g, a } = stored.parse(decode(entry.value));
  return {
    id: String(entry.key.at(-1)),
    created: c,
    lastModified: m ?? c,
    attributes: a,
    generation: g ?? FIRST_GENERATION,
    versionstamp: entry.versionstamp,
    membershipVersion: 0n,
  };
}

/** The records with some ids, in that order, as far as they exist. */
export async function readRecords(
  store: Store,
  { tenant, type }: {
    readonly tenant: string;
    readonly type: { readonly name: string };
  },
  ids: readonly string[],
): Promise<ResourceRecord[]> {
  const entries = await store.getMany(
    ids.map((id) => resourceKey(tenant, type.name, id)),
  );
  return entries.map(decodeRecord).filter((record) => record !== undefined);
}

/** A record with what the membership counters say. */
export function withMembership(
  record: ResourceRecord,
  version: MaybeEntry | undefined,
  modified: MaybeEntry | undefined,
): ResourceRecord {
  const changes = numberOf(version);
  if (changes === 0n) return record;
  const at = new Date(Number(numberOf(modified))).toISOString();
  return {
    ...record,
    membershipVersion: changes,
    lastModified: at > record.lastModified ? at : record.lastModified,
  };
}

/** The value of a counter; zero when it was never counted. */
export function numberOf(entry: MaybeEntry | undefined): bigint {
  return entry?.value instanceof Deno.KvU64 ? entry.value.value : 0n;
}
