/**
 * The measuring client, a process of its own: reads plans from its input, a line
 * each, and writes what came of them.
 *
 * It must not be what is measured: requests are bytes that were made before the
 * clock starts, and answers are read no further than to their end.
 * @module
 */

import { AnswerReader, requestBytes } from "./http.ts";
import type { Outcome, Plan } from "./plan.ts";
import { summarise } from "./statistics.ts";

/** How much of a body that says what was wrong is passed on. */
const MAX_COMPLAINT = 300;

/** Carries a plan out. */
export async function carryOut(plan: Plan): Promise<Outcome> {
  const { note, concurrency, repeats } = plan;
  const readsBody = note !== "none" && note !== "times";
  const requests = plan.requests.map((each) => requestBytes(each, plan.token));
  const latencies: number[] = [];
  const firstBytes: number[] = [];
  const statuses: Record<string, number> = {};
  const values: Record<string, number> = {};
  const ids: (string | null)[] = note === "id" ? requests.map(() => null) : [];
  const bodies: string[] = [];
  let complaint: string | undefined;
  let broken = 0;
  let bytes = 0;
  let next = 0;
  const begun = performance.now();
  const end = plan.seconds === null ? Infinity : begun + plan.seconds * 1_000;

  const takeNext = (): number | undefined => {
    if (performance.now() >= end) return undefined;
    if (next === requests.length && repeats) next = 0;
    return next < requests.length ? next++ : undefined;
  };
  const exchange = async (
    connection: Deno.TcpConn,
    reader: AnswerReader,
    index: number,
  ): Promise<void> => {
    const sent = performance.now();
    await writeAll(connection, requests[index] ?? new Uint8Array());
    const answer = await reader.read(readsBody);
    const { status, body = "" } = answer;
    latencies.push(performance.now() - sent);
    firstBytes.push(answer.firstByte - sent);
    statuses[status] = (statuses[status] ?? 0) + 1;
    bytes += answer.size;
    if (status >= 400) complaint ??= body.slice(0, MAX_COMPLAINT);
    if (note === "id") ids[index] = /"id":"([^"]+)"/.exec(body)?.[1] ?? null;
    if (note === "body") bodies.push(body);
    if (note === "values" && status === 200) {
      const count = body.split('"value":').length - 1;
      values[count] = (values[count] ?? 0) + 1;
    }
  };
  const work = async (): Promise<void> => {
    for (;;) {
      using connection = await Deno.connect({ port: plan.port });
      connection.setNoDelay();
      const reader = new AnswerReader(connection);
      try {
        for (let i = takeNext(); i !== undefined; i = takeNext()) {
          await exchange(connection, reader, i);
        }
        return;
      } catch (error) {
        if (error instanceof SyntaxError) throw error;
        broken++;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const seconds = (performance.now() - begun) / 1_000;
  return {
    answers: latencies.length,
    perSecond: latencies.length / seconds,
    latency: summarise(latencies),
    firstByte: summarise(firstBytes),
    statuses,
    broken,
    size: latencies.length === 0 ? 0 : bytes / latencies.length,
    ids,
    values,
    bodies,
    times: note === "times" ? latencies : [],
    complaint,
  };
}

async function writeAll(
  connection: Deno.TcpConn,
  bytes: Uint8Array,
): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await connection.write(bytes.subarray(sent));
  }
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  let rest: string[] = [];
  for await (
    const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  ) {
    const end = text.indexOf("\n");
    if (end < 0) {
      rest.push(text);
      continue;
    }
    const line = rest.join("") + text.slice(0, end);
    rest = [text.slice(end + 1)];
    const outcome = await carryOut(JSON.parse(line));
    const answer = encoder.encode(`${JSON.stringify(outcome)}\n`);
    for (let sent = 0; sent < answer.length;) {
      sent += await Deno.stdout.write(answer.subarray(sent));
    }
  }
}
