import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { createApp } from "../../routes/app.ts";
import { SCIM_BASE_PATH } from "../../routes/paths.ts";
import { createServices, type Services } from "../../routes/services.ts";
import {
  ADMIN_SECRET,
  Client,
  isProblem,
  isScimError,
  object,
  ORIGIN,
  send,
  TestServer,
  text,
} from "./harness.ts";

const TENANT = "/tenants/default";

/** A server whose tokens may send 25 requests a second, 250 at once. */
function slowest(): Promise<TestServer> {
  return TestServer.start({ requestsPerSecond: 25 });
}

/** How many requests in a row are not refused as too many. */
async function allowed(client: Client, most: number): Promise<number> {
  for (let count = 0; count < most; count++) {
    if ((await client.get("/Users/nobody")).status === 429) return count;
  }
  return most;
}

// The rate of a token.

Deno.test("A token can send ten seconds' worth of requests at once, then 429 says what to do", async () => {
  await using server = await slowest();
  const client = await server.client();
  strictEqual(await allowed(client, 300), 250);
  const answer = await client.get("/Users");
  isScimError(answer, 429, undefined, /25 requests a second.*Retry-After/);
  strictEqual(answer.headers.get("Retry-After"), "1");
});

Deno.test("A tenant that has decided nothing has 100 requests a second", async () => {
  await using server = await TestServer.start({ requestsPerSecond: undefined });
  const client = await server.client();
  strictEqual(await allowed(client, 1_100), 1_000);
  const { json } = await server.admin("GET", TENANT);
  strictEqual(object(json["settings"])["requestsPerSecond"], 100);
});

Deno.test("A second gives a token its rate back, and a pause no more than the burst", async () => {
  await using server = await slowest();
  const client = await server.client();
  await allowed(client, 300);
  server.pass({ seconds: 1 });
  strictEqual(await allowed(client, 300), 25);
  server.pass({ hours: 1 });
  strictEqual(await allowed(client, 300), 250);
});

Deno.test("Each token has its own rate, and a new secret of it changes nothing", async () => {
  await using server = await slowest();
  const { json } = await server.admin("POST", "/tokens", { name: "first" });
  const client = new Client(server, text(json["token"]));
  strictEqual(await allowed(client, 300), 250);
  const other = await server.client();
  strictEqual(await allowed(other, 300), 250);
  const path = `/tokens/${text(json["id"])}/rotate`;
  const rotated = await server.admin("POST", path, { graceHours: 1 });
  const again = new Client(server, text(rotated.json["token"]));
  strictEqual(await allowed(again, 300), 0);
});

Deno.test("Requests that are refused are not counted", async () => {
  await using server = await slowest();
  const client = await server.client();
  await allowed(client, 300);
  for (let i = 0; i < 100; i++) await client.get("/Users");
  server.pass({ seconds: 1 });
  strictEqual(await allowed(client, 300), 25);
});

Deno.test("A raised rate counts for the next request, and a lowered one too", async () => {
  await using server = await slowest();
  const client = await server.client();
  const set = (requestsPerSecond: number | null) =>
    server.admin("PATCH", TENANT, { settings: { requestsPerSecond } });
  await allowed(client, 300);
  const raised = await set(50);
  strictEqual(object(raised.json["settings"])["requestsPerSecond"], 50);
  strictEqual(await allowed(client, 600), 250);
  await set(30);
  const answer = await client.get("/Users");
  isScimError(answer, 429, undefined, /more than 30 requests/);
  const reset = await set(null);
  strictEqual(object(reset.json["settings"])["requestsPerSecond"], 25);
});

Deno.test("A rate stays when another setting changes, and does not change that", async () => {
  await using server = await slowest();
  await server.admin("PATCH", TENANT, { settings: { requestsPerSecond: 70 } });
  const { json } = await server.admin("PATCH", TENANT, {
    settings: { uniqueGroupNames: false },
  });
  deepStrictEqual(json["settings"], {
    uniqueGroupNames: false,
    requestsPerSecond: 70,
  });
  const again = await server.admin("PATCH", TENANT, {
    settings: { requestsPerSecond: 80 },
  });
  deepStrictEqual(again.json["settings"], {
    uniqueGroupNames: false,
    requestsPerSecond: 80,
  });
});

