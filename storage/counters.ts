/**
 * How many resources there are, and which bucket holds the n-th: 256 counters,
 * one for each beginning of an id, make any page cost the same.
 * @module
 */

import { countKey, countPrefix } from "./keys.ts";
import { numberOf } from "./records.ts";
import type { Store } from "./store.ts";

/** The counter that a resource counts in. Ids are random, so buckets fill evenly. */
export function bucketKey(
  tenant: string,
  type: string,
  id: string,
): Deno.KvKey {
  return countKey(tenant, type, id.slice(0, 2));
}

/** Where a page begins. */
export interface Offset {
  readonly total: number;
  /** The bucket of the first resource of the page; undefined past the end. */
  readonly bucket: string | undefined;
  /** How many resources of that bucket come before the page. */
  readonly skip: number;
}

/**
 * Finds the resource with an offset.
 *
 * @param offset counts from 0
 */
export async function locate(
  store: Store,
  tenant: string,
  type: string,
  offset: number,
): Promise<Offset> {
  const counters = await store.listAll({ prefix: countPrefix(tenant, type) });
  let before = 0;
  let found: { bucket: string; skip: number } | undefined;
  for (const entry of counters) {
    const count = Number(numberOf(entry));
    if (found === undefined && offset < before + count) {
      found = { bucket: String(entry.key.at(-1)), skip: offset - before };
    }
    before += count;
  }
  return { total: before, bucket: found?.bucket, skip: found?.skip ?? 0 };
}

/**
 * How many resources there are, as a list says it: the counters and the page are
 * read one after the other, and a total that is less than what the page shows
 * would deny what the client sees.
 *
 * @param counted what the counters have said
 * @param seen how many there are up to the end of the page
 */
export function totalWith(counted: number, seen: number): number {
  return Math.max(counted, seen);
}
