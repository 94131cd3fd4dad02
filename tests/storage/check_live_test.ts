/**
 * The store check where others are at work: what they leave for jobs, and what
 * they write meanwhile.
 * @module
 */

import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import { Change } from "../../storage/change.ts";
import {
  type CheckOptions,
  type CheckReport,
  checkStore,
} from "../../storage/check/check.ts";
import { encode } from "../../storage/codec.ts";
import { addJob, type StoredJob } from "../../storage/jobs.ts";
import {
  memberKey,
  memberOfKey,
  metaKey,
  settingsKey,
  tokenKey,
  uniqueKey,
} from "../../storage/keys.ts";
import { Store } from "../../storage/store.ts";
import {
  Directory,
  GROUP,
  newSeed,
  random,
  TENANT,
  USER,
  WRITER,
} from "./fixture.ts";
import { observedKv } from "./fake_kv.ts";

/** A check of a test: it does not wait long. */
function check(kv: Deno.Kv, options: CheckOptions = {}): Promise<CheckReport> {
  return checkStore(new Store(kv), { pause: 1, ...options });
}

const SCHEMA = {
  id: "urn:example:params:scim:schemas:core:2.0:Device",
  name: "Device",
  attributes: [{ name: "serial", type: "string" as const }],
};

const TYPE = {
  name: "Device",
  endpoint: "/Devices",
  schema: SCHEMA.id,
  schemaExtensions: [],
};

Deno.test("a check of a place without a store says so", async () => {
  using kv = await Deno.openKv(":memory:");
  await assert.rejects(check(kv), /there is no store/);
});

Deno.test("a check refuses a store of a newer format", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(metaKey("format"), 99);
  await assert.rejects(check(kv), /format 99/);
});

Deno.test("a check counts what it has looked at by kinds of keys", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(3);
  await directory.group("Sales", ids);
  await directory.services.jobs.idle();
  const { checked, pending } = await check(kv);
  assert.deepEqual(
    {
      r: checked["r"],
      m: checked["m"],
      of: checked["of"],
      log: checked["log"],
    },
    { r: 4, m: 3, of: 3, log: 4 },
  );
  assert.equal(checked["tenant"], 1);
  assert.equal(pending, 0);
});

Deno.test("a check finds nothing wrong with custom schemas and types", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { definitions } = directory.services;
  await definitions.addSchema(TENANT, { definition: SCHEMA, required: false });
  await definitions.addResourceType(TENANT, TYPE);
  assert.deepEqual((await check(kv)).disagreements, []);
});

Deno.test("a check leaves memberships alone when there are many types of groups", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { definitions, registries, resources } = directory.services;
  for (const name of ["A", "B", "C", "D", "E", "F", "Team"]) {
    await definitions.addResourceType(TENANT, {
      ...TYPE,
      name,
      endpoint: `/${name}s`,
      schema: "urn:ietf:params:scim:schemas:core:2.0:Group",
    });
  }
  const { registry } = await registries.current(TENANT);
  const type = registry.byName("Team");
  assert.ok(type?.members !== undefined);
  const members = await directory.users(2);
  await resources.create(WRITER, type, {
    attributes: { displayName: "Sales" },
    members,
    ignored: [],
  });
  assert.deepEqual((await check(kv, { mend: true })).disagreements, []);
  await directory.check();
});

Deno.test("a check finds schemas that missing settings keep out of force, and mends it", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { definitions, registries } = directory.services;
  await definitions.addSchema(TENANT, { definition: SCHEMA, required: false });
  await kv.delete(settingsKey(TENANT));
  const { disagreements } = await check(kv, { mend: true });
  assert.deepEqual(disagreements.map(({ kind }) => kind), ["missingSettings"]);
  assert.deepEqual((await check(kv)).disagreements, []);
  const { registry } = await registries.current(TENANT);
  assert.ok(registry.schema(SCHEMA.id));
});

Deno.test("a check tells that a tenant's settings cannot be read, and goes on with others", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.user("ada");
  await kv.set(settingsKey(TENANT), encode({ uniqueGroupNames: 5 }));
  await kv.set(uniqueKey("other", "User", "userName", "x"), "gone");
  const { disagreements } = await check(kv);
  assert.deepEqual(
    disagreements.map(({ kind, tenant }) => [kind, tenant]),
    [
      ["unreadable", TENANT],
      ["missingTenant", "other"],
      ["orphanedUniqueKey", "other"],
    ],
  );
});

Deno.test("a check finds values that no job goes on entering, and stores the job", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.group("Sales");
  const name = "urn:ietf:params:scim:schemas:core:2.0:Group:displayName";
  await kv.set(
    settingsKey(TENANT),
    encode({ uniqueGroupNames: true, incomplete: [name] }),
  );
  await kv.delete(uniqueKey(TENANT, "Group", "displayName", "sales"));
  const { disagreements } = await check(kv, { mend: true });
  assert.deepEqual(disagreements.map(({ kind }) => kind), ["missingJob"]);
  await directory.services.jobs.resume(false);
  await directory.services.jobs.idle();
  await directory.check();
  assert.deepEqual((await check(kv)).disagreements, []);
});

Deno.test("a check finds an announcement that no job would take back, and stores the job", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const leaving = [{ kind: "schema", uri: "urn:example:x" }];
  const settings = encode({ uniqueGroupNames: true, leaving });
  await kv.set(settingsKey(TENANT), settings);
  const { disagreements } = await check(kv, { mend: true });
  assert.deepEqual(disagreements.map(({ kind }) => kind), ["missingJob"]);
  await directory.services.jobs.resume(false);
  await directory.services.jobs.idle();
  await directory.check();
});

