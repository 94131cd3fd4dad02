/**
 * A request as the fuzzer makes, keeps, prints and repeats it. Secrets are not
 * part of it: it names whose token it carries.
 * @module
 */

import { ORIGIN } from "../routes/harness.ts";

/** Whose token, or which other `Authorization`, a request carries. */
export type Role =
  /** A token of the tenant with the profile `compatible`. */
  | "compatible"
  /** One with the profile `rfc`. */
  | "rfc"
  /** One that may only read. */
  | "reader"
  /** One that is bound to a user. */
  | "me"
  /** The admin secret. */
  | "admin"
  /** None, or what the request's headers say. */
  | "none";

/** A request. */
export interface FuzzRequest {
  readonly tenant: string;
  readonly role: Role;
  readonly method: string;
  /** Path and query, as they stand in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON in most cases; undefined: no body. */
  readonly body?: Uint8Array<ArrayBuffer>;
  /** The body ends with an error where it should go on. */
  readonly brokenOff?: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The body as a text; bytes that are no UTF-8 become U+FFFD. */
export function textOf(body: Uint8Array | undefined): string {
  return body === undefined ? "" : decoder.decode(body);
}

/** The path of a request as the server sees it: no slash counts twice or at the end. */
export function pathOf({ target }: FuzzRequest): string {
  return new URL(ORIGIN + target).pathname.replace(/\/{2,}/g, "/")
    .replace(/(.)\/$/, "$1");
}

/** Whether the answer to a path has to be SCIM; undefined: it may be. */
export function isScimPath(path: string): boolean | undefined {
  if (/^\/(api\/)?scim(\/|$)/i.test(path)) return true;
  return /%/.test(path) ? undefined : false;
}

/**
 * The request of the Fetch API.
 *
 * @param secret sent as a bearer token unless the headers have a word of their own
 */
export function toFetch(
  { method, target, headers, body, brokenOff }: FuzzRequest,
  secret: string | undefined,
): Request {
  const all = new Headers(headers);
  if (secret !== undefined && !all.has("Authorization")) {
    all.set("Authorization", `Bearer ${secret}`);
  }
  const carries = body !== undefined && method !== "GET" && method !== "HEAD";
  return new Request(ORIGIN + target, {
    method,
    headers: all,
    ...(carries ? { body: brokenOff ? breakingOff(body) : body } : {}),
  });
}

/** A request as people and programs can repeat it: a curl line, and JSON. */
export function describe(request: FuzzRequest): string {
  const { tenant, role, method, target, headers, body, brokenOff } = request;
  const line = [
    "curl -i -X",
    quoted(method),
    quoted(ORIGIN + target),
    ...(role === "none"
      ? []
      : ["-H", `"Authorization: Bearer <${role} of ${tenant}>"`]),
    ...Object.entries(headers).flatMap(([name, value]) => [
      "-H",
      quoted(`${name}: ${value}`),
    ]),
    ...(body === undefined ? [] : ["--data-binary", quoted(textOf(body))]),
  ].join(" ");
  const json = JSON.stringify({
    tenant,
    role,
    method,
    target,
    headers,
    ...(body === undefined
      ? {}
      : { body: [...body].every(isText) ? textOf(body) : [...body] }),
    ...(brokenOff === true ? { brokenOff } : {}),
  });
  return `${shortened(line)}\n  ${shortened(json)}`;
}

function isText(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function shortened(text: string): string {
  return text.length <= 6_000
    ? text
    : `${text.slice(0, 5_900)}… (${text.length} characters)`;
}

function breakingOff(body: Uint8Array<ArrayBuffer>): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(body.slice(0, Math.ceil(body.length / 2)));
    },
    pull(controller) {
      controller.error(new Error("the client went away"));
    },
  });
}
