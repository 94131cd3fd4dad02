/**
 * Exports and imports for tests, a store full of everything, and a way to compare
 * what two stores hold.
 * @module
 */

import assert from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { text } from "../../domain/schema/builders.ts";
import { decode } from "../../storage/codec.ts";
import { exportLines } from "../../storage/export/export.ts";
import {
  type Imported,
  importLines,
  type ImportOptions,
} from "../../storage/export/import.ts";
import { Store } from "../../storage/store.ts";
import { badge, badgeSchema, createAs, inForce } from "./custom.ts";
import { Directory, GROUP, random, TENANT, USER } from "./fixture.ts";
import { findDisagreements } from "./invariants.ts";

/** The second tenant of the store that is full of everything. */
export const OTHER_TENANT = "acme";

/** The lines of an export. */
export function exported(kv: Deno.Kv, tenant?: string): Promise<string[]> {
  return Array.fromAsync(exporting(kv, tenant));
}

/** The lines of an export, one by one. */
export function exporting(
  kv: Deno.Kv,
  tenant?: string,
): AsyncGenerator<string> {
  return exportLines(new Store(kv), {
    tenant,
    program: "1.2.3",
    date: new Date("2026-01-02T03:04:05.678Z"),
  });
}

/** Imports lines. */
export function importing(
  kv: Deno.Kv,
  lines: readonly string[],
  options: Partial<ImportOptions> = {},
): Promise<Imported> {
  let epochs = 0;
  return importLines(new Store(kv), () => each(lines), {
    replace: false,
    newEpoch: () => `e${epochs++}`,
    ...options,
  });
}

/** Lines one by one. */
export async function* each(
  lines: readonly string[],
): AsyncGenerator<string> {
  for (const line of lines) yield await Promise.resolve(line);
}

/** The lines of an export but for its header and its footer. */
export function parsed(lines: readonly string[]): JsonObject[] {
  return lines.slice(1, -1).map((line) => JSON.parse(line));
}

/**
 * What a store holds, by a text for each key; without what belongs to one store
 * only: positions in the log, generations, its epoch and its secret of cursors.
 */
export async function contentOf(
  kv: Deno.Kv,
  isWanted: (key: Deno.KvKey) => boolean = () => true,
): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const logs = new Map<string, number>();
  for await (const { key, value } of kv.list<unknown>({ prefix: [] })) {
    if (!isWanted(key)) continue;
    const [first, second, kind] = key;
    const name = first === "t" ? String(kind) : String(first);
    // A note that some group was nested once may outlive the last such group.
    if (name === "nested") continue;
    if (name === "meta" && second !== "adminSecret") continue;
    if (value instanceof Deno.KvU64) {
      if (value.value > 0n) found.set(textOf(key), value.value);
    } else if (name === "m" || name === "of") {
      const short = key.filter((_, index) => index !== (name === "m" ? 4 : 5));
      found.set(textOf(short), value);
    } else if (name === "log") {
      const number = (logs.get(String(second)) ?? 0) + 1;
      logs.set(String(second), number);
      found.set(textOf([...key.slice(0, -1), number]), decode(value));
    } else if (value instanceof Uint8Array) {
      const { g: _, ...content } = Object(decode(value));
      found.set(textOf(key), content);
    } else found.set(textOf(key), value);
  }
  return found;
}

function textOf(key: Deno.KvKey): string {
  return JSON.stringify(key.map(String));
}

/** Asserts that nothing in a store contradicts anything else. */
export async function assertSound(
  kv: Deno.Kv,
  ...tenants: string[]
): Promise<void> {
  for (const tenant of tenants) {
    assert.deepEqual((await findDisagreements(kv, tenant)).slice(0, 10), []);
  }
}

/** A base schema and the type of its resources. */
const DEVICE = "urn:example:params:scim:schemas:core:2.0:Device";

/**
 * Fills a store with users and groups of any kind, nested ones and a large one
 * among them, with schemas, a resource type, settings, tokens and a second tenant;
 * some of it changed, some deleted.
 *
 * @param seed decides what it is
 */
export async function fill(kv: Deno.Kv, seed: number): Promise<Directory> {
  const directory = await Directory.open(kv, { adminToken: undefined });
  await addDefinitions(directory);
  await addTokens(directory);
  const users = await addUsers(directory, random(seed));
  await addGroups(directory, users, random(seed + 1));
  await addOtherTenant(directory);
  await directory.services.jobs.idle();
  return directory;
}

