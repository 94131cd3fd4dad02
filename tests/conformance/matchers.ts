/**
 * What an answer is compared with: literals and matchers.
 * @module
 */

import { z } from "zod";
import {
  isJsonObject,
  jsonEquals,
  type JsonObject,
  type JsonValue,
  own,
} from "../../domain/json.ts";

const json: z.ZodType<JsonValue> = z.json();
const members = z.record(z.string(), json);
const flag = z.literal(true);

const matcherSchema = z.strictObject({
  $present: flag,
  $absent: flag,
  $absentOrNull: flag,
  $empty: flag,
  $nonEmpty: flag,
  $type: z.enum(["string", "number", "boolean", "array", "object"]),
  $length: z.int().min(0),
  $has: json,
  $some: members,
  $none: members,
  $noneNonEmpty: z.strictObject({ type: z.string(), field: z.string() }),
  $oneOf: z.array(json),
  $contains: z.string(),
  $ci: z.string(),
  $gte: z.number(),
  $lte: z.number(),
}).partial();

type Matcher = z.infer<typeof matcherSchema>;

/**
 * Compares a value with what was expected of it.
 *
 * @param expected A matcher object (several keys must all hold), or a literal
 * for deep equality. An object without a matcher key is a literal, since
 * `$ref` is data. Members whose name begins with `#` are prose.
 * @param actual The value found, `undefined` if there is none.
 * @param at Where it was found, for the message: a JSON pointer or a header.
 * @returns One line for each thing that does not hold, for example
 * `/emails/0/value: expected "a", got nothing`.
 */
export function findMismatches(
  expected: JsonValue,
  actual: JsonValue | undefined,
  at: string,
): string[] {
  if (!isMatcher(expected)) {
    return jsonEquals(expected, actual)
      ? []
      : [`${at}: expected ${show(expected)}, got ${show(actual)}`];
  }
  const matcher = matcherSchema.safeParse(withoutProse(expected));
  if (!matcher.success) {
    return [`${at}: malformed matcher: ${z.prettifyError(matcher.error)}`];
  }
  return unmet(matcher.data, actual).map((wanted) =>
    `${at}: expected ${wanted}, got ${show(actual)}`
  );
}

/** Whether a value is what was expected of it. See {@linkcode findMismatches}. */
export function accepts(
  expected: JsonValue,
  actual: JsonValue | undefined,
): boolean {
  return findMismatches(expected, actual, "").length === 0;
}

/** Whether an expectation is a matcher: an object with at least one matcher key. */
export function isMatcher(value: JsonValue): value is JsonObject {
  return isJsonObject(value) &&
    Object.keys(value).some((name) => Object.hasOwn(matcherSchema.shape, name));
}

function withoutProse(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([name]) => !name.startsWith("#")),
  );
}

/** The demands of a matcher that a value does not meet, in words. */
function unmet(matcher: Matcher, actual: JsonValue | undefined): string[] {
  const { $type, $length, $has, $some, $none, $noneNonEmpty } = matcher;
  const { $oneOf, $contains, $ci, $gte, $lte } = matcher;
  const elements = Array.isArray(actual) ? actual : undefined;
  const text = typeof actual === "string" ? actual : undefined;
  const number = typeof actual === "number" ? actual : NaN;

  const found: string[] = [];
  const demand = (holds: boolean | undefined, wanted: string) => {
    if (holds !== true) found.push(wanted);
  };

  if (matcher.$present) demand(actual !== undefined, "a value");
  if (matcher.$absent) demand(actual === undefined, "nothing");
  if (matcher.$absentOrNull) {
    demand(actual === undefined || actual === null, "nothing or null");
  }
  if (matcher.$empty) demand(isEmpty(actual), "an empty value");
  if (matcher.$nonEmpty) demand(!isEmpty(actual), "a non-empty value");
  if ($type !== undefined) demand(typeOf(actual) === $type, `type ${$type}`);
  if ($length !== undefined) {
    demand((elements ?? text)?.length === $length, `length ${$length}`);
  }
  if ($has !== undefined) {
    demand(
      elements?.some((element) => accepts($has, element)),
      `an array that holds ${show($has)}`,
    );
  }
  if ($some !== undefined) {
    demand(
      elements?.some((element) => hasMembers(element, $some)),
      `an element with ${show($some)}`,
    );
  }
  if ($none !== undefined) {
    demand(
      !elements?.some((element) => hasMembers(element, $none)),
      `no element with ${show($none)}`,
    );
  }
  if ($noneNonEmpty !== undefined) {
    const { type, field } = $noneNonEmpty;
    const pattern = { type, [field]: { $nonEmpty: true } };
    demand(
      !elements?.some((element) => hasMembers(element, pattern)),
      `no element of type ${show(type)} with a non-empty ${field}`,
    );
  }
  if ($oneOf !== undefined) {
    demand(
      $oneOf.some((choice) => accepts(choice, actual)),
      `one of ${show($oneOf)}`,
    );
  }
  if ($contains !== undefined) {
    demand(text?.includes($contains), `text with ${show($contains)} in it`);
  }
  if ($ci !== undefined) {
    demand(
      text?.toLowerCase() === $ci.toLowerCase(),
      `${show($ci)} in any case`,
    );
  }
  if ($gte !== undefined) {
    demand(number >= $gte, `a number of at least ${$gte}`);
  }
  if ($lte !== undefined) demand(number <= $lte, `a number of at most ${$lte}`);
  return found;
}

function hasMembers(element: JsonValue, pattern: JsonObject): boolean {
  return isJsonObject(element) &&
    Object.entries(withoutProse(pattern)).every(([name, wanted]) =>
      accepts(wanted, own(element, name))
    );
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function typeOf(value: JsonValue | undefined): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** A value as JSON, cut short enough for one line of a report. */
export function show(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
