/**
 * Keeps answers to reads of one resource and to filters in memory while nothing is
 * written that they were made of: the token, the tenant's settings, the resources,
 * what they show of others. Only where one process owns the store; see storage/coherence.ts.
 * @module
 */

import type { Hono } from "hono";
import type { Reads } from "../../storage/coherence.ts";
import { Recent } from "../../storage/recent.ts";
import type { TenantSettings } from "../../storage/tenant_settings.ts";
import { isKnown, notModified } from "../scim/preconditions.ts";
import type { Client, ScimEnvironment } from "../scim/environment.ts";
import type { Services } from "../services.ts";
import { takeTurn } from "./limit_rate.ts";

/** How much memory kept answers take at the most if nothing is configured, in bytes. */
export const DEFAULT_ANSWER_MEMORY = 128 * 1024 * 1024;

/** The longest body that is kept, in bytes. */
const MAX_BODY = 65_536;

/** What an answer takes beside its body, its name and its reads, in bytes, about. */
const OVERHEAD = 700;

/** What each number of the reads takes, in bytes. */
const BYTES_PER_NUMBER = 8;

/** An answer with status 200 that is kept. */
interface KeptAnswer {
  readonly client: Client;
  /** No more of what was in force: it would outlive its schemas here. */
  readonly settings: TenantSettings;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  /** The entity tag; a list has none. */
  readonly version: string | undefined;
  readonly reads: Reads;
}

/** What a request was answered for: the client, and the settings of its tenant. */
type Allowance = Pick<KeptAnswer, "client" | "settings">;

/** Answers requests, as an app does. */
type Fetch = Hono["fetch"];

/**
 * Answers from memory, if that tells the same as the store would, before the app
 * has to look where the request goes. A handler that has set `keeps` allows it for
 * what it has answered.
 *
 * @param memory how much of it answers may take, in bytes; 0 keeps none
 */
export function keepAnswers(
  app: Hono<ScimEnvironment>,
  services: Services,
  memory: number = DEFAULT_ANSWER_MEMORY,
): Fetch {
  const { store: { coherence }, tokens } = services;
  const { fetch } = app;
  if (coherence === undefined || memory === 0) return fetch;
  const answers = new Recent<KeptAnswer>(memory / 2, sizeOf);
  const allowed = new WeakMap<Request, Allowance>();
  app.use(async function allow(c, next) {
    await next();
    if (c.get("keeps") !== true) return;
    const { settings } = c.get("current");
    allowed.set(c.req.raw, { client: c.get("client"), settings });
  });

  const answerAnew = async (
    name: string,
    ...[request, ...context]: Parameters<Fetch>
  ): Promise<Response> => {
    const { value: response, reads } = await coherence.following(async () =>
      await fetch(request, ...context)
    );
    const allowance = allowed.get(request);
    if (allowance === undefined || !isSmall(response)) return response;
    const kept: KeptAnswer = {
      ...allowance,
      body: new Uint8Array(await response.arrayBuffer()),
      headers: Object.fromEntries(response.headers),
      version: response.headers.get("ETag") ?? undefined,
      reads,
    };
    if (coherence.isCurrent(reads)) answers.set(name, kept);
    return new Response(kept.body, { headers: kept.headers });
  };

  return function keepAnswers(request, ...context) {
    if (request.method !== "GET") return fetch(request, ...context);
    // All that an answer depends on but the store and the time.
    const { headers, url } = request;
    const name = `${headers.get("Authorization")} ${url}`;
    const kept = answers.get(name);
    if (kept === undefined) return answerAnew(name, request, ...context);
    const { client, version } = kept;
    if (!coherence.isCurrent(kept.reads) || !tokens.use(client.token)) {
      answers.delete(name);
      return answerAnew(name, request, ...context);
    }
    if (takeTurn(services, client, kept) > 0) {
      return fetch(request, ...context);
    }
    return version !== undefined &&
        isKnown(headers.get("If-None-Match"), version)
      ? notModified(version)
      : new Response(kept.body, { headers: kept.headers });
  };
}

function isSmall({ status, headers }: Response): boolean {
  const length = headers.get("Content-Length");
  return status === 200 && length !== null && Number(length) <= MAX_BODY;
}

/** How much memory an answer takes, in bytes, about. */
function sizeOf({ body, reads }: KeptAnswer, name: string): number {
  return body.length + name.length + BYTES_PER_NUMBER * reads.seen.length +
    OVERHEAD;
}
