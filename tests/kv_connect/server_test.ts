/**
 * The KV Connect server through the client that Deno has: it must do what a local
 * KV does, or the tests on it would say nothing.
 * @module
 */

import assert from "node:assert/strict";
import { processTest } from "../e2e/process.ts";
import { newSeed, random } from "../storage/fixture.ts";
import { ACCESS_TOKEN, KvConnectServer } from "./server.ts";

/** A test with a KV on a server of its own. */
function kvTest(
  name: string,
  body: (kv: Deno.Kv, server: KvConnectServer) => Promise<void>,
): void {
  processTest(name, async () => {
    await using server = KvConnectServer.start({ prompt: true });
    Deno.env.set("DENO_KV_ACCESS_TOKEN", ACCESS_TOKEN);
    using kv = await Deno.openKv(server.url());
    await body(kv, server);
  });
}

kvTest("a value is read as it was written", async (kv) => {
  const value = { text: "ä", list: [1, 2n, null], at: new Date(0) };
  const { versionstamp } = await kv.set(["a", 1, true], value);
  const entry = await kv.get(["a", 1, true]);
  assert.deepEqual(entry, { key: ["a", 1, true], value, versionstamp });
  assert.match(versionstamp, /^[0-9a-f]{20}$/);
});

kvTest("bytes and numbers of 64 bits are values, too", async (kv) => {
  await kv.set(["bytes"], Uint8Array.of(1, 2));
  await kv.set(["number"], new Deno.KvU64(2n ** 64n - 1n));
  assert.deepEqual((await kv.get(["bytes"])).value, Uint8Array.of(1, 2));
  const { value } = await kv.get<Deno.KvU64>(["number"]);
  assert.equal(value?.value, 2n ** 64n - 1n);
});

kvTest("a failing check leaves everything as it was", async (kv) => {
  await kv.set(["there"], 1);
  for (
    const check of [
      { key: ["there"], versionstamp: null },
      { key: ["nowhere"], versionstamp: "00000000000000010000" },
    ]
  ) {
    const result = await kv.atomic().check(check).set(["a"], 1).commit();
    assert.deepEqual(result, { ok: false });
  }
  assert.equal((await kv.get(["a"])).versionstamp, null);
});

kvTest("a commit that cannot count leaves nothing behind", async (kv) => {
  await kv.set(["text"], "text");
  await assert.rejects(
    kv.atomic().set(["a"], 1).sum(["text"], 1n).commit(),
    /400.*64-bit number/,
  );
  assert.equal((await kv.get(["a"])).versionstamp, null);
});

kvTest(
  "a key that ends with the versionstamp is that of its commit",
  async (kv) => {
    const stamps: string[] = [];
    for (let i = 0; i < 3; i++) {
      const result = await kv.atomic()
        .set(["log", kv.commitVersionstamp()], i).commit();
      assert.ok(result.ok);
      stamps.push(result.versionstamp);
    }
    const entries = await Array.fromAsync(kv.list({ prefix: ["log"] }));
    assert.deepEqual(
      entries.map((
        { key, value, versionstamp },
      ) => [key[1], value, versionstamp]),
      stamps.map((stamp, i) => [stamp, i, stamp]),
    );
  },
);

kvTest(
  "the databases of a server know nothing of each other",
  async (kv, server) => {
    using other = await Deno.openKv(server.url("other"));
    await kv.set(["a"], 1);
    assert.equal((await other.get(["a"])).value, null);
  },
);

for (
  const [name, count, limit] of [
    ["checks", 11, 10],
    ["mutations", 1_001, 1_000],
  ] as const
) {
  processTest(`${count} ${name} are more than a commit takes`, async () => {
    await using server = KvConnectServer.start();
    Deno.env.set("DENO_KV_ACCESS_TOKEN", ACCESS_TOKEN);
    using kv = await Deno.openKv(server.url());
    const commit = (count: number) => {
      const atomic = kv.atomic();
      for (let i = 0; i < count; i++) {
        if (name === "checks") atomic.check({ key: [i], versionstamp: null });
        else atomic.delete([i]);
      }
      return atomic.commit();
    };
    assert.ok((await commit(limit)).ok);
    await assert.rejects(commit(count), new RegExp(name));
  });
}

kvTest(
  "a stopped server has the same data on the same port",
  async (kv, server) => {
    await kv.set(["a"], 1);
    const url = server.url();
    await server.stop();
    server.listen();
    assert.equal(server.url(), url);
    assert.equal((await kv.get(["a"])).value, 1);
  },
);

