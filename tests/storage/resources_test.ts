import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import {
  BASE,
  Directory,
  ENTERPRISE,
  GROUP,
  noise,
  refused,
  sorted,
  TENANT,
  UNCONDITIONAL,
  USER,
  WRITER,
} from "./fixture.ts";
import { Counter, observedKv } from "./fake_kv.ts";

/** A clock that is one second later each time. */
function ticking(): () => Date {
  let now = Date.parse("2026-01-01T00:00:00Z");
  return () => new Date(now += 1_000);
}

Deno.test("create() stores a resource that get() finds", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { clock: ticking() });
  const record = await directory.user("Ada", { title: " Dr " });
  assert.deepEqual(await directory.get(USER, record.id), record);
  assert.deepEqual(record.attributes, { userName: "Ada", title: " Dr " });
  assert.equal(record.created, record.lastModified);
  await directory.check();
});

Deno.test("create() names the owner of a unique value", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  await refused(directory.user("ADA"), 409, "uniqueness", "userName", id);
  await directory.check();
});

Deno.test("an externalId may be shared", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.user("ada", { externalId: "x" });
  await directory.user("bob", { externalId: "x" });
  const ids = await directory.idsOf(USER, 'externalId eq "x"');
  assert.equal(ids.length, 2);
});

Deno.test("create() names the members that do not exist", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [ada = ""] = await directory.users(1);
  const creation = directory.group("Sales", [ada, "nobody", "nothing"]);
  await refused(creation, 400, "invalidValue", '"nobody", "nothing"');
  await directory.check();
});

Deno.test("create() names ten missing members and counts the others", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = Array.from({ length: 13 }, (_, i) => `${i}`.repeat(1_000));
  const error = await refused(
    directory.group("Sales", ids),
    400,
    "invalidValue",
    "and 3 more",
  );
  assert.ok(error.message.length < 1_000);
});

Deno.test("create() refuses what does not fit under one key, and stores nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await refused(directory.user("ada", { title: noise(70_000) }), 413);
  await directory.user("ada");
  await directory.check();
});

Deno.test("create() refuses more indexed values than one commit holds", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const emails = Array.from({ length: 1_001 }, (_, i) => ({ value: `${i}` }));
  await refused(directory.user("ada", { emails }), 413, undefined, "fewer");
  await directory.check();
});

Deno.test("get() finds nothing under any id that is not one of ours", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = ["", "nobody", "x".repeat(129), "\u{1f600}".repeat(3_000)];
  for (const id of ids) {
    assert.equal(await directory.get(USER, id), undefined);
    assert.equal(await directory.update(GROUP, id, {}), undefined);
    assert.equal(await directory.delete(USER, id), false);
  }
});

Deno.test("update() moves version and lastModified, and neither id nor created", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { clock: ticking() });
  const before = await directory.user("ada");
  const written = await directory.update(USER, before.id, {
    set: { title: "Dr" },
  });
  const after = await directory.get(USER, before.id);
  assert.deepEqual(written, { record: after, changed: true });
  assert.equal(after?.created, before.created);
  assert.ok((after?.lastModified ?? "") > before.lastModified);
  assert.ok((after?.versionstamp ?? "") > before.versionstamp);
  await directory.check();
});

Deno.test("lastModified never goes back when the clock does", async () => {
  using kv = await Deno.openKv(":memory:");
  let now = Date.parse("2026-01-02T00:00:00Z");
  const directory = await Directory.open(kv, { clock: () => new Date(now) });
  const user = await directory.user("ada");
  const group = await directory.group("Sales");
  now -= 3_600_000;
  await directory.update(USER, user.id, { set: { title: "Dr" } });
  await directory.add(group.id, user.id);
  for (const [type, { id }] of [[USER, user], [GROUP, group]] as const) {
    const after = await directory.get(type, id);
    assert.equal(after?.lastModified, "2026-01-02T00:00:00.000Z");
  }
});

Deno.test("an update that changes nothing writes nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [member = ""] = await directory.users(1);
  const user = await directory.user("ada", { name: { givenName: "A" } });
  const group = await directory.group("Sales", [member]);
  const before = await Array.fromAsync(kv.list({ prefix: [] }));
  const results = [
    await directory.update(USER, user.id, { set: { userName: "ada" } }),
    await directory.add(group.id, member),
    await directory.remove(group.id, user.id),
    await directory.replaceAll(group.id, [member]),
    await directory.update(GROUP, group.id, {}),
  ];
  assert.deepEqual(results.map((r) => r?.changed), Array(5).fill(false));
  const after = await Array.fromAsync(kv.list({ prefix: [] }));
  assert.deepEqual(after, before);
  assert.equal(
    results[0]?.record.versionstamp,
    user.versionstamp,
  );
});

