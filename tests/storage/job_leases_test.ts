/**
 * Two processes on one store never work on one job at once.
 * @module
 */

import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import { Change } from "../../storage/change.ts";
import { type Every, JobLeases } from "../../storage/job_leases.ts";
import {
  addJob,
  JOB_LEASE,
  listJobs,
  type StoredJob,
} from "../../storage/jobs.ts";
import { jobKey, memberKey, memberOfKey } from "../../storage/keys.ts";
import { MembershipJobs } from "../../storage/membership_jobs.ts";
import { Memberships } from "../../storage/memberships.ts";
import { Store } from "../../storage/store.ts";
import { UniqueValues } from "../../storage/unique_values.ts";
import { Directory, TENANT, turns } from "./fixture.ts";
import { type Call, observedKv } from "./fake_kv.ts";

/** A clock to turn, and what happens while it goes. */
class Time {
  now = Date.UTC(2026, 5, 1);
  readonly #works = new Set<() => void>();

  readonly clock = (): Date => new Date(this.now);

  readonly every: Every = (_, work) => {
    this.#works.add(work);
    return () => this.#works.delete(work);
  };

  get renewals(): number {
    return this.#works.size;
  }

  /** Lets 20 seconds go by; renewals happen, or do not because a process hangs. */
  async pass(hangs = false): Promise<void> {
    this.now += 20_000;
    if (!hangs) { for (const work of this.#works) work(); }
    await turns(20);
  }
}

/** A store that can be held up before a commit of the sweep. */
class Gate {
  commits = 0;
  isClosed = false;
  #open: () => void = () => {};
  #waiting: Promise<void> = Promise.resolve();

  close(): void {
    this.isClosed = true;
    this.#waiting = new Promise((resolve) => this.#open = resolve);
  }

  open(): void {
    this.isClosed = false;
    this.#open();
  }

  /** Holds up reads of lists, between the steps of a sweep. */
  readonly before = async (call: Call): Promise<void> => {
    if (call === "commit") this.commits++;
    if (call === "list" && this.isClosed) await this.#waiting;
  };
}

const SWEEP: StoredJob = {
  id: "job-1",
  kind: "sweepMembers",
  tenant: TENANT,
  type: "Group",
  group: "gone",
  generation: "0",
  notBefore: 0,
};

/** Two processes; the first has a job of three steps. */
async function twoProcesses(kv: Deno.Kv, time: Time, gate: Gate) {
  const other = await Directory.open(kv, { clock: time.clock });
  const edges = new Change();
  for (let i = 0; i < 250; i++) {
    edges.set(memberKey(TENANT, "gone", "0", `m${i}`), "User");
    edges.set(memberOfKey(TENANT, `m${i}`, "gone", "0"), "Group");
  }
  await new Store(kv).write(edges);
  const job = { ...SWEEP, notBefore: time.now + JOB_LEASE };
  await new Store(kv).write(addJob(new Change(), job));
  const store = new Store(observedKv(kv, gate), 600_000);
  const { registries } = other.services;
  const jobs = new MembershipJobs(
    store,
    new Memberships(store),
    registries,
    new UniqueValues(store, registries),
    time.clock,
    undefined,
    new JobLeases(store, time.clock, time.every),
  );
  return { other, jobs, job };
}

Deno.test("a job that takes longer than its lease stays with who works on it", async () => {
  using kv = await Deno.openKv(":memory:");
  const time = new Time();
  const gate = new Gate();
  const { other, jobs, job } = await twoProcesses(kv, time, gate);
  gate.close();
  const running = jobs.run(job);
  await turns(20);
  for (let i = 0; i < 12; i++) {
    await time.pass();
    assert.equal(await other.services.jobs.resume(false), 0);
  }
  const [found] = await listJobs(new Store(kv));
  assert.ok((found?.job?.notBefore ?? 0) > time.now);
  gate.open();
  assert.equal(await running, true);
  assert.equal(time.renewals, 0);
  await other.check();
});

Deno.test("a process that hangs writes nothing any more when another has its job", async () => {
  using kv = await Deno.openKv(":memory:");
  const time = new Time();
  const gate = new Gate();
  const { other, jobs, job } = await twoProcesses(kv, time, gate);
  gate.close();
  const running = jobs.run(job);
  await turns(20);
  assert.equal(await other.services.jobs.resume(false), 0);
  for (let i = 0; i < 4; i++) await time.pass(true);
  assert.equal(await other.services.jobs.resume(false), 1);
  const before = gate.commits;
  gate.open();
  assert.equal(await running, false);
  assert.equal(gate.commits, before);
  await other.check();
});

Deno.test("a process stops before its lease ends, so that two never work at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const time = new Time();
  const gate = new Gate();
  const { other, jobs, job } = await twoProcesses(kv, time, gate);
  gate.close();
  const running = jobs.run(job);
  await turns(20);
  time.now += JOB_LEASE - 10_000;
  const before = gate.commits;
  gate.open();
  assert.equal(await running, false);
  assert.equal(gate.commits, before);
  assert.equal(await other.services.jobs.resume(false), 0);
  time.now += 10_000;
  assert.equal(await other.services.jobs.resume(false), 1);
  await other.check();
});

Deno.test("of two processes that find a job one takes it", async () => {
  using kv = await Deno.openKv(":memory:");
  const time = new Time();
  const store = new Store(kv);
  await store.write(addJob(new Change(), { ...SWEEP, notBefore: 5 }));
  const [found] = await listJobs(store);
  assert.ok(found?.job !== undefined);
  const leases = new JobLeases(store, time.clock);
  const { job, versionstamp } = found;
  const taken = await Promise.all([
    leases.take(job, versionstamp),
    leases.take(job, versionstamp),
  ]);
  assert.deepEqual(
    taken.map((each) => each?.notBefore).sort(),
    [time.now + JOB_LEASE, undefined],
  );
});

Deno.test("a job that is done by another is not run again", async () => {
  using kv = await Deno.openKv(":memory:");
  const time = new Time();
  const leases = new JobLeases(new Store(kv), time.clock);
  const ran = await leases.hold(
    { ...SWEEP, notBefore: time.now },
    () => assert.fail("It ran"),
  );
  assert.equal(ran, false);
});

Deno.test("a job that fails keeps how often and why, without what errors quote", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const leases = new JobLeases(store, () => new Date());
  await store.write(addJob(new Change(), SWEEP));
  await leases.noteFailure(SWEEP, new ScimError(503, undefined, "No answer"));
  await leases.noteFailure(SWEEP, new SyntaxError('Unexpected "hunter2"'));
  const [found] = await listJobs(store);
  assert.equal(found?.job?.failures, 2);
  assert.match(found?.job?.lastError ?? "", /^SyntaxError/);
  assert.doesNotMatch(found?.job?.lastError ?? "", /hunter2/);
  await store.write(new Change().delete(jobKey(SWEEP.id)));
  await leases.noteFailure(SWEEP, new Error("late"));
  assert.deepEqual(await listJobs(store), []);
});
