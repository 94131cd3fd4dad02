/**
 * From an exchange to the request on the wire.
 * @module
 */

import type { JsonValue } from "../../domain/json.ts";
import type { Exchange } from "./exchange.ts";
import {
  substituteJson,
  substituteText,
  type Variables,
} from "./substitute.ts";
import type { WireRequest } from "./transport.ts";

/** Where the exchanges go. */
export interface Target {
  /** SCIM base URL, such as `http://localhost:8000/api/scim/v2`. */
  readonly base: string;
  /** Base URL of the OAuth server, for exchanges with `endpoint: "token"`. */
  readonly issuer?: string;
}

const JSON_TYPE = "application/scim+json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** The URL that an exchange's path is relative to; `undefined` if not known. */
export function rootOf(
  { request }: Exchange,
  { base, issuer }: Target,
): string | undefined {
  return request.endpoint === "token" ? issuer : base;
}

/**
 * Builds the request of an exchange. All its variables must be known.
 *
 * @param root See {@linkcode rootOf}.
 * @returns The request, or in words why it is not to be sent.
 */
export function buildRequest(
  { request }: Exchange,
  variables: Variables,
  root: string,
): WireRequest | string {
  const place = locate(request.path, variables, root);
  if (typeof place === "string") return place;

  const headers = new Map<string, string>();
  for (const [name, value] of defaultHeaders(request, variables)) {
    headers.set(name.toLowerCase(), value);
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (value === null) headers.delete(name.toLowerCase());
    else headers.set(name.toLowerCase(), substituteText(value, variables));
  }
  const body = request.body === undefined
    ? {}
    : { body: bodyText(request.body, headers.get("content-type"), variables) };
  const { method } = request;
  return { method, ...place, headers: Object.fromEntries(headers), ...body };
}

/** The headers that are sent unless the exchange says otherwise. */
function* defaultHeaders(
  request: Exchange["request"],
  variables: Variables,
): Generator<[string, string]> {
  if (request.body !== undefined) yield ["Content-Type", JSON_TYPE];
  if (request.auth === "none" || request.endpoint === "token") return;
  yield [
    "Authorization",
    request.auth === "invalid"
      ? "Bearer this-credential-was-never-issued"
      : substituteText("Bearer {{token}}", variables),
  ];
}

function locate(
  path: string,
  variables: Variables,
  root: string,
): { origin: string; target: string } | string {
  const { origin, pathname } = new URL(root);
  if (path.startsWith("/")) {
    const prefix = pathname.replace(/\/$/, "");
    const literal = substituteText(path, variables, encodeURIComponent);
    return { origin, target: prefix + literal };
  }
  // A path that is one variable holds a URL which the server has named itself.
  const url = substituteText(path, variables);
  if (!URL.canParse(url) || new URL(url).origin !== origin) {
    return "the URL is not below the base URL's origin: the credential stays here";
  }
  const target = /^[^:]+:\/\/[^/?#]+([^#]*)/.exec(url)?.[1] ?? "";
  return { origin, target: target.startsWith("/") ? target : `/${target}` };
}

/** A string is sent verbatim, anything else as JSON. */
function bodyText(
  body: JsonValue,
  contentType: string | undefined,
  variables: Variables,
): string {
  if (typeof body !== "string") {
    return JSON.stringify(substituteJson(body, variables));
  }
  const isForm = contentType?.startsWith(FORM_TYPE) ?? false;
  return isForm
    ? substituteText(body, variables, encodeURIComponent)
    : substituteText(body, variables);
}
