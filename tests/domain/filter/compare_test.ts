import assert from "node:assert/strict";
import {
  COMPARISON_OPERATORS,
  type ComparisonOperator,
  type Literal,
} from "../../../domain/filter/ast.ts";
import {
  type Comparator,
  compileComparison,
  readBoolean,
} from "../../../domain/filter/compare.ts";
import type { JsonValue } from "../../../domain/json.ts";
import type { ResourceType } from "../../../domain/schema/compile.ts";
import { attributeOf, DEVICE, GROUP, refuses, USER } from "../fixtures.ts";

function comparator(
  path: string,
  operator: ComparisonOperator,
  value: Literal,
  { type = DEVICE, booleanStrings = false, unquoted = false }: {
    type?: ResourceType;
    booleanStrings?: boolean;
    unquoted?: boolean;
  } = {},
): Comparator {
  const comparison = {
    kind: "comparison" as const,
    path: { name: path },
    operator,
    value,
    ...(unquoted ? { unquoted: true as const } : {}),
    position: 7,
  };
  return compileComparison(attributeOf(type, path), comparison, booleanStrings);
}

const DEFINED: Readonly<Record<string, readonly string[]>> = {
  label: COMPARISON_OPERATORS,
  manual: COMPARISON_OPERATORS,
  firmware: ["eq", "ne", "co", "sw", "ew"],
  price: ["eq", "ne", "gt", "ge", "lt", "le"],
  ports: ["eq", "ne", "gt", "ge", "lt", "le"],
  bought: ["eq", "ne", "gt", "ge", "lt", "le"],
  online: ["eq", "ne"],
};
const LITERALS: Readonly<Record<string, Literal>> = {
  label: "x",
  manual: "x",
  firmware: "QQ==",
  price: 1.5,
  ports: 1,
  bought: "2024-05-06T07:08:09Z",
  online: true,
};

for (const [path, operators] of Object.entries(DEFINED)) {
  const { type } = attributeOf(DEVICE, path);
  const literal = LITERALS[path] ?? null;
  for (const operator of COMPARISON_OPERATORS) {
    const isDefined = operators.includes(operator);
    Deno.test(`compileComparison() ${isDefined ? "takes" : "refuses"} ${operator} for ${type}`, () => {
      const compile = () => comparator(path, operator, literal);
      if (isDefined) compile();
      else {
        refuses(
          compile,
          400,
          "invalidFilter",
          "Filter position 7",
          `"${path}"`,
          "use eq, ne",
        );
      }
    });
  }
}

for (
  const [path, value, wanted] of [
    ["label", 1, 'a string in quotation marks ("…"), not with a number'],
    ["label", true, "not with a boolean"],
    ["manual", false, "a string in quotation marks"],
    ["firmware", 1, "a string in quotation marks"],
    ["price", "1", "a number, not with a string"],
    ["ports", true, "a number, not with a boolean"],
    ["bought", "yesterday", 'a dateTime like "2026-01-31T08:00:00Z"'],
    ["bought", 1, "a dateTime like"],
    ["online", "true", "true or false, not with a string"],
    ["online", 0, "true or false, not with a number"],
  ] as const
) {
  Deno.test(`compileComparison() refuses ${JSON.stringify(value)} for ${path}`, () => {
    refuses(() => comparator(path, "eq", value), 400, "invalidFilter", wanted);
  });
}

for (const operator of COMPARISON_OPERATORS) {
  Deno.test(`compileComparison() leaves "${operator} null" to others`, () => {
    refuses(
      () => comparator("label", operator, null),
      400,
      "invalidFilter",
      "pr",
    );
  });
}

Deno.test("compileComparison() refuses a complex attribute", () => {
  refuses(
    () => comparator("site", "eq", "x"),
    400,
    "invalidFilter",
    "compare a sub-attribute",
  );
});

