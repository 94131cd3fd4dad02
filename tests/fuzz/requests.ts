/**
 * Makes requests: most are nearly right, many are right, some are nonsense.
 * @module
 */

import type { JsonValue } from "../../domain/json.ts";
import { URN } from "../routes/harness.ts";
import { adminRequest } from "./admin.ts";
import { assembled, type Parts, withNoise } from "./assemble.ts";
import { patchMessage, resource } from "./bodies.ts";
import { bulkMessage } from "./bulk.ts";
import { EXCHANGES } from "./corpus.ts";
import type { Random } from "./random.ts";
import type { FuzzRequest } from "./request.ts";
import { projection, queryOf, searchOf } from "./search_parameters.ts";
import { textMutation } from "./text_mutations.ts";
import type { Tenant, World } from "./world.ts";

const SEARCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

const METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "QUERY",
  "patch",
  "PROPFIND",
];

const ODD_PARTS = [
  "%00",
  "%",
  "%ff",
  "%FF%FE",
  "..",
  ".",
  "*",
  ":id",
  ":endpoint",
  "__proto__",
  "constructor",
  "x".repeat(3_000),
  "😀",
  "%2F",
  "%2e%2e",
  "%252F",
  "a;b=c",
  "%ED%A0%80",
  "Users.json",
  "..%2f..%2fadmin",
  "[",
  "\\",
  "|",
  "#x",
  "?x",
  "@",
];

/** One request. */
export function anyRequest(random: Random, world: World): FuzzRequest {
  if (random.chance(0.05)) {
    return withNoise(random, adminRequest(random, world), 0.05);
  }
  const tenant = random.pick(world.tenants);
  const parts = random.weighted<(r: Random, t: Tenant, w: World) => Parts>([
    [16, creation],
    [13, reading],
    [14, listing],
    [6, searching],
    [16, patching],
    [7, replacing],
    [4, deletion],
    [9, exchange],
    [3, (r, t) => ({ method: "POST", path: "/Bulk", json: bulkMessage(r, t) })],
    [3, ownResource],
    [3, discovering],
    [4, oddPlace],
  ])(random, tenant, world);
  return withNoise(random, assembled(random, tenant, parts), 0.12);
}

function creation(random: Random, tenant: Tenant): Parts {
  const endpoint = random.pick(tenant.endpoints);
  return {
    method: "POST",
    path: endpoint,
    query: random.chance(0.1) ? projection(random, endpoint) : "",
    json: resource(random, tenant, endpoint),
  };
}

function reading(random: Random, tenant: Tenant, world: World): Parts {
  // What belongs to another tenant is not there.
  const owner = random.chance(0.02) ? random.pick(world.tenants) : tenant;
  const { endpoint, path, etag } = place(random, owner);
  return {
    method: random.chance(0.9) ? "GET" : "HEAD",
    path,
    headers: random.chance(0.1) ? { "If-None-Match": etag } : {},
    query: random.chance(0.4) ? projection(random, endpoint) : "",
  };
}

function listing(random: Random, tenant: Tenant, world: World): Parts {
  const endpoint = random.chance(0.9) ? random.pick(tenant.endpoints) : "";
  return {
    method: random.chance(0.95) ? "GET" : "HEAD",
    path: endpoint,
    query: queryOf(searchOf(random, tenant, endpoint, world)),
  };
}

function searching(random: Random, tenant: Tenant, world: World): Parts {
  const endpoint = random.chance(0.7) ? random.pick(tenant.endpoints) : "";
  const { count, startIndex, ...rest } = searchOf(
    random,
    tenant,
    endpoint,
    world,
  );
  return {
    method: "POST",
    path: `${endpoint}/.search`,
    json: {
      schemas: [SEARCH_SCHEMA],
      ...rest,
      ...(count === undefined ? {} : { count: Number(count) }),
      ...(startIndex === undefined ? {} : { startIndex: Number(startIndex) }),
    },
  };
}

function patching(random: Random, tenant: Tenant): Parts {
  const { endpoint, path, etag } = place(random, tenant);
  return {
    method: "PATCH",
    path,
    headers: random.chance(0.1) ? { "If-Match": etag } : {},
    query: random.chance(0.1) ? projection(random, endpoint) : "",
    json: patchMessage(random, tenant, endpoint),
  };
}

