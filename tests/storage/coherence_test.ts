import { strictEqual } from "node:assert/strict";
import { Coherence } from "../../storage/coherence.ts";

const USER = ["t", "default", "r", "User", "1"];
const OTHER = ["t", "default", "r", "User", "2"];

/** What reading some keys depends on. */
async function readsOf(coherence: Coherence, ...keys: Deno.KvKey[]) {
  const { reads } = await coherence.following(() => {
    coherence.reading(keys);
    return Promise.resolve();
  });
  return reads;
}

function write(coherence: Coherence, ...keys: Deno.KvKey[]): void {
  coherence.writing(keys).end();
}

Deno.test("What was read is current while nothing of it is written", async () => {
  const coherence = new Coherence();
  const reads = await readsOf(coherence, USER);
  strictEqual(coherence.isCurrent(reads), true);
  write(coherence, OTHER);
  strictEqual(coherence.isCurrent(reads), true);
});

Deno.test("What was read is no longer current when it was written", async () => {
  const coherence = new Coherence();
  const reads = await readsOf(coherence, OTHER, USER);
  write(coherence, USER);
  strictEqual(coherence.isCurrent(reads), false);
});

Deno.test("A list is no longer current when a key below its prefix was written", async () => {
  const coherence = new Coherence();
  const list = await readsOf(coherence, ["t", "default", "r", "User"]);
  const others = await readsOf(coherence, ["t", "default", "r", "Group"]);
  write(coherence, USER);
  strictEqual(coherence.isCurrent(list), false);
  strictEqual(coherence.isCurrent(others), true);
});

Deno.test("What was read is not current while it is being written", async () => {
  const coherence = new Coherence();
  const reads = await readsOf(coherence, USER);
  const ended = coherence.writing([USER]);
  strictEqual(coherence.isCurrent(reads), false);
  ended.end();
  strictEqual(coherence.isCurrent(reads), false);
});

Deno.test("What was read during a write is never current", async () => {
  const coherence = new Coherence();
  const ended = coherence.writing([USER]);
  const reads = await readsOf(coherence, USER);
  ended.end();
  strictEqual(coherence.isCurrent(reads), false);
});

Deno.test("What was read before a write that ends later is not current", async () => {
  const coherence = new Coherence();
  const first = coherence.writing([USER]);
  const second = coherence.writing([USER]);
  first.end();
  const reads = await readsOf(coherence, USER);
  second.end();
  strictEqual(coherence.isCurrent(reads), false);
});

Deno.test("Whoever reads everything, or more than can be followed, is never current", async () => {
  const coherence = new Coherence();
  strictEqual(coherence.isCurrent(await readsOf(coherence, [])), false);
  const many = Array.from({ length: 10_000 }, (_, i) => ["r", String(i)]);
  strictEqual(coherence.isCurrent(await readsOf(coherence, ...many)), false);
});

Deno.test("What work reads is followed across its awaits, and apart from other work", async () => {
  const coherence = new Coherence();
  const follow = (key: Deno.KvKey) =>
    coherence.following(async () => {
      await Promise.resolve();
      coherence.reading([key]);
      await Promise.resolve();
    });
  const [one, other] = await Promise.all([follow(USER), follow(OTHER)]);
  write(coherence, USER);
  strictEqual(coherence.isCurrent(one.reads), false);
  strictEqual(coherence.isCurrent(other.reads), true);
});
