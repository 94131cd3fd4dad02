/**
 * The schemas that a server names under /Schemas (RFC 7643 section 7).
 * @module
 */

import { z } from "zod";
import type { Call } from "./client.ts";
import type { ResourceTypeName } from "./format.ts";

/** The schema of each type's own attributes. */
export const CORE_SCHEMAS: Readonly<Record<ResourceTypeName, string>> = {
  User: "urn:ietf:params:scim:schemas:core:2.0:User",
  Group: "urn:ietf:params:scim:schemas:core:2.0:Group",
};

/** What every resource has without a schema that says so (RFC 7643 section 3.1). */
const COMMON_ATTRIBUTES: ReadonlySet<string> = new Set([
  "schemas",
  "id",
  "externalid",
  "meta",
]);

const plainAttribute = z.looseObject({
  name: z.string(),
  mutability: z.string().optional(),
});
const listing = z.looseObject({
  Resources: z.array(z.looseObject({
    id: z.string(),
    attributes: z.array(
      plainAttribute.extend({
        subAttributes: z.array(plainAttribute).default([]),
      }),
    ).default([]),
  })),
});

/** The attributes that a server knows. Names and URIs are found without case. */
export class KnownSchemas {
  readonly #uris: ReadonlySet<string>;
  /** By schema, name and, for a sub-attribute, its name. */
  readonly #mutability: ReadonlyMap<string, string>;

  constructor(document: unknown) {
    const { data } = listing.safeParse(document);
    const schemas = data?.Resources ?? [];
    this.#uris = new Set(schemas.map(({ id }) => id.toLowerCase()));
    this.#mutability = new Map(
      schemas.flatMap(({ id, attributes }) =>
        attributes.flatMap((attribute) => [
          [keyOf(id, attribute.name), attribute.mutability ?? "readWrite"],
          ...attribute.subAttributes.map((sub) => [
            keyOf(id, attribute.name, sub.name),
            sub.mutability ?? "readWrite",
          ]),
        ])
      ).map(([key = "", mutability = ""]) => [key, mutability]),
    );
  }

  /** Asks a server for its schemas; one that does not tell knows none. */
  static async read(call: Call): Promise<KnownSchemas> {
    const { document } = await call("GET", "/Schemas");
    return new KnownSchemas(document);
  }

  /** Whether there is a schema with a URI. */
  has(uri: string): boolean {
    return this.#uris.has(uri.toLowerCase());
  }

  /** Whether a schema, or every resource, has an attribute. */
  defines(uri: string, name: string, sub?: string): boolean {
    return this.#mutability.has(keyOf(uri, name, sub)) ||
      COMMON_ATTRIBUTES.has(name.toLowerCase());
  }

  /** Whether only the server gives the attribute a value. */
  isReadOnly(uri: string, name: string, sub?: string): boolean {
    return this.#mutability.get(keyOf(uri, name, sub)) === "readOnly";
  }
}

function keyOf(uri: string, name: string, sub = ""): string {
  return JSON.stringify([uri, name, sub]).toLowerCase();
}
