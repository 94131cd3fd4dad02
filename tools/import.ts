/**
 * Fills the store at KV_PATH from an export.
 *
 *     deno task import [--replace] [--tenant id] < file
 *
 * What comes in is kept in a temporary file until all of it has been looked at, so
 * that a damaged export changes nothing.
 * @module
 */

import { parseArgs } from "node:util";
import { importLines } from "../storage/export/import.ts";
import { linesOf } from "../storage/export/lines.ts";
import { openKv } from "../storage/kv.ts";
import { Store } from "../storage/store.ts";
import { count, kvPathOf, PATIENCE, runTool } from "./store.ts";

/** How many bytes are read at a time. */
const CHUNK = 65_536;

/** Keeps what a stream holds in a file that only this user can read. */
async function spool(stream: ReadableStream<Uint8Array>): Promise<Deno.FsFile> {
  const path = await Deno.makeTempFile({ prefix: "edge-scim-import-" });
  const file = await Deno.open(path, { read: true, write: true });
  // Where an open file can go, nothing is left behind, whatever happens.
  if (Deno.build.os !== "windows") await Deno.remove(path);
  await stream.pipeTo(file.writable, { preventClose: true });
  return file;
}

/** A file from its beginning. */
async function* chunksOf(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  await file.seek(0, Deno.SeekMode.Start);
  const buffer = new Uint8Array(CHUNK);
  for (;;) {
    const length = await file.read(buffer);
    if (length === null) return;
    yield buffer.slice(0, length);
  }
}

await runTool("import", async () => {
  const { values: { tenant, replace } } = parseArgs({
    args: Deno.args,
    options: {
      tenant: { type: "string" },
      replace: { type: "boolean", default: false },
    },
  });
  if (Deno.stdin.isTerminal()) {
    throw new Error(
      "an export is read from standard input: deno task import < file",
    );
  }
  const start = performance.now();
  using opened = await openKv(kvPathOf());
  using file = await spool(Deno.stdin.readable);
  const imported = await importLines(
    new Store(opened.kv, PATIENCE),
    () => linesOf(chunksOf(file)),
    { tenant, replace, newEpoch: () => crypto.randomUUID().slice(0, 4) },
  );
  const seconds = (performance.now() - start) / 1000;
  const { resources, memberships, writes, tokens, tenants } = imported;
  const parts = [
    ...[...resources].map(([name, number]) => `${count(number)} ${name}`),
    `${count(memberships)} memberships`,
    `${count(writes)} log records`,
    `${count(tokens)} tokens`,
  ];
  console.error(
    `Imported ${parts.join(", ")} of the tenants ${tenants.join(", ")} in ` +
      `${seconds.toFixed(1)} s`,
  );
});
