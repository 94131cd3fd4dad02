/**
 * Counts resources again. A counter moves with each resource of its bucket that
 * comes or goes, so that what is counted while it stands still is right.
 * @module
 */

import { countKey, idRange, resourcePrefix } from "../keys.ts";
import type { Entry, MaybeEntry, Store } from "../store.ts";

/** How often a bucket is counted again that moves meanwhile. */
const MAX_COUNTS = 10;

/** A counter and what it should be. */
export interface Recount {
  readonly entry: MaybeEntry;
  readonly resources: number;
}

/** A bucket of the resources of a type. */
export interface Bucket {
  readonly type: string;
  readonly bucket: string;
}

/** What was met of a bucket. */
interface Met extends Bucket {
  resources: number;
  /** What the counter says; undefined: it was not met, or is no number. */
  counted: bigint | undefined;
}

/** Resources and counters that were met on a walk. */
export class Tally {
  readonly #met = new Map<string, Met>();

  /** Takes note of a resource. */
  addResource(type: string, id: string): void {
    this.#of(type, id.slice(0, 2)).resources++;
  }

  /** Takes note of a counter. */
  addCounter({ key, value }: Entry): void {
    const met = this.#of(String(key[3]), String(key[4]));
    met.counted = value instanceof Deno.KvU64 ? value.value : undefined;
  }

  /** The buckets whose counters are not what was met. */
  wrong(): Bucket[] {
    return [...this.#met.values()].filter(({ resources, counted }) =>
      counted !== BigInt(resources)
    );
  }

  #of(type: string, bucket: string): Met {
    const name = JSON.stringify([type, bucket]);
    const met = this.#met.get(name) ??
      { type, bucket, resources: 0, counted: undefined };
    this.#met.set(name, met);
    return met;
  }
}

/**
 * Counts the resources of a bucket.
 *
 * @returns undefined when so many come and go that they cannot be counted
 */
export async function recount(
  store: Store,
  tenant: string,
  type: string,
  bucket: string,
): Promise<Recount | undefined> {
  const key = countKey(tenant, type, bucket);
  for (let i = 0; i < MAX_COUNTS; i++) {
    const before = await store.get(key);
    let resources = 0;
    const range = idRange(resourcePrefix(tenant, type), bucket, bucket);
    for await (const batch of store.batches(range)) {
      // An id that is shorter than a bucket counts in a bucket of its own.
      resources += batch.filter(({ key }) =>
        String(key[4]).slice(0, 2) === bucket
      ).length;
    }
    const after = await store.get(key);
    if (before.versionstamp === after.versionstamp) {
      return { entry: after, resources };
    }
  }
  return undefined;
}

/** Whether a counter is right; one that was never counted is zero. */
export function isRight({ entry, resources }: Recount): boolean {
  return entry.versionstamp === null
    ? resources === 0
    : entry.value instanceof Deno.KvU64 &&
      entry.value.value === BigInt(resources);
}
