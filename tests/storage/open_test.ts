import assert from "node:assert/strict";
import { FORMAT_VERSION } from "../../storage/codec.ts";
import { metaKey } from "../../storage/keys.ts";
import { prepareAdminSecret, prepareStore } from "../../storage/open.ts";
import { hashSecret } from "../../storage/secrets.ts";
import { Store } from "../../storage/store.ts";
import { observedKv } from "./fake_kv.ts";

/** A store whose first commit meets a locked file. */
function lockedOnce(kv: Deno.Kv): Deno.Kv {
  let commits = 0;
  return observedKv(kv, {
    before: (call) => {
      if (call !== "commit" || commits++ > 0) return;
      throw new TypeError("database is locked");
    },
  });
}

Deno.test("prepareStore() refuses a store that a newer program has written", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(metaKey("format"), FORMAT_VERSION + 1);
  await assert.rejects(
    prepareStore(new Store(kv)),
    /has format 3, and this version of edge-scim reads formats up to 2/,
  );
  assert.equal((await kv.get(metaKey("epoch"))).value, null);
});

Deno.test("prepareStore() refuses a store that an import has not filled to its end", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(metaKey("importing"), "");
  await assert.rejects(
    prepareStore(new Store(kv)),
    /not complete: .* run the import again and let it end/,
  );
  assert.equal((await kv.get(metaKey("format"))).value, null);
});

Deno.test("prepareStore() notes the format of a new store", async () => {
  using kv = await Deno.openKv(":memory:");
  await prepareStore(new Store(kv));
  assert.equal((await kv.get(metaKey("format"))).value, FORMAT_VERSION);
});

Deno.test("the epoch of a store is made once, by whoever comes first", async () => {
  using kv = await Deno.openKv(":memory:");
  const facts = await Promise.all(
    Array.from({ length: 8 }, () => prepareStore(new Store(kv))),
  );
  const epochs = new Set(facts.map(({ epoch }) => epoch));
  assert.equal(epochs.size, 1);
  assert.match([...epochs].join(), /^[0-9a-f]{4}$/);
});

Deno.test("the epoch is made even if the file is locked for a moment", async () => {
  using kv = await Deno.openKv(":memory:");
  const { epoch } = await prepareStore(new Store(lockedOnce(kv)));
  assert.equal((await kv.get(metaKey("epoch"))).value, epoch);
});

Deno.test("the admin secret is made once and then known by its hash", async () => {
  using kv = await Deno.openKv(":memory:");
  const first = await prepareAdminSecret(new Store(kv), undefined);
  assert.match(first.fresh ?? "", /^scimadmin_[A-Za-z0-9_-]{49}$/);
  const second = await prepareAdminSecret(new Store(kv), undefined);
  assert.equal(second.fresh, undefined);
  assert.ok(first.accepts(first.fresh ?? ""));
  assert.ok(second.accepts(first.fresh ?? ""));
  assert.ok(!second.accepts("scimadmin_"));
});

Deno.test("only the hash of the admin secret is stored", async () => {
  using kv = await Deno.openKv(":memory:");
  const { fresh } = await prepareAdminSecret(new Store(kv), undefined);
  const entries = await Array.fromAsync(kv.list({ prefix: [] }));
  assert.deepEqual(
    entries.map(({ key, value }) => [key, value]),
    [[metaKey("adminSecret"), hashSecret(fresh ?? "")]],
  );
});

Deno.test("of several first starts at once one makes the admin secret", async () => {
  using kv = await Deno.openKv(":memory:");
  const secrets = await Promise.all(
    Array.from(
      { length: 8 },
      () => prepareAdminSecret(new Store(kv), undefined),
    ),
  );
  const fresh = secrets.map((secret) => secret.fresh)
    .filter((secret) => secret !== undefined);
  assert.equal(fresh.length, 1);
  assert.ok(secrets.every((secret) => secret.accepts(fresh[0] ?? "")));
});

Deno.test("the admin secret is made even if the file is locked for a moment", async () => {
  using kv = await Deno.openKv(":memory:");
  const secret = await prepareAdminSecret(
    new Store(lockedOnce(kv)),
    undefined,
  );
  assert.ok(secret.accepts(secret.fresh ?? ""));
});

Deno.test("a configured admin secret counts alone and is not stored", async () => {
  using kv = await Deno.openKv(":memory:");
  const stored = await prepareAdminSecret(new Store(kv), undefined);
  const configured = await prepareAdminSecret(new Store(kv), "configured");
  assert.ok(configured.accepts("configured"));
  assert.ok(!configured.accepts(stored.fresh ?? ""));
  assert.equal(configured.fresh, undefined);
});
