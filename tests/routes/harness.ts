/**
 * A whole server for a test: the app on a store in memory, a clock to turn, and
 * clients that speak SCIM and the admin API. Needs no permissions.
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { createApp } from "../../routes/app.ts";
import { SCIM_BASE_PATH } from "../../routes/paths.ts";
import { createServices, type ServiceOptions } from "../../routes/services.ts";
import { decode } from "../../storage/codec.ts";

/** The admin secret of the servers here. */
export const ADMIN_SECRET = "correct-horse-battery-staple";

/** Where the requests go. */
export const ORIGIN = "https://scim.example.com";

/** The SCIM base URL of the requests that name no other. */
export const BASE = `${ORIGIN}${SCIM_BASE_PATH}`;

/** Schema URIs by short names. */
export const URN = {
  user: "urn:ietf:params:scim:schemas:core:2.0:User",
  group: "urn:ietf:params:scim:schemas:core:2.0:Group",
  enterprise: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  patch: "urn:ietf:params:scim:api:messages:2.0:PatchOp",
  list: "urn:ietf:params:scim:api:messages:2.0:ListResponse",
  error: "urn:ietf:params:scim:api:messages:2.0:Error",
} as const;

/** A request as tests write it; `body` is sent as JSON unless it is text or bytes. */
export interface TestRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonValue | Uint8Array<ArrayBuffer> | ReadableStream;
  /** undefined: the client's own; null: none. */
  readonly token?: string | null;
}

/** An answer whose body has been read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as a JSON object; `{}` when it is none. */
  readonly json: JsonObject;
}

/** What a token is issued with. */
export interface TokenOptions {
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly expiresInDays?: number;
  readonly profile?: "compatible" | "rfc";
  readonly tenant?: string;
  /** The user that is /Me. */
  readonly userId?: string;
}

/** A server under test. */
export class TestServer implements AsyncDisposable {
  readonly kv: Deno.Kv;
  /** What the server told its operator. */
  readonly reports: { event: string; details: Record<string, unknown> }[];
  /** The time that the server sees. */
  now: Date;
  readonly #fetch: (request: Request) => Response | Promise<Response>;
  readonly #idle: () => Promise<void>;

  private constructor(
    kv: Deno.Kv,
    now: Date,
    reports: TestServer["reports"],
    fetch: TestServer["fetch"],
    idle: () => Promise<void>,
  ) {
    this.kv = kv;
    this.now = now;
    this.reports = reports;
    this.#fetch = fetch;
    this.#idle = idle;
  }

  /** Starts a server on an empty store. */
  static async start(
    options: Partial<Omit<ServiceOptions, "kv" | "clock" | "report">> = {},
  ): Promise<TestServer> {
    const kv = await Deno.openKv(":memory:");
    const reports: TestServer["reports"] = [];
    const time = { of: (): Date => new Date() };
    const services = await createServices({
      kv,
      adminToken: ADMIN_SECRET,
      exclusive: true,
      requestsPerSecond: 1_000_000,
      clock: () => time.of(),
      report: (event, details) => reports.push({ event, details }),
      ...options,
    });
    const app = createApp(services);
    const server = new TestServer(
      kv,
      new Date("2026-06-01T08:00:00.000Z"),
      reports,
      (request) => app.fetch(request),
      () => services.jobs.idle(),
    );
    time.of = () => server.now;
    return server;
  }

  /** Sends a request as it is. */
  fetch(request: Request): Response | Promise<Response> {
    return this.#fetch(request);
  }

  /** Lets time pass. */
  pass({ hours = 0, seconds = 0 }: { hours?: number; seconds?: number }): void {
    this.now = new Date(
      this.now.getTime() + hours * 3_600_000 + seconds * 1_000,
    );
  }

  /** Issues a token through the admin API. */
  async token(options: TokenOptions = {}): Promise<string> {
    const { scopes, ...others } = options;
    const { json } = await this.admin("POST", "/tokens", {
      name: "test",
      ...others,
      ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    });
    return text(json["token"]);
  }

