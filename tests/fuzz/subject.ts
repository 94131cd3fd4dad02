/**
 * The server under test: in process, on a store of its own, with tenants, tokens
 * of every kind and resource types that an operator has added.
 * @module
 */

import { createApp } from "../../routes/app.ts";
import { createServices, type Services } from "../../routes/services.ts";
import { isJsonObject, type JsonObject } from "../../domain/json.ts";
import {
  BADGE,
  DEVICE,
  DEVICE_TYPE,
  LEASE,
  NETWORK,
} from "../routes/custom_types.ts";
import { ADMIN_SECRET, user } from "../routes/harness.ts";
import { findDisagreements } from "../storage/invariants.ts";
import { decode } from "../../storage/codec.ts";
import { PASSING_ENDPOINTS } from "./admin.ts";
import { PASSWORD_MARK } from "./bodies.ts";
import { type FuzzAnswer, jsonOf } from "./judge.ts";
import { Random } from "./random.ts";
import { bytesOf, type FuzzRequest, type Role, toFetch } from "./request.ts";
import { Tenant } from "./world.ts";

/** What the server told its operator. */
export interface Report {
  readonly event: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Tenants and where resources can be made in them. */
const TENANTS: readonly (readonly [string, readonly string[]])[] = [
  ["default", ["/Users", "/Users", "/Groups"]],
  ["acme", ["/Users", "/Groups"]],
  ["lab", ["/Users", "/Groups", "/Devices", "/Devices", ...PASSING_ENDPOINTS]],
];

const TOKEN_ROLES: readonly (readonly [Role, JsonObject])[] = [
  ["compatible", { profile: "compatible" }],
  ["rfc", { profile: "rfc" }],
  ["reader", { profile: "compatible", scopes: ["scim:read"] }],
];

/** The server under test. */
export class Subject implements AsyncDisposable {
  readonly tenants: readonly Tenant[] = TENANTS.map(([name, endpoints]) =>
    new Tenant(name, endpoints)
  );
  /** The ids of the users that are or were /Me for some token. */
  readonly bound = new Set<string>();
  readonly #kv: Deno.Kv;
  readonly #services: Services;
  readonly #fetch: (request: Request) => Response | Promise<Response>;
  readonly #secrets = new Map<string, string>([["admin", ADMIN_SECRET]]);
  readonly #reports: Report[];
  readonly #time: { now: number };

  private constructor(
    kv: Deno.Kv,
    services: Services,
    reports: Report[],
    time: { now: number },
  ) {
    const app = createApp(services);
    this.#kv = kv;
    this.#services = services;
    this.#fetch = (request) => app.fetch(request);
    this.#reports = reports;
    this.#time = time;
  }

