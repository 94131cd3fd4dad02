/**
 * PATCH of `schemas`. What a resource has tells which schemas it has, so that
 * adding a URI changes nothing, and taking one away takes its attributes away
 * (RFC 7644 section 3.5.2).
 * @module
 */

import { invalidValue, mutability } from "../errors.ts";
import { elementMatches, type Predicate } from "../filter/compile.ts";
import type { JsonValue } from "../json.ts";
import type { Profile } from "../profile.ts";
import type { ResourceType } from "../schema/compile.ts";
import { clip } from "../text.ts";

/**
 * The URIs of the extensions whose attributes go.
 *
 * @param predicate the filter of the path, if it has one
 * @throws {ScimError} 400 mutability when the base schema would go, 400
 * invalidValue for what is no schema URI of the type
 */
export function droppedExtensions(
  type: ResourceType,
  op: "add" | "remove" | "replace",
  predicate: Predicate | undefined,
  value: JsonValue | undefined,
  profile: Profile,
): string[] {
  const extensions = [...type.extensions.values()].map(({ uri }) => uri);
  if (op === "remove") {
    const goes = predicate !== undefined
      ? (uri: string) => elementMatches(predicate, uri)
      : value === undefined || value === null
      ? () => true
      : oneOf(readUris(type, value, profile));
    if (goes(type.schema)) {
      throw mutability(
        `Attribute "schemas" must hold the base schema "${type.schema}", which ` +
          "cannot be removed",
      );
    }
    return extensions.filter(goes);
  }
  const uris = readUris(type, value ?? null, profile);
  if (op === "add") return [];
  const stays = oneOf(uris);
  if (!stays(type.schema)) {
    throw invalidValue(
      `Attribute "schemas" must hold the base schema "${type.schema}"`,
    );
  }
  return extensions.filter((uri) => !stays(uri));
}

function oneOf(uris: readonly string[]): (uri: string) => boolean {
  const known = new Set(uris.map((uri) => uri.toLowerCase()));
  return (uri) => known.has(uri.toLowerCase());
}

function readUris(
  type: ResourceType,
  value: JsonValue,
  profile: Profile,
): string[] {
  return (Array.isArray(value) ? value : [value]).map((uri) => {
    if (typeof uri !== "string") {
      throw invalidValue('Attribute "schemas" must be an array of schema URIs');
    }
    const known = uri.toLowerCase() === type.schema.toLowerCase() ||
      type.extensions.has(uri.toLowerCase());
    if (!known && !profile.unknownSchemas) {
      throw invalidValue(
        `Schema "${clip(uri, 200)}" does not belong to ${type.name}`,
      );
    }
    return uri;
  });
}
