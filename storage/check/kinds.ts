/**
 * All kinds of keys, and who asks about each.
 * @module
 */

import type { Entry } from "../store.ts";
import {
  askMember,
  askMemberOf,
  askMembershipCounter,
  askNested,
} from "./edges.ts";
import { known, type Question, type Rules } from "./question.ts";
import { askIndexKey, askResource, askUniqueKey } from "./resources.ts";
import {
  askJob,
  askMeta,
  askSecret,
  askTenant,
  askToken,
  askUse,
} from "./shared_records.ts";
import { askDefinition, askLog, askSettings } from "./tenant_records.ts";

/** Facts that the store has of itself. */
const FACTS: ReadonlySet<string> = new Set([
  "format",
  "epoch",
  "adminSecret",
  "cursorSecret",
]);

/** Asks about an entry that belongs to no tenant alone. */
export function askShared(entry: Entry, now: Date): Question[] {
  const { key } = entry;
  const [kind, name] = key;
  const isKnown = key.length === 2 && typeof name === "string";
  switch (isKnown ? kind : undefined) {
    case "tenant":
      return askTenant(entry);
    case "tok":
      return askSecret(entry);
    case "tokid":
      return askToken(entry, now);
    case "tokuse":
      return askUse(entry);
    case "job":
      return askJob(entry);
    case "meta":
      return FACTS.has(String(name)) ? askMeta(entry) : [unknownKey(key)];
    default:
      return [unknownKey(key)];
  }
}

/** Asks about a setting, a schema or a resource type of a tenant. */
export function askDefinitions(
  tenant: string,
  entry: Entry,
  now: Date,
): Question[] {
  const [, , kind] = entry.key;
  if (entry.key.length !== (kind === "settings" ? 3 : 4)) return [];
  return kind === "settings"
    ? askSettings({ tenant, now }, entry)
    : askDefinition(tenant, entry);
}

/** A kind of keys of a tenant. */
interface Kind {
  /** How many parts the keys have. */
  readonly parts: number;
  readonly ask: (rules: Rules, entry: Entry) => Question[];
}

/** The kinds by the third part of the keys. */
const KINDS: ReadonlyMap<Deno.KvKeyPart | undefined, Kind> = new Map<
  Deno.KvKeyPart | undefined,
  Kind
>([
  ["r", { parts: 5, ask: askResource }],
  ["u", { parts: 6, ask: askUniqueKey }],
  ["i", { parts: 7, ask: askIndexKey }],
  ["n", { parts: 5, ask: () => [] }],
  ["m", { parts: 6, ask: askMember }],
  ["of", { parts: 6, ask: askMemberOf }],
  ["mv", { parts: 4, ask: askMembershipCounter }],
  ["mm", { parts: 4, ask: askMembershipCounter }],
  ["nested", { parts: 3, ask: askNested }],
  // These three are asked about before all others.
  ["settings", { parts: 3, ask: () => [] }],
  ["schema", { parts: 4, ask: () => [] }],
  ["type", { parts: 4, ask: () => [] }],
  ["log", { parts: 4, ask: (_, entry) => askLog(entry) }],
]);

/** Asks about any other entry of a tenant, by what is in force. */
export function askInTenant(rules: Rules, entry: Entry): Question[] {
  const { key } = entry;
  const kind = KINDS.get(key[2]);
  return kind !== undefined && isWhole(key)
    ? kind.ask(rules, entry)
    : [unknownKey(key)];
}

/** Whether a key of a tenant has the parts that its kind has. */
export function isWhole(key: Deno.KvKey): boolean {
  return KINDS.get(key[2])?.parts === key.length &&
    key.every((part) => typeof part === "string");
}

function unknownKey(key: Deno.KvKey): Question {
  return known({
    kind: "unknownKey",
    key,
    detail: "This version of edge-scim knows no such key",
  });
}
