import assert from "node:assert/strict";
import type { JsonValue } from "../../domain/json.ts";
import {
  BASE,
  Directory,
  ENTERPRISE,
  GROUP,
  sorted,
  TENANT,
  USER,
} from "./fixture.ts";
import { Counter, observedKv } from "./fake_kv.ts";

function manager(value: string) {
  return { [ENTERPRISE]: { manager: { value } } };
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

Deno.test("a user is shown with schemas and meta", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const record = await directory.user("ada", {
    [ENTERPRISE]: { department: "A" },
  });
  assert.deepEqual(await directory.show(USER, record.id), {
    id: record.id,
    userName: "ada",
    [ENTERPRISE]: { department: "A" },
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    meta: {
      resourceType: "User",
      created: record.created,
      lastModified: record.created,
      location: `${BASE}/Users/${record.id}`,
      version: directory.services.views.version(record),
    },
  });
});

Deno.test("a group shows its members with name, type and URI", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ada = await directory.user("ada", { displayName: "Ada L" });
  const bob = await directory.user("bob");
  const inner = await directory.group("Inner");
  const { id } = await directory.group("Outer", [ada.id, bob.id, inner.id]);
  const shown = await directory.show(GROUP, id);
  const expected = [
    {
      value: ada.id,
      $ref: `${BASE}/Users/${ada.id}`,
      display: "Ada L",
      type: "User",
    },
    {
      value: bob.id,
      $ref: `${BASE}/Users/${bob.id}`,
      display: "bob",
      type: "User",
    },
    {
      value: inner.id,
      $ref: `${BASE}/Groups/${inner.id}`,
      display: "Inner",
      type: "Group",
    },
  ].sort((a, b) => a.value < b.value ? -1 : 1);
  assert.deepEqual(shown?.["members"], expected);
});

Deno.test("an empty group shows no members, and a user of no group no groups", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const user = await directory.user("ada");
  const group = await directory.group("Sales");
  const shown = await directory.show(USER, user.id);
  assert.ok(!Object.hasOwn(shown ?? {}, "groups"));
  const empty = await directory.show(GROUP, group.id);
  assert.ok(!Object.hasOwn(empty ?? {}, "members"));
});

Deno.test("a user shows direct groups first, then the groups that contain them", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  const inner = await directory.group("Inner", [id]);
  const middle = await directory.group("Middle", [inner.id]);
  const outer = await directory.group("Outer", [middle.id]);
  const shown = await directory.show(USER, id);
  assert.deepEqual(
    shown?.["groups"],
    [inner, middle, outer].map((group, depth) => ({
      value: group.id,
      $ref: `${BASE}/Groups/${group.id}`,
      display: group.attributes["displayName"],
      type: depth === 0 ? "direct" : "indirect",
    })),
  );
});

Deno.test("a group that is both direct and indirect is shown once, as direct", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  const inner = await directory.group("Inner", [id]);
  await directory.group("Outer", [id, inner.id]);
  const shown = await directory.show(USER, id);
  assert.deepEqual(
    listOf(shown?.["groups"]).map((group) => Object(group).type),
    ["direct", "direct"],
  );
});

Deno.test("groups that contain each other end", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  const a = await directory.group("A", [id]);
  const b = await directory.group("B", [a.id]);
  await directory.add(a.id, b.id);
  await directory.add(a.id, a.id);
  assert.deepEqual(await directory.groupsOf(id), sorted([a.id, b.id]));
  assert.deepEqual(await directory.membersOf(a.id), sorted([id, a.id, b.id]));
  await directory.check();
});

Deno.test("groups of users on a page are read together and alike", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(30);
  const groups = await Promise.all(
    [0, 1, 2].map((n) =>
      directory.group(`g${n}`, ids.filter((_, i) => i % 3 >= n))
    ),
  );
  await directory.group("Outer", [groups[1]?.id ?? ""]);
  const { records, contiguous } = await directory.find(USER, undefined, 4, 20);
  const together = await directory.services.views.represent({
    tenant: TENANT,
    type: USER,
    records,
    base: BASE,
    wants: () => true,
    contiguous,
  });
  const alone = await Promise.all(
    records.map((record) => directory.represent(USER, record)),
  );
  assert.equal(contiguous, true);
  assert.deepEqual(together, alone);
});

Deno.test("groups on a page have the version that each has alone", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(5);
  const created = await Promise.all(
    ids.map((id, i) => directory.group(`g${i}`, i % 2 === 0 ? [id] : [])),
  );
  await directory.add(created[0]?.id ?? "", ids[3] ?? "");
  const { records } = await directory.find(GROUP, undefined);
  const together = await directory.services.views.represent({
    tenant: TENANT,
    type: GROUP,
    records,
    base: BASE,
    wants: () => true,
  });
  for (const group of together) {
    const alone = await directory.show(GROUP, String(group["id"]));
    assert.deepEqual(group, alone);
  }
});

