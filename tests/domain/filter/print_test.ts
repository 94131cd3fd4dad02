import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MAX_FILTER_LENGTH,
  parseFilter,
  parsePatchPath,
} from "../../../domain/filter/parse.ts";
import { printFilter, printPatchPath } from "./print.ts";
import { holds } from "../property.ts";
import { anyFilter, patchPathParts, withoutPositions } from "./arbitraries.ts";

for (
  const text of [
    'userName eq "ada"',
    "title pr",
    "price gt -1.5e-7",
    "price eq -0",
    "active eq true",
    "nickName eq null",
    'emails[type eq "work" and value co "@example.com"]',
    "a pr and b pr or c pr",
    "a pr and (b pr or c pr)",
    "(a pr and b pr) and c pr",
    "not (a pr)",
    "not (not (a pr or b pr))",
    'members.$ref sw "https://example.com/"',
    'urn:example:2.0:User:manager.value eq "m"',
    String.raw`title eq "a \"b\" \\ c \n"`,
  ]
) {
  Deno.test(`printFilter() writes what was read: ${text}`, () => {
    assert.equal(printFilter(parseFilter(text)), text);
  });
}

for (
  const [text, expected] of [
    ['  userName   EQ  "x" ', 'userName eq "x"'],
    ["NOT(a PR)", "not (a pr)"],
    ["((a pr))", "a pr"],
    [
      'emails[type eq "work"].value eq "x"',
      'emails[type eq "work" and value eq "x"]',
    ],
    [String.raw`title eq "\u0041\/"`, 'title eq "A/"'],
  ] as const
) {
  Deno.test(`printFilter() gives ${text} its regular form`, () => {
    assert.equal(printFilter(parseFilter(text)), expected);
  });
}

Deno.test("printFilter() leaves a value without quotation marks so", () => {
  const options = { unquotedValues: true };
  const text = "externalId eq a1-b2";
  assert.equal(printFilter(parseFilter(text, options)), text);
});

Deno.test("parseFilter() reads back what printFilter() writes", () => {
  holds(
    fc.property(anyFilter, (filter) => {
      const text = printFilter(filter);
      fc.pre(text.length <= MAX_FILTER_LENGTH);
      assert.deepEqual(
        withoutPositions(parseFilter(text)),
        withoutPositions(filter),
      );
    }),
    1_000,
  );
});

for (
  const text of [
    "members",
    "name.givenName",
    'emails[type eq "work"]',
    'emails[type eq "work" or primary eq true].value',
    "urn:example:2.0:User:visits[value pr].$ref",
  ]
) {
  Deno.test(`printPatchPath() writes what was read: ${text}`, () => {
    assert.equal(printPatchPath(parsePatchPath(text)), text);
  });
}

Deno.test("parsePatchPath() reads back what printPatchPath() writes", () => {
  holds(fc.property(patchPathParts, (path) => {
    const text = printPatchPath(path);
    fc.pre(text.length <= MAX_FILTER_LENGTH);
    const { filter, ...rest } = parsePatchPath(text);
    const { filter: expected, ...others } = path;
    assert.deepEqual(rest, others);
    assert.ok(filter !== undefined);
    assert.deepEqual(withoutPositions(filter), withoutPositions(expected));
  }));
});
