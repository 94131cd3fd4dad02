/**
 * The border: turns what a client sent into the form of the RFC.
 *
 * Names get the schema's spelling, deviations that the profile accepts are
 * undone, values that mean "unassigned" are left out, and what a client cannot
 * set is dropped. Types are not checked here; see validate.ts.
 * @module
 */

import {
  elementIdentity,
  isBareElement,
  memberIds,
  readReference,
} from "./elements.ts";
import { invalidSyntax, invalidValue } from "./errors.ts";
import { readBoolean } from "./filter/compare.ts";
import { unknownAttribute } from "./filter/compile.ts";
import { isJsonObject, type JsonObject, type JsonValue, own } from "./json.ts";
import { hasFraction } from "./json_text.ts";
import { parseAttributePath } from "./path.ts";
import type { Profile } from "./profile.ts";
import type { Attribute } from "./schema/attribute.ts";
import { resolvePath, type ResourceType } from "./schema/compile.ts";
import { clip } from "./text.ts";

/** How many unknown attributes of one request are noted, and how much of a name. */
const MAX_IGNORED = 50;
const MAX_IGNORED_LENGTH = 200;

/** A resource as a client described it, in the form of the RFC. */
export interface Draft {
  /** Writable attributes in the schema's spelling, without `schemas` and members. */
  readonly attributes: JsonObject;
  /** The ids of the members, for a type that has members. */
  readonly members: readonly string[];
  /** What the client sent and no schema knows, for the administrator. */
  readonly ignored: readonly string[];
  /** The attributes and sub-attributes that the body named. */
  readonly sent: ReadonlySet<Attribute>;
}

/**
 * Reads the body of a POST or PUT.
 *
 * @throws {ScimError} 400 invalidSyntax for a missing or wrong `schemas`, for
 * one attribute in two spellings and, if the profile is strict, for what no
 * schema knows; 400 invalidValue for a member without an id
 */
export function normalizeResource(
  type: ResourceType,
  body: JsonObject,
  profile: Profile,
): Draft {
  const normalizer = new Normalizer(type, profile);
  const { [type.members?.name ?? ""]: members, ...attributes } = normalizer
    .resource(body);
  return {
    attributes,
    members: type.members === undefined || members === undefined
      ? []
      : memberIds(type.members, members),
    ignored: normalizer.ignored,
    sent: normalizer.sent,
  };
}

/**
 * Brings values into the form of the RFC. `undefined` stands for unassigned:
 * absent, null and the empty array are one state (RFC 7643 section 2.5).
 */
export class Normalizer {
  /** What no schema knows, in the order of its appearance. */
  readonly ignored: string[] = [];
  readonly sent = new Set<Attribute>();
  readonly #type: ResourceType;
  readonly #profile: Profile;

  constructor(type: ResourceType, profile: Profile) {
    this.#type = type;
    this.#profile = profile;
  }

  /** A whole resource. */
  resource(body: JsonObject): JsonObject {
    this.#checkSchemas(ownIgnoringCase(body, "schemas"));
    const attributes: JsonObject = {};
    const seen = new Map<string, string>();
    for (const [key, value] of Object.entries(body)) {
      if (key.toLowerCase() === "schemas") {
        this.#once(seen, "schemas", key);
        continue;
      }
      this.#member(attributes, seen, body, key, value);
    }
    return attributes;
  }

  /**
   * Refuses a number that is written as no integer is.
   *
   * @throws {ScimError} 400 invalidValue, if the profile is strict
   */
  checkNumber(
    attribute: Attribute,
    holder: JsonObject | readonly JsonValue[],
    key: string | number,
  ): void {
    if (
      attribute.type !== "integer" || this.#profile.anyFormat ||
      !hasFraction(holder, key)
    ) return;
    throw invalidValue(
      `Attribute "${attribute.path}" must be an integer without fraction or ` +
        "exponent",
    );
  }

