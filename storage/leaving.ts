/**
 * What is about to go: schemas, resource types and attributes that nobody may
 * begin to use while it is looked whether a resource uses them. So is the freedom
 * that a stricter form of a schema takes away.
 * @module
 */

import { z } from "zod";
import { withForm } from "../domain/schema_change.ts";
import { ScimError } from "../domain/errors.ts";
import { valuesOf } from "../domain/indexing.ts";
import { isJsonObject, type JsonObject, own } from "../domain/json.ts";
import { COMPATIBLE } from "../domain/profile.ts";
import { attributeOf, type ResourceType } from "../domain/schema/compile.ts";
import { storedSchema } from "../domain/schema/read.ts";
import { validateResource } from "../domain/validate.ts";

/** Something that is about to go, as it is stored. */
export const leaving = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("resourceType"), name: z.string() }),
  z.object({ kind: z.literal("schema"), uri: z.string() }),
  z.object({
    kind: z.literal("attribute"),
    /** With the URI of its schema. */
    name: z.string(),
  }),
  z.object({
    kind: z.literal("form"),
    /** The stricter form of a schema, without descriptions. */
    definition: storedSchema,
    extends: z.string().optional(),
    required: z.boolean(),
  }),
]);

/** Something that is about to go. */
export type Leaving = z.infer<typeof leaving>;

/** A form of a schema that is stricter than the one before. */
export type StricterForm = Extract<Leaving, { kind: "form" }>;

/** Types by the forms that they are to have, so that their validators are kept. */
const formed = new WeakMap<
  StricterForm,
  WeakMap<ResourceType, { readonly type: ResourceType | undefined }>
>();

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
    case "form":
      return formedBy(item, type) &&
        ((attributes) => breachOf(item, type, attributes) !== undefined);
  }
}

/**
 * What is wrong with a resource by a stricter form of a schema, if nothing was
 * wrong with it before: what did not comply anyway is no reason to keep the form.
 */
export function breachOf(
  form: StricterForm,
  type: ResourceType,
  attributes: JsonObject,
): string | undefined {
  const next = formedBy(form, type);
  if (next === undefined) return undefined;
  const breach = problemOf(next, attributes);
  return breach === undefined || problemOf(type, attributes) !== undefined
    ? undefined
    : breach;
}

function formedBy(
  form: StricterForm,
  type: ResourceType,
): ResourceType | undefined {
  const known = formed.get(form) ??
    new WeakMap<ResourceType, { readonly type: ResourceType | undefined }>();
  formed.set(form, known);
  const next = known.get(type) ?? { type: withForm(type, form) };
  known.set(type, next);
  return next.type;
}

/** What is wrong with a resource, in words. */
function problemOf(
  type: ResourceType,
  attributes: JsonObject,
): string | undefined {
  try {
    validateResource(type, attributes, COMPATIBLE);
    return undefined;
  } catch (error) {
    if (error instanceof ScimError) return error.message;
    throw error;
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
