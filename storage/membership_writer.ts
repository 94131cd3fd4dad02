/**
 * Writes memberships of any number. A few hundred edges are part of the commit;
 * a whole new set of more is written aside and comes into force with the commit;
 * a large addition is planned by the commit and carried out behind it.
 * @module
 */

import type { ResourceType } from "../domain/schema/compile.ts";
import { Change } from "./change.ts";
import { encode } from "./codec.ts";
import { jobKey, jobPartKey } from "./keys.ts";
import { addJob, JOB_LEASE, partsOf, type StoredJob } from "./jobs.ts";
import { EDGES_PER_STEP, type MembershipJobs } from "./membership_jobs.ts";
import type { Edge, Memberships } from "./memberships.ts";
import { FIRST_GENERATION, type ResourceRecord } from "./records.ts";
import type { Store } from "./store.ts";

/** How many edges a deletion removes at once, in each direction. */
const EDGES_PER_DELETION = 150;

/** A set of members that is in force from the first moment of a resource. */
export interface NewSet {
  readonly tenant: string;
  readonly type: ResourceType;
  readonly group: string;
  readonly members: readonly Edge[];
  /** Adds the record, with the generation of its members, to the commit. */
  readonly rewrite: (generation: string) => void;
}

/** Members that come and go. */
export interface Movement {
  readonly tenant: string;
  readonly type: ResourceType;
  readonly record: ResourceRecord;
  readonly added: readonly Edge[];
  readonly removed: readonly string[];
  /** All members afterwards, when they are replaced as a whole. */
  readonly all: readonly Edge[] | undefined;
  /** Whether the record changes in any case. */
  readonly rewrites: boolean;
  /** Adds the record, with the generation of its members, to the commit. */
  readonly rewrite: (generation: string) => void;
}

/** A commit that has happened. */
export interface Committed {
  readonly versionstamp: string;
  /** Which set of edges is in force now. */
  readonly generation: string;
}

/** What a membership writer needs from outside. */
export interface MembershipWriterOptions {
  readonly store: Store;
  readonly memberships: Memberships;
  readonly jobs: MembershipJobs;
  readonly clock: () => Date;
  readonly newId: () => string;
}

/** Commits changes together with the edges that belong to them. */
export class MembershipWriter {
  readonly #options: MembershipWriterOptions;

  constructor(options: MembershipWriterOptions) {
    this.#options = options;
  }

