/**
 * Compiles a filter for a resource type: names are resolved and types are
 * checked before any data is read (RFC 7644 section 3.4.2.2).
 * @module
 */

import { invalidFilter, ScimError } from "../errors.ts";
import { isJsonObject, type JsonObject, type JsonValue, own } from "../json.ts";
import { type AttributePath, printAttributePath } from "../path.ts";
import type { Attribute } from "../schema/attribute.ts";
import {
  type Extension,
  nearestAttribute,
  type ResolveOptions,
  resolvePath,
  type ResourceType,
} from "../schema/compile.ts";
import { clip } from "../text.ts";
import type { Comparison, Filter, Literal } from "./ast.ts";
import { type Comparator, compileComparison } from "./compare.ts";

/** How a filter is understood beyond the RFC. All default to false. */
export interface CompileOptions extends ResolveOptions {
  /** `"True"` and `"false"` are booleans when compared with one (Entra). */
  readonly booleanStrings?: boolean;
  /**
   * Told of tests that the type cannot make, for want of the attribute or because
   * it is of another kind there; it counts as having no value then (RFC 7644
   * section 3.4.2.1). Without this they are refused.
   */
  readonly onMismatch?: (mismatch: Mismatch) => void;
  /** `manager eq "id"` compares `manager.value` (Entra's reference check). */
  readonly complexByValue?: boolean;
}

/** A test that a resource type cannot make. */
export interface Mismatch {
  /** Where the attribute is named in the filter. */
  readonly position: number;
  /** The attribute as the filter names it. */
  readonly name: string;
  /** Whether the type has the attribute. */
  readonly isKnown: boolean;
  readonly error: ScimError;
}

/** Decides whether a JSON object matches; the object is a resource or an element. */
type Test = (holder: JsonObject) => boolean;

/** A compiled comparison of one attribute. */
export interface ComparisonPredicate {
  readonly kind: "comparison";
  readonly attribute: Attribute;
  readonly operator: Comparison["operator"];
  /** The literal in comparable form: folded for attributes that ignore case. */
  readonly operand: Literal;
  readonly test: Test;
}

/** A compiled filter. `test` decides; the rest lets a store plan its reads. */
export type Predicate =
  | ComparisonPredicate
  | {
    readonly kind: "presence";
    readonly attribute?: Attribute;
    readonly test: Test;
  }
  | {
    readonly kind: "element";
    readonly attribute: Attribute;
    readonly predicate: Predicate;
    readonly test: Test;
  }
  | {
    readonly kind: "and" | "or";
    readonly operands: readonly Predicate[];
    readonly test: Test;
  }
  | { readonly kind: "not"; readonly operand: Predicate; readonly test: Test };

/**
 * Compiles a filter over resources of a type.
 *
 * A multi-valued attribute matches when any of its values does. `ne` follows
 * the same rule: it is true when some value differs, and false when there is
 * none; `eq null` means "has no value".
 *
 * @throws {ScimError} 400 invalidFilter for an unknown attribute, a literal of
 * the wrong type, or an operator that the attribute's type does not have
 */
export function compileFilter(
  filter: Filter,
  type: ResourceType,
  options: CompileOptions = {},
): Predicate {
  return new Compiler(type, options).compile(filter, undefined);
}

/**
 * Compiles the filter of a value path: names are sub-attributes of `attribute`.
 *
 * @throws {ScimError} 400 invalidFilter
 */
export function compileElementFilter(
  filter: Filter,
  attribute: Attribute,
  type: ResourceType,
  options: CompileOptions = {},
): Predicate {
  return new Compiler(type, options).compile(filter, attribute);
}

/** Whether an element of `attribute` matches a filter over its sub-attributes. */
export function elementMatches(
  predicate: Predicate,
  element: JsonValue,
): boolean {
  return predicate.test(isJsonObject(element) ? element : { value: element });
}

/** Whether a value counts as present: not null, not empty, all the way down. */
export function isPresent(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === "") return false;
  if (Array.isArray(value)) return value.some(isPresent);
  return typeof value !== "object" || Object.values(value).some(isPresent);
}

class Compiler {
  readonly #type: ResourceType;
  readonly #options: CompileOptions;

  constructor(type: ResourceType, options: CompileOptions) {
    this.#type = type;
    this.#options = options;
  }

