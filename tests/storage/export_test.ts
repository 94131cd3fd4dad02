import assert from "node:assert/strict";
import { FORMAT_VERSION } from "../../storage/codec.ts";
import { logPrefix, metaKey } from "../../storage/keys.ts";
import { readLog } from "../../storage/changelog.ts";
import { Store } from "../../storage/store.ts";
import {
  assertSound,
  contentOf,
  exported,
  exporting,
  fill,
  importing,
  OTHER_TENANT,
  parsed,
} from "./backup.ts";
import { BADGE, inForce, withBadges } from "./custom.ts";
import {
  Directory,
  GROUP,
  newSeed,
  random,
  sorted,
  TENANT,
  USER,
} from "./fixture.ts";

Deno.test("an export begins with a header that says what it is", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv);
  const [header = ""] = await exported(kv);
  assert.deepEqual(JSON.parse(header), {
    "edge-scim": "export",
    format: 1,
    program: "1.2.3",
    date: "2026-01-02T03:04:05.678Z",
    epoch: (await kv.get(metaKey("epoch"))).value,
    scope: "store",
    tenants: [TENANT],
  });
});

Deno.test("an export ends with a footer that counts its lines", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.group("Staff", await directory.users(2));
  const lines = await exported(kv);
  const { sha256, ...footer } = JSON.parse(lines.at(-1) ?? "");
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(footer, {
    "edge-scim": "end",
    lines: 6 + 1,
    counts: { tenant: 1, write: 3, group: 1, members: 1 },
  });
  assert.equal(lines.length, 6 + 2);
});

Deno.test("an export tells resources as JSON, with their ids and times", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id, created } = await directory.user("ada", { title: "Countess" });
  const found = parsed(await exported(kv)).find(({ kind }) => kind === "write");
  assert.deepEqual(found?.["resource"], {
    created,
    lastModified: created,
    attributes: { userName: "ada", title: "Countess" },
  });
  assert.equal(Object(found?.["log"]).id, id);
});

Deno.test("an export holds no secret, only hashes", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services } = await Directory.open(kv, { adminToken: undefined });
  const { token } = await services.tokens.issue({
    name: "a",
    tenant: TENANT,
    scopes: ["scim"],
    profile: "rfc",
    expiresAt: null,
  });
  const text = (await exported(kv)).join("\n");
  assert.ok(text.includes('"kind":"admin"'));
  assert.ok(text.includes('"kind":"token"'));
  assert.ok(!text.includes(token));
  assert.ok(!text.includes(services.adminSecret.fresh ?? token));
});

Deno.test("an export of one tenant holds nothing of another", async () => {
  using kv = await Deno.openKv(":memory:");
  await fill(kv, newSeed());
  const lines = await exported(kv, OTHER_TENANT);
  const others = parsed(lines).filter(({ tenant }) => tenant !== OTHER_TENANT);
  assert.deepEqual(others, []);
  const counts = JSON.parse(lines.at(-1) ?? "").counts;
  assert.equal(counts.token, 1);
  assert.equal(counts.write, 21);
});

Deno.test("an export of a tenant that does not exist is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv);
  await assert.rejects(
    exported(kv, "acme"),
    /There is no tenant "acme"; there are default/,
  );
});

Deno.test("an export of a store that nobody has used is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  await assert.rejects(exported(kv), /The store is empty/);
});

Deno.test("an export of a store that a newer program has written is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv);
  await kv.set(metaKey("format"), FORMAT_VERSION + 1);
  await assert.rejects(exported(kv), /reads formats up to 2/);
});

Deno.test("an export of a store that is being imported into is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv);
  await kv.set(metaKey("importing"), "");
  await assert.rejects(exported(kv), /run the import again/);
});

Deno.test("a resource of which the log does not tell is exported all the same", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.user("ada");
  for await (const { key } of kv.list({ prefix: logPrefix(TENANT) })) {
    await kv.delete(key);
  }
  const lines = await exported(kv);
  using other = await Deno.openKv(":memory:");
  await importing(other, lines);
  assert.deepEqual(await contentOf(other), await contentOf(kv));
});

Deno.test("what is about to go from a schema is not about to go after an import", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const { registries } = directory.services;
  const current = await registries.current(TENANT);
  await registries.announce(
    TENANT,
    current,
    [{ kind: "schema", uri: BADGE }],
    Date.now() + 60_000,
  );
  using other = await Deno.openKv(":memory:");
  await importing(other, await exported(kv));
  const restored = await Directory.open(other);
  const { leaving, definitions } = await inForce(restored);
  assert.deepEqual(leaving, []);
  assert.equal(definitions.schemas[0]?.definition.id, BADGE);
  await assertSound(other, TENANT);
});

