/**
 * What is about to go: schemas, resource types and attributes that nobody may
 * begin to use while it is looked whether a resource uses them.
 * @module
 */

import { z } from "zod";
import { attributeOf } from "../domain/definitions.ts";
import { ScimError } from "../domain/errors.ts";
import { valuesOf } from "../domain/indexing.ts";
import { isJsonObject, type JsonObject, own } from "../domain/json.ts";
import type { ResourceType } from "../domain/schema/compile.ts";

/** Something that is about to go, as it is stored. */
export const leaving = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("resourceType"), name: z.string() }),
  z.object({ kind: z.literal("schema"), uri: z.string() }),
  z.object({
    kind: z.literal("attribute"),
    /** With the URI of its schema. */
    name: z.string(),
  }),
]);

/** Something that is about to go. */
export type Leaving = z.infer<typeof leaving>;

/**
 * Tells which resources of a type use something that is about to go.
 *
 * @returns a test of their attributes; undefined when none can use it
 */
export function useOf(
  item: Leaving,
  type: ResourceType,
): ((attributes: JsonObject) => boolean) | undefined {
  switch (item.kind) {
    case "resourceType":
      return type.name === item.name ? () => true : undefined;
    case "schema":
      return type.extensions.has(item.uri.toLowerCase())
        ? (attributes) => isJsonObject(own(attributes, item.uri))
        : undefined;
    case "attribute": {
      const attribute = attributeOf(type, item.name);
      return attribute &&
        ((attributes) => valuesOf(attribute, attributes).length > 0);
    }
  }
}

/**
 * Refuses a write that begins to use what is about to go.
 *
 * @param before undefined for a new resource
 * @param after undefined for one that is deleted
 * @throws {ScimError} 503, since it may stay after all
 */
export function refuseLeaving(
  items: readonly Leaving[],
  type: ResourceType,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): void {
  if (after === undefined) return;
  for (const item of items) {
    const uses = useOf(item, type);
    if (uses === undefined || !uses(after)) continue;
    if (before === undefined || !uses(before)) throw inMotion();
  }
}

/** 503: what the request was read by is not what is in force. */
export function inMotion(): ScimError {
  return new ScimError(
    503,
    undefined,
    "The schemas and resource types are being changed; send the request again",
    { "Retry-After": "1" },
  );
}
