/**
 * Evaluating filter vectors without a server, for those that want times or
 * states that no client can create.
 * @module
 */

import { ScimError } from "../../../domain/errors.ts";
import { compileFilter } from "../../../domain/filter/compile.ts";
import { parseFilter } from "../../../domain/filter/parse.ts";
import type { ResourceType } from "../../../domain/schema/compile.ts";
import type { FilterOutcome, FilterVector, SamplesFile } from "./format.ts";

/**
 * What the domain makes of a filter, over the samples as they are written:
 * those that the vector names, or else all of its type that a client can create.
 */
export function evaluate(
  { filter, resources }: FilterVector,
  samples: SamplesFile,
  type: ResourceType,
): FilterOutcome {
  const candidates = Object.entries(samples.resources).filter((
    [key, { resourceType, http }],
  ) => resourceType === type.name && (resources?.includes(key) ?? http));
  try {
    const predicate = compileFilter(parseFilter(filter), type);
    const matches = candidates.flatMap(([key, { resource }]) =>
      predicate.test(resource) ? [key] : []
    );
    return { valid: true, matches };
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    const { status, scimType = "" } = error;
    return { valid: false, error: { status, scimType } };
  }
}
