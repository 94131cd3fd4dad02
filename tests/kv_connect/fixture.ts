/**
 * Real servers on a KV Connect server, and a client that speaks to them.
 * @module
 */

import assert from "node:assert/strict";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { SCIM_BASE_PATH } from "../../routes/paths.ts";
import { type Running, start } from "../e2e/process.ts";
import { JOB_LEASE } from "../../storage/jobs.ts";
import { Directory } from "../storage/fixture.ts";
import { findDisagreements } from "../storage/invariants.ts";
import type { KvConnectServer } from "./server.ts";

/** How the program is started. */
export const COMMAND = ["deno", "run", "--allow-all", "main.ts"] as const;

/** The admin secret of the servers here. */
export const ADMIN_SECRET = "a-secret-for-this-test";

/** Schema URIs by short names. */
export const URN = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  bulk: "urn:ietf:params:scim:api:messages:2.0:BulkRequest",
} as const;

/** How long something may take that happens behind the requests, in milliseconds. */
const PATIENCE = 60_000;

/** How long it is waited between two looks, in milliseconds. */
const PAUSE = 100;

/** The environment that makes the program use a database of a KV server. */
export function environmentOf(
  server: KvConnectServer,
): Readonly<Record<string, string>> {
  return {
    KV_PATH: server.url(),
    DENO_KV_ACCESS_TOKEN: server.accessToken,
    ADMIN_TOKEN: ADMIN_SECRET,
    // Several processes are one service, and clients know it by one name.
    PUBLIC_URL: "https://scim.example.com",
    REQUESTS_PER_SECOND: "1000000",
  };
}

/** A server process; it is killed when the test that uses it ends. */
export class Program implements AsyncDisposable {
  readonly origin: string;
  readonly #running: Running;
  #ended = false;

  private constructor(running: Running) {
    this.origin = running.origin;
    this.#running = running;
  }

  /** Starts a server process on a KV server, and waits until it answers. */
  static async start(server: KvConnectServer): Promise<Program> {
    return new Program(await start(COMMAND, environmentOf(server)));
  }

  /** A client of the program with a new token. */
  async client(): Promise<Client> {
    return new Client(this.origin, (await this.issueToken()).token);
  }

  /** Issues a token. */
  async issueToken(): Promise<{ readonly id: string; readonly token: string }> {
    const { status, json } = await this.admin("POST", "/tokens", {
      name: "test",
    });
    assert.equal(status, 201);
    return { id: String(json["id"]), token: String(json["token"]) };
  }

  /** A request to the admin API. */
  async admin(
    method: string,
    path: string,
    body?: JsonObject,
  ): Promise<Answer> {
    return await send(`${this.origin}/admin${path}`, method, {
      Authorization: `Bearer ${ADMIN_SECRET}`,
      "Content-Type": "application/json",
    }, body);
  }

  /** The status of the readiness probe. */
  async readiness(): Promise<number> {
    return (await send(`${this.origin}/readyz`, "GET", {})).status;
  }

  /** Ends the process as the system would that lacks memory. */
  async kill(): Promise<void> {
    this.#ended = true;
    await this.#running.stop("SIGKILL");
  }

  /** Asks the process to end, and waits for it. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running.stop("SIGTERM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.kill();
  }
}

/** An answer whose body has been read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as a JSON object; `{}` when it is none. */
  readonly json: JsonObject;
}

/** A SCIM client of one server process. */
export class Client {
  readonly #origin: string;
  readonly #token: string;

  constructor(origin: string, token: string) {
    this.#origin = origin;
    this.#token = token;
  }

