/**
 * Work that does not fit one commit. A job is stored before its first step; its
 * steps can be repeated; the next start finishes what a crash cut off.
 * @module
 */

import { z } from "zod";
import type { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { JOB_PART_PREFIX, JOB_PREFIX, jobKey, jobPartKey } from "./keys.ts";
import type { Entry, Store } from "./store.ts";

const job = z.discriminatedUnion("kind", [
  z.object({
    /** Deletes the edges of one generation, unless it is the one in force. */
    kind: z.literal("sweepMembers"),
    tenant: z.string(),
    type: z.string(),
    group: z.string(),
    generation: z.string(),
    /** Milliseconds since 1970 before which a maker may still be at work. */
    notBefore: z.number(),
  }),
  z.object({
    /** Deletes the memberships of a resource that is gone. */
    kind: z.literal("sweepMemberOf"),
    tenant: z.string(),
    member: z.string(),
    notBefore: z.number(),
  }),
  z.object({
    /** Adds and removes members, in steps, behind one PATCH. */
    kind: z.literal("changeMembers"),
    tenant: z.string(),
    type: z.string(),
    group: z.string(),
    generation: z.string(),
    /** How many parts of the plan add, and how many behind them remove. */
    addParts: z.number(),
    removeParts: z.number(),
    notBefore: z.number(),
  }),
  z.object({
    /** Takes members out again that were deleted while they were added. */
    kind: z.literal("dropVanished"),
    tenant: z.string(),
    type: z.string(),
    group: z.string(),
    generation: z.string(),
    notBefore: z.number(),
  }),
  z.object({
    /** Enters the names of all groups as unique values, or takes them out. */
    kind: z.literal("settleGroupNames"),
    tenant: z.string(),
    notBefore: z.number(),
  }),
]);

/** A job. */
export type Job = z.infer<typeof job>;

/** A job and the id that it is stored under. */
export type StoredJob = Job & { readonly id: string };

/** A stored job of one kind. */
export type JobOf<K extends Job["kind"]> = StoredJob & { readonly kind: K };

/** How many ids stand in one part of a plan: 37 bytes each, below 64 KiB. */
export const IDS_PER_PART = 1_000;

/** How long another process leaves a new job to its maker, in milliseconds. */
export const JOB_LEASE = 60_000;

/** Adds a job to a commit. */
export function addJob(change: Change, { id, ...content }: StoredJob): Change {
  return change.set(jobKey(id), encode(content));
}

/** All jobs that are not done. */
export async function listJobs(store: Store): Promise<StoredJob[]> {
  const entries = await store.listAll({ prefix: JOB_PREFIX });
  return entries.map((entry: Entry) => ({
    ...job.parse(decode(entry.value)),
    id: String(entry.key.at(-1)),
  }));
}

/** Reads a part of a plan. */
export async function readPart(
  store: Store,
  id: string,
  part: number,
): Promise<string[]> {
  const entry = await store.get(jobPartKey(id, part));
  return entry.versionstamp === null
    ? []
    : z.array(z.string()).parse(decode(entry.value));
}

/** Cuts a list of ids into the parts of a plan. */
export function partsOf(ids: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let i = 0; i < ids.length; i += IDS_PER_PART) {
    parts.push(ids.slice(i, i + IDS_PER_PART));
  }
  return parts;
}

/** The parts of plans whose job was never stored, or is done. */
export async function orphanedParts(store: Store): Promise<Deno.KvKey[]> {
  const jobs = new Set((await listJobs(store)).map(({ id }) => id));
  const parts = await store.listAll({ prefix: JOB_PART_PREFIX });
  return parts.map((entry) => entry.key)
    .filter((key) => !jobs.has(String(key[1])));
}
