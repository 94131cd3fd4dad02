/**
 * Edits the values of a multi-valued attribute (RFC 7644 section 3.5.2).
 * @module
 */

import {
  agree,
  elementIdentity,
  elementKey,
  isBareElement,
} from "../elements.ts";
import { invalidValue, noTarget } from "../errors.ts";
import type { Filter } from "../filter/ast.ts";
import { elementMatches, type Predicate } from "../filter/compile.ts";
import { isJsonObject, type JsonObject, type JsonValue, own } from "../json.ts";
import { refuseChange } from "../mutability.ts";
import type { Normalizer } from "../normalize.ts";
import type { Profile } from "../profile.ts";
import type { Attribute } from "../schema/attribute.ts";
import { clip, foldCase } from "../text.ts";

/** Which values an operation is about, and what of them. */
export interface ElementPlace {
  readonly attribute: Attribute;
  readonly filter?: Filter;
  readonly predicate: Predicate | undefined;
  readonly sub?: Attribute;
  /** The path as written. */
  readonly text: string;
}

/** Edits lists of values. Lists that go in are left as they were. */
export class ElementEditor {
  readonly #normalizer: Normalizer;
  readonly #profile: Profile;

  constructor(normalizer: Normalizer, profile: Profile) {
    this.#normalizer = normalizer;
    this.#profile = profile;
  }

