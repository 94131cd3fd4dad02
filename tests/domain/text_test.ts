import assert from "node:assert/strict";
import fc from "fast-check";
import {
  clip,
  comparable,
  compareText,
  foldCase,
  nearest,
} from "../../domain/text.ts";
import { holds } from "./property.ts";

for (
  const [a, b, why] of [
    ["ADA", "ada", "plain letters"],
    ["ＡＤＡ", "ada", "full-width letters"],
    ["Ärger", "A\u0308RGER", "composed and decomposed letters"],
    ["ΟΔΟΣ", "οδος", "the final sigma"],
    ["ΟΔΟΣ", "οδοσ", "the regular sigma"],
    ["ﬁn", "FIN", "ligatures"],
    ["K", "k", "the kelvin sign"],
  ] as const
) {
  Deno.test(`foldCase() makes ${why} equal`, () => {
    assert.equal(foldCase(a), foldCase(b));
  });
}

for (
  const [a, b] of [["ada", "adb"], ["ä", "a"], ["ß", "s"], ["ı", "i"], [
    "a",
    "a ",
  ]] as const
) {
  Deno.test(`foldCase() keeps "${a}" and "${b}" apart`, () => {
    assert.notEqual(foldCase(a), foldCase(b));
  });
}

Deno.test("foldCase() changes no folded character again", () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const folded = foldCase(String.fromCodePoint(code));
    assert.equal(foldCase(folded), folded, `U+${code.toString(16)}`);
  }
});

Deno.test("foldCase() of a Greek prefix is a prefix of the folded word", () => {
  assert.ok(foldCase("ΟΔΟΣ ΑΒΓ").startsWith(foldCase("ΟΔΟΣ")));
});

Deno.test("comparable() folds only for attributes that ignore case", () => {
  assert.equal(comparable("Ada", false), "ada");
  assert.equal(comparable("Ada", true), "Ada");
});

Deno.test("comparable() keeps the exact characters of a case-exact value", () => {
  assert.equal(comparable("A\u0308", true), "A\u0308");
});

for (
  const [a, b] of [
    ["", "a"],
    ["a", "b"],
    ["a", "aa"],
    ["Z", "a"],
    ["\u{ff5e}", "\u{1f600}"],
    ["\u{e000}", "\u{10000}"],
    ["\u{d7ff}", "\u{e000}"],
    ["\u{1f600}", "\u{1f601}"],
    ["a\u{fffd}", "a\u{10000}"],
  ] as const
) {
  Deno.test(`compareText() puts ${JSON.stringify(a)} before ${JSON.stringify(b)}`, () => {
    assert.ok(compareText(a, b) < 0);
    assert.ok(compareText(b, a) > 0);
  });
}

Deno.test("compareText() orders as the bytes of UTF-8 do", () => {
  const encoder = new TextEncoder();
  const text = fc.string({ unit: "binary", maxLength: 6 });
  holds(
    fc.property(text, text, (a, b) => {
      const left = encoder.encode(a);
      const right = encoder.encode(b);
      let expected = left.length - right.length;
      for (let i = 0; i < Math.min(left.length, right.length); i++) {
        const difference = (left[i] ?? 0) - (right[i] ?? 0);
        if (difference !== 0) {
          expected = difference;
          break;
        }
      }
      assert.equal(Math.sign(compareText(a, b)), Math.sign(expected));
    }),
    1_000,
  );
});

for (
  const [name, expected] of [
    ["emial", "emails"],
    ["USERNAME", "userName"],
    ["usrName", "userName"],
    ["dispalyName", "displayName"],
    ["x", undefined],
    ["completelyDifferent", undefined],
    ["", undefined],
  ] as const
) {
  Deno.test(`nearest() finds ${expected ?? "nothing"} for "${name}"`, () => {
    const candidates = ["userName", "emails", "displayName"];
    assert.equal(nearest(name, candidates), expected);
  });
}

Deno.test("nearest() counts two letters in the wrong order as one edit", () => {
  assert.equal(nearest("qe", ["gt", "eq"]), "eq");
});

Deno.test("nearest() does not measure a very long name against short ones", () => {
  const start = performance.now();
  nearest("x".repeat(1_000_000), ["userName", "emails"]);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("clip() leaves a short text as it is", () => {
  assert.equal(clip("ada"), "ada");
});

Deno.test("clip() cuts a long text and shows that it did", () => {
  assert.equal(clip("abcdef", 3), "abc…");
});
