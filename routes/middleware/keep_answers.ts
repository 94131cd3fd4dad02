/**
 * Keeps answers to reads of one resource in memory while nothing is written that
 * they were made of: the token, the tenant's settings, the resource, what it shows
 * of others. Only where one process owns the store; see storage/coherence.ts.
 * @module
 */

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Reads } from "../../storage/coherence.ts";
import type { TenantRegistry } from "../../storage/registries.ts";
import { isKnown, notModified } from "../scim/preconditions.ts";
import type { Client, ScimEnvironment } from "../scim/environment.ts";
import type { Services } from "../services.ts";
import { takeTurn } from "./limit_rate.ts";

/** How much memory kept answers take at the most if nothing is configured, in bytes. */
export const DEFAULT_ANSWER_MEMORY = 128 * 1024 * 1024;

/** The longest body that is kept, in bytes. */
const MAX_BODY = 65_536;

/** What an answer takes beside its body and its name, in bytes, about. */
const OVERHEAD = 700;

/** An answer with status 200 that is kept. */
interface KeptAnswer {
  readonly client: Client;
  readonly current: TenantRegistry;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  readonly version: string;
  readonly reads: Reads;
}

/**
 * Answers from memory, if that tells the same as the store would. A handler that
 * has set `keeps` allows it for what it has answered.
 */
export function keepAnswers(
  services: Services,
  memory: number = DEFAULT_ANSWER_MEMORY,
) {
  const { store, tokens } = services;
  const { coherence } = store;
  const answers = new Answers(memory);
  return createMiddleware<ScimEnvironment>(
    async function keepAnswers(c, next) {
      if (coherence === undefined || c.req.method !== "GET") {
        return await next();
      }
      const name = nameOf(c);
      const kept = answers.get(name);
      if (kept !== undefined) {
        const { client, current, reads } = kept;
        if (!coherence.isCurrent(reads) || !tokens.use(client.token)) {
          answers.forget(name);
        } else if (takeTurn(services, client, current) === 0) {
          return isKnown(c, kept.version)
            ? notModified(kept.version)
            : new Response(kept.body, { headers: kept.headers });
        }
      }
      const { reads } = await coherence.following(next);
      if (c.get("keeps") !== true || !isSmall(c.res)) return;
      const { body, headers } = {
        body: new Uint8Array(await c.res.arrayBuffer()),
        headers: Object.fromEntries(c.res.headers),
      };
      c.res = new Response(body, { headers });
      if (!coherence.isCurrent(reads)) return;
      answers.keep(name, {
        client: c.get("client"),
        current: c.get("current"),
        version: headers["etag"] ?? "",
        body,
        headers,
        reads,
      });
    },
  );
}

/** All that an answer depends on but the store and the time. */
function nameOf(c: Context): string {
  return `${c.req.header("Authorization")} ${c.req.url}`;
}

function isSmall({ status, headers }: Response): boolean {
  const length = headers.get("Content-Length");
  return status === 200 && length !== null && Number(length) <= MAX_BODY;
}

/** Answers by name; those that were asked for last stay longest. */
class Answers {
  readonly #memory: number;
  readonly #answers = new Map<string, KeptAnswer>();
  #used = 0;

  constructor(memory: number) {
    this.#memory = memory;
  }

  get(name: string): KeptAnswer | undefined {
    const answer = this.#answers.get(name);
    // Who stands where matters only when room becomes scarce.
    if (answer !== undefined && this.#used > this.#memory / 2) {
      this.#answers.delete(name);
      this.#answers.set(name, answer);
    }
    return answer;
  }

  keep(name: string, answer: KeptAnswer): void {
    this.forget(name);
    this.#answers.set(name, answer);
    this.#used += sizeOf(name, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#used <= this.#memory) return;
      this.forget(oldest);
    }
  }

  forget(name: string): void {
    const answer = this.#answers.get(name);
    if (answer === undefined) return;
    this.#answers.delete(name);
    this.#used -= sizeOf(name, answer);
  }
}

function sizeOf(name: string, { body }: KeptAnswer): number {
  return body.length + name.length + OVERHEAD;
}