  /**
   * The values after an operation.
   *
   * @throws {ScimError} 400 noTarget, mutability or invalidValue
   */
  edit(
    op: "add" | "remove" | "replace",
    elements: readonly JsonValue[],
    place: ElementPlace,
    value: JsonValue | undefined,
  ): JsonValue[] {
    if (op === "remove") return this.#remove(elements, place, value);
    const unassigns = value === undefined || value === null ||
      (value === "" && this.#profile.emptyStringClears);
    if (unassigns) {
      return op === "add" && place.sub === undefined &&
          place.predicate === undefined
        ? [...elements]
        : this.#remove(elements, place, undefined);
    }
    return place.predicate === undefined && place.sub === undefined
      ? this.#setAll(op, elements, place.attribute, value)
      : this.#setChosen(op, elements, place, value);
  }

  /** Takes away values that say nothing and values that are there twice. */
  tidy(elements: readonly JsonValue[]): JsonValue[] {
    return fold(
      elements.filter((element) =>
        !isJsonObject(element) || Object.keys(element).length > 0 &&
          !(this.#profile.dropsBareElements && isBareElement(element))
      ),
    );
  }

  /** `add` and `replace` of the attribute as a whole. */
  #setAll(
    op: "add" | "replace",
    elements: readonly JsonValue[],
    attribute: Attribute,
    value: JsonValue,
  ): JsonValue[] {
    const given = new Map(
      this.#normalizer.list(attribute, value)
        .map((element) => [elementIdentity(element), element]),
    );
    const sayings = Map.groupBy(given.values(), elementKey);
    const present = Map.groupBy(elements, elementKey);
    const primaries = new Set<JsonValue>();
    const noted = (element: JsonValue, said: JsonValue): JsonValue => {
      if (isPrimary(said)) primaries.add(element);
      return element;
    };
    const matchOf = (element: JsonValue): JsonValue | undefined => {
      const exact = given.get(elementIdentity(element));
      const key = elementKey(element);
      const [said, ...others] = sayings.get(key) ?? [];
      const isOnlyOne = others.length === 0 && present.get(key)?.length === 1;
      return exact ??
        (isOnlyOne && said !== undefined && agree(element, said)
          ? said
          : undefined);
    };
    const result: JsonValue[] = (op === "add" ? elements : []).map(
      (element) => {
        const match = matchOf(element);
        if (match === undefined) return element;
        given.delete(elementIdentity(match));
        const merged = isJsonObject(element) && isJsonObject(match)
          ? { ...element, ...match }
          : element;
        return noted(merged, match);
      },
    );
    for (const element of given.values()) result.push(noted(element, element));
    return withOnePrimary(
      result,
      attribute,
      (element) => primaries.has(element),
    );
  }

  /** `add` and `replace` of the values that a filter chooses, or of a sub-attribute. */
  #setChosen(
    op: "add" | "replace",
    elements: readonly JsonValue[],
    place: ElementPlace,
    value: JsonValue,
  ): JsonValue[] {
    const { attribute } = place;
    const touched = new Set<JsonValue>();
    const touch = (element: JsonValue): JsonValue => {
      touched.add(element);
      return element;
    };
    const result = elements.map((element) =>
      isChosen(place, element)
        ? touch(this.#changed(op, place, element, value))
        : element
    );
    if (touched.size === 0) {
      const base = this.#baseForNew(op, place, elements.length > 0);
      const created = this.#changed("add", place, base, value);
      if (isPresentElement(created)) result.push(touch(created));
    }
    // What goes away in the end must not take "primary" from what stays.
    const stays = (element: JsonValue) =>
      !(this.#profile.dropsBareElements && isBareElement(element));
    const isNew = (element: JsonValue) =>
      touched.has(element) && stays(element);
    return fold(withOnePrimary(result, attribute, isNew));
  }

  /** One chosen value after the change. */
  #changed(
    op: "add" | "replace",
    { attribute, sub }: ElementPlace,
    element: JsonValue,
    value: JsonValue,
  ): JsonValue {
    if (sub === undefined) {
      const [given = {}] = this.#normalizer.parts(attribute, firstOf(value));
      const changed = op === "add" && isJsonObject(element) &&
          isJsonObject(given)
        ? { ...element, ...given }
        : given;
      for (const part of attribute.subAttributes.values()) {
        refuseImmutable(
          part,
          isJsonObject(element) ? own(element, part.name) : undefined,
          isJsonObject(changed) ? own(changed, part.name) : undefined,
        );
      }
      return changed;
    }
    const present = isJsonObject(element) ? element : {};
    const normal = this.#normalizer.value(sub, value);
    refuseImmutable(sub, own(present, sub.name), normal);
    const { [sub.name]: _, ...rest } = present;
    return normal === undefined ? rest : { ...rest, [sub.name]: normal };
  }

  /** The beginning of a value that a filter asked for and nobody has. */
  #baseForNew(
    op: "add" | "replace",
    place: ElementPlace,
    hasValues: boolean,
  ): JsonObject {
    const { attribute, filter, text } = place;
    if (filter === undefined) return {};
    const base = this.#elementFromFilter(filter, attribute);
    const isFull = hasValues && !attribute.multiValued;
    if (
      base === undefined || isFull ||
      (op === "replace" && !this.#profile.replaceCreates)
    ) {
      throw noTarget(
        `Path "${
          clip(text, 200)
        }" selects no value of "${attribute.path}"; add the value ` +
          `with the path "${attribute.path}" first`,
      );
    }
    return base;
  }

  /**
   * The value that `type eq "work" and primary eq true` describes; undefined for
   * a filter that does not describe exactly one.
   */
  #elementFromFilter(
    filter: Filter,
    attribute: Attribute,
  ): JsonObject | undefined {
    const element: JsonObject = {};
    for (const term of filter.kind === "and" ? filter.operands : [filter]) {
      if (term.kind !== "comparison" || term.operator !== "eq") {
        return undefined;
      }
      const sub = attribute.subAttributes.get(
        (term.path.name ?? "").toLowerCase(),
      );
      if (sub === undefined || Object.hasOwn(element, sub.name)) {
        return undefined;
      }
      const value = this.#normalizer.value(sub, term.value);
      if (value !== undefined) element[sub.name] = value;
    }
    return element;
  }

  #remove(
    elements: readonly JsonValue[],
    place: ElementPlace,
    value: JsonValue | undefined,
  ): JsonValue[] {
    const { attribute, sub, predicate } = place;
    if (sub !== undefined) {
      return elements.flatMap((element) => {
        if (!isChosen(place, element) || !isJsonObject(element)) {
          return [element];
        }
        refuseImmutable(sub, own(element, sub.name), undefined);
        const { [sub.name]: _, ...rest } = element;
        return Object.keys(rest).length > 0 ? [rest] : [];
      });
    }
    if (predicate !== undefined) {
      return elements.filter((element) => !isChosen(place, element));
    }
    if (value === undefined || value === null) return [];
    // Several clients name the values to remove; the RFC would remove them all.
    const named = this.#named(attribute, value);
    const isNamed = namedBy(named);
    const identityOf = (element: JsonValue) =>
      elementIdentity(shownPart(attribute, element));
    const identities = new Set(named.map(identityOf));
    const exact = new Set(
      elements.filter((element) => identities.has(identityOf(element)))
        .map(elementKey),
    );
    // Of several with one value, those are meant that are named as a whole.
    return elements.filter((element) =>
      !isNamed(element) ||
      (exact.has(elementKey(element)) && !identities.has(identityOf(element)))
    );
  }

  /**
   * The values that an operation names in order to remove them. Simple ones may be
   * named as `{"value": "x"}`, as in brackets.
   *
   * @throws {ScimError} 400 invalidValue for what cannot be a value
   */
  #named(attribute: Attribute, value: JsonValue): JsonValue[] {
    const parts = this.#normalizer.parts(attribute, value).map((part) =>
      attribute.type !== "complex" && isJsonObject(part)
        ? own(part, "value") ?? part
        : part
    );
    if (parts.some((p) => isJsonObject(p) !== (attribute.type === "complex"))) {
      throw invalidValue(
        `The values to remove from "${attribute.path}" must be ` +
          (attribute.type === "complex"
            ? 'objects, like {"value": …}'
            : `of the type ${attribute.type}`),
      );
    }
    return parts;
  }
}

