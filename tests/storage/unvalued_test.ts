import assert from "node:assert/strict";
import { compileSortOrder } from "../../domain/sorting.ts";
import type { Subject } from "../../storage/matching.ts";
import type { Place } from "../../storage/ranks.ts";
import { Counter, observedKv } from "./fake_kv.ts";
import { BASE, Directory, newIds, refused, TENANT, USER } from "./fixture.ts";

const SUBJECT: Subject = { tenant: TENANT, type: USER, base: BASE };

Deno.test("a few resources without a value are found among many, without a look at all", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const buckets = Array.from(
    { length: 100 },
    (_, i) => i.toString(16).padStart(2, "0"),
  );
  const directory = await Directory.open(observedKv(kv, counter), {
    newId: newIds(...buckets),
  });
  const without: string[] = [];
  for (let i = 0; i < 3_000; i++) {
    const lacks = i === 16 || i === 77 || i === 2_050 || i === 2_099;
    const { id } = await directory.user(
      `u${i}`,
      lacks ? {} : { displayName: `name${i % 500}` },
    );
    if (lacks) without.push(id);
  }
  without.sort();
  const { queries } = directory.services;
  for (const sortOrder of ["ascending", "descending"]) {
    const query = {
      ...SUBJECT,
      predicate: undefined,
      order: compileSortOrder(USER, "displayName", sortOrder),
    };
    const first = sortOrder === "descending" ? 1 : 2_997;
    await queries.page({ ...query, startIndex: first, count: 1 });
    const all = await counter.costOf(async () => {
      const { records } = await queries.page({
        ...query,
        startIndex: first,
        count: 4,
      });
      assert.deepEqual(records.map(({ id }) => id), without);
    });
    const last = await counter.costOf(async () => {
      const { records } = await queries.page({
        ...query,
        startIndex: first + 3,
        count: 1,
      });
      assert.deepEqual(records.map(({ id }) => id), without.slice(3));
    });
    // Three of four buckets are passed over.
    assert.equal(last.reads, all.reads - 3);
  }
  const met: string[] = [];
  let after: Place | undefined;
  for (let i = 0; i < 2; i++) {
    const { reads } = await counter.costOf(async () => {
      const step = await queries.step({
        ...SUBJECT,
        predicate: undefined,
        order: compileSortOrder(USER, "displayName", "descending"),
        after,
        count: 2,
      });
      met.push(...step.records.map(({ id }) => id));
      after = step.next;
    });
    // A look ahead, reads of the log, buckets, records, and the counters.
    assert.ok(reads <= 12, String(reads));
  }
  assert.deepEqual(met, without);
});

Deno.test("a look at too many resources without a value is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { scanLimit: 100 });
  await directory.users(300);
  const page = directory.services.queries.page({
    ...SUBJECT,
    predicate: undefined,
    order: compileSortOrder(USER, "displayName", "ascending"),
    startIndex: 1,
    count: 300,
  });
  await refused(page, 400, "tooMany", "100 resources");
});
