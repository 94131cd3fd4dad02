import assert from "node:assert/strict";
import { decode } from "../../storage/codec.ts";
import { newToken } from "../../storage/secrets.ts";
import type { IssuedToken, TokenRequest } from "../../storage/tokens.ts";
import { Directory, TENANT, turns } from "./fixture.ts";
import { Counter, observedKv } from "./fake_kv.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-01-01T00:00:00Z");

const REQUEST: TokenRequest = {
  name: "Entra ID",
  tenant: TENANT,
  scopes: ["scim"],
  profile: "compatible",
  expiresAt: null,
};

/** Tokens with a clock that the test turns. */
async function open(kv: Deno.Kv) {
  const time = { now: START };
  const clock = () => new Date(time.now);
  const directory = await Directory.open(kv, { clock });
  return { directory, tokens: directory.services.tokens, time };
}

/** Every key and value of a store, decoded as far as it can be, as one text. */
async function dump(kv: Deno.Kv): Promise<string> {
  const entries = await Array.fromAsync(kv.list({ prefix: [] }));
  return entries.map(({ key, value }) =>
    JSON.stringify([
      key.map(String),
      value instanceof Uint8Array ? decode(value) : String(value),
    ])
  ).join("\n");
}

Deno.test("a token is found by its secret, without the secret", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens } = await open(kv);
  const { token: secret, ...token } = await tokens.issue(REQUEST);
  assert.deepEqual(await tokens.find(secret), token);
  assert.equal(token.createdAt, "2026-01-01T00:00:00.000Z");
});

Deno.test("a secret that nobody was given is not found", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens } = await open(kv);
  await tokens.issue(REQUEST);
  assert.equal(await tokens.find(newToken()), undefined);
});

Deno.test("a text without the right checksum is refused without a look into the store", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const { tokens } = await open(observedKv(kv, counter));
  const { token } = await tokens.issue(REQUEST);
  const mistyped = token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");
  const cost = await counter.costOf(async () => {
    assert.equal(await tokens.find(mistyped), undefined);
  });
  assert.deepEqual(cost, { reads: 0, commits: 0 });
});

Deno.test("a token ends at its time, to the millisecond", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens, time } = await open(kv);
  const expiresAt = new Date(START + HOUR).toISOString();
  const { token } = await tokens.issue({ ...REQUEST, expiresAt });
  time.now = START + HOUR - 1;
  assert.ok(await tokens.find(token));
  time.now = START + HOUR;
  assert.equal(await tokens.find(token), undefined);
});

Deno.test("a rotation without grace ends the old secret at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, tokens } = await open(kv);
  const old = await tokens.issue(REQUEST);
  const fresh = await tokens.rotate(old.id, 0);
  assert.equal(await tokens.find(old.token), undefined);
  assert.equal((await tokens.find(fresh?.token ?? ""))?.id, old.id);
  await directory.check();
});

Deno.test("a rotation with grace keeps the old secret for that time", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens, time } = await open(kv);
  const old = await tokens.issue(REQUEST);
  const fresh = await tokens.rotate(old.id, 2);
  time.now = START + 2 * HOUR - 1;
  assert.equal((await tokens.find(old.token))?.id, old.id);
  time.now = START + 2 * HOUR;
  assert.equal(await tokens.find(old.token), undefined);
  assert.equal((await tokens.find(fresh?.token ?? ""))?.id, old.id);
});

Deno.test("a second rotation never makes an old secret live longer", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens, time } = await open(kv);
  const old = await tokens.issue(REQUEST);
  await tokens.rotate(old.id, 1);
  await tokens.rotate(old.id, 10);
  time.now = START + HOUR;
  assert.equal(await tokens.find(old.token), undefined);
});