  /** `element` is the attribute in whose brackets the filter stands, if any. */
  compile(filter: Filter, element: Attribute | undefined): Predicate {
    const { onMismatch } = this.#options;
    if (
      onMismatch === undefined || element !== undefined || !("path" in filter)
    ) return this.#compile(filter, element);
    try {
      return this.#compile(filter, element);
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      const target = resolvePath(this.#type, filter.path, this.#options);
      onMismatch({
        position: filter.position,
        name: printAttributePath(filter.path),
        isKnown: target !== undefined && target.kind !== "resource",
        error,
      });
      const isNull = filter.kind === "comparison" &&
        filter.operator === "eq" && filter.value === null;
      return { kind: "presence", test: () => isNull };
    }
  }

  #compile(filter: Filter, element: Attribute | undefined): Predicate {
    switch (filter.kind) {
      case "and":
      case "or": {
        const operands = filter.operands.map((f) => this.compile(f, element));
        const test: Test = filter.kind === "and"
          ? (holder) => operands.every((operand) => operand.test(holder))
          : (holder) => operands.some((operand) => operand.test(holder));
        return { kind: filter.kind, operands, test };
      }
      case "not": {
        const operand = this.compile(filter.operand, element);
        return {
          kind: "not",
          operand,
          test: (holder) => !operand.test(holder),
        };
      }
      case "presence": {
        const found = this.#resolve(filter.path, filter.position, element);
        if (found.kind === "extension") {
          return extensionPresence(found.extension);
        }
        const { attribute } = found;
        const any = reader(attribute, element);
        const isShown = presenceOf(attribute);
        return {
          kind: "presence",
          attribute,
          test: (holder) => any(holder, isShown),
        };
      }
      case "comparison":
        return this.#comparison(filter, element);
      case "valuePath": {
        const found = this.#resolve(filter.path, filter.position, element);
        if (found.kind === "extension") {
          throw invalidFilter(
            `Filter position ${filter.position}: "${found.extension.uri}" is a ` +
              "schema; name one of its attributes before the bracket",
          );
        }
        const { attribute } = found;
        const predicate = this.compile(filter.filter, attribute);
        const any = reader(attribute, element);
        return {
          kind: "element",
          attribute,
          predicate,
          test: (holder) =>
            any(holder, (value) => elementMatches(predicate, value)),
        };
      }
    }
  }

  #comparison(filter: Comparison, element: Attribute | undefined): Predicate {
    const found = this.#resolve(filter.path, filter.position, element);
    if (found.kind === "extension") {
      throw invalidFilter(
        `Filter position ${filter.position}: "${found.extension.uri}" is a ` +
          "schema and can only be tested with pr; name one of its attributes",
      );
    }
    const { operator } = filter;
    if (filter.value === null && (operator === "eq" || operator === "ne")) {
      // "eq null" means what "not (… pr)" does, and "ne null" what "pr" does.
      const { attribute } = found;
      const any = reader(attribute, element);
      const isShown = presenceOf(attribute);
      const wanted = operator === "ne";
      return {
        kind: "comparison",
        attribute,
        operator,
        operand: null,
        test: (holder) => any(holder, isShown) === wanted,
      };
    }
    const attribute = this.#comparable(found.attribute, filter);
    const any = reader(attribute, element);
    const comparator: Comparator = compileComparison(
      attribute,
      filter,
      this.#options.booleanStrings ?? false,
    );
    // A missing "primary" counts as false (RFC 7643 section 2.4).
    const missingIsFalse = attribute.name === "primary" &&
      attribute.parent?.multiValued === true;
    return {
      kind: "comparison",
      attribute,
      operator,
      operand: comparator.operand,
      test: (holder) =>
        any(holder, comparator.matches, missingIsFalse ? false : undefined),
    };
  }

  /** The attribute whose values are compared: `emails` stands for `emails.value`. */
  #comparable(attribute: Attribute, filter: Comparison): Attribute {
    if (attribute.type !== "complex") return attribute;
    const value = attribute.subAttributes.get("value");
    if (
      value !== undefined &&
      (attribute.multiValued || this.#options.complexByValue === true)
    ) return value;
    const [first] = attribute.subAttributes.values();
    throw invalidFilter(
      `Filter position ${filter.position}: "${attribute.path}" is complex and ` +
        `has no value of its own; compare a sub-attribute such as ` +
        `"${attribute.path}.${(value ?? first)?.name ?? "value"}"`,
    );
  }

  #resolve(
    path: AttributePath,
    position: number,
    element: Attribute | undefined,
  ):
    | { kind: "attribute"; attribute: Attribute }
    | { kind: "extension"; extension: Extension } {
    const where = `Filter position ${position}`;
    if (element !== undefined) {
      return this.#resolveElement(path, where, element);
    }
    const target = resolvePath(this.#type, path, this.#options);
    if (target === undefined || target.kind === "resource") {
      throw invalidFilter(
        `${where}: ${unknownAttribute(this.#type, path)}`,
      );
    }
    if (target.kind === "extension") return target;
    this.#checkReadable(target.attribute, where);
    return target;
  }

  #resolveElement(
    path: AttributePath,
    where: string,
    element: Attribute,
  ): { kind: "attribute"; attribute: Attribute } {
    if (element.type !== "complex" && !element.multiValued) {
      throw invalidFilter(
        `${where}: "${element.path}" has one simple value and no brackets; ` +
          "compare it itself",
      );
    }
    const name = printAttributePath(path);
    const attribute = element.type === "complex"
      ? element.subAttributes.get(name.toLowerCase())
      : name.toLowerCase() === "value"
      ? { ...element, name: "value", multiValued: false, parent: element }
      : undefined;
    if (attribute === undefined) {
      const known = [...element.subAttributes.values()].map((a) => a.name);
      throw invalidFilter(
        `${where}: "${element.path}" has no sub-attribute "${
          clip(name)
        }"; it has ` +
          (known.length > 0 ? known.join(", ") : "value"),
      );
    }
    this.#checkReadable(attribute, where);
    return { kind: "attribute", attribute };
  }

  /** Filters must not reveal what answers never show (RFC 7643 section 7). */
  #checkReadable(attribute: Attribute, where: string): void {
    if (
      attribute.returned === "never" || attribute.parent?.returned === "never"
    ) {
      throw invalidFilter(
        `${where}: "${attribute.path}" is never returned and cannot be searched`,
      );
    }
  }
}