  /** A client with a new token. */
  async client(options: TokenOptions = {}): Promise<Client> {
    return new Client(this, await this.token(options));
  }

  /** A request to the admin API with the admin secret. */
  admin(method: string, path: string, body?: JsonValue): Promise<Answer> {
    return send(this, `${ORIGIN}/admin${path}`, {
      method,
      token: ADMIN_SECRET,
      headers: { "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Every entry of the store as text, but for notes of when tokens were used. */
  async dump(): Promise<string[]> {
    await this.#idle();
    const lines: string[] = [];
    for await (const { key, value } of this.kv.list({ prefix: [] })) {
      if (key[0] === "tokuse") continue;
      const shown = value instanceof Uint8Array
        ? JSON.stringify(decode(value))
        : Deno.inspect(value, { depth: Infinity, strAbbreviateSize: Infinity });
      lines.push(`${Deno.inspect([...key])} ${shown}`);
    }
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#idle();
    this.kv.close();
  }
}

/** Speaks SCIM with one token. Paths begin behind the base URL: `/Users`. */
export class Client {
  readonly server: TestServer;
  readonly token: string;
  readonly base: string;

  constructor(server: TestServer, token: string, base = BASE) {
    this.server = server;
    this.token = token;
    this.base = base;
  }

  /** The same client at another base URL. */
  at(base: string): Client {
    return new Client(this.server, this.token, base);
  }

  /** Sends a request; a path with a scheme is a whole URL. */
  send(path: string, request: TestRequest = {}): Promise<Answer> {
    const url = path.includes("://") ? path : `${this.base}${path}`;
    return send(this.server, url, { token: this.token, ...request });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { headers });
  }

  post(path: string, body: JsonValue): Promise<Answer> {
    return this.send(path, { method: "POST", body });
  }

  put(
    path: string,
    body: JsonValue,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.send(path, { method: "PUT", body, headers });
  }

  /** Sends a PATCH message with some operations. */
  patch(
    path: string,
    operations: JsonObject[],
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.send(path, {
      method: "PATCH",
      body: { schemas: [URN.patch], Operations: operations },
      headers,
    });
  }

  delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { method: "DELETE", headers });
  }

  /** Creates a user that has to succeed. */
  async user(userName: string, more: JsonObject = {}): Promise<Created> {
    return created(await this.post("/Users", user(userName, more)));
  }

  /** Creates a group that has to succeed. */
  async group(
    displayName: string,
    members: readonly string[] = [],
    more: JsonObject = {},
  ): Promise<Created> {
    return created(
      await this.post("/Groups", group(displayName, members, more)),
    );
  }

  /** What a query finds: `userName` or `displayName` of each resource, in order. */
  async names(path: string): Promise<string[]> {
    const answer = await this.get(path);
    strictEqual(answer.status, 200, answer.text);
    return objects(answer.json["Resources"]).map((resource) =>
      String(resource["userName"] ?? resource["displayName"])
    ).sort();
  }
}

/** A resource that was created. */
export interface Created {
  readonly id: string;
  readonly version: string;
  readonly location: string;
  readonly json: JsonObject;
}

/** The body of a user. */
export function user(userName: string, more: JsonObject = {}): JsonObject {
  return { schemas: [URN.user], userName, ...more };
}

/** The body of a group. */
export function group(
  displayName: string,
  members: readonly string[] = [],
  more: JsonObject = {},
): JsonObject {
  return {
    schemas: [URN.group],
    displayName,
    ...(members.length === 0
      ? {}
      : { members: members.map((value) => ({ value })) }),
    ...more,
  };
}

/** Runs a test with a server and a client of its own. */
export function withClient(
  run: (client: Client, server: TestServer) => Promise<void>,
  options: TokenOptions = {},
): () => Promise<void> {
  return async () => {
    await using server = await TestServer.start();
    await run(await server.client(options), server);
  };
}

/** Sends a request and reads the answer; no answer may be a failure of the server. */
export async function send(
  server: TestServer,
  url: string,
  { method = "GET", headers = {}, body, token }: TestRequest,
): Promise<Answer> {
  const raw = body === undefined || typeof body === "string" ||
    body instanceof Uint8Array || body instanceof ReadableStream;
  const request = new Request(url, {
    method,
    headers: {
      ...(body === undefined
        ? {}
        : { "Content-Type": "application/scim+json; charset=utf-8" }),
      ...(token === undefined || token === null
        ? {}
        : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
  });
  const response = await server.fetch(request);
  const content = await response.text();
  const failures = server.reports.map(({ details }) => details["error"]);
  deepStrictEqual(failures, [], `${method} ${url.slice(0, 200)} failed inside`);
  ok(response.status < 500 || response.status === 501, content);
  return {
    status: response.status,
    headers: response.headers,
    text: content,
    json: object(content === "" ? {} : parsed(content)),
  };
}

/**
 * Checks that an answer is a SCIM error (RFC 7644 section 3.12) with a status, a
 * keyword and a detail that says something.
 */
export function isScimError(
  answer: Answer,
  status: number,
  scimType?: string,
  detail: RegExp = /\w+ \w+/,
): void {
  strictEqual(answer.status, status, answer.text);
  strictEqual(answer.headers.get("Content-Type"), "application/scim+json");
  const { schemas, status: inBody, scimType: keyword } = answer.json;
  deepStrictEqual(schemas, [URN.error]);
  strictEqual(inBody, String(status));
  strictEqual(keyword, scimType, answer.text);
  ok(detail.test(text(answer.json["detail"])), `${detail}: ${answer.text}`);
}

/** Checks that an answer is a problem document (RFC 9457) that says something. */
export function isProblem(
  answer: Answer,
  status: number,
  detail: RegExp,
): void {
  strictEqual(answer.status, status, answer.text);
  strictEqual(answer.headers.get("Content-Type"), "application/problem+json");
  strictEqual(answer.json["status"], status);
  match(text(answer.json["detail"]), detail);
}

/** What a problem document says of each member, by its pointer. */
export function pointers({ json }: Answer): JsonValue[] {
  return objects(json["errors"]).map(({ pointer }) => pointer ?? null);
}

/** Checks that an answer is a list with so many resources on its page and in all. */
export function isList(
  answer: Answer,
  expected: { total: number; page?: number; startIndex?: number },
): JsonObject[] {
  strictEqual(answer.status, 200, answer.text);
  const { total, page = total, startIndex = 1 } = expected;
  const { Resources, ...envelope } = answer.json;
  deepStrictEqual(envelope, {
    schemas: [URN.list],
    totalResults: total,
    itemsPerPage: page,
    startIndex,
  });
  const resources = objects(Resources);
  strictEqual(resources.length, page);
  return resources;
}

/** A JSON value that has to be an object. */
export function object(value: JsonValue | undefined): JsonObject {
  ok(
    typeof value === "object" && value !== null && !Array.isArray(value),
    `not an object: ${JSON.stringify(value)}`,
  );
  return value;
}

/** A JSON value that has to be an array of objects. */
export function objects(value: JsonValue | undefined): JsonObject[] {
  ok(Array.isArray(value), `not an array: ${JSON.stringify(value)}`);
  return value.map(object);
}

/** A JSON value that has to be a string. */
export function text(value: JsonValue | undefined): string {
  ok(typeof value === "string", `not a string: ${JSON.stringify(value)}`);
  return value;
}

/** The `value` of each element of a multi-valued attribute. */
export function values(elements: JsonValue | undefined): string[] {
  return elements === undefined
    ? []
    : objects(elements).map((element) => text(element["value"]));
}

function created(answer: Answer): Created {
  strictEqual(answer.status, 201, answer.text);
  return {
    id: text(answer.json["id"]),
    version: answer.headers.get("ETag") ?? "",
    location: answer.headers.get("Location") ?? "",
    json: answer.json,
  };
}

function parsed(content: string): JsonValue {
  try {
    return JSON.parse(content);
  } catch {
    return {};
  }
}
