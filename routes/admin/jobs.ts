/**
 * The jobs that are not done, in the admin API.
 * @module
 */

import { Hono } from "hono";
import { type FoundJob, listJobs, type StoredJob } from "../../storage/jobs.ts";
import type { Services } from "../services.ts";

/** How many jobs one answer lists. */
const MAX_LISTED = 1_000;

/** A job as the admin API shows it. */
interface ShownJob {
  readonly id: string;
  /** `unknown` for one that cannot be read. */
  readonly kind: string;
  readonly tenant: string | null;
  /** What it does, in one sentence. */
  readonly about: string;
  readonly createdAt: string | null;
  /** Until when it belongs to who works on it; null: anybody may take it. */
  readonly heldUntil: string | null;
  readonly failures: number;
  readonly lastError: string | null;
}

/** Builds `/jobs`. */
export function jobRoutes({ store, clock }: Services): Hono {
  const app = new Hono();
  app.get("/", async (c) => {
    const jobs = await listJobs(store);
    const now = clock();
    return c.json({
      jobs: jobs.slice(0, MAX_LISTED).map((found) => shownJob(found, now)),
      more: Math.max(0, jobs.length - MAX_LISTED),
    });
  });
  return app;
}

function shownJob({ id, job }: FoundJob, now: Date): ShownJob {
  return {
    id,
    kind: job?.kind ?? "unknown",
    tenant: job?.tenant ?? null,
    about: job === undefined
      ? "Cannot be read; a newer version of edge-scim may have stored it"
      : aboutOf(job),
    createdAt: job?.createdAt ?? null,
    heldUntil: job === undefined || job.notBefore <= now.getTime()
      ? null
      : new Date(job.notBefore).toISOString(),
    failures: job?.failures ?? 0,
    lastError: job?.lastError ?? null,
  };
}

function aboutOf(job: StoredJob): string {
  switch (job.kind) {
    case "sweepMembers":
      return `Deletes the memberships of ${job.type} ${job.group} that are not ` +
        `in force (set ${job.generation})`;
    case "sweepMemberOf":
      return `Deletes the memberships of ${job.member}, which was deleted`;
    case "dropVanished":
      return `Looks whether new members of ${job.type} ${job.group} were ` +
        "deleted meanwhile";
    case "settleUnique":
      return `Enters the values of ${job.attribute} as unique ones, or takes ` +
        "them out";
    case "keepLeaving":
      return "Takes back what was announced to go, unless it has gone";
    case "deleteTenant":
      return `Deletes the tenant ${job.tenant} with all that belongs to it`;
  }
}
