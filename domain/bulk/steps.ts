/**
 * Which operations of a bulk request are carried out together, and after which
 * others (RFC 7644 sections 3.7.1 and 3.7.2).
 * @module
 */

import { components } from "./components.ts";
import type { BulkOperation } from "./message.ts";

/** Operations that are carried out together, so that none of them stays alone. */
export interface Step {
  /** One operation, or creations that refer to each other; ascending. */
  readonly indexes: readonly number[];
  /** Whether its operations refer to each other. */
  readonly isCircle: boolean;
  /** The steps that create what this one refers to. */
  readonly needs: ReadonlySet<Step>;
  state: "open" | "done" | "failed";
  /** The operation whose turn has to come before the step is tried again. */
  waitsFor: number;
}

/** The creations by bulkId. One that is used twice names the first of them. */
export function creatorsIn(
  operations: readonly BulkOperation[],
): Map<string, number> {
  const creators = new Map<string, number>();
  for (const [index, { method, bulkId }] of operations.entries()) {
    if (method === "POST" && bulkId !== undefined && !creators.has(bulkId)) {
      creators.set(bulkId, index);
    }
  }
  return creators;
}

/**
 * The step of each operation.
 *
 * @param references the bulkIds that each operation refers to
 * @param creators the creations by bulkId
 */
export function stepsOf(
  references: readonly ReadonlySet<string>[],
  creators: ReadonlyMap<string, number>,
): readonly Step[] {
  const edges = references.map((bulkIds) =>
    [...bulkIds].map((bulkId) => creators.get(bulkId))
      .filter((creator) => creator !== undefined)
  );
  const steps: Step[] = [];
  const needs = new Map<Step, Set<Step>>();
  for (const indexes of components(edges)) {
    const needed = new Set<Step>();
    const [first = 0] = indexes;
    const step: Step = {
      indexes,
      isCircle: indexes.length > 1 || edges[first]?.includes(first) === true,
      needs: needed,
      state: "open",
      waitsFor: -1,
    };
    needs.set(step, needed);
    for (const index of indexes) steps[index] = step;
  }
  for (const [index, step] of steps.entries()) {
    for (const creator of edges[index] ?? []) {
      const needed = steps[creator];
      if (needed !== undefined && needed !== step) needs.get(step)?.add(needed);
    }
  }
  return steps;
}

/** The first operation of a step. */
export function firstOf({ indexes }: Step): number {
  return indexes[0] ?? 0;
}

/** The last operation of a step. */
export function lastOf({ indexes }: Step): number {
  return indexes.at(-1) ?? 0;
}
