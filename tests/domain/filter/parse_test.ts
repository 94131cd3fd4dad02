import assert from "node:assert/strict";
import fc from "fast-check";
import type { Filter } from "../../../domain/filter/ast.ts";
import { ScimError } from "../../../domain/errors.ts";
import {
  MAX_FILTER_DEPTH,
  MAX_FILTER_LENGTH,
  parseFilter,
  type ParseOptions,
  parsePatchPath,
} from "../../../domain/filter/parse.ts";
import { refuses } from "../fixtures.ts";
import { holds } from "../property.ts";

/** A short form of a tree, to compare shapes by. */
function shape(filter: Filter): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return `(${filter.operands.map(shape).join(` ${filter.kind} `)})`;
    case "not":
      return `!${shape(filter.operand)}`;
    case "valuePath":
      return `${filter.path.name}[${shape(filter.filter)}]`;
    case "presence":
      return filter.path.name ?? "";
    case "comparison":
      return `${filter.path.name} ${filter.operator} ${filter.value}`;
  }
}

for (
  const [rule, text, expected] of [
    [
      'binds "and" tighter than "or"',
      "a pr or b pr and c pr",
      "(a or (b and c))",
    ],
    [
      'binds "and" tighter on the left',
      "a pr and b pr or c pr",
      "((a and b) or c)",
    ],
    ["lets parentheses group", "(a pr or b pr) and c pr", "((a or b) and c)"],
    ['joins a run of "and"', "a pr and b pr and c pr", "(a and b and c)"],
    ['binds "not" to its group', "not (a pr) and b pr", "(!a and b)"],
    ["nests negations", "not (not (a pr))", "!!a"],
    ["takes not( without a blank", "not(a pr)", "!a"],
    [
      "reads operators in any case",
      "a PR AND b Pr oR NOT (c pR)",
      "((a and b) or !c)",
    ],
    ["takes runs of blanks", " a  eq \t 1\n", "a eq 1"],
    ["reads brackets", "a[b pr and c eq 1]", "a[(b and c eq 1)]"],
    ["joins brackets", "a[b pr] or c[d pr]", "(a[b] or c[d])"],
    ["negates brackets", "not (a[b pr])", "!a[b]"],
    [
      "lets groups stand in brackets",
      "a[(b pr or c pr) and not (d pr)]",
      "a[((b or c) and !d)]",
    ],
    [
      "takes a sub-attribute behind brackets",
      "a[b pr].c eq 1",
      "a[(b and c eq 1)]",
    ],
    [
      "puts that sub-attribute beside an or",
      "a[b pr or d pr].c eq 1",
      "a[((b or d) and c eq 1)]",
    ],
    ["takes presence behind brackets", "a[b pr].c pr", "a[(b and c)]"],
    ["takes not as a name", "not pr", "not"],
    ["takes not as a name with brackets", "not[a pr]", "not[a]"],
    ["takes and and or as names", "and pr and or pr", "(and and or)"],
  ] as const
) {
  Deno.test(`parseFilter() ${rule}`, () => {
    assert.equal(shape(parseFilter(text)), expected);
  });
}

for (
  const [text, value] of [
    ['"x"', "x"],
    ['""', ""],
    [String.raw`"\u00e9\n\"\\\/"`, 'é\n"\\/'],
    [String.raw`"\ud83d\ude00"`, "😀"],
    ["'".replace("'", '"it\'s"'), "it's"],
    ["0", 0],
    ["-0", -0],
    ["1.50", 1.5],
    ["-1e3", -1000],
    ["2E+2", 200],
    ["true", true],
    ["false", false],
    ["null", null],
  ] as const
) {
  Deno.test(`parseFilter() reads the value ${text}`, () => {
    const filter = parseFilter(`a eq ${text}`);
    assert.ok(filter.kind === "comparison");
    assert.ok(Object.is(filter.value, value), String(filter.value));
  });
}

Deno.test("parseFilter() counts positions from 1", () => {
  const filter = parseFilter('a pr and emails[type eq "x"].value eq "y"');
  assert.ok(filter.kind === "and");
  const [first, second] = filter.operands;
  assert.ok(first?.kind === "presence" && second?.kind === "valuePath");
  assert.equal(first.position, 1);
  assert.equal(second.position, 10);
  assert.ok(second.filter.kind === "and");
  assert.deepEqual(
    second.filter.operands.map((term) =>
      term.kind === "comparison" && term.position
    ),
    [17, 30],
  );
});

