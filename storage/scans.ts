/**
 * Queries that look at many resources take turns, so that they leave room for
 * everything else.
 * @module
 */

import { setImmediate } from "node:timers";
import { ScimError } from "../domain/errors.ts";

/** How scans take turns. */
export interface ScanRules {
  /** How many go on at once. */
  readonly places: number;
  /** How long a query waits for a place, in milliseconds. */
  readonly maxWait: number;
  /** How many resources a query may look at without a place. */
  readonly free: number;
}

/** How scans take turns when nothing else is said. */
export const DEFAULT_SCAN_RULES: ScanRules = {
  places: 2,
  maxWait: 5_000,
  free: 2_000,
};

/** On whose behalf a query runs. */
export interface Asker {
  readonly tenant: string;
  /** Aborted when nobody waits for the answer; asked for when a scan begins. */
  readonly signal?: (() => AbortSignal) | undefined;
}

/** A query under way, which tells how much it looks at. */
export interface Scan {
  /**
   * Counts resources that are looked at. With many of them it waits for a place,
   * and from then on lets other requests go first.
   *
   * @throws {ScimError} 503 when no place becomes free in time
   * @throws {ClientGone} when nobody waits for the answer any more
   */
  look(count: number): Promise<void>;
}

/** Ends the work for a client that has gone away; nobody reads it. */
export class ClientGone extends ScimError {
  constructor() {
    super(400, undefined, "The client went away before it was answered");
  }
}

/** Somebody who waits for a place. */
interface Waiting {
  readonly scan: RunningScan;
  readonly enter: () => void;
}

/** Gives out the places. */
export class Scans {
  readonly rules: ScanRules;
  readonly #inside = new Set<RunningScan>();
  readonly #waiting: Waiting[] = [];

  constructor(rules: Partial<ScanRules> = {}) {
    this.rules = { ...DEFAULT_SCAN_RULES, ...rules };
  }

  /** How many scans have a place. */
  get running(): number {
    return this.#inside.size;
  }

  /** Runs a query, whose place is given back when it ends in whatever way. */
  async run<T>(asker: Asker, work: (scan: Scan) => Promise<T>): Promise<T> {
    const scan: RunningScan = new RunningScan(
      asker,
      this.rules.free,
      (signal) => this.#enter(scan, signal),
    );
    try {
      return await work(scan);
    } finally {
      this.#leave(scan);
    }
  }

  /** Waits until a scan has a place. */
  async #enter(
    scan: RunningScan,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#inside.size < this.rules.places) {
      this.#inside.add(scan);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { scan, enter: resolve };
    this.#waiting.push(waiting);
    const giveUp = (error: ScimError) => {
      const index = this.#waiting.indexOf(waiting);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      reject(error);
    };
    const gone = () => giveUp(new ClientGone());
    const timer = setTimeout(() => giveUp(noPlace()), this.rules.maxWait);
    signal?.addEventListener("abort", gone);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", gone);
    }
  }

  /** The next place goes to a tenant that has none, if such a one waits. */
  #leave(scan: RunningScan): void {
    if (!this.#inside.delete(scan)) return;
    const busy = new Set([...this.#inside].map(({ tenant }) => tenant));
    const index = this.#waiting.findIndex(({ scan }) => !busy.has(scan.tenant));
    const [next] = this.#waiting.splice(Math.max(0, index), 1);
    if (next === undefined) return;
    this.#inside.add(next.scan);
    next.enter();
  }
}

/** Counts for one query. */
class RunningScan implements Scan {
  readonly tenant: string;
  readonly #asker: Asker;
  readonly #free: number;
  readonly #enter: (signal: AbortSignal | undefined) => Promise<void>;
  #signal: AbortSignal | undefined;
  #seen = 0;
  #hasPlace = false;

  constructor(
    asker: Asker,
    free: number,
    enter: (signal: AbortSignal | undefined) => Promise<void>,
  ) {
    this.tenant = asker.tenant;
    this.#asker = asker;
    this.#free = free;
    this.#enter = enter;
  }

  async look(count: number): Promise<void> {
    this.#seen += count;
    if (this.#seen <= this.#free) return;
    if (!this.#hasPlace) {
      this.#signal = this.#asker.signal?.();
      this.#checkSignal();
      await this.#enter(this.#signal);
      this.#hasPlace = true;
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#checkSignal();
  }

  #checkSignal(): void {
    if (this.#signal?.aborted === true) throw new ClientGone();
  }
}

/**
 * 503 and not 429: it is the server that is busy, and a client that comes back
 * need not slow down everything else that it does.
 */
function noPlace(): ScimError {
  return new ScimError(
    503,
    undefined,
    "Other queries are looking at many resources, and it takes long; send the " +
      "request again later, or compare an attribute that has an index, such as " +
      "userName or externalId",
    { "Retry-After": "5" },
  );
}
