/**
 * A second reading of RFC 7644 section 3.4.2.2, to hold the compiled filters
 * against: it walks the tree for each resource, finds attributes in the schema
 * documents, and compares by its own rules. Nothing here is fast.
 * @module
 */

import type {
  Comparison,
  Filter,
  Literal,
} from "../../../domain/filter/ast.ts";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import type { AttributePath } from "../../../domain/path.ts";
import { COMMON_ATTRIBUTES } from "../../../domain/schema/common.ts";
import type {
  AttributeDefinition,
  SchemaDefinition,
} from "../../../domain/schema/definition.ts";

/** The schemas of a resource: the base schema, then its extensions. */
export type Schemas = readonly [SchemaDefinition, ...SchemaDefinition[]];

/** A value with the definition of the attribute that holds it. */
interface Leaf {
  readonly definition: AttributeDefinition;
  readonly value: JsonValue;
}

/** Whether a resource matches a filter that is correct for its schemas. */
export function matchesNaively(
  filter: Filter,
  resource: JsonObject,
  schemas: Schemas,
): boolean {
  return holds(filter, (path) => find(path, resource, schemas));
}

type Finder = (path: AttributePath) => Leaf[];

function holds(filter: Filter, find: Finder): boolean {
  switch (filter.kind) {
    case "and": {
      let all = true;
      for (const operand of filter.operands) all = holds(operand, find) && all;
      return all;
    }
    case "or": {
      let some = false;
      for (const operand of filter.operands) {
        some = holds(operand, find) || some;
      }
      return some;
    }
    case "not":
      return !holds(filter.operand, find);
    case "presence":
      return find(filter.path).some((leaf) => isThere(leaf.value));
    case "comparison":
      return compares(filter, find);
    case "valuePath":
      // All conditions within brackets are about one and the same element.
      return find(filter.path).some(({ definition, value }) =>
        holds(filter.filter, (path) => inElement(path, definition, value))
      );
  }
}

function compares(filter: Comparison, find: Finder): boolean {
  const leaves = find(filter.path);
  if (filter.value === null) {
    const isAssigned = leaves.some((leaf) => isThere(leaf.value));
    return filter.operator === "eq" ? !isAssigned : isAssigned;
  }
  for (const leaf of leaves.flatMap(comparedLeaves)) {
    if (compareOne(leaf, filter.operator, filter.value)) return true;
  }
  return false;
}

/** `emails` stands for the `value` of its elements. */
function comparedLeaves(leaf: Leaf): Leaf[] {
  return leaf.definition.type === "complex"
    ? inElement({ name: "value" }, leaf.definition, leaf.value)
    : [leaf];
}

/** Non-empty, not null; a complex value if something in it is. */
function isThere(value: JsonValue): boolean {
  if (value === null || value === "") return false;
  if (typeof value !== "object") return true;
  const parts = Array.isArray(value) ? value : Object.values(value);
  return parts.filter(isThere).length > 0;
}

function find(
  path: AttributePath,
  resource: JsonObject,
  [base, ...extensions]: Schemas,
): Leaf[] {
  const uri = path.uri?.toLowerCase();
  const whole = uri === undefined ? "" : `${uri}:${path.name?.toLowerCase()}`;
  for (const extension of extensions) {
    const id = extension.id.toLowerCase();
    const holder = resource[extension.id];
    if (uri === id) return inObject(path, extension.attributes, holder);
    if (whole === id && holder !== undefined) {
      return [{ definition: { name: "", type: "complex" }, value: holder }];
    }
    if (whole === id) return [];
  }
  return inObject(path, [...COMMON_ATTRIBUTES, ...base.attributes], resource);
}

function inObject(
  path: AttributePath,
  definitions: readonly AttributeDefinition[],
  holder: JsonValue | undefined,
): Leaf[] {
  const definition = named(definitions, path.name);
  if (typeof holder !== "object" || holder === null || Array.isArray(holder)) {
    return [];
  }
  const leaves = elements(definition, holder[definition.name]);
  if (path.subAttribute === undefined) return leaves;
  const name = path.subAttribute;
  return leaves.flatMap((leaf) => inElement({ name }, definition, leaf.value));
}

