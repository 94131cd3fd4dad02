import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { ScimError } from "../../domain/errors.ts";
import { compileFilter } from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import { compileSortOrder } from "../../domain/sorting.ts";
import type { Queries, Query } from "../../storage/queries.ts";
import { ClientGone, type Scan, Scans } from "../../storage/scans.ts";
import { observedKv } from "./fake_kv.ts";
import { BASE, Directory, TENANT, USER } from "./fixture.ts";

/** A scan that a test ends when it likes. */
class Held {
  readonly ended: Promise<unknown>;
  readonly #end: () => void;

  constructor(
    scans: Scans,
    tenant: string,
    onPlace: (scan: Scan) => void = () => {},
    signal?: AbortSignal,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#end = resolve;
    this.ended = scans.run(
      { tenant, signal: signal && (() => signal) },
      async (scan) => {
        await scan.look(10);
        onPlace(scan);
        await promise;
      },
    );
    this.ended.catch(() => {});
  }

  async end(): Promise<void> {
    this.#end();
    await this.ended;
  }
}

/** Lets everything happen that can. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}

Deno.test("Scans let so many queries look at many resources at once, the others wait", async () => {
  const scans = new Scans({ places: 2, free: 5 });
  const order: string[] = [];
  const held = ["a", "b", "c", "d"].map((name) =>
    new Held(scans, "t", () => order.push(name))
  );
  await settled();
  deepStrictEqual(order, ["a", "b"]);
  await held[1]?.end();
  await settled();
  deepStrictEqual(order, ["a", "b", "c"]);
  strictEqual(scans.running, 2);
  for (const each of held) await each.end();
  deepStrictEqual(order, ["a", "b", "c", "d"]);
  strictEqual(scans.running, 0);
});

Deno.test("A query that looks at few resources needs no place", async () => {
  const scans = new Scans({ places: 1, free: 5 });
  const held = new Held(scans, "t");
  await settled();
  const found = await scans.run({ tenant: "t" }, async (scan) => {
    await scan.look(2);
    await scan.look(3);
    return "found";
  });
  strictEqual(found, "found");
  await held.end();
});

Deno.test("A query that waits too long for a place is 503 with Retry-After", async () => {
  const scans = new Scans({ places: 1, free: 5, maxWait: 20 });
  const held = new Held(scans, "t");
  await settled();
  await rejects(new Held(scans, "t").ended, (error: ScimError) => {
    strictEqual(error.status, 503);
    strictEqual(error.headers["Retry-After"], "5");
    return true;
  });
  await held.end();
  const next = new Held(scans, "t");
  await next.end();
});

Deno.test("A place goes to a tenant that has none before it goes to the next in the line", async () => {
  const scans = new Scans({ places: 2, free: 5 });
  const order: string[] = [];
  const held = ["big", "big", "big", "big", "small"].map((tenant, index) =>
    new Held(scans, tenant, () => order.push(`${tenant}${index}`))
  );
  await settled();
  await held[0]?.end();
  await settled();
  deepStrictEqual(order, ["big0", "big1", "small4"]);
  for (const each of held) await each.end();
  deepStrictEqual(order.slice(3), ["big2", "big3"]);
});

Deno.test("A place is given back when a query fails", async () => {
  const scans = new Scans({ places: 1, free: 5 });
  await rejects(
    scans.run({ tenant: "t" }, async (scan) => {
      await scan.look(10);
      throw new Error("broken");
    }),
    /broken/,
  );
  strictEqual(scans.running, 0);
});

Deno.test("A scan ends when its client goes away, also while it waits", async () => {
  const scans = new Scans({ places: 1, free: 5 });
  const away = new AbortController();
  let running: Scan | undefined;
  const first = new Held(scans, "t", (scan) => running = scan, away.signal);
  const waiting = new Held(scans, "t", () => {}, away.signal);
  await settled();
  away.abort();
  await rejects(waiting.ended, ClientGone);
  ok(running);
  await rejects(running.look(1), ClientGone);
  await first.end();
  strictEqual(scans.running, 0);
});

Deno.test("A scan lets other work go first each time it has looked at some resources", async () => {
  const scans = new Scans({ free: 0 });
  let others = 0;
  const timer = setInterval(() => others++, 0);
  await scans.run({ tenant: "t" }, async (scan) => {
    const end = performance.now() + 200;
    while (performance.now() < end) await scan.look(1);
  });
  clearInterval(timer);
  ok(others > 1, `${others} times`);
});

/** A query over users whose client has gone away, which a scan finds out. */
function abandoned(more: Partial<Query>): Query {
  const controller = new AbortController();
  controller.abort();
  return {
    tenant: TENANT,
    type: USER,
    base: BASE,
    predicate: undefined,
    signal: () => controller.signal,
    ...more,
  };
}

