import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import { compileFilter } from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import type { JsonObject } from "../../domain/json.ts";
import { integer, text } from "../../domain/schema/builders.ts";
import { NO_DEFINITIONS, Registry } from "../../domain/registry.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import type {
  ResourceTypeDefinition,
  SchemaDefinition,
} from "../../domain/schema/definition.ts";
import { compileSortOrder, sortKey } from "../../domain/sorting.ts";
import { hasIndexOrder } from "../../storage/index_order.ts";
import type { Query, Walk } from "../../storage/queries.ts";
import { compareRanks, type Place, type Ranked } from "../../storage/ranks.ts";
import { Counter, observedKv } from "./fake_kv.ts";
import {
  BASE,
  Directory,
  GROUP,
  newSeed,
  random,
  refused,
  TENANT,
  USER,
  WRITER,
} from "./fixture.ts";

/** A schema with every kind of index: shared and unique, with and without case. */
const ASSET_SCHEMA: SchemaDefinition = {
  id: "urn:example:schemas:Asset",
  attributes: [
    text("badge", "", { uniqueness: "server" }),
    text("serial", "", { uniqueness: "server", caseExact: true }),
    text("displayName", ""),
    text("note", ""),
    integer("size", ""),
  ],
};

const ASSET_TYPE: ResourceTypeDefinition = {
  name: "Asset",
  endpoint: "/Assets",
  schema: ASSET_SCHEMA.id,
  schemaExtensions: [],
};

const ASSET = asset();

function asset(): ResourceType {
  const type = new Registry({
    ...NO_DEFINITIONS,
    schemas: [{ definition: ASSET_SCHEMA, required: false }],
    resourceTypes: [ASSET_TYPE],
  }).byName("Asset");
  assert.ok(type !== undefined);
  return type;
}

/** A directory that has assets. */
async function openAssets(kv: Deno.Kv): Promise<Directory> {
  const directory = await Directory.open(kv);
  const { definitions } = directory.services;
  await definitions.addSchema(TENANT, {
    definition: ASSET_SCHEMA,
    required: false,
  });
  await definitions.addResourceType(TENANT, ASSET_TYPE);
  return directory;
}

const ATTRIBUTES = [
  "badge",
  "serial",
  "displayName",
  "externalId",
  "size",
] as const;

/** Ends of values that differ where keys are cut, or as characters and not units. */
const ENDS = [
  "",
  "\0",
  "A",
  "a",
  "Ａ",
  "b",
  "é",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "\u{1f600}",
  "\u{10ffff}",
];

type Next = () => number;

function pick<T>(next: Next, values: readonly T[]): T {
  const value = values[Math.floor(next() * values.length)];
  assert.ok(value !== undefined);
  return value;
}

/** A value around the lengths where keys and places are cut, or a short one. */
function anyText(next: Next): string {
  const stem = pick(next, [0, 0, 0, 0, 125, 126, 127, 128, 129, 198, 199, 260]);
  return "x".repeat(stem) + pick(next, ENDS) + pick(next, ENDS) +
    (next() < 0.3 ? pick(next, ENDS) : "");
}

/** Attributes of which each is often missing, sometimes empty. */
function anyAsset(next: Next): JsonObject {
  const attributes: JsonObject = {
    note: pick(next, ["kept", "kept", "other"]),
  };
  for (const name of ["badge", "serial", "displayName", "externalId"]) {
    const kind = next();
    if (kind < 0.3) continue;
    attributes[name] = kind < 0.35
      ? ""
      : kind < 0.5
      ? pick(next, ["same", "SAME", "ｓａｍｅ"])
      : anyText(next);
  }
  if (next() < 0.7) attributes["size"] = Math.floor(next() * 12);
  return attributes;
}

/** Creates an asset; undefined when one of its unique values is taken. */
async function create(
  directory: Directory,
  attributes: JsonObject,
): Promise<string | undefined> {
  try {
    const { id } = await directory.services.resources.create(WRITER, ASSET, {
      attributes,
      members: [],
      ignored: [],
    });
    return id;
  } catch (error) {
    if (error instanceof ScimError && error.status === 409) return undefined;
    throw error;
  }
}

/** Gives an asset other values, unless one of them is taken. */
async function rename(
  directory: Directory,
  next: Next,
  id: string,
): Promise<void> {
  const attributes = anyAsset(next);
  try {
    await directory.update(ASSET, id, {
      edit: () => ({ attributes, membership: [], ignored: [] }),
    });
  } catch (error) {
    if (!(error instanceof ScimError && error.status === 409)) throw error;
  }
}

