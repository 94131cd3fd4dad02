/**
 * Resources and PATCH messages that are right, or could be.
 * @module
 */

import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { CUSTOM, device } from "../routes/custom_types.ts";
import { group, URN, user } from "../routes/harness.ts";
import { VECTOR_OPERATIONS } from "./corpus.ts";
import { patchPath } from "./filters.ts";
import type { Random } from "./random.ts";
import type { Tenant } from "./world.ts";

/** Begins every password that is sent; no answer, report or store may hold it. */
export const PASSWORD_MARK = "Sesame-8c1f-";

/** A resource for an endpoint. */
export function resource(
  random: Random,
  tenant: Tenant,
  endpoint: string,
): JsonObject {
  switch (endpoint) {
    case "/Users":
      return someUser(random, tenant);
    case "/Groups":
      return someGroup(random, tenant);
    case "/Devices":
      return someDevice(random, tenant);
    default:
      return {
        schemas: [`urn:example:fuzz:${endpoint.slice(1)}`],
        label: `thing-${random.int(100)}`,
        size: random.int(10),
      };
  }
}

/** A PATCH message for a resource at an endpoint. */
export function patchMessage(
  random: Random,
  tenant: Tenant,
  endpoint: string,
): JsonObject {
  const operations = random.chance(0.1)
    ? random.pick(VECTOR_OPERATIONS)
    : random.times(
      1 + random.int(random.chance(0.1) ? 8 : 2),
      () => operation(random, tenant, endpoint),
    );
  return { schemas: [URN.patch], Operations: operations };
}

/** Half of all texts are used often, so that unique values meet. */
function word(random: Random, prefix: string): string {
  const odd = random.chance(0.03)
    ? random.pick(["É", "ß", "😀", " ", "%"])
    : "";
  return prefix + odd + String(random.int(random.chance(0.1) ? 40 : 1_000_000));
}

function someUser(random: Random, tenant: Tenant): JsonObject {
  const may = (probability: number, more: () => JsonObject): JsonObject =>
    random.chance(probability) ? more() : {};
  return user(word(random, "user-"), {
    ...may(0.5, () => ({ externalId: word(random, "ext-") })),
    ...may(0.5, () => ({ active: random.chance(0.8) })),
    ...may(0.4, () => ({
      name: {
        givenName: random.pick(["Mira", "Tomas", "Ines"]),
        familyName: word(random, "Fam"),
      },
    })),
    ...may(0.5, () => ({
      emails: random.times(1 + random.int(3), () => ({
        value: `${word(random, "m")}@mail.example`,
        type: random.pick(["work", "home", "other"]),
      })),
    })),
    ...may(0.2, () => ({
      addresses: [{ type: "work", country: "CH", locality: "Bern" }],
    })),
    ...may(0.1, () => ({ x509Certificates: [{ value: "MAA=" }] })),
    ...may(0.2, () => ({ roles: [{ value: "clerk", primary: true }] })),
    ...may(0.3, () => ({
      schemas: [URN.user, URN.enterprise],
      [URN.enterprise]: {
        department: random.pick(["R", "S"]),
        manager: { value: tenant.id(random, "/Users") },
      },
    })),
    ...may(tenant.name === "lab" ? 0.3 : 0, () => ({
      schemas: [URN.user, CUSTOM.badge],
      [CUSTOM.badge]: { number: word(random, "B"), level: random.int(9) },
    })),
  });
}

function someGroup(random: Random, tenant: Tenant): JsonObject {
  const count = random.weighted([[6, 0], [6, 2], [3, 8], [1, 60], [0.1, 450]]);
  return group(
    word(random, "team-"),
    random.times(
      count,
      () => tenant.id(random, random.chance(0.85) ? "/Users" : "/Groups"),
    ),
    random.chance(0.3) ? { externalId: word(random, "g-") } : {},
  );
}

