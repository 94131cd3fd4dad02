import assert from "node:assert/strict";
import {
  Change,
  MAX_CHECKS,
  MAX_KEY_BYTES,
  MAX_MUTATIONS,
} from "../../storage/change.ts";

Deno.test("a change whose sum fails leaves nothing behind", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["counter"], "not a number");
  const change = new Change().set(["a"], 1).sum(["counter"], 1).delete(["b"]);
  await assert.rejects(change.on(kv).commit());
  assert.equal((await kv.get(["a"])).value, null);
});

Deno.test("a change puts sums and maxima before everything else", async () => {
  using kv = await Deno.openKv(":memory:");
  const change = new Change().delete(["counter"]).sum(["counter"], 5)
    .max(["highest"], 7).delete(["highest"]);
  await change.on(kv).commit();
  assert.equal((await kv.get(["counter"])).value, null);
  assert.equal((await kv.get(["highest"])).value, null);
});

Deno.test("sum() takes away with a negative number", async () => {
  using kv = await Deno.openKv(":memory:");
  await new Change().sum(["n"], 5).on(kv).commit();
  await new Change().sum(["n"], -2).on(kv).commit();
  assert.equal((await kv.get<Deno.KvU64>(["n"])).value?.value, 3n);
});

Deno.test("max() never lowers a number", async () => {
  using kv = await Deno.openKv(":memory:");
  await new Change().max(["n"], 5).on(kv).commit();
  await new Change().max(["n"], 3).on(kv).commit();
  assert.equal((await kv.get<Deno.KvU64>(["n"])).value?.value, 5n);
});

Deno.test("check() makes the commit fail when the key has changed", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(["a"], 1);
  const result = await new Change().check(["a"], null).set(["a"], 2).on(kv)
    .commit();
  assert.equal(result.ok, false);
});

Deno.test("a change fits up to 1,000 mutations", () => {
  const change = new Change();
  for (let i = 0; i < MAX_MUTATIONS; i++) change.delete(["k", i]);
  assert.ok(change.fits);
  assert.ok(!change.delete(["one more"]).fits);
});

Deno.test("a change fits up to 10 checks", () => {
  const change = new Change();
  for (let i = 0; i < MAX_CHECKS; i++) change.check(["k", i], null);
  assert.ok(change.fits);
  assert.ok(!change.check(["one more"], null).fits);
});

Deno.test("a change that fits is taken, whatever characters its keys have", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const character of ["a", "\u0000", "é", "\uffff", "\u{10ffff}"]) {
    const keys = Array.from(
      { length: 1_000 },
      (_, i): Deno.KvKey => [character.repeat(100), i],
    );
    const all = (count: number) =>
      keys.slice(0, count).reduce((c, key) => c.set(key, 0), new Change());
    let most = 0;
    for (let step = 512; step >= 1; step /= 2) {
      if (all(most + step).fits) most += step;
    }
    assert.ok(most > 100);
    await all(most).on(kv).commit();
  }
});

Deno.test("bytes of keys count for what is set, not for what is deleted", () => {
  const key = ["k".repeat(1_000)];
  const change = new Change();
  for (let i = 0; i < MAX_KEY_BYTES / 1_000 + 10; i++) change.delete(key);
  assert.ok(change.fits);
  for (let i = 0; i < MAX_KEY_BYTES / 1_000 + 10; i++) change.set(key, 0);
  assert.ok(!change.fits);
});
