/**
 * The URL space.
 * @module
 */

import { fixedEndpoint } from "../domain/endpoints.ts";

/** The base path that the documentation names. */
export const SCIM_BASE_PATH = "/api/scim/v2";

/** A shorter base path for the same app. */
export const SHORT_SCIM_BASE_PATH = "/scim/v2";

const BASE_PATHS: readonly string[] = [SCIM_BASE_PATH, SHORT_SCIM_BASE_PATH];

/**
 * Base paths that name no version, for which the newest one is served (RFC 7644
 * section 3.13). A version that is not served does not become an endpoint.
 */
const UNVERSIONED = /^(?:\/api)?\/scim(?=$|\/(?!v\d))/;

/**
 * The path by which a request is routed: all base paths are one, slashes too
 * many do not count, and the names of endpoints, `.search` below one of them
 * included, are matched without case.
 */
export function routingPath(pathname: string): string {
  const path = pathname.replace(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
  const base = basePathOf(path);
  if (base === undefined) return path;
  const [endpoint = "", ...rest] = path.slice(base.length + 1).split("/");
  const name = fixedEndpoint(endpoint) ?? endpoint;
  const [below = "", ...further] = rest;
  const isSearch = further.length === 0 && below.toLowerCase() === ".search";
  return [SCIM_BASE_PATH, name, ...(isSearch ? [".search"] : rest)]
    .join("/").replace(/\/$/, "");
}

/** The base path that a path begins with, if any. */
export function basePathOf(path: string): string | undefined {
  const lower = path.toLowerCase();
  return BASE_PATHS.find((base) =>
    lower === base || lower.startsWith(`${base}/`)
  ) ?? UNVERSIONED.exec(lower)?.[0];
}

/** The protocol version that a path asks for and that is not served (RFC 7644 section 3.13). */
export function otherVersion(path: string): string | undefined {
  return /^(?:\/+api)?\/+scim\/+(v\d[^/]*)/i.exec(path)?.[1];
}

/**
 * The SCIM base URL that a request was sent to, without a slash at its end.
 *
 * @param publicUrl where clients reach the server, when that is not where it listens
 */
export function scimBaseUrl(
  requestUrl: string,
  publicUrl: string | undefined,
): string {
  const { origin, pathname } = new URL(requestUrl);
  const path = basePathOf(pathname.replace(/\/{2,}/g, "/")) ?? SCIM_BASE_PATH;
  return `${(publicUrl ?? origin).replace(/\/+$/, "")}${path}`;
}
