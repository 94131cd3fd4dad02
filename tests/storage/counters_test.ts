import assert from "node:assert/strict";
import fc from "fast-check";
import { Change } from "../../storage/change.ts";
import { bucketKey, locate } from "../../storage/counters.ts";
import { Store } from "../../storage/store.ts";

Deno.test("locate() finds the bucket of any offset", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uuid(), { maxLength: 60 }),
      fc.nat(70),
      async (ids, offset) => {
        using kv = await Deno.openKv(":memory:");
        const store = new Store(kv);
        for (const id of ids) {
          await store.commit(new Change().sum(bucketKey("t", "User", id), 1));
        }
        const place = await locate(store, "t", "User", offset);
        const sorted = [...ids].sort();
        const bucket = sorted[offset]?.slice(0, 2);
        const before = sorted.filter((id) => id.slice(0, 2) < (bucket ?? ""));
        assert.deepEqual(place, {
          total: ids.length,
          bucket,
          skip: bucket === undefined ? 0 : offset - before.length,
        });
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("locate() passes over buckets that have become empty", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  await store.commit(
    new Change().sum(["t", "t", "n", "User", "aa"], 0)
      .sum(["t", "t", "n", "User", "bb"], 2),
  );
  assert.deepEqual(await locate(store, "t", "User", 1), {
    total: 2,
    bucket: "bb",
    skip: 1,
  });
});
