import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buckets, retryAfter } from "../../routes/middleware/buckets.ts";

const RATE = { burst: 10, perSecond: 2 };

/** How many can be taken at one time. */
function drain(buckets: Buckets, now: number, rate = RATE): number {
  let taken = 0;
  while (buckets.take("a", rate, now) === 0) taken++;
  return taken;
}

Deno.test("Buckets.take() gives the burst, then says how long to wait", () => {
  const buckets = new Buckets();
  strictEqual(drain(buckets, 0), 10);
  strictEqual(buckets.take("a", RATE, 0), 0.5);
  strictEqual(buckets.take("a", RATE, 250), 0.25);
  strictEqual(buckets.take("a", RATE, 500), 0);
});

Deno.test("Buckets.take() fills a bucket with time, up to the burst", () => {
  const buckets = new Buckets();
  drain(buckets, 0);
  strictEqual(drain(buckets, 2_000), 4);
  strictEqual(drain(buckets, 3_600_000), 10);
});

Deno.test("Buckets.take() does not fill when the clock goes back", () => {
  const buckets = new Buckets();
  drain(buckets, 10_000);
  strictEqual(drain(buckets, 0), 0);
  strictEqual(drain(buckets, 1_000), 2);
});

Deno.test("Buckets.take() follows a rate that changes at once", () => {
  const buckets = new Buckets();
  drain(buckets, 0);
  strictEqual(drain(buckets, 0, { burst: 15, perSecond: 2 }), 5);
  strictEqual(drain(buckets, 0, { burst: 5, perSecond: 2 }), 0);
  strictEqual(drain(buckets, 1_000, { burst: 5, perSecond: 2 }), 2);
});

Deno.test("Buckets forget what was not used for longest, and stay bounded", () => {
  const buckets = new Buckets(100);
  const one = { burst: 1, perSecond: 0.001 };
  for (let i = 0; i < 10_000; i++) buckets.take(`${i}`, one, 0);
  strictEqual(buckets.size, 100);
  ok(buckets.take("9999", one, 0) > 0);
  buckets.take("9900", one, 0);
  buckets.take("new", one, 0);
  ok(buckets.take("9900", one, 0) > 0, "used just before");
  strictEqual(buckets.take("9901", one, 0), 0, "forgotten");
});

Deno.test("retryAfter() is a whole number of seconds, at least one", () => {
  deepStrictEqual(
    [0.01, 1, 1.01, 59.5].map(retryAfter),
    ["1", "1", "2", "60"],
  );
});
