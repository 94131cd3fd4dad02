/**
 * How the property tests run.
 * @module
 */

import fc from "fast-check";

/** How often a property is tried, unless its test says otherwise. */
export const RUNS = 300;

/**
 * Tries a property with new random values. When it fails, fast-check prints
 * `{ seed: …, path: "…" }`; give that as `replay` to see the same failure again.
 */
export function holds<Values>(
  property: fc.IProperty<Values>,
  runs: number = RUNS,
  replay: { readonly seed?: number; readonly path?: string } = {},
): void {
  fc.assert(property, { numRuns: runs, endOnFailure: true, ...replay });
}