/** A sub-attribute of one value, or the value itself if that is simple. */
function inElement(
  path: AttributePath,
  definition: AttributeDefinition,
  value: JsonValue,
): Leaf[] {
  if (definition.type !== "complex") return [{ definition, value }];
  const sub = named(definition.subAttributes ?? [], path.name);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [];
  }
  const found = value[sub.name];
  // RFC 7643 section 2.4: a value that does not say "primary" is not primary.
  const isMissingPrimary = found === undefined && sub.name === "primary" &&
    definition.multiValued === true;
  return elements(sub, isMissingPrimary ? false : found);
}

function elements(
  definition: AttributeDefinition,
  value: JsonValue | undefined,
): Leaf[] {
  if (value === undefined || value === null) return [];
  const values = Array.isArray(value) ? value : [value];
  return values.map((value) => ({ definition, value }));
}

function named(
  definitions: readonly AttributeDefinition[],
  name: string | undefined,
): AttributeDefinition {
  const found = definitions.find((definition) =>
    definition.name.toLowerCase() === name?.toLowerCase()
  );
  if (found === undefined) throw new Error(`There is no attribute ${name}`);
  return found;
}

function compareOne(
  { definition, value }: Leaf,
  operator: Comparison["operator"],
  literal: Exclude<Literal, null>,
): boolean {
  switch (definition.type ?? "string") {
    case "boolean":
      return operator === "eq" ? value === literal : value !== literal;
    case "decimal":
    case "integer":
      return decide(operator, Number(value), Number(literal));
    case "dateTime":
      return decide(operator, nanoseconds(value), nanoseconds(literal));
    default:
      return compareTexts(definition, operator, String(value), String(literal));
  }
}

function compareTexts(
  definition: AttributeDefinition,
  operator: Comparison["operator"],
  value: string,
  literal: string,
): boolean {
  const isExact = definition.caseExact === true ||
    definition.type === "reference" || definition.type === "binary";
  const [a, b] = isExact
    ? [value, literal]
    : [withoutCase(value), withoutCase(literal)];
  switch (operator) {
    case "co":
      return a.indexOf(b) >= 0;
    case "sw":
      return a.slice(0, b.length) === b;
    case "ew":
      return a.slice(a.length - b.length) === b && a.length >= b.length;
    default:
      return decide(operator, sortable(a), sortable(b));
  }
}

/** PRECIS-like preparation (RFC 7644 section 5), one character after another. */
function withoutCase(text: string): string {
  return [...text.normalize("NFKC")].map((character) =>
    character === "ς" ? "σ" : character.toLowerCase()
  ).join("");
}

/** A text whose UTF-16 order is the order of the original's code points. */
function sortable(text: string): string {
  return [...text].map((character) =>
    (character.codePointAt(0) ?? 0).toString(16).padStart(6, "0")
  ).join("");
}

function nanoseconds(value: JsonValue): bigint {
  const match = /^(.*?T[^.Z+-]*)(?:\.(\d+))?(Z|[+-].*)?$/.exec(String(value));
  const whole = Date.parse(`${match?.[1]}${match?.[3] ?? "Z"}`);
  const fraction = (match?.[2] ?? "").padEnd(9, "0").slice(0, 9);
  return BigInt(whole) * 1_000_000n + BigInt(fraction);
}

function decide<T extends string | number | bigint>(
  operator: Comparison["operator"],
  a: T,
  b: T,
): boolean {
  switch (operator) {
    case "eq":
      return a === b;
    case "ne":
      return a !== b;
    case "gt":
      return a > b;
    case "ge":
      return a >= b;
    case "lt":
      return a < b;
    case "le":
      return a <= b;
    default:
      throw new Error(`${operator} has no order`);
  }
}
