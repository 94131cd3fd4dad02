/**
 * Requests to the admin API. They leave alone the tokens that the fuzzer itself
 * uses, and make no tenants but a few.
 * @module
 */

import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { BADGE, CUSTOM, DEVICE, DEVICE_TYPE } from "../routes/custom_types.ts";
import { URN } from "../routes/harness.ts";
import { jsonText, mutateJson } from "./json_mutations.ts";
import type { Random } from "./random.ts";
import { bytesOf, type FuzzRequest } from "./request.ts";
import type { World } from "./world.ts";

/** The tenant whose schemas and resource types change. */
const CHANGING = "lab";

/** Endpoints of resource types that come and go in the changing tenant. */
export const PASSING_ENDPOINTS = ["/Thing0", "/Thing1", "/Thing2"] as const;

const NO_TENANTS: readonly JsonValue[] = ["", "-", "a b", 7, null, "é", []];

/** A request to the admin API. */
export function adminRequest(random: Random, world: World): FuzzRequest {
  const made = random.weighted<() => Partial<FuzzRequest>>([
    [3, () => tokenRequest(random, world)],
    [3, () => tenantRequest(random, world)],
    [3, () => schemaRequest(random)],
    [2, () => typeRequest(random)],
    [
      0.3,
      () => ({ target: random.pick(["/admin", "/admin/x", "/ADMIN/tokens"]) }),
    ],
  ])();
  return {
    tenant: CHANGING,
    role: random.chance(0.95) ? "admin" : "compatible",
    method: "GET",
    target: "/admin/tokens",
    headers: { "Content-Type": "application/json" },
    ...made,
  };
}

function tokenRequest(random: Random, world: World): Partial<FuzzRequest> {
  const id = world.spareTokens.length === 0
    ? "none"
    : random.pick(world.spareTokens);
  const tenant = random.pick(world.tenants);
  return random.weighted<() => Partial<FuzzRequest>>([
    [1, () => ({ target: "/admin/tokens" })],
    [world.spareTokens.length < 20 ? 3 : 0.5, () => ({
      method: "POST",
      body: jsonBody(random, {
        name: `token-${random.int(100)}`,
        profile: random.pick(["rfc", "compatible"]),
        scopes: random.pick([["scim"], ["scim:read"]]),
        expiresInDays: 1 + random.int(10),
        ...(random.chance(0.3) ? { userId: tenant.id(random, "/Users") } : {}),
      }, tenant.name),
    })],
    [2, () => ({ method: "DELETE", target: `/admin/tokens/${id}` })],
    [1, () => ({
      method: "POST",
      target: `/admin/tokens/${id}/rotate`,
      body: jsonBody(random, { graceHours: random.pick([0, 1, 1e9, -1, 0.5]) }),
    })],
  ])();
}

function tenantRequest(random: Random, world: World): Partial<FuzzRequest> {
  const { name } = random.pick(world.tenants);
  return random.weighted<() => Partial<FuzzRequest>>([
    [1, () => ({ target: "/admin/tenants" })],
    [
      1,
      () => ({
        target: `/admin/tenants/${random.pick([name, "nobody", "%00"])}`,
      }),
    ],
    [1, () => ({
      method: "PATCH",
      target: `/admin/tenants/${name}`,
      body: jsonBody(random, {
        settings: { uniqueGroupNames: random.chance(0.5) },
      }),
    })],
    [2, () => ({
      target: `/admin/changes?tenant=${name}&limit=${
        random.pick(["1", "20", "1000", "0", "x"])
      }${
        random.pick([
          "",
          "&after=",
          "&after=0",
          "&after=00000000000000010000",
          "&after=%F0",
        ])
      }`,
    })],
  ])();
}

function schemaRequest(random: Random): Partial<FuzzRequest> {
  const name = `Extra${random.int(4)}`;
  const id = `urn:example:fuzz:${name}`;
  const at = `/admin/schemas/${encodeURIComponent(id)}?tenant=${CHANGING}`;
  const schema: JsonObject = {
    id,
    name,
    attributes: [
      { name: "size", type: "integer" },
      random.pick<JsonObject>([
        { name: "label", type: "string" },
        { name: "code", type: "string", uniqueness: "server" },
        { name: "label", type: "string", multiValued: true },
        {
          name: "parts",
          type: "complex",
          subAttributes: [{ name: "value" }, {
            name: "primary",
            type: "boolean",
          }],
        },
      ]),
    ],
  };
  const others = [BADGE, DEVICE, schema];
  return random.weighted<() => Partial<FuzzRequest>>([
    [
      2,
      () => ({
        target: random.pick([at, `/admin/schemas?tenant=${CHANGING}`]),
      }),
    ],
    [3, () => ({
      method: "POST",
      target: "/admin/schemas",
      body: jsonBody(random, {
        schema,
        ...(random.chance(0.5)
          ? { extends: random.pick(["User", "Group"]) }
          : {}),
      }, CHANGING),
    })],
    [2, () => ({
      method: "PUT",
      target: at,
      body: jsonBody(random, { schema }, CHANGING),
    })],
    [1, () => ({
      method: "PUT",
      target: `/admin/schemas/${
        encodeURIComponent(random.pick([CUSTOM.badge, CUSTOM.device, URN.user]))
      }?tenant=${CHANGING}`,
      body: jsonBody(random, { schema: random.pick(others) }, CHANGING),
    })],
    [2, () => ({ method: "DELETE", target: at })],
  ])();
}

function typeRequest(random: Random): Partial<FuzzRequest> {
  const endpoint = random.pick(PASSING_ENDPOINTS);
  const name = endpoint.slice(1);
  const id = `urn:example:fuzz:${name}`;
  return random.weighted<() => Partial<FuzzRequest>>([
    [2, () => ({
      method: "POST",
      target: "/admin/schemas",
      body: jsonBody(random, {
        schema: {
          id,
          name,
          attributes: [{ name: "label" }, { name: "size", type: "integer" }],
        },
      }, CHANGING),
    })],
    [3, () => ({
      method: "POST",
      target: "/admin/resource-types",
      body: jsonBody(random, {
        resourceType: { name, endpoint, schema: id },
      }, CHANGING),
    })],
    [1, () => ({
      method: "POST",
      target: "/admin/resource-types",
      body: jsonBody(random, { resourceType: DEVICE_TYPE }, CHANGING),
    })],
    [1, () => ({
      method: "DELETE",
      target: `/admin/resource-types/${name}?tenant=${CHANGING}`,
    })],
    [1, () => ({ target: `/admin/resource-types?tenant=${CHANGING}` })],
    [1, () => ({ target: `/admin/resource-types/${name}?tenant=${CHANGING}` })],
  ])();
}

/** JSON, often changed; the tenant stays one that is known, or becomes none. */
function jsonBody(
  random: Random,
  body: JsonObject,
  tenant?: string,
): Uint8Array<ArrayBuffer> {
  const mutated = random.chance(0.4) ? mutateJson(random, body) : body;
  if (
    typeof mutated !== "object" || mutated === null || Array.isArray(mutated)
  ) {
    return bytesOf(jsonText(random, mutated));
  }
  const { tenant: _, ...rest } = mutated;
  const named = random.chance(0.03) ? random.pick(NO_TENANTS) : tenant;
  return bytesOf(
    jsonText(random, named === undefined ? rest : { ...rest, tenant: named }),
  );
}
