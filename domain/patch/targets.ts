/**
 * Finds what a PATCH operation is about: paths and the names in values without a
 * path, as places in a resource (RFC 7644 section 3.5.2).
 * @module
 */

import {
  invalidPath,
  invalidSyntax,
  invalidValue,
  mutability,
} from "../errors.ts";
import type { Filter, PatchPath } from "../filter/ast.ts";
import { unknownAttribute } from "../filter/compile.ts";
import { parsePatchPath } from "../filter/parse.ts";
import {
  describeJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../json.ts";
import type { Normalizer } from "../normalize.ts";
import { type AttributePath, parseAttributePath } from "../path.ts";
import type { Profile } from "../profile.ts";
import type { Attribute } from "../schema/attribute.ts";
import {
  type Extension,
  resolvePath,
  type ResourceType,
} from "../schema/compile.ts";
import { clip } from "../text.ts";
import type { PatchOperation } from "./message.ts";

/** An attribute, chosen elements of one, or a sub-attribute of those. */
export interface Place {
  readonly attribute: Attribute;
  readonly filter?: Filter;
  readonly sub?: Attribute;
}

/** One change of one place. */
export interface Target {
  readonly op: Op;
  readonly place: Place;
  /** The path or the name as written, for messages. */
  readonly text: string;
  readonly value: JsonValue | undefined;
}

/** What an operation does. */
export type Op = PatchOperation["op"];

/** The changes that take an extension away. */
export function* removalOf(extension: Extension): Generator<Target> {
  for (const attribute of extension.attributes.values()) {
    if (attribute.mutability === "readOnly") continue;
    yield {
      op: "remove",
      place: { attribute },
      text: attribute.path,
      value: undefined,
    };
  }
}

/** Reads operations for one resource type and one profile. */
export class TargetReader {
  readonly #type: ResourceType;
  readonly #profile: Profile;
  readonly #normalizer: Normalizer;

  /** @param normalizer is told of names that no schema knows */
  constructor(type: ResourceType, profile: Profile, normalizer: Normalizer) {
    this.#type = type;
    this.#profile = profile;
    this.#normalizer = normalizer;
  }

  /**
   * The changes that an operation comes to, in order.
   *
   * @throws {ScimError} 400 invalidPath, invalidSyntax, invalidValue or mutability
   */
  *targets(
    { op, path, pathText, value, raw = {} }: PatchOperation,
  ): Generator<Target> {
    const targets = path === undefined
      ? this.#resource(op, value ?? null)
      : this.#path(op, path, pathText ?? "", value);
    const key = Object.keys(raw).find((name) => name.toLowerCase() === "value");
    yield* this.#withNumbers(targets, raw, key ?? "value", value);
  }

  /** Refuses integers that are written as none is, where a value is one. */
  *#withNumbers(
    targets: Generator<Target>,
    holder: JsonObject,
    key: string,
    value: JsonValue | undefined,
  ): Generator<Target> {
    for (const target of targets) {
      const { attribute, sub = attribute } = target.place;
      if (target.value === value) {
        this.#normalizer.checkNumber(sub, holder, key);
      }
      yield target;
    }
  }

  *#path(
    op: Op,
    path: PatchPath,
    text: string,
    value: JsonValue | undefined,
  ): Generator<Target> {
    const target = resolvePath(this.#type, path.attribute, this.#profile);
    if (target === undefined) return this.#unknown(path.attribute, text);
    if (target.kind !== "attribute") {
      if (path.filter !== undefined) {
        throw invalidPath(
          `Path "${
            clip(text, 200)
          }" puts a filter on a schema; name one of its attributes`,
        );
      }
      if (target.kind === "extension") {
        yield* this.#extension(op, target.extension, value);
        return;
      }
      if (op === "remove") {
        throw mutability(
          `Path "${
            clip(text, 200)
          }" names all attributes of ${this.#type.name}, which ` +
            "cannot be removed; name one of them",
        );
      }
      yield* this.#resource(op, value ?? null);
      return;
    }
    const place = this.#place(target.attribute, path, text);
    if (place !== undefined) yield { op, place, text, value };
  }

  /** The top-level attribute of a path and what the path chooses of it. */
  #place(
    named: Attribute,
    path: PatchPath,
    text: string,
  ): Place | undefined {
    const { filter, subAttribute } = path;
    const attribute = named.parent ?? named;
    if (filter === undefined) {
      return named.parent === undefined
        ? { attribute }
        : { attribute, sub: named };
    }
    if (attribute.type !== "complex" && !attribute.multiValued) {
      throw invalidPath(
        `The path puts a filter on "${attribute.path}", which has one simple value`,
      );
    }
    if (subAttribute === undefined) return { attribute, filter };
    const sub = attribute.subAttributes.get(subAttribute.toLowerCase());
    if (sub === undefined) {
      this.#unknown({ ...path.attribute, subAttribute }, text);
      return undefined;
    }
    return { attribute, filter, sub };
  }

  /** `add` and `replace` without a path: each member names an attribute. */
  *#resource(op: Op, value: JsonValue): Generator<Target> {
    if (!isJsonObject(value)) {
      throw invalidValue(
        `"${op}" without a path needs an object of attributes as its value, ` +
          `not ${describeJson(value)}`,
      );
    }
    const seen = new Set<string>();
    for (const [key, item] of Object.entries(value)) {
      const lower = key.toLowerCase();
      if (seen.has(lower)) {
        throw invalidSyntax(
          `"${key}" occurs twice in a value, in different spellings`,
        );
      }
      seen.add(lower);
      // What a resource has tells which schemas it has; nothing is to be set.
      if (lower === "schemas") continue;
      yield* this.#withNumbers(this.#member(op, key, item), value, key, item);
    }
  }

  *#member(op: Op, key: string, value: JsonValue): Generator<Target> {
    const extension = this.#type.extensions.get(key.toLowerCase());
    if (extension !== undefined) {
      yield* this.#extension(op, extension, value);
      return;
    }
    const attribute = this.#type.attributes.get(key.toLowerCase());
    if (attribute !== undefined) {
      if (this.#isReadOnlyNoise(attribute)) return;
      yield { op, place: { attribute }, text: key, value };
      return;
    }
    const plain = parseAttributePath(key);
    if (!this.#profile.pathsAsKeys && plain?.uri === undefined) {
      if (/[.[]/.test(key)) {
        throw invalidSyntax(
          `"${clip(key)}" in a value is a path; names in a value are single ` +
            'attribute names, and paths belong into "path"',
        );
      }
      return this.#unknownMember(plain ?? { name: key }, key);
    }
    if (plain === undefined && !key.includes("[")) {
      return this.#unknownMember({ name: key }, key);
    }
    const path = plain === undefined
      ? parsePatchPath(key)
      : { attribute: plain };
    const target = resolvePath(this.#type, path.attribute, this.#profile);
    if (target === undefined) return this.#unknownMember(path.attribute, key);
    if (target.kind === "attribute") {
      const { attribute } = target;
      if (this.#isReadOnlyNoise(attribute.parent ?? attribute)) return;
    }
    yield* this.#path(op, path, key, value);
  }

  /** Read-only attributes that clients echo; `meta` always may be (RFC 7643 section 3.1). */
  #isReadOnlyNoise(attribute: Attribute): boolean {
    return attribute.mutability === "readOnly" &&
      (this.#profile.readOnlyInPatchValue ||
        attribute === this.#type.attributes.get("meta"));
  }

  *#extension(
    op: Op,
    extension: Extension,
    value: JsonValue | undefined,
  ): Generator<Target> {
    if (
      op === "remove" ||
      (value !== undefined && this.#normalizer.meansNothing(value))
    ) {
      yield* removalOf(extension);
      return;
    }
    if (!isJsonObject(value)) {
      throw invalidValue(
        `The value of the schema "${extension.uri}" must be an object of attributes`,
      );
    }
    for (const [key, item] of Object.entries(value)) {
      const attribute = extension.attributes.get(key.toLowerCase());
      if (attribute === undefined) {
        yield* this.#extensionPath(op, extension, key, item);
      } else if (!this.#isReadOnlyNoise(attribute)) {
        this.#normalizer.checkNumber(attribute, value, key);
        yield { op, place: { attribute }, text: attribute.path, value: item };
      }
    }
  }

  /** A name in an extension that is no attribute: a path as a key, or unknown. */
  *#extensionPath(
    op: Op,
    extension: Extension,
    key: string,
    value: JsonValue,
  ): Generator<Target> {
    const path = parseAttributePath(`${extension.uri}:${key}`);
    const isPath = this.#profile.pathsAsKeys &&
      path?.subAttribute !== undefined;
    if (path !== undefined && isPath) {
      yield* this.#path(op, { attribute: path }, key, value);
      return;
    }
    this.#unknownMember({ uri: extension.uri, name: key }, key);
  }

  #unknown(path: AttributePath, text: string): void {
    const message = unknownAttribute(this.#type, path);
    if (!this.#profile.unknownAttributes) {
      throw invalidPath(`Path "${clip(text, 200)}": ${message}`);
    }
    this.#normalizer.unknown(text, () => message);
  }

  #unknownMember(path: AttributePath, key: string): void {
    this.#normalizer.unknown(key, () => unknownAttribute(this.#type, path));
  }
}
