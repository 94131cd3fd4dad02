import assert from "node:assert/strict";
import { InUseError } from "../../storage/definitions.ts";
import type { DuplicateValue } from "../../storage/unique_values.ts";
import { Directory, GROUP, refused, TENANT } from "./fixture.ts";
import { Mortal, observedKv } from "./fake_kv.ts";

const NOW = new Date("2026-01-01T00:00:00Z");

/**
 * Switches the uniqueness of group names of the tenant of the tests.
 *
 * @returns the names that several groups share
 */
async function unique(
  directory: Directory,
  on: boolean,
): Promise<readonly DuplicateValue[]> {
  try {
    await directory.services.definitions.setUniqueGroupNames(TENANT, on);
    return [];
  } catch (error) {
    if (error instanceof InUseError) return error.duplicates;
    throw error;
  }
}

Deno.test("the default tenant always exists", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services } = await Directory.open(kv, { clock: () => NOW });
  assert.deepEqual(await services.tenants.list(), [{
    id: "default",
    createdAt: NOW.toISOString(),
    settings: { uniqueGroupNames: true },
  }]);
});

Deno.test("ensure() leaves a tenant as it is", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services: { tenants } } = await Directory.open(kv);
  await tenants.ensure("other", NOW);
  await tenants.ensure("other", new Date());
  const tenant = await tenants.get("other");
  assert.equal(tenant?.createdAt, NOW.toISOString());
});

Deno.test("get() answers undefined for a tenant that does not exist", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services: { tenants } } = await Directory.open(kv);
  assert.equal(await tenants.get("other"), undefined);
  assert.equal(await tenants.get("x".repeat(5_000)), undefined);
});

Deno.test("group names are unique, without regard to case, unless a tenant says otherwise", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.group("Sales");
  await refused(directory.group("SALES"), 409, "uniqueness", id);
  assert.deepEqual(await unique(directory, false), []);
  await directory.group("SALES");
  await directory.check();
});

Deno.test("names that are unique become so when the tenant changes its mind", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await unique(directory, false);
  const names = Array.from({ length: 250 }, (_, i) => `group ${i}`);
  await Promise.all(names.map((name) => directory.group(name)));
  await directory.group("x".repeat(500));
  assert.deepEqual(await unique(directory, true), []);
  await directory.check();
  await refused(directory.group("group 249"), 409, "uniqueness");
  await refused(directory.group("X".repeat(500)), 409, "uniqueness");
});

Deno.test("names that repeat are told, and then nothing has changed", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await unique(directory, false);
  const groups = await Promise.all(
    ["Sales", "sales", "Legal"].map((name) => directory.group(name)),
  );
  const ids = groups.slice(0, 2).map(({ id }) => id).sort();
  assert.deepEqual(await unique(directory, true), [{
    resourceType: "Group",
    value: "sales",
    ids,
  }]);
  const { settings } = await directory.services.registries.current(
    TENANT,
  );
  assert.deepEqual(settings, { uniqueGroupNames: false });
  await directory.group("Legal");
  await directory.check();
});

Deno.test("names can be made unique once those that repeat are gone", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await unique(directory, false);
  const { id } = await directory.group("Sales");
  await directory.group("sales");
  await unique(directory, true);
  await directory.delete(GROUP, id);
  assert.deepEqual(await unique(directory, true), []);
  await directory.check();
});

Deno.test("groups that are written while names become unique are not lost", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await unique(directory, false);
  const names = Array.from({ length: 60 }, (_, i) => `group ${i}`);
  const groups = await Promise.all(names.map((name) => directory.group(name)));
  for (const on of [true, false, true]) {
    await Promise.all([
      unique(directory, on),
      ...groups.slice(0, 20).map(({ id }, i) =>
        directory.update(GROUP, id, { set: { displayName: `${on} ${i} new` } })
      ),
      ...Array.from(
        { length: 10 },
        (_, i) => directory.group(`more ${i} ${on} ${crypto.randomUUID()}`),
      ),
    ]);
    await directory.check(`after ${on}`);
  }
});

Deno.test("a group that is written while the tenant changes its mind follows the new rule", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await Directory.open(kv);
  await unique(other, false);
  const { id } = await other.group("Sales");
  let isChanged = true;
  const directory = await Directory.open(observedKv(kv, {
    before: async (call) => {
      if (call !== "commit" || isChanged) return;
      isChanged = true;
      await unique(other, true);
    },
  }));
  isChanged = false;
  await refused(directory.group("sales"), 409, "uniqueness", id);
  await directory.check();
});

Deno.test("a change of mind that a crash cuts off is finished by the next start", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await Promise.all(
    Array.from({ length: 120 }, (_, i) => directory.group(`group ${i}`)),
  );
  for (const carriedOut of [false, true]) {
    for (const commit of [0, 1, 2, 60]) {
      for (const on of [false, true]) {
        const mortal = new Mortal({ commit, carriedOut });
        const dying = await Directory.open(observedKv(kv, mortal));
        await unique(dying, on).catch(() => {});
        const next = await Directory.open(kv, { exclusive: true });
        await next.check(`${on} dies at commit ${commit}, ${carriedOut}`);
        await unique(next, on);
        await next.check();
      }
    }
  }
});
