/**
 * Carries out the jobs that memberships need, in steps that can be repeated.
 * @module
 */

import { Change } from "./change.ts";
import { retrying } from "./concurrency.ts";
import {
  jobKey,
  memberKey,
  memberOfKey,
  memberPrefix,
  membershipModifiedKey,
  membershipVersionKey,
  resourceKey,
  settingsKey,
} from "./keys.ts";
import { JobLeases, type Lease } from "./job_leases.ts";
import { type JobOf, listJobs, type StoredJob } from "./jobs.ts";
import type { Memberships, UpwardEdge } from "./memberships.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import type { Registries } from "./registries.ts";
import type { Store } from "./store.ts";
import { TenantDeletion } from "./tenant_deletion.ts";
import { decodeSettings } from "./tenant_settings.ts";
import type { UniqueValues } from "./unique_values.ts";

/** How many edges one step deletes; the keys of what is deleted have no limit. */
const EDGES_PER_STEP = 400;

/** How many members are looked at once more at a time. */
const LOOKED_AT_ONCE = 2_000;

/** Jobs that look at, or delete, any number of things. */
const TAKES_TIME: ReadonlySet<StoredJob["kind"]> = new Set([
  "settleUnique",
  "sweepMembers",
  "sweepMemberOf",
  "deleteTenant",
]);

/** How many groups one step of a member's removal touches. */
const GROUPS_PER_STEP = 100;

/** Runs jobs; the ones of this process and, after a crash, those left behind. */
export class MembershipJobs {
  readonly #store: Store;
  readonly #memberships: Memberships;
  readonly #registries: Registries;
  readonly #uniqueValues: UniqueValues;
  readonly #clock: () => Date;
  readonly #leases: JobLeases;
  readonly #tenantDeletion: TenantDeletion;
  readonly #report: (event: string, details: Record<string, unknown>) => void;
  readonly #running = new Set<Promise<void>>();

  /** @param report is told of jobs that fail */
  constructor(
    store: Store,
    memberships: Memberships,
    registries: Registries,
    uniqueValues: UniqueValues,
    clock: () => Date,
    report: (event: string, details: Record<string, unknown>) => void =
      () => {},
    leases: JobLeases = new JobLeases(store, clock),
  ) {
    this.#store = store;
    this.#memberships = memberships;
    this.#registries = registries;
    this.#uniqueValues = uniqueValues;
    this.#clock = clock;
    this.#report = report;
    this.#leases = leases;
    this.#tenantDeletion = new TenantDeletion(store);
  }

