/**
 * The SearchRequest message (RFC 7644 section 3.4.3, RFC 9865 section 3).
 * @module
 */

import { z } from "zod";
import { invalidSyntax, invalidValue } from "../errors.ts";
import type { JsonObject } from "../json.ts";

/** The schema URI of a search. */
export const SEARCH_REQUEST_SCHEMA =
  "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

const names = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(",")),
]);

/** Beyond the safe integers too, as in a query string. */
const integer = z.number().refine(Number.isInteger);

const message = z.object({
  schemas: z.array(z.string()),
  attributes: names.nullish(),
  excludedAttributes: names.nullish(),
  filter: z.string().nullish(),
  sortBy: z.string().nullish(),
  sortOrder: z.string().nullish(),
  startIndex: integer.nullish(),
  count: integer.nullish(),
  cursor: z.string().nullish(),
});

/** The members of a search, in the schema's spelling; what was not sent is absent. */
export type SearchRequest = Omit<z.infer<typeof message>, "schemas">;

const SPELLINGS = new Map(
  Object.keys(message.shape).map((name) => [name.toLowerCase(), name]),
);

/**
 * Reads a search. Names are read without regard to case; unknown members have no
 * effect.
 *
 * @throws {ScimError} 400 invalidSyntax without the schema URI, 400 invalidValue
 * for a member of the wrong type
 */
export function readSearchRequest(body: JsonObject): SearchRequest {
  const spelled: JsonObject = {};
  for (const [name, value] of Object.entries(body)) {
    const spelling = SPELLINGS.get(name.toLowerCase());
    if (spelling !== undefined) spelled[spelling] = value;
  }
  const { success, data, error } = message.safeParse(spelled);
  if (!success) {
    const name = String(error.issues[0]?.path[0] ?? "schemas");
    if (name === "schemas") throw wrongSchema();
    throw invalidValue(
      `"${name}" of a search must be ${WANTED[name] ?? "a string"}`,
    );
  }
  const { schemas, ...request } = data;
  const known = schemas.some((uri) =>
    uri.toLowerCase() === SEARCH_REQUEST_SCHEMA.toLowerCase()
  );
  if (!known) throw wrongSchema();
  return request;
}

const WANTED: Readonly<Record<string, string>> = {
  attributes: "an array of attribute names",
  excludedAttributes: "an array of attribute names",
  startIndex: "an integer",
  count: "an integer",
};

function wrongSchema(): Error {
  return invalidSyntax(
    `A search is an object with "schemas": ["${SEARCH_REQUEST_SCHEMA}"]`,
  );
}
