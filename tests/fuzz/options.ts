/**
 * The fuzzer's options.
 * @module
 */

import { parseArgs } from "node:util";

/** How to call the fuzzer. */
export const USAGE = `Usage: deno task fuzz [options]

  --requests N         how many requests are sent (200000)
  --minutes M          go on for so long, whatever --requests says
  --seed N             repeat the choices of an earlier run
  --store memory|path  keep the store in memory (default) or in a file
  --lanes N            how many requests are on their way at once (8)`;

/** What the caller asked for. */
export interface FuzzOptions {
  readonly requests: number;
  readonly minutes: number | undefined;
  readonly seed: number | undefined;
  readonly store: "memory" | "path";
  readonly lanes: number;
}

/** Reads the command line; undefined when it is not understood. */
export function parseFuzzOptions(
  args: readonly string[],
): FuzzOptions | undefined {
  const values = parsed(args);
  if (values === undefined) return undefined;
  const requests = positive(values["requests"] ?? "200000");
  const lanes = positive(values["lanes"] ?? "8");
  const { store = "memory" } = values;
  const minutes = optional(values["minutes"], positive);
  const seed = optional(values["seed"], natural);
  if (requests === undefined || lanes === undefined) return undefined;
  if (minutes === null || seed === null) return undefined;
  if (store !== "memory" && store !== "path") return undefined;
  return { requests, minutes, seed, store, lanes };
}

function parsed(
  args: readonly string[],
): Partial<Record<string, string>> | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        requests: { type: "string" },
        minutes: { type: "string" },
        seed: { type: "string" },
        store: { type: "string" },
        lanes: { type: "string" },
      },
    });
    return values;
  } catch {
    return undefined;
  }
}

/** null: it is there, and wrong. */
function optional(
  text: string | undefined,
  read: (text: string) => number | undefined,
): number | null | undefined {
  return text === undefined ? undefined : read(text) ?? null;
}

function positive(text: string): number | undefined {
  const number = natural(text);
  return number === 0 ? undefined : number;
}

function natural(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}