  /**
   * Runs a job to its end.
   *
   * @returns false when it belongs to another process, which goes on with it
   */
  async run(job: StoredJob): Promise<boolean> {
    return await this.#leases.hold(
      job,
      (lease) => this.#run(job, lease),
    );
  }

  async #run(job: StoredJob, lease: Lease): Promise<void> {
    switch (job.kind) {
      case "sweepMembers":
        await this.#sweepMembers(job, lease);
        return;
      case "sweepMemberOf":
        await this.#sweepMemberOf(job, lease);
        return;
      case "dropVanished":
        await this.#dropVanished(job, undefined, lease);
        return;
      case "settleUnique":
        await this.#settleUnique(job);
        return;
      case "keepLeaving":
        await this.#registries.keepLeaving(job.tenant);
        return;
      case "deleteTenant":
        await this.#tenantDeletion.run(job, lease);
        return;
    }
  }

  /**
   * Runs a job behind the commit that has stored it. What was committed stands, so
   * that a failure is no failure of the request; it leaves the job to `resume`.
   */
  async runNow(job: StoredJob): Promise<void> {
    await this.#attempt(job);
  }

  /** The same for members that were added: they are looked at once more. */
  async dropVanishedNow(
    job: JobOf<"dropVanished">,
    added: readonly string[],
  ): Promise<void> {
    await this.#attempt(job, () => this.dropVanished(job, added));
  }

  /** Runs a job without keeping anybody waiting. A failure leaves it to `resume`. */
  runLater(job: StoredJob): void {
    this.#workLater(job, () => this.run(job));
  }

  /** Looks at added members once more, without keeping anybody waiting. */
  dropVanishedLater(
    job: JobOf<"dropVanished">,
    added: readonly string[],
  ): void {
    this.#workLater(job, () => this.dropVanished(job, added));
  }

  #workLater(job: StoredJob, work: () => Promise<boolean>): void {
    const running: Promise<void> = this.#attempt(job, work).then(() => {
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Ends when no job of this process is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /**
   * Finishes jobs that a crash or a failing store has cut off. A job that fails
   * again, or that a newer program has stored, is reported and stays.
   *
   * @param exclusive nobody else writes to the store, so that leases do not count
   * @returns how many jobs were finished, or begun where they take their time; see
   * `idle`
   */
  async resume(exclusive: boolean): Promise<number> {
    let found = 0;
    for (const { id, job, versionstamp } of await listJobs(this.#store)) {
      if (job === undefined) {
        this.#report("unknown job", { id });
        continue;
      }
      const claimed = await this.#leases.take(job, versionstamp, exclusive);
      if (claimed === undefined) continue;
      // What takes its time nobody has to wait for, least of all the start.
      if (TAKES_TIME.has(claimed.kind)) {
        this.runLater(claimed);
        found++;
      } else if (await this.#attempt(claimed)) found++;
    }
    return found;
  }

  /** Runs a job; reports a failure and leaves the job for later. */
  async #attempt(
    job: StoredJob,
    work: () => Promise<boolean> = () => this.run(job),
  ): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      this.#report("job failed", {
        id: job.id,
        kind: job.kind,
        error: error instanceof Error ? error.message : String(error),
      });
      await this.#leases.noteFailure(job, error).catch(() => {});
      return false;
    }
  }

  async #settleUnique(job: JobOf<"settleUnique">): Promise<void> {
    const { tenant, attribute } = job;
    // The job goes with the tenant.
    if ((await this.#registries.current(tenant)).going) return;
    const duplicates = await this.#uniqueValues.settle(tenant, attribute);
    if (duplicates.length > 0) {
      this.#report("values not unique", {
        tenant,
        attribute,
        ids: duplicates[0]?.ids,
      });
    }
  }

  async #sweepMembers(
    job: JobOf<"sweepMembers">,
    lease: Lease,
  ): Promise<void> {
    const { tenant, group, generation } = job;
    // A maker of the set who comes late after all finds the job changed.
    await lease.renew();
    const record = await this.#record(tenant, job.type, group);
    if (record?.generation !== generation) {
      const prefix = memberPrefix(tenant, group, generation);
      for (;;) {
        const edges = await this.#store.listAll({ prefix }, EDGES_PER_STEP);
        lease.check();
        if (edges.length === 0) break;
        const change = new Change();
        const ids = edges.map((entry) => String(entry.key.at(-1)));
        this.#memberships.removeEdges(change, tenant, group, generation, ids);
        await this.#store.write(change);
      }
    }
    const end = new Change().delete(jobKey(job.id));
    if (record === undefined) {
      end.delete(membershipVersionKey(tenant, group))
        .delete(membershipModifiedKey(tenant, group));
    }
    await this.#store.write(end);
  }

  async #sweepMemberOf(
    job: JobOf<"sweepMemberOf">,
    lease: Lease,
  ): Promise<void> {
    const { tenant, member, touched = [] } = job;
    await this.#forgetVanished(tenant, touched);
    for (;;) {
      const edges = await this.#memberships.memberOf(
        tenant,
        member,
        GROUPS_PER_STEP,
      );
      lease.check();
      if (edges.length === 0) break;
      await retrying(() => this.#removeSome(tenant, member, edges));
      await this.#forgetVanished(tenant, edges);
    }
    await this.#store.write(new Change().delete(jobKey(job.id)));
  }

  /**
   * Removes upward edges. Groups of a tenant that is being deleted get no new
   * version, which would stay behind.
   *
   * @returns undefined when the settings of the tenant have changed meanwhile
   */
  async #removeSome(
    tenant: string,
    member: string,
    edges: readonly UpwardEdge[],
  ): Promise<string | undefined> {
    const settings = await this.#store.get(settingsKey(tenant));
    const change = new Change().check(settings.key, settings.versionstamp);
    if (decodeSettings(settings).going) {
      for (const { id, generation } of edges) {
        change.delete(memberKey(tenant, id, generation, member));
        change.delete(memberOfKey(tenant, member, id, generation));
      }
    } else await this.removeUpward(change, tenant, member, edges);
    return await this.#store.commit(change);
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
  async #forgetVanished(
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
    await this.#store.write(change);
  }

  /**
   * Takes members out again that were deleted while they were added: a commit can
   * check a few of them only, so that many are looked at once more behind it.
   *
   * @param added who was added
   */
  async dropVanished(
    job: JobOf<"dropVanished">,
    added: readonly string[],
  ): Promise<boolean> {
    return await this.#leases.hold(
      job,
      (lease) => this.#dropVanished(job, added, lease),
    );
  }

  /** @param added all members of the generation if it is undefined */
  async #dropVanished(
    job: JobOf<"dropVanished">,
    added: readonly string[] | undefined,
    lease: Lease,
  ): Promise<void> {
    const { tenant, group: id, generation } = job;
    const ids = added ??
      (await this.#memberships.members(tenant, { id, generation }))
        .map((edge) => edge.id);
    for (let i = 0; i < ids.length; i += LOOKED_AT_ONCE) {
      lease.check();
      await this.#dropSome(job, ids.slice(i, i + LOOKED_AT_ONCE));
    }
    await this.#store.write(new Change().delete(jobKey(job.id)));
  }

  async #dropSome(
    job: JobOf<"dropVanished">,
    ids: readonly string[],
  ): Promise<void> {
    const { tenant, group, generation } = job;
    const { registry } = await this.#registries.current(tenant);
    const type = registry.byName(job.type);
    if (type === undefined) return;
    const existing = await this.#memberships.existing(tenant, type, ids);
    const alive = new Set(existing.map((edge) => edge.id));
    const vanished = ids.filter((id) => !alive.has(id));
    for (let i = 0; i < vanished.length; i += EDGES_PER_STEP) {
      const some = vanished.slice(i, i + EDGES_PER_STEP);
      await this.#inForce(job, (change) => {
        this.#memberships.removeEdges(change, tenant, group, generation, some);
      });
    }
  }

  /** Changes edges, unless the group is gone or has a new set of members. */
  async #inForce(
    { tenant, type, group, generation }: JobOf<
      "dropVanished"
    >,
    fill: (change: Change) => void | Promise<void>,
  ): Promise<void> {
    await retrying(async () => {
      const record = await this.#record(tenant, type, group);
      if (record?.generation !== generation) return true;
      const change = new Change().check(
        resourceKey(tenant, type, group),
        record.versionstamp,
      );
      await fill(change);
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