async function fill(
  directory: Directory,
  next: Next,
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i++) await create(directory, anyAsset(next));
}

function queryOf(
  type: ResourceType,
  sortBy: string,
  sortOrder: string,
  filter?: string,
): Query & { readonly order: NonNullable<Query["order"]> } {
  const order = compileSortOrder(type, sortBy, sortOrder);
  assert.ok(order !== undefined);
  return {
    tenant: TENANT,
    type,
    base: BASE,
    predicate: filter === undefined
      ? undefined
      : compileFilter(parseFilter(filter), type),
    order,
  };
}

/** The queries that the properties are checked for. */
function* queries(): Generator<ReturnType<typeof queryOf>> {
  for (const attribute of ATTRIBUTES) {
    for (const direction of ["ascending", "descending"]) {
      yield queryOf(ASSET, attribute, direction);
    }
  }
}

/** The ids that a query should find: every resource, tested and sorted one by one. */
async function plain(
  directory: Directory,
  query: ReturnType<typeof queryOf>,
  keyLength = Infinity,
): Promise<string[]> {
  const { records } = await directory.find(query.type, undefined, 1, 10_000);
  return records
    .filter(({ attributes }) => query.predicate?.test(attributes) ?? true)
    .map(({ id, attributes }): Ranked => {
      const key = sortKey(query.order, attributes);
      return {
        id,
        key: typeof key === "string" ? key.slice(0, keyLength) : key,
      };
    })
    .sort((a, b) => compareRanks(query.order, a, b))
    .map(({ id }) => id);
}

/** What a walk meets when something happens after each step. */
async function walk(
  directory: Directory,
  query: Query,
  count: number,
  between: (next: Place | undefined) => Promise<void> = async () => {},
): Promise<string[]> {
  const met: string[] = [];
  let after: Place | undefined;
  do {
    const step = await directory.services.queries.step({
      ...query,
      after,
      count,
    });
    assert.ok(step.records.length <= count);
    met.push(...step.records.map(({ id }) => id));
    after = step.next;
    assert.ok(met.length < 10_000, "the walk does not end");
    await between(after);
  } while (after !== undefined);
  return met;
}

function said(seed: number, { order }: Query): string {
  return `seed ${seed}: ${order?.attribute.path} ${
    order?.descending ? "descending" : "ascending"
  }`;
}

Deno.test("44-3.4.2.3-7 pages in the order of an index are slices of a plain sort", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const directory = await openAssets(kv);
  await fill(directory, next, 400);
  for (const query of queries()) {
    const wanted = await plain(directory, query);
    const size = 1 + Math.floor(next() * 90);
    for (let start = 1; start <= wanted.length + size; start += size) {
      const page = await directory.services.queries.page({
        ...query,
        startIndex: start,
        count: size,
      });
      assert.equal(page.totalResults, wanted.length, said(seed, query));
      assert.deepEqual(
        page.records.map(({ id }) => id),
        wanted.slice(start - 1, start - 1 + size),
        `${said(seed, query)} from ${start}, ${size}`,
      );
    }
  }
});

Deno.test("pages in the order of an index show each write at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const directory = await openAssets(kv);
  await fill(directory, next, 100);
  for (let round = 0; round < 150; round++) {
    const kind = next();
    const ids = await plain(
      directory,
      queryOf(ASSET, "displayName", "ascending"),
    );
    if (kind < 0.3) await fill(directory, next, 1);
    else if (kind < 0.6) await directory.delete(ASSET, pick(next, ids));
    else await rename(directory, next, pick(next, ids));
    const query = pick(next, [...queries()]);
    const wanted = await plain(directory, query);
    const startIndex = 1 + Math.floor(next() * wanted.length);
    const count = 1 + Math.floor(next() * 40);
    const page = await directory.services.queries.page({
      ...query,
      startIndex,
      count,
    });
    assert.equal(page.totalResults, wanted.length, said(seed, query));
    assert.deepEqual(
      page.records.map(({ id }) => id),
      wanted.slice(startIndex - 1, startIndex - 1 + count),
      `${said(seed, query)} from ${startIndex}, ${count}`,
    );
  }
});

Deno.test("a walk in the order of an index over a store at rest is a plain sort", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const directory = await openAssets(kv);
  await fill(directory, next, 400);
  for (const { order, ...query } of queries()) {
    for (const filter of [undefined, 'note eq "kept"']) {
      const filtered = {
        ...query,
        order,
        predicate: filter === undefined
          ? undefined
          : compileFilter(parseFilter(filter), ASSET),
      };
      assert.deepEqual(
        await walk(directory, filtered, 1 + Math.floor(next() * 90)),
        await plain(directory, filtered, 200),
        `${said(seed, filtered)} ${filter}`,
      );
    }
  }
});

