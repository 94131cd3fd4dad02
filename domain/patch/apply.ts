/**
 * Applies PATCH operations to a resource, in order and as a whole
 * (RFC 7644 sections 3.5.2.1 to 3.5.2.3).
 * @module
 */

import { isResourceReference, memberIds } from "../elements.ts";
import {
  invalidFilter,
  invalidValue,
  mutability,
  ScimError,
} from "../errors.ts";
import { compileElementFilter, type Predicate } from "../filter/compile.ts";
import { attributesNamed, leafCount } from "../filter/plan.ts";
import {
  copyObject,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "../json.ts";
import { checkImmutable } from "../mutability.ts";
import { Normalizer } from "../normalize.ts";
import type { Profile } from "../profile.ts";
import type { Attribute } from "../schema/attribute.ts";
import type { ResourceType } from "../schema/compile.ts";
import { clip } from "../text.ts";
import { validateResource } from "../validate.ts";
import { ElementEditor } from "./elements.ts";
import type { MembershipStep } from "./membership.ts";
import type { PatchOperation } from "./message.ts";
import { droppedExtensions } from "./schemas.ts";
import {
  type Op,
  type Place,
  removalOf,
  type Target,
  TargetReader,
} from "./targets.ts";

/** What a PATCH comes to. */
export interface PatchResult {
  /** The attributes after all operations; the input is left as it was. */
  readonly attributes: JsonObject;
  readonly membership: readonly MembershipStep[];
  /** What the client named and no schema knows, for the administrator. */
  readonly ignored: readonly string[];
  /** The attributes and sub-attributes that the operations named. */
  readonly sent: ReadonlySet<Attribute>;
}

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
  const session = new PatchSession(type, copyObject(current), profile);
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
  readonly #reader: TargetReader;
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
    this.#reader = new TargetReader(type, profile, this.#normalizer);
    this.#editor = new ElementEditor(this.#normalizer, profile);
  }

  apply(operation: PatchOperation): void {
    for (const target of this.#reader.targets(operation)) this.#change(target);
  }

  /** Checks the final state; operations may pass through states that are not valid. */
  finish(before: JsonObject): PatchResult {
    this.#tidy();
    for (const [attribute, error] of this.#unassigned) {
      const holder = this.#holder(attribute);
      // What an extension requires it requires while it is there.
      const { required = true } =
        this.#type.extensions.get(attribute.extension?.toLowerCase() ?? "") ??
          {};
      if (holder === undefined && !required) continue;
      if (own(holder ?? {}, attribute.name) === undefined) throw error;
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
      if (extension === undefined) continue;
      for (const target of removalOf(extension)) this.#change(target);
    }
  }

  /** Carries one change out. */
  #change({ op, place, text, value: given }: Target): void {
    const { attribute, sub } = place;
    const value = op === "remove" ? unwrapped(attribute, given) : given;
    this.#normalizer.sent.add(attribute);
    if (sub !== undefined) this.#normalizer.sent.add(sub);
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
      if (sub.name === "$ref" && isResourceReference(attribute)) {
        return this.#refer(attribute, present, set);
      }
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

  /** `$ref` follows from `value`: setting it sets the id, and without it the id says it all. */
  #refer(
    attribute: Attribute,
    present: JsonObject,
    uri: JsonValue | undefined,
  ): JsonValue | undefined {
    const given = this.#normalizer.value(attribute, { $ref: uri ?? null });
    const after = { ...present, ...(isJsonObject(given) ? given : {}) };
    return Object.keys(after).length > 0 ? after : undefined;
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
    if (predicate !== undefined && isResourceReference(attribute)) {
      refuseReferences(predicate, attribute);
    }
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
        `Path "${
          clip(text, 200)
        }" edits a member, and members cannot be edited; remove ` +
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
        `Path "${
          clip(text, 200)
        }" edits members, and members cannot be edited; use ` +
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
 * URIs of resources are made for answers, so that stored values have none.
 *
 * @throws {ScimError} 400 invalidFilter
 */
function refuseReferences(predicate: Predicate, attribute: Attribute): void {
  for (const { name, path } of attributesNamed(predicate)) {
    if (name !== "$ref") continue;
    throw invalidFilter(
      `Values of "${attribute.path}" can be chosen by "value", not by "${path}"`,
    );
  }
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
