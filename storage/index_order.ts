/**
 * Reads the resources that have a value in the order of its index.
 *
 * Keys stand in the order of the values, with two exceptions: long values are cut
 * in keys, and backwards the ids under one value come in the wrong order. So keys
 * are read in stretches that end where neither matters, and each is sorted.
 * @module
 */

import type { Attribute } from "../domain/schema/attribute.ts";
import {
  hasPassingKeys,
  hasUniqueKey,
  isSearchable,
  type ResourceType,
} from "../domain/schema/compile.ts";
import { sortKey, type SortOrder } from "../domain/sorting.ts";
import {
  allBelow,
  indexPrefix,
  isCut,
  justBehind,
  type KeyRange,
  rangeAlike,
  textPart,
  uniquePrefix,
} from "./keys.ts";
import { isStored, type Subject } from "./matching.ts";
import { compareRanks, isBehind, type Place, type Ranked } from "./ranks.ts";
import { readRecords } from "./records.ts";
import type { Entry, Store } from "./store.ts";

/** What is read of an index. */
export interface Reading {
  readonly subject: Subject;
  readonly order: SortOrder;
  /** A place among the resources with a value; undefined: from the beginning. */
  readonly after: Place | undefined;
  /** How many are expected to be enough, so that few more are read. */
  readonly wanted: number;
  /** How many characters of a sort key count. */
  readonly keyLength: number;
}

/** Resources that follow each other in the order. */
export interface Stretch {
  /** How many keys there are. */
  readonly size: number;
  /** The resources in order; those whose values were cut are read for it. */
  ranked(): Promise<Ranked[]>;
}

/** Keys that are still to be read, in one direction. */
interface Segment extends KeyRange {
  readonly reverse: boolean;
}

/** An index key, taken apart. */
interface IndexedId {
  readonly key: Deno.KvKey;
  /** The value as it stands in the key. */
  readonly text: string;
  readonly id: string;
}

/** How many keys are read at a time, at least and at most. */
const MIN_BATCH = 50;
const MAX_BATCH = 500;

/**
 * Whether the order by an attribute is that of its index. Unique keys of custom
 * schemas do not count: an operator can let the values repeat, which takes the
 * keys away.
 */
export function hasIndexOrder(
  type: ResourceType,
  attribute: Attribute,
): boolean {
  return isSearchable(type, attribute) && !hasPassingKeys(type, attribute) &&
    (attribute.type === "string" || attribute.type === "reference") &&
    !attribute.multiValued && attribute.parent?.multiValued !== true &&
    isStored(type, attribute);
}

/** Where the values of an attribute stand, one key for each resource. */
function valuePrefix(
  { tenant, type }: Subject,
  attribute: Attribute,
): Deno.KvKey {
  return hasUniqueKey(type, attribute)
    ? uniquePrefix(tenant, type.name, attribute.path)
    : indexPrefix(tenant, type.name, attribute.path);
}

/** Reads indexes in order. */
export class IndexOrder {
  readonly #store: Store;
  readonly #checkBudget: (seen: number) => void;

  /** @param checkBudget throws when too many resources have been looked at */
  constructor(store: Store, checkBudget: (seen: number) => void) {
    this.#store = store;
    this.#checkBudget = checkBudget;
  }

  /** The resources that have a value, in order; the first stretches come first. */
  async *stretches(reading: Reading): AsyncGenerator<Stretch> {
    const { subject, order, wanted } = reading;
    const { attribute } = order;
    const unique = hasUniqueKey(subject.type, attribute);
    const prefix = valuePrefix(subject, attribute);
    const segments = segmentsOf(prefix, unique, reading);
    let seen = 0;
    for (
      let segment = segments.shift();
      segment !== undefined;
      segment = segments.shift()
    ) {
      const size = Math.min(MAX_BATCH, Math.max(MIN_BATCH, wanted - seen));
      let stretch = await this.#list(segment, prefix, size);
      const last = stretch.at(-1);
      if (last !== undefined && stretch.length === size) {
        const rest = leftBehind(segment, last.key);
        const alike = rangeAlike(prefix, last.text);
        if (alike !== undefined) {
          const [some, others] = split(rest, alike);
          stretch.push(...await this.#list(some, prefix));
          segments.unshift(others);
        } else if (segment.reverse && !unique) {
          const same = allBelow([...prefix, last.text]);
          stretch = stretch.filter(({ text }) => text !== last.text);
          segments.unshift(
            { ...same, reverse: false },
            { ...segment, end: same.start },
          );
        } else segments.unshift(rest);
      }
      seen += stretch.length;
      if (stretch.length === 0) continue;
      yield {
        size: stretch.length,
        ranked: () => this.#ranked(reading, stretch),
      };
    }
  }

  async #list(
    { reverse, ...range }: Segment,
    prefix: Deno.KvKey,
    limit?: number,
  ): Promise<IndexedId[]> {
    const entries = await this.#store.listAll(range, limit, reverse);
    return entries.map((entry) => indexedId(prefix, entry));
  }

  async #ranked(
    { subject, order, after, keyLength }: Reading,
    stretch: readonly IndexedId[],
  ): Promise<Ranked[]> {
    const cut = stretch.filter(({ text }) => isCut(text)).map(({ id }) => id);
    this.#checkBudget(cut.length);
    const records = await readRecords(this.#store, subject, cut);
    const keys = new Map(
      records.map(({ id, attributes }) => [id, sortKey(order, attributes)]),
    );
    const ranked: Ranked[] = [];
    for (const { text, id } of stretch) {
      const key = isCut(text) ? keys.get(id) : text;
      // A resource that has another value by now is met there or not at all.
      if (typeof key !== "string" || textPart(key) !== text) continue;
      ranked.push({ id, key: key.slice(0, keyLength) });
    }
    return ranked
      .filter((each) => after === undefined || isBehind(order, each, after))
      .sort((a, b) => compareRanks(order, a, b));
  }
}

function indexedId(prefix: Deno.KvKey, { key, value }: Entry): IndexedId {
  return {
    key,
    text: String(key[prefix.length]),
    // Under a unique value the id is the value; under another it ends the key.
    id: String(key.length === prefix.length + 1 ? value : key.at(-1)),
  };
}

/** The keys in which everything behind a place is found; maybe a few before it. */
function segmentsOf(
  prefix: Deno.KvKey,
  unique: boolean,
  { order: { descending: reverse }, after }: Reading,
): Segment[] {
  const { start, end } = allBelow(prefix);
  if (after?.key === undefined) return [{ start, end, reverse }];
  const text = String(after.key);
  const same = rangeAlike(prefix, text) ?? allBelow([...prefix, text]);
  if (unique || rangeAlike(prefix, text) !== undefined) {
    return reverse
      ? [{ start, end: same.end, reverse }]
      : [{ start: same.start, end, reverse }];
  }
  const behind = justBehind([...prefix, text, after.id]);
  return reverse
    ? [
      { start: behind, end: same.end, reverse: false },
      { start, end: same.start, reverse },
    ]
    : [{ start: behind, end, reverse }];
}

/** What is left of a segment behind a key. */
function leftBehind(segment: Segment, key: Deno.KvKey): Segment {
  return segment.reverse
    ? { ...segment, end: key }
    : { ...segment, start: justBehind(key) };
}

/** Splits a segment that begins within a range at the end of that range. */
function split(segment: Segment, range: KeyRange): [Segment, Segment] {
  return segment.reverse
    ? [{ ...segment, start: range.start }, { ...segment, end: range.start }]
    : [{ ...segment, end: range.end }, { ...segment, start: range.end }];
}