Deno.test("A bulk request counts as one request, and /Me too", async () => {
  await using server = await slowest();
  const client = await server.client();
  const bulk: JsonObject = {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations: Array.from({ length: 300 }, () => ({
      method: "DELETE",
      path: "/Users/nobody",
    })),
  };
  strictEqual((await client.post("/Bulk", bulk)).status, 200);
  await client.get("/Me").then(({ status }) => strictEqual(status, 501));
  strictEqual(await allowed(client, 300), 248);
  for (const path of ["/Bulk", "/Me", "/.search"]) {
    isScimError(await client.post(path, bulk), 429, undefined, /Retry-After/);
  }
});

Deno.test("Discovery and the admin API are not counted", async () => {
  await using server = await slowest();
  const client = await server.client();
  await allowed(client, 300);
  strictEqual((await client.get("/ServiceProviderConfig")).status, 200);
  strictEqual((await server.admin("GET", "/tenants")).status, 200);
});

Deno.test("A body is not read for a request that is one too many", async () => {
  await using server = await slowest();
  const client = await server.client();
  await allowed(client, 300);
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1_000));
    },
  }, { highWaterMark: 0 });
  const answer = await client.send("/Users", { method: "POST", body });
  isScimError(answer, 429, undefined, /Retry-After/);
  strictEqual(pulled, 0);
});

// Wrong secrets.

/** A server that sees the addresses of its clients. */
class Listening implements AsyncDisposable {
  now = new Date("2026-06-01T08:00:00.000Z");
  readonly #kv: Deno.Kv;
  readonly #services: Services;
  readonly #app: ReturnType<typeof createApp>;

  private constructor(kv: Deno.Kv, services: Services) {
    this.#kv = kv;
    this.#services = services;
    this.#app = createApp(services);
  }

  static async start(): Promise<Listening> {
    const kv = await Deno.openKv(":memory:");
    const time = { of: () => new Date() };
    const services = await createServices({
      kv,
      adminToken: ADMIN_SECRET,
      clock: () => time.of(),
    });
    const server = new Listening(kv, services);
    time.of = () => server.now;
    return server;
  }

  /** Asks with a secret, from an address. */
  async get(
    path: string,
    secret: string | undefined,
    hostname: string,
  ): Promise<Response> {
    const headers = secret === undefined
      ? {}
      : { Authorization: `Bearer ${secret}` };
    const remoteAddr = { transport: "tcp", hostname, port: 5_000 };
    return await this.#app.fetch(
      new Request(`${ORIGIN}${path}`, { headers }),
      { remoteAddr },
    );
  }

  async token(): Promise<string> {
    const { token } = await this.#services.tokens.issue({
      name: "test",
      tenant: "default",
      scopes: ["scim"],
      profile: "compatible",
      expiresAt: null,
    });
    return token;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#services.jobs.idle();
    this.#kv.close();
  }
}

const USERS = `${SCIM_BASE_PATH}/Users`;
const HERE = "192.0.2.1";

/** The statuses of so many requests. */
async function statuses(
  count: number,
  ask: () => Promise<Response>,
): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await ask()).status);
  return found;
}

for (
  const [what, path, type] of [
    ["wrong token", USERS, "application/scim+json"],
    ["wrong admin secret", "/admin/tokens", "application/problem+json"],
  ] as const
) {
  Deno.test(`The 21st ${what} from an address within a minute is 429`, async () => {
    await using server = await Listening.start();
    deepStrictEqual(
      await statuses(20, () => server.get(path, "wrong", HERE)),
      Array.from({ length: 20 }, () => 401),
    );
    const answer = await server.get(path, "wrong", HERE);
    strictEqual(answer.status, 429);
    strictEqual(answer.headers.get("Content-Type"), type);
    strictEqual(answer.headers.get("WWW-Authenticate"), null);
    match(answer.headers.get("Retry-After") ?? "", /^[1-9]\d*$/);
    const { status, detail } = await answer.json();
    strictEqual(Number(status), 429);
    match(detail, /wrong tokens or secrets.*right one/);
  });
}

Deno.test("A right secret gets through whatever was guessed from its address", async () => {
  await using server = await Listening.start();
  const token = await server.token();
  await statuses(50, () => server.get("/admin/tokens", "wrong", HERE));
  strictEqual((await server.get("/admin/tokens", "wrong", HERE)).status, 429);
  strictEqual((await server.get(USERS, token, HERE)).status, 200);
  const admin = await server.get("/admin/tokens", ADMIN_SECRET, HERE);
  strictEqual(admin.status, 200);
});

