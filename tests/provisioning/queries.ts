/** Filters that clients use, and what each must find. @module */

import type { JsonValue } from "../../domain/json.ts";
import { ENTERPRISE_SCHEMA, MANAGER, WORK_EMAIL } from "./attributes.ts";
import type { Expectation, Gone } from "./expectation.ts";
import type { Random } from "./random.ts";
import { folded, swapCase } from "./values.ts";
import { quoted } from "./wire.ts";

/** A filter and the ids of all resources that match. */
export interface Query {
  readonly endpoint: "/Users" | "/Groups";
  readonly filter: string;
  readonly ids: readonly string[];
}

/**
 * Queries that name one user: by its names, as a manager's report, as a member.
 *
 * @param compatible the filters may be in Entra's form
 */
export function userQueries(
  { users, groups }: Expectation,
  id: string,
  random: Random,
  compatible: boolean,
): Query[] {
  const flat = users.get(id) ?? new Map<string, JsonValue>();
  const by = (path: string, exact = false): Query[] => {
    const value = flat.get(path);
    if (typeof value !== "string") return [];
    const comparable = exact ? (text: string) => text : folded;
    const ids = [...users].filter(([, other]) => {
      const text = other.get(path);
      return typeof text === "string" && comparable(text) === comparable(value);
    }).map(([found]) => found);
    const asked = exact || random.chance(0.5) ? value : inOtherCase(value);
    // A value path with a sub-attribute is no filter in RFC 7644's grammar.
    const filter = path === WORK_EMAIL && !compatible
      ? `emails[type eq "work" and value eq ${quoted(asked)}]`
      : `${path} eq ${quoted(asked)}`;
    return [{ endpoint: "/Users", filter, ids }];
  };
  const queries = [
    ...by("userName"),
    ...by("externalId", true),
    ...by("displayName"),
    ...by(WORK_EMAIL),
    ...by("title"),
    ...by(`${ENTERPRISE_SCHEMA}:department`),
  ];
  const manager = flat.get(MANAGER);
  if (typeof manager === "string") {
    const path = compatible ? "manager" : `${MANAGER}.value`;
    queries.push({
      endpoint: "/Users",
      filter: `id eq ${quoted(id)} and ${path} eq ${quoted(manager)}`,
      ids: [id],
    });
  }
  const group = random.pickFrom(groups);
  if (group !== undefined) {
    const [groupId, { members }] = group;
    const path = compatible ? "members" : "members.value";
    queries.push({
      endpoint: "/Groups",
      filter: `id eq ${quoted(groupId)} and ${path} eq ${quoted(id)}`,
      ids: members.has(id) ? [groupId] : [],
    });
  }
  return queries;
}

/** Queries that name one group: by its names, and for those who are in it. */
export function groupQueries(expected: Expectation, id: string): Query[] {
  const group = expected.groups.get(id);
  if (group === undefined) return [];
  const { displayName, externalId } = group;
  const queries: Query[] = [{
    endpoint: "/Groups",
    filter: `displayName eq ${quoted(inOtherCase(displayName))}`,
    ids: [id],
  }, {
    endpoint: "/Users",
    filter: `groups.value eq ${quoted(id)}`,
    ids: [...expected.users.keys()].filter((user) =>
      groupsOf(expected, user).has(id)
    ),
  }];
  if (externalId !== undefined) {
    queries.push({
      endpoint: "/Groups",
      filter: `externalId eq ${quoted(externalId)}`,
      ids: [id],
    });
  }
  return queries;
}

/** The name of a user who is gone finds nobody, or whoever has it now. */
export function goneUserQuery({ users }: Expectation, { name }: Gone): Query {
  const heirs = [...users].filter(([, flat]) =>
    folded(String(flat.get("userName"))) === folded(name)
  );
  return {
    endpoint: "/Users",
    filter: `userName eq ${quoted(name)}`,
    ids: heirs.map(([id]) => id),
  };
}

/** The name of a group that is gone finds nothing, or whichever has it now. */
export function goneGroupQuery({ groups }: Expectation, { name }: Gone): Query {
  const heirs = [...groups].filter(([, { displayName }]) =>
    folded(displayName) === folded(name)
  );
  return {
    endpoint: "/Groups",
    filter: `displayName eq ${quoted(name)}`,
    ids: heirs.map(([id]) => id),
  };
}

/** The groups that a user is in, itself or by way of others. */
export function groupsOf(
  { groups }: Expectation,
  user: string,
): Map<string, "direct" | "indirect"> {
  const found = new Map<string, "direct" | "indirect">();
  let level = [user];
  for (let depth = 0; level.length > 0; depth++) {
    const next: string[] = [];
    for (const [group, { members }] of groups) {
      if (found.has(group) || !level.some((inner) => members.has(inner))) {
        continue;
      }
      next.push(group);
    }
    next.forEach((group) =>
      found.set(group, depth === 0 ? "direct" : "indirect")
    );
    level = next;
  }
  return found;
}

/** The same text in other letters, if that makes no difference to a comparison. */
function inOtherCase(text: string): string {
  const swapped = swapCase(text);
  return folded(swapped) === folded(text) ? swapped : text;
}
