/**
 * Which attributes an answer shows (RFC 7644 sections 3.4.2.5 and 3.9).
 * @module
 */

import { invalidValue } from "./errors.ts";
import { MAX_NAMES_LENGTH } from "./limits.ts";
import { isJsonObject, type JsonObject, type JsonValue, own } from "./json.ts";
import { parseAttributePath } from "./path.ts";
import type { Attribute } from "./schema/attribute.ts";
import {
  type ResolveOptions,
  resolvePath,
  type ResourceType,
} from "./schema/compile.ts";

/** The attributes that a request asked for, or asked to leave out. */
export interface ProjectionRequest {
  readonly attributes?: readonly string[];
  readonly excludedAttributes?: readonly string[];
}

/** Shows a resource as a request asked for it. */
export interface Projection {
  /**
   * Whether an answer can show an attribute or a sub-attribute; what it cannot
   * show need not be read.
   */
  shows(attribute: Attribute): boolean;
  /**
   * The representation of a whole resource, `schemas` included.
   *
   * @param sent attributes that the client sent, which brings `returned: request`
   * ones out in the answers to POST, PUT and PATCH
   */
  apply(resource: JsonObject, sent?: ReadonlySet<Attribute>): JsonObject;
}

/**
 * Compiles a projection. Unknown names have no effect; `id` and `schemas` are
 * always shown, `returned: never` attributes never.
 *
 * @throws {ScimError} 400 invalidValue when both lists are given, or one is too
 * long
 */
export function compileProjection(
  type: ResourceType,
  request: ProjectionRequest,
  options: ResolveOptions = {},
): Projection {
  const { attributes = [], excludedAttributes = [] } = request;
  if (attributes.length > 0 && excludedAttributes.length > 0) {
    throw invalidValue(
      '"attributes" and "excludedAttributes" cannot be used together; send one',
    );
  }
  checkLength("attributes", attributes);
  checkLength("excludedAttributes", excludedAttributes);
  return attributes.length > 0
    ? new Selection(type, namedBy(type, attributes, options), true)
    : new Selection(type, namedBy(type, excludedAttributes, options), false);
}

function checkLength(list: string, names: readonly string[]): void {
  let length = names.length;
  for (const name of names) length += name.length;
  if (length <= MAX_NAMES_LENGTH) return;
  throw invalidValue(
    `"${list}" is longer than ${MAX_NAMES_LENGTH} characters; name fewer ` +
      "attributes, or leave it out to get those that are returned by default",
  );
}

