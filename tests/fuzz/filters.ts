/**
 * Filters, attribute lists and paths: most follow the grammar of RFC 7644
 * figure 1, some nearly.
 * @module
 */

import { CUSTOM } from "../routes/custom_types.ts";
import { URN } from "../routes/harness.ts";
import { textMutation } from "./text_mutations.ts";
import type { Random } from "./random.ts";
import type { Tenant } from "./world.ts";

/** Attributes by endpoint; what others define is asked for everywhere, too. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  "/Users": [
    "userName",
    "name.familyName",
    "name.givenName",
    "name",
    "displayName",
    "emails.value",
    "emails.type",
    "emails",
    "emails.primary",
    "active",
    "title",
    "groups.value",
    "groups",
    "phoneNumbers.value",
    "addresses.country",
    "x509Certificates.value",
    "roles",
    `${URN.enterprise}:department`,
    `${URN.enterprise}:manager.value`,
    `${URN.enterprise}:manager`,
    "manager.displayName",
    `${URN.user}:userName`,
    "password",
  ],
  "/Groups": [
    "displayName",
    "members.value",
    "members.type",
    "members",
    "members.$ref",
    `${URN.group}:displayName`,
  ],
  "/Devices": [
    "serialNumber",
    "inventoryNumber",
    "hostName",
    "weight",
    "boughtAt",
    "online",
    "firmware",
    "tags",
    "sizes",
    "kind",
    "pin",
    "vault",
    "asset.code",
    "asset.floor",
    "slots.width",
    "slots",
    "owner.value",
    "owner.$ref",
    "constructor",
    "hasOwnProperty",
    "toString.valueOf",
    `${CUSTOM.lease}:monthly`,
    `${CUSTOM.network}:mac`,
    `${CUSTOM.network}:links.speed`,
  ],
};

const COMMON: readonly string[] = [
  "id",
  "externalId",
  "meta.created",
  "meta.lastModified",
  "meta.version",
  "meta.location",
  "meta.resourceType",
  "meta",
  "schemas",
];

const ODD: readonly string[] = [
  "__proto__",
  "constructor.name",
  "toString",
  "hasOwnProperty",
  "nope",
  "emails.value.x",
  "urn:nope:x",
  `${CUSTOM.badge}:number`,
  `${URN.enterprise}`,
  "$ref",
  "members.display",
  "a".repeat(300),
];

/** Value paths: an attribute and the filters that fit into its brackets. */
const VALUE_PATHS: Readonly<Record<string, readonly string[]>> = {
  emails: ["type", "value", "primary", "display"],
  phoneNumbers: ["type", "value"],
  addresses: ["type", "country", "primary"],
  roles: ["value", "type", "primary"],
  members: ["value", "type", "display", "$ref"],
  groups: ["value", "type", "display"],
  slots: ["value", "type", "width", "key", "state"],
  links: ["speed", "up"],
};

const OPERATORS = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/** The name of an attribute that resources at an endpoint may have. */
export function attributeName(random: Random, endpoint: string): string {
  const own = ATTRIBUTES[endpoint] ?? ATTRIBUTES["/Users"] ?? [];
  const name = random.weighted<readonly string[]>([
    [16, own],
    [6, COMMON],
    [1, ODD],
    [1, ATTRIBUTES["/Devices"] ?? []],
  ]);
  const chosen = random.pick(name);
  return random.chance(0.05) ? recased(random, chosen) : chosen;
}

/** A list of names for `attributes` and `excludedAttributes`. */
export function attributeNames(random: Random, endpoint: string): string {
  return random.times(
    1 + random.int(3),
    () => attributeName(random, endpoint),
  ).join(random.chance(0.9) ? "," : ", ,");
}

/** A filter. */
export function filter(
  random: Random,
  tenant: Tenant,
  endpoint: string,
): string {
  const text = random.chance(0.03)
    ? nestedDeeply(random, tenant, endpoint)
    : expression(random, tenant, endpoint, random.int(4));
  return random.chance(0.15) ? textMutation(random, text) : text;
}

