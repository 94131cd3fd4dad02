/** User attributes by path, as the mapping tables of Entra ID and Okta name them. @module */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";

export const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const ENTERPRISE_SCHEMA =
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

export const WORK_EMAIL = 'emails[type eq "work"].value';
export const WORK_EMAIL_PRIMARY = 'emails[type eq "work"].primary';
export const MANAGER = `${ENTERPRISE_SCHEMA}:manager`;

const ADDRESS = 'addresses[type eq "work"]';

/** Entra's default mapping and the rest of its target list, without userName. */
export const TEXT_ATTRIBUTES = [
  "displayName",
  "nickName",
  "title",
  "userType",
  "preferredLanguage",
  "locale",
  "timezone",
  "name.givenName",
  "name.familyName",
  "name.formatted",
  "name.honorificPrefix",
  WORK_EMAIL,
  'emails[type eq "other"].value',
  `${ADDRESS}.formatted`,
  `${ADDRESS}.streetAddress`,
  `${ADDRESS}.locality`,
  `${ADDRESS}.region`,
  `${ADDRESS}.postalCode`,
  `${ADDRESS}.country`,
  'addresses[type eq "other"].formatted',
  'phoneNumbers[type eq "work"].value',
  'phoneNumbers[type eq "mobile"].value',
  'phoneNumbers[type eq "fax"].value',
  'roles[primary eq "True"].value',
  `${ENTERPRISE_SCHEMA}:employeeNumber`,
  `${ENTERPRISE_SCHEMA}:department`,
  `${ENTERPRISE_SCHEMA}:costCenter`,
  `${ENTERPRISE_SCHEMA}:organization`,
  `${ENTERPRISE_SCHEMA}:division`,
] as const;

/** Values by attribute path, such as `emails[type eq "work"].value`. */
export type FlatUser = Map<string, JsonValue>;

/** Parts of an attribute path. */
export interface Path {
  /** The URI of an extension. */
  readonly uri?: string;
  readonly name: string;
  /** What chooses the value of a multi-valued attribute. */
  readonly chosenBy?: {
    readonly name: "type" | "primary";
    readonly value: string;
  };
  readonly sub?: string;
}

/** Reads a path of the mapping. */
export function readPath(path: string): Path {
  const extended = /^(urn:.+):(\w+)$/.exec(path);
  if (extended !== null) {
    const [, uri = "", name = ""] = extended;
    return { uri, name };
  }
  const chosen = /^(\w+)\[(type|primary) eq "([^"]*)"\]\.(\w+)$/.exec(path);
  if (chosen !== null) {
    const [, name = "", by, value = "", sub = ""] = chosen;
    return {
      name,
      sub,
      chosenBy: { name: by === "type" ? "type" : "primary", value },
    };
  }
  const [name = "", sub] = path.split(".");
  return sub === undefined ? { name } : { name, sub };
}

/** The part of a path that chooses a value: `emails[type eq "work"]`. */
export function elementPath(path: string): string {
  return path.slice(0, path.indexOf("]") + 1);
}

/** A user in SCIM's form, without `schemas`. The manager is an object. */
export function nest(flat: ReadonlyMap<string, JsonValue>): JsonObject {
  const user: JsonObject = {};
  const elements = new Map<string, JsonObject>();
  for (const [path, value] of flat) {
    const { uri, name, chosenBy, sub } = readPath(path);
    if (uri !== undefined) {
      objectIn(user, uri)[name] = path === MANAGER ? { value } : value;
    } else if (sub === undefined) user[name] = value;
    else if (chosenBy === undefined) objectIn(user, name)[sub] = value;
    else {
      const key = elementPath(path);
      let element = elements.get(key);
      if (element === undefined) {
        element = {
          [chosenBy.name]: chosenBy.name === "primary" ? true : chosenBy.value,
        };
        elements.set(key, element);
        const list = user[name];
        user[name] = [...(Array.isArray(list) ? list : []), element];
      }
      element[sub] = value;
    }
  }
  return user;
}

/**
 * The values of a user as a server shows it, by path: everything but `schemas`,
 * `id`, `meta` and `groups`, and of a manager the id.
 */
export function flatten(user: JsonObject): FlatUser {
  const flat: FlatUser = new Map();
  for (const [name, value] of Object.entries(user)) {
    if (["schemas", "id", "meta", "groups"].includes(name)) continue;
    if (Array.isArray(value)) flattenList(flat, name, value);
    else if (!isJsonObject(value)) flat.set(name, value);
    else if (!name.startsWith("urn:")) {
      for (const [sub, item] of Object.entries(value)) {
        flat.set(`${name}.${sub}`, item);
      }
    } else {
      for (const [sub, item] of Object.entries(value)) {
        const isManager = sub === "manager" && isJsonObject(item);
        flat.set(`${name}:${sub}`, isManager ? item["value"] ?? null : item);
      }
    }
  }
  return flat;
}

function flattenList(
  flat: FlatUser,
  name: string,
  values: readonly JsonValue[],
): void {
  const seen = new Set<string>();
  for (const [index, value] of values.entries()) {
    if (!isJsonObject(value)) {
      flat.set(`${name}[${index}]`, value);
      continue;
    }
    const { type, ...typed } = value;
    const { primary: _, ...untyped } = typed;
    const hasType = typeof type === "string";
    const chosen = hasType
      ? `${name}[type eq "${type}"]`
      : `${name}[primary eq "True"]`;
    // A second value of a type is no value of the mapping; it shows up as a difference.
    const key = seen.has(chosen) ? `${chosen}#${index}` : chosen;
    seen.add(chosen);
    for (const [sub, item] of Object.entries(hasType ? typed : untyped)) {
      flat.set(`${key}.${sub}`, item);
    }
  }
}

function objectIn(holder: JsonObject, name: string): JsonObject {
  const present = holder[name];
  if (isJsonObject(present)) return present;
  const created: JsonObject = {};
  holder[name] = created;
  return created;
}
