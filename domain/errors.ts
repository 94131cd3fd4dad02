/**
 * SCIM errors (RFC 7644 section 3.12).
 * @module
 */

import type { JsonObject } from "./json.ts";

/** The keywords of RFC 7644 table 9 and of RFC 9865. */
export type ScimType =
  | "invalidFilter"
  | "tooMany"
  | "uniqueness"
  | "mutability"
  | "invalidSyntax"
  | "invalidPath"
  | "noTarget"
  | "invalidValue"
  | "invalidVers"
  | "sensitive"
  // RFC 9865 section 2.2
  | "invalidCursor"
  | "expiredCursor"
  | "invalidCount";

/** The HTTP statuses that a SCIM answer of this server can have as an error. */
export type ErrorStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 412
  | 413
  | 414
  | 415
  | 429
  | 500
  | 501
  | 503;

/** The schema URI of an error message. */
export const ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error";

/**
 * An error that a client is told about. Thrown anywhere, rendered in one place.
 *
 * `message` is the `detail` of the answer: what was wrong, where, and what
 * would be right. It never repeats a secret.
 */
export class ScimError extends Error {
  override readonly name = "ScimError";
  readonly status: ErrorStatus;
  readonly scimType: ScimType | undefined;
  /** Headers that belong to the answer, such as `Allow` with a 405. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ErrorStatus,
    scimType: ScimType | undefined,
    detail: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
    this.headers = headers;
  }

  /** The same error, told to be in a part of the request. */
  within(where: string): ScimError {
    const detail = `${where}: ${this.message}`;
    return new ScimError(this.status, this.scimType, detail, this.headers);
  }

  /** The message body of RFC 7644 section 3.12. `status` is a string there. */
  toJSON(): JsonObject {
    return {
      schemas: [ERROR_SCHEMA],
      status: String(this.status),
      ...(this.scimType === undefined ? {} : { scimType: this.scimType }),
      detail: this.message,
    };
  }
}

/** 400 invalidFilter: a filter is malformed or compares what cannot be compared. */
export function invalidFilter(detail: string): ScimError {
  return new ScimError(400, "invalidFilter", detail);
}

/** 400 invalidPath: a PATCH path is malformed or names nothing in the schema. */
export function invalidPath(detail: string): ScimError {
  return new ScimError(400, "invalidPath", detail);
}

/** 400 invalidSyntax: a message does not have the form that its schema asks for. */
export function invalidSyntax(detail: string): ScimError {
  return new ScimError(400, "invalidSyntax", detail);
}

/** 400 invalidValue: a value is missing, of the wrong type, or not allowed. */
export function invalidValue(detail: string): ScimError {
  return new ScimError(400, "invalidValue", detail);
}

/** 400 mutability: the change is one that the attribute does not allow. */
export function mutability(detail: string): ScimError {
  return new ScimError(400, "mutability", detail);
}

/** 400 noTarget: a PATCH path selects nothing. */
export function noTarget(detail: string): ScimError {
  return new ScimError(400, "noTarget", detail);
}

/** 404: no such resource. */
export function notFound(detail: string): ScimError {
  return new ScimError(404, undefined, detail);
}

/** 409 uniqueness: another resource already has the value. */
export function uniqueness(detail: string): ScimError {
  return new ScimError(409, "uniqueness", detail);
}