/** What a test of a busy store has seen of it. */
interface Expected {
  /** Titles by the ids of users. */
  readonly titles: Map<string, unknown>;
  /** Members by the ids of groups. */
  readonly members: Map<string, Set<string>>;
}

/** What the first records of the log of a store come to. */
async function replay(kv: Deno.Kv, count: number): Promise<Expected> {
  const titles = new Map<string, unknown>();
  const members = new Map<string, Set<string>>();
  const log = await readLog(new Store(kv), TENANT, undefined, count);
  for (const { operation, resourceType, id, changes, ...record } of log) {
    const list = resourceType === "User" ? titles : members;
    if (operation === "create") {
      if (resourceType === "User") titles.set(id, undefined);
      else members.set(id, new Set());
    }
    if (operation === "delete") {
      list.delete(id);
      for (const group of members.values()) group.delete(id);
    }
    for (const { path, to } of changes) {
      if (path === "title") titles.set(id, to);
    }
    for (const member of record.members?.added ?? []) {
      members.get(id)?.add(member);
    }
    for (const member of record.members?.removed ?? []) {
      members.get(id)?.delete(member);
    }
  }
  return { titles, members };
}

/** Writes without a pause until it is told to stop. */
async function keepWriting(
  directory: Directory,
  next: () => number,
  groups: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const mine = await directory.users(10, `${name}-`);
  const any = <T>(list: readonly T[]): T | undefined =>
    list[Math.floor(next() * list.length)];
  for (let count = 0; !signal.aborted; count++) {
    const id = any(mine) ?? "";
    const group = any(groups) ?? "";
    const choice = next();
    if (choice < 0.4) {
      await directory.update(USER, id, { set: { title: `${count}` } });
    } else if (choice < 0.6) await directory.add(group, id);
    else if (choice < 0.8) await directory.remove(group, id);
    else if (choice < 0.9) {
      await directory.delete(USER, id);
      const { id: fresh } = await directory.user(`${name}+${count}`);
      mine.splice(mine.indexOf(id), 1, fresh);
    } else {
      const { id: large } = await directory.group(`${name}+${count}`, mine);
      if (next() < 0.5) await directory.delete(GROUP, large);
    }
    // Lets the export come in between, as a server between two requests does.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

Deno.test("an export of a store that is written to is its state at one moment", async () => {
  const seed = newSeed();
  console.log(`seed ${seed}`);
  const next = random(seed);
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.users(300);
  const groups = await Promise.all(
    Array.from({ length: 8 }, (_, i) => directory.group(`Group ${i}`)),
  );
  const ids = groups.map(({ id }) => id);
  const ending = new AbortController();
  const writers = Array.from(
    { length: 4 },
    (_, i) => keepWriting(directory, next, ids, `w${i}`, ending.signal),
  );
  const lines: string[] = [];
  for await (const line of exporting(kv)) {
    lines.push(line);
    if (lines.length % 20 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  ending.abort();
  await Promise.all(writers);
  using other = await Deno.openKv(":memory:");
  const { writes } = await importing(other, lines);
  await assertSound(other, TENANT);
  const total = (await directory.log()).length;
  assert.ok(writes > 308 && writes < total, `${writes} of ${total} writes`);
  const expected = await replay(kv, writes);
  const restored = await Directory.open(other);
  const { records } = await restored.find(USER, undefined, 1, 10_000);
  const titles = new Map(
    records.map(({ id, attributes }) => [id, attributes["title"]]),
  );
  assert.deepEqual(titles, expected.titles, `seed ${seed}`);
  for (const [id, members] of expected.members) {
    assert.deepEqual(
      await restored.membersOf(id),
      sorted(members),
      `seed ${seed}`,
    );
  }
});

Deno.test("an export tells a large set of members that is replaced meanwhile as a whole", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const sets = await Promise.all(
    ["a", "b"].map((prefix) => directory.users(600, prefix)),
  );
  const { id } = await directory.group("Shift", sets[0] ?? []);
  const ending = new AbortController();
  const writer = (async () => {
    for (let turn = 1; !ending.signal.aborted; turn++) {
      await directory.replaceAll(id, sets[turn % 2] ?? []);
    }
  })();
  const lines: string[] = [];
  for await (const line of exporting(kv)) {
    lines.push(line);
    const isMember = line.startsWith('{"kind":"members"');
    if (isMember) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  ending.abort();
  await writer;
  await directory.services.jobs.idle();
  using other = await Deno.openKv(":memory:");
  await importing(other, lines);
  await assertSound(other, TENANT);
  const members = await (await Directory.open(other)).membersOf(id);
  const [first = ""] = members;
  const whole = sets.find((set) => set.includes(first)) ?? [];
  assert.deepEqual(members, sorted(whole));
});
