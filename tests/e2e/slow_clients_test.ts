/**
 * Clients that send or read slowly, send too much or go away, against a server
 * that listens.
 * @module
 */

import { match, ok, strictEqual } from "node:assert/strict";
import { createApp } from "../../routes/app.ts";
import { SCIM_BASE_PATH } from "../../routes/paths.ts";
import {
  createServices,
  type ServiceOptions,
  type Services,
} from "../../routes/services.ts";
import { observedKv, type Observer } from "../storage/fake_kv.ts";
import { USER, WRITER } from "../storage/fixture.ts";
import { processTest } from "./process.ts";

const USERS = `${SCIM_BASE_PATH}/Users`;
const USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User";

/** Whatever is asked has to be answered within this, in milliseconds. */
const PATIENCE = 20_000;

/** A server that listens, and one token. */
class Listening implements AsyncDisposable {
  readonly services: Services;
  readonly token: string;
  readonly port: number;
  readonly #kv: Deno.Kv;
  readonly #server: Deno.HttpServer;

  private constructor(
    kv: Deno.Kv,
    services: Services,
    token: string,
    server: Deno.HttpServer<Deno.NetAddr>,
  ) {
    this.#kv = kv;
    this.services = services;
    this.token = token;
    this.#server = server;
    this.port = server.addr.port;
  }

