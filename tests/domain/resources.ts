/** Random resources, and random filters that are correct for their schemas. @module */

import fc from "fast-check";
import {
  COMPARISON_OPERATORS,
  type ComparisonOperator,
  type Filter,
  type Literal,
} from "../../domain/filter/ast.ts";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import type { AttributePath } from "../../domain/path.ts";
import type { Attribute } from "../../domain/schema/attribute.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import { treesOf } from "./filter/arbitraries.ts";

// Few texts, so that values and literals meet; each differs from another by
// case, width, composition, order beyond the BMP, or by being part of it.
const TEXTS = [
  "",
  "a",
  "A",
  "ａ",
  "ab",
  "B",
  "b@example.com",
  "example.com",
  "é",
  "e\u0301",
  "ΣΑΣ",
  "σας",
  "İ",
  "\u{e000}",
  "\u{1f600}",
  "\u{ff5e}",
  " ",
  "true",
];
const REFERENCES = [
  "",
  "https://example.com/a",
  "https://example.com/A",
  "a",
  "urn:example:a",
];
const BINARIES = ["", "QQ==", "qq==", "QUJD"];
const NUMBERS = [0, -0, 1, -1, 2, 10];
const DECIMALS = [...NUMBERS, 0.5, -1.5, 1e21, 1e-7, 5e-324];
const INSTANTS = [
  "2024-05-06T07:08:09Z",
  "2024-05-06T09:08:09+02:00",
  "2024-05-06T07:08:09.0000000Z",
  "2024-05-06T07:08:09.1234567Z",
  "2024-05-06T07:08:09.5",
  "2024-05-06T07:08:10Z",
  "1969-12-31T23:59:59.9Z",
];

/** One value of an attribute that is not complex. */
export function simpleValue(
  attribute: Attribute,
): fc.Arbitrary<Exclude<Literal, null>> {
  switch (attribute.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.constantFrom(...NUMBERS);
    case "decimal":
      return fc.constantFrom(...DECIMALS);
    case "dateTime":
      return fc.constantFrom(...INSTANTS);
    case "reference":
      return fc.constantFrom(...REFERENCES);
    case "binary":
      return fc.constantFrom(...BINARIES);
    default:
      return fc.constantFrom(...TEXTS);
  }
}

function anyValue(attribute: Attribute): fc.Arbitrary<JsonValue> {
  const one: fc.Arbitrary<JsonValue> = attribute.type === "complex"
    ? objectOf(attribute.subAttributes)
    : simpleValue(attribute);
  return attribute.multiValued ? fc.array(one, { maxLength: 3 }) : one;
}

function objectOf(
  attributes: ReadonlyMap<string, Attribute>,
): fc.Arbitrary<JsonObject> {
  return objectWith(
    [...attributes.values()].map((attribute) =>
      [attribute.name, anyValue(attribute)] as const
    ),
  );
}

/** An object that has each of the members, or has it not. */
function objectWith(
  members: readonly (readonly [string, fc.Arbitrary<JsonValue>])[],
): fc.Arbitrary<JsonObject> {
  const values = members.map(([_, value]) =>
    fc.option(value, { nil: undefined, freq: 1 })
  );
  return fc.tuple(...values).map((values) => {
    const object: JsonObject = {};
    for (const [index, [name]] of members.entries()) {
      const value = values[index];
      if (value !== undefined) object[name] = value;
    }
    return object;
  });
}

/** A resource as a filter sees it: views, `id` and `meta` included. */
export function anyResource(type: ResourceType): fc.Arbitrary<JsonObject> {
  const extensions = [...type.extensions.values()].map(
    ({ uri, attributes }) => [uri, objectOf(attributes)] as const,
  );
  return fc.tuple(objectOf(type.attributes), objectWith(extensions))
    .map(([core, others]) => ({ ...core, ...others }));
}

