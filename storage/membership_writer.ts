/**
 * Writes memberships of any number. A few hundred edges are part of the commit;
 * for more, the whole set is written aside and comes into force with the commit.
 * @module
 */

import type { JsonObject } from "../domain/json.ts";
import {
  foldMembership,
  idsAdded,
  type MembershipStep,
  needsAllMembers,
} from "../domain/patch/membership.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { Change, MAX_CHECKS } from "./change.ts";
import { MAX_LOGGED_MEMBERS } from "./changelog.ts";
import { jobKey, resourceKey } from "./keys.ts";
import { addJob, JOB_LEASE, type JobOf } from "./jobs.ts";
import type { MembershipJobs } from "./membership_jobs.ts";
import {
  type Candidate,
  type Edge,
  edgesPerCommit,
  type Memberships,
} from "./memberships.ts";
import { FIRST_GENERATION, type ResourceRecord } from "./records.ts";
import type { Store } from "./store.ts";

/** How many edges a deletion removes at once, in each direction. */
const EDGES_PER_DELETION = 150;

/**
 * How long writing one edge of a set aside may take, in milliseconds: a commit of
 * 200 has five seconds. The plan of such a set is checked by each of its commits,
 * so that its lease cannot be renewed: it is long enough from the beginning.
 */
const TIME_PER_EDGE = 25;

/** How many other mutations a deletion may have beside so many edges. */
const MUTATIONS_BESIDE_EDGES = 90;

/** How many edges a commit writes beside a record and its index keys. */
const EDGES_BESIDE_RECORD = 200;

/** From how many new members on the second look at them keeps nobody waiting. */
const LOOKED_AT_LATER = 500;

/** How many commits of a set that is written aside are under way at once. */
const COMMITS_AT_ONCE = 4;

/** How many member records one commit checks, if there is room beside the rest. */
const MAX_CHECKED_MEMBERS = 5;

/** What is left of the checks for the plan of a set that is written aside. */
const CHECKS_OF_A_PLAN = 1;

/** The group whose members are written. */
interface Target {
  readonly tenant: string;
  readonly type: ResourceType;
  readonly group: string;
}

/** A set of members that is in force from the first moment of a resource. */
export interface NewSet extends Target {
  readonly members: readonly Candidate[];
  /** Adds the record, with the generation of its members, to the commit. */
  readonly rewrite: (generation: string) => void;
}

/** What steps come to, given who is a member now. */
export interface MemberChange {
  /** Who becomes a member, and who is one no longer. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** The edges to write, whether or not they are there already. */
  readonly put: readonly Candidate[];
  /** The edges to take away; the first ones, when the end of all takes a new set. */
  readonly drop: readonly string[];
  /** All members afterwards, when the change depends on all members. */
  readonly all: readonly Edge[] | undefined;
}

/** Members that come and go. */
export interface Movement extends MemberChange {
  readonly tenant: string;
  readonly type: ResourceType;
  readonly record: ResourceRecord;
  /** Whether the record changes in any case. */
  readonly rewrites: boolean;
  /** Adds the record, with the generation of its members, to the commit. */
  readonly rewrite: (generation: string) => void;
}