Deno.test("a walk in the order of an index meets each resource that stays once, whatever happens to others", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const directory = await openAssets(kv);
  for (const query of queries()) {
    const all = () => plain(directory, query);
    await fill(directory, next, 150 - (await all()).length);
    const lasting = new Set(await all());
    const met = await walk(
      directory,
      query,
      1 + Math.floor(next() * 20),
      async (place) => {
        await fill(directory, next, Math.floor(next() * 3));
        const present = await all();
        // The place where the walk stopped is lost more often than others.
        const victim = next() < 0.4 && place !== undefined
          ? place.id
          : pick(next, present);
        if (next() < 0.5 && present.length > 100) {
          await directory.delete(ASSET, victim);
          lasting.delete(victim);
        }
        const renamed = pick(next, await all());
        lasting.delete(renamed);
        await rename(directory, next, renamed);
      },
    );
    const once = met.filter((id) => lasting.has(id));
    assert.equal(new Set(once).size, once.length, said(seed, query));
    assert.deepEqual(
      [...lasting.difference(new Set(once))],
      [],
      said(seed, query),
    );
  }
});

Deno.test("a place that only a key of 200 characters tells is found again, with its resource or without", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await openAssets(kv);
  for (const end of ["\u{1f600}", "\ue000", "a", "b", ""]) {
    for (let i = 0; i < 3; i++) {
      await create(directory, { displayName: "x".repeat(199) + end + i });
    }
  }
  for (const direction of ["ascending", "descending"]) {
    const query = queryOf(ASSET, "displayName", direction);
    const wanted = await plain(directory, query, 200);
    for (const [index, id] of wanted.entries()) {
      const record = await directory.get(ASSET, id);
      const key = sortKey(query.order, record?.attributes ?? {});
      assert.ok(typeof key === "string");
      const step = await directory.services.queries.step({
        ...query,
        after: { id, key: key.slice(0, 200) },
        count: 100,
      });
      assert.deepEqual(
        step.records.map((each) => each.id),
        wanted.slice(index + 1),
      );
    }
  }
});

Deno.test("a long value that changes while its step is read hides no resource from the walk", async () => {
  using kv = await Deno.openKv(":memory:");
  const long = "x".repeat(200);
  let change: (() => Promise<unknown>) | undefined;
  const directory = await openAssets(observedKv(kv, {
    before: async (call) => {
      if (call !== "getMany") return;
      const now = change;
      change = undefined;
      await now?.();
    },
  }));
  const moved = await create(directory, { displayName: long, note: "kept" });
  assert.ok(moved !== undefined);
  for (let i = 0; i < 60; i++) {
    await create(directory, { displayName: `y${i + 100}`, note: "other" });
  }
  const lasting = await create(directory, { displayName: "y2", note: "kept" });
  await create(directory, { displayName: "z1", note: "kept" });
  change = () => directory.update(ASSET, moved, { set: { displayName: "z2" } });
  const met = await walk(
    directory,
    queryOf(ASSET, "displayName", "ascending", 'note eq "kept"'),
    1,
  );
  assert.equal(change, undefined);
  assert.equal(met.filter((id) => id === lasting).length, 1);
});

Deno.test("groups are in the order of their names, whether or not names are unique", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  for (const name of ["b", "A", "ｃ", "a2", "C2"]) await directory.group(name);
  const names = async () => {
    const page = await directory.services.queries.page({
      ...queryOf(GROUP, "displayName", "descending"),
      startIndex: 1,
      count: 10,
    });
    return page.records.map(({ attributes }) => attributes["displayName"]);
  };
  assert.deepEqual(await names(), ["C2", "ｃ", "b", "a2", "A"]);
  await directory.services.definitions.setUniqueGroupNames(TENANT, false);
  await directory.group("B");
  assert.deepEqual(
    (await names()).map((name) => String(name).toLowerCase().normalize("NFKC")),
    ["c2", "c", "b", "b", "a2", "a"],
  );
});

