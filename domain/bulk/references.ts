/**
 * References between operations of a bulk request (RFC 7644 section 3.7.2).
 *
 * A reference is a text `bulkId:…` where the id of a resource belongs: at `value`
 * or `$ref`, at `manager` or `members` (clients leave `value` out there), in the
 * path of an operation and in the paths of a PATCH. Everywhere else it is a text
 * like others, and below `password` it is a secret.
 * @module
 */

import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import type { BulkOperation } from "./message.ts";

/** The parts of an operation that can hold references. */
export type Referring = Pick<BulkOperation, "method" | "path" | "data">;

/** Gives the id that a bulkId stands for; undefined leaves the reference as it is. */
type Replace = (bulkId: string) => string | undefined;

/** Names, in lower case, whose value is an id or a list of ids. */
const ID_NAMES: readonly string[] = ["value", "manager", "members"];

/** Texts in the filter of a PATCH path, quoted or not; quotes may be left open. */
const FILTER_TEXTS =
  /"(?:[^"\\]|\\.)*"?|'bulkId:[^']*'?|(?<=\s)bulkId:[^\s"'()[\]]+/g;

/** The bulkIds that an operation refers to, those of its path first. */
export function referencedBulkIds(operation: Referring): Set<string> {
  const found = new Set<string>();
  replaceReferences(operation, (bulkId) => {
    found.add(bulkId);
    return undefined;
  });
  return found;
}

/**
 * Puts ids in the place of references.
 *
 * @param ids the ids of what was created, by bulkId; other references stay
 */
export function resolveReferences(
  operation: Referring,
  ids: ReadonlyMap<string, string>,
): Pick<Referring, "path" | "data"> {
  return replaceReferences(operation, (bulkId) => ids.get(bulkId));
}

/**
 * The data of a POST without the attributes that refer to certain resources: an
 * attribute goes with all its values. An extension keeps its other attributes.
 */
export function withoutReferences(
  data: JsonObject,
  bulkIds: ReadonlySet<string>,
): JsonObject {
  const left: JsonObject = {};
  for (const [name, value] of Object.entries(data)) {
    const member = { method: "POST", path: "", data: { [name]: value } };
    if (referencedBulkIds(member).isDisjointFrom(bulkIds)) {
      left[name] = value;
    } else if (name.includes(":") && isJsonObject(value)) {
      const inner = withoutReferences(value, bulkIds);
      if (Object.keys(inner).length > 0) left[name] = inner;
    }
  }
  return left;
}

function replaceReferences(
  { method, path, data }: Referring,
  replace: Replace,
): Pick<Referring, "path" | "data"> {
  return {
    path: inUri(path, replace),
    data: data &&
      (method === "PATCH" ? inPatch(data, replace) : inObject(data, replace)),
  };
}

/** In the segments of a path or a URI, which are percent-encoded. */
function inUri(uri: string, replace: Replace): string {
  const end = uri.search(/[?#]|$/);
  const segments = uri.slice(0, end).split("/").map((segment) => {
    const bulkId = bulkIdOf(decoded(segment));
    const id = bulkId === undefined ? undefined : replace(bulkId);
    return id === undefined ? segment : encodeURIComponent(id);
  });
  return segments.join("/") + uri.slice(end);
}

function inPatch(message: JsonObject, replace: Replace): JsonObject {
  return mapMembers(
    message,
    (name, value) =>
      name.toLowerCase() === "operations" && Array.isArray(value)
        ? value.map((operation) =>
          isJsonObject(operation)
            ? inPatchOperation(operation, replace)
            : operation
        )
        : value,
  );
}

function inPatchOperation(operation: JsonObject, replace: Replace): JsonObject {
  const isPath = (name: string) => name.toLowerCase() === "path";
  const setsPassword = Object.entries(operation).some(([name, value]) =>
    isPath(name) && typeof value === "string" && lastName(value) === "password"
  );
  if (setsPassword) return operation;
  return mapMembers(
    operation,
    (name, value) =>
      isPath(name) && typeof value === "string"
        ? inFilters(value, replace)
        : inMember(name, value, replace),
  );
}

function inFilters(path: string, replace: Replace): string {
  return path.replace(FILTER_TEXTS, (token) => {
    const [quote = ""] = /^["']/.exec(token) ?? [];
    const text = quote === ""
      ? token
      : token.slice(1, -1).replace(/\\(.)/g, "$1");
    const bulkId = bulkIdOf(text);
    const id = bulkId === undefined ? undefined : replace(bulkId);
    return id === undefined ? token : `${quote}${id}${quote}`;
  });
}

function inObject(object: JsonObject, replace: Replace): JsonObject {
  return mapMembers(object, (name, value) => inMember(name, value, replace));
}

function inMember(name: string, value: JsonValue, replace: Replace): JsonValue {
  const last = lastName(name);
  if (last === "password") return value;
  const inText = (text: string): string => {
    if (last === "$ref") return inUri(text, replace);
    const bulkId = ID_NAMES.includes(last) ? bulkIdOf(text) : undefined;
    return bulkId === undefined ? text : replace(bulkId) ?? text;
  };
  const inValue = (item: JsonValue): JsonValue => {
    if (typeof item === "string") return inText(item);
    if (Array.isArray(item)) return item.map(inValue);
    return isJsonObject(item) ? inObject(item, replace) : item;
  };
  return inValue(value);
}

/** The last name of a key that may be a path: `value` of `urn:…:manager.value`. */
function lastName(key: string): string {
  return key.slice(Math.max(key.lastIndexOf("."), key.lastIndexOf(":")) + 1)
    .trim().toLowerCase();
}

function bulkIdOf(text: string): string | undefined {
  return text.startsWith("bulkId:") && text.length > "bulkId:".length
    ? text.slice("bulkId:".length)
    : undefined;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function mapMembers(
  object: JsonObject,
  map: (name: string, value: JsonValue) => JsonValue,
): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, map(name, value)]),
  );
}
