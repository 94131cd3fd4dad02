/**
 * Makes tests of the storage again over KV Connect: each of them opens a new
 * database of the test server where it asks for one in memory.
 *
 * The server runs in a process of its own, so that its connections are not taken
 * for leaks of the tests.
 * @module
 */

import { ITEM_ID } from "../conformance/checklist/checklist.ts";
import { missingPermission } from "../e2e/process.ts";
import { DEFAULTS } from "../storage/fixture.ts";
import { ACCESS_TOKEN } from "./server.ts";

/** The items of the checklist that a test names. */
const ITEMS = new RegExp(`\\b${ITEM_ID} `, "g");

/**
 * How long a KV call may take, in milliseconds: the tests make thousands at once,
 * and all of them go through one connection.
 */
const DEADLINE = 60_000;

/** Starts the server; its origin. */
async function startServer(): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-net=127.0.0.1",
      new URL("./main.ts", import.meta.url).pathname,
    ],
    // It ends when this process does, since its input ends then.
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  if (value === undefined) {
    throw new Error("The KV Connect server did not start");
  }
  return `http://127.0.0.1:${value.trim()}`;
}

/** Puts databases of a server in the place of those in memory. */
function replaceOpenKv(origin: string): void {
  const { openKv } = Deno;
  let count = 0;
  const value: typeof Deno.openKv = (path) =>
    openKv(path === ":memory:" ? `${origin}/test-${count++}` : path);
  Object.defineProperty(Deno, "openKv", { configurable: true, value });
}

/**
 * Leaves tests out, and says so; gives the others names of their own, which claim
 * no item of the checklist a second time.
 *
 * @returns the names of those that were left out
 */
function replaceTest(
  leftOut: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const { test } = Deno;
  const names = new Set<string>();
  const value = new Proxy(test, {
    apply(target, self, [first, ...rest]: unknown[]) {
      const name = String(first);
      const why = leftOut.get(name);
      if (why === undefined) {
        const own = `over KV Connect: ${name.replaceAll(ITEMS, "")}`;
        return Reflect.apply(target, self, [own, ...rest]);
      }
      names.add(name);
      console.log(`"${name}" is left out over KV Connect: ${why}`);
    },
  });
  Object.defineProperty(Deno, "test", { configurable: true, value });
  return names;
}

/**
 * Makes the tests of files again over KV Connect.
 *
 * @param load imports the files
 * @param leftOut names of tests that are not made again, and why
 * @throws {Error} when one of those names is that of no test
 */
export async function overKvConnect(
  load: () => Promise<void>,
  leftOut: ReadonlyMap<string, string>,
): Promise<void> {
  const reason = await missingPermission();
  if (reason !== undefined) {
    console.log(`the tests over KV Connect are left out: ${reason}`);
    return;
  }
  DEFAULTS.deadline = DEADLINE;
  Deno.env.set("DENO_KV_ACCESS_TOKEN", ACCESS_TOKEN);
  replaceOpenKv(await startServer());
  const met = replaceTest(leftOut);
  await load();
  for (const name of leftOut.keys()) {
    if (!met.has(name)) throw new Error(`There is no test "${name}"`);
  }
}