Deno.test("a token has ten live secrets at the most, however often it is rotated", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, tokens } = await open(kv);
  const issued: (IssuedToken | undefined)[] = [await tokens.issue(REQUEST)];
  for (let i = 0; i < 14; i++) {
    issued.push(await tokens.rotate(issued[0]?.id ?? "", 1_000));
  }
  const found = await Promise.all(
    issued.map((token) => tokens.find(token?.token ?? "")),
  );
  assert.deepEqual(
    found.map((token) => token !== undefined),
    issued.map((_, i) => i >= 5),
  );
  await turns(2);
  await directory.check();
});

Deno.test("rotate() answers undefined for a token that does not exist", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens } = await open(kv);
  assert.equal(await tokens.rotate("no", 0), undefined);
});

Deno.test("parallel rotations all give a secret that is valid", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, tokens } = await open(kv);
  const { id } = await tokens.issue(REQUEST);
  const rotated = await Promise.all(
    Array.from({ length: 6 }, () => tokens.rotate(id, 1)),
  );
  for (const token of rotated) {
    assert.equal((await tokens.find(token?.token ?? ""))?.id, id);
  }
  await turns(2);
  await directory.check();
});

Deno.test("a revoked token is dead with all its secrets", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, tokens } = await open(kv);
  const old = await tokens.issue(REQUEST);
  const fresh = await tokens.rotate(old.id, 5);
  assert.equal(await tokens.revoke(old.id), true);
  assert.equal(await tokens.find(old.token), undefined);
  assert.equal(await tokens.find(fresh?.token ?? ""), undefined);
  assert.deepEqual(await tokens.list(), []);
  await directory.check();
});

Deno.test("revoke() answers false for a token that does not exist", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens } = await open(kv);
  assert.equal(await tokens.revoke("no"), false);
  assert.equal(await tokens.revoke("x".repeat(5_000)), false);
});

Deno.test("a token that is used while it is revoked leaves nothing behind", async () => {
  using kv = await Deno.openKv(":memory:");
  const { directory, tokens } = await open(kv);
  for (let i = 0; i < 30; i++) {
    const { id, token } = await tokens.issue(REQUEST);
    await Promise.all([tokens.find(token), tokens.revoke(id)]);
  }
  await turns(3);
  await directory.check();
});

Deno.test("list() shows the newest first and no secret", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens, time } = await open(kv);
  const first = await tokens.issue(REQUEST);
  time.now += 1_000;
  const second = await tokens.issue({ ...REQUEST, name: "Okta" });
  const listed = await tokens.list();
  assert.deepEqual(listed.map(({ id }) => id), [second.id, first.id]);
  const text = JSON.stringify(listed);
  for (const { token } of [first, second]) assert.ok(!text.includes(token));
  assert.doesNotMatch(text, /hash|secret/i);
});

Deno.test("list() shows when a token was last used, to the minute", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens, time } = await open(kv);
  const { token } = await tokens.issue(REQUEST);
  const lastUse = async () => {
    await turns(2);
    return (await tokens.list())[0]?.lastUsedAt;
  };
  assert.equal(await lastUse(), null);
  time.now = START + 1_000;
  await tokens.find(token);
  assert.equal(await lastUse(), "2026-01-01T00:00:01.000Z");
  time.now = START + 30_000;
  await tokens.find(token);
  assert.equal(await lastUse(), "2026-01-01T00:00:01.000Z");
  time.now = START + 61_000;
  await tokens.find(token);
  assert.equal(await lastUse(), "2026-01-01T00:01:01.000Z");
});

Deno.test("no secret stands in any key or value", async () => {
  using kv = await Deno.openKv(":memory:");
  const { tokens } = await open(kv);
  const old = await tokens.issue(REQUEST);
  const fresh = await tokens.rotate(old.id, 24);
  await tokens.find(old.token);
  await turns(2);
  const text = await dump(kv);
  assert.ok(text.includes(old.id));
  for (const secret of [old.token, fresh?.token ?? ""]) {
    assert.ok(!text.includes(secret.slice(5, 48)));
  }
});