Deno.test("a sorted page and a sorted step cost as much among many users as among few, wherever they begin", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const { queries } = directory.services;
  const costs: number[] = [];
  for (const count of [300, 1_200]) {
    await directory.users(count, `of ${count} `);
    for (const direction of ["ascending", "descending"]) {
      const query = queryOf(USER, "userName", direction);
      const places: (Place | undefined)[] = [undefined];
      for (const startIndex of [2, count / 2]) {
        const { records } = await queries.page({
          ...query,
          startIndex,
          count: 1,
        });
        const [record] = records;
        assert.ok(record !== undefined);
        const key = sortKey(query.order, record.attributes);
        places.push({ id: record.id, key });
      }
      for (const after of places) {
        const request: Walk = { ...query, after, count: 39 };
        const { reads } = await counter.costOf(() => queries.step(request));
        costs.push(reads);
      }
      const { reads } = await counter.costOf(() =>
        queries.page({ ...query, startIndex: 1, count: 40 })
      );
      costs.push(reads);
    }
  }
  // The counters, the index, and 40 records, ten with each read.
  assert.deepEqual(costs, Array(16).fill(6));
});

Deno.test("a sorted page reads no more records than it shows", async () => {
  using kv = await Deno.openKv(":memory:");
  const read = { records: 0 };
  const counting = new Proxy(kv, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "list") {
        return (...args: Parameters<Deno.Kv["list"]>) => {
          const [selector] = args;
          const from = "prefix" in selector ? selector.prefix : selector.start;
          assert.notEqual(from[2], "r", "resources are read one after another");
          return target.list(...args);
        };
      }
      if (name === "getMany") {
        return (keys: readonly Deno.KvKey[]) => {
          read.records += keys.length;
          return target.getMany([...keys]);
        };
      }
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const directory = await Directory.open(counting);
  for (let i = 0; i < 600; i++) {
    await directory.user(`user${i}`, { displayName: `name${i % 7}` });
  }
  for (
    const [sortBy, direction] of [
      ["userName", "ascending"],
      ["userName", "descending"],
      ["displayName", "ascending"],
    ] as const
  ) {
    for (const startIndex of [1, 400]) {
      read.records = 0;
      const page = await directory.services.queries.page({
        ...queryOf(USER, sortBy, direction),
        startIndex,
        count: 25,
      });
      assert.equal(page.records.length, 25);
      assert.equal(read.records, 25, `${sortBy} ${direction} ${startIndex}`);
    }
  }
});

Deno.test("a step among many resources with one value costs the same at any place, in both directions", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids: string[] = [];
  for (let i = 0; i < 700; i++) {
    const { id } = await directory.user(`u${i}`, { displayName: "Same" });
    ids.push(id);
  }
  ids.sort();
  for (const direction of ["ascending", "descending"]) {
    for (const place of [0, 350, 600]) {
      const { reads } = await counter.costOf(async () => {
        const step = await directory.services.queries.step({
          ...queryOf(USER, "displayName", direction),
          after: { id: ids[place] ?? "", key: "same" },
          count: 29,
        });
        assert.deepEqual(
          step.records.map(({ id }) => id),
          ids.slice(place + 1, place + 30),
        );
      });
      assert.equal(reads, 5);
    }
  }
});

Deno.test("a page by index is refused when it would pass over more resources than the budget", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scanLimit: 100 });
  await directory.users(300);
  const query = queryOf(USER, "userName", "ascending");
  const page = (startIndex: number) =>
    directory.services.queries.page({ ...query, startIndex, count: 1 });
  assert.equal((await page(1)).totalResults, 300);
  await refused(page(250), 400, "tooMany");
});

Deno.test("a filtered step is refused when it would test more resources than the budget", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scanLimit: 150 });
  for (let i = 0; i < 250; i++) {
    await directory.user(`user${1_000 + i}`, { title: i < 20 ? "a" : "b" });
  }
  const step = (filter: string) =>
    directory.services.queries.step({
      ...queryOf(USER, "userName", "ascending", filter),
      after: undefined,
      count: 5,
    });
  const { records, totalResults } = await step('title eq "a"');
  assert.equal(records.length, 5);
  assert.equal(totalResults, undefined);
  await refused(step('title eq "c"'), 400, "tooMany");
});

Deno.test("hasIndexOrder() is true of texts with one value for each resource", () => {
  const named = (type: ResourceType, path: string) => {
    const order = compileSortOrder(type, path, undefined);
    assert.ok(order !== undefined);
    return hasIndexOrder(type, order.attribute);
  };
  for (const path of ["userName", "externalId", "displayName"]) {
    assert.equal(named(USER, path), true, path);
  }
  assert.equal(named(GROUP, "displayName"), true);
  // Without an index; several values; numbers, which keys hold as texts.
  assert.equal(named(USER, "title"), false);
  assert.equal(named(USER, "emails.value"), false);
  assert.equal(named(ASSET, "size"), false);
});