/** A whole set of edges that is written aside. */
interface AsideSet extends Target {
  readonly members: readonly Edge[];
  readonly added: readonly Candidate[];
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

/**
 * Whether steps depend on who else is a member, or name more than one commit
 * writes, so that only a whole set can come into force at one moment. Such a
 * change needs the resource for itself.
 *
 * @param rewrites whether the record changes as well
 */
export function needsWholeSet(
  tenant: string,
  steps: readonly MembershipStep[],
  rewrites: boolean,
): boolean {
  if (
    steps.some(({ kind }) => kind === "replaceAll") || needsAllMembers(steps)
  ) {
    return true;
  }
  const { add, remove } = foldMembership(steps);
  const most = rewrites ? EDGES_BESIDE_RECORD : edgesPerCommit(tenant);
  return add.size + remove.size > most;
}

/** Whether a new set of members is too large to be part of one commit. */
export function isLargeSet(members: readonly Edge[]): boolean {
  return members.length > EDGES_BESIDE_RECORD;
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
    set: NewSet,
  ): Promise<Committed | undefined> {
    const { tenant, type, group, members, rewrite } = set;
    if (isLargeSet(members)) {
      return await this.#commitAside(change, { ...set, added: members });
    }
    const generation = FIRST_GENERATION;
    const settle = this.#guard(change, set, generation, members);
    rewrite(generation);
    this.#options.memberships.addEdges(
      change,
      tenant,
      type,
      group,
      generation,
      members,
    );
    return await this.#commit(change, generation, settle);
  }

  /**
   * Works out what steps change.
   *
   * Steps that name a few members write just those edges, all of them, so that
   * of several changes at once the order of the commits decides. Other steps
   * depend on who is a member; see `needsWholeSet`.
   *
   * @param rewrites whether the record changes as well
   * @throws {ScimError} 400 invalidValue for members that do not exist
   */
  async movement(
    tenant: string,
    type: ResourceType,
    record: ResourceRecord,
    steps: readonly MembershipStep[],
    rewrites: boolean,
  ): Promise<MemberChange> {
    const none = { added: [], removed: [], put: [], drop: [], all: undefined };
    if (steps.length === 0) return none;
    if (needsWholeSet(tenant, steps, rewrites)) {
      return await this.#wholeSet(tenant, type, record, steps);
    }
    const { memberships } = this.#options;
    const { add, remove } = foldMembership(steps);
    const named = [...add, ...remove];
    const present = new Set(
      (await memberships.present(tenant, record, named)).map(({ id }) => id),
    );
    const added = [...add].filter((id) => !present.has(id));
    const removed = [...remove].filter((id) => present.has(id));
    if (added.length === 0 && removed.length === 0) return none;
    const put = await memberships.candidates(tenant, type, [...add]);
    return { added, removed, put, drop: [...remove], all: undefined };
  }

  /** @returns undefined when the commit failed; then nothing is in force. */
  async commitMovement(
    change: Change,
    movement: Movement,
  ): Promise<Committed | undefined> {
    const { tenant, type, record, put, drop, all } = movement;
    const { generation, id: group } = record;
    if (all !== undefined && put.length + drop.length > EDGES_BESIDE_RECORD) {
      return await this.#commitOther(change, movement, all);
    }
    const { memberships } = this.#options;
    const target = { tenant, type, group };
    const settle = this.#guard(change, target, generation, put);
    if (movement.rewrites) movement.rewrite(generation);
    memberships.addEdges(change, tenant, type, group, generation, put);
    memberships.removeEdges(change, tenant, group, generation, drop);
    return await this.#commit(change, generation, settle);
  }

  /**
   * Adds the end of all memberships of a deleted resource to its commit: of a few
   * at once, of many by jobs. The jobs are there in any case, since a writer may
   * add edges between the look and the commit.
   *
   * @returns what is left to do behind the commit
   */
  async addRemovals(
    change: Change,
    tenant: string,
    type: ResourceType,
    record: ResourceRecord,
  ): Promise<() => Promise<void>> {
    const { memberships, jobs, newId } = this.#options;
    const { id, generation } = record;
    const most = change.mutations > MUTATIONS_BESIDE_EDGES
      ? 0
      : EDGES_PER_DELETION;
    const upward = await memberships.memberOf(tenant, id, most + 1);
    const upwardJob: JobOf<"sweepMemberOf"> = {
      id: newId(),
      kind: "sweepMemberOf",
      tenant,
      member: id,
      touched: upward.length <= most ? upward : [],
      ...this.#lease(),
    };
    addJob(change, upwardJob);
    if (upward.length <= most) {
      await jobs.removeUpward(change, tenant, id, upward);
    }
    const sweepUpward = async () => {
      await jobs.runNow(upwardJob);
    };
    if (type.members === undefined) return sweepUpward;

    const downward = await memberships.members(tenant, record, most + 1);
    const downwardJob = this.#sweep({ tenant, type, group: id }, generation);
    addJob(change, downwardJob);
    if (downward.length <= most) {
      const ids = downward.map((edge) => edge.id);
      memberships.removeEdges(change, tenant, id, generation, ids);
    }
    return async () => {
      await sweepUpward();
      if (downward.length <= most) await jobs.runNow(downwardJob);
      else jobs.runLater(downwardJob);
    };
  }

  /**
   * Sees to it that nobody becomes a member who is deleted at the same time. A
   * few are checked by the commit; many are looked at once more behind it, which
   * the commit notes as a job.
   *
   * @returns what is left to do behind the commit
   */
  #guard(
    change: Change,
    { tenant, type, group }: Target,
    generation: string,
    added: readonly Candidate[],
  ): () => Promise<void> {
    const room = Math.max(0, MAX_CHECKS - CHECKS_OF_A_PLAN - change.checks);
    if (added.length <= Math.min(room, MAX_CHECKED_MEMBERS)) {
      for (const member of added) {
        change.check(
          resourceKey(tenant, member.type, member.id),
          member.versionstamp,
        );
      }
      return () => Promise.resolve();
    }
    const job: JobOf<"dropVanished"> = {
      id: this.#options.newId(),
      kind: "dropVanished",
      tenant,
      type: type.name,
      group,
      generation,
      ...this.#lease(),
    };
    addJob(change, job);
    const ids = added.map((edge) => edge.id);
    const { jobs } = this.#options;
    return async () => {
      if (ids.length > LOOKED_AT_LATER) jobs.dropVanishedLater(job, ids);
      else await jobs.dropVanishedNow(job, ids);
    };
  }

  /** Puts another set of edges in force and sweeps the present one away. */
  async #commitOther(
    change: Change,
    { tenant, type, record, put, rewrite }: Movement,
    all: readonly Edge[],
  ): Promise<Committed | undefined> {
    const target = { tenant, type, group: record.id };
    const old = this.#sweep(target, record.generation);
    addJob(change, old);
    const set = { ...target, members: all, added: put, rewrite };
    const done = await this.#commitAside(change, set);
    if (done !== undefined) this.#options.jobs.runLater(old);
    return done;
  }

  /**
   * Writes a set of edges that nobody sees until the commit names its generation.
   * All of its commits check the job that would sweep the set away: when that has
   * begun, because the maker was taken for dead, the set cannot come into force.
   */
  async #commitAside(
    change: Change,
    set: AsideSet,
  ): Promise<Committed | undefined> {
    const { store, memberships, jobs, newId } = this.#options;
    const { tenant, type, group, members, added, rewrite } = set;
    const generation = newId().slice(0, 8);
    const time = JOB_LEASE + members.length * TIME_PER_EDGE;
    const job = this.#sweep(set, generation, time);
    const key = jobKey(job.id);
    // No job begins for what has changed or gone already, such as the tenant.
    const planned = await store.commit(addJob(change.onlyChecks(), job));
    if (planned === undefined) return undefined;
    const settle = this.#guard(change, set, generation, added);
    let done: Committed | undefined;
    try {
      // Keys in order are written eight times as fast.
      const sorted = [...members].sort((a, b) => a.id < b.id ? -1 : 1);
      const size = edgesPerCommit(tenant);
      const write = (start: number): Promise<string | undefined> => {
        const edges = new Change().check(key, planned);
        const some = sorted.slice(start, start + size);
        memberships.addEdges(edges, tenant, type, group, generation, some);
        return store.commit(edges);
      };
      for (let i = 0; i < sorted.length; i += size * COMMITS_AT_ONCE) {
        const end = Math.min(sorted.length, i + size * COMMITS_AT_ONCE);
        const commits: Promise<string | undefined>[] = [];
        for (let j = i; j < end; j += size) commits.push(write(j));
        if ((await allOf(commits)).includes(undefined)) return undefined;
      }
      rewrite(generation);
      change.check(key, planned).delete(key);
      done = await this.#commit(change, generation);
    } finally {
      if (done === undefined) jobs.runLater(job);
    }
    if (done !== undefined) await settle();
    return done;
  }

  /** What steps come to that depend on all members. */
  async #wholeSet(
    tenant: string,
    type: ResourceType,
    record: ResourceRecord,
    steps: readonly MembershipStep[],
  ): Promise<MemberChange> {
    const { memberships } = this.#options;
    if (clears(steps)) return await this.#noMembers(tenant, record);
    const members = await memberships.members(tenant, record);
    const types = new Map(members.map((edge) => [edge.id, edge.type]));
    // Whoever is a member exists.
    const others = idsAdded(steps).filter((id) => !types.has(id));
    const candidates = await memberships.candidates(tenant, type, others);
    for (const { id, type } of candidates) types.set(id, type);
    const { replacesAll, add, remove } = foldMembership(
      steps,
      members.map(asElement),
      (id) => asElement({ id, type: types.get(id) ?? "" }),
    );
    const stays = ({ id }: Edge) => replacesAll ? add.has(id) : !remove.has(id);
    const put = candidates.filter(({ id }) => add.has(id));
    const drop = members.filter((edge) => !stays(edge)).map(({ id }) => id);
    return {
      added: put.map(({ id }) => id),
      removed: drop,
      put,
      drop,
      all: [...members.filter(stays), ...put],
    };
  }

  /** What an end of all memberships comes to, without a look at each of them. */
  async #noMembers(
    tenant: string,
    record: ResourceRecord,
  ): Promise<MemberChange> {
    const { memberships } = this.#options;
    // So many are logged; the others go with their generation.
    const members = await memberships.members(
      tenant,
      record,
      MAX_LOGGED_MEMBERS,
    );
    const ids = members.map(({ id }) => id);
    return { added: [], removed: ids, put: [], drop: ids, all: [] };
  }

  async #commit(
    change: Change,
    generation: string,
    settle: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Committed | undefined> {
    const versionstamp = await this.#options.store.commit(change);
    if (versionstamp === undefined) return undefined;
    await settle();
    return { versionstamp, generation };
  }

  #sweep(
    { tenant, type, group }: Target,
    generation: string,
    lease: number = JOB_LEASE,
  ): JobOf<"sweepMembers"> {
    return {
      id: this.#options.newId(),
      kind: "sweepMembers",
      tenant,
      type: type.name,
      group,
      generation,
      ...this.#lease(lease),
    };
  }

  /**
   * Since when a new job is there, and until when others leave it to this process.
   *
   * @param time how long that is, in milliseconds
   */
  #lease(
    time: number = JOB_LEASE,
  ): { readonly createdAt: string; readonly notBefore: number } {
    const now = this.#options.clock();
    return {
      createdAt: now.toISOString(),
      notBefore: now.getTime() + time,
    };
  }
}

/** Whether steps name nobody and leave no members, whoever was one. */
function clears(steps: readonly MembershipStep[]): boolean {
  return steps.at(-1)?.kind === "replaceAll" && idsAdded(steps).length === 0;
}

/** What all of some promises come to, when each of them has ended. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

/** An edge as the element that a filter of a PATCH path is tested on. */
function asElement({ id, type }: Edge): JsonObject {
  return { value: id, type };
}
