/**
 * Reads the body of a SCIM request (RFC 7644 section 3.8).
 * @module
 */

import type { HonoRequest } from "hono";
import { invalidSyntax, ScimError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import { readJsonObject } from "../../domain/json_text.ts";
import { clip } from "../../domain/text.ts";

const ACCEPTED: readonly string[] = [
  "application/scim+json",
  "application/json",
];

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a JSON object.
 *
 * @throws {ScimError} 415 for another media type or charset, 400 invalidSyntax
 * for what is not a JSON object in UTF-8
 */
export async function readBody(request: HonoRequest): Promise<JsonObject> {
  checkMediaType(request.header("Content-Type"));
  const bytes = await request.arrayBuffer();
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw invalidSyntax(
      "The request body is not valid UTF-8; send JSON in UTF-8",
    );
  }
  return readJsonObject(text);
}

function checkMediaType(header: string | undefined): void {
  // Nothing else is spoken here, so that a body without a type can only be JSON.
  if (header === undefined) return;
  const [type = "", ...parameters] = header.toLowerCase().split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) =>
    parameter.startsWith("charset=")
  )
    ?.slice("charset=".length).replaceAll('"', "");
  if (
    !ACCEPTED.includes(type) ||
    (charset !== undefined && charset !== "utf-8" && charset !== "utf8")
  ) {
    throw new ScimError(
      415,
      undefined,
      `The media type "${clip(header, 80)}" is not understood; send ` +
        "application/scim+json or application/json in UTF-8",
    );
  }
}
