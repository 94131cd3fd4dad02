import assert from "node:assert/strict";
import fc from "fast-check";
import { compareText } from "../../domain/text.ts";
import {
  allBelow,
  idRange,
  indexKey,
  indexPrefix,
  isCut,
  isExactPrefix,
  justBehind,
  memberKey,
  memberOfKey,
  rangeAlike,
  rangeSelector,
  resourceKey,
  settingsKey,
  textPart,
  tokenIdKey,
  uniqueKey,
} from "../../storage/keys.ts";

/** Texts in which ranges go wrong: long ones, and characters at the borders. */
const character = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "\u0000",
    "\u0001",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{1f600}",
    "\u{10ffff}",
  ),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
);
const short = fc.array(character, { minLength: 1, maxLength: 4 });
const stem = fc.constantFrom(1, 124, 125, 126, 127, 128, 129, 300)
  .map((length) => "x".repeat(length));
const text = fc.tuple(fc.oneof(fc.constant(""), stem), short)
  .map(([start, end]) => start + end.join(""));

async function keysOf(
  kv: Deno.Kv,
  selector: Deno.KvListSelector,
): Promise<Deno.KvKey[]> {
  return (await Array.fromAsync(kv.list(selector))).map(({ key }) => key);
}

Deno.test("index keys are in the order of their texts", async () => {
  using kv = await Deno.openKv(":memory:");
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text.filter((t) => t.length <= 127), { maxLength: 12 }),
      fc.uuid(),
      async (texts, tenant) => {
        for (const each of texts) {
          await kv.set(indexKey(tenant, "User", "name", each, "id"), 0);
        }
        const prefix = indexPrefix(tenant, "User", "name");
        const keys = await keysOf(kv, { prefix });
        assert.deepEqual(
          keys.map((key) => key.at(-2)),
          [...texts].sort(compareText),
        );
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("rangeSelector() selects every text that lies in the range", async () => {
  using kv = await Deno.openKv(":memory:");
  const bound = fc.option(text, { nil: undefined });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text, { minLength: 1, maxLength: 12 }),
      bound,
      bound,
      bound,
      fc.uuid(),
      async (texts, prefix, atLeast, atMost, tenant) => {
        for (const each of texts) {
          await kv.set(indexKey(tenant, "User", "name", each, "id"), each);
        }
        const range = {
          ...(prefix === undefined ? {} : { prefix }),
          ...(atLeast === undefined ? {} : { atLeast }),
          ...(atMost === undefined ? {} : { atMost }),
        };
        const selector = rangeSelector(
          indexPrefix(tenant, "User", "name"),
          range,
        );
        const found = await Array.fromAsync(kv.list<string>(selector));
        const selected = new Set(found.map(({ value }) => value));
        const wanted = texts.filter((each) =>
          each.startsWith(prefix ?? "") &&
          (atLeast === undefined || compareText(each, atLeast) >= 0) &&
          (atMost === undefined || compareText(each, atMost) <= 0)
        );
        assert.deepEqual(wanted.filter((each) => !selected.has(each)), []);
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("rangeSelector() of an exact prefix selects nothing else", async () => {
  using kv = await Deno.openKv(":memory:");
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text, { minLength: 1, maxLength: 12 }),
      fc.oneof(fc.nat(8), fc.integer({ min: 122, max: 132 })),
      fc.uuid(),
      async (texts, length, tenant) => {
        const prefix = [...texts[0] ?? ""].slice(0, length).join("");
        fc.pre(prefix !== "" && isExactPrefix(prefix));
        for (const each of texts) {
          await kv.set(indexKey(tenant, "User", "name", each, "id"), each);
        }
        const selector = rangeSelector(
          indexPrefix(tenant, "User", "name"),
          { prefix },
        );
        const found = await Array.fromAsync(kv.list<string>(selector));
        assert.deepEqual(
          found.map(({ value }) => value).sort(),
          texts.filter((each) => each.startsWith(prefix)).sort(),
        );
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("rangeSelector() compares bounds by code point, as the store does", () => {
  const { start, end } = rangeSelector(["p"], {
    atLeast: "\ufffd",
    atMost: "\u{1f600}",
  });
  assert.deepEqual(start, ["p", "\ufffd"]);
  assert.deepEqual(end, ["p", "\u{1f601}"]);
});

Deno.test("rangeSelector() finds texts that were cut before a character beyond U+FFFF", async () => {
  using kv = await Deno.openKv(":memory:");
  const start = "x".repeat(127);
  const text = `${start}\u{1f600}${start}`;
  const prefix = indexPrefix("default", "User", "name");
  await kv.set(indexKey("default", "User", "name", text, "id"), 0);
  const selectors = [{ atLeast: `${start}a${start}` }, { atMost: text }, {
    prefix: `${start}\u{1f600}`,
  }].map((range) => rangeSelector(prefix, range));
  for (const selector of selectors) {
    assert.equal((await keysOf(kv, selector)).length, 1);
  }
});

Deno.test("isExactPrefix() is false for prefixes that cut texts are not sure to have", () => {
  assert.ok(isExactPrefix("x".repeat(127)));
  assert.ok(!isExactPrefix("x".repeat(128)));
});

Deno.test("rangeSelector() of an empty range selects nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["p", "b"], 0);
  const selector = rangeSelector(["p"], { atLeast: "c", atMost: "a" });
  assert.deepEqual(await keysOf(kv, selector), []);
});

Deno.test("textPart() keeps short texts and cuts long ones", () => {
  assert.equal(textPart("a".repeat(128)), "a".repeat(128));
  assert.ok(textPart("a".repeat(129)).length < 180);
});

Deno.test("textPart() tells long texts with one beginning apart", () => {
  const start = "a".repeat(500);
  assert.notEqual(textPart(`${start}b`), textPart(`${start}c`));
});

Deno.test("textPart() never cuts a character in two", () => {
  fc.assert(
    fc.property(text, (each) => {
      assert.ok(textPart(each).isWellFormed());
    }),
  );
});

Deno.test("keys of what a client names stay within the limit of 2,048 bytes", async () => {
  using kv = await Deno.openKv(":memory:");
  const long = "\u{10ffff}".repeat(5_000);
  const keys = [
    resourceKey("default", "User", long),
    uniqueKey("default", "User", "userName", long),
    indexKey("default", "User", "displayName", long, crypto.randomUUID()),
    memberKey("default", crypto.randomUUID(), "0", long),
    memberOfKey("default", long, crypto.randomUUID(), "0"),
    settingsKey(long),
    tokenIdKey(long),
  ];
  for (const key of keys) await kv.get(key);
});

Deno.test("idRange() includes both ends and what lies below them", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const id of ["a", "b", "c", "d"]) await kv.set(["of", id, "group"], 0);
  const keys = await keysOf(kv, idRange(["of"], "b", "c"));
  assert.deepEqual(keys.map((key) => key[1]), ["b", "c"]);
});

Deno.test("rangeAlike() holds every value that may stand in a wrong order with a value", async () => {
  using kv = await Deno.openKv(":memory:");
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(text, { minLength: 2, maxLength: 20 }),
      fc.uuid(),
      async (texts, tenant) => {
        const values = new Map(texts.map((each) => [textPart(each), each]));
        const prefix = indexPrefix(tenant, "User", "name");
        for (const each of texts) {
          await kv.set(indexKey(tenant, "User", "name", each, "id"), 0);
        }
        const keys = await keysOf(kv, { prefix });
        const parts = keys.map((key) => String(key[prefix.length]));
        for (const [index, part] of parts.entries()) {
          const value = values.get(part) ?? "";
          assert.equal(isCut(part), part !== value);
          const wrong = parts.filter((other, place) =>
            Math.sign(compareText(values.get(other) ?? "", value)) !==
              Math.sign(place - index)
          );
          const range = rangeAlike(prefix, value);
          assert.deepEqual(rangeAlike(prefix, part), range);
          const alike = range === undefined
            ? []
            : (await keysOf(kv, range)).map((key) => key[prefix.length]);
          for (const other of wrong) assert.ok(alike.includes(other));
          assert.ok(range === undefined || alike.includes(part));
        }
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("justBehind() comes after a key and before all others", async () => {
  using kv = await Deno.openKv(":memory:");
  const keys = ["a", "a\u0000", "a\u0000b", "aa", "b"].map((id) => ["k", id]);
  for (const key of keys) await kv.set(key, 0);
  for (const [index, key] of keys.entries()) {
    const { end } = allBelow(["k"]);
    assert.deepEqual(
      await keysOf(kv, { start: justBehind(key), end }),
      keys.slice(index + 1),
    );
  }
});