for (
  const [text, position, ...fragments] of [
    ["", 1, "an expression is missing", 'like userName eq "a"'],
    ["   ", 4, "an expression is missing"],
    ["userName", 9, "a comparison operator is missing", "eq, ne, co"],
    ["userName eq", 12, 'a value is missing after "eq"'],
    [
      "userName qe 1",
      10,
      '"qe" is not a comparison operator',
      'did you mean "eq"?',
    ],
    ["userName matches 1", 10, '"matches" is not', "use one of eq, ne"],
    ["userName = 1", 10, '"=" is not', "use one of eq"],
    [
      "userName eq ada",
      13,
      "what follows is not a value",
      'in quotation marks ("…")',
    ],
    ["userName eq 'ada'", 13, "what follows is not a value"],
    ["active eq True", 11, "what follows is not a value"],
    ["active eq NULL", 11, "what follows is not a value"],
    ["price eq 01", 10, "what follows is not a value"],
    ["price eq .5", 10, "what follows is not a value"],
    ["price eq +1", 10, "what follows is not a value"],
    ["price eq 1e999", 10, "what follows is not a value"],
    ["price eq NaN", 10, "what follows is not a value"],
    ['a eq "x', 6, "the string that begins here has no end"],
    ['a eq "\t"', 6, "that JSON does not allow"],
    [String.raw`a eq "\x"`, 6, "that JSON does not allow"],
    [String.raw`a eq "\u12"`, 6, "that JSON does not allow"],
    [String.raw`a eq "\ud800"`, 6, "half of a surrogate pair"],
    ['a eq"x"', 5, "a blank is missing before the value"],
    ["(a pr)and (b pr)", 7, "a blank is missing before and"],
    ["(a pr) and(b pr)", 11, "a blank is missing before the next expression"],
    ["(a pr", 6, "the parenthesis is not closed"],
    ["a pr)", 5, "what follows is not expected here"],
    ["()", 2, '")" cannot stand here'],
    ["a[b pr", 7, "the bracket is not closed"],
    ["a[]", 3, '"]" cannot stand here'],
    ["a [b pr]", 3, "a blank before the bracket", "like a[…]"],
    ["a[b[c pr]]", 4, "brackets within brackets"],
    ["a.b[c pr]", 4, "a sub-attribute cannot be followed by brackets"],
    ["a[b pr]c eq 1", 8, '"c" cannot follow the bracket', ".value"],
    ["a[b pr].1 eq 1", 8, '".1" cannot follow'],
    ["a[b pr].c.d eq 1", 8, '".c.d" cannot follow'],
    ["a[b pr].c", 10, "a comparison operator is missing"],
    ["a pr b pr", 6, "what follows is not expected here", "join expressions"],
    ["a pr and", 9, "an expression is missing"],
    ["or a pr", 4, '"a" is not a comparison operator'],
    [
      "1a pr",
      1,
      '"1a" is not the name of an attribute',
      "begins with a letter",
    ],
    ["a.b.c pr", 1, '"a.b.c" is not the name'],
    ["emails[0].value pr", 8, '"0" is not the name'],
    ['"a" eq 1', 1, "cannot stand here"],
    ["not a pr", 5, '"a" is not a comparison operator'],
    ["not", 4, "a comparison operator is missing"],
  ] as const
) {
  Deno.test(`parseFilter() refuses ${JSON.stringify(text)}`, () => {
    refuses(
      () => parseFilter(text),
      400,
      "invalidFilter",
      `Filter cannot be read at position ${position}: `,
      ...fragments,
    );
  });
}

Deno.test("parseFilter() says of one letter only what operators there are", () => {
  refuses(() => parseFilter("a x 1"), 400, "invalidFilter", "use one of");
});

Deno.test("parseFilter() reads a filter of the greatest length", () => {
  const rest = MAX_FILTER_LENGTH - 'a eq ""'.length;
  assert.equal(parseFilter(`a eq "${"x".repeat(rest)}"`).kind, "comparison");
});

Deno.test("parseFilter() refuses a filter that is too long", () => {
  const text = "a pr or ".repeat(2_000) + "a pr";
  refuses(
    () => parseFilter(text),
    400,
    "invalidFilter",
    `longer than ${MAX_FILTER_LENGTH}`,
  );
});

for (const [open, close] of [["(", ")"], ["not (", ")"]] as const) {
  Deno.test(`parseFilter() reads ${MAX_FILTER_DEPTH} levels of ${open}${close}`, () => {
    const text = open.repeat(MAX_FILTER_DEPTH) + "a pr" +
      close.repeat(MAX_FILTER_DEPTH);
    parseFilter(text);
  });

  Deno.test(`parseFilter() refuses deeper nesting of ${open}${close}`, () => {
    const text = open.repeat(1_000) + "a pr" + close.repeat(1_000);
    refuses(
      () => parseFilter(text),
      400,
      "invalidFilter",
      `deeper than ${MAX_FILTER_DEPTH} levels`,
    );
  });
}

Deno.test("parseFilter() counts depth, not parentheses", () => {
  const text = Array.from({ length: 200 }, () => "(a pr)").join(" and ");
  assert.equal(parseFilter(text).kind, "and");
});

Deno.test("parseFilter() clips long words in messages", () => {
  const text = `${"x".repeat(5_000)}! pr`;
  assert.throws(
    () => parseFilter(text),
    (error) => error instanceof ScimError && error.message.length < 400,
  );
});

const UNQUOTED: ParseOptions = { unquotedValues: true };

