/**
 * Membership as steps, not as a list: a group of any size is changed without
 * being read (RFC 7644 section 3.5.2 for an attribute that is a view of edges).
 * @module
 */

import { elementMatches, type Predicate } from "../filter/compile.ts";
import { type JsonObject, own } from "../json.ts";

/** A change of a resource's members, in the order of the PATCH operations. */
export type MembershipStep =
  | { readonly kind: "add"; readonly ids: readonly string[] }
  | { readonly kind: "remove"; readonly ids: readonly string[] }
  | { readonly kind: "removeMatching"; readonly predicate: Predicate }
  | { readonly kind: "replaceAll"; readonly ids: readonly string[] };

/** What the steps come to. */
export interface MembershipChange {
  /** The members are exactly `add`; otherwise they are changed by both sets. */
  readonly replacesAll: boolean;
  readonly add: ReadonlySet<string>;
  readonly remove: ReadonlySet<string>;
}

/**
 * Whether folding the steps needs to know every present member, because a
 * filter asks for something else than ids.
 */
export function needsAllMembers(steps: readonly MembershipStep[]): boolean {
  return steps.some((step) =>
    step.kind === "removeMatching" && idsNamed(step.predicate) === undefined
  );
}

/** The ids of all members that the steps add, whether or not they stay. */
export function idsAdded(steps: readonly MembershipStep[]): string[] {
  const ids = steps.flatMap((step) =>
    step.kind === "add" || step.kind === "replaceAll" ? step.ids : []
  );
  return [...new Set(ids)];
}

/**
 * Folds steps into one change.
 *
 * @param present every present member as an element, if `needsAllMembers` said so
 * @param describe a member that the steps add, as an element
 */
export function foldMembership(
  steps: readonly MembershipStep[],
  present: readonly JsonObject[] = [],
  describe: (id: string) => JsonObject = (id) => ({ value: id }),
): MembershipChange {
  let replacesAll = false;
  const add = new Set<string>();
  const remove = new Set<string>();
  const drop = (id: string): void => {
    add.delete(id);
    if (!replacesAll) remove.add(id);
  };
  for (const step of steps) {
    switch (step.kind) {
      case "replaceAll":
        replacesAll = true;
        add.clear();
        remove.clear();
        step.ids.forEach((id) => add.add(id));
        break;
      case "add":
        for (const id of step.ids) {
          remove.delete(id);
          add.add(id);
        }
        break;
      case "remove":
        step.ids.forEach(drop);
        break;
      case "removeMatching": {
        const named = idsNamed(step.predicate);
        if (named !== undefined) {
          named.forEach(drop);
          break;
        }
        const added = [...add].map(describe);
        for (const member of [...(replacesAll ? [] : present), ...added]) {
          const id = own(member, "value");
          if (typeof id !== "string") continue;
          if (elementMatches(step.predicate, member)) drop(id);
        }
      }
    }
  }
  return { replacesAll, add, remove };
}

/** The ids of `value eq "a" or value eq "b"`; undefined for any other filter. */
function idsNamed(predicate: Predicate): string[] | undefined {
  if (
    predicate.kind === "comparison" && predicate.operator === "eq" &&
    predicate.attribute.name === "value" &&
    typeof predicate.operand === "string"
  ) return [predicate.operand];
  if (predicate.kind !== "or") return undefined;
  const named = predicate.operands.map(idsNamed);
  return named.every((ids) => ids !== undefined) ? named.flat() : undefined;
}