function someDevice(random: Random, tenant: Tenant): JsonObject {
  return device(word(random, "S"), {
    ...(random.chance(0.3)
      ? { inventoryNumber: random.int(1_000_000), hostName: word(random, "h") }
      : {}),
    ...(random.chance(0.3) ? { owner: { value: tenant.id(random) } } : {}),
    ...(random.chance(0.3)
      ? {
        slots: [{ value: word(random, "v"), width: random.int(9), key: "k" }],
      }
      : {}),
    ...(random.chance(0.2) ? { constructor: "c", hasOwnProperty: ["h"] } : {}),
    ...(random.chance(0.2) ? { tags: ["a", "b"], online: true } : {}),
    ...(random.chance(0.2)
      ? { asset: { code: word(random, "a"), floor: 1, labels: ["l"] } }
      : {}),
  });
}

function operation(
  random: Random,
  tenant: Tenant,
  endpoint: string,
): JsonObject {
  if (random.chance(0.3)) return wildOperation(random, tenant, endpoint);
  if (endpoint === "/Groups") return memberOperation(random, tenant);
  if (endpoint === "/Devices") {
    return random.pick<JsonObject>([
      { op: "replace", path: "label", value: word(random, "L") },
      { op: "add", path: "tags", value: [word(random, "t")] },
      { op: "remove", path: "tags" },
      {
        op: "add",
        path: "slots",
        value: [{ value: "s", type: "x", width: 1 }],
      },
      { op: "remove", path: 'slots[type eq "x"]' },
      { op: "replace", path: "inventoryNumber", value: random.int(1_000) },
      { op: "replace", path: "owner.value", value: tenant.id(random) },
      {
        op: "add",
        value: { weight: 1.25, notes: "n", toString: { valueOf: "v" } },
      },
      {
        op: "add",
        path: `${CUSTOM.network}:address`,
        value: word(random, "10."),
      },
    ]);
  }
  return random.pick<JsonObject>([
    { op: "replace", path: "active", value: random.chance(0.5) },
    { op: "replace", value: { active: false, title: word(random, "T") } },
    { op: "replace", path: "userName", value: word(random, "user-") },
    {
      op: "add",
      path: "emails",
      value: [{ value: "n@mail.example", type: "work" }],
    },
    {
      op: "replace",
      path: 'emails[type eq "work"].value',
      value: "w@mail.example",
    },
    { op: "remove", path: 'emails[type eq "work"]' },
    { op: "replace", path: "name.givenName", value: "Lena" },
    { op: "remove", path: "name" },
    {
      op: "replace",
      path: `${URN.enterprise}:manager`,
      value: { value: tenant.id(random, "/Users") },
    },
    { op: "remove", path: `${URN.enterprise}:manager` },
    { op: "add", path: `${URN.enterprise}:department`, value: "X" },
    { op: "replace", path: "externalId", value: word(random, "ext-") },
    { op: "add", path: "roles", value: [{ value: "guard", primary: true }] },
  ]);
}

function memberOperation(random: Random, tenant: Tenant): JsonObject {
  const ids = (count: number): JsonValue[] =>
    random.times(count, () => ({ value: tenant.id(random) }));
  return random.pick<() => JsonObject>([
    () => ({ op: "add", path: "members", value: ids(1 + random.int(4)) }),
    () => ({ op: "add", value: { members: ids(2) } }),
    () => ({ op: "remove", path: "members", value: ids(1) }),
    () => ({
      op: "remove",
      path: `members[value eq "${tenant.id(random, "/Users")}"]`,
    }),
    () => ({ op: "replace", path: "members", value: ids(random.int(6)) }),
    () => ({ op: "remove", path: 'members[type eq "Group"]' }),
    () => ({ op: "remove", path: "members" }),
    () => ({
      op: "replace",
      path: "displayName",
      value: word(random, "team-"),
    }),
    () => ({ op: "add", path: "members", value: ids(random.pick([30, 250])) }),
  ])();
}

function wildOperation(
  random: Random,
  tenant: Tenant,
  endpoint: string,
): JsonObject {
  return {
    op: random.pick(["add", "replace", "remove", "Add", "REMOVE", "move"]),
    ...(random.chance(0.9)
      ? { path: patchPath(random, tenant, endpoint) }
      : {}),
    ...(random.chance(0.85)
      ? {
        value: random.pick<JsonValue>([
          "x",
          true,
          3,
          null,
          [],
          {},
          [{ value: tenant.id(random), type: "work" }],
          { value: tenant.id(random) },
          { givenName: "G" },
          [URN.user, URN.enterprise],
        ]),
      }
      : {}),
  };
}
