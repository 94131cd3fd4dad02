import assert from "node:assert/strict";
import { readByIds } from "../../storage/by_id.ts";
import { Store } from "../../storage/store.ts";
import { Directory, newSeed, random, sorted, TENANT } from "./fixture.ts";
import { Counter, observedKv } from "./fake_kv.ts";

async function idsFound(
  kv: Deno.Kv,
  ids: readonly string[],
): Promise<string[]> {
  const batches = await Array.fromAsync(
    readByIds(new Store(kv), TENANT, "User", ids),
  );
  return sorted(batches.flat().map(({ key }) => String(key.at(-1))));
}

Deno.test("readByIds() finds those of any ids that exist, however close they lie", async () => {
  const seed = newSeed();
  const next = random(seed);
  using kv = await Deno.openKv(":memory:");
  const all = await (await Directory.open(kv)).users(3_000);
  for (const share of [0.01, 0.05, 0.2, 0.5, 1]) {
    const there = all.filter(() => next() < share);
    const missing = Array.from(
      { length: Math.floor(next() * 500) },
      () => crypto.randomUUID(),
    );
    const odd = ["", "\u0000", "\u{1f600}", "z".repeat(3_000)];
    const mixed = [...there, ...missing, ...odd]
      .sort(() => next() - 0.5);
    assert.deepEqual(
      await idsFound(kv, mixed),
      sorted(there),
      `seed ${seed}, share ${share}`,
    );
  }
});

Deno.test("readByIds() finds each id once, even one that is asked for twice", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await (await Directory.open(kv)).users(150);
  assert.deepEqual(await idsFound(kv, [...ids, ...ids]), sorted(ids));
});

Deno.test("readByIds() reads ids that lie close together in few reads", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await (await Directory.open(kv)).users(2_000);
  const counter = new Counter();
  const observed = observedKv(kv, counter);
  const { reads } = await counter.costOf(() => idsFound(observed, ids));
  assert.ok(reads <= 10, `${reads} reads`);
});

Deno.test("readByIds() does not walk through many resources for a few", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = sorted(await (await Directory.open(kv)).users(3_000));
  const few = ids.filter((_, i) => i % 20 === 0);
  const counter = new Counter();
  const observed = observedKv(kv, counter);
  const { reads } = await counter.costOf(() => idsFound(observed, few));
  // A look at the stretch, and then ten at a time.
  assert.ok(reads <= 2 + few.length / 10, `${reads} reads`);
});