/** A filter that the resource type's attributes allow. */
export function anyFilterFor(type: ResourceType): fc.Arbitrary<Filter> {
  const core = [...type.attributes.values()];
  const extensions = [...type.extensions.values()];
  const all = [
    ...core,
    ...extensions.flatMap(({ attributes }) => [...attributes.values()]),
  ].filter((attribute) => attribute.returned !== "never");
  const leaves = all.flatMap((attribute) => [
    ...conditions(attribute, pathOf(attribute, type)),
    ...readable(attribute).flatMap((sub) => conditions(sub, pathOf(sub, type))),
  ]);
  const brackets = all
    .filter(({ multiValued, type }) => multiValued || type === "complex")
    .map((attribute) => bracketsOf(attribute, pathOf(attribute, type)));
  const presence = extensions.map(({ uri }) =>
    fc.constant<Filter>({ kind: "presence", path: splitUri(uri), position: 0 })
  );
  return treesOf(fc.oneof(
    { weight: 4, arbitrary: fc.oneof(...leaves) },
    { weight: 2, arbitrary: fc.oneof(...brackets) },
    ...presence,
  ));
}

function readable(attribute: Attribute): Attribute[] {
  return [...attribute.subAttributes.values()]
    .filter((sub) => sub.returned !== "never");
}

function bracketsOf(
  attribute: Attribute,
  path: fc.Arbitrary<AttributePath>,
): fc.Arbitrary<Filter> {
  const inside = attribute.type === "complex"
    ? readable(attribute).flatMap((sub) =>
      conditions(sub, spelled(sub.name).map((name) => ({ name })))
    )
    : conditions(attribute, fc.constant({ name: "value" }));
  return fc.record({
    kind: fc.constant("valuePath" as const),
    path,
    filter: treesOf(fc.oneof(...inside)),
    position: fc.constant(0),
  });
}

/** Conditions on one attribute: presence, null, and comparisons of its type. */
function conditions(
  attribute: Attribute,
  path: fc.Arbitrary<AttributePath>,
): fc.Arbitrary<Filter>[] {
  const position = fc.constant(0);
  const found: fc.Arbitrary<Filter>[] = [
    fc.record({ kind: fc.constant("presence" as const), path, position }),
    fc.record({
      kind: fc.constant("comparison" as const),
      path,
      operator: fc.constantFrom("eq" as const, "ne" as const),
      value: fc.constant(null),
      position,
    }),
  ];
  const compared = attribute.type !== "complex"
    ? attribute
    : attribute.multiValued
    ? attribute.subAttributes.get("value")
    : undefined;
  // "$ref" of a resource has a rule of its own, which has tests of its own.
  if (compared === undefined || compared.name === "$ref") return found;
  found.push(fc.record({
    kind: fc.constant("comparison" as const),
    path,
    operator: fc.constantFrom(...operatorsOf(compared)),
    value: simpleValue(compared),
    position,
  }));
  return found;
}

function operatorsOf({ type }: Attribute): ComparisonOperator[] {
  const substring = ["co", "sw", "ew"];
  const order = ["gt", "ge", "lt", "le"];
  const refused: string[] = type === "boolean"
    ? [...substring, ...order]
    : type === "binary"
    ? order
    : type === "string" || type === "reference"
    ? []
    : substring;
  return COMPARISON_OPERATORS.filter((operator) => !refused.includes(operator));
}

function pathOf(
  attribute: Attribute,
  type: ResourceType,
): fc.Arbitrary<AttributePath> {
  const { parent, extension } = attribute;
  const names = parent === undefined
    ? spelled(attribute.name).map((name) => ({ name }))
    : fc.tuple(spelled(parent.name), spelled(attribute.name)).map((
      [name, subAttribute],
    ) => ({ name, subAttribute }));
  const qualified = fc.tuple(names, spelled(extension ?? type.schema))
    .map(([names, uri]) => ({ uri, ...names }));
  return extension === undefined ? fc.oneof(names, qualified) : qualified;
}

/** A name in one of several cases. */
function spelled(name: string): fc.Arbitrary<string> {
  return fc.constantFrom(name, name.toUpperCase(), name.toLowerCase());
}

/** A schema URI as the parser of paths splits it. */
function splitUri(uri: string): AttributePath {
  const colon = uri.lastIndexOf(":");
  return { uri: uri.slice(0, colon), name: uri.slice(colon + 1) };
}