/** Splits a query parameter; blanks around the commas do not count. */
export function splitNames(parameters: readonly string[]): string[] {
  return parameters.flatMap((text) => text.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function namedBy(
  type: ResourceType,
  names: readonly string[],
  options: ResolveOptions,
): Set<Attribute> {
  const named = new Set<Attribute>();
  for (const name of names) {
    const path = parseAttributePath(name);
    const target = path && resolvePath(type, path, options);
    if (target?.kind === "attribute") named.add(target.attribute);
    if (target?.kind === "extension") {
      for (const attribute of target.extension.attributes.values()) {
        named.add(attribute);
      }
    }
    if (target?.kind === "resource") {
      for (const attribute of type.attributes.values()) named.add(attribute);
    }
  }
  return named;
}

class Selection implements Projection {
  readonly #type: ResourceType;
  readonly #named: ReadonlySet<Attribute>;
  /** Whether the named attributes are the ones to show, or those to hide. */
  readonly #includes: boolean;

  constructor(
    type: ResourceType,
    named: ReadonlySet<Attribute>,
    includes: boolean,
  ) {
    this.#type = type;
    this.#named = named;
    this.#includes = includes;
  }

  shows(attribute: Attribute): boolean {
    const { parent } = attribute;
    if (parent !== undefined) {
      return this.#shownSubs(parent, undefined).includes(attribute);
    }
    return this.#selects(attribute, undefined) ||
      [...attribute.subAttributes.values()].some((sub) =>
        this.#picks(attribute, sub)
      );
  }

  apply(resource: JsonObject, sent?: ReadonlySet<Attribute>): JsonObject {
    const result: JsonObject = { schemas: [] };
    const schemas: JsonValue[] = [this.#type.schema];
    this.#copy(resource, this.#type.attributes, result, sent);
    for (const { uri, attributes } of this.#type.extensions.values()) {
      const values = own(resource, uri);
      if (!isJsonObject(values)) continue;
      const shown: JsonObject = {};
      this.#copy(values, attributes, shown, sent);
      if (Object.keys(shown).length === 0) continue;
      result[uri] = shown;
      schemas.push(uri);
    }
    result["schemas"] = schemas;
    return result;
  }

  #copy(
    from: JsonObject,
    attributes: ReadonlyMap<string, Attribute>,
    to: JsonObject,
    sent: ReadonlySet<Attribute> | undefined,
  ): void {
    for (const attribute of attributes.values()) {
      const value = own(from, attribute.name);
      if (value === undefined) continue;
      const shown = this.#shown(attribute, value, sent);
      if (shown !== undefined) to[attribute.name] = shown;
    }
  }

  #shown(
    attribute: Attribute,
    value: JsonValue,
    sent: ReadonlySet<Attribute> | undefined,
  ): JsonValue | undefined {
    const whole = this.#selects(attribute, sent);
    if (attribute.subAttributes.size === 0) return whole ? value : undefined;
    const some = this.#shownSubs(attribute, sent);
    if (some.length === 0) return undefined;
    if (whole && some.length === attribute.subAttributes.size) return value;
    if (!Array.isArray(value)) return pick(value, some);
    const picked = value.map((element) => pick(element, some))
      .filter((element) => element !== undefined);
    return picked.length > 0 ? picked : undefined;
  }

  /** The sub-attributes that are shown of an attribute. */
  #shownSubs(
    attribute: Attribute,
    sent: ReadonlySet<Attribute> | undefined,
  ): Attribute[] {
    const whole = this.#selects(attribute, sent);
    const some = [...attribute.subAttributes.values()].filter((sub) =>
      whole ? !this.#hides(sub, sent) : this.#picks(attribute, sub)
    );
    if (some.length === 0) return some;
    // Sub-attributes that are always returned come along with their siblings.
    for (const sub of attribute.subAttributes.values()) {
      if (sub.returned === "always" && !some.includes(sub)) some.push(sub);
    }
    return some;
  }

  /** Whether an attribute is shown as a whole. */
  #selects(
    attribute: Attribute,
    sent: ReadonlySet<Attribute> | undefined,
  ): boolean {
    switch (attribute.returned) {
      case "always":
        return true;
      case "never":
        return false;
      case "request":
        return this.#includes
          ? this.#named.has(attribute)
          : sent?.has(attribute) === true && !this.#named.has(attribute);
      case "default":
        return this.#includes === this.#named.has(attribute);
    }
  }

  /** Whether a sub-attribute is shown of an attribute that is not shown as a whole. */
  #picks(attribute: Attribute, sub: Attribute): boolean {
    return this.#includes && this.#named.has(sub) &&
      attribute.returned !== "never" && sub.returned !== "never";
  }

  /** Whether a sub-attribute is left out of an attribute that is shown. */
  #hides(sub: Attribute, sent: ReadonlySet<Attribute> | undefined): boolean {
    switch (sub.returned) {
      case "always":
        return false;
      case "never":
        return true;
      case "request":
        return this.#includes
          ? !this.#named.has(sub)
          : sent?.has(sub) !== true || this.#named.has(sub);
      case "default":
        return !this.#includes && this.#named.has(sub);
    }
  }
}

function pick(
  value: JsonValue,
  subs: readonly Attribute[],
): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined;
  const picked: JsonObject = {};
  for (const { name } of subs) {
    const item = own(value, name);
    if (item !== undefined) picked[name] = item;
  }
  return Object.keys(picked).length > 0 ? picked : undefined;
}
