import assert from "node:assert/strict";
import { NO_DEFINITIONS } from "../../domain/registry.ts";
import { text } from "../../domain/schema/builders.ts";
import { Change } from "../../storage/change.ts";
import { encode } from "../../storage/codec.ts";
import { schemaKey, settingsKey } from "../../storage/keys.ts";
import { Registries } from "../../storage/registries.ts";
import { Store } from "../../storage/store.ts";
import { Counter, observedKv } from "./fake_kv.ts";
import { Directory, GROUP, refused, TENANT, USER } from "./fixture.ts";

/** Commits a schema of a tenant; two schemas with one name are of one state. */
async function add(
  store: Store,
  registries: Registries,
  tenant: string,
  uri: string,
): Promise<void> {
  const before = await registries.current(tenant);
  const change = registries.write(new Change(), tenant, before, {
    ...before.definitions,
    schemas: [...before.definitions.schemas, {
      definition: { id: uri, attributes: [text("a", "")] },
      required: false,
    }],
  });
  assert.ok(await store.commit(change) !== undefined);
}

function urisOf({ definitions }: { definitions: typeof NO_DEFINITIONS }) {
  return definitions.schemas.map(({ definition }) => definition.id);
}

Deno.test("a tenant that has decided nothing has what is built in", async () => {
  using kv = await Deno.openKv(":memory:");
  const current = await new Registries(new Store(kv)).current("any");
  assert.deepEqual(current.definitions, NO_DEFINITIONS);
  assert.equal(current.versionstamp, null);
  assert.deepEqual(
    current.registry.resourceTypes.map(({ name }) => name),
    [USER.name, GROUP.name],
  );
});

Deno.test("what is in force costs one read while nothing changes", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const store = new Store(observedKv(kv, counter));
  const registries = new Registries(store);
  await add(store, registries, TENANT, "urn:example:a");
  const first = await registries.current(TENANT);
  const cost = await counter.costOf(async () => {
    assert.equal(await registries.current(TENANT), first);
  });
  assert.deepEqual(cost, { reads: 1, commits: 0 });
});

Deno.test("tenants that have added nothing share what is built in", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const registries = new Registries(store);
  const one = await registries.current("one");
  await store.write(registries.write(new Change(), "two", one, NO_DEFINITIONS));
  const two = await registries.current("two");
  assert.equal(two.registry, one.registry);
});

Deno.test("what one process changes another sees at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const [one, two] = [new Registries(store), new Registries(store)];
  for (const [i, registries] of [one, two, one, two].entries()) {
    await add(store, registries, TENANT, `urn:example:${i}`);
    for (const reader of [one, two]) {
      assert.equal(urisOf(await reader.current(TENANT)).length, i + 1);
    }
  }
});

Deno.test("a read does not mix two states, whatever changes meanwhile", async () => {
  for (let index = 0; index < 5; index++) {
    using kv = await Deno.openKv(":memory:");
    const store = new Store(kv);
    const writer = new Registries(store);
    await add(store, writer, TENANT, "urn:example:a");
    let calls = 0;
    const reader = new Registries(
      new Store(observedKv(kv, {
        before: async (call) => {
          if (call === "commit" || calls++ !== index) return;
          const before = await writer.current(TENANT);
          await store.write(writer.write(new Change(), TENANT, before, {
            ...before.definitions,
            uniqueGroupNames: false,
            schemas: ["urn:example:b", "urn:example:c"].map((id) => ({
              definition: { id, attributes: [text("a", "")] },
              required: false,
            })),
            resourceTypes: [{
              name: "B",
              endpoint: "/Bs",
              schema: "urn:example:b",
              schemaExtensions: [],
            }],
          }));
        },
      })),
    );
    const seen = await reader.current(TENANT);
    const isOld = seen.definitions.uniqueGroupNames;
    assert.deepEqual(
      urisOf(seen),
      isOld ? ["urn:example:a"] : ["urn:example:b", "urn:example:c"],
      `before read ${index}`,
    );
    assert.equal(seen.definitions.resourceTypes.length, isOld ? 0 : 1);
    assert.deepEqual(
      (await reader.current(TENANT)).definitions,
      (await writer.current(TENANT)).definitions,
    );
  }
});

