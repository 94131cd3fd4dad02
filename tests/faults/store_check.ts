/**
 * Looks at the file of a store beside its server: what does not fit together, and
 * which jobs are not done.
 * @module
 */

import { checkStore as check } from "../../storage/check/check.ts";
import { listJobs } from "../../storage/jobs.ts";
import { JOB_PREFIX } from "../../storage/keys.ts";
import { openKvToRead } from "../../storage/kv.ts";
import { Registries } from "../../storage/registries.ts";
import { Store } from "../../storage/store.ts";
import { findDisagreements } from "../storage/invariants.ts";
import { pause } from "./server.ts";

const TENANT = "default";

/** How long the jobs of a restarted server may take, in milliseconds. */
const JOBS_WITHIN = 60_000;

/** How many disagreements are told. */
const MAX_TOLD = 8;

/**
 * What does not fit together in a store, as the tests see it and as the product's
 * own check does; its server may be running.
 */
export async function checkStore(kvPath: string): Promise<string[]> {
  using opened = await openKvToRead(kvPath);
  const found = await findDisagreements(opened.kv, TENANT);
  const { disagreements } = await check(new Store(opened.kv));
  return [
    ...found.slice(0, MAX_TOLD).map((sentence) => `store: ${sentence}`),
    ...disagreements.slice(0, MAX_TOLD).map(({ detail }) =>
      `check-store: ${detail}`
    ),
  ];
}

/** Waits until a server has done all jobs, or for as long as they may take. */
export async function waitForJobs(kvPath: string): Promise<void> {
  using opened = await openKvToRead(kvPath);
  const store = new Store(opened.kv);
  for (const end = Date.now() + JOBS_WITHIN; Date.now() < end;) {
    const jobs = await store.listAll({ prefix: JOB_PREFIX }, 1);
    const { definitions } = await new Registries(store).current(TENANT);
    if (jobs.length === 0 && definitions.incomplete.length === 0) return;
    await pause(50);
  }
}

/** How many jobs of each kind a stopped server has left; looks at a copy. */
export async function jobsLeft(
  kvPath: string,
): Promise<ReadonlyMap<string, number>> {
  const folder = await Deno.makeTempDir({ prefix: "scim-faults-" });
  const copy = `${folder}/copy.db`;
  // To open the store itself would recover it, which is the server's to do.
  for (const end of ["", "-wal"]) {
    await Deno.copyFile(kvPath + end, copy + end);
  }
  const left = new Map<string, number>();
  {
    using opened = await openKvToRead(copy);
    for (const { job } of await listJobs(new Store(opened.kv))) {
      const kind = job?.kind ?? "unknown";
      left.set(kind, (left.get(kind) ?? 0) + 1);
    }
  }
  await Deno.remove(folder, { recursive: true });
  return left;
}