/** What of a value a client can know. */
function shownPart(attribute: Attribute, element: JsonValue): JsonValue {
  if (!isJsonObject(element)) return element;
  return Object.fromEntries(
    Object.entries(element).filter(([name]) =>
      attribute.subAttributes.get(name.toLowerCase())?.returned !== "never"
    ),
  );
}

function isChosen({ predicate }: ElementPlace, element: JsonValue): boolean {
  return predicate === undefined || elementMatches(predicate, element);
}

function refuseImmutable(
  sub: Attribute,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): void {
  if (sub.mutability === "immutable") refuseChange(sub, before, after);
}

/**
 * Whether one of the values to remove names an element: by `value` and, if it
 * says so, `type`; one without `value` by all that it says. The values are
 * grouped by the names they use, so that no value is compared with each element.
 */
function namedBy(
  wanted: readonly JsonValue[],
): (element: JsonValue) => boolean {
  const plain = new Set<string>();
  const groups = new Map<string, { names: string[]; keys: Set<string> }>();
  for (const value of wanted) {
    if (!isJsonObject(value)) {
      plain.add(JSON.stringify(value));
      continue;
    }
    const names = Object.hasOwn(value, "value")
      ? ["value", "type"].filter((name) => Object.hasOwn(value, name))
      : Object.keys(value).sort();
    const group = groups.get(names.join()) ?? { names, keys: new Set() };
    groups.set(names.join(), group);
    group.keys.add(valuesKey(value, names));
  }
  return (element) =>
    isJsonObject(element)
      ? groups.values().some(({ names, keys }) =>
        keys.has(valuesKey(element, names))
      )
      : plain.has(JSON.stringify(element));
}

function valuesKey(element: JsonObject, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => {
    const value = own(element, name) ?? null;
    return name === "type" && typeof value === "string"
      ? foldCase(value)
      : value;
  }));
}

/** Lets the values that were just made primary be the only ones. */
function withOnePrimary(
  elements: readonly JsonValue[],
  attribute: Attribute,
  isNew: (element: JsonValue) => boolean,
): JsonValue[] {
  const made = elements.filter((element) =>
    isPrimary(element) && isNew(element)
  );
  if (made.length > 1) {
    throw invalidValue(
      `Attribute "${attribute.path}" would get ${made.length} values with ` +
        "primary true; at most one may have it",
    );
  }
  if (made.length === 0) return [...elements];
  return elements.map((element) =>
    isPrimary(element) && isJsonObject(element) && !made.includes(element)
      ? { ...element, primary: false }
      : element
  );
}

/** Keeps one of the values that are the same (RFC 7643 section 2.4). */
function fold(elements: readonly JsonValue[]): JsonValue[] {
  const kept = new Map<string, JsonValue>();
  for (const element of elements) {
    const key = elementIdentity(element);
    if (!kept.has(key) || isPrimary(element)) kept.set(key, element);
  }
  return [...kept.values()];
}

function isPrimary(element: JsonValue): boolean {
  return isJsonObject(element) && own(element, "primary") === true;
}

function isPresentElement(element: JsonValue): boolean {
  return !isJsonObject(element) || Object.keys(element).length > 0;
}

function firstOf(value: JsonValue): JsonValue {
  return Array.isArray(value) && value.length === 1 ? value[0] ?? null : value;
}
