/**
 * Runs the exchanges of one file and says how each came out.
 * @module
 */

import type { JsonValue } from "../../domain/json.ts";
import { checkAnswer } from "./check.ts";
import type { Exchange } from "./exchange.ts";
import type { Outcome } from "./outcome.ts";
import { buildRequest, rootOf, type Target } from "./request.ts";
import { type Variables, variablesIn } from "./substitute.ts";
import type { Send, WireAnswer, WireRequest } from "./transport.ts";

/** What a run needs besides the exchanges. */
export interface RunOptions extends Target {
  readonly send: Send;
  /** The supplied variables; `token` is the valid credential. */
  readonly variables: Variables;
}

/**
 * Runs exchanges in turn; consecutive ones of one `parallel_group` go out at
 * the same time. A failure does not stop the run: an exchange that needs a
 * value which was not captured is skipped.
 *
 * @returns One outcome for each exchange, in their order.
 */
export async function runFile(
  exchanges: readonly Exchange[],
  options: RunOptions,
): Promise<Outcome[]> {
  const variables = new Map(options.variables);
  const capturedBy = new Map(
    exchanges.flatMap((exchange) =>
      Object.keys(exchange.capture ?? {}).map((name) => [name, exchange.name])
    ),
  );
  const outcomes: Outcome[] = [];
  for (const batch of batches(exchanges)) {
    outcomes.push(
      ...await Promise.all(batch.map(async (exchange): Promise<Outcome> => {
        const skipped = (reason: string): Outcome => (
          { kind: "skipped", subject: exchange, variables, reason }
        );
        const root = rootOf(exchange, options);
        if (root === undefined) {
          return skipped("no OAuth issuer is known (--issuer)");
        }
        const missing = missingVariable(exchange, variables);
        if (missing !== undefined) {
          return skipped(whyMissing(missing, capturedBy.get(missing)));
        }
        const request = buildRequest(exchange, variables, root);
        if (typeof request === "string") return skipped(request);
        return await sendAndCheck(exchange, request, variables, options);
      })),
    );
  }
  return outcomes;
}

/** Joins consecutive exchanges of one parallel group. */
function batches(exchanges: readonly Exchange[]): Exchange[][] {
  const found: Exchange[][] = [];
  for (const exchange of exchanges) {
    const last = found.at(-1);
    const group = exchange.parallel_group;
    if (group !== undefined && last?.[0]?.parallel_group === group) {
      last.push(exchange);
    } else found.push([exchange]);
  }
  return found;
}

async function sendAndCheck(
  exchange: Exchange,
  request: WireRequest,
  variables: Map<string, JsonValue>,
  { send }: RunOptions,
): Promise<Outcome> {
  const subject = exchange;
  let answer: WireAnswer;
  try {
    answer = await send(request);
  } catch (error) {
    const mismatches = [`no answer: ${error}`];
    return { kind: "failed", subject, variables, request, mismatches };
  }
  const mismatches = [...checkAnswer(exchange, answer, variables)];
  return mismatches.length === 0
    ? { kind: "passed", subject, variables }
    : { kind: "failed", subject, variables, request, answer, mismatches };
}

function missingVariable(
  { request, expect, capture }: Exchange,
  variables: Variables,
): string | undefined {
  const needsToken = request.auth === undefined &&
    request.endpoint === undefined;
  const needed = variablesIn([
    request,
    needsToken ? "{{token}}" : "",
    expect.headers_must,
    withoutProse(expect.body_must),
  ]);
  const own = Object.keys(capture ?? {});
  return [...needed].find((name) =>
    !variables.has(name) && !own.includes(name)
  );
}

function withoutProse(
  expectations: Record<string, JsonValue> = {},
): JsonValue[] {
  return Object.entries(expectations)
    .filter(([key]) => !key.startsWith("#"))
    .map(([, expected]) => expected);
}

function whyMissing(name: string, source: string | undefined): string {
  return source === undefined
    ? `variable "${name}" was not supplied (--var ${name}=…)`
    : `variable "${name}" was not captured by "${source}"`;
}
