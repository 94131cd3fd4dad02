/**
 * The program as an operator sees it: start, restart, signals, mistakes.
 * @module
 */

import assert from "node:assert/strict";
import { printedSecret, processTest, run, start } from "./process.ts";

const COMMAND = ["deno", "task", "start"];

async function issueToken(origin: string, admin: string): Promise<string> {
  const response = await fetch(`${origin}/admin/tokens`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${admin}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ name: "test" }),
  });
  assert.equal(response.status, 201);
  return (await response.json()).token;
}

function createUser(
  origin: string,
  token: string,
  userName: string,
): Promise<Response> {
  return fetch(`${origin}/api/scim/v2/Users`, {
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
}

/** All that a connection brings until the other side closes it. */
async function readToEnd(connection: Deno.Conn): Promise<Uint8Array> {
  const response = new Response(connection.readable);
  return new Uint8Array(await response.arrayBuffer());
}

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

processTest(
  "the first start prints the admin secret, the second does not, and data stays",
  () =>
    inFolder(async (folder) => {
      const KV_PATH = `${folder}/deep/er/scim.db`;
      const first = await start(COMMAND, { KV_PATH });
      const admin = printedSecret(first.output());
      assert.ok(admin);
      assert.match(first.output(), /\/api\/scim\/v2/);
      const token = await issueToken(first.origin, admin);
      const created = await createUser(
        first.origin,
        token,
        "stays@example.com",
      );
      const { id } = await created.json();
      await first.stop();

      const second = await start(COMMAND, { KV_PATH });
      assert.equal(printedSecret(second.output()), undefined);
      const found = await fetch(`${second.origin}/api/scim/v2/Users/${id}`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      assert.equal(found.status, 200);
      assert.equal((await found.json()).userName, "stays@example.com");
      await issueToken(second.origin, admin);
      await second.stop();
      const bytes = await Deno.readFile(KV_PATH);
      const text = new TextDecoder("latin1").decode(bytes);
      assert.ok(
        !text.includes(admin) && !text.includes(token),
        "secrets are not stored",
      );
    }),
);

processTest(
  "SIGTERM and SIGINT end the program cleanly within five seconds",
  () =>
    inFolder(async (folder) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) {
        const server = await start(
          ["deno", "run", "--allow-all", "main.ts"],
          {
            KV_PATH: `${folder}/scim.db`,
            ADMIN_TOKEN: "a-secret-for-this-test",
          },
        );
        const before = Date.now();
        const { code } = await server.stop(signal);
        assert.equal(code, 0, signal);
        assert.ok(Date.now() - before < 5_000, signal);
      }
    }),
);

processTest(
  "SIGTERM under load loses no answered write",
  () =>
    inFolder(async (folder) => {
      const environment = {
        KV_PATH: `${folder}/scim.db`,
        ADMIN_TOKEN: "a-secret-for-this-test",
      };
      const command = ["deno", "run", "--allow-all", "main.ts"];
      const first = await start(command, environment);
      const token = await issueToken(first.origin, environment.ADMIN_TOKEN);
      const answered: string[] = [];
      let stopped = false;
      const load = Array.from({ length: 8 }, async (_, worker) => {
        for (let i = 0; !stopped; i++) {
          const name = `load-${worker}-${i}@example.com`;
          try {
            const response = await createUser(first.origin, token, name);
            await response.body?.cancel();
            if (response.status === 201) answered.push(name);
          } catch {
            return;
          }
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 500));
      await first.stop("SIGTERM");
      stopped = true;
      await Promise.all(load);
      assert.ok(answered.length > 0);
      const second = await start(command, environment);
      const headers = { Authorization: `Bearer ${token}` };
      for (const name of answered) {
        const filter = encodeURIComponent(`userName eq "${name}"`);
        const response = await fetch(
          `${second.origin}/api/scim/v2/Users?filter=${filter}`,
          { headers },
        );
        assert.equal((await response.json()).totalResults, 1, name);
      }
      await second.stop();
    }),
);

processTest(
  "a request that SIGTERM finds half sent is 503, so that its client sends it again",
  () =>
    inFolder(async (folder) => {
      const environment = {
        KV_PATH: `${folder}/scim.db`,
        ADMIN_TOKEN: "a-secret-for-this-test",
      };
      const server = await start(
        ["deno", "run", "--allow-all", "main.ts"],
        environment,
      );
      const token = await issueToken(server.origin, environment.ADMIN_TOKEN);
      const { hostname, port } = new URL(server.origin);
      using connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(
        new TextEncoder().encode(
          "POST /api/scim/v2/Users HTTP/1.1\r\n" +
            `Host: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n` +
            "Content-Type: application/scim+json\r\nContent-Length: 100\r\n\r\n" +
            '{"schemas":',
        ),
      );
      // The server has begun to read when it has answered somebody else since.
      await (await fetch(`${server.origin}/readyz`)).text();
      const ended = server.stop("SIGTERM");
      const answer = new TextDecoder().decode(await readToEnd(connection));
      assert.match(answer, /^HTTP\/1\.1 503 /);
      assert.match(answer, /retry-after: 2/i);
      assert.match(answer, /"status":"503"/);
      assert.equal((await ended).code, 0);
    }),
);

processTest(
  "a wrong configuration stops the program with one line per mistake",
  () =>
    inFolder(async (folder) => {
      const { code, output } = await run([
        "deno",
        "run",
        "--allow-all",
        "main.ts",
      ], {
        KV_PATH: `${folder}/scim.db`,
        PORT: "eighty",
        PUBLIC_URL: "ftp://example.com",
        ADMIN_TOKEN: "two words",
      });
      assert.equal(code, 1);
      const lines = output.trim().split("\n").filter((line) =>
        line.startsWith("Cannot start: ")
      );
      assert.equal(lines.length, 3, output);
      assert.ok(!output.includes("two words"), "values are not shown");
    }),
);
