/**
 * What the measuring client is told to do, and what it tells afterwards; both
 * travel as one line of JSON.
 * @module
 */

import type { WireRequest } from "./http.ts";
import type { Latencies } from "./statistics.ts";

/** What is noted of each answer beside its status and its time. */
export type Note =
  /** Nothing. */
  | "none"
  /** The id of the resource in it, by the number of the request. */
  | "id"
  /** How often `"value":` stands in it: the number of members of a group. */
  | "values"
  /** The body itself. */
  | "body"
  /** How long each took. */
  | "times";

/** Requests to send over some connections that stay open. */
export interface Plan {
  readonly port: number;
  readonly token: string;
  readonly requests: readonly WireRequest[];
  /** How many requests are under way at once, each on a connection of its own. */
  readonly concurrency: number;
  /** When to stop, in seconds; null: when every request was sent once. */
  readonly seconds: number | null;
  /** Whether the requests begin anew when all were sent; else that is the end. */
  readonly repeats: boolean;
  readonly note: Note;
}

/** What came of a plan. Times are in milliseconds. */
export interface Outcome {
  readonly answers: number;
  readonly perSecond: number;
  readonly latency: Latencies;
  readonly firstByte: Latencies;
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** How many connections ended before the answer did. */
  readonly broken: number;
  /** The mean length of a body, in bytes. */
  readonly size: number;
  /** By the number of the request; null where there was no id or no answer. */
  readonly ids: readonly (string | null)[];
  /** How many answers had which number of values. */
  readonly values: Readonly<Record<string, number>>;
  readonly bodies: readonly string[];
  /** How long each answer took, in the order in which they came. */
  readonly times: readonly number[];
  /** The beginning of the first body with a status of 400 or above. */
  readonly complaint: string | undefined;
}
