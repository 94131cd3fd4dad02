import assert from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { NO_DEFINITIONS, Registry } from "../../domain/registry.ts";
import { text } from "../../domain/schema/builders.ts";
import {
  compileResourceType,
  type ResourceType,
} from "../../domain/schema/compile.ts";
import type { SchemaDefinition } from "../../domain/schema/definition.ts";
import { Change } from "../../storage/change.ts";
import { refuseTaken, writeIndexes } from "../../storage/indexes.ts";
import { Store } from "../../storage/store.ts";
import { GROUP, refused, USER } from "./fixture.ts";

const ID = "id-1";

/** Commits the step from one state to another; the keys that are there then. */
async function step(
  store: Store,
  type: ResourceType,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): Promise<string[]> {
  const change = new Change();
  writeIndexes(change, "default", type, ID, before, after);
  assert.ok(await store.commit(change) !== undefined);
  const entries = await store.listAll({ prefix: ["t", "default"] });
  return entries.map(({ key }) => key.slice(2).join(" "));
}

Deno.test("writeIndexes() enters every value once, folded where case does not count", async () => {
  using kv = await Deno.openKv(":memory:");
  const keys = await step(new Store(kv), USER, undefined, {
    userName: "Ada",
    displayName: "ADA L",
    externalId: "X1",
    emails: [{ value: "a@B.c" }, { value: "A@b.c" }, { type: "work" }],
  });
  assert.deepEqual(keys, [
    "i User displayName ada l id-1",
    "i User emails.value a@b.c id-1",
    "i User externalId X1 id-1",
    "u User userName ada",
  ]);
});

Deno.test("writeIndexes() writes nothing for values that stay", () => {
  const change = new Change();
  const claims = writeIndexes(
    change,
    "default",
    USER,
    ID,
    { userName: "ada", displayName: "A" },
    { userName: "ADA", displayName: "a" },
  );
  assert.deepEqual(claims, []);
  assert.equal(change.mutations, 0);
});

Deno.test("writeIndexes() moves a value and takes the old one away", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const before = { userName: "ada", displayName: "A" };
  await step(store, USER, undefined, before);
  assert.deepEqual(await step(store, USER, before, { userName: "bob" }), [
    "u User userName bob",
  ]);
});

Deno.test("writeIndexes() takes everything away with the resource", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const attributes = { displayName: "A", externalId: "x" };
  await step(store, GROUP, undefined, attributes);
  assert.deepEqual(await step(store, GROUP, attributes, undefined), []);
});

Deno.test("writeIndexes() makes names of groups unique only where that is wanted", async () => {
  for (const uniqueGroupNames of [true, false]) {
    using kv = await Deno.openKv(":memory:");
    const type = new Registry({ ...NO_DEFINITIONS, uniqueGroupNames })
      .byName("Group");
    assert.ok(type !== undefined);
    const keys = await step(new Store(kv), type, undefined, {
      displayName: "A",
    });
    assert.deepEqual(keys, [
      "i Group displayName a id-1",
      ...(uniqueGroupNames ? ["u Group displayName a"] : []),
    ]);
  }
});

for (const uniqueness of ["server", "global"] as const) {
  Deno.test(`43-7-20 writeIndexes() claims a value whose uniqueness is "${uniqueness}"`, () => {
    const schema: SchemaDefinition = {
      id: "urn:example:schemas:core:2.0:Badge",
      name: "Badge",
      description: "",
      attributes: [text("code", "", { uniqueness })],
    };
    const type = compileResourceType({
      name: "Badge",
      description: "",
      endpoint: "/Badges",
      schema: schema.id,
      schemaExtensions: [],
    }, [schema]);
    const change = new Change();
    const after = { code: "A1" };
    const claims = writeIndexes(change, "t", type, ID, undefined, after);
    assert.deepEqual(claims.map(({ attribute }) => attribute.path), ["code"]);
  });
}

Deno.test("refuseTaken() names the attribute and the owner", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  await step(store, USER, undefined, { userName: "ada" });
  const claims = writeIndexes(
    new Change(),
    "default",
    USER,
    "id-2",
    undefined,
    { userName: "Ada" },
  );
  await refused(
    refuseTaken(store, USER, "id-2", claims),
    409,
    "uniqueness",
    '"userName"',
    '"id-1"',
  );
});

Deno.test("refuseTaken() lets pass what belongs to the resource itself or to nobody", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  await step(store, USER, undefined, { userName: "ada" });
  for (const userName of ["ada", "bob"]) {
    const claims = writeIndexes(
      new Change(),
      "default",
      USER,
      ID,
      undefined,
      { userName },
    );
    await refuseTaken(store, USER, ID, claims);
  }
});