/** What to say about a name that a resource type does not have. */
export function unknownAttribute(
  type: ResourceType,
  path: AttributePath,
): string {
  const close = nearestAttribute(type, path);
  return `Attribute "${
    clip(printAttributePath(path), 200)
  }" is not defined for ` +
    `${type.name}` + (close === undefined ? "" : `; did you mean "${close}"?`);
}

function extensionPresence({ uri, attributes }: Extension): Predicate {
  const isShown = hasShown(attributes);
  return {
    kind: "presence",
    test: (holder) => {
      const values = own(holder, uri);
      return values !== undefined && isShown(values);
    },
  };
}

/** Tells whether a value has anything that answers may show. */
function presenceOf(
  { subAttributes }: Attribute,
): (value: JsonValue) => boolean {
  return subAttributes.size === 0 ? isPresent : hasShown(subAttributes);
}

function hasShown(
  attributes: ReadonlyMap<string, Attribute>,
): (value: JsonValue) => boolean {
  const tests = [...attributes.values()]
    .filter(({ returned }) => returned !== "never")
    .map((attribute) => [attribute.name, presenceOf(attribute)] as const);
  return (value) =>
    isJsonObject(value) && tests.some(([name, isShown]) => {
      const item = own(value, name);
      return Array.isArray(item)
        ? item.some(isShown)
        : item !== undefined && isShown(item);
    });
}

/** Reads an attribute's values and says whether any of them passes a test. */
type Reader = (
  holder: JsonObject,
  test: (value: JsonValue) => boolean,
  missing?: JsonValue,
) => boolean;

function reader(
  attribute: Attribute,
  element: Attribute | undefined,
): Reader {
  const { name, parent, extension } = attribute;
  if (element !== undefined) {
    return (holder, test, missing) => anyOf(own(holder, name) ?? missing, test);
  }
  const container = (holder: JsonObject): JsonObject | undefined => {
    if (extension === undefined) return holder;
    const values = own(holder, extension);
    return isJsonObject(values) ? values : undefined;
  };
  if (parent === undefined) {
    return (holder, test) => {
      const values = container(holder);
      return values !== undefined && anyOf(own(values, name), test);
    };
  }
  return (holder, test, missing) => {
    const values = container(holder);
    if (values === undefined) return false;
    return anyOf(
      own(values, parent.name),
      (value) =>
        isJsonObject(value) && anyOf(own(value, name) ?? missing, test),
    );
  };
}

function anyOf(
  value: JsonValue | undefined,
  test: (value: JsonValue) => boolean,
): boolean {
  if (value === undefined || value === null) return false;
  return Array.isArray(value) ? value.some(test) : test(value);
}
