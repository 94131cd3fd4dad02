/**
 * Which values of a resource stand in indexes, in comparable form.
 * @module
 */

import { isJsonObject, type JsonObject, type JsonValue, own } from "./json.ts";
import type { Attribute } from "./schema/attribute.ts";
import type { ResourceType } from "./schema/compile.ts";
import { comparable } from "./text.ts";

/** A value of an indexed attribute. */
export interface IndexEntry {
  readonly attribute: Attribute;
  /** The value in comparable form; never empty. */
  readonly text: string;
}

/** The index entries of a resource's attributes, without repetitions. */
export function indexEntries(
  type: ResourceType,
  attributes: JsonObject,
): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const attribute of type.indexes) {
    const texts = new Set<string>();
    for (const value of valuesOf(attribute, attributes)) {
      const text = indexText(attribute, value);
      if (text !== "") texts.add(text);
    }
    for (const text of texts) entries.push({ attribute, text });
  }
  return entries;
}

/** A value in comparable form; empty for one that stands in no index. */
export function indexText(attribute: Attribute, value: JsonValue): string {
  if (typeof value === "string") return comparable(value, attribute.caseExact);
  return typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}

/** All values of an attribute, multi-valued ones one by one. */
export function valuesOf(
  attribute: Attribute,
  attributes: JsonObject,
): JsonValue[] {
  const container = attribute.extension === undefined
    ? attributes
    : own(attributes, attribute.extension);
  if (!isJsonObject(container)) return [];
  const { parent } = attribute;
  if (parent === undefined) return listOf(own(container, attribute.name));
  return listOf(own(container, parent.name)).flatMap((value) =>
    isJsonObject(value) ? listOf(own(value, attribute.name)) : []
  );
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