Deno.test("what a request that changes nothing sends in vain is noted once", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  await directory.update(USER, id, { ignored: ["emial"] });
  await directory.update(USER, id, { ignored: ["emial"] });
  const notes = (await directory.log()).filter(({ operation }) =>
    operation === "note"
  );
  assert.deepEqual(notes.map(({ ignored }) => ignored), [["emial"]]);
});

Deno.test("of parallel replacements of all members one is there as a whole", async () => {
  using kv = await Deno.openKv(":memory:");
  const one = await Directory.open(kv);
  const other = await Directory.open(kv);
  const ids = await one.users(40);
  const sets = [ids.slice(0, 20), ids.slice(20)].map(sorted);
  for (let round = 0; round < 20; round++) {
    const { id } = await one.group(`g${round}`, ids.slice(10, 30));
    const [first = [], second = []] = sets;
    const directories = round % 2 === 0 ? [one, one] : [one, other];
    await Promise.all([
      directories[0]?.replaceAll(id, first),
      directories[1]?.replaceAll(id, second),
    ]);
    const members = await one.membersOf(id);
    assert.ok(
      sets.some((set) => set.join() === members.join()),
      `round ${round}`,
    );
  }
  await one.check();
});

Deno.test("parallel changes that name the same members end as if one came after the other", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [x = "", y = ""] = await directory.users(2);
  for (let round = 0; round < 20; round++) {
    const { id } = await directory.group(`g${round}`);
    const move = (add: string, remove: string) =>
      directory.update(GROUP, id, {
        members: [{ kind: "add", ids: [add] }, {
          kind: "remove",
          ids: [remove],
        }],
      });
    await Promise.all([move(x, y), move(y, x)]);
    assert.equal((await directory.membersOf(id)).length, 1, `round ${round}`);
  }
  await directory.check();
});

Deno.test("readers of a large change see the members before or after it", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(1_300);
  const { id } = await directory.group("Sales", ids.slice(0, 600));
  let done = false;
  const change = directory.add(id, ...ids.slice(600)).then(() => done = true);
  while (!done) {
    const { length } = await directory.membersOf(id);
    assert.ok(length === 600 || length === 1_300, `${length} members`);
  }
  await change;
  await directory.services.jobs.idle();
  assert.equal((await directory.membersOf(id)).length, 1_300);
  await directory.check();
});

Deno.test("a name can change its case only", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  await directory.update(USER, id, { set: { userName: "ADA" } });
  assert.deepEqual((await directory.get(USER, id))?.attributes, {
    userName: "ADA",
  });
  await refused(directory.user("Ada"), 409, "uniqueness", id);
  await directory.check();
});

Deno.test("a name that was given up is free at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  await directory.update(USER, id, { set: { userName: "countess" } });
  await directory.user("ada");
  await directory.delete(USER, id);
  await directory.user("countess");
  await directory.check();
});

Deno.test("update() refuses a name that another has, and keeps the old one", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ada = await directory.user("ada");
  const bob = await directory.user("bob");
  const renaming = directory.update(USER, bob.id, { set: { userName: "Ada" } });
  await refused(renaming, 409, "uniqueness", ada.id);
  assert.deepEqual(await directory.get(USER, bob.id), bob);
  await directory.check();
});

Deno.test("update() refuses what does not fit, and keeps what was there", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const group = await directory.group("Sales");
  const ids = await directory.users(250);
  const title = noise(70_000);
  await refused(
    directory.update(GROUP, group.id, { set: { externalId: title } }),
    413,
  );
  await refused(
    directory.replaceAll(group.id, ids, { externalId: title }),
    413,
  );
  assert.deepEqual(await directory.get(GROUP, group.id), group);
  await directory.check();
});

Deno.test("attributes and members change together or not at all", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [member = ""] = await directory.users(1);
  await directory.group("Legal");
  const { id } = await directory.group("Sales");
  const change = directory.update(GROUP, id, {
    set: { displayName: "Legal" },
    members: [{ kind: "add", ids: [member] }],
  });
  await refused(change, 409, "uniqueness");
  assert.deepEqual(await directory.membersOf(id), []);
  await directory.check();
});

