/**
 * The whole key space on one page.
 *
 * Everything that belongs to a tenant starts with `"t", tenant`. Parts are short
 * because the bytes of the keys of one commit are limited to 80 KiB.
 *
 * | key after `"t", tenant` | value | what for |
 * |---|---|---|
 * | `r` type id | resource record | the resource; its versionstamp is the version |
 * | `u` type attribute text | id | one resource at most has the value |
 * | `i` type attribute text id | 0 | resources in the order of a value |
 * | `n` type bucket | KvU64 | how many resources have an id that begins so |
 * | `m` group generation member | name of the member's type | membership, downwards |
 * | `of` member group generation | name of the group's type | membership, upwards |
 * | `mv` group | KvU64 (sum) | how often the members have changed |
 * | `mm` group | KvU64 (max) | when they last changed, in ms |
 * | `nested` | true | some group was once a member of a group |
 * | `settings` | tenant settings | what every write has seen |
 * | `schema` uri | schema | a schema that was added |
 * | `type` name | resource type | a resource type that was added |
 * | `log` commit versionstamp | change record | every write, in commit order |
 *
 * | other keys | value | what for |
 * |---|---|---|
 * | `tenant` id | tenant record | which tenants there are |
 * | `tok` hash | token record | a bearer token, found by the hash of its secret |
 * | `tokid` id | hashes | the live secrets of a token |
 * | `tokuse` id | KvU64 (max) | when a token was last used, in ms |
 * | `job` id | job | work that a crash must not cut off |
 * | `meta` name | | format version, epoch, hash of the admin secret, secret of the cursors, an import that is not done |
 * @module
 */

import { compareText } from "../domain/text.ts";
import { hashOf } from "./hashes.ts";

/** Comes after every text: a part that is a number follows all that are strings. */
const LAST = 0n;

/** How much of a value stands in a key, in UTF-16 units. */
const MAX_TEXT = 128;

/** How much of a value is sure to stand in a key that was cut between characters. */
const MAX_BOUND = MAX_TEXT - 1;

/** A resource. */
export function resourceKey(
  tenant: string,
  type: string,
  id: string,
): Deno.KvKey {
  return ["t", tenant, "r", type, textPart(id)];
}

/** All resources of a tenant, type by type. */
export function allResourcesPrefix(tenant: string): Deno.KvKey {
  return ["t", tenant, "r"];
}

/** All resources of a type, in the order of their ids. */
export function resourcePrefix(tenant: string, type: string): Deno.KvKey {
  return ["t", tenant, "r", type];
}

/** The owner of a unique value. */
export function uniqueKey(
  tenant: string,
  type: string,
  attribute: string,
  text: string,
): Deno.KvKey {
  return ["t", tenant, "u", type, attribute, textPart(text)];
}

/** All unique values of an attribute. */
export function uniquePrefix(
  tenant: string,
  type: string,
  attribute: string,
): Deno.KvKey {
  return ["t", tenant, "u", type, attribute];
}

/** A resource under a value that several may share. */
export function indexKey(
  tenant: string,
  type: string,
  attribute: string,
  text: string,
  id: string,
): Deno.KvKey {
  return ["t", tenant, "i", type, attribute, textPart(text), id];
}

/** All resources under one value. */
export function indexValuePrefix(
  tenant: string,
  type: string,
  attribute: string,
  text: string,
): Deno.KvKey {
  return ["t", tenant, "i", type, attribute, textPart(text)];
}

/** All values of an indexed attribute. */
export function indexPrefix(
  tenant: string,
  type: string,
  attribute: string,
): Deno.KvKey {
  return ["t", tenant, "i", type, attribute];
}

/** The counter of the resources whose ids begin with two hexadecimal digits. */
export function countKey(
  tenant: string,
  type: string,
  bucket: string,
): Deno.KvKey {
  return ["t", tenant, "n", type, bucket];
}

/** All counters of a type. */
export function countPrefix(tenant: string, type: string): Deno.KvKey {
  return ["t", tenant, "n", type];
}

