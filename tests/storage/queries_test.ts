import assert from "node:assert/strict";
import fc from "fast-check";
import { compileFilter } from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import {
  BASE,
  Directory,
  ENTERPRISE,
  GROUP,
  refused,
  sorted,
  TENANT,
  USER,
} from "./fixture.ts";
import { Counter, observedKv } from "./fake_kv.ts";

const LONG = "x".repeat(200);

/** A store with something for every way to find it. */
async function populated(kv: Deno.Kv): Promise<{
  directory: Directory;
  users: string[];
  groups: string[];
}> {
  const directory = await Directory.open(kv);
  const names = [
    "ada",
    "Ada Lovelace",
    "bob",
    "BOB@example.com",
    "\u{1f600} smile",
    "\ue000 private",
    "\ufffd replaced",
    `${LONG}1`,
    `${LONG}2`,
    "zoë",
    "\u{10ffff}",
  ];
  const users: string[] = [];
  for (const [i, name] of names.entries()) {
    const { id } = await directory.user(name, {
      ...(i % 2 === 0 ? { displayName: name } : { externalId: `X${i}` }),
      ...(i % 3 === 0 ? { title: `${i}`, active: true } : { active: false }),
      emails: [
        { value: `${i}@example.com`, type: "work" },
        { value: "shared@example.com", type: i % 2 === 0 ? "work" : "home" },
      ],
      ...(i > 0
        ? { [ENTERPRISE]: { manager: { value: users[0] ?? "" } } }
        : {}),
    });
    users.push(id);
  }
  const inner = await directory.group("Inner", users.slice(0, 4));
  const outer = await directory.group("Outer", [
    inner.id,
    ...users.slice(3, 6),
  ]);
  const outest = await directory.group("Outest", [outer.id]);
  const empty = await directory.group("Empty", [], { externalId: "E" });
  // A second set of members, so that edges of another generation have been there.
  await directory.replaceAll(outest.id, [outer.id, users[9] ?? ""]);
  const groups = [inner, outer, outest, empty].map(({ id }) => id);
  return { directory, users, groups };
}

/** What a filter finds when every resource is tested one by one. */
async function tested(
  directory: Directory,
  type: ResourceType,
  filter: string,
): Promise<string[]> {
  const { test } = compileFilter(parseFilter(filter), type);
  const { records } = await directory.find(type, undefined);
  const resources = await directory.services.views.represent({
    tenant: TENANT,
    type,
    records,
    base: BASE,
    wants: () => true,
  });
  return resources.filter(test).map(({ id }) => String(id));
}

Deno.test("every filter finds what testing each resource finds, whatever index it uses", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, users, groups } = await populated(kv);
  const [first = "", second = ""] = users;
  const [inner = "", outer = "", outest = "", empty = ""] = groups;
  const manager = `${ENTERPRISE}:manager`;
  const filters = [
    [USER, `id eq "${first}"`],
    [USER, `id eq "nobody"`],
    [USER, `id eq "${"x".repeat(4_000)}"`],
    [USER, `userName eq "ADA"`],
    [USER, `userName eq "${LONG}1"`],
    [USER, `userName sw "a"`],
    [USER, `userName sw "${LONG}"`],
    [USER, `userName sw "${LONG}2"`],
    [USER, `userName sw "\u{1f600}"`],
    [USER, `userName sw "\u{10ffff}"`],
    [USER, `userName ge "bob"`],
    [USER, `userName gt "bob"`],
    [USER, `userName lt "bob"`],
    [USER, `userName le "bob"`],
    [USER, `userName ge "\ue000" and userName le "\u{1f600}z"`],
    [USER, `userName gt "c" and userName lt "a"`],
    [USER, `userName co "o"`],
    [USER, `userName ew ".com"`],
    [USER, `userName ne "ada"`],
    [USER, `not (userName sw "a")`],
    [USER, `displayName sw "ada"`],
    [USER, `displayName lt "b"`],
    [USER, `displayName pr`],
    [USER, `externalId eq "X1"`],
    [USER, `externalId eq "x1"`],
    [USER, `emails.value eq "SHARED@example.com"`],
    [USER, `emails.value sw "1"`],
    [USER, `emails[type eq "work" and value eq "shared@example.com"]`],
    [USER, `emails[type eq "work" and value sw "shared"]`],
    [USER, `active eq true`],
    [USER, `title eq "3" and emails.value sw "s"`],
    [USER, `title eq "3" or userName eq "bob"`],
    [USER, `userName eq "ada" or externalId eq "X1" or id eq "${second}"`],
    [USER, `groups.value eq "${inner}"`],
    [USER, `groups.value eq "${outer}"`],
    [USER, `groups.value eq "${outest}"`],
    [USER, `groups.value eq "${empty}"`],
    [USER, `groups.value eq "${first}"`],
    [USER, `groups.value eq "nobody"`],
    [USER, `groups[value eq "${outer}" and type eq "indirect"]`],
    [USER, `groups.display eq "inner"`],
    [USER, `groups pr`],
    [USER, `${manager}.value eq "${first}"`],
    [USER, `${manager}.displayName eq "ada"`],
    [USER, `meta.created gt "2020-01-01T00:00:00Z"`],
    [USER, `meta.lastModified gt "2050-01-01T00:00:00Z"`],
    [USER, `meta.location eq "${BASE}/Users/${first}"`],
    [USER, `meta.resourceType eq "User"`],
    [USER, `schemas eq "${ENTERPRISE}"`],
    [GROUP, `displayName eq "OUTER"`],
    [GROUP, `displayName sw "out"`],
    [GROUP, `externalId eq "E"`],
    [GROUP, `members.value eq "${users[3]}"`],
    [GROUP, `members[value eq "${users[3]}" and type eq "User"]`],
    [GROUP, `members.value eq "${inner}"`],
    [GROUP, `members.value eq "${"x".repeat(4_000)}"`],
    [GROUP, `members.value eq "${users[3]}" and displayName eq "inner"`],
    [GROUP, `members.value eq "${first}" or displayName eq "empty"`],
    [GROUP, `members.display eq "bob"`],
    [GROUP, `members pr`],
    [GROUP, `not (members pr)`],
    [GROUP, `meta.lastModified gt "2020-01-01T00:00:00Z"`],
  ] as const;
  for (const [type, filter] of filters) {
    const wanted = await tested(directory, type, filter);
    const page = await directory.find(type, filter);
    assert.deepEqual(page.records.map(({ id }) => id), wanted, filter);
    assert.equal(page.totalResults, wanted.length, filter);
    const part = await directory.find(type, filter, 2, 3);
    const partly = part.records.map(({ id }) => id);
    assert.deepEqual(partly, wanted.slice(1, 4), filter);
    assert.equal(part.totalResults, wanted.length, filter);
  }
});