function replacing(random: Random, tenant: Tenant): Parts {
  const { endpoint, path } = place(random, tenant);
  return { method: "PUT", path, json: resource(random, tenant, endpoint) };
}

function deletion(random: Random, tenant: Tenant): Parts {
  return { method: "DELETE", path: place(random, tenant).path };
}

/** A request of the conformance tests, with ids that exist here. */
function exchange(random: Random, tenant: Tenant): Parts {
  const { method, path, body } = random.pick(EXCHANGES);
  const fill = (text: string) =>
    text.replace(/\{\{\w+\}\}/g, () => tenant.id(random));
  const found = /^\/(Users|Groups)\/\{\{\w+\}\}/i.exec(path);
  const filled = found === null
    ? fill(path)
    : `/${found[1]}/${tenant.id(random, `/${found[1]}`)}` +
      fill(path.slice(found[0].length));
  const json: JsonValue | undefined = body === undefined
    ? undefined
    : JSON.parse(fill(JSON.stringify(body)));
  return {
    method,
    path: filled.startsWith("/") ? filled : `/${filled}`,
    ...(json === undefined ? {} : { json: freshName(random, json) }),
  };
}

/** The same names come again and again, and are taken. */
function freshName(random: Random, json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return json;
  }
  const { userName } = json;
  return typeof userName === "string" && random.chance(0.7)
    ? { ...json, userName: `${userName}-${random.int(1_000_000)}` }
    : json;
}

function ownResource(random: Random, tenant: Tenant): Parts {
  const method = random.weighted([
    [4, "GET"],
    [3, "PATCH"],
    [2, "PUT"],
    [0.3, "DELETE"],
    [0.3, "POST"],
  ]);
  return {
    method,
    path: "/Me",
    ...(method === "PATCH"
      ? { json: patchMessage(random, tenant, "/Users") }
      : method === "PUT"
      ? { json: resource(random, tenant, "/Users") }
      : {}),
  };
}

function discovering(random: Random): Parts {
  return {
    method: random.chance(0.9) ? "GET" : random.pick(METHODS),
    path: random.pick([
      "/ServiceProviderConfig",
      "/ServiceProviderConfiguration",
      "/ResourceTypes",
      "/ResourceTypes/User",
      "/ResourceTypes/device",
      "/ResourceTypes/__proto__",
      "/Schemas",
      `/Schemas/${URN.user}`,
      `/Schemas/${URN.enterprise}`,
      "/Schemas/urn:nope",
    ]),
    query: random.chance(0.2) ? "?filter=id%20pr&count=1&startIndex=2" : "",
  };
}

function oddPlace(random: Random, tenant: Tenant): Parts {
  const method = random.pick(METHODS);
  const path = random.weighted<() => string>([
    [3, () => `${random.pick(tenant.endpoints)}/${random.pick(ODD_PARTS)}`],
    [2, () => `/${random.pick(ODD_PARTS)}`],
    [1, () => `/Users/${tenant.id(random)}/${random.pick(ODD_PARTS)}`],
    [1, () => textMutation(random, place(random, tenant).path)],
    [1, () => "/Groups/.search"],
    [1, () => random.pick(["/Bulk", "/Bulk/x", "/Me/x", "/.search/x", ""])],
  ])();
  return {
    method,
    path,
    ...(["GET", "HEAD"].includes(method)
      ? {}
      : { json: resource(random, tenant, "/Users") }),
  };
}

/** A resource that exists in most cases, and its endpoint. */
function place(
  random: Random,
  tenant: Tenant,
): {
  readonly endpoint: string;
  readonly path: string;
  readonly etag: string;
} {
  const known = tenant.some(random);
  if (known === undefined || random.chance(0.04)) {
    const endpoint = random.pick(tenant.endpoints);
    return {
      endpoint,
      path: `${endpoint}/${tenant.id(random)}`,
      etag: 'W/"1"',
    };
  }
  const { endpoint, id, etag } = known;
  return { endpoint, path: `${endpoint}/${id}`, etag };
}
