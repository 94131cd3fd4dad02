import assert from "node:assert/strict";
import { Change } from "../../storage/change.ts";
import { Memberships } from "../../storage/memberships.ts";
import { Directory, GROUP, refused, sorted, TENANT, USER } from "./fixture.ts";

async function open(kv: Deno.Kv) {
  const directory = await Directory.open(kv);
  const { store } = directory.services;
  return { directory, memberships: new Memberships(store) };
}

Deno.test("candidates() finds resources of every type that can be a member", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, memberships } = await open(kv);
  const user = await directory.user("ada");
  const group = await directory.group("Sales");
  const found = await memberships.candidates(TENANT, GROUP, [
    group.id,
    user.id,
  ]);
  assert.deepEqual(found, [
    { id: user.id, type: "User", versionstamp: user.versionstamp },
    { id: group.id, type: "Group", versionstamp: group.versionstamp },
  ]);
});

Deno.test("candidates() refuses ids of any length that are not there", async () => {
  using kv = await Deno.openKv(":memory:");
  const { memberships } = await open(kv);
  const ids = ["nobody", "x".repeat(5_000)];
  await refused(
    memberships.candidates(TENANT, GROUP, ids),
    400,
    "invalidValue",
    '"members"',
    '"nobody"',
    `"${"x".repeat(60)}…"`,
  );
});

Deno.test("existing() leaves out what is not there", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, memberships } = await open(kv);
  const ids = await directory.users(25);
  const found = await memberships.existing(TENANT, GROUP, ["no", ...ids, "1"]);
  assert.deepEqual(found.map(({ id }) => id), ids);
});

Deno.test("present() and members() see one generation", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, memberships } = await open(kv);
  const [a = "", b = ""] = await directory.users(2);
  const record = await directory.group("Sales", [a]);
  const other = new Change();
  const edge = { id: b, type: "User" };
  memberships.addEdges(other, TENANT, GROUP, record.id, "other", [edge]);
  await directory.services.store.commit(other);
  const expected = [{ id: a, type: "User" }];
  assert.deepEqual(
    await memberships.present(TENANT, record, [a, b, "x".repeat(5_000)]),
    expected,
  );
  assert.deepEqual(await memberships.members(TENANT, record), expected);
  assert.deepEqual(await directory.membersOf(record.id), [a]);
  assert.deepEqual(await directory.groupsOf(b), []);
});

Deno.test("memberOfEach() reads a stretch of users as it reads each", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, memberships } = await open(kv);
  const ids = sorted(await directory.users(40));
  for (let i = 0; i < 4; i++) {
    await directory.group(`g${i}`, ids.filter((_, j) => (i + j) % 3 === 0));
  }
  const some = ids.slice(3, 30);
  const together = await memberships.memberOfEach(TENANT, some, true);
  const alone = await memberships.memberOfEach(TENANT, some, false);
  assert.deepEqual([...together], [...alone]);
});

Deno.test("memberOfEach() of nobody is empty", async () => {
  using kv = await Deno.openKv(":memory:");
  const { memberships } = await open(kv);
  for (const contiguous of [true, false]) {
    const each = await memberships.memberOfEach(TENANT, [], contiguous);
    assert.equal(each.size, 0);
  }
});

Deno.test("hasNested() is true once a group was a member of a group", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, memberships } = await open(kv);
  const user = await directory.user("ada");
  const group = await directory.group("Sales", [user.id]);
  assert.equal(await memberships.hasNested(TENANT), false);
  await directory.group("All", [group.id]);
  assert.equal(await memberships.hasNested(TENANT), true);
});

Deno.test("edges go with the member", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory } = await open(kv);
  const [a = "", b = ""] = await directory.users(2);
  const inner = await directory.group("Inner", [a]);
  const outer = await directory.group("Outer", [a, b, inner.id]);
  await directory.delete(USER, a);
  await directory.delete(GROUP, inner.id);
  assert.deepEqual(await directory.membersOf(outer.id), [b]);
  await directory.check();
});

Deno.test("steps of one update are taken in their order", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory } = await open(kv);
  const [a = "", b = "", c = ""] = await directory.users(3);
  const { id } = await directory.group("Sales", [a]);
  await directory.update(GROUP, id, {
    members: [
      { kind: "add", ids: [b, c] },
      { kind: "remove", ids: [a, b, "nobody"] },
      { kind: "add", ids: [a] },
    ],
  });
  assert.deepEqual(await directory.membersOf(id), sorted([a, c]));
  await directory.update(GROUP, id, {
    members: [
      { kind: "replaceAll", ids: [b] },
      { kind: "add", ids: [a, b] },
      { kind: "remove", ids: [b] },
    ],
  });
  assert.deepEqual(await directory.membersOf(id), [a]);
  await directory.check();
});
