/**
 * Decides which resources a query has to read. Pure; a store carries it out.
 * @module
 */

import type { Attribute } from "../schema/attribute.ts";
import { isSearchable, type ResourceType } from "../schema/compile.ts";
import type { ComparisonPredicate, Predicate } from "./compile.ts";

/**
 * A set of resources that holds every match of a filter, and maybe others: the
 * filter is tested on what is read. Texts are in comparable form.
 */
export type Access =
  | { readonly kind: "ids"; readonly ids: readonly string[] }
  | {
    readonly kind: "equal";
    readonly attribute: Attribute;
    readonly text: string;
  }
  | {
    readonly kind: "range";
    readonly attribute: Attribute;
    readonly prefix?: string;
    readonly atLeast?: string;
    readonly atMost?: string;
  }
  /** Resources that have the resource `id` as a member. */
  | { readonly kind: "withMember"; readonly id: string }
  /** Resources that are members of the resource `id`. */
  | { readonly kind: "membersOf"; readonly id: string }
  | { readonly kind: "union"; readonly of: readonly Access[] }
  | { readonly kind: "all" };

/** Chooses the smallest set of resources that an index can name. */
export function planAccess(predicate: Predicate, type: ResourceType): Access {
  return access(predicate, type) ?? { kind: "all" };
}

/**
 * Which members must be known to test a filter: those with the named ids, all
 * of them, or none (an empty list). Comparisons by `eq` with an id depend on
 * nothing but whether that one is a member, however large the group is.
 */
export function membersNeeded(
  predicate: Predicate,
  view: Attribute | undefined,
): readonly string[] | "all" {
  if (view === undefined) return [];
  const ids: string[] = [];
  for (const node of leaves(predicate)) {
    if (node.attribute !== view && node.attribute?.parent !== view) continue;
    const test = node.kind === "element" ? node.predicate : node;
    if (
      test.kind === "comparison" && test.operator === "eq" &&
      test.attribute.name === "value" && typeof test.operand === "string"
    ) ids.push(test.operand);
    else return "all";
  }
  return ids;
}

/** Every attribute that a filter names. */
export function attributesNamed(predicate: Predicate): Set<Attribute> {
  const named = new Set<Attribute>();
  for (const node of leaves(predicate)) {
    if (node.attribute !== undefined) named.add(node.attribute);
    if (node.kind !== "element") continue;
    for (const inner of attributesNamed(node.predicate)) named.add(inner);
  }
  return named;
}

/** How many tests a predicate makes of one resource or value, at the most. */
export function leafCount(predicate: Predicate): number {
  let count = 0;
  for (const node of leaves(predicate)) {
    count += node.kind === "element" ? leafCount(node.predicate) : 1;
  }
  return count;
}

/** The parts of a predicate that test something, brackets not opened. */
function* leaves(
  predicate: Predicate,
): Generator<Exclude<Predicate, { kind: "and" | "or" | "not" }>> {
  switch (predicate.kind) {
    case "and":
    case "or":
      for (const operand of predicate.operands) yield* leaves(operand);
      return;
    case "not":
      yield* leaves(predicate.operand);
      return;
    default:
      yield predicate;
  }
}

function access(predicate: Predicate, type: ResourceType): Access | undefined {
  switch (predicate.kind) {
    case "comparison":
      return ofComparison(predicate, type);
    case "element":
      return access(predicate.predicate, type);
    case "and":
      return predicate.operands
        .map((operand) => access(operand, type))
        .filter((found) => found !== undefined)
        .reduce<Access | undefined>(better, undefined);
    case "or": {
      const of = predicate.operands.map((operand) => access(operand, type));
      const known = of.filter((found) => found !== undefined);
      return known.length === of.length
        ? { kind: "union", of: known }
        : undefined;
    }
    case "not":
    case "presence":
      return undefined;
  }
}

function ofComparison(
  { attribute, operator, operand }: ComparisonPredicate,
  type: ResourceType,
): Access | undefined {
  if (typeof operand !== "string" || operand === "") return undefined;
  if (operator === "eq") {
    if (attribute === type.attributes.get("id")) {
      return { kind: "ids", ids: [operand] };
    }
    if (attribute.name === "value" && attribute.parent !== undefined) {
      if (attribute.parent === type.members) {
        return { kind: "withMember", id: operand };
      }
      if (attribute.parent === type.memberOf) {
        return { kind: "membersOf", id: operand };
      }
    }
  }
  if (
    attribute.type !== "string" && attribute.type !== "reference" ||
    !isSearchable(type, attribute)
  ) return undefined;
  switch (operator) {
    case "eq":
      return { kind: "equal", attribute, text: operand };
    case "sw":
      return { kind: "range", attribute, prefix: operand };
    case "gt":
    case "ge":
      return { kind: "range", attribute, atLeast: operand };
    case "lt":
    case "le":
      // The empty string comes before all others, and indexes do not hold it.
      return attribute.required
        ? { kind: "range", attribute, atMost: operand }
        : undefined;
    default:
      return undefined;
  }
}

/** Of two sets that both hold every match, the one that is likely smaller. */
function better(a: Access | undefined, b: Access): Access {
  if (a === undefined) return b;
  if (
    a.kind === "range" && b.kind === "range" && a.attribute === b.attribute &&
    !a.attribute.multiValued && a.attribute.parent?.multiValued !== true
  ) {
    return { ...a, ...b };
  }
  return rank(a) <= rank(b) ? a : b;
}

function rank(access: Access): number {
  switch (access.kind) {
    case "ids":
      return 0;
    case "equal":
      return 1;
    case "union":
      return 2 + Math.max(...access.of.map(rank));
    case "withMember":
      return 3;
    case "membersOf":
      return 4;
    case "range":
      return 8;
    case "all":
      return 100;
  }
}
