/** A server in this process, for the simulated services to talk to. @module */

import { z } from "zod";
import { createApp } from "../../routes/app.ts";
import { createServices } from "../../routes/services.ts";
import type { Send } from "./wire.ts";

const ADMIN_SECRET = "admin-secret-of-a-test";
const ORIGIN = "https://scim.example.com";

/** A running server with an empty store. */
export class TestServer implements AsyncDisposable {
  readonly #request: (request: Request) => Response | Promise<Response>;
  readonly #end: () => Promise<void>;
  /** What the server told its operator, and should not have had to. */
  readonly reports: string[];

  private constructor(
    request: (request: Request) => Response | Promise<Response>,
    end: () => Promise<void>,
    reports: string[],
  ) {
    this.#request = request;
    this.#end = end;
    this.reports = reports;
  }

  /** @param store makes another store of the one in memory */
  static async start(
    store: (kv: Deno.Kv) => Deno.Kv = (kv) => kv,
  ): Promise<TestServer> {
    const kv = await Deno.openKv(":memory:");
    const reports: string[] = [];
    const services = await createServices({
      kv: store(kv),
      adminToken: ADMIN_SECRET,
      requestsPerSecond: 1_000_000,
      exclusive: true,
      report: (event, details) =>
        reports.push(`${event} ${JSON.stringify(details)}`),
    });
    const app = createApp(services);
    return new TestServer((request) => app.request(request), async () => {
      await services.jobs.idle();
      kv.close();
    }, reports);
  }

  /** A way to send requests as a client of a tenant. */
  async connect(
    tenant: string,
    profile: "compatible" | "rfc" = "compatible",
  ): Promise<Send> {
    const answer = await this.#request(
      new Request(`${ORIGIN}/admin/tokens`, {
        method: "POST",
        headers: {
          "Authorization": `Bearer ${ADMIN_SECRET}`,
          "Content-Type": "application/json",
        },
        body: JSON.stringify({ name: "provisioning", tenant, profile }),
      }),
    );
    const { token } = z.object({ token: z.string() }).parse(
      await answer.json(),
    );
    return async (method, path, body, headers = {}) => {
      const answer = await this.#request(
        new Request(`${ORIGIN}/api/scim/v2${path}`, {
          method,
          headers: {
            "Authorization": `Bearer ${token}`,
            "Accept": "application/scim+json",
            ...(body === undefined ? {} : {
              "Content-Type": "application/scim+json; charset=utf-8",
            }),
            ...headers,
          },
          body: body === undefined ? null : JSON.stringify(body),
        }),
      );
      const text = await answer.text();
      return {
        status: answer.status,
        headers: answer.headers,
        body: text === "" ? undefined : JSON.parse(text),
      };
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