kvTest("a commit whose answer is lost has happened", async (kv, server) => {
  await kv.set(["n"], new Deno.KvU64(1n));
  server.faults.lostCommits = 1;
  // Deno sends it again: what is not checked happens twice.
  await kv.atomic().sum(["n"], 1n).commit();
  const { value } = await kv.get<Deno.KvU64>(["n"]);
  assert.equal(value?.value, 3n);
});

processTest("a wrong access token is refused", async () => {
  await using server = KvConnectServer.start();
  server.accessToken = "another one";
  Deno.env.set("DENO_KV_ACCESS_TOKEN", ACCESS_TOKEN);
  await assert.rejects(Deno.openKv(server.url()), /401 Unauthorized/);
});

processTest("the data path has a token of its own", async () => {
  await using server = KvConnectServer.start();
  const response = await fetch(`${server.url()}/data/snapshot_read`, {
    method: "POST",
    headers: { Authorization: `Bearer ${ACCESS_TOKEN}` },
  });
  await response.body?.cancel();
  assert.equal(response.status, 401);
});

kvTest(
  "any commits and lists come to the same as on a local KV",
  async (kv) => {
    using local = await Deno.openKv(":memory:");
    const seed = newSeed();
    const next = random(seed);
    const pick = (count: number) => Math.floor(next() * count);
    const stamps = new Map<Deno.Kv, Map<string, string>>([
      [kv, new Map()],
      [local, new Map()],
    ]);
    const outcomes = new Set<string>();
    for (let step = 0; step < 300; step++) {
      const where = `step ${step} of seed ${seed}`;
      const plan = Array.from({ length: 1 + pick(5) }, () => ({
        kind: pick(8),
        key: keyOf(pick(40)),
        amount: BigInt(pick(1_000)) * 2n ** BigInt(pick(55)),
      }));
      const commit = async (target: Deno.Kv) => {
        const seen = stamps.get(target) ?? new Map<string, string>();
        const atomic = target.atomic();
        for (const { kind, key, amount } of plan) {
          const counter = ["n", ...key];
          const value = new Deno.KvU64(amount);
          if (kind === 0) {
            const versionstamp = seen.get(String(key)) ?? null;
            atomic.check({ key: ["v", ...key], versionstamp });
          } else if (kind === 1) {
            atomic.mutate({
              type: "sum",
              key: counter,
              value,
            });
          } else if (kind === 2) {
            atomic.mutate({
              type: "max",
              key: counter,
              value,
            });
          } else if (kind === 3) {
            atomic.mutate({
              type: "min",
              key: counter,
              value,
            });
          } else if (kind === 4) atomic.delete(["v", ...key]);
          else atomic.set(["v", ...key], `${amount}`);
        }
        const result = await atomic.commit();
        if (!result.ok) return "conflict";
        for (const { kind, key } of plan) {
          if (kind === 4) seen.delete(String(key));
          // Now and then a writer does not learn of what another one wrote.
          else if (kind > 5) seen.set(String(key), result.versionstamp);
        }
        return "committed";
      };
      const outcome = await commit(kv);
      assert.equal(outcome, await commit(local), where);
      outcomes.add(outcome);
      const selectors: Deno.KvListSelector[] = [
        { prefix: [] },
        { prefix: ["v", ...keyOf(pick(40))] },
        { start: ["n"], end: ["v", ...keyOf(pick(40))] },
        { prefix: ["v"], start: ["v", ...keyOf(pick(40))] },
      ];
      const selector = selectors[pick(selectors.length)] ?? { prefix: [] };
      const options = {
        limit: 1 + pick(60),
        batchSize: 1 + pick(20),
        reverse: pick(2) === 0,
      };
      assert.deepEqual(
        await contentOf(kv, selector, options),
        await contentOf(local, selector, options),
        where,
      );
    }
  },
);

/** Keys of all kinds of parts, some of which are the beginning of others. */
function keyOf(number: number): Deno.KvKey {
  const parts: Deno.KvKey[] = [
    ["a"],
    ["a", "\0"],
    ["a\0"],
    ["ä"],
    ["a", number % 7],
    [-number],
    [BigInt(number) - 20n],
    [number % 2 === 0],
    [Uint8Array.of(number, 0, 255)],
  ];
  return parts[number % parts.length] ?? [];
}

async function contentOf(
  kv: Deno.Kv,
  selector: Deno.KvListSelector,
  options: Deno.KvListOptions,
): Promise<unknown[]> {
  const entries = await Array.fromAsync(kv.list(selector, options));
  return entries.map(({ key, value }) => [
    Deno.inspect(key),
    value instanceof Deno.KvU64 ? value.value : value,
  ]);
}
