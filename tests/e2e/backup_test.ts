/**
 * Backups as an operator makes them: tasks on the command line, beside a server.
 * @module
 */

import assert from "node:assert/strict";
import { FORMAT_VERSION } from "../../storage/codec.ts";
import { metaKey } from "../../storage/keys.ts";
import { processTest, run, type Running, start } from "./process.ts";

const SERVER = ["deno", "task", "start"];
const ADMIN_TOKEN = "the-admin-secret-of-this-test";
const USERS = "/api/scim/v2/Users";

/** A folder that is gone afterwards, and texts of the paths in it. */
async function inFolder(
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a command of the shell in the project's folder. */
function shell(
  command: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly output: string }> {
  return run(["sh", "-c", command], environment);
}

async function serving(
  KV_PATH: string,
  body: (server: Running) => Promise<void>,
): Promise<void> {
  const server = await start(SERVER, { KV_PATH, ADMIN_TOKEN });
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

async function issueToken({ origin }: Running): Promise<string> {
  const response = await fetch(`${origin}/admin/tokens`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${ADMIN_TOKEN}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ name: "test" }),
  });
  return (await response.json()).token;
}

/** Creates a user and gives back its id. */
async function createUser(
  { origin }: Running,
  token: string,
  userName: string,
): Promise<string> {
  const response = await fetch(origin + USERS, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/scim+json",
    },
    body: JSON.stringify({
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      userName,
    }),
  });
  assert.equal(response.status, 201);
  return (await response.json()).id;
}