Deno.test("a precondition stops an update, a deletion and the retry of one", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  const precondition = () => {
    throw new ScimError(412, undefined, "no");
  };
  await refused(
    directory.update(USER, id, { precondition, conditional: true }),
    412,
  );
  const deletion = directory.services.resources.delete(
    WRITER,
    USER,
    id,
    { precondition, conditional: true },
  );
  await refused(deletion, 412);
  await directory.check();
});

Deno.test("of several conditional updates of one version one succeeds", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(8);
  const { id } = await directory.group("Sales", ids.slice(0, 1));
  const { views } = directory.services;
  const record = await directory.get(GROUP, id);
  const seen = record && views.version(record);
  const results = await Promise.allSettled(
    ids.slice(1).map((member) =>
      directory.update(GROUP, id, {
        members: [{ kind: "add", ids: [member] }],
        conditional: true,
        precondition: (current) => {
          if (views.version(current) === seen) return;
          throw new ScimError(412, undefined, "changed");
        },
      })
    ),
  );
  const done = results.filter(({ status }) => status === "fulfilled");
  assert.equal(done.length, 1);
  assert.equal((await directory.membersOf(id)).length, 2);
});

Deno.test("the version of an answer is the one that a reader sees next", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(300);
  const { views } = directory.services;
  const { id } = await directory.group("Sales", ids.slice(0, 3));
  const writes = [
    () => directory.add(id, ids[3] ?? ""),
    () => directory.remove(id, ids[0] ?? ""),
    () => directory.add(id, ...ids.slice(4, 12)),
    () => directory.add(id, ...ids),
    () => directory.remove(id, ...ids.slice(5)),
    () => directory.replaceAll(id, ids.slice(0, 7)),
    () => directory.replaceAll(id, ids),
    () => directory.update(GROUP, id, { set: { displayName: "Legal" } }),
  ];
  const versions = new Set<string>();
  for (const write of writes) {
    const written = await write();
    const record = await directory.get(GROUP, id);
    assert.ok(written !== undefined && record !== undefined);
    assert.equal(views.version(written.record), views.version(record));
    versions.add(views.version(record));
  }
  assert.equal(versions.size, writes.length);
  await directory.check();
});

Deno.test("an answer never has a version with changes that its client has not seen", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(20);
  const { views } = directory.services;
  const { id } = await directory.group("Sales");
  const answers = await Promise.all(ids.map((each) => directory.add(id, each)));
  const record = await directory.get(GROUP, id);
  assert.ok(record !== undefined);
  const last = answers.filter((answer) =>
    answer && views.version(answer.record) === views.version(record)
  );
  assert.ok(last.length <= 1);
});

Deno.test("delete() removes a resource with all its keys", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [member = ""] = await directory.users(1);
  const group = await directory.group("Sales", [member], { externalId: "x" });
  assert.equal(await directory.delete(GROUP, group.id), true);
  assert.equal(await directory.get(GROUP, group.id), undefined);
  assert.equal(await directory.delete(GROUP, group.id), false);
  await directory.check();
  const keys = await Array.fromAsync(kv.list({ prefix: ["t", TENANT] }));
  const left = keys.filter(({ key }) =>
    key.includes(group.id) && key[2] !== "log"
  );
  assert.deepEqual(left, []);
});

Deno.test("a user with as many emails as fit can be deleted from many groups", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const emails = Array.from({ length: 600 }, (_, i) => ({ value: `${i}@b.c` }));
  const { id } = await directory.user("ada", { emails });
  await Promise.all(
    Array.from({ length: 150 }, (_, i) => directory.group(`group ${i}`, [id])),
  );
  assert.equal(await directory.delete(USER, id), true);
  await directory.check();
});

Deno.test("a group that is a member of itself can be deleted", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.group("Sales");
  await directory.add(id, id);
  await directory.check();
  await directory.delete(GROUP, id);
  await directory.check();
});

