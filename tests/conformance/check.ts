/**
 * Comparing an answer with the expectations of an exchange.
 * @module
 */

import type { JsonValue } from "../../domain/json.ts";
import type { Exchange } from "./exchange.ts";
import { findMismatches } from "./matchers.ts";
import { resolvePointer } from "./pointer.ts";
import { substituteJson, variablesIn } from "./substitute.ts";
import type { WireAnswer } from "./transport.ts";

/**
 * Yields a line for each thing that is not as expected.
 *
 * @param variables Gets what the exchange captures. Captures come before
 * comparisons, so that an expectation can compare two places of one answer,
 * such as Location and meta.location.
 */
export function* checkAnswer(
  { expect, capture = {} }: Exchange,
  answer: WireAnswer,
  variables: Map<string, JsonValue>,
): Generator<string> {
  const { status, headers_must = {}, body_must = {} } = expect;
  if (!status.includes(answer.status)) {
    yield `status: expected ${status.join(" or ")}, got ${answer.status}`;
  }
  const { document, problem } = parseBody(answer.body);
  if (problem === undefined) {
    for (const [name, pointer] of Object.entries(capture)) {
      const value = resolvePointer(document, pointer);
      if (value !== undefined) variables.set(name, value);
      else yield `${pointer}: nothing to capture as ${name}`;
    }
  }
  for (const [name, expected] of Object.entries(headers_must)) {
    const actual = answer.headers.get(name.toLowerCase());
    yield* compare(expected, actual, name, variables);
  }
  if (problem !== undefined) {
    const readsBody = Object.keys({ ...body_must, ...capture }).length > 0;
    if (readsBody) yield problem;
    return;
  }
  for (const [pointer, expected] of Object.entries(body_must)) {
    if (pointer.startsWith("#")) continue;
    const actual = resolvePointer(document, pointer);
    const at = pointer === "" ? "body" : pointer;
    yield* compare(expected, actual, at, variables);
  }
}

function compare(
  expected: JsonValue,
  actual: JsonValue | undefined,
  at: string,
  variables: ReadonlyMap<string, JsonValue>,
): string[] {
  // What this very answer failed to provide has been reported as not captured.
  const isKnown = [...variablesIn(expected)].every((name) =>
    variables.has(name)
  );
  return isKnown
    ? findMismatches(substituteJson(expected, variables), actual, at)
    : [];
}

/** An empty body is no document, which is not a problem in itself. */
function parseBody(body: string): { document?: JsonValue; problem?: string } {
  if (body === "") return {};
  try {
    return { document: JSON.parse(body) };
  } catch {
    return { problem: "body: expected JSON, got something else" };
  }
}
