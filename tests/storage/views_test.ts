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
import type { ResourceRecord } from "../../storage/records.ts";
import { type LargeView, MAX_WHOLE_MEMBERS } from "../../storage/views.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { Attribute } from "../../domain/schema/attribute.ts";

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
  await directory.services.jobs.idle();
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

/** Opens a group that has many members. */
async function openLarge(
  { services }: Directory,
  record: ResourceRecord,
  wants: (attribute: Attribute) => boolean = () => true,
): Promise<LargeView> {
  const view = await services.views.openLarge({
    tenant: TENANT,
    type: GROUP,
    record,
    base: BASE,
    wants,
  });
  assert.ok(view !== undefined);
  return view;
}

/** All members of a view, or those that are left. */
async function allMembers({ members }: LargeView): Promise<JsonObject[]> {
  return (await Array.fromAsync(members)).flat();
}

function valuesOf(members: readonly JsonObject[]): string[] {
  return members.map(({ value }) => String(value));
}

Deno.test("open() gives a group as a whole up to a number of members", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(MAX_WHOLE_MEMBERS + 1);
  const large = await directory.group("large", ids);
  const small = await directory.group("small", ids.slice(1));
  const views = await directory.services.views.open({
    tenant: TENANT,
    type: GROUP,
    records: [small, large],
    base: BASE,
    wants: () => true,
  });
  assert.deepEqual(views.map(({ kind }) => kind), ["whole", "large"]);
  const [first] = views;
  assert.ok(first?.kind === "whole");
  assert.deepEqual(first.resource, await directory.represent(GROUP, small));
});

Deno.test("openLarge() gives what a whole representation holds, some at a time", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(1_200);
  const inner = await directory.group("Inner");
  const record = await directory.group("Outer", [inner.id, ...ids]);
  const { members: expected, ...others } = await directory.represent(
    GROUP,
    record,
  );
  const view = await openLarge(directory, record);
  const batches = await Array.fromAsync(view.members);
  assert.deepEqual(view.resource, others);
  assert.deepEqual(batches.flat(), expected);
  assert.ok(batches.length > 2);
});

Deno.test("openLarge() reads no records of members when no names are wanted", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids = await directory.users(1_000);
  const record = await directory.group("Sales", ids);
  await directory.services.jobs.idle();
  const view = await openLarge(
    directory,
    record,
    ({ name }) => name !== "display",
  );
  let members: JsonObject[] = [];
  const cost = await counter.costOf(async () => {
    members = await allMembers(view);
  });
  assert.deepEqual(cost, { reads: 0, commits: 0 });
  assert.deepEqual(
    members,
    sorted(ids).map((value) => ({
      value,
      $ref: `${BASE}/Users/${value}`,
      type: "User",
    })),
  );
});

Deno.test("openLarge() shows the new set and name when both change while it reads", async () => {
  using kv = await Deno.openKv(":memory:");
  const writer = await Directory.open(kv);
  const ids = sorted(await writer.users(1_300));
  const { id } = await writer.group("before", ids.slice(0, 1_200));
  let lists = -Infinity;
  const reader = await Directory.open(observedKv(kv, {
    before: async (call) => {
      if (call !== "list" || ++lists !== 2) return;
      await writer.replaceAll(id, ids.slice(100), { displayName: "after" });
      await writer.services.jobs.idle();
    },
  }));
  const record = await reader.get(GROUP, id);
  assert.ok(record !== undefined);
  lists = 0;
  const view = await openLarge(reader, record);
  assert.ok(lists > 3);
  assert.equal(view.resource["displayName"], "after");
  assert.deepEqual(valuesOf(await allMembers(view)), ids.slice(100));
});

Deno.test("openLarge() shows a change of several members as a whole", async () => {
  using kv = await Deno.openKv(":memory:");
  const writer = await Directory.open(kv);
  const ids = sorted(await writer.users(1_200));
  const { id } = await writer.group("Sales", ids);
  let lists = -Infinity;
  const reader = await Directory.open(observedKv(kv, {
    // The first of them are read already, and the last are not.
    before: async (call) => {
      if (call !== "list" || ++lists !== 3) return;
      await writer.remove(id, ...ids.slice(0, 5), ...ids.slice(-5));
    },
  }));
  const record = await reader.get(GROUP, id);
  assert.ok(record !== undefined);
  lists = 0;
  const view = await openLarge(reader, record);
  assert.deepEqual(valuesOf(await allMembers(view)), ids.slice(5, -5));
});

Deno.test("openLarge() ends although members come and go all the time", async () => {
  using kv = await Deno.openKv(":memory:");
  const writer = await Directory.open(kv);
  const ids = sorted(await writer.users(701));
  const [one = "", ...others] = ids;
  const { id } = await writer.group("Sales", others);
  let moves = -Infinity;
  const reader = await Directory.open(observedKv(kv, {
    before: async (call) => {
      if (call !== "list" || ++moves <= 0) return;
      if (moves % 2 === 0) await writer.add(id, one);
      else await writer.remove(id, one);
    },
  }));
  await writer.add(id, one);
  const record = await reader.get(GROUP, id);
  assert.ok(record !== undefined);
  moves = 0;
  const view = await openLarge(reader, record);
  moves = -Infinity;
  const members = valuesOf(await allMembers(view));
  assert.deepEqual(members.filter((value) => value !== one), others);
});

Deno.test("the members of a large view stay those of its moment when they are replaced", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = sorted(await directory.users(2_400));
  const record = await directory.group("Sales", ids.slice(0, 1_200));
  const view = await openLarge(directory, record);
  const first = await view.members.next();
  await directory.replaceAll(record.id, ids.slice(1_200));
  await directory.services.jobs.idle();
  const members = [...first.value ?? [], ...await allMembers(view)];
  assert.deepEqual(valuesOf(members), ids.slice(0, 1_200));
});

Deno.test("openLarge() of a group that is gone is undefined", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const record = await directory.group("Sales");
  await directory.delete(GROUP, record.id);
  const view = await directory.services.views.openLarge({
    tenant: TENANT,
    type: GROUP,
    record,
    base: BASE,
    wants: () => true,
  });
  assert.equal(view, undefined);
});
