/**
 * Requests to a server that may die before it answers.
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { ADMIN_SECRET, type Server } from "./server.ts";

/** How long an answer may take, in milliseconds; after that it counts as a hang. */
const ANSWER_WITHIN = 30_000;

/** Where SCIM is. */
const SCIM_BASE = "/api/scim/v2";

/** An answer. Its status is an acknowledgement, whatever becomes of the body. */
export interface Answer {
  readonly status: number;
  /** The id at the end of Location; undefined without one. */
  readonly id: string | undefined;
  /** Undefined when it is empty or was cut off. */
  readonly body: JsonObject | undefined;
}

/** Sends requests to one server with one token. */
export class Client {
  readonly origin: string;
  readonly #token: string;

  /** @param token of SCIM requests */
  constructor(server: Pick<Server, "origin">, token: string) {
    this.origin = server.origin;
    this.#token = token;
  }

  /** A SCIM request. Undefined: there was no answer. */
  scim(
    method: string,
    path: string,
    body?: JsonObject,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer | undefined> {
    return send(`${this.origin}${SCIM_BASE}${path}`, method, body, {
      ...headers,
      "Authorization": `Bearer ${this.#token}`,
      "Content-Type": "application/scim+json",
    });
  }

  /** A request to the admin API. Undefined: there was no answer. */
  admin(
    method: string,
    path: string,
    body?: JsonObject,
  ): Promise<Answer | undefined> {
    return adminRequest(this.origin, method, path, body);
  }

  /**
   * Reads what must be there.
   *
   * @throws {Error} without an answer, or with another status than 200
   */
  async read(path: string): Promise<JsonObject> {
    const answer = path.startsWith("/admin")
      ? await this.admin("GET", path.slice("/admin".length))
      : await this.scim("GET", path);
    if (answer?.status !== 200 || answer.body === undefined) {
      throw new Error(`GET ${path} answers ${Deno.inspect(answer)}`);
    }
    return answer.body;
  }
}

/**
 * A new token for SCIM requests.
 *
 * @throws {Error} when the server gives none
 */
export async function issueToken(origin: string): Promise<string> {
  const answer = await adminRequest(origin, "POST", "/tokens", {
    name: "load",
  });
  const token = answer?.body?.["token"];
  if (typeof token !== "string") {
    throw new Error(`There is no token: ${Deno.inspect(answer)}`);
  }
  return token;
}

/** The objects in a member of a body; none if there is no such member. */
export function objectsIn(
  body: JsonObject | undefined,
  name: string,
): JsonObject[] {
  const list: JsonValue | undefined = body?.[name];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function adminRequest(
  origin: string,
  method: string,
  path: string,
  body?: JsonObject,
): Promise<Answer | undefined> {
  return send(`${origin}/admin${path}`, method, body, {
    "Authorization": `Bearer ${ADMIN_SECRET}`,
    "Content-Type": "application/json",
  });
}

async function send(
  url: string,
  method: string,
  body: JsonObject | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<Answer | undefined> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new Error(`${method} ${url} was not answered in time`);
    }
    return undefined;
  }
  return {
    status: response.status,
    id: response.headers.get("Location")?.split("/").at(-1),
    body: await objectOf(response),
  };
}

async function objectOf(response: Response): Promise<JsonObject | undefined> {
  try {
    const body: JsonValue = JSON.parse(await response.text());
    return isJsonObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