async function addDefinitions({ services }: Directory): Promise<void> {
  const { definitions } = services;
  await definitions.addSchema(TENANT, {
    definition: badgeSchema("server"),
    extends: "User",
    required: false,
  });
  await definitions.addSchema(TENANT, {
    definition: {
      id: DEVICE,
      name: "Device",
      attributes: [text("serial", "", { uniqueness: "server" })],
    },
    required: false,
  });
  await definitions.addResourceType(TENANT, {
    name: "Device",
    endpoint: "/Devices",
    schema: DEVICE,
    schemaExtensions: [],
  });
  await definitions.setUniqueGroupNames(TENANT, false);
}

async function addTokens({ services: { tokens } }: Directory): Promise<void> {
  const request = {
    tenant: TENANT,
    scopes: ["scim"],
    profile: "compatible",
    expiresAt: null,
  } as const;
  const issued = await Promise.all(
    ["Entra ID", "Okta", "a script"].map((name) =>
      tokens.issue({ ...request, name })
    ),
  );
  const [first, second, third] = issued.map(({ id }) => id);
  await tokens.rotate(first ?? "", 5);
  await tokens.rotate(second ?? "", 0);
  await tokens.revoke(third ?? "");
  await tokens.find(issued[0]?.token ?? "");
}

/** Texts that are not easy to keep. */
const TEXTS = [
  "plain",
  "ÅNGSTRÖM",
  "名前",
  "a\u0000b",
  "line\nbreak\u2028",
  '"quoted" \\',
  "👩‍🚀".repeat(60),
  " spaces ",
] as const;

async function addUsers(
  directory: Directory,
  next: () => number,
): Promise<string[]> {
  const current = await inForce(directory);
  const pick = () => TEXTS[Math.floor(next() * TEXTS.length)] ?? "";
  const create = (i: number) =>
    createAs(directory, current, "User", {
      userName: `${pick()}-${i}`,
      active: next() < 0.9,
      ...(next() < 0.5 ? { externalId: `x-${i}` } : {}),
      ...(next() < 0.5 ? { title: pick() } : {}),
      ...(next() < 0.3
        ? { emails: [{ value: `${i}@example.com`, type: "work" }] }
        : {}),
      ...(next() < 0.3 ? badge(`number-${i}`) : {}),
    });
  const ids: string[] = [];
  for (let i = 0; i < 1_300; i += 50) {
    const some = Array.from({ length: 50 }, (_, j) => create(i + j));
    for (const { id } of await Promise.all(some)) ids.push(id);
  }
  for (const id of ids.slice(0, 100)) {
    await directory.update(USER, id, { set: { title: pick() } });
  }
  for (const id of ids.slice(1_250)) await directory.delete(USER, id);
  await createAs(directory, current, "Device", { serial: "0001" });
  return ids.slice(0, 1_250);
}

async function addGroups(
  directory: Directory,
  users: readonly string[],
  next: () => number,
): Promise<void> {
  const large = await directory.group("Everybody", users.slice(0, 1_200));
  await directory.replaceAll(large.id, users.slice(20));
  await directory.add(large.id, ...users.slice(0, 3));
  const below = await directory.group("Staff", users.slice(0, 5));
  await directory.group("Staff", [below.id, large.id]);
  const gone = await directory.group("Gone", [below.id, ...users.slice(7, 9)]);
  await directory.delete(GROUP, gone.id);
  const empty = await directory.group("Emptied", users.slice(0, 2));
  await directory.remove(empty.id, ...users.slice(0, 2));
  for (let i = 0; i < 30; i++) {
    const some = users.filter(() => next() < 0.01);
    const { id } = await directory.group(`Team ${i}`, some);
    await directory.remove(id, ...some.slice(0, 2));
    await directory.update(GROUP, id, { set: { externalId: `team-${i}` } });
  }
  await directory.delete(USER, users[5] ?? "");
}

async function addOtherTenant({ services }: Directory): Promise<void> {
  await services.tenants.ensure(OTHER_TENANT, new Date(0));
  const writer = { tenant: OTHER_TENANT, actor: "token-2" };
  const members: string[] = [];
  for (let i = 0; i < 20; i++) {
    const { id } = await services.resources.create(writer, USER, {
      attributes: { userName: `plain-${i}` },
      members: [],
      ignored: ["nickname"],
    });
    members.push(id);
  }
  await services.resources.create(writer, GROUP, {
    attributes: { displayName: "Staff" },
    members,
    ignored: [],
  });
  await services.tokens.issue({
    name: "Acme",
    tenant: OTHER_TENANT,
    scopes: ["scim:read"],
    profile: "rfc",
    expiresAt: "2030-01-01T00:00:00.000Z",
    userId: members[0],
  });
}