  /** @returns undefined when the commit failed; then nothing is in force. */
  async commitNewSet(
    change: Change,
    { tenant, type, group, members, rewrite }: NewSet,
  ): Promise<Committed | undefined> {
    if (members.length > EDGES_PER_STEP) {
      return await this.#commitAside(
        change,
        tenant,
        type,
        group,
        members,
        rewrite,
      );
    }
    const { memberships } = this.#options;
    rewrite(FIRST_GENERATION);
    memberships.addEdges(
      change,
      tenant,
      type,
      group,
      FIRST_GENERATION,
      members,
    );
    return await this.#commit(change, FIRST_GENERATION);
  }

  /** @returns undefined when the commit failed; then nothing is in force. */
  async commitMovement(
    change: Change,
    movement: Movement,
  ): Promise<Committed | undefined> {
    const { tenant, type, record, added, removed, all, rewrites, rewrite } =
      movement;
    const { generation, id: group } = record;
    if (added.length + removed.length > EDGES_PER_STEP) {
      if (all === undefined) return await this.#commitPlan(change, movement);
      const old = this.#sweep(tenant, type, group, generation);
      addJob(change, old);
      const done = await this.#commitAside(
        change,
        tenant,
        type,
        group,
        all,
        rewrite,
      );
      if (done !== undefined) {
        this.#options.jobs.runLater(old);
      }
      return done;
    }
    const { memberships } = this.#options;
    if (rewrites) rewrite(generation);
    memberships.addEdges(change, tenant, type, group, generation, added);
    memberships.removeEdges(change, tenant, group, generation, removed);
    return await this.#commit(change, generation);
  }

  /**
   * Adds the end of all memberships of a deleted resource to its commit.
   *
   * @returns what is left to do behind the commit
   */
  async addRemovals(
    change: Change,
    tenant: string,
    type: ResourceType,
    record: ResourceRecord,
  ): Promise<() => Promise<void>> {
    const { memberships, jobs, clock, newId } = this.#options;
    const { id, generation } = record;
    const limit = EDGES_PER_DELETION + 1;
    const upward = await memberships.memberOf(tenant, id, limit);
    const upwardJob: StoredJob = {
      id: newId(),
      kind: "sweepMemberOf",
      tenant,
      member: id,
      notBefore: clock().getTime() + JOB_LEASE,
    };
    const manyUpward = upward.length > EDGES_PER_DELETION;
    if (manyUpward) addJob(change, upwardJob);
    else await jobs.removeUpward(change, tenant, id, upward);

    const downward = type.members === undefined
      ? []
      : await memberships.members(tenant, record, limit);
    const downwardJob = this.#sweep(tenant, type, id, generation);
    const manyDownward = downward.length > EDGES_PER_DELETION;
    if (manyDownward) addJob(change, downwardJob);
    else {
      const ids = downward.map((edge) => edge.id);
      memberships.removeEdges(change, tenant, id, generation, ids);
    }
    // A writer may have added edges between the look and the commit.
    return async () => {
      if (
        manyUpward || (await memberships.memberOf(tenant, id, 1)).length > 0
      ) {
        await jobs.run(upwardJob);
      }
      await jobs.forgetVanished(tenant, upward);
      if (type.members === undefined) return;
      if (manyDownward) jobs.runLater(downwardJob);
      else if ((await memberships.members(tenant, record, 1)).length > 0) {
        await jobs.run(downwardJob);
      }
    };
  }

  /**
   * Takes members out again that were deleted while they were added: a commit can
   * check a few of them only, so that many are looked at once more behind it.
   */
  async dropVanished(
    tenant: string,
    type: ResourceType,
    group: string,
    generation: string,
    members: readonly Edge[],
  ): Promise<void> {
    const { store, memberships, clock } = this.#options;
    const ids = members.map((edge) => edge.id);
    const existing = await memberships.existing(tenant, type, ids);
    const alive = new Set(existing.map((edge) => edge.id));
    const vanished = ids.filter((id) => !alive.has(id));
    for (let i = 0; i < vanished.length; i += EDGES_PER_STEP) {
      const change = new Change();
      const some = vanished.slice(i, i + EDGES_PER_STEP);
      memberships.removeEdges(change, tenant, group, generation, some);
      memberships.touch(change, tenant, group, clock());
      await store.commit(change);
    }
  }

  /** Writes a set of edges that nobody sees until the commit names its generation. */
  async #commitAside(
    change: Change,
    tenant: string,
    type: ResourceType,
    group: string,
    members: readonly Edge[],
    rewrite: (generation: string) => void,
  ): Promise<Committed | undefined> {
    const { store, memberships, jobs, newId } = this.#options;
    const generation = newId().slice(0, 8);
    const job = this.#sweep(tenant, type, group, generation);
    const plan = new Change();
    addJob(plan, job);
    await store.commit(plan);
    // Keys in order are written eight times as fast.
    const sorted = [...members].sort((a, b) => a.id < b.id ? -1 : 1);
    try {
      for (let i = 0; i < sorted.length; i += EDGES_PER_STEP) {
        const edges = new Change();
        const some = sorted.slice(i, i + EDGES_PER_STEP);
        memberships.addEdges(edges, tenant, type, group, generation, some);
        await store.commit(edges);
      }
      rewrite(generation);
      change.delete(jobKey(job.id));
      const done = await this.#commit(change, generation);
      if (done === undefined) jobs.runLater(job);
      return done;
    } catch (error) {
      jobs.runLater(job);
      throw error;
    }
  }

  /** Stores the plan of a large change; the commit makes it binding. */
  async #commitPlan(
    change: Change,
    { tenant, type, record, added, removed, rewrites, rewrite }: Movement,
  ): Promise<Committed | undefined> {
    const { store, jobs, clock, newId } = this.#options;
    const { id: group, generation } = record;
    const id = newId();
    const adds = partsOf(added.map((edge) => edge.id));
    const removes = partsOf(removed);
    for (const [part, ids] of [...adds, ...removes].entries()) {
      await store.commit(new Change().set(jobPartKey(id, part), encode(ids)));
    }
    const job: StoredJob = {
      id,
      kind: "changeMembers",
      tenant,
      type: type.name,
      group,
      generation,
      addParts: adds.length,
      removeParts: removes.length,
      notBefore: clock().getTime() + JOB_LEASE,
    };
    addJob(change, job);
    if (rewrites) rewrite(generation);
    const done = await this.#commit(change, generation);
    if (done !== undefined) {
      await jobs.run(job);
      return done;
    }
    for (const part of [...adds, ...removes].keys()) {
      await store.commit(new Change().delete(jobPartKey(id, part)));
    }
    return undefined;
  }

  async #commit(
    change: Change,
    generation: string,
  ): Promise<Committed | undefined> {
    const versionstamp = await this.#options.store.commit(change);
    return versionstamp === undefined
      ? undefined
      : { versionstamp, generation };
  }

  #sweep(
    tenant: string,
    type: ResourceType,
    group: string,
    generation: string,
  ): StoredJob {
    return {
      id: this.#options.newId(),
      kind: "sweepMembers",
      tenant,
      type: type.name,
      group,
      generation,
      notBefore: this.#options.clock().getTime() + JOB_LEASE,
    };
  }
}
