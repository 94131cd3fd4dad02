/**
 * References between operations of a bulk request (RFC 7644 section 3.7.2).
 * @module
 */

import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";

const WHOLE = /^bulkId:(.+)$/;
const WITHIN = /bulkId:([^"'\s/\]?#]+)/g;

/** Members whose values hold references among other text. */
const TEXTS: readonly (string | undefined)[] = ["path", "$ref"];

/** The bulkIds that an operation's path and data refer to. */
export function referencedBulkIds(
  path: string,
  data: JsonObject | undefined,
): Set<string> {
  const found = new Set<string>();
  for (const [, id = ""] of path.matchAll(WITHIN)) found.add(id);
  visit(data ?? null, undefined, (text, name) => {
    for (const id of idsIn(text, name)) found.add(id);
    return text;
  });
  return found;
}

/**
 * Puts ids in the place of references.
 *
 * @param ids the ids of what was created, by bulkId; other references stay
 */
export function resolveReferences(
  data: JsonObject,
  ids: ReadonlyMap<string, string>,
): JsonObject {
  const resolved = visit(data, undefined, (text, name) => {
    const whole = WHOLE.exec(text)?.[1];
    if (whole !== undefined) return ids.get(whole) ?? text;
    return TEXTS.includes(name?.toLowerCase()) ? resolveText(text, ids) : text;
  });
  return isJsonObject(resolved) ? resolved : data;
}

/** Puts ids in the place of references within a path or a URI. */
export function resolveText(
  text: string,
  ids: ReadonlyMap<string, string>,
): string {
  return text.replace(WITHIN, (all, id: string) => ids.get(id) ?? all);
}

/**
 * Splits data by attributes into what can be written before the resources that it
 * refers to exist, and what cannot: an attribute goes with all its values if one
 * of them refers to something unknown.
 */
export function splitByReferences(
  data: JsonObject,
  unknown: ReadonlySet<string>,
): { readonly now: JsonObject; readonly later: JsonObject } {
  const now: JsonObject = {};
  const later: JsonObject = {};
  for (const [name, value] of Object.entries(data)) {
    const refers = [...referencedBulkIds("", { [name]: value })]
      .some((id) => unknown.has(id));
    if (!refers) {
      now[name] = value;
    } else if (name.includes(":") && isJsonObject(value)) {
      // An extension keeps those of its attributes that refer to nothing unknown.
      const inner = splitByReferences(value, unknown);
      if (Object.keys(inner.now).length > 0) now[name] = inner.now;
      later[name] = inner.later;
    } else {
      later[name] = value;
    }
  }
  return { now, later };
}

function idsIn(text: string, name: string | undefined): string[] {
  const whole = WHOLE.exec(text)?.[1];
  if (whole !== undefined) return [whole];
  return TEXTS.includes(name?.toLowerCase())
    ? [...text.matchAll(WITHIN)].map(([, id = ""]) => id)
    : [];
}

/** A copy in which every text has been replaced; `name` is that of the member. */
function visit(
  value: JsonValue,
  name: string | undefined,
  replace: (text: string, name: string | undefined) => string,
): JsonValue {
  if (typeof value === "string") return replace(value, name);
  if (Array.isArray(value)) {
    return value.map((element) => visit(element, name, replace));
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [key, item],
    ) => [key, visit(item, key, replace)]),
  );
}
