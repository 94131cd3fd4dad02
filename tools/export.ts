/**
 * Writes the store at KV_PATH as lines of JSON, also while servers use it.
 *
 *     deno task export [--tenant id] > file
 * @module
 */

import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { exportLines } from "../storage/export/export.ts";
import { openKvToRead } from "../storage/kv.ts";
import { Store } from "../storage/store.ts";
import { count, kvPathOf, PATIENCE, runTool } from "./store.ts";

/** How many characters are written at a time. */
const CHUNK = 65_536;

/** Writes lines to standard output, many at a time. */
async function print(lines: AsyncIterable<string>): Promise<number> {
  const writer = Deno.stdout.writable.getWriter();
  const encoder = new TextEncoder();
  let number = 0;
  let text = "";
  for await (const line of lines) {
    number++;
    text += `${line}\n`;
    if (text.length < CHUNK) continue;
    await writer.write(encoder.encode(text));
    text = "";
  }
  await writer.write(encoder.encode(text));
  await writer.close();
  return number;
}

await runTool("export", async () => {
  const { values: { tenant } } = parseArgs({
    args: Deno.args,
    options: { tenant: { type: "string" } },
  });
  const start = performance.now();
  using opened = await openKvToRead(kvPathOf());
  const lines = exportLines(new Store(opened.kv, PATIENCE), {
    tenant,
    program: config.version,
    date: new Date(),
  });
  const number = await print(lines);
  const seconds = (performance.now() - start) / 1000;
  console.error(`Exported ${count(number)} lines in ${seconds.toFixed(1)} s`);
});