  static async start(
    options: Partial<ServiceOptions> = {},
    observer: Observer = {},
  ): Promise<Listening> {
    const kv = await Deno.openKv(":memory:");
    const services = await createServices({
      kv: observedKv(kv, observer),
      adminToken: "the-admin-secret-of-the-test",
      requestsPerSecond: 1_000_000,
      ...options,
    });
    const { token } = await services.tokens.issue({
      name: "test",
      tenant: "default",
      scopes: ["scim"],
      profile: "compatible",
      expiresAt: null,
    });
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      createApp(services).fetch,
    );
    return new Listening(kv, services, token, server);
  }

  /** Sends a request as a well-behaved client; it has to be answered. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    signal: AbortSignal = AbortSignal.timeout(PATIENCE),
  ): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      signal,
      headers: {
        Authorization: `Bearer ${this.token}`,
        "Content-Type": "application/scim+json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  async user(userName: string, more: object = {}): Promise<string> {
    const answer = await this.ask("POST", USERS, {
      schemas: [USER_SCHEMA],
      userName,
      ...more,
    });
    strictEqual(answer.status, 201, answer.text);
    return JSON.parse(answer.text).id;
  }

  /** Opens a connection and sends the head of a request. */
  async connect(method: string, path: string, length = 0): Promise<Raw> {
    const connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: this.port,
    });
    const raw = new Raw(connection);
    await raw.send(
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n` +
        `Authorization: Bearer ${this.token}\r\n` +
        `Content-Type: application/scim+json\r\n` +
        `Content-Length: ${length}\r\n\r\n`,
    );
    return raw;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await this.services.jobs.idle();
    this.#kv.close();
  }
}

/** A connection that nothing is hidden of. */
class Raw implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #decoder = new TextDecoder();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async send(text: string): Promise<void> {
    let bytes = new TextEncoder().encode(text);
    while (bytes.length > 0) {
      bytes = bytes.subarray(await this.#connection.write(bytes));
    }
  }

  /** Reads some of what has come; empty at the end. */
  async read(size = 65_536): Promise<string> {
    const buffer = new Uint8Array(size);
    const length = await this.#connection.read(buffer);
    return this.#decoder.decode(buffer.subarray(0, length ?? 0));
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** Carries work out every now and then until it is disposed of. */
function nowAndThen(work: () => Promise<unknown>): AsyncDisposable {
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      await work();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await running;
    },
  };
}

/** So many connections; closed in the end. */
async function connections(
  count: number,
  open: () => Promise<Raw>,
): Promise<Disposable & { readonly all: readonly Raw[] }> {
  const all: Raw[] = [];
  for (let i = 0; i < count; i++) all.push(await open());
  return {
    all,
    [Symbol.dispose]() {
      for (const each of all) each[Symbol.dispose]();
    },
  };
}

processTest(
  "200 clients that send a byte now and then do not keep a normal one waiting",
  async () => {
    await using server = await Listening.start();
    const id = await server.user("ada");
    using slow = await connections(
      200,
      () => server.connect("POST", USERS, 1_000_000),
    );
    {
      await using _ = nowAndThen(() =>
        Promise.all(slow.all.map((each) => each.send(" ")))
      );
      for (let i = 0; i < 20; i++) {
        strictEqual((await server.ask("GET", `${USERS}/${id}`)).status, 200);
        await server.user(`user${i}`);
      }
      const held = server.services.limits.bodies.held;
      ok(held < 200 * 1_000, `${held} bytes for what has arrived`);
    }
  },
);

processTest(
  "A client that sends a byte now and then is 408 in the end, and leaves nothing behind",
  async () => {
    await using server = await Listening.start({ bodies: { within: 1_000 } });
    using slow = await connections(
      20,
      () => server.connect("POST", USERS, 1_000_000),
    );
    {
      await using _ = nowAndThen(() =>
        Promise.all(slow.all.map((each) => each.send(" ")))
      );
      for (const each of slow.all) {
        const answer = await each.read();
        match(answer, /^HTTP\/1.1 408 /);
        match(answer, /connection: close/i);
      }
    }
    strictEqual(server.services.limits.bodies.held, 0);
  },
);

processTest(
  "Bodies beyond the memory for them are 503, and all is well when they are gone",
  async () => {
    await using server = await Listening.start({
      bodies: { inMemory: 100_000 },
    });
    {
      using large = await connections(
        5,
        async () => {
          const raw = await server.connect("POST", USERS, 500_000);
          await raw.send(" ".repeat(19_000));
          return raw;
        },
      );
      const until = Date.now() + PATIENCE;
      while (
        server.services.limits.bodies.held < 95_000 && Date.now() < until
      ) await new Promise((resolve) => setTimeout(resolve, 20));
      const refused = await server.ask("POST", USERS, {
        schemas: [USER_SCHEMA],
        userName: "x".repeat(10_000),
      });
      strictEqual(refused.status, 503);
      strictEqual((await server.ask("GET", USERS)).status, 200);
      strictEqual(large.all.length, 5);
    }
    const until = Date.now() + PATIENCE;
    while (server.services.limits.bodies.held > 0 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    strictEqual(server.services.limits.bodies.held, 0);
    await server.user("ada", { title: "x".repeat(10_000) });
  },
);

processTest(
  "A body that says it is too large is 413 before it is sent",
  async () => {
    await using server = await Listening.start();
    using raw = await server.connect("POST", USERS, 10_000_000_000);
    match(await raw.read(), /^HTTP\/1.1 413 /);
  },
);

processTest(
  "A head of more than 64 KiB, or of a thousand fields, does not reach the server",
  async () => {
    await using server = await Listening.start();
    for (
      const head of [
        `GET ${USERS} HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(100_000)}`,
        `GET ${USERS}?${"x".repeat(100_000)} HTTP/1.1\r\nHost: localhost`,
        `GET ${USERS} HTTP/1.1\r\nHost: localhost\r\n${
          Array.from({ length: 1_000 }, (_, i) => `X${i}: x`).join("\r\n")
        }`,
      ]
    ) {
      using raw = await server.connect("GET", "/healthz");
      match(await raw.read(), /^HTTP\/1.1 200 /);
      await raw.send(`${head}\r\n\r\n`).catch(() => {});
      match(await raw.read(), /^HTTP\/1.1 4\d\d /);
      strictEqual((await server.ask("GET", USERS)).status, 200);
    }
  },
);

processTest(
  "Clients that do not read their answers keep nobody from writing",
  async () => {
    await using server = await Listening.start();
    const ids: string[] = [];
    for (let i = 0; i < 200; i++) {
      ids.push(await server.user(`user${i}`, { title: "x".repeat(20_000) }));
    }
    const group = await server.ask("POST", `${SCIM_BASE_PATH}/Groups`, {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
      displayName: "all",
      members: ids.map((value) => ({ value })),
    });
    strictEqual(group.status, 201);
    const groupId: string = JSON.parse(group.text).id;
    using slow = await connections(
      30,
      async () => {
        const raw = await server.connect("GET", `${USERS}?count=200`);
        match(await raw.read(100), /^HTTP\/1.1 200 /);
        return raw;
      },
    );
    using slowOnGroup = await connections(
      10,
      () => server.connect("GET", `${SCIM_BASE_PATH}/Groups/${groupId}`),
    );
    for (const id of ids.slice(0, 20)) {
      const patch = (operation: object) => ({
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [operation],
      });
      const user = await server.ask(
        "PATCH",
        `${USERS}/${id}`,
        patch({ op: "replace", path: "active", value: false }),
      );
      strictEqual(user.status, 200);
      const group = await server.ask(
        "PATCH",
        `${SCIM_BASE_PATH}/Groups/${groupId}`,
        patch({ op: "remove", path: `members[value eq "${id}"]` }),
      );
      ok([200, 204].includes(group.status), group.text);
    }
    strictEqual(slow.all.length + slowOnGroup.all.length, 40);
  },
);

processTest("A scan ends when its client goes away", async () => {
  let lists = 0;
  const begun = Promise.withResolvers<void>();
  let isSlow = false;
  await using server = await Listening.start(
    { scans: { places: 1, free: 0 } },
    {
      async before(call) {
        if (!isSlow || call !== "list") return;
        if (++lists === 2) begun.resolve();
        await new Promise((resolve) => setTimeout(resolve, 200));
      },
    },
  );
  for (let i = 0; i < 3_000; i++) {
    await server.services.resources.create(WRITER, USER, {
      attributes: { userName: `user${i}` },
      members: [],
      ignored: [],
    });
  }
  isSlow = true;
  const away = new AbortController();
  const path = `${USERS}?filter=${encodeURIComponent('title eq "x"')}`;
  const asked = server.ask("GET", path, undefined, away.signal)
    .catch((error: unknown) => error);
  await begun.promise;
  away.abort();
  await asked;
  const next = await server.ask("GET", path);
  strictEqual(next.status, 200, next.text);
  // Seven lists are a whole scan; the first did not get that far.
  ok(lists > 7 && lists < 2 * 7, `${lists} lists`);
});