/** A membership, seen from the group. */
export function memberKey(
  tenant: string,
  group: string,
  generation: string,
  member: string,
): Deno.KvKey {
  return ["t", tenant, "m", group, generation, textPart(member)];
}

/** All members of a group in one generation. */
export function memberPrefix(
  tenant: string,
  group: string,
  generation: string,
): Deno.KvKey {
  return ["t", tenant, "m", group, generation];
}

/** All memberships seen from the groups, of any generation. */
export function allMembersPrefix(tenant: string): Deno.KvKey {
  return ["t", tenant, "m"];
}

/** A membership, seen from the member. */
export function memberOfKey(
  tenant: string,
  member: string,
  group: string,
  generation: string,
): Deno.KvKey {
  return ["t", tenant, "of", textPart(member), group, generation];
}

/** All groups of one member, of any generation. */
export function memberOfPrefix(tenant: string, member: string): Deno.KvKey {
  return ["t", tenant, "of", textPart(member)];
}

/** All memberships seen from the members, in the order of their ids. */
export function allMemberOfPrefix(tenant: string): Deno.KvKey {
  return ["t", tenant, "of"];
}

/** How often the members of a group have changed. */
export function membershipVersionKey(
  tenant: string,
  group: string,
): Deno.KvKey {
  return ["t", tenant, "mv", textPart(group)];
}

/** How often the members of each group have changed. */
export function allMembershipVersionsPrefix(tenant: string): Deno.KvKey {
  return ["t", tenant, "mv"];
}

/** When the members of a group last changed. */
export function membershipModifiedKey(
  tenant: string,
  group: string,
): Deno.KvKey {
  return ["t", tenant, "mm", textPart(group)];
}

/** Whether some group was ever a member of another. */
export function nestedKey(tenant: string): Deno.KvKey {
  return ["t", tenant, "nested"];
}

/** The settings of a tenant. */
export function settingsKey(tenant: string): Deno.KvKey {
  return ["t", textPart(tenant), "settings"];
}

/** A schema that was added. */
export function schemaKey(tenant: string, uri: string): Deno.KvKey {
  return ["t", tenant, "schema", textPart(uri)];
}

/** All schemas that were added. */
export function schemaPrefix(tenant: string): Deno.KvKey {
  return ["t", textPart(tenant), "schema"];
}

/** A resource type that was added. */
export function resourceTypeKey(tenant: string, name: string): Deno.KvKey {
  return ["t", tenant, "type", textPart(name)];
}

/** All resource types that were added. */
export function resourceTypePrefix(tenant: string): Deno.KvKey {
  return ["t", textPart(tenant), "type"];
}

/** The change log of a tenant, in commit order. */
export function logPrefix(tenant: string): Deno.KvKey {
  return ["t", tenant, "log"];
}

/** All that belongs to a tenant but for its record. */
export function allOfTenantPrefix(tenant: string): Deno.KvKey {
  return ["t", textPart(tenant)];
}

/** All that belongs to tenants but for their records. */
export const TENANTS_PREFIX: Deno.KvKey = ["t"];

/** A record of the change log. */
export function logKey(tenant: string, position: string): Deno.KvKey {
  return ["t", tenant, "log", position];
}

/** A tenant. */
export function tenantKey(tenant: string): Deno.KvKey {
  return ["tenant", textPart(tenant)];
}

/** All tenants. */
export const TENANT_PREFIX: Deno.KvKey = ["tenant"];

/** A token by the hash of a secret. */
export function tokenKey(hash: string): Deno.KvKey {
  return ["tok", hash];
}

/** All tokens by the hashes of their secrets. */
export const TOKEN_PREFIX: Deno.KvKey = ["tok"];

/** A token by its id. */
export function tokenIdKey(id: string): Deno.KvKey {
  return ["tokid", textPart(id)];
}

/** All tokens by id. */
export const TOKEN_ID_PREFIX: Deno.KvKey = ["tokid"];

/** When a token was last used. */
export function tokenUseKey(id: string): Deno.KvKey {
  return ["tokuse", id];
}

/** When tokens were last used. */
export const TOKEN_USE_PREFIX: Deno.KvKey = ["tokuse"];

