import assert from "node:assert/strict";
import { Change } from "../../storage/change.ts";
import {
  appendLog,
  attributeChanges,
  type LogRecord,
  MAX_LOGGED_MEMBERS,
  readLog,
} from "../../storage/changelog.ts";
import { Store } from "../../storage/store.ts";
import { ENTERPRISE, noise, USER } from "./fixture.ts";

const RECORD: LogRecord = {
  at: "2026-01-01T00:00:00.000Z",
  actor: "token-1",
  operation: "patch",
  resourceType: "User",
  id: "id-1",
  changes: [],
};

async function append(store: Store, record: LogRecord): Promise<void> {
  const change = new Change();
  appendLog(change, store, "default", record);
  await store.commit(change);
}

Deno.test("readLog() reads records in the order of the commits", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  await Promise.all(
    Array.from(
      { length: 30 },
      (_, i) => append(store, { ...RECORD, id: `id-${i}` }),
    ),
  );
  const log = await readLog(store, "default", undefined, 100);
  const positions = log.map(({ position }) => position);
  assert.equal(log.length, 30);
  assert.deepEqual(positions, [...positions].sort());
});

Deno.test("readLog() goes on behind a position, a page at a time", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  for (let i = 0; i < 7; i++) await append(store, { ...RECORD, id: `${i}` });
  const ids: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await readLog(store, "default", after, 3);
    ids.push(...page.map(({ id }) => id));
    after = page.at(-1)?.position;
    if (page.length < 3) break;
  }
  assert.deepEqual(ids, ["0", "1", "2", "3", "4", "5", "6"]);
});

Deno.test("readLog() reads one tenant only", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  await append(store, RECORD);
  assert.deepEqual(await readLog(store, "defaul", undefined, 10), []);
});

Deno.test("appendLog() leaves values out when they would not fit, not the paths", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const long = noise(40_000);
  await append(store, {
    ...RECORD,
    changes: [{ path: "title", from: long, to: `${long}!` }],
    ignored: ["emial"],
  });
  const [record] = await readLog(store, "default", undefined, 1);
  assert.deepEqual(record?.changes, [{ path: "title" }]);
  assert.deepEqual(record?.ignored, ["emial"]);
});

Deno.test("appendLog() keeps to 64 KiB with all members and names that a request can have", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const ids = () =>
    Array.from({ length: MAX_LOGGED_MEMBERS }, () => crypto.randomUUID());
  const members = { added: ids(), removed: ids() };
  const ignored = Array.from({ length: 50 }, () => noise(200));
  await append(store, { ...RECORD, members, ignored });
  const [record] = await readLog(store, "default", undefined, 1);
  assert.deepEqual(record?.members, members);
});

Deno.test("appendLog() leaves out even more before a write fails for its log", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const ignored = [noise(60_000)];
  await append(store, { ...RECORD, changes: [{ path: "title" }], ignored });
  const [record] = await readLog(store, "default", undefined, 1);
  assert.deepEqual(record?.changes, [{ path: "title" }]);
  assert.equal(record?.ignored, undefined);
});

Deno.test("attributeChanges() names what differs, extensions attribute by attribute", () => {
  const before = {
    userName: "ada",
    title: "Dr",
    [ENTERPRISE]: { department: "A", division: "B" },
  };
  const after = {
    userName: "ada",
    nickName: "A",
    [ENTERPRISE]: { department: "C", division: "B" },
  };
  assert.deepEqual(attributeChanges(USER, before, after), [
    { path: "title", from: "Dr" },
    { path: `${ENTERPRISE}:department`, from: "A", to: "C" },
    { path: "nickName", to: "A" },
  ]);
});

Deno.test("attributeChanges() names the attributes of an extension that goes", () => {
  const before = { [ENTERPRISE]: { department: "A" } };
  assert.deepEqual(attributeChanges(USER, before, {}), [
    { path: `${ENTERPRISE}:department`, from: "A" },
  ]);
});

Deno.test("attributeChanges() takes the order of names for nothing", () => {
  const before = { name: { givenName: "A", familyName: "B" } };
  const after = { name: { familyName: "B", givenName: "A" } };
  assert.deepEqual(attributeChanges(USER, before, after), []);
});
