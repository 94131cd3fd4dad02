import assert from "node:assert/strict";
import { Change } from "../../storage/change.ts";
import { encode } from "../../storage/codec.ts";
import { addJob, JOB_LEASE, type StoredJob } from "../../storage/jobs.ts";
import { jobKey, memberKey, memberOfKey } from "../../storage/keys.ts";
import { FIRST_GENERATION } from "../../storage/records.ts";
import { Directory, GROUP, sorted, TENANT, USER } from "./fixture.ts";
import { Mortal, observedKv } from "./fake_kv.ts";

/**
 * Lets a process die at each of its commits in turn, before and behind it, until
 * it lives to the end. After each death the next start must find all in order,
 * and the group as it was before or as it should be.
 *
 * @returns how many deaths there were
 */
async function dieEverywhere(
  kv: Deno.Kv,
  prepare: (directory: Directory) => Promise<string>,
  work: (directory: Directory, id: string) => Promise<unknown>,
  states: (id: string) => readonly (readonly string[] | undefined)[],
): Promise<number> {
  let deaths = 0;
  for (const carriedOut of [false, true]) {
    for (let commit = 0;; commit++) {
      const where = `dies ${carriedOut ? "behind" : "before"} commit ${commit}`;
      const id = await prepare(await Directory.open(kv));
      const mortal = new Mortal({ commit, carriedOut });
      const dying = await Directory.open(observedKv(kv, mortal));
      await work(dying, id).catch(() => {});
      await dying.services.jobs.idle();
      const next = await Directory.open(kv, { exclusive: true });
      await next.check(where);
      const exists = await next.get(GROUP, id) !== undefined;
      const members = exists ? await next.membersOf(id) : undefined;
      const allowed = states(id).map(String);
      assert.ok(allowed.includes(String(members)), `${where}: ${members}`);
      if (exists) await next.delete(GROUP, id);
      await next.services.jobs.idle();
      if (!mortal.dead) break;
      deaths++;
    }
  }
  return deaths;
}

/** A store with users; ids sorted. */
async function withUsers(kv: Deno.Kv, count: number): Promise<string[]> {
  return sorted(await (await Directory.open(kv)).users(count));
}

Deno.test("a group whose large set a crash cuts off is there with all members or not at all", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await withUsers(kv, 450);
  let made = 0;
  const deaths = await dieEverywhere(
    kv,
    () => Promise.resolve(""),
    (directory) => directory.group(`Sales ${made++}`, ids),
    () => [undefined],
  );
  const directory = await Directory.open(kv, { exclusive: true });
  const { records } = await directory.find(GROUP, undefined);
  for (const { id } of records) {
    assert.deepEqual(await directory.membersOf(id), ids);
  }
  assert.ok(deaths >= 10);
  assert.ok(records.length >= 2);
});

Deno.test("a crash leaves the old set of members or the new one", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await withUsers(kv, 500);
  const [before, after] = [ids.slice(0, 250), ids.slice(200)];
  const deaths = await dieEverywhere(
    kv,
    async (directory) => (await directory.group("Sales", before)).id,
    (directory, id) => directory.replaceAll(id, after),
    () => [before, after],
  );
  assert.ok(deaths >= 10);
});

Deno.test("a large addition that has begun is finished after a crash", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await withUsers(kv, 450);
  const deaths = await dieEverywhere(
    kv,
    async (directory) => (await directory.group("Sales", [])).id,
    (directory, id) => directory.add(id, ...ids),
    () => [[], ids],
  );
  assert.ok(deaths >= 10);
});

Deno.test("a large removal that has begun is finished after a crash", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await withUsers(kv, 460);
  const deaths = await dieEverywhere(
    kv,
    async (directory) => (await directory.group("Sales", ids)).id,
    (directory, id) => directory.remove(id, ...ids.slice(10)),
    () => [ids, ids.slice(0, 10)],
  );
  assert.ok(deaths >= 8);
});

Deno.test("adding some members is finished after a crash", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await withUsers(kv, 20);
  const deaths = await dieEverywhere(
    kv,
    async (directory) => (await directory.group("Sales", [])).id,
    (directory, id) => directory.add(id, ...ids),
    () => [[], ids],
  );
  assert.ok(deaths >= 3);
});

Deno.test("a group that was deleted leaves nothing behind after a crash", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await withUsers(kv, 450);
  for (const members of [ids.slice(0, 3), ids]) {
    const deaths = await dieEverywhere(
      kv,
      async (directory) => (await directory.group("Sales", members)).id,
      (directory, id) => directory.delete(GROUP, id),
      () => [members, undefined],
    );
    assert.ok(deaths >= 5);
  }
});

Deno.test("a user of many groups who was deleted leaves nothing behind after a crash", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const groups = await Promise.all(
    Array.from({ length: 260 }, (_, i) => directory.group(`g${i}`)),
  );
  let made = 0;
  const deaths = await dieEverywhere(
    kv,
    async (opened) => {
      const { id } = await opened.user(`user${made++}`);
      await Promise.all(groups.map((group) => opened.add(group.id, id)));
      return id;
    },
    (opened, id) => opened.delete(USER, id),
    () => [undefined],
  );
  assert.ok(deaths >= 5);
});

Deno.test("a member that is deleted while a process dies adding it is taken out", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const kept = await directory.users(6);
  for (let commit = 0; commit < 2; commit++) {
    const gone = await directory.user("gone");
    const group = await directory.group(`g${commit}`);
    const mortal = new Mortal({ commit, carriedOut: true });
    // The user goes after it was looked up and before it is added.
    const dying = await Directory.open(observedKv(kv, {
      before: async (call) => {
        mortal.before(call);
        if (call === "commit") await directory.delete(USER, gone.id);
      },
      after: (call) => mortal.after(call),
    }));
    await dying.add(group.id, ...kept, gone.id).catch(() => {});
    assert.ok(mortal.dead);
    const next = await Directory.open(kv, { exclusive: true });
    assert.deepEqual(await next.membersOf(group.id), sorted(kept));
    await next.check();
  }
});

