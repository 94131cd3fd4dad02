/**
 * Carries out the jobs that memberships need, in steps that can be repeated.
 * @module
 */

import type { Registry } from "../domain/registry.ts";
import { Change } from "./change.ts";
import { retrying } from "./concurrency.ts";
import {
  jobKey,
  jobPartKey,
  memberKey,
  memberOfKey,
  memberPrefix,
  membershipModifiedKey,
  membershipVersionKey,
  resourceKey,
} from "./keys.ts";
import {
  type Job,
  listJobs,
  orphanedParts,
  readPart,
  type StoredJob,
} from "./jobs.ts";
import type { Memberships, UpwardEdge } from "./memberships.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import type { Store } from "./store.ts";

/** How many edges one step writes or deletes. */
export const EDGES_PER_STEP = 400;

/** How many groups one step of a member's removal touches. */
const GROUPS_PER_STEP = 100;

type JobOf<K extends Job["kind"]> = StoredJob & { readonly kind: K };

/** Runs jobs; the ones of this process and, after a crash, those left behind. */
export class MembershipJobs {
  readonly #store: Store;
  readonly #memberships: Memberships;
  readonly #registry: Registry;
  readonly #clock: () => Date;
  readonly #running = new Set<Promise<void>>();

  constructor(
    store: Store,
    memberships: Memberships,
    registry: Registry,
    clock: () => Date,
  ) {
    this.#store = store;
    this.#memberships = memberships;
    this.#registry = registry;
    this.#clock = clock;
  }

  /** Runs a job to its end. */
  async run(job: StoredJob): Promise<void> {
    switch (job.kind) {
      case "sweepMembers":
        await this.#sweepMembers(job);
        return;
      case "sweepMemberOf":
        await this.#sweepMemberOf(job);
        return;
      case "changeMembers":
        await this.#changeMembers(job);
        return;
    }
  }

  /** Runs a job without keeping anybody waiting. A failure leaves it to `resume`. */
  runLater(job: StoredJob): void {
    const running: Promise<void> = this.run(job).catch(() => {}).finally(() =>
      this.#running.delete(running)
    );
    this.#running.add(running);
  }

  /** Ends when no job of this process is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /**
   * Finishes what a crash has cut off.
   *
   * @param exclusive nobody else writes to the store, so that leases do not count
   * @returns how many jobs were finished
   */
  async resume(exclusive: boolean): Promise<number> {
    let finished = 0;
    for (const job of await listJobs(this.#store)) {
      if (!exclusive && job.notBefore > this.#clock().getTime()) continue;
      await this.run(job);
      finished++;
    }
    if (exclusive) {
      for (const key of await orphanedParts(this.#store)) {
        await this.#store.commit(new Change().delete(key));
      }
    }
    return finished;
  }

  async #sweepMembers(job: JobOf<"sweepMembers">): Promise<void> {
    const { tenant, group, generation } = job;
    const record = await this.#record(tenant, job.type, group);
    if (record?.generation !== generation) {
      const prefix = memberPrefix(tenant, group, generation);
      for (;;) {
        const edges = await this.#store.listAll({ prefix }, EDGES_PER_STEP);
        if (edges.length === 0) break;
        const change = new Change();
        const ids = edges.map((entry) => String(entry.key.at(-1)));
        this.#memberships.removeEdges(change, tenant, group, generation, ids);
        await this.#store.commit(change);
      }
    }
    const end = new Change().delete(jobKey(job.id));
    if (record === undefined) {
      end.delete(membershipVersionKey(tenant, group))
        .delete(membershipModifiedKey(tenant, group));
    }
    await this.#store.commit(end);
  }

  async #sweepMemberOf(job: JobOf<"sweepMemberOf">): Promise<void> {
    const { tenant, member } = job;
    for (;;) {
      const edges = await this.#memberships.memberOf(
        tenant,
        member,
        GROUPS_PER_STEP,
      );
      if (edges.length === 0) break;
      const change = new Change();
      await this.removeUpward(change, tenant, member, edges);
      await this.#store.commit(change);
    }
    await this.#store.commit(new Change().delete(jobKey(job.id)));
  }

  /** Adds the end of upward edges to a commit, and a new version for each group. */
  async removeUpward(
    change: Change,
    tenant: string,
    member: string,
    edges: readonly UpwardEdge[],
  ): Promise<void> {
    const groups = await this.#store.getMany(
      edges.map((edge) => resourceKey(tenant, edge.type, edge.id)),
    );
    const now = this.#clock();
    edges.forEach(({ id, generation }, index) => {
      change.delete(memberKey(tenant, id, generation, member));
      change.delete(memberOfKey(tenant, member, id, generation));
      const entry = groups[index];
      const record = entry === undefined ? undefined : decodeRecord(entry);
      if (record?.generation === generation) {
        this.#memberships.touch(change, tenant, id, now);
      }
    });
  }

  /** Takes away what a commit noted for groups that were deleted meanwhile. */
  async forgetVanished(
    tenant: string,
    edges: readonly UpwardEdge[],
  ): Promise<void> {
    const groups = await this.#store.getMany(
      edges.map((edge) => resourceKey(tenant, edge.type, edge.id)),
    );
    const gone = groups.filter((entry) => entry.versionstamp === null);
    if (gone.length === 0) return;
    const change = new Change();
    for (const { key } of gone) {
      change.delete(membershipVersionKey(tenant, String(key.at(-1))));
      change.delete(membershipModifiedKey(tenant, String(key.at(-1))));
    }
    await this.#store.commit(change);
  }

  async #changeMembers(job: JobOf<"changeMembers">): Promise<void> {
    for (let part = 0; part < job.addParts + job.removeParts; part++) {
      const ids = await readPart(this.#store, job.id, part);
      for (let i = 0; i < ids.length; i += EDGES_PER_STEP) {
        const some = ids.slice(i, i + EDGES_PER_STEP);
        await this.#changeSome(job, some, part < job.addParts);
      }
    }
    const end = new Change().delete(jobKey(job.id));
    for (let part = 0; part < job.addParts + job.removeParts; part++) {
      end.delete(jobPartKey(job.id, part));
    }
    await this.#store.commit(end);
  }

  /** One step; nothing to do if the group is gone or has a new set of members. */
  async #changeSome(
    { tenant, type, group, generation }: JobOf<"changeMembers">,
    ids: readonly string[],
    adds: boolean,
  ): Promise<void> {
    const groupType = this.#registry.byName(type);
    if (groupType === undefined) return;
    await retrying(async () => {
      const record = await this.#record(tenant, type, group);
      if (record?.generation !== generation) return true;
      const change = new Change().check(
        resourceKey(tenant, type, group),
        record.versionstamp,
      );
      if (adds) {
        const members = await this.#memberships.existing(
          tenant,
          groupType,
          ids,
        );
        this.#memberships.addEdges(
          change,
          tenant,
          groupType,
          group,
          generation,
          members,
        );
      } else {
        this.#memberships.removeEdges(change, tenant, group, generation, ids);
      }
      this.#memberships.touch(change, tenant, group, this.#clock());
      return await this.#store.commit(change) === undefined ? undefined : true;
    });
  }

  async #record(
    tenant: string,
    type: string,
    id: string,
  ): Promise<ResourceRecord | undefined> {
    return decodeRecord(await this.#store.get(resourceKey(tenant, type, id)));
  }
}