  /** The same client of another process. */
  at(program: Program): Client {
    return new Client(program.origin, this.#token);
  }

  /** A request. */
  async send(
    method: string,
    path: string,
    body?: JsonObject,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return await send(`${this.#origin}${SCIM_BASE_PATH}${path}`, method, {
      Authorization: `Bearer ${this.#token}`,
      "Content-Type": "application/scim+json",
      ...headers,
    }, body);
  }

  /** Creates a user. */
  async createUser(
    userName: string,
    attributes: JsonObject = {},
  ): Promise<Answer> {
    return await this.send("POST", "/Users", {
      schemas: [URN.user],
      userName,
      ...attributes,
    });
  }

  /** The id of a new user. */
  async user(userName: string, attributes: JsonObject = {}): Promise<string> {
    return idOf(await this.createUser(userName, attributes));
  }

  /** The ids of so many new users, named `<prefix>0` and so on. */
  async users(count: number, prefix: string): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const some = Math.min(32, count - ids.length);
      ids.push(
        ...await Promise.all(Array.from({ length: some }, (_, i) => {
          return this.user(`${prefix}${ids.length + i}`);
        })),
      );
    }
    return ids;
  }

  /** The id of a new group. */
  async group(
    displayName: string,
    members: readonly string[] = [],
  ): Promise<string> {
    return idOf(
      await this.send("POST", "/Groups", groupOf(displayName, members)),
    );
  }

  /** Sends the operations of a PATCH. */
  async patch(path: string, ...Operations: JsonObject[]): Promise<Answer> {
    return await this.send("PATCH", path, { schemas: [URN.patch], Operations });
  }

  /** How many users a filter finds. */
  async count(filter: string): Promise<number> {
    const query = `?count=0&filter=${encodeURIComponent(filter)}`;
    const { status, json } = await this.send("GET", `/Users${query}`);
    assert.equal(status, 200);
    return Number(json["totalResults"]);
  }

  /** The ids of the members of a group, sorted. */
  async membersOf(id: string): Promise<string[]> {
    const { status, json } = await this.send("GET", `/Groups/${id}`);
    assert.equal(status, 200);
    return valuesOf(json["members"]);
  }
}

/** A group as clients send it. */
export function groupOf(
  displayName: string,
  members: readonly string[],
): JsonObject {
  return {
    schemas: [URN.group],
    displayName,
    members: members.map((value) => ({ value })),
  };
}

/** The operation that adds a member. */
export function adding(value: string): JsonObject {
  return { op: "add", path: "members", value: [{ value }] };
}

/** The `value`s of a list of references, sorted. */
export function valuesOf(list: JsonValue | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((item) => String(isJsonObject(item) ? item["value"] : item))
    .sort();
}

/** How often each status was answered. */
export function statuses(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function idOf({ status, json }: Answer): string {
  assert.equal(status, 201, JSON.stringify(json));
  return String(json["id"]);
}

async function send(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body?: JsonObject,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  const json: JsonValue = isJson && text !== "" ? JSON.parse(text) : {};
  return {
    status: response.status,
    headers: response.headers,
    json: isJsonObject(json) ? json : {},
  };
}

/** Waits until something is the case; fails when that takes too long. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (!await isSo()) {
    if (Date.now() > deadline) assert.fail(`It never came true that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Opens the database of the servers in the process of the test. */
export async function openKv(server: KvConnectServer): Promise<Deno.Kv> {
  Deno.env.set("DENO_KV_ACCESS_TOKEN", server.accessToken);
  return await Deno.openKv(server.url());
}

/**
 * Finishes jobs whose makers do not know that they have stored them: as a server
 * would that looks for them when their lease is over.
 */
export async function finishJobs(server: KvConnectServer): Promise<void> {
  using kv = await openKv(server);
  const clock = () => new Date(Date.now() + 2 * JOB_LEASE);
  const { services } = await Directory.open(kv, { clock });
  await services.jobs.idle();
}

/** Asserts that nothing in the store contradicts anything else. */
export async function checkStore(server: KvConnectServer): Promise<void> {
  using kv = await openKv(server);
  let found: string[] = [];
  const deadline = Date.now() + PATIENCE;
  do {
    // The servers may still be sweeping, and write the last use of a token.
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    found = await findDisagreements(kv, "default");
  } while (found.length > 0 && Date.now() < deadline);
  assert.deepEqual(found, []);
}
