/**
 * The change log: who changed what, in the order of the commits.
 * @module
 */

import {
  isJsonObject,
  jsonEquals,
  type JsonObject,
  type JsonValue,
  own,
} from "../domain/json.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import { attributeOf, type ResourceType } from "../domain/schema/compile.ts";
import type { Change } from "./change.ts";
import { decode, encode, fits } from "./codec.ts";
import { logPrefix } from "./keys.ts";
import type { Store } from "./store.ts";

/** What a write was. */
export type Operation = "create" | "replace" | "patch" | "delete" | "note";

/** An attribute that a write changed. */
export interface AttributeChange {
  readonly path: string;
  readonly from?: JsonValue;
  readonly to?: JsonValue;
}

/** One record of the change log. Never holds a password: none is ever stored. */
export interface LogRecord {
  /** When, in ISO 8601. */
  readonly at: string;
  /** The id of the token, or `admin`. */
  readonly actor: string;
  readonly operation: Operation;
  readonly resourceType: string;
  readonly id: string;
  readonly changes: readonly AttributeChange[];
  /** Members added and removed, the first hundreds of each. */
  readonly members?: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
  };
  /** What the client sent and no schema knows. */
  readonly ignored?: readonly string[];
}

/** A record with its place in the log. */
export interface LoggedRecord extends LogRecord {
  /** The versionstamp of the commit; later ones are greater. */
  readonly position: string;
}

/** How many ids of members one record lists. */
export const MAX_LOGGED_MEMBERS = 500;

/** Adds a record to a commit. One commit takes one record only. */
export function appendLog(
  change: Change,
  store: Store,
  tenant: string,
  record: LogRecord,
): void {
  const { members: _, ignored: __, ...short } = {
    ...record,
    changes: record.changes.map(({ path }) => ({ path })),
  };
  const value = [record, { ...record, changes: short.changes }, short]
    .values().map(encode).find(fits);
  // What is left then are names of attributes, of which no schema has that many.
  if (value === undefined) throw new RangeError("Cannot log so large a change");
  change.set([...logPrefix(tenant), store.kv.commitVersionstamp()], value);
}

/**
 * Reads the log.
 *
 * @param after the position behind which to begin; all if it is undefined
 * @param limit how many records at the most
 */
export async function readLog(
  store: Store,
  tenant: string,
  after: string | undefined,
  limit: number,
): Promise<LoggedRecord[]> {
  const prefix = logPrefix(tenant);
  const entries = await store.listAll(
    after === undefined
      ? { prefix }
      : { prefix, start: [...prefix, `${after}\u0000`] },
    limit,
  );
  return entries.map((entry) => ({
    // The program's own record, written by appendLog above.
    ...(decode(entry.value) as LogRecord),
    position: String(entry.key.at(-1)),
  }));
}

/**
 * Which attributes differ, extension attributes one by one, by path. What no
 * answer shows (`returned: never`) is not told either, only that it has changed.
 */
export function attributeChanges(
  type: ResourceType,
  before: JsonObject,
  after: JsonObject,
): AttributeChange[] {
  const changes: AttributeChange[] = [];
  const compare = (
    attributes: ReadonlyMap<string, Attribute>,
    prefix: string,
    a: JsonObject,
    b: JsonObject,
  ): void => {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const from = own(a, name);
      const to = own(b, name);
      if (jsonEquals(from, to)) continue;
      const extension = type.extensions.get(name.toLowerCase());
      if (prefix === "" && extension !== undefined) {
        compare(
          extension.attributes,
          `${name}:`,
          isJsonObject(from) ? from : {},
          isJsonObject(to) ? to : {},
        );
        continue;
      }
      const path = prefix + name;
      const attribute = attributes.get(name.toLowerCase());
      if (attribute === undefined || isSecret(attribute)) {
        changes.push({ path });
        continue;
      }
      changes.push({
        path,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
    }
  };
  compare(type.attributes, "", before, after);
  return changes;
}

/** Whether no answer shows the attribute that a change is about, or a part of it. */
export function isHiddenPath(type: ResourceType, path: string): boolean {
  const attribute = attributeOf(type, path) ??
    attributeOf(type, `${type.schema}:${path}`);
  return attribute !== undefined && isSecret(attribute);
}

/** Whether no answer shows an attribute, or a part of it. */
function isSecret({ returned, subAttributes }: Attribute): boolean {
  return returned === "never" ||
    subAttributes.values().some((sub) => sub.returned === "never");
}