Deno.test("Guesses count by address, and are forgotten within a minute", async () => {
  await using server = await Listening.start();
  await statuses(30, () => server.get(USERS, "wrong", HERE));
  strictEqual((await server.get(USERS, "wrong", HERE)).status, 429);
  strictEqual((await server.get(USERS, "wrong", "2001:db8::1")).status, 401);
  server.now = new Date(server.now.getTime() + 60_000);
  strictEqual((await server.get(USERS, "wrong", HERE)).status, 401);
});

Deno.test("A request without a secret is no guess, and discovery needs none", async () => {
  await using server = await Listening.start();
  for (const path of [USERS, "/admin/tokens"]) {
    const found = await statuses(50, () => server.get(path, undefined, HERE));
    deepStrictEqual(new Set(found), new Set([401]));
  }
  await statuses(50, () => server.get(USERS, "wrong", HERE));
  const discovery = `${SCIM_BASE_PATH}/Schemas`;
  const found = await statuses(50, () => server.get(discovery, "wrong", HERE));
  deepStrictEqual(new Set(found), new Set([200]));
});

// Messages and parameters.

Deno.test("A list of attributes of 8,192 characters is read, a longer one is 400", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const { id } = await client.user("ada");
  const list = Array.from({ length: 512 }, () => "a".repeat(15)).join(",");
  strictEqual(list.length, 8_191);
  const detail = /is longer than 8192 characters/;
  for (const name of ["attributes", "excludedAttributes"]) {
    for (const path of ["/Users", `/Users/${id}`]) {
      const fits = await client.get(`${path}?${name}=${list}`);
      strictEqual(fits.status, 200, fits.text);
      const long = await client.get(`${path}?${name}=${list}a`);
      isScimError(long, 400, "invalidValue", detail);
      ok(long.text.includes(name));
    }
    const search = {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      [name]: Array.from({ length: 10_000 }, () => "x"),
    };
    const answer = await client.post("/Users/.search", search);
    isScimError(answer, 400, "invalidValue", detail);
  }
});

Deno.test("sortBy of more than 8,192 characters is 400", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const answer = await client.get(`/Users?sortBy=${"x".repeat(8_193)}`);
  isScimError(answer, 400, "invalidValue", /"sortBy" is longer than 8192/);
  const short = await client.get(`/Users?sortBy=${"x".repeat(8_192)}`);
  isScimError(short, 400, "invalidValue", /not defined|no attribute/);
});

Deno.test("A filter of 500 comparisons is read, one of 501 is 400 and says so", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const filter = (count: number) =>
    Array.from({ length: count }, () => "title pr").join(" or ");
  const search = (count: number) =>
    client.post("/Users/.search", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      filter: filter(count),
    });
  strictEqual((await search(500)).status, 200);
  isScimError(
    await search(501),
    400,
    "invalidFilter",
    /more than 500 comparisons; split/,
  );
});

Deno.test("The comparisons in the brackets of a PATCH path count too", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const { id } = await client.user("ada");
  const path = (count: number) =>
    `emails[${
      Array.from({ length: count }, () => "value pr").join(" or ")
    }].display`;
  const patch = (count: number) =>
    client.patch(`/Users/${id}`, [
      { op: "replace", path: path(count), value: "x" },
    ]);
  isScimError(
    await patch(501),
    400,
    "invalidPath",
    /more than 500 comparisons/,
  );
  isScimError(await patch(500), 400, "noTarget");
});

/** Sends a body in pieces, with pauses. */
function inPieces(
  pieces: readonly string[],
  pause: number,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      const piece = pieces[next++];
      if (piece === undefined) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, pause));
      controller.enqueue(encoder.encode(piece));
    },
  }, { highWaterMark: 0 });
}

Deno.test("A body that does not arrive in time is 408, and nothing is stored", async () => {
  await using server = await TestServer.start({ bodies: { within: 50 } });
  const client = await server.client();
  const before = await server.dump();
  const body = inPieces(['{"schemas":', " ", " ", " "], 1_000);
  const answer = await client.send("/Users", { method: "POST", body });
  isScimError(answer, 408, undefined, /did not arrive in time; it has 0.05/);
  strictEqual(answer.headers.get("Connection"), "close");
  deepStrictEqual(await server.dump(), before);
});

Deno.test("A body of the admin API has to arrive in time too", async () => {
  await using server = await TestServer.start({ bodies: { within: 50 } });
  const body = inPieces(['{"name":', '"x"}'], 1_000);
  const answer = await send(server, `${ORIGIN}/admin/tokens`, {
    method: "POST",
    token: ADMIN_SECRET,
    headers: { "Content-Type": "application/json" },
    body,
  });
  isProblem(answer, 408, /did not arrive in time/);
});
