/**
 * The PATCH message (RFC 7644 section 3.5.2).
 * @module
 */

import { z } from "zod";
import { invalidSyntax, invalidValue, noTarget, ScimError } from "../errors.ts";
import type { PatchPath } from "../filter/ast.ts";
import { parsePatchPath } from "../filter/parse.ts";
import {
  describeJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../json.ts";
import type { Profile } from "../profile.ts";
import { clip } from "../text.ts";

/** The schema URI of a PATCH message. */
export const PATCH_OP_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** How many operations one message may hold. */
export const MAX_PATCH_OPERATIONS = 1_000;

/** One operation. `value` is as sent. */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace";
  readonly path?: PatchPath;
  /** The path as written, for messages. */
  readonly pathText?: string;
  readonly value?: JsonValue;
  /** The operation as it was read, which knows how its numbers were written. */
  readonly raw?: JsonObject;
}

const envelope = z.object({
  schemas: z.array(z.string()),
  operations: z.array(z.record(z.string(), z.unknown())),
});

const operation = z.object({
  op: z.string(),
  path: z.string().nullish(),
});

/**
 * Reads a PATCH message. Names of members and operations are read without
 * regard to case; members that the RFC does not know are ignored.
 *
 * @throws {ScimError} 400 invalidSyntax for a message of another form, 400
 * invalidPath for a malformed path, 400 noTarget for `remove` without a path,
 * 400 invalidValue for `add` and `replace` without a value
 */
export function readPatchMessage(
  body: JsonObject,
  profile: Profile,
): PatchOperation[] {
  const message = envelope.safeParse(lowerCaseNames(body));
  if (!message.success) {
    const where = message.error.issues[0]?.path.join(".") ?? "";
    throw invalidSyntax(
      `A PATCH message is an object with "schemas": ["${PATCH_OP_SCHEMA}"] and ` +
        `"Operations", an array of objects; ` +
        `"${where === "" ? "schemas" : where}" is missing or of another form`,
    );
  }
  const { schemas, operations } = message.data;
  if (
    !schemas.some((uri) => uri.toLowerCase() === PATCH_OP_SCHEMA.toLowerCase())
  ) {
    throw invalidSyntax(
      `"schemas" of a PATCH message must hold "${PATCH_OP_SCHEMA}"`,
    );
  }
  if (operations.length === 0 && !profile.emptyOperations) {
    throw invalidSyntax('"Operations" must hold at least one operation');
  }
  if (operations.length > MAX_PATCH_OPERATIONS) {
    throw new ScimError(
      413,
      undefined,
      `"Operations" holds ${operations.length} operations; at most ` +
        `${MAX_PATCH_OPERATIONS} are taken in one message`,
    );
  }
  // Zod's record has lost the JSON type of the values; they come from the body.
  return rawOperations(body).map((raw, index) =>
    readOperation(raw, `Operations[${index}]`, profile)
  );
}

function readOperation(
  raw: JsonObject,
  where: string,
  profile: Profile,
): PatchOperation {
  const members = lowerCaseNames(raw);
  const parsed = operation.safeParse(members);
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0] ?? "op");
    throw invalidSyntax(
      `${where}.${name} must be a string, not ${describeJson(members[name])}`,
    );
  }
  const op = parsed.data.op.toLowerCase();
  if (op !== "add" && op !== "remove" && op !== "replace") {
    throw invalidSyntax(
      `${where}.op must be add, remove or replace, not "${
        clip(parsed.data.op)
      }"`,
    );
  }
  const pathText = parsed.data.path ?? undefined;
  const { value } = members;
  if (op === "remove" && pathText === undefined) {
    throw noTarget(`${where} removes nothing: "remove" needs a "path"`);
  }
  if (op !== "remove" && value === undefined) {
    throw invalidValue(`${where}.value is missing: "${op}" needs a "value"`);
  }
  const path = pathText === undefined ? undefined : parsePatchPath(pathText, {
    unquotedValues: profile.unquotedFilterValues,
  });
  return {
    op,
    ...(path === undefined ? {} : { path }),
    ...(pathText === undefined ? {} : { pathText }),
    ...(value === undefined ? {} : { value, raw }),
  };
}

function rawOperations(body: JsonObject): JsonObject[] {
  const operations = lowerCaseNames(body)["operations"];
  return Array.isArray(operations)
    ? operations.filter((raw) => isJsonObject(raw))
    : [];
}

/** A copy with names in lower case and without a prototype. */
function lowerCaseNames(object: JsonObject): JsonObject {
  const copy: JsonObject = Object.create(null);
  for (const [name, value] of Object.entries(object)) {
    const lower = name.toLowerCase();
    if (Object.hasOwn(copy, lower)) {
      throw invalidSyntax(`"${name}" occurs twice, in different spellings`);
    }
    copy[lower] = value;
  }
  return copy;
}