Deno.test("a page at any offset is that slice of the sorted list", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = sorted(await directory.users(600));
  for (const id of ids.splice(100, 57)) await directory.delete(USER, id);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 560 }),
      fc.integer({ min: 0, max: 600 }),
      async (startIndex, count) => {
        const page = await directory.find(USER, undefined, startIndex, count);
        const end = startIndex - 1 + count;
        assert.equal(page.totalResults, ids.length);
        assert.deepEqual(
          page.records.map(({ id }) => id),
          ids.slice(startIndex - 1, end),
        );
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a page of everything costs two reads, wherever it begins", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  await directory.users(500);
  for (const startIndex of [1, 250, 499]) {
    const cost = await counter.costOf(() =>
      directory.find(USER, undefined, startIndex, 100)
    );
    assert.deepEqual(cost, { reads: 2, commits: 0 });
  }
});

Deno.test("a look for a unique value costs two reads", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  await directory.users(200);
  const cost = await counter.costOf(() =>
    directory.find(USER, 'userName eq "USER7"')
  );
  assert.deepEqual(cost, { reads: 2, commits: 0 });
});

Deno.test("an exact prefix reads the records of its page only", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  await directory.users(300);
  const cost = await counter.costOf(async () => {
    const page = await directory.find(USER, 'userName sw "user"', 11, 10);
    assert.equal(page.totalResults, 300);
    assert.equal(page.records.length, 10);
  });
  assert.deepEqual(cost, { reads: 2, commits: 0 });
});

Deno.test("whether one is a member costs the same in groups of any size", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const [one = "", ...others] = await directory.users(1_201);
  const costs: unknown[] = [];
  for (const size of [1, 1_200]) {
    const { id } = await directory.group(`of ${size}`, others.slice(0, size));
    await directory.add(id, one);
    const filter = `id eq "${id}" and members.value eq "${one}"`;
    costs.push(
      await counter.costOf(async () => {
        assert.deepEqual(await directory.idsOf(GROUP, filter), [id]);
      }),
    );
  }
  assert.deepEqual(costs[0], costs[1]);
});

Deno.test("a filter without an index is refused beyond the budget", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scanLimit: 20 });
  await directory.users(20);
  const filter = 'title eq "Dr"';
  assert.deepEqual(await directory.idsOf(USER, filter), []);
  await directory.user("one more");
  const { message } = await refused(
    directory.find(USER, filter),
    400,
    "tooMany",
    "20 resources",
  );
  assert.match(message, /userName/);
});

Deno.test("an index that names more resources than the budget is refused too", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scanLimit: 20 });
  await directory.users(21);
  await refused(directory.find(USER, 'userName sw "u"'), 400, "tooMany");
  const ids = await directory.idsOf(USER, 'userName sw "user1"');
  assert.equal(ids.length, 11);
});

Deno.test("members of nested groups are found without looking at every user", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scanLimit: 20 });
  const ids = await directory.users(60);
  const inner = await directory.group("Inner", ids.slice(0, 5));
  const outer = await directory.group("Outer", [inner.id, ids[7] ?? ""]);
  await directory.add(inner.id, outer.id);
  assert.deepEqual(
    await directory.idsOf(USER, `groups.value eq "${outer.id}"`),
    sorted([...ids.slice(0, 5), ids[7] ?? ""]),
  );
});

Deno.test("a union names a resource once", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada", { externalId: "x" });
  const filter = 'userName eq "ada" or externalId eq "x" or emails.value eq ""';
  assert.deepEqual(await directory.idsOf(USER, filter), [id]);
});
