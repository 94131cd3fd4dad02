/**
 * Random filters as trees, whatever the schema.
 * @module
 */

import fc from "fast-check";
import {
  COMPARISON_OPERATORS,
  type Filter,
  type Literal,
} from "../../../domain/filter/ast.ts";
import type { AttributePath } from "../../../domain/path.ts";
import { ENTERPRISE_URI, USER_URI } from "../fixtures.ts";

const name = fc.oneof(
  fc.constantFrom("userName", "not", "and", "or", "pr", "eq", "true", "null"),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9_$-]{0,10}$/),
);
const subAttribute = fc.oneof(
  name,
  fc.constant("$ref"),
  name.map((text) => `$${text}`),
);
const uri = fc.constantFrom(
  USER_URI,
  ENTERPRISE_URI,
  "urn:example:a.b:1.0:X",
  "https://example.com/schema/2.0/thing",
);

/** A path as `parseAttributePath` returns it. */
export const attributePath: fc.Arbitrary<AttributePath> = fc.oneof(
  fc.record({ uri, name, subAttribute }, {
    requiredKeys: ["name"],
    noNullPrototype: true,
  }),
  fc.constant({ uri: "urn:example:schemas:2.0" }),
);

const withoutSub = attributePath.map((path): AttributePath => {
  const { subAttribute: _, ...rest } = path;
  return rest;
});

/** Any literal that JSON has, odd numbers included. */
export const literal: fc.Arbitrary<Literal> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom(
    '"',
    "\\",
    "\u0000",
    "\u2028",
    " and ",
    "]",
    ") or (",
    "\u{10ffff}",
  ),
  fc.constantFrom(0, -0, 1e21, 1e-7, 5e-324, -1.5e300, 0.1, Number.MAX_VALUE),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);

const position = fc.constant(0);

const comparison = (path: fc.Arbitrary<AttributePath>): fc.Arbitrary<Filter> =>
  fc.record({
    kind: fc.constant("comparison" as const),
    path,
    operator: fc.constantFrom(...COMPARISON_OPERATORS),
    value: literal,
    position,
  }, { noNullPrototype: true });

const presence = (path: fc.Arbitrary<AttributePath>): fc.Arbitrary<Filter> =>
  fc.record({ kind: fc.constant("presence" as const), path, position }, {
    noNullPrototype: true,
  });

/** Trees of `and`, `or` and `not` over leaves. */
export function treesOf(leaf: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  return fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4, depthSize: "small", withCrossShrink: true },
      leaf,
      fc.record({
        kind: fc.constantFrom("and" as const, "or" as const),
        operands: fc.array(tie("filter"), { minLength: 2, maxLength: 3 }),
      }, { noNullPrototype: true }),
      fc.record({ kind: fc.constant("not" as const), operand: tie("filter") }, {
        noNullPrototype: true,
      }),
    ),
  })).filter;
}

const simple = fc.oneof(comparison(attributePath), presence(attributePath));

/** A filter of any form; brackets do not nest, by the grammar. */
export const anyFilter: fc.Arbitrary<Filter> = treesOf(fc.oneof(
  simple,
  fc.record({
    kind: fc.constant("valuePath" as const),
    path: withoutSub,
    filter: treesOf(simple),
    position,
  }, { noNullPrototype: true }),
));

/** What a PATCH path may be made of. */
export const patchPathParts = fc.record({
  attribute: withoutSub,
  filter: treesOf(simple),
  subAttribute,
}, { requiredKeys: ["attribute", "filter"], noNullPrototype: true });

/** A filter without positions, for comparison. */
export function withoutPositions(filter: Filter): unknown {
  switch (filter.kind) {
    case "and":
    case "or":
      return {
        kind: filter.kind,
        operands: filter.operands.map(withoutPositions),
      };
    case "not":
      return { kind: filter.kind, operand: withoutPositions(filter.operand) };
    case "valuePath":
      return {
        ...filter,
        filter: withoutPositions(filter.filter),
        position: 0,
      };
    default:
      return { ...filter, position: 0 };
  }
}