  /**
   * Starts a server.
   *
   * @param path of the store's file, which has to be new; `:memory:` for none
   * @param seed of the ids
   */
  static async start(path: string, seed: number): Promise<Subject> {
    const kv = await Deno.openKv(path);
    const reports: Report[] = [];
    const ids = new Random(seed, -1);
    const time = { now: Date.UTC(2026, 5, 1, 8) };
    const options = {
      kv,
      adminToken: ADMIN_SECRET,
      clock: () => new Date(time.now),
      newId: () => uuid(ids),
      report: (event: string, details: Record<string, unknown>) => {
        reports.push({ event, details });
      },
      exclusive: true,
      // Requests come as fast as they can.
      requestsPerSecond: 1_000_000,
    };
    const services = await createServices(options);
    const subject = new Subject(kv, services, reports, time);
    for (const schema of [DEVICE, LEASE, NETWORK]) {
      await subject.#admin("/schemas", { schema, tenant: "lab" });
    }
    await subject.#admin("/resource-types", {
      resourceType: DEVICE_TYPE,
      tenant: "lab",
    });
    await subject.#admin("/schemas", {
      schema: BADGE,
      extends: "User",
      tenant: "lab",
    });
    for (const { name } of subject.tenants) {
      for (const [role, more] of TOKEN_ROLES) {
        await subject.#issue(name, role, more);
      }
      await subject.bindMe(name);
    }
    return subject;
  }

  /** What no answer may hold. */
  get secrets(): readonly string[] {
    return [...this.#secrets.values()];
  }

  /** Takes what the server has told its operator since the last time. */
  takeReports(): Report[] {
    return this.#reports.splice(0);
  }

  /** Lets a second pass. */
  tick(): void {
    this.#time.now += 1_000;
  }

  /** Makes a user, and a token that is bound to it. */
  async bindMe(tenant: string): Promise<void> {
    const created = await this.#succeed({
      tenant,
      role: "compatible",
      method: "POST",
      target: "/scim/v2/Users",
      headers: { "Content-Type": "application/scim+json" },
      body: bytesOf(JSON.stringify(user(`me-${crypto.randomUUID()}`))),
    });
    const userId = String(created["id"]);
    this.bound.add(userId);
    await this.#issue(tenant, "me", { userId });
  }

  /** Sends a request and reads the answer. */
  async answer(request: FuzzRequest): Promise<FuzzAnswer> {
    const { role, tenant } = request;
    const secret = this.#secrets.get(
      role === "admin" ? role : `${role} ${tenant}`,
    );
    const sent = toFetch(request, secret);
    const start = performance.now();
    const { status, headers, bytes } = await this.#read(sent);
    return { status, headers, bytes, took: performance.now() - start };
  }

  /** What does not fit together in the store. Nobody may write meanwhile. */
  async check(): Promise<string[]> {
    await this.#services.jobs.idle();
    const found: string[] = [];
    const tenants = await this.#services.tenants.list();
    for (const { id } of tenants) {
      const wrong = await findDisagreements(this.#kv, id);
      found.push(...wrong.map((sentence) => `${id}: ${sentence}`));
    }
    for await (const { key, value } of this.#kv.list({ prefix: [] })) {
      if (!(value instanceof Uint8Array)) continue;
      if (JSON.stringify(decode(value)).includes(PASSWORD_MARK)) {
        found.push(`${Deno.inspect(key)} holds a password`);
      }
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#services.jobs.idle();
    this.#kv.close();
  }

  /** An error that escapes the app would end a connection: as bad as a 500. */
  async #read(
    request: Request,
  ): Promise<Pick<FuzzAnswer, "status" | "headers" | "bytes">> {
    try {
      const response = await this.#fetch(request);
      const bytes = await response.bytes();
      return { status: response.status, headers: response.headers, bytes };
    } catch (error) {
      const text = `no answer: ${error instanceof Error ? error.stack : error}`;
      return { status: 599, headers: new Headers(), bytes: bytesOf(text) };
    }
  }

  async #issue(tenant: string, role: Role, more: JsonObject): Promise<void> {
    const { token } = await this.#admin("/tokens", {
      name: role,
      tenant,
      ...more,
    });
    this.#secrets.set(`${role} ${tenant}`, String(token));
  }

  #admin(path: string, body: JsonObject): Promise<JsonObject> {
    return this.#succeed({
      tenant: "default",
      role: "admin",
      method: "POST",
      target: `/admin${path}`,
      headers: { "Content-Type": "application/json" },
      body: bytesOf(JSON.stringify(body)),
    });
  }

  async #succeed(request: FuzzRequest): Promise<JsonObject> {
    const answer = await this.answer(request);
    const json = jsonOf(answer);
    if (answer.status === 201 && isJsonObject(json)) return json;
    throw new Error(
      `${request.method} ${request.target} was answered with ` +
        `${answer.status}: ${JSON.stringify(json)}`,
    );
  }
}

/** A UUID of version 4 that the seed repeats. */
function uuid(random: Random): string {
  const bytes = random.times(16, () => random.int(256));
  const hex = bytes.map((byte, index) => {
    const marked = index === 6
      ? (byte & 0x0f) | 0x40
      : index === 8
      ? (byte & 0x3f) | 0x80
      : byte;
    return marked.toString(16).padStart(2, "0");
  }).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}