Deno.test("parseFilter() takes an unquoted id behind eq if asked to", () => {
  const filter = parseFilter("externalId eq 9f2b6c1e-2a57-4d0e", UNQUOTED);
  assert.ok(filter.kind === "comparison");
  assert.equal(filter.value, "9f2b6c1e-2a57-4d0e");
  assert.equal(filter.unquoted, true);
});

for (
  const text of ["externalId co a1", "externalId eq 'a1'", "externalId eq a1=b"]
) {
  Deno.test(`parseFilter() refuses ${text} even then`, () => {
    refuses(
      () => parseFilter(text, UNQUOTED),
      400,
      "invalidFilter",
      "is not a value",
    );
  });
}

const QUOTED: ParseOptions = { singleQuotes: true };

Deno.test("parseFilter() takes a filter in single quotation marks if asked to", () => {
  assert.deepEqual(
    shape(parseFilter(` '(userName eq "x")' `, QUOTED)),
    "userName eq x",
  );
});

Deno.test("parseFilter() counts the single quotation mark in positions", () => {
  refuses(
    () => parseFilter("'userName qe 1'", QUOTED),
    400,
    "invalidFilter",
    "position 11",
  );
});

Deno.test("parseFilter() leaves quotation marks within a filter alone", () => {
  const filter = parseFilter(`a eq "'x'"`, QUOTED);
  assert.ok(filter.kind === "comparison");
  assert.equal(filter.value, "'x'");
});

for (
  const [text, expected] of [
    ["userName", { attribute: { name: "userName" } }],
    ["name.givenName", {
      attribute: { name: "name", subAttribute: "givenName" },
    }],
    ["members.$ref", { attribute: { name: "members", subAttribute: "$ref" } }],
    [
      "urn:example:2.0:X:a.b",
      { attribute: { uri: "urn:example:2.0:X", name: "a", subAttribute: "b" } },
    ],
    ["urn:example:2.0", { attribute: { uri: "urn:example:2.0" } }],
    [" userName ", { attribute: { name: "userName" } }],
  ] as const
) {
  Deno.test(`parsePatchPath() reads ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parsePatchPath(text), expected);
  });
}

Deno.test("parsePatchPath() reads a filter and what follows it", () => {
  const path = parsePatchPath('emails[type eq "work"].value');
  assert.equal(path.attribute.name, "emails");
  assert.equal(path.filter?.kind, "comparison");
  assert.equal(path.subAttribute, "value");
});

for (
  const [text, position, ...fragments] of [
    ["", 1],
    [".", 1, "is not the name of an attribute"],
    ["emails[0]", 8, '"0" is not the name'],
    ["emails.0", 1, '"emails.0" is not the name'],
    ["/emails/0", 1],
    ["emails[type eq]", 15, "a value is missing"],
    ['emails[type eq "work"', 22, "the bracket is not closed"],
    ['emails[type eq "work"] .value', 24, "is not expected here"],
    ['emails[type eq "work"]value', 23, "cannot follow the bracket"],
    ['emails[type eq "work"].a.b', 23],
    ["userName eq 1", 10, "is not expected here"],
    ["a, b", 1],
  ] as const
) {
  Deno.test(`parsePatchPath() refuses ${JSON.stringify(text)}`, () => {
    refuses(
      () => parsePatchPath(text),
      400,
      "invalidPath",
      `Path cannot be read at position ${position}: `,
      ...fragments,
    );
  });
}

const PIECES = [
  "userName",
  "emails",
  " eq ",
  " pr",
  " and ",
  " or ",
  "not ",
  "(",
  ")",
  "[",
  "]",
  ".",
  ":",
  "$",
  '"',
  "\\",
  "'",
  "1",
  "true",
  "urn:example:",
  " ",
];
const garbage = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(...PIECES), maxLength: 60 }),
);

for (const options of [{}, { unquotedValues: true, singleQuotes: true }]) {
  for (const parse of [parseFilter, parsePatchPath]) {
    Deno.test(`${parse.name}() reads or refuses any text, options ${JSON.stringify(options)}`, () => {
      holds(
        fc.property(garbage, (text) => {
          try {
            parse(text, options);
          } catch (error) {
            assert.ok(
              error instanceof ScimError && error.status === 400,
              String(error),
            );
          }
        }),
        2_000,
      );
    });
  }
}

for (const piece of [...PIECES, "a pr and ", "not (", '\\"', "' "]) {
  Deno.test(`parseFilter() is done with many of ${JSON.stringify(piece)} in time`, () => {
    const start = performance.now();
    for (const lead of ["", "a eq ", "'", '"']) {
      const text = (lead + piece.repeat(MAX_FILTER_LENGTH)).slice(
        0,
        MAX_FILTER_LENGTH,
      );
      try {
        parseFilter(text, { unquotedValues: true, singleQuotes: true });
      } catch (error) {
        assert.ok(error instanceof ScimError);
      }
    }
    assert.ok(performance.now() - start < 10_000);
  });
}
