/** How simulated clients talk to a server, and what no answer may be like. @module */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";

/** The methods that provisioning services use. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined when there is none. */
  readonly body: JsonValue | undefined;
}

/**
 * Sends a request; rejects when there is no answer.
 *
 * @param path Behind the SCIM base path, with its query: `/Users?count=1`.
 */
export type Send = (
  method: Method,
  path: string,
  body?: JsonObject,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** A request of the past. */
interface Exchange {
  readonly request: string;
  readonly body: string;
  readonly status: number;
}

/** How many requests about one resource an error shows, and how much of each. */
const MAX_SHOWN = 14;
const MAX_SHOWN_LENGTH = 1_200;

/** Checks every answer and remembers every request. */
export class Wire {
  readonly #send: Send;
  readonly #exchanges: Exchange[] = [];
  #writes = 0;

  constructor(send: Send) {
    this.#send = send;
  }

  /** How many requests other than GET were sent. */
  get writes(): number {
    return this.#writes;
  }

  /**
   * Sends a request.
   *
   * @param expected the statuses that the client can live with
   * @throws {Error} when the answer has another status or is no SCIM answer
   */
  async request(
    method: Method,
    path: string,
    expected: readonly number[],
    body?: JsonObject,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    if (method !== "GET") this.#writes++;
    const answer = await this.#send(method, path, body, headers);
    this.#exchanges.push({
      request: `${method} ${path}`,
      body: body === undefined ? "" : JSON.stringify(body),
      status: answer.status,
    });
    const problem = problemOf(method, answer, expected);
    if (problem !== undefined) {
      const id = path.split(/[/?]/)[2] ?? path;
      throw new Error(
        `${method} ${path} ${clip(JSON.stringify(body) ?? "")}: ${problem}\n` +
          `Answer: ${clip(JSON.stringify(answer.body) ?? "none")}\n` +
          this.history(id),
      );
    }
    return answer;
  }

  /** GET of one resource, or undefined if it does not exist. */
  async read(path: string): Promise<JsonObject | undefined> {
    const answer = await this.request("GET", path, [200, 404]);
    return answer.status === 404 ? undefined : objectOf(answer);
  }

  /** GET of a list. */
  async list(path: string): Promise<List> {
    return readList(await this.request("GET", path, [200]));
  }

  /** The last requests that name something, such as an id. */
  history(name: string): string {
    return this.#exchanges.filter(({ request, body }) =>
      request.includes(name) || body.includes(name)
    ).slice(-MAX_SHOWN).map(({ request, body, status }) =>
      `  ${status} ${request} ${clip(body)}`
    ).join("\n");
  }
}

/** A ListResponse. */
export interface List {
  readonly totalResults: number;
  readonly startIndex: number;
  readonly resources: readonly JsonObject[];
}

/** The object in an answer. */
export function objectOf({ status, body }: Answer): JsonObject {
  if (isJsonObject(body)) return body;
  throw new Error(`Status ${status} came without a JSON object`);
}

/** The id in a resource. */
export function idOf(resource: JsonObject): string {
  const { id } = resource;
  if (typeof id === "string" && id !== "") return id;
  throw new Error(`A resource has no id: ${clip(JSON.stringify(resource))}`);
}

/** Adds parameters to a path; blanks become `+` as in Entra's requests. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string>>,
): string {
  return `${path}?${new URLSearchParams(parameters)}`;
}

/** A string as a filter writes it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

function readList(answer: Answer): List {
  const body = objectOf(answer);
  const { totalResults, startIndex, itemsPerPage, Resources } = body;
  if (
    typeof totalResults !== "number" || typeof startIndex !== "number" ||
    !Array.isArray(Resources) ||
    !Resources.every((item) => isJsonObject(item)) ||
    itemsPerPage !== Resources.length
  ) {
    throw new Error(`No whole ListResponse: ${clip(JSON.stringify(body))}`);
  }
  return { totalResults, startIndex, resources: Resources };
}

function problemOf(
  method: Method,
  { status, headers, body }: Answer,
  expected: readonly number[],
): string | undefined {
  if (!expected.includes(status)) {
    return `status ${status} instead of ${expected.join(" or ")}`;
  }
  if (status === 204) return body === undefined ? undefined : "204 with a body";
  const type = headers.get("Content-Type");
  if (type?.startsWith("application/scim+json") !== true) {
    return `Content-Type ${type}`;
  }
  if (!isJsonObject(body)) return "no JSON object";
  if (status === 201 && headers.get("Location") === null) {
    return `no Location header after ${method}`;
  }
  if (status >= 400 && body["status"] !== String(status)) {
    return "an error without its status as a string";
  }
  return undefined;
}

function clip(text: string): string {
  return text.length > MAX_SHOWN_LENGTH
    ? `${text.slice(0, MAX_SHOWN_LENGTH)}…`
    : text;
}
