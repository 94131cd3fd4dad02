import assert from "node:assert/strict";
import { FilterSyntaxError, Lexer } from "../../../domain/filter/lexer.ts";

function tokens(text: string): string[] {
  const lexer = new Lexer(text);
  const found: string[] = [];
  for (let token = lexer.next(); token.kind !== "end"; token = lexer.next()) {
    found.push(
      token.kind === token.text ? token.kind : `${token.kind} ${token.text}`,
    );
  }
  return found;
}

for (
  const [text, expected] of [
    ["", []],
    [" \t\r\n", []],
    ["userName eq 1", ["word userName", "word eq", "word 1"]],
    ["a[b]", ["word a", "[", "word b", "]"]],
    ["not(a)", ["word not", "(", "word a", ")"]],
    ['eq"x"', ["word eq", 'string "x"']],
    ['"a b" "(["', ['string "a b"', 'string "(["']],
    [String.raw`"a\"b"`, [String.raw`string "a\"b"`]],
    [String.raw`"a\\" b`, [String.raw`string "a\\"`, "word b"]],
    ['"line\nbreak"', ['string "line\nbreak"']],
    ["a[b eq 1].c", [
      "word a",
      "[",
      "word b",
      "word eq",
      "word 1",
      "]",
      "word .c",
    ]],
    ["'x'", ["word 'x'"]],
    ["ä€😀", ["word ä€😀"]],
  ] as const
) {
  Deno.test(`Lexer splits ${JSON.stringify(text)}`, () => {
    assert.deepEqual(tokens(text), expected);
  });
}

Deno.test("Lexer gives the place of each token", () => {
  const lexer = new Lexer("  ab (");
  assert.deepEqual(lexer.next(), {
    kind: "word",
    text: "ab",
    start: 2,
    end: 4,
  });
  assert.deepEqual(lexer.next(), { kind: "(", text: "(", start: 5, end: 6 });
});

Deno.test("Lexer repeats the end", () => {
  const lexer = new Lexer("a");
  lexer.next();
  assert.equal(lexer.next().kind, "end");
  assert.equal(lexer.next().kind, "end");
});

for (const text of ['a "b', String.raw`a "b\"`, 'a "', String.raw`a "\\\"`]) {
  Deno.test(`Lexer says where the open string of ${text} begins`, () => {
    assert.throws(
      () => tokens(text),
      (error) =>
        error instanceof FilterSyntaxError && error.position === 3 &&
        error.hint.includes("close it with a quotation mark"),
    );
  });
}

Deno.test("Lexer does not look behind a place where reading stops", () => {
  const lexer = new Lexer('a "never closed');
  assert.equal(lexer.next().text, "a");
});
