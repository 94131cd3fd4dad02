import assert from "node:assert/strict";
import { Change } from "../../storage/change.ts";
import { encode } from "../../storage/codec.ts";
import { addJob, listJobs, type StoredJob } from "../../storage/jobs.ts";
import { jobKey } from "../../storage/keys.ts";
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
  const versionstamp = await store.commit(addJob(new Change(), JOB));
  assert.deepEqual(await listJobs(store), [
    { id: JOB.id, job: JOB, versionstamp },
  ]);
});

Deno.test("listJobs() names a job of a kind that the program does not know", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = new Store(kv);
  const value = encode({ kind: "somethingNew" });
  await store.commit(new Change().set(jobKey("job-1"), value));
  const [found] = await listJobs(store);
  assert.equal(found?.id, "job-1");
  assert.equal(found?.job, undefined);
});
