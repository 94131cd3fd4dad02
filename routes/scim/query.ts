/**
 * Reads the query parameters of a SCIM request (RFC 7644 section 3.4.2).
 * @module
 */

import type { Profile } from "../../domain/profile.ts";
import {
  compileProjection,
  type Projection,
  splitNames,
} from "../../domain/projection.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";

/** Query parameters by name; `profile` decides whether case matters. */
export class QueryParameters {
  readonly #entries: readonly (readonly [string, string])[];
  readonly #ignoreCase: boolean;

  constructor(url: string, profile: Profile) {
    this.#entries = [...new URL(url).searchParams];
    this.#ignoreCase = profile.queryNamesIgnoreCase;
  }

  /** All values of a parameter, in order. */
  all(name: string): string[] {
    return this.#entries.filter(([key]) =>
      key === name ||
      (this.#ignoreCase && key.toLowerCase() === name.toLowerCase())
    ).map(([, value]) => value);
  }

  /** The first value of a parameter. */
  first(name: string): string | undefined {
    return this.all(name)[0];
  }
}

/**
 * Reads which attributes the answer shows.
 *
 * @throws {ScimError} 400 invalidValue when both lists are given
 */
export function readProjection(
  parameters: QueryParameters,
  type: ResourceType,
  profile: Profile,
): Projection {
  return compileProjection(type, {
    attributes: splitNames(parameters.all("attributes")),
    excludedAttributes: splitNames(parameters.all("excludedAttributes")),
  }, profile);
}

/** Whether a request names attributes, so that PATCH answers with the resource. */
export function namesAttributes(parameters: QueryParameters): boolean {
  return ["attributes", "excludedAttributes"].some((name) =>
    splitNames(parameters.all(name)).length > 0
  );
}
