import assert from "node:assert/strict";
import fc from "fast-check";
import { compileFilter } from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import {
  compareSortKeys,
  compileSortOrder,
  sortKey,
} from "../../domain/sorting.ts";
import type { Query } from "../../storage/queries.ts";
import type { Place } from "../../storage/ranks.ts";
import {
  BASE,
  Directory,
  ENTERPRISE,
  GROUP,
  newIds,
  newSeed,
  random,
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
    await directory.services.jobs.idle();
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

/** What is sorted by; undefined: nothing. */
const ORDERS = [
  undefined,
  ["userName", "ascending"],
  ["title", "descending"],
  ["active", "ascending"],
  ["emails", "descending"],
  ["meta.created", "ascending"],
  ["displayName", "descending"],
  ["externalId", "ascending"],
  [`${ENTERPRISE}:manager.displayName`, "descending"],
] as const;

/** Filters with an index, with an exact one, and without any. */
const FILTERS = [
  undefined,
  'userName sw "u"',
  'userName ge "a" and title pr',
  "userName pr or title pr",
] as const;

/** A query in a form for both pages and walks. */
function queryOf(
  filter: string | undefined,
  order: (typeof ORDERS)[number],
): Query {
  return {
    tenant: TENANT,
    type: USER,
    base: BASE,
    predicate: filter === undefined
      ? undefined
      : compileFilter(parseFilter(filter), USER),
    order: order && compileSortOrder(USER, order[0], order[1]),
  };
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}

/** Attributes with many equal, missing and long values. */
function anyAttributes(next: () => number, boss: string | undefined) {
  const pick = <T>(...values: T[]) =>
    values[Math.floor(next() * values.length)];
  const title = pick(undefined, "a", "B", "b", LONG, `${LONG}1`, `${LONG}2`);
  return {
    ...(title === undefined ? {} : { title }),
    ...(next() < 0.3 ? {} : { displayName: pick("", "c", "D", "ｄ", LONG) }),
    ...(next() < 0.3 ? {} : { externalId: pick("", "e", "E", LONG) }),
    active: next() < 0.5,
    ...(next() < 0.5 ? {} : {
      emails: [
        { value: `${pick("x", "y", "Z")}@example.com` },
        { value: "q@example.com", ...(next() < 0.5 ? { primary: true } : {}) },
      ],
    }),
    ...(boss === undefined || next() < 0.5
      ? {}
      : { [ENTERPRISE]: { manager: { value: boss } } }),
  };
}

Deno.test("44-3.4.2.3-7 sorted pages are slices of a plain sort of all matches", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const directory = await Directory.open(kv);
  const { id: boss } = await directory.user("boss", { displayName: "Z" });
  for (let i = 0; i < 60; i++) {
    await directory.user(`user${i}`, anyAttributes(next, boss));
  }
  for (const filter of FILTERS) {
    for (const named of ORDERS) {
      const { order, ...query } = queryOf(filter, named);
      const { records } = await directory.services.queries.page({
        ...query,
        startIndex: 1,
        count: 1_000,
      });
      let wanted = records.map(idOf);
      if (order !== undefined) {
        const resources = await Promise.all(
          records.map((record) => directory.represent(USER, record)),
        );
        wanted = resources
          .map((resource) => ({
            id: String(resource["id"]),
            key: sortKey(order, resource),
          }))
          .sort((a, b) =>
            compareSortKeys(order, a.key, b.key) || (a.id < b.id ? -1 : 1)
          )
          .map(idOf);
      }
      const size = 1 + Math.floor(next() * 20);
      const paged: string[] = [];
      for (let start = 1; start <= wanted.length + size; start += size) {
        const page = await directory.services.queries.page({
          ...query,
          order,
          startIndex: start,
          count: size,
        });
        assert.equal(page.totalResults, wanted.length);
        paged.push(...page.records.map(idOf));
      }
      assert.deepEqual(paged, wanted, `${seed}: ${filter} by ${named}`);
    }
  }
});