Deno.test("a crash behind the deletion of a member leaves nothing of a group that was deleted meanwhile", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const user = await directory.user("ann");
  const group = await directory.group("Sales", [user.id]);
  const mortal = new Mortal({ commit: 0, carriedOut: true });
  let isFirst = true;
  const dying = await Directory.open(observedKv(kv, {
    before: async (call) => {
      mortal.before(call);
      if (call === "commit" && isFirst) {
        isFirst = false;
        await directory.delete(GROUP, group.id);
      }
    },
    after: (call) => mortal.after(call),
  }));
  await dying.delete(USER, user.id).catch(() => {});
  assert.ok(mortal.dead);
  const next = await Directory.open(kv, { exclusive: true });
  await next.check();
});

Deno.test("a set that takes minutes to be written is not swept away by who looks for jobs", async () => {
  using kv = await Deno.openKv(":memory:");
  const ids = await withUsers(kv, 6_000);
  let now = Date.parse("2026-06-01T08:00:00Z");
  let looks = 0;
  const clock = () => new Date(now);
  const other = await Directory.open(kv, { clock });
  const slow = await Directory.open(
    observedKv(kv, {
      after: async (call) => {
        if (call !== "commit") return;
        now += 4_900;
        looks++;
        await other.services.jobs.resume(false);
      },
    }),
    { clock },
  );
  const group = await slow.group("Everybody", ids);
  assert.ok(looks * 4_900 > JOB_LEASE);
  await slow.services.jobs.idle();
  await other.services.jobs.idle();
  assert.equal((await other.membersOf(group.id)).length, ids.length);
});

Deno.test("resume() leaves a new job to its maker, unless nobody else writes", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { store, jobs } = directory.services;
  const job: StoredJob = {
    id: "job-1",
    kind: "sweepMemberOf",
    tenant: TENANT,
    member: "gone",
    notBefore: Date.now() + 60_000,
  };
  await store.commit(addJob(new Change(), job));
  assert.equal(await jobs.resume(false), 0);
  assert.equal(await jobs.resume(true), 1);
  await jobs.idle();
  await directory.check();
});

Deno.test("a sweep spares the generation that is in force", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = sorted(await directory.users(3));
  const group = await directory.group("Sales", ids);
  await directory.services.jobs.run({
    id: "job-1",
    kind: "sweepMembers",
    tenant: TENANT,
    type: "Group",
    group: group.id,
    generation: FIRST_GENERATION,
    notBefore: 0,
  });
  assert.deepEqual(await directory.membersOf(group.id), ids);
  await directory.check();
});

Deno.test("jobs of a group that is gone end without a trace", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [id = ""] = await directory.users(1);
  const about = {
    tenant: TENANT,
    type: "Group",
    group: crypto.randomUUID(),
    generation: FIRST_GENERATION,
    notBefore: 0,
  };
  const { jobs } = directory.services;
  await jobs.run({ id: "job-2", kind: "dropVanished", ...about });
  await kv.set(memberKey(TENANT, about.group, "0", id), "User");
  await kv.set(memberOfKey(TENANT, id, about.group, "0"), "Group");
  await jobs.run({ id: "job-3", kind: "sweepMembers", ...about });
  await directory.check();
});

Deno.test("a job that fails in the background troubles nobody and is left to the next start", async () => {
  using kv = await Deno.openKv(":memory:");
  const mortal = new Mortal({ commit: 1e9, carriedOut: false });
  const directory = await Directory.open(observedKv(kv, mortal));
  const ids = await directory.users(300);
  const { id } = await directory.group("Sales", ids);
  await directory.delete(GROUP, id);
  mortal.dead = true;
  await directory.services.jobs.idle();
  const next = await Directory.open(kv, { exclusive: true });
  await next.check();
});

Deno.test("resume() reports a job that it cannot read and goes on with the others", async () => {
  using kv = await Deno.openKv(":memory:");
  const reports: string[] = [];
  const directory = await Directory.open(kv, {
    report: (event) => reports.push(event),
  });
  await kv.set(jobKey("a"), encode({ kind: "somethingNew" }));
  const known = {
    kind: "sweepMemberOf",
    tenant: TENANT,
    member: crypto.randomUUID(),
    notBefore: 0,
  };
  await kv.set(jobKey("b"), encode(known));
  assert.equal(await directory.services.jobs.resume(false), 1);
  await directory.services.jobs.idle();
  assert.deepEqual(reports, ["unknown job"]);
  assert.equal((await kv.get(jobKey("b"))).value, null);
});

Deno.test("a deletion that was committed is one, though the work behind it fails", async () => {
  using kv = await Deno.openKv(":memory:");
  const reports: string[] = [];
  let commits = -1e9;
  const full = new TypeError("database or disk is full");
  const directory = await Directory.open(
    observedKv(kv, {
      before: (call) => {
        if (call === "commit" && ++commits > 1) throw full;
      },
    }),
    { report: (event) => reports.push(event) },
  );
  const user = await directory.user("ann");
  for (let i = 0; i < 160; i++) await directory.group(`g${i}`, [user.id]);
  commits = 0;
  assert.equal(await directory.delete(USER, user.id), true);
  assert.ok(reports.includes("job failed"));
  const next = await Directory.open(kv, { exclusive: true });
  await next.services.jobs.idle();
  await next.check();
});