Deno.test("what a stored job will sweep is pending, not wrong", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [ada = ""] = await directory.users(1);
  const { id } = await directory.group("Sales");
  const jobs: StoredJob[] = [
    {
      id: "job-1",
      kind: "sweepMembers",
      tenant: TENANT,
      type: "Group",
      group: id,
      generation: "other",
      notBefore: 0,
    },
    {
      id: "job-2",
      kind: "sweepMemberOf",
      tenant: TENANT,
      member: "gone",
      notBefore: 0,
    },
  ];
  for (const job of jobs) await new Store(kv).write(addJob(new Change(), job));
  await kv.set(memberKey(TENANT, id, "other", ada), "User");
  await kv.set(memberOfKey(TENANT, ada, id, "other"), "Group");
  await kv.set(memberOfKey(TENANT, "gone", id, "0"), "Group");
  const report = await check(kv, { mend: true });
  assert.deepEqual(report.disagreements, []);
  assert.equal(report.pending, 2);
  await directory.services.jobs.resume(false);
  await directory.services.jobs.idle();
  await directory.check();
});

Deno.test("a check of one tenant leaves the others alone", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv);
  await kv.set(uniqueKey("a", "User", "userName", "x"), "gone");
  await kv.set(uniqueKey("b", "User", "userName", "x"), "gone");
  const { disagreements } = await check(kv, { tenant: "a", mend: true });
  assert.deepEqual(
    disagreements.map(({ tenant, kind }) => [tenant, kind]),
    [["a", "missingTenant"], ["a", "orphanedUniqueKey"]],
  );
  assert.equal((await check(kv, { tenant: "a" })).left, 0);
  assert.equal((await check(kv)).left, 2);
});

Deno.test("a check lists a bounded number of disagreements and says how many more there are", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv);
  for (let i = 0; i < 250; i++) {
    await kv.set(uniqueKey(TENANT, "User", "userName", `x${i}`), "gone");
  }
  const told: string[] = [];
  const { disagreements, more, left } = await check(kv, {
    limit: 3,
    onFound: ({ kind }) => told.push(kind),
  });
  assert.deepEqual([disagreements.length, more, left], [3, 247, 250]);
  assert.equal(told.length, 250);
});

Deno.test("reports show neither hidden values nor whole hashes", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv);
  const hash = "0123456789abcdef";
  await kv.set(tokenKey(hash), new Uint8Array([9]));
  await kv.set(uniqueKey(TENANT, "User", "diary", "dear me"), "gone");
  await kv.set(uniqueKey(TENANT, "User", "userName", "eve"), "gone");
  const text = JSON.stringify(await check(kv));
  assert.ok(!text.includes(hash));
  assert.ok(!text.includes("dear me"));
  assert.ok(text.includes("eve"));
});

Deno.test("what is being mended while somebody else writes is looked at again", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  await kv.delete(uniqueKey(TENANT, "User", "userName", "ada"));
  let meddled = 0;
  const meddling = observedKv(kv, {
    before: async (call) => {
      if (call !== "commit" || meddled++ > 0) return;
      await directory.update(USER, id, { set: { userName: "eve" } });
    },
  });
  const report = await check(meddling, { mend: true });
  assert.equal(meddled, 1);
  assert.equal(report.left, 0);
  await directory.check();
  const taken = await kv.get(uniqueKey(TENANT, "User", "userName", "ada"));
  assert.equal(taken.versionstamp, null);
});

/** One random write; conflicts and refusals are part of it. */
async function write(
  directory: Directory,
  next: () => number,
  users: string[],
  groups: string[],
): Promise<void> {
  const pick = (ids: string[]) =>
    ids[Math.floor(next() * ids.length)] ?? "none";
  const number = Math.floor(next() * 40);
  const moves: (() => Promise<unknown>)[] = [
    async () => users.push((await directory.user(`user${number}`)).id),
    () =>
      directory.update(USER, pick(users), {
        set: { userName: `user${number}`, externalId: `e${number}` },
      }),
    () => directory.delete(USER, pick(users)),
    async () =>
      groups.push((await directory.group(`g${number}`, [pick(users)])).id),
    () => directory.add(pick(groups), pick(users), pick(groups)),
    () => directory.remove(pick(groups), pick(users)),
    () => directory.replaceAll(pick(groups), users.slice(0, number)),
    () => directory.delete(GROUP, pick(groups)),
    async () => groups.push((await directory.group(`l${number}`, users)).id),
    () =>
      directory.services.definitions.setUniqueGroupNames(TENANT, next() < 0.5),
  ];
  await moves[Math.floor(next() * moves.length)]?.();
}

Deno.test("checks find nothing while 8 writers are at work, and have nothing to mend", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const directories = [await Directory.open(kv), await Directory.open(kv)];
  const users = await (directories[0] ?? assert.fail()).users(260, "many");
  const groups: string[] = [];
  let stopped = false;
  let writes = 0;
  const writers = Array.from({ length: 8 }, async (_, i) => {
    const directory = directories[i % 2] ?? assert.fail();
    while (!stopped) {
      await write(directory, next, users, groups).catch((error) => {
        if (!(error instanceof ScimError)) throw error;
      });
      writes++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  try {
    for (const mend of [false, false, true, true]) {
      const { disagreements } = await check(kv, { mend, pause: 30 });
      assert.deepEqual(disagreements, [], `seed ${seed}, ${writes} writes`);
    }
  } finally {
    stopped = true;
    await Promise.all(writers);
  }
  assert.ok(writes > 50, `seed ${seed}: only ${writes} writes`);
  for (const directory of directories) await directory.services.jobs.idle();
  await (directories[0] ?? assert.fail()).check(`seed ${seed}`);
  assert.deepEqual((await check(kv)).disagreements, [], `seed ${seed}`);
});
