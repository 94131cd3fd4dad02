/**
 * Copies the file of the store at KV_PATH as it is at one moment, also while a
 * server uses it.
 *
 *     deno task copy-store target
 *
 * SQLite makes the copy, in this process, so that the server goes on. The copy has
 * an epoch of its own: what it becomes once a server runs on it is another state
 * than what the original becomes, and their entity tags must not be alike.
 * @module
 */

import { backup, DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { Change } from "../storage/change.ts";
import { metaKey } from "../storage/keys.ts";
import { IN_MEMORY, isRemote } from "../storage/kv.ts";
import { refuseNewer } from "../storage/open.ts";
import { Store } from "../storage/store.ts";
import { kvPathOf, runTool } from "./store.ts";

/**
 * How many pages are copied at a time: all of them. Between two steps, a write of
 * the server would make SQLite begin anew; within one, it sees one state.
 */
const ALL_PAGES = 2 ** 31 - 1;

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function copyPages(source: string, target: string): Promise<void> {
  const database = new DatabaseSync(source, { readOnly: true });
  try {
    await backup(database, target, { rate: ALL_PAGES });
  } finally {
    database.close();
  }
}

/** Gives a copy an epoch of its own, and leaves nothing of it in other files. */
async function makeOwn(path: string): Promise<void> {
  const kv = await Deno.openKv(path);
  try {
    const store = new Store(kv);
    if (await refuseNewer(store) === undefined) {
      throw new Error("it is not a store of edge-scim");
    }
    const epoch = crypto.randomUUID().slice(0, 4);
    await store.write(new Change().set(metaKey("epoch"), epoch));
  } finally {
    kv.close();
  }
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}

async function removeFiles(path: string): Promise<void> {
  for (const end of ["", "-wal", "-shm"]) {
    if (await exists(path + end)) await Deno.remove(path + end);
  }
}

async function copyStore(source: string, target: string): Promise<void> {
  const partial = `${target}.partial`;
  const reserved = await Deno.open(target, { write: true, createNew: true });
  reserved.close();
  try {
    await removeFiles(partial);
    await copyPages(source, partial);
    await makeOwn(partial);
    await Deno.rename(partial, target);
  } catch (error) {
    await removeFiles(target);
    throw error;
  } finally {
    await removeFiles(partial);
  }
}

await runTool("copy the store", async () => {
  const { positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
  });
  const [target, ...others] = positionals;
  if (target === undefined || others.length > 0) {
    throw new Error("name the file to make: deno task copy-store target");
  }
  const source = kvPathOf();
  if (source === undefined || isRemote(source) || source === IN_MEMORY) {
    throw new Error("KV_PATH names no file; deno task export copies any store");
  }
  if (!await exists(source)) {
    throw new Error(`there is no store at ${source}; KV_PATH names it`);
  }
  for (const path of [target, `${target}-wal`, `${target}-shm`]) {
    if (await exists(path)) {
      throw new Error(`there is a file ${path} already; name another`);
    }
  }
  const start = performance.now();
  await copyStore(source, target);
  const seconds = (performance.now() - start) / 1000;
  const { size } = await Deno.stat(target);
  console.error(
    `Copied ${(size / 1e6).toFixed(1)} MB to ${target} in ` +
      `${seconds.toFixed(1)} s`,
  );
});
