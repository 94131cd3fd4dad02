/**
 * A server in the same process, for the runner's own tests.
 * @module
 */

import { type Exchange, parseExchangeFile } from "./exchange.ts";
import type { Send, WireAnswer, WireRequest } from "./transport.ts";

/** What a fake answers, with the defaults of an empty 200. */
export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Makes a transport of a function, and keeps what was sent. */
export function fakeServer(
  answer: (request: WireRequest) => FakeAnswer | Promise<FakeAnswer>,
): { send: Send; sent: WireRequest[] } {
  const sent: WireRequest[] = [];
  const send = async (request: WireRequest): Promise<WireAnswer> => {
    sent.push(request);
    const { status = 200, headers = {}, body } = await answer(request);
    const text = typeof body === "string" ? body : JSON.stringify(body) ?? "";
    return { status, headers: new Map(Object.entries(headers)), body: text };
  };
  return { send, sent };
}

/** The changes that make an exchange of the plainest one. */
export interface ExchangeChange {
  readonly name?: string;
  readonly level?: "must" | "should" | "may";
  readonly request?: Readonly<Record<string, unknown>>;
  readonly expect?: Readonly<Record<string, unknown>>;
  readonly capture?: Readonly<Record<string, string>>;
  readonly parallel_group?: string;
}

/** Exchanges that read `/Users` and expect 200, with changes. */
export function exchanges(...changes: readonly ExchangeChange[]): Exchange[] {
  return parseExchangeFile(changes.map((change, index) => ({
    name: `exchange ${index + 1}`,
    source: "test",
    evidence: "inferred",
    level: "must",
    ...change,
    request: { method: "GET", path: "/Users", ...change.request },
    expect: { status: [200], ...change.expect },
  }))).exchanges;
}