  /**
   * One value of an attribute, or all of them if it is multi-valued.
   *
   * @returns undefined when the value means "unassigned"
   */
  value(attribute: Attribute, value: JsonValue): JsonValue | undefined {
    if (value === null) return undefined;
    if (!attribute.multiValued) return this.#single(attribute, value);
    if (value === "" && this.#profile.emptyStringClears) return undefined;
    if (!Array.isArray(value)) {
      return this.#profile.singleValuesForArrays
        ? this.#list(attribute, [value])
        : value;
    }
    return this.#list(attribute, value);
  }

  /** The values that PATCH adds to a multi-valued attribute: one, or an array. */
  list(attribute: Attribute, value: JsonValue): JsonValue[] {
    const values = Array.isArray(value) ? value : [value];
    return this.#list(attribute, values) ?? [];
  }

  /**
   * Values that say something about elements that are there already, so that
   * even one with nothing but a type says enough.
   */
  parts(attribute: Attribute, value: JsonValue): JsonValue[] {
    return (Array.isArray(value) ? value : [value])
      .map((part) => part === null ? undefined : this.#part(attribute, part))
      .filter((part) => part !== undefined);
  }

  /** The attributes of an extension. */
  extension(
    uri: string,
    attributes: ReadonlyMap<string, Attribute>,
    value: JsonValue,
  ): JsonObject {
    if (this.meansNothing(value)) return {};
    if (!isJsonObject(value)) {
      throw invalidValue(
        `"${uri}" is a schema extension; its value must be an object of ` +
          "attributes",
      );
    }
    const result: JsonObject = {};
    const seen = new Map<string, string>();
    for (const [key, item] of Object.entries(value)) {
      const attribute = attributes.get(key.toLowerCase());
      if (attribute !== undefined) {
        this.#once(seen, attribute.path, key);
        this.checkNumber(attribute, value, key);
        this.#assign(result, attribute, item);
        continue;
      }
      const path = this.#profile.pathsAsKeys
        ? parseAttributePath(`${uri}:${key}`)
        : undefined;
      const target = path && resolvePath(this.#type, path, this.#profile);
      if (target?.kind === "attribute") {
        this.#once(seen, target.attribute.path, key);
        this.checkNumber(target.attribute, value, key);
        const holder: JsonObject = {};
        this.#assignPath(holder, target.attribute, item);
        const values = own(holder, uri);
        for (const [name, part] of Object.entries(values ?? {})) {
          if (isJsonObject(part)) this.#merge(result, name, part);
          else result[name] = part;
        }
        continue;
      }
      this.unknown(`${uri}:${key}`, () => unknownName(key, uri, attributes));
    }
    return result;
  }

  /** Whether a value stands for "unassigned", whatever the attribute is. */
  meansNothing(value: JsonValue): boolean {
    return value === null || (Array.isArray(value) && value.length === 0) ||
      (value === "" && this.#profile.emptyStringClears);
  }

  /** Notes an attribute that no schema knows, or refuses it. */
  unknown(name: string, message: () => string): void {
    if (!this.#profile.unknownAttributes) throw invalidSyntax(message());
    const noted = name.slice(0, MAX_IGNORED_LENGTH).toWellFormed();
    if (this.ignored.length < MAX_IGNORED && !this.ignored.includes(noted)) {
      this.ignored.push(noted);
    }
  }

  #member(
    attributes: JsonObject,
    seen: Map<string, string>,
    body: JsonObject,
    key: string,
    value: JsonValue,
  ): void {
    const attribute = this.#type.attributes.get(key.toLowerCase());
    if (attribute !== undefined) {
      this.#once(seen, attribute.path, key);
      this.checkNumber(attribute, body, key);
      return this.#assignPath(attributes, attribute, value);
    }
    const extension = this.#type.extensions.get(key.toLowerCase());
    if (extension !== undefined) {
      this.#once(seen, extension.uri, key);
      if (value === null) return;
      const values = this.extension(
        extension.uri,
        extension.attributes,
        value,
      );
      return this.#merge(attributes, extension.uri, values);
    }
    if (
      this.#profile.pathsAsKeys && isJsonObject(value) &&
      key.toLowerCase() === this.#type.schema.toLowerCase()
    ) {
      for (const [name, item] of Object.entries(value)) {
        this.#member(attributes, seen, value, name, item);
      }
      return;
    }
    const path = parseAttributePath(key);
    const qualified = path?.uri !== undefined ||
      (path?.subAttribute !== undefined && this.#profile.pathsAsKeys);
    const target = path !== undefined && qualified
      ? resolvePath(this.#type, path, this.#profile)
      : undefined;
    if (target?.kind !== "attribute") {
      return this.unknown(key, () => {
        const isPath = path?.uri === undefined &&
          path?.subAttribute !== undefined;
        return isPath
          ? `"${clip(key)}" is a path; nest it: ` +
            `{"${path.name}": {"${path.subAttribute}": …}}`
          : unknownAttribute(this.#type, path ?? { name: key });
      });
    }
    this.#once(seen, target.attribute.path, key);
    this.checkNumber(target.attribute, body, key);
    this.#assignPath(attributes, target.attribute, value);
  }

  /**
   * Sets an attribute that is named by its path, such as `name.givenName`. The
   * order of `name` and `name.givenName` in a body makes no difference.
   */
  #assignPath(
    attributes: JsonObject,
    attribute: Attribute,
    value: JsonValue,
  ): void {
    const { parent, extension } = attribute;
    this.sent.add(parent ?? attribute);
    const holder: JsonObject = {};
    if (parent === undefined) this.#assign(holder, attribute, value);
    else this.#assign(holder, parent, { [attribute.name]: value });
    if (extension !== undefined) {
      return this.#merge(attributes, extension, holder);
    }
    for (const [name, item] of Object.entries(holder)) {
      const merges = (parent ?? attribute).type === "complex";
      if (merges && isJsonObject(item)) this.#merge(attributes, name, item);
      else attributes[name] = item;
    }
  }

  #merge(attributes: JsonObject, name: string, values: JsonObject): void {
    const present = own(attributes, name);
    const merged = isJsonObject(present) ? { ...present } : {};
    for (const [key, value] of Object.entries(values)) {
      const before = own(merged, key);
      merged[key] = isJsonObject(before) && isJsonObject(value)
        ? { ...before, ...value }
        : value;
    }
    if (Object.keys(merged).length > 0) attributes[name] = merged;
  }

  #assign(holder: JsonObject, attribute: Attribute, value: JsonValue): void {
    // What a client cannot set is not an error (RFC 7644 sections 3.3, 3.5.1).
    if (attribute.mutability === "readOnly") return;
    const normal = this.value(attribute, value);
    if (normal !== undefined) holder[attribute.name] = normal;
  }

  #single(attribute: Attribute, value: JsonValue): JsonValue | undefined {
    if (value === "" && this.#profile.emptyStringClears) return undefined;
    if (attribute.type === "boolean" && this.#profile.booleanStrings) {
      return readBoolean(value);
    }
    if (attribute.type !== "complex") return value;
    if (Array.isArray(value) && this.#profile.arraysForSingleValues) {
      const [first, ...others] = value;
      if (first === undefined || first === null) return undefined;
      return others.length > 0 ? value : this.#complex(attribute, first);
    }
    return this.#complex(attribute, value);
  }

  #complex(attribute: Attribute, value: JsonValue): JsonValue | undefined {
    if (!isJsonObject(value)) {
      return typeof value === "string" && this.#profile.bareValues &&
          attribute.subAttributes.has("value")
        ? this.#complex(attribute, { value })
        : value;
    }
    const result: JsonObject = {};
    const seen = new Map<string, string>();
    for (const [key, item] of Object.entries(value)) {
      const sub = attribute.subAttributes.get(key.toLowerCase());
      if (sub === undefined) {
        this.unknown(
          `${attribute.path}.${key}`,
          () => unknownName(key, attribute.path, attribute.subAttributes),
        );
        continue;
      }
      this.#once(seen, sub.path, key);
      this.checkNumber(sub, value, key);
      this.sent.add(sub);
      this.#assign(result, sub, item);
    }
    readReference(attribute, result, this.#type.types);
    return Object.keys(result).length > 0 ? result : undefined;
  }

  #list(
    attribute: Attribute,
    values: readonly JsonValue[],
  ): JsonValue[] | undefined {
    const list = new Map<string, JsonValue>();
    for (const [index, value] of values.entries()) {
      this.checkNumber(attribute, values, index);
      const element = value === null
        ? undefined
        : this.#element(attribute, value);
      if (element === undefined) continue;
      const key = elementIdentity(element);
      if (!list.has(key)) list.set(key, element);
    }
    return list.size > 0 ? [...list.values()] : undefined;
  }

  #element(attribute: Attribute, value: JsonValue): JsonValue | undefined {
    const element = this.#part(attribute, value);
    // A member without an id is a mistake that must not pass for no member.
    if (attribute === this.#type.members) return element ?? {};
    return this.#profile.dropsBareElements && element !== undefined &&
        isBareElement(element)
      ? undefined
      : element;
  }

  #part(attribute: Attribute, value: JsonValue): JsonValue | undefined {
    return attribute.type === "complex"
      ? this.#complex(attribute, value)
      : this.#single(attribute, value);
  }

  #once(seen: Map<string, string>, path: string, key: string): void {
    const before = seen.get(path);
    if (before !== undefined) {
      throw invalidSyntax(
        `"${before}" and "${key}" name the same attribute, ${path}; send it once`,
      );
    }
    seen.set(path, key);
  }

  #checkSchemas(schemas: JsonValue | undefined): void {
    if (
      !Array.isArray(schemas) || schemas.length === 0 ||
      !schemas.every((uri) => typeof uri === "string")
    ) {
      throw invalidSyntax(
        'Attribute "schemas" must be an array of schema URIs; for ' +
          `${this.#type.name} it holds "${this.#type.schema}"`,
      );
    }
    if (this.#profile.unknownSchemas) return;
    const uris = schemas.map((uri) => String(uri).toLowerCase());
    for (const uri of uris) {
      if (
        uri !== this.#type.schema.toLowerCase() &&
        !this.#type.extensions.has(uri)
      ) {
        throw invalidSyntax(
          `Schema "${clip(uri, 200)}" does not belong to ${this.#type.name}; ` +
            "known are " +
            [
              this.#type.schema,
              ...[...this.#type.extensions.values()].map((e) => e.uri),
            ].join(", "),
        );
      }
    }
    if (!uris.includes(this.#type.schema.toLowerCase())) {
      throw invalidSyntax(
        `Attribute "schemas" must hold the base schema "${this.#type.schema}"`,
      );
    }
  }
}

/** Reads a member whatever the case of its name; none if it is not there. */
export function ownIgnoringCase(
  object: JsonObject,
  name: string,
): JsonValue | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const key = Object.keys(object).find((k) =>
    k.toLowerCase() === name.toLowerCase()
  );
  return key === undefined ? undefined : object[key];
}

function unknownName(
  key: string,
  holder: string,
  known: ReadonlyMap<string, Attribute>,
): string {
  return `"${holder}" has no attribute "${clip(key)}"; it has ` +
    [...known.values()].map((attribute) => attribute.name).join(", ");
}
