import assert from "node:assert/strict";
import {
  inTime,
  KeyedLock,
  retrying,
  retryPause,
} from "../../storage/concurrency.ts";
import { refused, turns } from "./fixture.ts";

Deno.test("KeyedLock lets the holders of a key run one at a time, in order", async () => {
  const lock = new KeyedLock();
  const order: number[] = [];
  let running = 0;
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      lock.run("key", async () => {
        assert.equal(++running, 1);
        await turns(1);
        order.push(i);
        running--;
      })),
  );
  assert.deepEqual(order, Array.from({ length: 20 }, (_, i) => i));
});

Deno.test("KeyedLock lets the holders of different keys run together", async () => {
  const lock = new KeyedLock();
  const first = Promise.withResolvers<void>();
  const held = lock.run("a", () => first.promise);
  assert.equal(await lock.run("b", () => Promise.resolve("done")), "done");
  first.resolve();
  await held;
});

Deno.test("KeyedLock goes on after work that failed", async () => {
  const lock = new KeyedLock();
  const failing = lock.run("key", () => Promise.reject(new Error("no")));
  const next = lock.run("key", () => Promise.resolve("done"));
  await assert.rejects(failing, /no/);
  assert.equal(await next, "done");
});

Deno.test("KeyedLock lets nobody wait for ever, and keeps the order of the others", async () => {
  const lock = new KeyedLock(20);
  const first = Promise.withResolvers<void>();
  let running = false;
  const held = lock.run("key", async () => {
    running = true;
    await first.promise;
    running = false;
  });
  await refused(lock.run("key", () => assert.fail("it ran")), 503);
  const next = lock.run("key", () => Promise.resolve(running));
  first.resolve();
  await held;
  assert.equal(await next, false);
});

Deno.test("retrying() tries until the write does not conflict", async () => {
  let tries = 0;
  const result = await retrying(() =>
    Promise.resolve(++tries < 3 ? undefined : "done")
  );
  assert.equal(result, "done");
  assert.equal(tries, 3);
});

Deno.test("retrying() gives up as 503 with Retry-After", async () => {
  let tries = 0;
  const endless = retrying(() => {
    tries++;
    return Promise.resolve(undefined);
  });
  const { headers } = await refused(endless, 503);
  assert.equal(headers["Retry-After"], "1");
  assert.equal(tries, 10);
});

Deno.test("retrying() does not repeat what throws", async () => {
  let tries = 0;
  const failing = retrying(() => {
    tries++;
    return Promise.reject(new Error("no"));
  });
  await assert.rejects(failing, /no/);
  assert.equal(tries, 1);
});

Deno.test("retryPause() doubles its longest pause up to 128 ms", () => {
  const longest = [1, 2, 3, 7, 8, 20].map((tries) => retryPause(tries, 1));
  assert.deepEqual(longest, [2, 4, 8, 128, 128, 128]);
  assert.equal(retryPause(5, 0), 0);
});

Deno.test("inTime() passes on what comes in time", async () => {
  assert.equal(await inTime(Promise.resolve(1), 1_000), 1);
  await assert.rejects(inTime(Promise.reject(new Error("no")), 1_000), /no/);
});
