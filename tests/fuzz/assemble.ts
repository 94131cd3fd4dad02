/**
 * Puts requests together of their parts, and damages them on the way.
 * @module
 */

import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { PASSWORD_MARK } from "./bodies.ts";
import { noisyHeaders } from "./headers.ts";
import { jsonText, mutateJson } from "./json_mutations.ts";
import type { Random } from "./random.ts";
import { bytesOf, type FuzzRequest, type Role } from "./request.ts";
import { byteMutation, rawBytes, textMutation } from "./text_mutations.ts";
import type { Tenant } from "./world.ts";

const BASES = ["/scim/v2", "/api/scim/v2"] as const;

/** What a kind of request is made of. */
export interface Parts {
  readonly method: string;
  /** Below the base URL. */
  readonly path: string;
  readonly query?: string;
  readonly json?: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request of its parts; its JSON is changed in about one of three. */
export function assembled(
  random: Random,
  tenant: Tenant,
  { method, path, query = "", json, headers = {} }: Parts,
): FuzzRequest {
  const base = random.chance(0.97) ? random.pick(BASES) : random.pick([
    "/SCIM//v2",
    "/scim",
    "/scim/v3",
    "/api/Scim/V2",
    "/%73cim/v2",
  ]);
  const role = random.weighted<Role>([
    [10, "compatible"],
    [8, "rfc"],
    [path === "/Me" ? 40 : 0.7, "me"],
    [0.5, "reader"],
    [0.4, "none"],
    [0.2, "admin"],
  ]);
  return {
    tenant: tenant.name,
    role,
    method,
    target: targetOf(random, base + path + query),
    headers: {
      ...headers,
      ...(json === undefined ? {} : {
        "Content-Type": random.pick([
          "application/scim+json",
          "application/json",
        ]),
      }),
    },
    ...(json === undefined ? {} : { body: bodyOf(random, tenant, json) }),
  };
}

/** A target that is a URL's; changed at a place of it now and then. */
function targetOf(random: Random, target: string): string {
  const text = random.chance(0.015)
    ? `/${textMutation(random, target.slice(1))}`
    : target;
  return URL.canParse(`https://a.example${text}`) ? text : "/scim/v2/Users";
}

function bodyOf(
  random: Random,
  tenant: Tenant,
  json: JsonValue,
): Uint8Array<ArrayBuffer> {
  const ids = random.times(3, () => tenant.id(random));
  const mutated = random.chance(0.35) ? mutateJson(random, json, ids) : json;
  const bytes = bytesOf(
    jsonText(
      random,
      random.chance(0.05) ? withPassword(random, mutated) : mutated,
    ),
  );
  return random.chance(0.015)
    ? random.chance(0.7) ? byteMutation(random, bytes) : rawBytes(random)
    : bytes;
}

/** A password in the place where one belongs, so that it is known to be one. */
function withPassword(random: Random, json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return json;
  }
  const password = PASSWORD_MARK + String(random.int(1_000_000));
  const { Operations: operations } = json;
  if (!Array.isArray(operations)) return { ...json, password };
  const operation: JsonObject = random.pick<JsonObject>([
    { op: "replace", path: "password", value: password },
    { op: "add", value: { password } },
  ]);
  const isPatch = operations.every((item) =>
    typeof item !== "object" || item === null || !("method" in item)
  );
  return isPatch ? { ...json, Operations: [...operations, operation] } : json;
}

/** A request, with headers now and then that are unusual. */
export function withNoise(
  random: Random,
  request: FuzzRequest,
  probability: number,
): FuzzRequest {
  if (!random.chance(probability)) return request;
  return {
    ...request,
    ...(request.body !== undefined && random.chance(0.04)
      ? { brokenOff: true }
      : {}),
    headers: { ...request.headers, ...noisyHeaders(random, request) },
  };
}
