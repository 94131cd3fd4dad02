import assert from "node:assert/strict";
import { Change } from "../../storage/change.ts";
import { encode } from "../../storage/codec.ts";
import {
  addJob,
  IDS_PER_PART,
  listJobs,
  orphanedParts,
  partsOf,
  readPart,
  type StoredJob,
} from "../../storage/jobs.ts";
import { jobKey, jobPartKey } from "../../storage/keys.ts";
import { Store } from "../../storage/store.ts";

const JOB: StoredJob = {
  id: "job-1",
  kind: "sweepMemberOf",
  tenant: "default",
  member: "id-1",
  notBefore: 5,
};

Deno.test("listJobs() gives back what addJob() stored", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  await store.commit(addJob(new Change(), JOB));
  assert.deepEqual(await listJobs(store), [JOB]);
});

Deno.test("listJobs() refuses a job of a kind that the program does not know", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const value = encode({ kind: "somethingNew" });
  await store.commit(new Change().set(jobKey("job-1"), value));
  await assert.rejects(listJobs(store));
});

Deno.test("partsOf() cuts a list into parts that fit under one key", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const ids = Array.from(
    { length: 2 * IDS_PER_PART + 1 },
    () => crypto.randomUUID(),
  );
  const parts = partsOf(ids);
  for (const [number, part] of parts.entries()) {
    const key = jobPartKey("job-1", number);
    await store.commit(new Change().set(key, encode(part)));
    assert.deepEqual(await readPart(store, "job-1", number), part);
  }
  assert.equal(parts.length, 3);
  assert.deepEqual(parts.flat(), ids);
});

Deno.test("readPart() finds nothing in a part that is not there", async () => {
  using kv = await Deno.openKv(":memory:");
  assert.deepEqual(await readPart(new Store(kv), "job-1", 0), []);
});

Deno.test("orphanedParts() names the parts without a job", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const value = encode([]);
  await store.commit(
    addJob(new Change(), JOB).set(jobPartKey("job-1", 0), value)
      .set(jobPartKey("job-2", 0), value),
  );
  assert.deepEqual(await orphanedParts(store), [jobPartKey("job-2", 0)]);
});