function where(filter: string): Partial<Query> {
  return { predicate: compileFilter(parseFilter(filter), USER) };
}

function sortedBy(name: string): Partial<Query> {
  return { order: compileSortOrder(USER, name, undefined) };
}

const FIRST = { startIndex: 1, count: 10 };
const BEGIN = { after: undefined, count: 10 };

/** Queries that look at many resources, and how each begins. */
const SCANS: Readonly<Record<string, (queries: Queries) => Promise<unknown>>> =
  {
    "a page by a filter without an index": (queries) =>
      queries.page({ ...abandoned(where('title eq "x"')), ...FIRST }),
    "a step by a filter without an index": (queries) =>
      queries.step({ ...abandoned(where('title eq "x"')), ...BEGIN }),
    "a step by a filter without an index in the order of one": (queries) =>
      queries.step({
        ...abandoned({ ...where('title eq "x"'), ...sortedBy("userName") }),
        ...BEGIN,
      }),
    "a page in an order without an index": (queries) =>
      queries.page({ ...abandoned(sortedBy("title")), ...FIRST }),
    "a step in an order without an index": (queries) =>
      queries.step({ ...abandoned(sortedBy("title")), ...BEGIN }),
    "a deep page in the order of an index": (queries) =>
      queries.page({
        ...abandoned(sortedBy("userName")),
        startIndex: 250,
        count: 10,
      }),
    "a search over several types in one order": (queries) =>
      queries.ranked(abandoned({ ...where("title pr"), ...sortedBy("title") })),
    "a filter whose index names many": (queries) =>
      queries.page({
        ...abandoned(where('userName sw "u" and title pr')),
        ...FIRST,
      }),
    "a beginning that many names have": (queries) =>
      queries.page({ ...abandoned(where('userName sw "u"')), ...FIRST }),
  };

/** Queries that look at few. */
const LOOKUPS: typeof SCANS = {
  "a page of all": (queries) =>
    queries.page({ ...abandoned({}), startIndex: 290, count: 10 }),
  "a step through all": (queries) =>
    queries.step({ ...abandoned({}), ...BEGIN }),
  "a filter by a unique name": (queries) =>
    queries.page({ ...abandoned(where('userName eq "user7"')), ...FIRST }),
  "the first page in the order of an index": (queries) =>
    queries.page({ ...abandoned(sortedBy("userName")), ...FIRST }),
};

async function withUsers(
  run: (queries: Queries) => Promise<void>,
): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scans: { free: 100 } });
  await directory.users(300);
  await run(directory.services.queries);
}

for (const [what, query] of Object.entries(SCANS)) {
  Deno.test(`Queries: ${what} is a scan`, () =>
    withUsers(async (queries) => {
      await rejects(query(queries), ClientGone);
    }));
}

for (const [what, query] of Object.entries(LOOKUPS)) {
  Deno.test(`Queries: ${what} is no scan`, () =>
    withUsers(async (queries) => {
      ok(await query(queries));
    }));
}

for (const [places, most] of [[1, 1], [4, 4]] as const) {
  Deno.test(`Queries: of four scans, ${most} read the store at once when there are ${places} places`, async () => {
    using kv = await Deno.openKv(":memory:");
    let isCounting = false;
    let begun = 0;
    let ended = 0;
    const seen: number[] = [];
    const allBegan = Promise.withResolvers<void>();
    const allThere = Promise.withResolvers<void>();
    const counted = observedKv(kv, {
      before: async (call) => {
        if (!isCounting || call !== "list" || ++begun <= 4) return;
        seen.push(begun - ended);
        if (begun - ended === most) allThere.resolve();
        await allThere.promise;
        await settled();
      },
      after: async (call) => {
        if (!isCounting || call !== "list") return;
        // The first read of each tells that there are many; then they take turns.
        if (++ended === 4) allBegan.resolve();
        await allBegan.promise;
      },
    });
    const directory = await Directory.open(counted, {
      scans: { places, free: 100, maxWait: 60_000 },
    });
    await directory.users(600);
    isCounting = true;
    await Promise.all(
      Array.from({ length: 4 }, () =>
        directory.services.queries.page({
          ...abandoned({ ...where('title eq "x"'), signal: undefined }),
          ...FIRST,
        })),
    );
    strictEqual(seen.length, 4);
    strictEqual(Math.max(...seen), most);
  });
}
