/**
 * What each comparison means for each data type (RFC 7644 table 3).
 * @module
 */

import { compareInstants, parseDateTime } from "../datetime.ts";
import { invalidFilter } from "../errors.ts";
import { describeJson, type JsonValue } from "../json.ts";
import { referenceTarget } from "../reference.ts";
import type { Attribute } from "../schema/attribute.ts";
import { clip, comparable, compareText } from "../text.ts";
import type { Comparison, ComparisonOperator } from "./ast.ts";

/** A comparison with its literal read and checked. */
export interface Comparator {
  /** The literal in comparable form. */
  readonly operand: string | number | boolean;
  /** Whether one value of the attribute passes. */
  matches(value: JsonValue): boolean;
}

const SUBSTRING_OPERATORS: readonly ComparisonOperator[] = ["co", "sw", "ew"];
const ORDER_OPERATORS: readonly ComparisonOperator[] = ["gt", "ge", "lt", "le"];

/**
 * Checks that the attribute's type has the operator and the literal's type, and
 * prepares the comparison. Whether there is a value at all (`eq null`) is not a
 * question about a value; compile.ts answers it.
 *
 * @param booleanStrings read `"True"` as true when the attribute is a boolean
 * @throws {ScimError} 400 invalidFilter that says what would be right
 */
export function compileComparison(
  attribute: Attribute,
  comparison: Comparison,
  booleanStrings: boolean,
): Comparator {
  const { operator, value, position } = comparison;
  const refuse = (problem: string): Error =>
    invalidFilter(`Filter position ${position}: ${problem}`);
  if (value === null) {
    throw refuse(
      `"${operator} null" has no meaning; use "eq null" or "ne null", or pr`,
    );
  }
  switch (attribute.type) {
    case "boolean": {
      const operand = booleanStrings ? readBoolean(value) : value;
      refuseOperators(attribute, operator, refuse, true);
      if (typeof operand !== "boolean") {
        throw refuse(wrongType(attribute, value, "true or false"));
      }
      return {
        operand,
        matches: operator === "eq"
          ? (actual) => actual === operand
          : (actual) => actual !== operand,
      };
    }
    case "decimal":
    case "integer":
      refuseOperators(attribute, operator, refuse, false);
      if (typeof value !== "number") {
        throw refuse(wrongType(attribute, value, "a number"));
      }
      return {
        operand: value,
        matches: (actual) =>
          typeof actual === "number" && inOrder(operator, actual - value),
      };
    case "dateTime": {
      refuseOperators(attribute, operator, refuse, false);
      const operand = typeof value === "string"
        ? parseDateTime(value)
        : undefined;
      if (typeof value !== "string" || operand === undefined) {
        throw refuse(
          wrongType(attribute, value, 'a dateTime like "2026-01-31T08:00:00Z"'),
        );
      }
      return {
        operand: value,
        matches: (actual) => {
          const instant = typeof actual === "string"
            ? parseDateTime(actual)
            : undefined;
          return instant !== undefined &&
            inOrder(operator, compareInstants(instant, operand));
        },
      };
    }
    case "binary":
      if (ORDER_OPERATORS.includes(operator)) {
        throw refuse(
          `"${attribute.path}" is binary and has no order; use eq, ne or pr`,
        );
      }
      return textComparator(attribute, comparison, refuse);
    case "string":
    case "reference":
      return textComparator(attribute, comparison, refuse);
    case "complex":
      throw refuse(`"${attribute.path}" is complex; compare a sub-attribute`);
  }
}

/** `"True"`, `"false"` and so on as the booleans that Entra means by them. */
export function readBoolean(value: JsonValue): JsonValue {
  if (typeof value !== "string") return value;
  switch (value.toLowerCase()) {
    case "true":
      return true;
    case "false":
      return false;
    default:
      return value;
  }
}

function textComparator(
  attribute: Attribute,
  { operator, value, unquoted }: Comparison,
  refuse: (problem: string) => Error,
): Comparator {
  if (typeof value !== "string") {
    throw refuse(
      wrongType(attribute, value, 'a string in quotation marks ("…")'),
    );
  }
  // Only a word that looks like an id is taken without quotation marks, so that
  // a misspelt literal (True, undefined) is not searched for in silence.
  if (unquoted === true && !/[\d@]/.test(value)) {
    throw refuse(
      `"${clip(value)}" is not a value; put strings in quotation marks`,
    );
  }
  const { caseExact } = attribute;
  const namesTarget = operator === "eq" || operator === "ne";
  const normalise = namesTarget && isResourceUri(attribute)
    ? referenceTarget
    : (text: string) => comparable(text, caseExact);
  const operand = normalise(value);
  const test = textTest(operator, operand);
  return {
    operand,
    matches: (actual) => typeof actual === "string" && test(normalise(actual)),
  };
}

function textTest(
  operator: ComparisonOperator,
  operand: string,
): (actual: string) => boolean {
  switch (operator) {
    case "co":
      return (actual) => actual.includes(operand);
    case "sw":
      return (actual) => actual.startsWith(operand);
    case "ew":
      return (actual) => actual.endsWith(operand);
    default:
      return (actual) => inOrder(operator, compareText(actual, operand));
  }
}

/** A `$ref` to a SCIM resource, as opposed to a URL of the outer world. */
function isResourceUri(attribute: Attribute): boolean {
  return attribute.name === "$ref" &&
    attribute.referenceTypes.some((name) =>
      name !== "external" && name !== "uri"
    );
}

function inOrder(operator: ComparisonOperator, difference: number): boolean {
  switch (operator) {
    case "eq":
      return difference === 0;
    case "ne":
      return difference !== 0;
    case "gt":
      return difference > 0;
    case "ge":
      return difference >= 0;
    case "lt":
      return difference < 0;
    case "le":
      return difference <= 0;
    default:
      return false;
  }
}

function refuseOperators(
  attribute: Attribute,
  operator: ComparisonOperator,
  refuse: (problem: string) => Error,
  orderToo: boolean,
): void {
  const refused = orderToo
    ? [...SUBSTRING_OPERATORS, ...ORDER_OPERATORS]
    : SUBSTRING_OPERATORS;
  if (refused.includes(operator)) {
    throw refuse(
      `"${operator}" is not defined for "${attribute.path}", which is of type ` +
        `${attribute.type}; use eq, ne${
          orderToo ? "" : ", gt, ge, lt, le"
        } or pr`,
    );
  }
}

function wrongType(
  attribute: Attribute,
  value: JsonValue,
  wanted: string,
): string {
  return `"${attribute.path}" is of type ${attribute.type}; compare it with ` +
    `${wanted}, not with ${describeJson(value)}`;
}
