import { rejects, strictEqual } from "node:assert/strict";
import { isRemote, openKv, openKvToRead } from "../../storage/kv.ts";
import { processTest } from "../e2e/process.ts";

Deno.test("isRemote() tells a server from a file", () => {
  for (
    const path of [undefined, "https://kv.example", "http://localhost:4512"]
  ) {
    strictEqual(isRemote(path), true);
  }
  for (
    const path of ["./data/scim.db", ":memory:", "/https://x", "C:\\scim.db"]
  ) {
    strictEqual(isRemote(path), false);
  }
});

processTest(
  "openKv() refuses a file that somebody else has open, and says so",
  async () => {
    const directory = await Deno.makeTempDir();
    try {
      const path = `${directory}/a/scim.db`;
      using first = await openKv(path);
      strictEqual(first.exclusive, true);
      await rejects(
        openKv(path),
        /another process has the store .*scim\.db open/,
      );
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

processTest(
  "openKv() refuses a file that somebody has open under another name",
  async () => {
    const directory = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${directory}/a`);
      await Deno.symlink(`${directory}/a`, `${directory}/b`);
      using first = await openKv(`${directory}/a/scim.db`);
      strictEqual(first.exclusive, true);
      await Deno.symlink(`${directory}/a/scim.db`, `${directory}/link.db`);
      for (const path of ["b/scim.db", "link.db"]) {
        await rejects(openKv(`${directory}/${path}`), /another process has/);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);

processTest("openKv() takes a file that was let go", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/scim.db`;
    (await openKv(path))[Symbol.dispose]();
    using again = await openKv(path);
    strictEqual((await again.kv.get(["meta"])).value, null);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

processTest("openKvToRead() makes no store where there is none", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/scim.db`;
    await rejects(openKvToRead(path), /there is no store at .*KV_PATH/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
