/**
 * What the tools that work on a store have in common.
 * @module
 */

import { ConfigError, readConfig } from "../config.ts";

/** How long a tool waits for one answer of the store, in milliseconds. */
export const PATIENCE = 30_000;

/**
 * The store that KV_PATH names.
 *
 * @throws {ConfigError} when it is wrong
 */
export function kvPathOf(): string | undefined {
  return readConfig(
    (name) => name === "KV_PATH" ? Deno.env.get(name) : undefined,
    false,
  ).kvPath;
}

/**
 * Runs a tool and ends the program: with what it returns, 0 if that is nothing, or
 * with what was wrong.
 *
 * @param verb completes "Cannot …"
 * @param failed the exit code when it throws
 */
export async function runTool(
  verb: string,
  tool: () => Promise<number | void>,
  failed = 1,
): Promise<never> {
  try {
    Deno.exit(await tool() ?? 0);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    for (const line of message.split("\n")) {
      console.error(`Cannot ${verb}: ${line}`);
    }
    if (error instanceof ConfigError) console.error("KV_PATH names the store");
    Deno.exit(failed);
  }
}

/** A number with commas between the thousands. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
