import assert from "node:assert/strict";
import { Gaps, isAlwaysThere } from "../../storage/gaps.ts";
import { logPrefix } from "../../storage/keys.ts";
import type { Subject } from "../../storage/matching.ts";
import { Store } from "../../storage/store.ts";
import { DEVICE } from "../domain/fixtures.ts";
import { Counter, observedKv } from "./fake_kv.ts";
import {
  BASE,
  Directory,
  GROUP,
  indexed,
  newIds,
  TENANT,
  USER,
} from "./fixture.ts";

const SUBJECT: Subject = { tenant: TENANT, type: USER, base: BASE };
const DISPLAY_NAME = indexed(USER, "displayName");

Deno.test("Gaps.of() names the buckets with resources that have no value", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, {
    newId: newIds("aa", "bb", "cc"),
  });
  for (let i = 0; i < 30; i++) {
    // In "bb" all have a value; of the others, some have an empty one.
    await directory.user(`u${i}`, {
      ...(i % 3 === 1 || i < 24 ? { displayName: "Ada" } : {}),
      ...(i % 3 === 0 && i < 9 ? { displayName: "" } : {}),
    });
  }
  const found = new Gaps(new Store(kv));
  assert.deepEqual(await found.of(SUBJECT, DISPLAY_NAME), [
    { bucket: "aa", count: 5, isSure: true },
    { bucket: "cc", count: 2, isSure: true },
  ]);
});

Deno.test("Gaps.of() misses no bucket, whatever is written while it counts", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { newId: newIds("aa") });
  let count = 0;
  const valued = async (displayName: string) =>
    await directory.user(`u${count++}`, { displayName });
  // More than one read of the index takes.
  for (let i = 0; i < 600; i++) await valued(`m${i}`);
  await directory.user("without");
  // Each prepares something that happens at once later.
  const changes: Record<string, () => Promise<() => Promise<unknown>>> = {
    "one comes": () => Promise.resolve(() => valued("n")),
    "one goes": async () => {
      const { id } = await valued("m");
      return () => directory.delete(USER, id);
    },
    "one moves from the beginning to the end": async () => {
      const { id } = await valued("a");
      return () => directory.update(USER, id, { set: { displayName: "z" } });
    },
  };
  for (const [name, prepare] of Object.entries(changes)) {
    for (let moment = 0; moment < 5; moment++) {
      for (const when of ["before", "after"] as const) {
        const change = await prepare();
        let lists = 0;
        const observed = observedKv(kv, {
          [when]: async (call: string) => {
            if (call === "list" && lists++ === moment) await change();
          },
        });
        const found = new Gaps(new Store(observed));
        const gaps = await found.of(SUBJECT, DISPLAY_NAME);
        assert.ok(lists > moment);
        // What is sure is exact: the one resource that never had a name.
        assert.ok(gaps.every(({ isSure, count }) => !isSure || count === 1));
        assert.deepEqual(
          gaps.map(({ bucket }) => bucket),
          ["aa"],
          `${name} ${when} read ${moment}`,
        );
      }
    }
  }
});

Deno.test("Gaps.of() remembers what it found, and reads only what was written since", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(kv, {
    newId: newIds("aa", "bb", "cc", "dd"),
  });
  for (let i = 0; i < 1_200; i++) {
    await directory.user(`u${i}`, i === 4 ? {} : { displayName: "Ada" });
  }
  const found = new Gaps(new Store(observedKv(kv, counter)));
  const gaps = () => found.of(SUBJECT, DISPLAY_NAME);
  const first = [{ bucket: "aa", count: 1, isSure: true }];
  assert.deepEqual(await gaps(), first);
  const { reads } = await counter.costOf(async () => {
    assert.deepEqual(await gaps(), first);
  });
  assert.equal(reads, 2);
  await directory.user("in aa", { displayName: "Bob" });
  const { id } = await directory.user("in bb", { displayName: "Bob" });
  await directory.group("in cc");
  await directory.update(USER, id, { set: { displayName: "" } });
  assert.deepEqual(await gaps(), [
    { bucket: "aa", count: 0, isSure: false },
    { bucket: "bb", count: 0, isSure: false },
  ]);
});

Deno.test("Gaps.of() counts anew after many writes, and where the log does not reach back", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv, { newId: newIds("aa", "bb") });
  const { id } = await directory.user("first", { displayName: "Ada" });
  await directory.user("second");
  const found = new Gaps(new Store(kv));
  const gaps = () => found.of(SUBJECT, DISPLAY_NAME);
  const bb = { bucket: "bb", count: 1, isSure: true };
  assert.deepEqual(await gaps(), [bb]);
  for (let i = 0; i < 51; i++) {
    await directory.update(USER, id, { set: { displayName: `Ada ${i}` } });
  }
  assert.deepEqual(await gaps(), [bb]);
  await directory.update(USER, id, { set: { displayName: "" } });
  for await (const { key } of kv.list({ prefix: logPrefix(TENANT) })) {
    await kv.delete(key);
  }
  await directory.group("so that there is a log");
  assert.deepEqual(await gaps(), [
    { bucket: "aa", count: 1, isSure: true },
    bb,
  ]);
});

Deno.test("isAlwaysThere() trusts what the schemas of the RFCs require, and no others", () => {
  assert.equal(isAlwaysThere(USER, indexed(USER, "userName")), true);
  assert.equal(isAlwaysThere(GROUP, indexed(GROUP, "displayName")), true);
  assert.equal(isAlwaysThere(USER, DISPLAY_NAME), false);
  assert.equal(isAlwaysThere(DEVICE, indexed(DEVICE, "serialNumber")), false);
});
