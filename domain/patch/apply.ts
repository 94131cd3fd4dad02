/**
 * Applies PATCH operations to a resource, in order and as a whole
 * (RFC 7644 sections 3.5.2.1 to 3.5.2.3).
 * @module
 */

import { memberIds } from "../elements.ts";
import {
  invalidFilter,
  invalidPath,
  invalidSyntax,
  invalidValue,
  mutability,
  ScimError,
} from "../errors.ts";
import type { Filter, PatchPath } from "../filter/ast.ts";
import {
  compileElementFilter,
  type Predicate,
  unknownAttribute,
} from "../filter/compile.ts";
import { attributesNamed, leafCount } from "../filter/plan.ts";
import { parsePatchPath } from "../filter/parse.ts";
import {
  describeJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "../json.ts";
import { checkImmutable } from "../mutability.ts";
import { Normalizer } from "../normalize.ts";
import { type AttributePath, parseAttributePath } from "../path.ts";
import type { Profile } from "../profile.ts";
import type { Attribute } from "../schema/attribute.ts";
import {
  type Extension,
  resolvePath,
  type ResourceType,
} from "../schema/compile.ts";
import { clip } from "../text.ts";
import { validateResource } from "../validate.ts";
import { ElementEditor } from "./elements.ts";
import type { MembershipStep } from "./membership.ts";
import type { PatchOperation } from "./message.ts";
import { droppedExtensions } from "./schemas.ts";

/** What a PATCH comes to. */
export interface PatchResult {
  /** The attributes after all operations; the input is left as it was. */
  readonly attributes: JsonObject;
  readonly membership: readonly MembershipStep[];
  /** What the client named and no schema knows, for the administrator. */
  readonly ignored: readonly string[];
  /** The top-level attributes that the operations named. */
  readonly sent: ReadonlySet<Attribute>;
}

/** An attribute, chosen elements of one, or a sub-attribute of those. */
interface Place {
  readonly attribute: Attribute;
  readonly filter?: Filter;
  readonly sub?: Attribute;
}

type Op = PatchOperation["op"];

/** How many values, times conditions, the operations of one message may look at. */
const MAX_WORK = 1_000_000;

/**
 * Applies operations one after another, each to the result of the one before.
 * Either all of them apply, or the error says which one does not and nothing
 * has changed.
 *
 * @param current attributes in normal form, as stored
 * @throws {ScimError} 400 invalidPath, invalidValue, invalidFilter, mutability
 * or noTarget
 */
export function applyPatch(
  type: ResourceType,
  current: JsonObject,
  operations: readonly PatchOperation[],
  profile: Profile,
): PatchResult {
  const session = new PatchSession(type, structuredClone(current), profile);
  for (const [index, operation] of operations.entries()) {
    try {
      session.apply(operation);
    } catch (error) {
      throw error instanceof ScimError
        ? error.within(`Operations[${index}]`)
        : error;
    }
  }
  return session.finish(current);
}

class PatchSession {
  readonly #type: ResourceType;
  readonly #attributes: JsonObject;
  readonly #profile: Profile;
  readonly #normalizer: Normalizer;
  readonly #editor: ElementEditor;
  readonly #membership: MembershipStep[] = [];
  /** How many values the operations have looked at so far. */
  #work = 0;
  /** Required attributes that an operation unassigned, and what to say of it. */
  readonly #unassigned = new Map<Attribute, Error>();

  constructor(type: ResourceType, attributes: JsonObject, profile: Profile) {
    this.#type = type;
    this.#attributes = attributes;
    this.#profile = profile;
    this.#normalizer = new Normalizer(type, profile);
    this.#editor = new ElementEditor(this.#normalizer, profile);
  }

  apply({ op, path, pathText, value }: PatchOperation): void {
    if (path === undefined) this.#resource(op, value ?? null);
    else this.#path(op, path, pathText ?? "", value);
  }

  /** Checks the final state; operations may pass through states that are not valid. */
  finish(before: JsonObject): PatchResult {
    this.#tidy();
    for (const [attribute, error] of this.#unassigned) {
      if (own(this.#holder(attribute) ?? {}, attribute.name) === undefined) {
        throw error;
      }
    }
    checkImmutable(this.#type, before, this.#attributes);
    validateResource(this.#type, this.#attributes, this.#profile);
    for (const name of this.#type.traits.unstored) {
      delete this.#attributes[name];
    }
    return {
      attributes: this.#attributes,
      membership: this.#membership,
      ignored: this.#normalizer.ignored,
      sent: this.#normalizer.sent,
    };
  }

  #path(
    op: Op,
    path: PatchPath,
    text: string,
    value: JsonValue | undefined,
  ): void {
    const target = resolvePath(this.#type, path.attribute, this.#profile);
    if (target === undefined) return this.#unknown(path.attribute, text);
    if (target.kind !== "attribute") {
      if (path.filter !== undefined) {
        throw invalidPath(
          `Path "${text}" puts a filter on a schema; name one of its attributes`,
        );
      }
      return target.kind === "resource"
        ? this.#resource(op, value ?? null)
        : this.#extension(op, target.extension, value);
    }
    const place = this.#place(target.attribute, path, text);
    if (place !== undefined) this.#change(op, place, text, value);
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
        `Path "${text}" puts a filter on "${attribute.path}", which has one ` +
          "simple value",
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
  #resource(op: Op, value: JsonValue): void {
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
      if (lower !== "schemas") this.#member(op, key, item);
    }
  }

  #member(op: Op, key: string, value: JsonValue): void {
    const extension = this.#type.extensions.get(key.toLowerCase());
    if (extension !== undefined) return this.#extension(op, extension, value);
    const attribute = this.#type.attributes.get(key.toLowerCase());
    if (attribute !== undefined) {
      if (this.#isReadOnlyNoise(attribute)) return;
      return this.#change(op, { attribute }, key, value);
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
    if (resolvePath(this.#type, path.attribute, this.#profile) === undefined) {
      return this.#unknownMember(path.attribute, key);
    }
    this.#path(op, path, key, value);
  }

  /** Read-only attributes that clients echo: `meta` always, the rest by profile. */
  #isReadOnlyNoise(attribute: Attribute): boolean {
    return attribute.mutability === "readOnly" &&
      (attribute.name === "meta" || this.#profile.readOnlyInPatchValue);
  }

  #extension(
    op: Op,
    extension: Extension,
    value: JsonValue | undefined,
  ): void {
    if (
      op === "remove" ||
      (value !== undefined && this.#normalizer.meansNothing(value))
    ) {
      for (const attribute of extension.attributes.values()) {
        this.#change("remove", { attribute }, attribute.path, undefined);
      }
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
        this.#extensionPath(op, extension, key, item);
      } else if (!this.#isReadOnlyNoise(attribute)) {
        this.#change(op, { attribute }, attribute.path, item);
      }
    }
  }

  /** A name in an extension that is no attribute: a path as a key, or unknown. */
  #extensionPath(
    op: Op,
    extension: Extension,
    key: string,
    value: JsonValue,
  ): void {
    const path = parseAttributePath(`${extension.uri}:${key}`);
    const isPath = this.#profile.pathsAsKeys &&
      path?.subAttribute !== undefined;
    if (path !== undefined && isPath) {
      return this.#path(op, { attribute: path }, key, value);
    }
    this.#unknownMember({ uri: extension.uri, name: key }, key);
  }

  /** The schemas of a resource are those whose attributes it has. */
  #schemas(
    op: Op,
    { attribute, filter }: Place,
    value: JsonValue | undefined,
  ): void {
    const predicate = filter === undefined
      ? undefined
      : compileElementFilter(filter, attribute, this.#type, this.#profile);
    const dropped = droppedExtensions(
      this.#type,
      op,
      predicate,
      value,
      this.#profile,
    );
    for (const uri of dropped) {
      const extension = this.#type.extensions.get(uri.toLowerCase());
      if (extension !== undefined) {
        this.#extension("remove", extension, undefined);
      }
    }
  }

  /** Carries one operation out on one place. */
  #change(
    op: Op,
    place: Place,
    text: string,
    value: JsonValue | undefined,
  ): void {
    const { attribute, sub } = place;
    this.#normalizer.sent.add(attribute);
    if (op === "remove") value = unwrapped(attribute, value);
    if (attribute === this.#type.attributes.get("schemas")) {
      return this.#schemas(op, place, value);
    }
    const fixed = [attribute, sub].find((a) => a?.mutability === "readOnly");
    if (attribute === this.#type.members) {
      return this.#members(op, place, text, value);
    }
    if (fixed !== undefined) {
      throw mutability(
        `Attribute "${fixed.path}" is readOnly and cannot be changed`,
      );
    }
    const holder = this.#holder(attribute) ?? this.#newHolder(attribute);
    const before = own(holder, attribute.name);
    const after = attribute.multiValued || place.filter !== undefined
      ? this.#elements(op, place, text, before, value)
      : this.#single(op, place, before, value);
    if (after !== undefined) {
      holder[attribute.name] = after;
      return;
    }
    delete holder[attribute.name];
    if (attribute.required && before !== undefined) {
      this.#unassigned.set(
        attribute,
        op === "remove"
          ? mutability(
            `Attribute "${attribute.path}" is required and cannot be removed`,
          )
          : invalidValue(
            `Attribute "${attribute.path}" is required and cannot be empty`,
          ),
      );
    }
  }

  /** The new value of an attribute with a single value. */
  #single(
    op: Op,
    { attribute, sub }: Place,
    before: JsonValue | undefined,
    value: JsonValue | undefined,
  ): JsonValue | undefined {
    const present = isJsonObject(before) ? before : {};
    if (sub !== undefined) {
      const set = op === "remove"
        ? undefined
        : this.#normalizer.value(sub, value ?? null);
      return withMember(present, sub.name, set);
    }
    if (op === "remove") return undefined;
    const after = this.#normalizer.value(attribute, value ?? null);
    const given = attribute.type !== "complex"
      ? undefined
      : isJsonObject(value)
      ? after ?? {}
      : after;
    if (!isJsonObject(given)) return after;
    // Sub-attributes that the value does not name stay as they are
    // (RFC 7644 section 3.5.2.3); those it names with null go.
    let merged: JsonObject = { ...present, ...given };
    for (
      const [key, item] of Object.entries(isJsonObject(value) ? value : {})
    ) {
      const named = attribute.subAttributes.get(key.toLowerCase());
      if (
        named !== undefined && named.mutability !== "readOnly" &&
        this.#normalizer.value(named, item) === undefined
      ) merged = withMember(merged, named.name, undefined) ?? {};
    }
    return Object.keys(merged).length > 0 ? merged : undefined;
  }

  /** The new values of a multi-valued attribute, or of one with a filter. */
  #elements(
    op: Op,
    place: Place,
    text: string,
    before: JsonValue | undefined,
    value: JsonValue | undefined,
  ): JsonValue | undefined {
    const { attribute, filter } = place;
    const elements = Array.isArray(before)
      ? before
      : before === undefined
      ? []
      : [before];
    const predicate = filter === undefined
      ? undefined
      : compileElementFilter(filter, attribute, this.#type, this.#profile);
    const given = Array.isArray(value) ? value.length : 1;
    const tests = predicate === undefined ? 1 : leafCount(predicate);
    this.#spend(given + elements.length * tests);
    const after = this.#editor.edit(
      op,
      elements,
      { ...place, predicate, text },
      value,
    );
    return attribute.multiValued
      ? after.length > 0 ? after : undefined
      : after[0];
  }

  /** Keeps one message from occupying the server for seconds. */
  #spend(work: number): void {
    this.#work += work;
    if (this.#work <= MAX_WORK) return;
    throw new ScimError(
      413,
      undefined,
      `The operations would look at more than ${MAX_WORK} values in all; send ` +
        "them in several messages",
    );
  }

  /** Members are edges; an operation on them becomes steps. */
  #members(
    op: Op,
    { attribute, filter, sub }: Place,
    text: string,
    value: JsonValue | undefined,
  ): void {
    const ids = () =>
      memberIds(
        attribute,
        this.#normalizer.list(attribute, value ?? null),
      );
    if (sub !== undefined) {
      throw mutability(
        `Path "${text}" edits a member, and members cannot be edited; remove ` +
          "the member and add another",
      );
    }
    if (filter !== undefined) {
      const predicate = compileElementFilter(
        filter,
        attribute,
        this.#type,
        this.#profile,
      );
      if (op === "remove") {
        checkMemberFilter(predicate, attribute);
        this.#membership.push({ kind: "removeMatching", predicate });
        return;
      }
      throw mutability(
        `Path "${text}" edits members, and members cannot be edited; use ` +
          `"remove" with this path and "add" with the path "${attribute.name}"`,
      );
    }
    switch (op) {
      case "add":
        this.#membership.push({ kind: "add", ids: ids() });
        return;
      case "replace":
        this.#membership.push({ kind: "replaceAll", ids: ids() });
        return;
      case "remove":
        // Entra names the members to remove in "value"; by the letter of the
        // RFC that would remove them all (RFC 7644 section 3.5.2.2).
        this.#membership.push(
          value === undefined || value === null
            ? { kind: "replaceAll", ids: [] }
            : { kind: "remove", ids: ids() },
        );
    }
  }

  #unknown(path: AttributePath, text: string): void {
    const message = unknownAttribute(this.#type, path);
    if (!this.#profile.unknownAttributes) {
      throw invalidPath(`Path "${text}": ${message}`);
    }
    this.#normalizer.unknown(text, () => message);
  }

  #unknownMember(path: AttributePath, key: string): void {
    this.#normalizer.unknown(key, () => unknownAttribute(this.#type, path));
  }

  /** The object that holds an attribute: the resource, or an extension. */
  #holder(attribute: Attribute): JsonObject | undefined {
    if (attribute.extension === undefined) return this.#attributes;
    const holder = own(this.#attributes, attribute.extension);
    return isJsonObject(holder) ? holder : undefined;
  }

  #newHolder(attribute: Attribute): JsonObject {
    const holder: JsonObject = {};
    if (attribute.extension !== undefined) {
      this.#attributes[attribute.extension] = holder;
    }
    return holder;
  }

  /** Takes away what the operations left empty. */
  #tidy(): void {
    for (const [name, value] of Object.entries(this.#attributes)) {
      const attribute = this.#type.attributes.get(name.toLowerCase());
      if (attribute === undefined && isJsonObject(value)) {
        const extension = this.#type.extensions.get(name.toLowerCase());
        for (const [key, item] of Object.entries(value)) {
          this.#tidyValue(
            value,
            key,
            item,
            extension?.attributes.get(key.toLowerCase()),
          );
        }
        if (Object.keys(value).length === 0) delete this.#attributes[name];
      } else {
        this.#tidyValue(this.#attributes, name, value, attribute);
      }
    }
  }

  #tidyValue(
    holder: JsonObject,
    name: string,
    value: JsonValue,
    attribute: Attribute | undefined,
  ): void {
    if (attribute?.multiValued !== true || !Array.isArray(value)) return;
    const kept = this.#editor.tidy(value);
    if (kept.length > 0) holder[name] = kept;
    else delete holder[name];
  }
}

/** A copy of an object with one member set or taken away; undefined when empty. */
function withMember(
  object: JsonObject,
  name: string,
  value: JsonValue | undefined,
): JsonObject | undefined {
  const { [name]: _, ...rest } = object;
  const result = value === undefined ? rest : { ...rest, [name]: value };
  return Object.keys(result).length > 0 ? result : undefined;
}

/** `{"members": […]}` as the value of a removal from `members` (UnboundID). */
function unwrapped(
  attribute: Attribute,
  value: JsonValue | undefined,
): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const [[key, inner] = ["", null], ...others] = Object.entries(value);
  const wraps = others.length === 0 &&
    key.toLowerCase() === attribute.name.toLowerCase() &&
    !attribute.subAttributes.has(key.toLowerCase());
  return wraps ? inner : value;
}

/**
 * Members are chosen by what their edges know.
 *
 * @throws {ScimError} 400 invalidFilter for any other sub-attribute
 */
function checkMemberFilter(predicate: Predicate, members: Attribute): void {
  for (const { name, parent, path } of attributesNamed(predicate)) {
    if (parent === members && (name === "value" || name === "type")) continue;
    throw invalidFilter(
      `Members can be chosen by value and type only, not by "${path}"`,
    );
  }
}