/** The name of a user and its entity tag. */
async function readUser(
  { origin }: Running,
  token: string,
  id: string,
): Promise<{ readonly userName: string; readonly version: string | null }> {
  const response = await fetch(`${origin}${USERS}/${id}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const { userName } = await response.json();
  return { userName, version: response.headers.get("ETag") };
}

/** Makes a store and changes one fact of it. */
async function storeWith(
  path: string,
  name: "format" | "importing",
  value: unknown,
): Promise<void> {
  using kv = await Deno.openKv(path);
  await kv.set(metaKey("format"), FORMAT_VERSION);
  await kv.set(metaKey(name), value);
}

processTest(
  "an export of a running server is imported into a new store, and a server goes on with it",
  () =>
    inFolder(async (folder) => {
      const old = `${folder}/old.db`;
      const fresh = `${folder}/new.db`;
      let token = "";
      let id = "";
      let version: string | null = "";
      await serving(old, async (server) => {
        token = await issueToken(server);
        id = await createUser(server, token, "ada@example.com");
        ({ version } = await readUser(server, token, id));
        const { code, output } = await shell(
          `deno task export > "${folder}/backup.ndjson"`,
          { KV_PATH: old },
        );
        assert.equal(code, 0, output);
      });
      const { code, output } = await shell(
        `deno task import < "${folder}/backup.ndjson"`,
        { KV_PATH: fresh },
      );
      assert.equal(code, 0, output);
      assert.match(output, /Imported 1 User, 0 memberships, 1 log records/);
      await serving(fresh, async (server) => {
        const found = await readUser(server, token, id);
        assert.equal(found.userName, "ada@example.com");
        assert.notEqual(found.version, version);
      });
    }),
);

processTest(
  "an import into the store of a running server is refused",
  () =>
    inFolder(async (folder) => {
      const KV_PATH = `${folder}/scim.db`;
      await serving(KV_PATH, async () => {
        const { code, output } = await shell(
          "echo nothing | deno task import --replace",
          { KV_PATH },
        );
        assert.equal(code, 1);
        assert.match(
          output,
          /Cannot import: another process has the store .* open; stop it first/,
        );
      });
    }),
);

processTest(
  "an export that was cut off is refused and leaves an empty store",
  () =>
    inFolder(async (folder) => {
      const KV_PATH = `${folder}/scim.db`;
      await serving(KV_PATH, async () => {});
      const { code, output } = await shell(
        `deno task export | head -n 2 > "${folder}/cut"; ` +
          `KV_PATH="${folder}/new.db" deno task import < "${folder}/cut"`,
        { KV_PATH },
      );
      assert.equal(code, 1);
      assert.match(output, /Cannot import: The export is cut off after line 2/);
      using kv = await Deno.openKv(`${folder}/new.db`);
      assert.deepEqual(await Array.fromAsync(kv.list({ prefix: [] })), []);
    }),
);

processTest(
  "a copy of a running server's store is a store, as it was, with entity tags of its own",
  () =>
    inFolder(async (folder) => {
      const KV_PATH = `${folder}/scim.db`;
      const copy = `${folder}/copy.db`;
      let token = "";
      let id = "";
      let version: string | null = "";
      await serving(KV_PATH, async (server) => {
        token = await issueToken(server);
        id = await createUser(server, token, "ada@example.com");
        ({ version } = await readUser(server, token, id));
        let isDone = false;
        const writing = (async () => {
          let count = 0;
          while (!isDone) await createUser(server, token, `user-${count++}`);
          return count;
        })();
        const { code, output } = await shell(
          `deno task copy-store "${copy}"`,
          { KV_PATH },
        );
        isDone = true;
        assert.equal(code, 0, output);
        assert.ok(await writing > 0);
      });
      const names: string[] = [];
      for await (const { name } of Deno.readDir(folder)) names.push(name);
      const parts = names.filter((name) => name.startsWith("copy"));
      assert.deepEqual(parts, ["copy.db"]);
      await serving(copy, async (server) => {
        const found = await readUser(server, token, id);
        assert.equal(found.userName, "ada@example.com");
        assert.notEqual(found.version, version);
      });
    }),
);

processTest(
  "a copy does not overwrite a file",
  () =>
    inFolder(async (folder) => {
      const KV_PATH = `${folder}/scim.db`;
      await storeWith(KV_PATH, "format", FORMAT_VERSION);
      await Deno.writeTextFile(`${folder}/copy.db`, "mine");
      const { code, output } = await shell(
        `deno task copy-store "${folder}/copy.db"`,
        { KV_PATH },
      );
      assert.equal(code, 1);
      assert.match(output, /there is a file .*copy\.db already; name another/);
      assert.equal(await Deno.readTextFile(`${folder}/copy.db`), "mine");
    }),
);

processTest(
  "a copy of what is no store is refused and leaves nothing",
  () =>
    inFolder(async (folder) => {
      const KV_PATH = `${folder}/scim.db`;
      await Deno.writeTextFile(
        KV_PATH,
        "This is a text, and a long one at that.",
      );
      const { code } = await shell(
        `deno task copy-store "${folder}/copy.db"`,
        { KV_PATH },
      );
      assert.equal(code, 1);
      const names: string[] = [];
      for await (const { name } of Deno.readDir(folder)) names.push(name);
      assert.deepEqual(names, ["scim.db"]);
    }),
);

for (
  const [what, command] of [
    ["the server", "deno task start"],
    ["an export", "deno task export"],
    ["an import", "echo nothing | deno task import --replace"],
    ["a copy", 'deno task copy-store "$KV_PATH.copy"'],
  ] as const
) {
  processTest(
    `${what} refuses a store that a newer version has written`,
    () =>
      inFolder(async (folder) => {
        const KV_PATH = `${folder}/scim.db`;
        await storeWith(KV_PATH, "format", FORMAT_VERSION + 1);
        const { code, output } = await shell(command, { KV_PATH, PORT: "0" });
        assert.equal(code, 1);
        assert.match(
          output,
          /Cannot .*: The store has format 3, and this version of edge-scim reads formats up to 2; start the newer version that wrote it/,
        );
      }),
  );
}

for (
  const [what, command] of [
    ["the server", "deno task start"],
    ["an export", "deno task export"],
  ] as const
) {
  processTest(
    `${what} refuses a store whose import was cut off`,
    () =>
      inFolder(async (folder) => {
        const KV_PATH = `${folder}/scim.db`;
        await storeWith(KV_PATH, "importing", "");
        const { code, output } = await shell(command, { KV_PATH, PORT: "0" });
        assert.equal(code, 1);
        assert.match(
          output,
          /Cannot .*: The store is not complete: .*; run the import again/,
        );
      }),
  );
}