Deno.test("a slow read of an old state does not hide a newer one", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const writer = new Registries(store);
  await add(store, writer, TENANT, "urn:example:a");
  const { promise, resolve } = Promise.withResolvers<void>();
  let calls = 0;
  const registries = new Registries(
    new Store(observedKv(kv, {
      after: async (call) => {
        // The last read of the first caller.
        if (call === "get" && ++calls === 3) await promise;
      },
    })),
  );
  const slow = registries.current(TENANT);
  while (calls < 3) await new Promise((done) => setTimeout(done, 0));
  await add(store, writer, TENANT, "urn:example:b");
  assert.equal(urisOf(await registries.current(TENANT)).length, 2);
  resolve();
  assert.equal(urisOf(await slow).length, 1);
  assert.equal(urisOf(await registries.current(TENANT)).length, 2);
});

Deno.test("thousands of tenants each have what is theirs", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const registries = new Registries(store);
  const tenants = Array.from({ length: 2_500 }, (_, i) => `tenant-${i}`);
  for (const tenant of tenants.filter((_, i) => i % 50 === 0)) {
    await add(store, registries, tenant, `urn:example:${tenant}`);
  }
  for (let round = 0; round < 2; round++) {
    for (const [i, tenant] of tenants.entries()) {
      assert.deepEqual(
        urisOf(await registries.current(tenant)),
        i % 50 === 0 ? [`urn:example:${tenant}`] : [],
      );
    }
  }
});

Deno.test("a tenant that is asked for often stays in memory beside thousands of others", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const registries = new Registries(store);
  await add(store, registries, TENANT, "urn:example:a");
  const known = await registries.current(TENANT);
  for (let i = 0; i < 2_500; i++) {
    await registries.current(`tenant-${i}`);
    assert.equal(await registries.current(TENANT), known, `tenant ${i}`);
  }
});

Deno.test("write() makes a commit that fails when somebody else was faster", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const registries = new Registries(store);
  const before = await registries.current(TENANT);
  const change = registries.write(new Change(), TENANT, before, {
    ...NO_DEFINITIONS,
    uniqueGroupNames: false,
  });
  await add(store, registries, TENANT, "urn:example:a");
  assert.equal(await store.commit(change), undefined);
});

Deno.test("write() touches no definition but those that change", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const registries = new Registries(store);
  for (const name of ["a", "b", "c"]) {
    await add(store, registries, TENANT, `urn:example:${name}`);
  }
  const before = await registries.current(TENANT);
  const { definitions } = before;
  const change = registries.write(new Change(), TENANT, before, {
    ...definitions,
    schemas: definitions.schemas.slice(1),
  });
  // The settings, and the schema that goes.
  assert.equal(change.mutations, 2);
  await store.write(change);
  assert.deepEqual(urisOf(await registries.current(TENANT)), [
    "urn:example:b",
    "urn:example:c",
  ]);
});

Deno.test("write() refuses a definition that does not fit under one key", async () => {
  using kv = await Deno.openKv(":memory:");
  const registries = new Registries(new Store(kv));
  const before = await registries.current(TENANT);
  const description = Array.from(
    { length: 60_000 },
    () => String.fromCharCode(0x4e00 + Math.floor(Math.random() * 20_000)),
  ).join("");
  const write = () =>
    registries.write(new Change(), TENANT, before, {
      ...NO_DEFINITIONS,
      schemas: [{
        definition: {
          id: "urn:example:a",
          description,
          attributes: [text("a", "")],
        },
        required: false,
      }],
    });
  await refused(Promise.resolve().then(write), 413);
});

Deno.test("settings that were stored before there were schemas are still in force", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(settingsKey(TENANT), encode({ uniqueGroupNames: false }));
  const directory = await Directory.open(kv);
  await directory.group("Sales");
  await directory.group("Sales");
  const { settings, leaving, definitions } = await directory.services.registries
    .current(TENANT);
  assert.deepEqual(settings, { uniqueGroupNames: false });
  assert.deepEqual(leaving, []);
  assert.deepEqual(definitions, { ...NO_DEFINITIONS, uniqueGroupNames: false });
  await directory.check();
});

Deno.test("a definition that cannot be read is an error, not an absence", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const registries = new Registries(store);
  await add(store, registries, TENANT, "urn:example:a");
  await kv.set(schemaKey(TENANT, "urn:example:a"), encode({ what: 1 }));
  await assert.rejects(new Registries(store).current(TENANT));
});