/** A path of a PATCH operation. */
export function patchPath(
  random: Random,
  tenant: Tenant,
  endpoint: string,
): string {
  const path = random.weighted<() => string>([
    [5, () => attributeName(random, endpoint)],
    [3, () => valuePath(random, tenant) + random.pick(["", ".value", ".type"])],
    [1, () => random.pick([URN.enterprise, URN.user, URN.group])],
    [1, () => expression(random, tenant, endpoint, 1)],
  ])();
  return random.chance(0.12) ? textMutation(random, path) : path;
}

function expression(
  random: Random,
  tenant: Tenant,
  endpoint: string,
  depth: number,
): string {
  const inner = () => expression(random, tenant, endpoint, depth - 1);
  if (depth > 0 && random.chance(0.6)) {
    return random.weighted<() => string>([
      [
        4,
        () =>
          `${inner()} ${random.pick(["and", "or", "AND", "Or"])} ${inner()}`,
      ],
      [2, () => `(${inner()})`],
      [1, () => `not (${inner()})`],
    ])();
  }
  return random.weighted<() => string>([
    [6, () => comparison(random, tenant, attributeName(random, endpoint))],
    [1, () => `${attributeName(random, endpoint)} pr`],
    [2, () => valuePath(random, tenant)],
  ])();
}

function comparison(random: Random, tenant: Tenant, name: string): string {
  return `${name} ${random.chance(0.5) ? "eq" : random.pick(OPERATORS)} ${
    literal(random, tenant, name)
  }`;
}

function valuePath(random: Random, tenant: Tenant): string {
  const name = random.pick(Object.keys(VALUE_PATHS));
  const parts = random.times(1 + random.int(2), () => {
    const sub = random.pick(VALUE_PATHS[name] ?? []);
    return comparison(random, tenant, sub);
  });
  return `${name}[${parts.join(random.pick([" and ", " or "]))}]`;
}

function literal(random: Random, tenant: Tenant, name: string): string {
  if (random.chance(0.1)) {
    return random.pick([
      "null",
      "true",
      "1",
      "-1.5e300",
      "1e400",
      '"\\ud800"',
      '"\\u0000"',
      '""',
      "'x'",
      "[]",
      '"' + "x".repeat(2_000) + '"',
      "9007199254740993",
      '"2020-01-01"',
      '"é\u0301ß😀"',
      "tRue",
    ]);
  }
  if (/(^id|value|\$ref|location)$/i.test(name)) {
    return JSON.stringify(tenant.id(random));
  }
  if (/(active|primary|online|up)$/.test(name)) {
    return random.pick(["true", "false", '"True"']);
  }
  if (/(created|lastModified|boughtAt)$/.test(name)) {
    return random.pick([
      '"2026-06-01T08:00:00Z"',
      '"2020-01-01T00:00:00.000+02:00"',
      '"-0001-12-31T24:00:00Z"',
    ]);
  }
  if (/(width|speed|weight|sizes|floor|Number|monthly)$/.test(name)) {
    return random.pick(["1", "2.5", "-7", "1e3"]);
  }
  return JSON.stringify(
    random.pick(["user-1", "a", "work", "User", "W/", "CH", "team-3"]) +
      (random.chance(0.3) ? String(random.int(300)) : ""),
  );
}

function nestedDeeply(
  random: Random,
  tenant: Tenant,
  endpoint: string,
): string {
  const inner = expression(random, tenant, endpoint, 0);
  const depth = random.pick([10, 49, 50, 51, 500, 4_000]);
  return random.pick([
    "(".repeat(depth) + inner + ")".repeat(depth),
    "not (".repeat(depth) + inner + ")".repeat(depth),
    random.times(depth / 5, () => inner).join(" and "),
    random.times(depth / 5, () => inner).join(" or "),
    "emails[".repeat(depth) + inner + "]".repeat(depth),
  ]);
}

function recased(random: Random, text: string): string {
  return random.pick([text.toUpperCase(), text.toLowerCase()]);
}
