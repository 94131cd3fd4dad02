/**
 * SCIM answers.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import { SCIM_MEDIA_TYPE } from "../middleware/errors.ts";

/** The schema URI of a list. */
export const LIST_RESPONSE_SCHEMA =
  "urn:ietf:params:scim:api:messages:2.0:ListResponse";

const encoder = new TextEncoder();

/** An answer with a JSON body. */
export function scimResponse(
  body: JsonObject,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return textResponse(JSON.stringify(body), status, headers);
}

function textResponse(
  text: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response {
  const bytes = encoder.encode(text);
  return new Response(bytes, {
    status,
    headers: {
      "Content-Type": SCIM_MEDIA_TYPE,
      // So that HEAD tells the length of what GET would send.
      "Content-Length": String(bytes.length),
      ...headers,
    },
  });
}

/** A ListResponse (RFC 7644 section 3.4.2). `Resources` is there when it is empty, too. */
export function listResponse(
  resources: readonly JsonObject[],
  totalResults: number,
  startIndex: number,
): JsonObject {
  return {
    schemas: [LIST_RESPONSE_SCHEMA],
    totalResults,
    itemsPerPage: resources.length,
    startIndex,
    Resources: [...resources],
  };
}

/**
 * A ListResponse of resources that are JSON already.
 *
 * @param more what else the message holds: totalResults, startIndex, nextCursor
 */
export function listOfTexts(
  resources: readonly string[],
  more: JsonObject,
): Response {
  const head = JSON.stringify({
    schemas: [LIST_RESPONSE_SCHEMA],
    ...more,
    itemsPerPage: resources.length,
  });
  const text = `${head.slice(0, -1)},"Resources":[${resources.join(",")}]}`;
  return textResponse(text, 200, {});
}
