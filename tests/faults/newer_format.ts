/**
 * A store that a newer version of the program has written.
 * @module
 */

import { FORMAT_VERSION } from "../../storage/codec.ts";
import { metaKey } from "../../storage/keys.ts";
import type { Prepared } from "./prepared.ts";
import { Server } from "./server.ts";

/** The server refuses it with a message and touches nothing. */
export async function startOnNewerFormat(
  prepared: Prepared,
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "scim-faults-" });
  const { kvPath } = await prepared.copy(folder);
  const newer = FORMAT_VERSION + 1;
  await withStore(kvPath, (kv) => kv.set(metaKey("format"), newer));
  const before = await withStore(kvPath, allVersions);
  const server = Server.spawn(kvPath);
  const { code } = await server.ended();
  const after = await withStore(kvPath, allVersions);
  await Deno.remove(folder, { recursive: true });
  const wanted = `The store has format ${newer}`;
  return [
    ...(code === 1 ? [] : [`the exit code is ${code}`]),
    ...(server.output.includes(wanted)
      ? []
      : [`"${wanted}" is not in what it says: ${server.output}`]),
    ...(after === before ? [] : ["the store was changed"]),
  ];
}

async function withStore<T>(
  kvPath: string,
  work: (kv: Deno.Kv) => Promise<T>,
): Promise<T> {
  using kv = await Deno.openKv(kvPath);
  return await work(kv);
}

/** Every key with its versionstamp. */
async function allVersions(kv: Deno.Kv): Promise<string> {
  const entries = await Array.fromAsync(kv.list({ prefix: [] }));
  return entries.map(({ key, versionstamp }) =>
    `${JSON.stringify(key.map(String))} ${versionstamp}`
  ).join("\n");
}
