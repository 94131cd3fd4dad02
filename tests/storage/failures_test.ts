import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import { Change } from "../../storage/change.ts";
import { storeFailure } from "../../storage/failures.ts";
import { Store } from "../../storage/store.ts";
import { observedKv } from "./fake_kv.ts";

const WORDS = [
  ["database or disk is full", /no room left on its disk/],
  ["attempt to write a readonly database", /may only be read/],
  ["disk I/O error", /cannot read or write its files/],
  ["unable to open database file", /cannot read or write its files/],
  ["Failed to fetch metadata: 401", /lets nobody in at present/],
] as const;

for (const [words, detail] of WORDS) {
  Deno.test(`a commit that fails with "${words}" is 503 with Retry-After`, async () => {
    using kv = await Deno.openKv(":memory:");
    const failing = observedKv(kv, {
      before: () => {
        throw new TypeError(words);
      },
    });
    const store = new Store(failing);
    await assert.rejects(
      store.commit(new Change().set(["a"], 1)),
      (error) => {
        assert.ok(error instanceof ScimError);
        assert.equal(error.status, 503);
        assert.match(error.message, detail);
        assert.equal(error.headers["Retry-After"], "30");
        return true;
      },
    );
  });
}

Deno.test("a read that fails with the disk is 503", async () => {
  using kv = await Deno.openKv(":memory:");
  const failing = observedKv(kv, {
    before: () => {
      throw new TypeError("disk I/O error");
    },
  });
  await assert.rejects(
    new Store(failing).get(["a"]),
    (error) => error instanceof ScimError && error.status === 503,
  );
});

Deno.test("storeFailure() leaves every other error as it is", () => {
  assert.equal(storeFailure(new TypeError("value too large")), undefined);
  assert.equal(storeFailure(new Error("no such key")), undefined);
  assert.equal(storeFailure("disk I/O error"), undefined);
});