Deno.test("every write leaves one record in the log", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { clock: ticking() });
  const user = await directory.user("ada", {
    title: "Dr",
    [ENTERPRISE]: { department: "A" },
  });
  const group = await directory.group("Sales", [user.id]);
  await directory.update(USER, user.id, {
    set: { title: "Prof" },
    ignored: ["emial"],
  });
  await directory.remove(group.id, user.id);
  await directory.update(USER, user.id, { ignored: ["x"] });
  await directory.delete(USER, user.id);
  const log = await directory.log();
  const told = log.map(({ position: _, at: __, actor, ...record }) => {
    assert.equal(actor, WRITER.actor);
    return record;
  });
  const about = { resourceType: "User", id: user.id };
  assert.deepEqual(told, [
    {
      operation: "create",
      ...about,
      changes: [
        { path: "userName" },
        { path: "title" },
        { path: `${ENTERPRISE}:department` },
      ],
    },
    {
      operation: "create",
      resourceType: "Group",
      id: group.id,
      changes: [{ path: "displayName" }],
      members: { added: [user.id], removed: [] },
    },
    {
      operation: "patch",
      ...about,
      changes: [{ path: "title", from: "Dr", to: "Prof" }],
      ignored: ["emial"],
    },
    {
      operation: "patch",
      resourceType: "Group",
      id: group.id,
      changes: [],
      members: { added: [], removed: [user.id] },
    },
    { operation: "note", ...about, changes: [], ignored: ["x"] },
    { operation: "delete", ...about, changes: [] },
  ]);
});

Deno.test("the log of a group with thousands of members lists the first of them", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(600);
  await directory.group("Sales", ids);
  const record = (await directory.log()).at(-1);
  assert.deepEqual(record?.members?.added, ids.slice(0, 500));
});

Deno.test("tenants do not see each other's resources, names and members", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { resources, queries, tenants } = directory.services;
  await tenants.ensure("other", new Date());
  const ada = await directory.user("ada");
  const other = { tenant: "other", actor: "token-2" };
  const draft = { attributes: { userName: "ada" }, members: [], ignored: [] };
  await resources.create(other, USER, draft);
  assert.equal(await resources.get("other", USER, ada.id), undefined);
  assert.equal(
    await resources.delete(other, USER, ada.id, UNCONDITIONAL),
    false,
  );
  const group = resources.create(other, GROUP, {
    attributes: { displayName: "Sales" },
    members: [ada.id],
    ignored: [],
  });
  await refused(group, 400, "invalidValue", ada.id);
  const { totalResults } = await queries.page({
    tenant: "other",
    type: USER,
    predicate: undefined,
    startIndex: 1,
    count: 10,
    base: BASE,
  });
  assert.equal(totalResults, 1);
  await directory.check();
});

Deno.test("reading a user costs one read", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const { id } = await directory.user("ada");
  const cost = await counter.costOf(() => directory.get(USER, id));
  assert.deepEqual(cost, { reads: 1, commits: 0 });
});

Deno.test("creating a user costs one commit and no read, when it is known what is in force", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const { resources, registries } = directory.services;
  const current = await registries.current(TENANT);
  const cost = await counter.costOf(() =>
    resources.create({ ...WRITER, current }, USER, {
      attributes: { userName: "ada", externalId: "x", displayName: "Ada" },
      members: [],
      ignored: [],
    })
  );
  assert.deepEqual(cost, { reads: 0, commits: 1 });
});

Deno.test("creating a group costs one commit and one read", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const cost = await counter.costOf(() => directory.group("Sales"));
  assert.deepEqual(cost, { reads: 1, commits: 1 });
});

Deno.test("changing a user costs two reads and one commit", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const { id } = await directory.user("ada");
  const cost = await counter.costOf(() =>
    directory.update(USER, id, { set: { userName: "bob" } })
  );
  assert.deepEqual(cost, { reads: 2, commits: 1 });
});

Deno.test("adding and removing one member costs the same in groups of any size", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const [one = "", ...others] = await directory.users(1_201);
  for (const size of [0, 3, 1_200]) {
    const { id } = await directory.group(`of ${size}`, others.slice(0, size));
    await directory.services.jobs.idle();
    const adding = await counter.costOf(() => directory.add(id, one));
    const removing = await counter.costOf(() => directory.remove(id, one));
    assert.deepEqual(adding, { reads: 3, commits: 1 });
    assert.deepEqual(removing, { reads: 2, commits: 1 });
  }
});

Deno.test("a user of no group is deleted with few calls", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const { id } = await directory.user("ada");
  const cost = await counter.costOf(() => directory.delete(USER, id));
  assert.deepEqual(cost, { reads: 4, commits: 2 });
});

Deno.test("ids are never used again and belong to one type", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = sorted([
    ...await directory.users(50),
    (await directory.group("Sales")).id,
  ]);
  assert.equal(new Set(ids).size, 51);
  assert.ok(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id)));
});