Deno.test("a manager is shown with name and URI", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const boss = await directory.user("boss", { displayName: "The Boss" });
  const { id } = await directory.user("ada", manager(boss.id));
  assert.deepEqual((await directory.show(USER, id))?.[ENTERPRISE], {
    manager: {
      value: boss.id,
      $ref: `${BASE}/Users/${boss.id}`,
      displayName: "The Boss",
    },
  });
});

Deno.test("a manager who is gone keeps the value and nothing else", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const boss = await directory.user("boss", { displayName: "The Boss" });
  const { id } = await directory.user("ada", manager(boss.id));
  await directory.delete(USER, boss.id);
  assert.deepEqual((await directory.show(USER, id))?.[ENTERPRISE], {
    manager: { value: boss.id },
  });
});

Deno.test("a manager that was never there is shown as it was sent", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada", manager("x".repeat(4_000)));
  assert.deepEqual((await directory.show(USER, id))?.[ENTERPRISE], {
    manager: { value: "x".repeat(4_000) },
  });
});

Deno.test("showing a resource leaves the stored one as it is", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const boss = await directory.user("boss");
  const record = await directory.user("ada", manager(boss.id));
  const before = structuredClone(record.attributes);
  await directory.represent(USER, record);
  assert.deepEqual(record.attributes, before);
});

Deno.test("the version of a user moves with the user, not with groups or managers", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const boss = await directory.user("boss");
  const { id } = await directory.user("ada", manager(boss.id));
  const version = async () =>
    Object((await directory.show(USER, id))?.["meta"])
      .version;
  const before = await version();
  await directory.group("Sales", [id]);
  await directory.update(USER, boss.id, { set: { displayName: "New" } });
  assert.equal(await version(), before);
  await directory.update(USER, id, { set: { title: "Dr" } });
  assert.notEqual(await version(), before);
});

Deno.test("the version of a group moves with its members", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [a = "", b = ""] = await directory.users(2);
  const { id } = await directory.group("Sales", [a]);
  const meta = async () => Object((await directory.show(GROUP, id))?.["meta"]);
  const versions = [(await meta()).version];
  await directory.add(id, b);
  versions.push((await meta()).version);
  await directory.delete(USER, b);
  versions.push((await meta()).version);
  assert.equal(new Set(versions).size, 3);
});

Deno.test("versions of two stores differ", async () => {
  const versions: string[] = [];
  for (let i = 0; i < 2; i++) {
    using kv = await Deno.openKv(":memory:");
    const directory = await Directory.open(kv);
    versions.push(
      directory.services.views.version(await directory.user("ada")),
    );
  }
  assert.match(versions[0] ?? "", /^W\/"[0-9a-f]+"$/);
  assert.notEqual(versions[0], versions[1]);
});

Deno.test("what is not wanted is not read", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const [member = ""] = await directory.users(1);
  const group = await directory.group("Sales", [member]);
  const { views } = directory.services;
  for (const [type, id] of [[USER, member], [GROUP, group.id]] as const) {
    const record = await directory.get(type, id);
    assert.ok(record !== undefined);
    const cost = await counter.costOf(() =>
      views.represent({
        tenant: TENANT,
        type,
        records: [record],
        base: BASE,
        wants: ({ name }) => name === "displayName",
      })
    );
    assert.deepEqual(cost, { reads: 0, commits: 0 });
  }
});

Deno.test("only the members that are asked for are read", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids = await directory.users(700);
  const record = await directory.group("Sales", ids.slice(1));
  const onlyMembers = ids.slice(0, 2);
  const cost = await counter.costOf(async () => {
    const [shown] = await directory.services.views.represent({
      tenant: TENANT,
      type: GROUP,
      records: [record],
      base: BASE,
      wants: () => true,
      onlyMembers,
    });
    const members = listOf(shown?.["members"]).map((m) => Object(m).value);
    assert.deepEqual(members, [ids[1]]);
  });
  assert.ok(cost.reads <= 3);
});

Deno.test("a member is never out of its group while others are exchanged", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(700);
  const [stays = "", ...others] = ids;
  const { id } = await directory.group("Sales", ids.slice(0, 350));
  let done = false;
  const writer = (async () => {
    for (let round = 0; round < 6; round++) {
      const set = round % 2 === 0 ? others.slice(349) : others.slice(0, 349);
      await directory.replaceAll(id, [stays, ...set]);
    }
    done = true;
  })();
  while (!done) assert.deepEqual(await directory.groupsOf(stays), [id]);
  await writer;
  await directory.services.jobs.idle();
  await directory.check();
});
