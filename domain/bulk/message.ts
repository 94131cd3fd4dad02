/**
 * The BulkRequest message (RFC 7644 section 3.7).
 * @module
 */

import { z } from "zod";
import { invalidSyntax, invalidValue, ScimError } from "../errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { PATCH_OP_SCHEMA } from "../patch/message.ts";
import type { Profile } from "../profile.ts";
import { clip } from "../text.ts";

/** The schema URI of a bulk request. */
export const BULK_REQUEST_SCHEMA =
  "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/** The schema URI of the answer to one. */
export const BULK_RESPONSE_SCHEMA =
  "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/** How many operations one request may hold. */
export const MAX_BULK_OPERATIONS = 1_000;

/** The methods that an operation can have. */
export const BULK_METHODS = ["POST", "PUT", "PATCH", "DELETE"] as const;

/** An operation of a bulk request, as far as it could be read. */
export interface BulkOperation {
  /** In upper case; empty if the operation has none. */
  readonly method: string;
  readonly bulkId: string | undefined;
  readonly path: string;
  readonly version: string | undefined;
  readonly data: JsonObject | undefined;
  /** What is wrong with the operation itself; it fails with this. */
  readonly problem: ScimError | undefined;
}

/** A bulk request. */
export interface BulkRequest {
  readonly operations: readonly BulkOperation[];
  /** After how many errors to stop; undefined: never. */
  readonly failOnErrors: number | undefined;
}

const envelope = z.object({
  schemas: z.array(z.string()),
  failonerrors: z.number().int().min(1).nullish(),
  operations: z.array(z.unknown()),
});

/**
 * Reads a bulk request. Mistakes within an operation make that operation fail,
 * not the request.
 *
 * @throws {ScimError} 400 invalidSyntax or invalidValue for a request of another
 * form, 413 for too many operations
 */
export function readBulkRequest(
  body: JsonObject,
  profile: Profile,
): BulkRequest {
  const lower = Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const { success, data, error } = envelope.safeParse(lower);
  if (!success) {
    const name = error.issues[0]?.path[0];
    if (name === "failonerrors") {
      throw invalidValue('"failOnErrors" must be an integer of at least 1');
    }
    throw invalidSyntax(
      `A bulk request is an object with "schemas": ["${BULK_REQUEST_SCHEMA}"] ` +
        'and "Operations", an array of objects',
    );
  }
  if (
    !data.schemas.some((uri) =>
      uri.toLowerCase() === BULK_REQUEST_SCHEMA.toLowerCase()
    )
  ) {
    throw invalidSyntax(
      `"schemas" of a bulk request must hold "${BULK_REQUEST_SCHEMA}"`,
    );
  }
  const operations = Array.isArray(lower["operations"])
    ? lower["operations"]
    : [];
  if (operations.length > MAX_BULK_OPERATIONS) {
    throw new ScimError(
      413,
      undefined,
      `The bulk request holds ${operations.length} operations; ` +
        `maxOperations is ${MAX_BULK_OPERATIONS}`,
    );
  }
  return {
    failOnErrors: data.failonerrors ?? undefined,
    operations: withUniqueBulkIds(
      operations.map((raw, index) => readOperation(raw, index, profile)),
    ),
  };
}

function readOperation(
  raw: JsonValue,
  index: number,
  profile: Profile,
): BulkOperation {
  const where = `Operations[${index}]`;
  if (!isJsonObject(raw)) {
    return {
      method: "",
      bulkId: undefined,
      path: "",
      version: undefined,
      data: undefined,
      problem: invalidSyntax(
        `${where} must be an object with "method", "path" and, but for DELETE, ` +
          '"data"',
      ),
    };
  }
  const { method, bulkid, path, version, data } = Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const verb = typeof method === "string" ? method.toUpperCase() : "";
  const operation = {
    method: verb,
    bulkId: typeof bulkid === "string" && bulkid !== "" ? bulkid : undefined,
    path: typeof path === "string" ? path : "",
    version: typeof version === "string" ? version : undefined,
    data: readData(verb, data, profile),
  };
  const wrongVersion = isVersion(version) ? undefined : invalidSyntax(
    `${where}.version must be the version of a resource, such as "W/\\"1\\""`,
  );
  const wrongBulkId = bulkid == null || typeof bulkid === "string"
    ? undefined
    : invalidSyntax(`${where}.bulkId must be a string`);
  return {
    ...operation,
    problem: wrongBulkId ?? problemOf(operation, where) ?? wrongVersion,
  };
}

function readData(
  method: string,
  data: JsonValue | undefined,
  profile: Profile,
): JsonObject | undefined {
  if (isJsonObject(data)) return data;
  return method === "PATCH" && Array.isArray(data) && profile.patchArraysInBulk
    ? { schemas: [PATCH_OP_SCHEMA], Operations: data }
    : undefined;
}

/** Whether this can be sent as If-Match. A version of another type is no version. */
function isVersion(version: JsonValue | undefined): boolean {
  return version === undefined || version === null ||
    (typeof version === "string" && /^[\x20-\x7e]*$/.test(version));
}

function problemOf(
  { method, bulkId, path, data }: Omit<BulkOperation, "problem">,
  where: string,
): ScimError | undefined {
  if (!(BULK_METHODS as readonly string[]).includes(method)) {
    return invalidSyntax(
      `${where}.method must be one of ${BULK_METHODS.join(", ")}`,
    );
  }
  if (!path.startsWith("/")) {
    return invalidSyntax(
      `${where}.path must be a path below the base URL, such as "/Users"`,
    );
  }
  if (method === "POST" && bulkId === undefined) {
    return invalidSyntax(`${where}.bulkId is required for POST`);
  }
  if (method !== "DELETE" && data === undefined) {
    return invalidSyntax(
      `${where}.data is required for ${method}; it is an object`,
    );
  }
  return undefined;
}

/** A bulkId names one operation only: the later ones fail. */
function withUniqueBulkIds(
  operations: readonly BulkOperation[],
): BulkOperation[] {
  const seen = new Set<string>();
  return operations.map((operation, index) => {
    const { bulkId, problem } = operation;
    if (bulkId === undefined || operation.method !== "POST") return operation;
    if (!seen.has(bulkId)) {
      seen.add(bulkId);
      return operation;
    }
    return {
      ...operation,
      problem: problem ?? invalidValue(
        `Operations[${index}].bulkId "${
          clip(bulkId)
        }" is used twice; each must ` +
          "be unique within the request",
      ),
    };
  });
}