for (
  const [path, operator, literal, value, expected] of [
    ["label", "eq", "ROUTER", "router", true],
    ["label", "lt", "\u{1f600}", "\u{ff5e}", true],
    ["serialNumber", "eq", "a", "A", false],
    ["price", "eq", 0, -0, true],
    ["price", "gt", -1e308, 1e308, true],
    ["price", "lt", 5e-324, 0, true],
    ["ports", "ge", 3, 3, true],
    [
      "bought",
      "eq",
      "2024-05-06T07:08:09Z",
      "2024-05-06T09:08:09.000+02:00",
      true,
    ],
    [
      "bought",
      "gt",
      "2024-05-06T07:08:09Z",
      "2024-05-06T07:08:09.0000001Z",
      true,
    ],
    ["online", "ne", true, false, true],
    // Values of another type than the attribute has match nothing.
    ["label", "ne", "x", 1, false],
    ["price", "ne", 1, "2", false],
    ["bought", "ne", "2024-05-06T07:08:09Z", "never", false],
    ["bought", "ne", "2024-05-06T07:08:09Z", 5, false],
  ] as const
) {
  Deno.test(`compileComparison(): ${JSON.stringify(value)} ${operator} ${JSON.stringify(literal)} is ${expected} for ${path}`, () => {
    assert.equal(comparator(path, operator, literal).matches(value), expected);
  });
}

Deno.test("compileComparison() gives the literal in comparable form", () => {
  assert.equal(comparator("label", "eq", "ROUTER").operand, "router");
  assert.equal(comparator("serialNumber", "eq", "S1").operand, "S1");
  assert.equal(comparator("ports", "eq", 1).operand, 1);
});

const GROUP_URL = "https://example.com/api/scim/v2/Groups/g1";

for (
  const [literal, expected] of [
    [GROUP_URL, true],
    ["https://example.com/Groups/g1", true],
    ["/Groups/g1", true],
    ["Groups/g1", true],
    ["https://example.com/v3/Groups/g1/", true],
    ["https://example.com/v2/Groups/g1?x=y#z", true],
    ["https://example.com/v2/Groups/G1", false],
    ["https://example.com/v2/Users/g1", false],
    ["g1", false],
  ] as const
) {
  Deno.test(`compileComparison(): ${literal} ${expected ? "is" : "is not"} the resource of ${GROUP_URL}`, () => {
    assert.equal(
      comparator("groups.$ref", "eq", literal, { type: USER }).matches(
        GROUP_URL,
      ),
      expected,
    );
    assert.equal(
      comparator("groups.$ref", "ne", literal, { type: USER }).matches(
        GROUP_URL,
      ),
      !expected,
    );
  });
}

for (
  const [operator, literal] of [
    ["co", "example.com/api"],
    ["sw", "https://example.com/api/"],
    ["ew", "v2/Groups/g1"],
  ] as const
) {
  Deno.test(`compileComparison(): ${operator} compares a "$ref" as it is written`, () => {
    assert.equal(
      comparator("members.$ref", operator, literal, { type: GROUP }).matches(
        GROUP_URL,
      ),
      true,
    );
    assert.equal(
      comparator("members.$ref", operator, "x" + literal, { type: GROUP })
        .matches(GROUP_URL),
      false,
    );
  });
}

Deno.test("compileComparison() compares a URL of the outer world exactly", () => {
  const { matches } = comparator("manual", "eq", "https://example.com/v1/m/1");
  assert.equal(matches("https://example.com/v2/m/1"), false);
});

for (const word of ["True", "FALSE", "true", "fAlSe"]) {
  Deno.test(`compileComparison() reads "${word}" as a boolean if asked to`, () => {
    const options = { booleanStrings: true };
    const { operand } = comparator("online", "eq", word, options);
    assert.equal(operand, word.toLowerCase() === "true");
  });
}

Deno.test("compileComparison() refuses other words for a boolean even then", () => {
  refuses(
    () => comparator("online", "eq", "yes", { booleanStrings: true }),
    400,
    "invalidFilter",
    "true or false",
  );
});

Deno.test("compileComparison() takes an unquoted id for a string", () => {
  const options = { unquoted: true };
  assert.equal(
    comparator("label", "eq", "a1-b2", options).matches("A1-B2"),
    true,
  );
});

for (const word of ["True", "undefined", "router"]) {
  Deno.test(`compileComparison() refuses the unquoted word ${word} for a string`, () => {
    refuses(
      () => comparator("label", "eq", word, { unquoted: true }),
      400,
      "invalidFilter",
      "put strings in quotation marks",
    );
  });
}

const BOOLEANS: readonly (readonly [JsonValue, JsonValue])[] = [
  ["True", true],
  ["false", false],
  ["yes", "yes"],
  [" true", " true"],
  [1, 1],
  [null, null],
  [true, true],
];

for (const [value, expected] of BOOLEANS) {
  Deno.test(`readBoolean() of ${JSON.stringify(value)} is ${JSON.stringify(expected)}`, () => {
    assert.equal(readBoolean(value), expected);
  });
}
