/**
 * Places in a sorted list.
 * @module
 */

import {
  compareSortKeys,
  type SortKey,
  type SortOrder,
} from "../domain/sorting.ts";

/** A resource and where it stands in the order. */
export interface Ranked {
  readonly id: string;
  readonly key: SortKey;
}

/**
 * Where a page by cursor ended: an id and, in a sorted walk, the first 200
 * characters of a sort key, since a cursor has to fit into a URL.
 */
export interface Place {
  readonly id: string;
  readonly key?: SortKey;
}

/** How much of a sort key decides about the order of a walk. */
export const MAX_KEY_LENGTH = 200;

/** Orders by sort keys, and by ids where they are equal. */
export function compareRanks(order: SortOrder, a: Ranked, b: Ranked): number {
  return compareSortKeys(order, a.key, b.key) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Whether something comes behind the place where a page ended. */
export function isBehind(
  order: SortOrder,
  each: Ranked,
  { id, key }: Place,
): boolean {
  return compareRanks(order, each, { id, key }) > 0;
}
