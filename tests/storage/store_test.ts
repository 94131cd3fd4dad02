import assert from "node:assert/strict";
import { Change } from "../../storage/change.ts";
import { Store } from "../../storage/store.ts";
import { observedKv } from "./fake_kv.ts";
import { refused } from "./fixture.ts";

const never = () => new Promise<void>(() => {});

Deno.test("every call to a store that does not answer ends as 503 with Retry-After", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(observedKv(kv, { before: never }), 5);
  const calls = [
    store.get(["a"]),
    store.getMany([["a"]]),
    store.listAll({ prefix: [] }),
    store.commit(new Change().set(["a"], 1)),
    store.write(new Change().set(["a"], 1)),
  ];
  for (const call of calls) {
    const { headers } = await refused(call, 503);
    assert.match(headers["Retry-After"] ?? "", /^\d+$/);
  }
});

Deno.test("commit() takes a locked file for a conflict", async () => {
  using kv = await Deno.openKv(":memory:");
  const locked = () => {
    throw new TypeError("database is locked");
  };
  const store = new Store(observedKv(kv, { before: locked }));
  assert.equal(await store.commit(new Change().set(["a"], 1)), undefined);
});

Deno.test("write() tries again while the file is locked", async () => {
  using kv = await Deno.openKv(":memory:");
  let tries = 0;
  const before = () => {
    if (++tries < 3) throw new TypeError("database is locked");
  };
  const store = new Store(observedKv(kv, { before }));
  await store.write(new Change().set(["a"], 1));
  assert.equal((await kv.get(["a"])).value, 1);
  assert.equal(tries, 3);
});

Deno.test("commit() passes other errors on", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["a"], "text");
  const commit = new Store(kv).commit(new Change().sum(["a"], 1));
  await assert.rejects(commit, TypeError);
});

Deno.test("commit() refuses as 413 what no commit can hold", async () => {
  using kv = await Deno.openKv(":memory:");
  const change = new Change();
  for (let i = 0; i < 1_001; i++) change.set(["k", i], 0);
  await refused(new Store(kv).commit(change), 413, undefined, "fewer");
});

Deno.test("commit() answers undefined when a check fails", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["a"], 1);
  const change = new Change().check(["a"], null).set(["a"], 2);
  assert.equal(await new Store(kv).commit(change), undefined);
});

Deno.test("batches() reads everything exactly once, whatever the number", async () => {
  for (const count of [0, 1, 499, 500, 501, 1_000, 1_234]) {
    using kv = await Deno.openKv(":memory:");
    for (let i = 0; i < count; i += 500) {
      const change = new Change();
      for (let j = i; j < Math.min(count, i + 500); j++) {
        change.set(["k", j], j);
      }
      await change.on(kv).commit();
    }
    await kv.set(["l"], "a neighbour");
    const entries = await new Store(kv).listAll({ prefix: ["k"] });
    assert.deepEqual(
      entries.map(({ value }) => value),
      Array.from({ length: count }, (_, i) => i),
    );
  }
});

Deno.test("listAll() stops at its limit, within a batch and behind one", async () => {
  using kv = await Deno.openKv(":memory:");
  const change = new Change();
  for (let i = 0; i < 900; i++) change.set(["k", i], i);
  await change.on(kv).commit();
  for (const limit of [0, 1, 499, 500, 501, 899, 900, 901]) {
    const entries = await new Store(kv).listAll({ prefix: ["k"] }, limit);
    assert.equal(entries.length, Math.min(limit, 900));
  }
});

Deno.test("listAll() reads backwards from the end", async () => {
  using kv = await Deno.openKv(":memory:");
  const change = new Change();
  for (let i = 0; i < 900; i++) change.set(["k", i], i);
  await change.on(kv).commit();
  const range = { start: ["k", 100], end: ["k", 800] };
  for (const limit of [1, 501, 700, 1_000]) {
    const entries = await new Store(kv).listAll(range, limit, true);
    assert.deepEqual(
      entries.map(({ value }) => value),
      Array.from({ length: Math.min(limit, 700) }, (_, i) => 799 - i),
    );
  }
});

Deno.test("getMany() answers in the order of the keys, however many", async () => {
  using kv = await Deno.openKv(":memory:");
  for (let i = 0; i < 1_500; i += 2) await kv.set(["k", i], i);
  const keys = Array.from({ length: 1_500 }, (_, i): Deno.KvKey => ["k", i]);
  const entries = await new Store(kv).getMany(keys);
  assert.deepEqual(
    entries.map(({ value }) => value),
    keys.map((_, i) => i % 2 === 0 ? i : null),
  );
});

Deno.test("getMany() counts the deadline of a read from its own start", async () => {
  using kv = await Deno.openKv(":memory:");
  // One read at a time, as on SQLite: all together take longer than the deadline.
  let turn: Promise<void> = Promise.resolve();
  const before = () =>
    turn = turn.then(() => new Promise((done) => setTimeout(done, 1)));
  const store = new Store(observedKv(kv, { before }), 1_000);
  const keys = Array.from({ length: 15_000 }, (_, i): Deno.KvKey => ["k", i]);
  assert.equal((await store.getMany(keys)).length, 15_000);
});