Deno.test("a walk meets each resource that exists all the while once, whatever happens", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const directory = await Directory.open(kv);
  const { queries } = directory.services;
  let count = 0;
  const more = async (number: number) => {
    for (let i = 0; i < number; i++) {
      await directory.user(`u${count++}`, anyAttributes(next, undefined));
    }
  };
  await more(30);
  for (const filter of FILTERS) {
    for (const named of ORDERS) {
      const query = queryOf(filter, named);
      const all = async () => {
        const page = await queries.page({
          ...query,
          startIndex: 1,
          count: 1_000,
        });
        return page.records.map(idOf);
      };
      const size = 1 + Math.floor(next() * 6);
      let lasting = new Set(await all());
      const met: string[] = [];
      let after: Place | undefined;
      let steps = 0;
      do {
        const step = await queries.step({ ...query, after, count: size });
        assert.ok(step.records.length <= size);
        met.push(...step.records.map(idOf));
        after = step.next;
        assert.ok(steps++ < 500, `${seed}: the walk does not end`);
        await more(next() < 0.5 ? 1 : 0);
        const present = await all();
        // The place where the walk stopped is lost more often than others.
        const victim = next() < 0.4
          ? after?.id
          : present[Math.floor(next() * present.length)];
        if (victim !== undefined && next() < 0.7 && present.length > 10) {
          await directory.delete(USER, victim);
        }
        const left = new Set(await all());
        lasting = lasting.intersection(left);
      } while (after !== undefined);
      const message = `${seed}: ${filter} by ${named}`;
      assert.equal(new Set(met).size, met.length, message);
      assert.deepEqual([...lasting.difference(new Set(met))], [], message);
      await more(Math.max(0, 30 - (await all()).length));
    }
  }
});

Deno.test("a walk over a store at rest shows what one page shows", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { queries } = directory.services;
  for (let i = 0; i < 12; i++) {
    await directory.user(`u${i}`, {
      active: i % 3 === 0,
      ...(i % 4 === 0 ? {} : { title: `t${i % 4}` }),
    });
  }
  for (const filter of FILTERS) {
    for (const named of ORDERS) {
      const query = queryOf(filter, named);
      const page = await queries.page({ ...query, startIndex: 1, count: 100 });
      for (const count of [1, 3, 11, 12]) {
        const met: string[] = [];
        let after: Place | undefined;
        do {
          const step = await queries.step({ ...query, after, count });
          if (step.totalResults !== undefined) {
            assert.equal(step.totalResults, page.totalResults);
          }
          met.push(...step.records.map(idOf));
          after = step.next;
        } while (after !== undefined);
        assert.deepEqual(
          met,
          page.records.map(idOf),
          `${filter} by ${named}, ${count} at a time`,
        );
      }
    }
  }
});

Deno.test("a step over everything costs the same at any place", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids = sorted(await directory.users(400));
  const costs = [];
  for (const id of [ids[0], ids[200], ids[300]]) {
    costs.push(
      await counter.costOf(async () => {
        const { records } = await directory.services.queries.step({
          ...queryOf(undefined, undefined),
          after: { id: id ?? "" },
          count: 50,
        });
        assert.equal(records.length, 50);
      }),
    );
  }
  assert.deepEqual(costs, Array(3).fill({ reads: 2, commits: 0 }));
});

Deno.test("an order without an index over more resources than the budget is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scanLimit: 20 });
  await directory.users(21);
  const { queries } = directory.services;
  const query = queryOf(undefined, ORDERS[2]);
  const page = queries.page({ ...query, startIndex: 1, count: 1 });
  await refused(page, 400, "tooMany", "20 resources");
  const step = queries.step({ ...query, after: undefined, count: 1 });
  await refused(step, 400, "tooMany");
});

Deno.test("a walk sorts by the first 200 characters of a value, then by id", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = [];
  for (const end of ["3", "1", "2"]) {
    ids.push(await directory.user(LONG + end));
  }
  const { records } = await directory.services.queries.step({
    ...queryOf(undefined, ORDERS[1]),
    after: undefined,
    count: 3,
  });
  assert.deepEqual(records.map(idOf), sorted(ids.map(idOf)));
});

for (const order of [undefined, ["userName", "ascending"]] as const) {
  Deno.test(`A page${order === undefined ? "" : " by index order"} that meets a new resource counts it`, async () => {
    using kv = await Deno.openKv(":memory:");
    const newId = newIds("10", "20", "30", "40");
    const directory = await Directory.open(kv, { newId });
    await directory.users(3);
    let awaited = false;
    // A user comes between the look at the counters and that at the users.
    const after = async (call: string) => {
      if (!awaited || call !== "list") return;
      awaited = false;
      await directory.user("user4");
    };
    const observed = await Directory.open(observedKv(kv, { after }));
    awaited = true;
    const { totalResults, records } = await observed.services.queries.page({
      ...queryOf(undefined, order),
      startIndex: 1,
      count: 10,
    });
    assert.deepEqual([awaited, records.length, totalResults], [false, 4, 4]);
  });
}
