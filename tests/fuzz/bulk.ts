/**
 * Bulk requests: references between operations, circles of them, and nonsense.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import { group } from "../routes/harness.ts";
import { patchMessage, resource } from "./bodies.ts";
import type { Random } from "./random.ts";
import type { Tenant } from "./world.ts";

const BULK_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/** A bulk request. */
export function bulkMessage(random: Random, tenant: Tenant): JsonObject {
  const count = 1 + random.int(random.chance(0.05) ? 40 : 6);
  const bulkIds = random.times(count, () => `b${random.int(count * 3)}`);
  return {
    schemas: [BULK_SCHEMA],
    ...(random.chance(0.2) ? { failOnErrors: random.int(4) } : {}),
    Operations: bulkIds.map((bulkId) =>
      operation(random, tenant, bulkId, bulkIds)
    ),
  };
}

function operation(
  random: Random,
  tenant: Tenant,
  bulkId: string,
  bulkIds: readonly string[],
): JsonObject {
  const reference = () => `bulkId:${random.pick(bulkIds)}`;
  const endpoint = random.pick(["/Users", "/Groups"]);
  const known = tenant.some(random);
  return random.weighted<() => JsonObject>([
    [4, () => ({
      method: "POST",
      path: endpoint,
      bulkId,
      data: resource(random, tenant, endpoint),
    })],
    [3, () => ({
      method: "POST",
      path: "/Groups",
      bulkId,
      data: group(
        `bulk-${random.int(100_000)}`,
        random.times(1 + random.int(3), reference),
      ),
    })],
    [2, () => ({
      method: "PATCH",
      path: `${known?.endpoint ?? "/Users"}/${known?.id ?? reference()}`,
      data: patchMessage(random, tenant, known?.endpoint ?? "/Users"),
    })],
    [1, () => ({
      method: "PATCH",
      path: `${endpoint}/${reference()}`,
      data: patchMessage(random, tenant, endpoint),
    })],
    [1, () => ({
      method: "PUT",
      path: `${endpoint}/${tenant.id(random, endpoint)}`,
      data: resource(random, tenant, endpoint),
      ...(random.chance(0.2) ? { version: 'W/"1"' } : {}),
    })],
    [1, () => ({
      method: "DELETE",
      path: `${endpoint}/${
        random.chance(0.5) ? reference() : tenant.id(random, endpoint)
      }`,
    })],
    [1, () => ({
      method: random.pick(["GET", "POST", "HEAD", "delete", "PUT"]),
      path: random.pick([
        "/Bulk",
        "/Me",
        "/.search",
        "/ServiceProviderConfig",
        "/Users/../Groups",
        "/Users?count=1",
        "//Users",
        "Users",
        "",
        "/Users/%00",
        "https://elsewhere.example/Users",
      ]),
      bulkId,
      data: {},
    })],
  ])();
}
