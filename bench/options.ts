/**
 * What the benchmark is told on its command line.
 * @module
 */

import { parseArgs } from "node:util";

/** What to measure and how long. */
export interface Options {
  /** How many users can be members; a tenth as many are there beside them. */
  readonly users: number;
  /** How many members the largest group has, no more than `users`. */
  readonly members: number;
  /** How often each figure is measured. */
  readonly runs: number;
  /** How long each measurement takes. */
  readonly seconds: number;
  readonly concurrency: readonly number[];
  /** The names of the rows to measure; empty: all. */
  readonly only: readonly string[];
  /** A folder where the loaded stores stay for the next time. */
  readonly store: string | undefined;
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
}

/** How the options are written. */
export const USAGE = `deno task bench [options]
  --users N          users to load (100000)
  --members N        members of the largest group (as many as users)
  --runs N           how often each figure is measured (3)
  --seconds N        how long each measurement takes (1)
  --concurrency A,B  requests under way at once (1,16,64)
  --only NAME,NAME   these rows only
  --store FOLDER     keep the loaded stores here, or use those that are here
  --json FILE        write the figures as JSON`;

/**
 * Reads the command line.
 *
 * @returns undefined when help is asked for
 * @throws {TypeError} for an option that is not known
 * @throws {RangeError} for a value that makes no sense
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean" },
      users: text,
      members: text,
      runs: text,
      seconds: text,
      concurrency: text,
      only: text,
      store: text,
      json: text,
    },
  });
  if (values.help) return undefined;
  const users = number("users", values.users ?? "100000", 100);
  return {
    users,
    members: Math.min(
      users,
      number("members", values.members ?? String(users), 1),
    ),
    runs: number("runs", values.runs ?? "3", 1),
    seconds: number("seconds", values.seconds ?? "1", 0.05),
    concurrency: list(values.concurrency ?? "1,16,64")
      .map((each) => number("concurrency", each, 1)),
    only: list(values.only ?? ""),
    store: values.store,
    json: values.json,
  };
}

function list(text: string): string[] {
  return text.split(",").filter((each) => each !== "");
}

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least) {
    throw new RangeError(
      `Option --${name} is "${text}"; it must be a number of at least ${least}`,
    );
  }
  return value;
}
