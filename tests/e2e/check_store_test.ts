/**
 * `deno task check-store` on the store of the real program.
 * @module
 */

import assert from "node:assert/strict";
import { FORMAT_VERSION } from "../../storage/codec.ts";
import { metaKey, uniqueKey } from "../../storage/keys.ts";
import { processTest, run, start } from "./process.ts";

/** Runs the check on a store. */
function check(KV_PATH: string, ...options: string[]) {
  const command = ["deno", "task", "--quiet", "check-store", ...options];
  return run(command, { KV_PATH, NO_COLOR: "1" });
}

/** A folder that is gone in the end. */
async function withFolder(
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

processTest(
  "check-store reads a store in use and leaves mending to when it is not",
  () =>
    withFolder(async (folder) => {
      const path = `${folder}/scim.db`;
      const server = await start(["deno", "task", "start"], { KV_PATH: path });
      try {
        const fine = await check(path);
        assert.equal(fine.code, 0, fine.output);
        assert.match(fine.output, /0 left, 0 mended/);
        const refused = await check(path, "--mend");
        assert.equal(refused.code, 2, refused.output);
        assert.match(refused.output, /another process has the store/);
      } finally {
        await server.stop();
      }
      {
        using kv = await Deno.openKv(path);
        await kv.set(uniqueKey("default", "User", "userName", "eve"), "gone");
      }
      const found = await check(path, "--json");
      assert.equal(found.code, 1, found.output);
      assert.equal(JSON.parse(found.output).left, 1);
      const mended = await check(path, "--mend");
      assert.equal(mended.code, 0, mended.output);
      assert.match(
        mended.output,
        /^orphanedUniqueKey in default: .*\(mended\)$/m,
      );
      assert.equal((await check(path)).code, 0);
    }),
);

processTest(
  "check-store makes no store where there is none",
  () =>
    withFolder(async (folder) => {
      for (const options of [[], ["--mend"]]) {
        const { code, output } = await check(`${folder}/none.db`, ...options);
        assert.equal(code, 2, output);
        assert.match(output, /Cannot check: there is no store at/);
      }
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    }),
);

processTest(
  "check-store refuses a store of a newer version, and tenants and options that it does not know",
  () =>
    withFolder(async (folder) => {
      const path = `${folder}/scim.db`;
      {
        using kv = await Deno.openKv(path);
        await kv.set(metaKey("format"), 99);
      }
      const newer = await check(path);
      assert.equal(newer.code, 2, newer.output);
      assert.match(newer.output, /has format 99/);
      {
        using kv = await Deno.openKv(path);
        await kv.set(metaKey("format"), FORMAT_VERSION);
      }
      const nobody = await check(path, "--tenant", "nobody");
      assert.equal(nobody.code, 2, nobody.output);
      assert.match(nobody.output, /there is no tenant "nobody"/);
      const unknown = await check(path, "--fix");
      assert.equal(unknown.code, 2, unknown.output);
      assert.match(unknown.output, /--fix/);
    }),
);
