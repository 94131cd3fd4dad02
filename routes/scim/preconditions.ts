/**
 * Conditional requests (RFC 7644 section 3.14, RFC 9110 section 13).
 * @module
 */

import { ScimError } from "../../domain/errors.ts";

/** What a request says about the version that it expects. */
export interface Preconditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/**
 * Whether a header names a version. Weak tags match too, since SCIM's own
 * examples send them in If-Match; the opaque parts are compared.
 */
export function namesVersion(header: string, version: string): boolean {
  if (header.trim() === "*") return true;
  const tags = header.match(/"[^"]*"/g) ?? [`"${header.trim()}"`];
  return tags.includes(version.replace(/^W\//, ""));
}

/** Whether the client has a version already, by If-None-Match. */
export function isKnown(
  ifNoneMatch: string | null | undefined,
  version: string,
): boolean {
  return typeof ifNoneMatch === "string" && namesVersion(ifNoneMatch, version);
}

/** 304 for a client that has the version already. */
export function notModified(version: string): Response {
  return new Response(null, { status: 304, headers: { ETag: version } });
}

/**
 * Refuses a write to a version that the client has not seen.
 *
 * @throws {ScimError} 412
 */
export function checkPreconditions(
  { ifMatch, ifNoneMatch }: Preconditions,
  version: string,
): void {
  if (ifMatch !== undefined && !namesVersion(ifMatch, version)) {
    throw new ScimError(
      412,
      undefined,
      "The resource has changed since the version in If-Match; read it again " +
        `and repeat the change (it is at version ${version} now)`,
    );
  }
  if (ifNoneMatch !== undefined && namesVersion(ifNoneMatch, version)) {
    throw new ScimError(
      412,
      undefined,
      "The resource has the version that If-None-Match rules out",
    );
  }
}