/** A job. */
export function jobKey(id: string): Deno.KvKey {
  return ["job", id];
}

/** All jobs. */
export const JOB_PREFIX: Deno.KvKey = ["job"];

/** A fact about the store itself. */
export function metaKey(
  name: "format" | "epoch" | "adminSecret" | "cursorSecret" | "importing",
): Deno.KvKey {
  return ["meta", name];
}

/**
 * A value, or an id that a client sent, as it stands in a key. A long one is cut
 * and marked with its hash, so that keys stay small and equal keys mean equal
 * values. No id of ours is that long, so that a long one is never found.
 */
export function textPart(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  return `${cut(text, MAX_TEXT)}\u0000${hashOf(text)}`;
}

/** Whether a value was cut: its place among the keys is not its own then. */
export function isCut(part: string): boolean {
  return part.length > MAX_TEXT;
}

/** Keys from `start` on, up to but without `end`. */
export interface KeyRange {
  readonly start: Deno.KvKey;
  readonly end: Deno.KvKey;
}

/** All keys that begin with some parts. */
export function allBelow(prefix: Deno.KvKey): KeyRange {
  return { start: prefix, end: [...prefix, LAST] };
}

/** The least key that comes after one that ends with a text. */
export function justBehind(key: Deno.KvKey): Deno.KvKey {
  return [...key.slice(0, -1), `${String(key.at(-1))}\u0000`];
}

/**
 * The keys of the values that begin like this one as far as keys are sure to
 * hold them, so that they may stand in another order than the values. Takes a
 * value or its part of a key.
 *
 * @returns undefined for a value so short that keys hold it as a whole
 */
export function rangeAlike(
  prefix: Deno.KvKey,
  text: string,
): KeyRange | undefined {
  if (text.length < MAX_BOUND) return undefined;
  const from = bound(text);
  return {
    start: [...prefix, from],
    end: [...prefix, successor(from) ?? LAST],
  };
}

/** A stretch of values. Texts are in comparable form. */
export interface TextRange {
  readonly prefix?: string;
  readonly atLeast?: string;
  readonly atMost?: string;
}

/**
 * The keys below `prefix` whose first part lies in a range; a few neighbours may
 * be among them where values were cut.
 */
export function rangeSelector(
  prefix: Deno.KvKey,
  range: TextRange,
): KeyRange {
  const lower = [range.prefix, range.atLeast].filter((t) => t !== undefined)
    .map(bound);
  const upper = [range.prefix, range.atMost].filter((t) => t !== undefined)
    .map((text) => successor(bound(text))).filter((t) => t !== undefined);
  const [from = ""] = lower.sort(compareText).reverse();
  const [to] = upper.sort(compareText);
  if (to === undefined) {
    return { start: [...prefix, from], end: [...prefix, LAST] };
  }
  const isEmpty = compareText(from, to) > 0;
  return { start: [...prefix, from], end: [...prefix, isEmpty ? from : to] };
}

/** Whether a prefix stands in keys as a whole, so that ranges of it are exact. */
export function isExactPrefix(prefix: string): boolean {
  return prefix.length <= MAX_BOUND;
}

/** The keys of the resources with ids from `first` to `last`, both included. */
export function idRange(
  prefix: Deno.KvKey,
  first: string,
  last: string,
): KeyRange {
  return {
    start: [...prefix, first],
    end: [...prefix, successor(last) ?? LAST],
  };
}

/** As much of a text as every key of a value that begins with it begins with. */
function bound(text: string): string {
  return cut(text, MAX_BOUND);
}

/** The least text that comes after every text which begins with this one. */
function successor(text: string): string | undefined {
  const characters = [...text];
  for (;;) {
    const last = characters.pop()?.codePointAt(0);
    if (last === undefined) return undefined;
    if (last === 0x10ffff) continue;
    // No text holds surrogates on their own.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return characters.join("") + String.fromCodePoint(next);
  }
}

/** Cuts between characters, never within a surrogate pair. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  const splits = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splits ? length - 1 : length);
}
