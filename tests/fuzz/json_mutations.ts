/**
 * Changes of JSON: what is there goes, comes twice, has another name, another
 * type or another depth. What only a text of JSON can hold (a name twice, a
 * number out of range) is put into the text.
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { URN } from "../routes/harness.ts";
import type { Random } from "./random.ts";
import { textMutation } from "./text_mutations.ts";

/** A string that stands for JSON text, which `jsonText` puts in its place. */
const RAW = "@@raw:";

const NAMES: readonly string[] = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "prototype",
  "schemas",
  "id",
  "meta",
  "value",
  "$ref",
  "members",
  "groups",
  "emails",
  "active",
  "userName",
  "",
  " ",
  "a.b",
  'emails[type eq "work"].value',
  "\ud800",
  "\u0000",
  "x".repeat(4_000),
  URN.enterprise,
  URN.user,
  "urn:nope:2.0:User",
];

const LEAVES: readonly JsonValue[] = [
  null,
  true,
  false,
  "",
  " ",
  "True",
  0,
  -1,
  1.5,
  -0,
  5e-324,
  1.7976931348623157e308,
  9007199254740993,
  [],
  {},
  [null],
  [[]],
  "\ud800",
  "a\udc00b",
  "\u0000",
  "😀",
  "İstanbul ß ﬁ",
  "__proto__",
  "2020-02-30T25:61:00Z",
  "2026-06-01T08:00:00Z",
  "not base64!",
  "x".repeat(3_000),
  "é".repeat(20_000),
  `${RAW}1e400`,
  `${RAW}-1e400`,
  `${RAW}1e-400`,
  `${RAW}123456789012345678901234567890`,
  `${RAW}0.1000000000000000055511151231257827`,
  `${RAW}{"a":1,"a":2}`,
  `${RAW}{"__proto__":{"x":1},"value":"p"}`,
  `${RAW}01`,
  `${RAW}NaN`,
  URN.enterprise,
  "urn:nope:2.0:User",
];

/** JSON with some changes; `ids` are put in, too. */
export function mutateJson(
  random: Random,
  value: JsonValue,
  ids: readonly string[] = [],
): JsonValue {
  let mutated = value;
  for (let i = 0; i < 1 + random.int(3); i++) {
    mutated = changeOne(random, mutated, ids);
  }
  return mutated;
}

/** The text of JSON, with what only a text can hold in its place. */
export function jsonText(random: Random, value: JsonValue): string {
  const text = JSON.stringify(value).replace(
    /"@@raw:((?:[^"\\]|\\.)*)"/g,
    (_, raw: string) => String(JSON.parse(`"${raw}"`)),
  );
  if (random.chance(0.02)) {
    // A member twice, or one too many.
    return text.replace(/\{("[^"]*":)/, `{$1${random.pick(["1", "[]"])},$1`);
  }
  return random.chance(0.02) ? textMutation(random, text) : text;
}

/** One change at one place. */
function changeOne(
  random: Random,
  value: JsonValue,
  ids: readonly string[],
): JsonValue {
  let at = random.int(countNodes(value));
  const visit = (node: JsonValue): JsonValue => {
    if (at-- === 0) return changedNode(random, node, ids);
    if (Array.isArray(node)) return node.map(visit);
    if (!isJsonObject(node)) return node;
    return objectOf(Object.entries(node).map(([k, item]) => [k, visit(item)]));
  };
  return visit(value);
}

function changedNode(
  random: Random,
  node: JsonValue,
  ids: readonly string[],
): JsonValue {
  return random.weighted<() => JsonValue>([
    [4, () => leaf(random, ids)],
    [1, () => [node]],
    [1, () => [node, node]],
    [1, () => ({ value: node })],
    [1, () => random.pick([`${RAW}${nest(random)}`, leaf(random, ids)])],
    [10, () => changedInside(random, node, ids)],
  ])();
}

function changedInside(
  random: Random,
  node: JsonValue,
  ids: readonly string[],
): JsonValue {
  if (Array.isArray(node)) return changedArray(random, node, ids);
  if (isJsonObject(node)) return changedObject(random, node, ids);
  if (typeof node === "string") {
    return random.weighted<() => JsonValue>([
      [3, () => textMutation(random, node)],
      [1, () => node.toUpperCase()],
      [1, () => node === "" ? 0 : Number(node)],
      [2, () => ids.length === 0 ? node : random.pick(ids)],
    ])();
  }
  if (typeof node === "number") return random.pick([-node, node * 1e300, 0]);
  return random.pick<JsonValue>([String(node), 1, node === true]);
}

function changedArray(
  random: Random,
  items: readonly JsonValue[],
  ids: readonly string[],
): JsonValue {
  const at = random.int(items.length + 1);
  return random.weighted<() => JsonValue>([
    [3, () => items.toSpliced(at, 1)],
    [2, () => items.toSpliced(at, 0, leaf(random, ids))],
    [2, () => [...items, ...items]],
    [1, () => items.toReversed()],
    [1, () => items[0] ?? null],
    [
      1,
      () =>
        random.times(
          random.pick([3, 300]),
          () => items[0] ?? leaf(random, ids),
        ),
    ],
  ])();
}

function changedObject(
  random: Random,
  node: JsonObject,
  ids: readonly string[],
): JsonValue {
  const entries = Object.entries(node);
  if (entries.length === 0) return { [random.pick(NAMES)]: leaf(random, ids) };
  const at = random.int(entries.length);
  const [name = "x", item = null] = entries[at] ?? [];
  return random.weighted<() => JsonValue>([
    [4, () => objectOf(entries.toSpliced(at, 1))],
    [2, () => objectOf(entries.with(at, [random.pick(NAMES), item]))],
    [2, () => objectOf(entries.with(at, [name.toUpperCase(), item]))],
    [1, () => objectOf([...entries, [name.toUpperCase(), item]])],
    [2, () => objectOf([...entries, [random.pick(NAMES), leaf(random, ids)]])],
    [1, () => objectOf(entries.toReversed())],
    [1, () =>
      objectOf([
        ...entries,
        ...random.times(200, () => [`extra${random.int(1_000)}`, "x"] as const),
      ])],
  ])();
}

function leaf(random: Random, ids: readonly string[]): JsonValue {
  return ids.length > 0 && random.chance(0.15)
    ? random.pick(ids)
    : random.pick(LEAVES);
}

/** An object with own members only, `__proto__` among them. */
function objectOf(
  entries: readonly (readonly [string, JsonValue])[],
): JsonObject {
  return Object.fromEntries(entries);
}

function nest(random: Random): string {
  const depth = random.pick([5, 62, 63, 64, 65, 1_000, 50_000]);
  return random.pick([
    "[".repeat(depth) + "]".repeat(depth),
    '{"a":'.repeat(depth) + "1" + "}".repeat(depth),
  ]);
}

function countNodes(value: JsonValue): number {
  if (Array.isArray(value)) {
    return value.reduce<number>((sum, item) => sum + countNodes(item), 1);
  }
  if (!isJsonObject(value)) return 1;
  return Object.values(value).reduce<number>(
    (sum, item) => sum + countNodes(item),
    1,
  );
}
