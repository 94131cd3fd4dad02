/**
 * Whose a job is. It belongs to one process until a time that stands in it; who
 * works on it moves that time on, and stops when that fails for too long, before
 * others may take it.
 * @module
 */

import { ScimError } from "../domain/errors.ts";
import { clip } from "../domain/text.ts";
import { Change } from "./change.ts";
import { addJob, JOB_LEASE, readJob, type StoredJob } from "./jobs.ts";
import { jobKey } from "./keys.ts";
import type { Store } from "./store.ts";

/** How often a renewal is tried when the job is written meanwhile. */
const MAX_TRIES = 3;

/** How often a lease is renewed, in milliseconds. */
const RENEW_EVERY = 20_000;

/**
 * How long before its end a lease counts no more, in milliseconds: a commit that
 * was begun in time has ended by then, and clocks may differ a little.
 */
const MARGIN = 15_000;

/** How much of an error is kept, in UTF-16 units. */
const MAX_ERROR = 200;

/** Somebody else may be at work on the job by now. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}

/**
 * Does something again and again.
 *
 * @param interval in milliseconds
 * @returns ends it
 */
export type Every = (interval: number, work: () => void) => () => void;

const everyInterval: Every = (interval, work) => {
  const timer = setInterval(work, interval);
  return () => clearInterval(timer);
};

/** A job that is being worked on. */
export interface Lease {
  /**
   * Goes before each step.
   *
   * @throws {LeaseLostError} when somebody else may have the job
   */
  check(): void;
  /**
   * Writes the job anew, so that commits which check it as it was fail from then
   * on.
   *
   * @throws {LeaseLostError} when somebody else has the job, or it is done
   */
  renew(): Promise<void>;
}

/** What belongs to nobody cannot be lost. */
const NOBODYS: Lease = { check() {}, renew: () => Promise.resolve() };

/** Takes, renews and gives back jobs. */
export class JobLeases {
  readonly #store: Store;
  readonly #clock: () => Date;
  readonly #every: Every;

  /** @param every how time goes by for renewals */
  constructor(store: Store, clock: () => Date, every: Every = everyInterval) {
    this.#store = store;
    this.#clock = clock;
    this.#every = every;
  }

  /**
   * Takes a job that was found, if it belongs to nobody any more.
   *
   * @param versionstamp with which it was found
   * @param exclusive nobody else writes to the store, so that it is free
   * @returns the job as it is stored then; undefined when it is somebody's
   */
  async take(
    job: StoredJob,
    versionstamp: string | null,
    exclusive = false,
  ): Promise<StoredJob | undefined> {
    const now = this.#clock().getTime();
    if (!exclusive && job.notBefore > now) return undefined;
    return await this.#extend(job, versionstamp);
  }

  /**
   * Works on a job while it belongs to this process. One that belongs to nobody
   * (`notBefore` 0) is worked on by whoever likes.
   *
   * @param work must let LeaseLostError pass
   * @returns false when somebody else has the job
   */
  async hold(
    job: StoredJob,
    work: (lease: Lease) => Promise<void>,
  ): Promise<boolean> {
    if (job.notBefore === 0) {
      await work(NOBODYS);
      return true;
    }
    let held: StoredJob | undefined = job;
    if (!this.#isMine(held)) held = await this.#renew(held);
    if (held === undefined) return false;
    let renewing: Promise<void> = Promise.resolve();
    const renewOnce = async (): Promise<void> => {
      if (held !== undefined) held = await this.#renew(held);
    };
    // One after the other, so that none takes the other for somebody else.
    const renew = (): Promise<void> =>
      renewing = renewing.catch(() => {}).then(renewOnce);
    const check = (): void => {
      if (this.#isMine(held)) return;
      throw new LeaseLostError(`The job ${job.id} belongs to somebody else`);
    };
    // A store that fails renews nothing; then the lease runs out.
    const end = this.#every(RENEW_EVERY, () => void renew().catch(() => {}));
    try {
      await work({ check, renew: () => renew().then(check) });
      return true;
    } catch (error) {
      if (error instanceof LeaseLostError) return false;
      throw error;
    } finally {
      end();
    }
  }

  /** Notes in a job that it has failed, if it is still there. */
  async noteFailure({ id }: StoredJob, error: unknown): Promise<void> {
    const entry = await this.#store.get(jobKey(id));
    const job = readJob(entry);
    if (job === undefined) return;
    const change = new Change().check(entry.key, entry.versionstamp);
    addJob(change, {
      ...job,
      failures: (job.failures ?? 0) + 1,
      lastError: textOf(error),
    });
    await this.#store.commit(change);
  }

  #isMine(job: StoredJob | undefined): boolean {
    return job !== undefined &&
      this.#clock().getTime() < job.notBefore - MARGIN;
  }

  /** undefined when somebody else has taken the job or finished it. */
  async #renew(job: StoredJob): Promise<StoredJob | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await this.#store.get(jobKey(job.id));
      const stored = readJob(entry);
      // Who takes a job moves its time.
      if (stored?.notBefore !== job.notBefore) return undefined;
      const extended = await this.#extend(stored, entry.versionstamp);
      if (extended !== undefined) return extended;
    }
    return undefined;
  }

  async #extend(
    job: StoredJob,
    versionstamp: string | null,
  ): Promise<StoredJob | undefined> {
    const notBefore = this.#clock().getTime() + JOB_LEASE;
    const extended = { ...job, notBefore };
    const change = new Change().check(jobKey(job.id), versionstamp);
    const done = await this.#store.commit(addJob(change, extended));
    return done === undefined ? undefined : extended;
  }
}

/** What is kept of an error: no values, which other errors may quote. */
function textOf(error: unknown): string {
  if (error instanceof ScimError) return clip(error.message, MAX_ERROR);
  const name = error instanceof Error ? error.name : "Error";
  return `${name}; the log of the server tells more`;
}
