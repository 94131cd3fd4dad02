/** PATCH operations in the two dialects of Microsoft Entra ID. @module */

import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { MANAGER, readPath } from "./attributes.ts";
import type { Random } from "./random.ts";

/**
 * The dialect without a flag in the tenant URL, and the one that the flag
 * `aadOptscim062020` switches on.
 */
export type Dialect = "2017" | "aadOptscim062020";

/** A value that differs; undefined stands for none. */
export interface AttributeChange {
  readonly path: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** The operations that bring a user in step. */
export function userOperations(
  dialect: Dialect,
  changes: readonly AttributeChange[],
  random: Random,
): JsonObject[] {
  return dialect === "2017"
    ? changes.map((change) => operation2017(change, random))
    : operations2020(changes, random);
}

/** The operation that sets or removes a manager. */
export function managerOperation(
  dialect: Dialect,
  id: string | undefined,
  random: Random,
): JsonObject {
  const add = random.pick(
    dialect === "2017" ? ["Add", "Replace"] : [
      "add",
      "replace",
    ],
  );
  if (id === undefined) {
    return random.chance(0.5)
      ? { op: dialect === "2017" ? "Remove" : "remove", path: MANAGER }
      : {
        op: dialect === "2017" ? "Replace" : "replace",
        path: MANAGER,
        value: random.chance(0.7) ? "" : null,
      };
  }
  return random.pick<JsonObject>([
    { op: add, path: MANAGER, value: id },
    { op: add, path: MANAGER, value: id },
    {
      op: add,
      path: "manager",
      value: [{ $ref: `http://localhost/scim/Users/${id}`, value: id }],
    },
    { op: add, path: MANAGER, value: { value: id } },
  ]);
}

/** The operation that adds one member to a group. */
export function addMember(dialect: Dialect, id: string): JsonObject {
  return dialect === "2017"
    ? { op: "Add", path: "members", value: [{ $ref: null, value: id }] }
    : { op: "add", path: "members", value: [{ value: id }] };
}

/** The operation that removes one member from a group. */
export function removeMember(dialect: Dialect, id: string): JsonObject {
  return dialect === "2017"
    ? { op: "Remove", path: "members", value: [{ $ref: null, value: id }] }
    : { op: "remove", path: `members[value eq "${id}"]` };
}

function operation2017(
  { path, before, after }: AttributeChange,
  random: Random,
): JsonObject {
  const spelled = asListed(path, random);
  if (after === undefined) {
    return random.pick<JsonObject>([
      { op: "Replace", path: spelled, value: "" },
      { op: "Replace", path: spelled, value: null },
      { op: "Remove", path: spelled },
    ]);
  }
  const isNew = before === undefined || path === "active";
  return {
    op: isNew && random.chance(0.5) ? "Add" : "Replace",
    path: spelled,
    value: after === true ? "True" : after === false ? "False" : after,
  };
}

/** Typed values by path; everything else as keys of one value without a path. */
function operations2020(
  changes: readonly AttributeChange[],
  random: Random,
): JsonObject[] {
  const operations: JsonObject[] = [];
  const flat: JsonObject = {};
  for (const { path, after } of changes) {
    const byPath = path.includes("[") ||
      path === "active" && random.chance(0.5);
    if (!byPath) {
      flat[path] = after ?? random.pick(["", null]);
    } else if (after === undefined && random.chance(0.5)) {
      operations.push({ op: "remove", path });
    } else {
      const value = after ?? random.pick(["", null]);
      operations.push({ op: "replace", path, value });
    }
  }
  if (Object.keys(flat).length > 0) {
    const op = random.chance(0.2) && !clearsSomething(flat) ? "add" : "replace";
    operations.push({ op, value: flat });
  }
  return random.shuffled(operations);
}

function clearsSomething(flat: JsonObject): boolean {
  return Object.values(flat).some((value) => value === "" || value === null);
}

/** Entra's list of target attributes has some sub-attributes in capitals. */
function asListed(path: string, random: Random): string {
  const { name, chosenBy, sub } = readPath(path);
  if (chosenBy?.value !== "other" || sub === undefined || random.chance(0.3)) {
    return path;
  }
  const capital = sub.charAt(0).toUpperCase() + sub.slice(1);
  return `${name}[type eq "other"].${capital}`;
}
