/**
 * Work that does not fit one commit. A job is stored before its first step; its
 * steps can be repeated; the next start finishes what a crash cut off.
 * @module
 */

import { z } from "zod";
import { storedSchema } from "../domain/schema/read.ts";
import type { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { JOB_PREFIX, jobKey } from "./keys.ts";
import type { MaybeEntry, Store } from "./store.ts";

/** What every job has. */
const common = {
  tenant: z.string(),
  /** Milliseconds since 1970 until when it belongs to who works on it. */
  notBefore: z.number(),
  /** When it was stored, in ISO 8601; older programs did not say. */
  createdAt: z.string().optional(),
  /** How often it has failed. */
  failures: z.number().optional(),
  /** Why it failed the last time. */
  lastError: z.string().optional(),
};

const job = z.discriminatedUnion("kind", [
  z.object({
    /** Deletes the edges of one generation, unless it is the one in force. */
    kind: z.literal("sweepMembers"),
    type: z.string(),
    group: z.string(),
    generation: z.string(),
    ...common,
  }),
  z.object({
    /** Deletes the memberships of a resource that is gone. */
    kind: z.literal("sweepMemberOf"),
    member: z.string(),
    /** Groups that the deletion has touched, and that may be gone themselves. */
    touched: z.array(
      z.object({ id: z.string(), type: z.string(), generation: z.string() }),
    ).optional(),
    ...common,
  }),
  z.object({
    /** Takes members out again that were deleted while they were added. */
    kind: z.literal("dropVanished"),
    type: z.string(),
    group: z.string(),
    generation: z.string(),
    ...common,
  }),
  z.object({
    /** Enters the values of an attribute as unique ones, or takes them out. */
    kind: z.literal("settleUnique"),
    /** The name of the attribute, with the URI of its schema. */
    attribute: z.string(),
    /** The schema that comes into force when they are entered. */
    next: storedSchema.optional(),
    /** Whether resources must have it then; undefined: as before. */
    required: z.boolean().optional(),
    ...common,
  }),
  z.object({
    /** Lets stay what was about to go. */
    kind: z.literal("keepLeaving"),
    ...common,
  }),
  z.object({
    /** Deletes the tenant with all that belongs to it. */
    kind: z.literal("deleteTenant"),
    ...common,
  }),
]);

/** A job. */
export type Job = z.infer<typeof job>;

/** A job and the id that it is stored under. */
export type StoredJob = Job & { readonly id: string };

/** A stored job of one kind. */
export type JobOf<K extends Job["kind"]> = StoredJob & { readonly kind: K };

/** How long another process leaves a new job to its maker, in milliseconds. */
export const JOB_LEASE = 60_000;

/** Adds a job to a commit. */
export function addJob(change: Change, { id, ...content }: StoredJob): Change {
  return change.set(jobKey(id), encode(content));
}

/** A job as it was found, or a word on why it cannot be read. */
export interface FoundJob {
  readonly id: string;
  readonly job: StoredJob | undefined;
  readonly versionstamp: string;
}

/** All jobs that are not done, with those that cannot be read. */
export async function listJobs(store: Store): Promise<FoundJob[]> {
  const entries = await store.listAll({ prefix: JOB_PREFIX });
  return entries.map((entry) => ({
    id: String(entry.key.at(-1)),
    job: readJob(entry),
    versionstamp: entry.versionstamp,
  }));
}

/**
 * A stored job; undefined when there is none, or one that cannot be read because
 * a newer program has stored it or it is damaged.
 */
export function readJob(
  { key, value, versionstamp }: MaybeEntry,
): StoredJob | undefined {
  if (versionstamp === null) return undefined;
  try {
    const { data } = job.safeParse(decode(value));
    return data && { ...data, id: String(key.at(-1)) };
  } catch {
    return undefined;
  }
}
