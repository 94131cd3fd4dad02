/**
 * A round: one server, some thousand requests, several at a time; what they
 * leave behind is checked now and then.
 * @module
 */

import { type Fault, type FuzzAnswer, isLate, judge } from "./judge.ts";
import { learn } from "./learn.ts";
import { minimise } from "./minimise.ts";
import { Random } from "./random.ts";
import { readBack } from "./read_back.ts";
import { describe, type FuzzRequest, isScimPath, pathOf } from "./request.ts";
import { anyRequest } from "./requests.ts";
import { Subject } from "./subject.ts";
import { compare, renewMe, trim } from "./upkeep.ts";
import { World } from "./world.ts";

/** How many requests are sent before what came of them is looked at. */
const STRETCH = 400;

/** How often a request that was slow is repeated alone. */
const REPETITIONS = 3;

/** How a round is run. */
export interface RoundOptions {
  readonly seed: number;
  readonly requests: number;
  /** How many requests are on their way at once. */
  readonly lanes: number;
  /** The file of the store; `:memory:` for none. */
  readonly store: string;
  /** How long an answer may take, in milliseconds. */
  readonly patience: number;
  /** How many requests lie between two checks of the store. */
  readonly checkEvery: number;
  /** No further request begins after this time, in milliseconds since 1970. */
  readonly until?: number;
  /** Is told of each finding at once. */
  readonly tell?: (finding: string) => void;
}

/** What came of a round. */
export interface RoundResult {
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How many requests were sent. */
  readonly sent: number;
  /** What was wrong, each with what repeats it. */
  readonly findings: readonly string[];
  /** Requests that took long once, and not when they were repeated alone. */
  readonly slowOnce: readonly string[];
  /** The slowest answer, in milliseconds. */
  readonly slowest: number;
}

/** A request whose answer was wrong. */
interface Suspect {
  readonly request: FuzzRequest;
  readonly fault: Fault;
}

/** Runs a round. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  await using subject = await Subject.start(options.store, options.seed);
  const round = new Round(subject, options);
  return await round.run();
}

class Round {
  readonly #subject: Subject;
  readonly #options: RoundOptions;
  readonly #world: World;
  readonly #statuses = new Map<number, number>();
  readonly #findings: string[] = [];
  /** Faults that have been told, so that each is told once. */
  readonly #told = new Set<string>();
  #suspects: Suspect[] = [];
  #sent = 0;
  /** A write that met its deadline may be carried out afterwards, or not. */
  #isUnsure = false;
  readonly #slowOnce: string[] = [];
  #slowest = 0;

  constructor(subject: Subject, options: RoundOptions) {
    this.#subject = subject;
    this.#options = options;
    this.#world = new World(subject.tenants);
  }

  async run(): Promise<RoundResult> {
    const { requests, checkEvery, until = Infinity } = this.#options;
    let checked = 0;
    while (this.#sent < requests && Date.now() < until) {
      await this.#stretch(Math.min(requests, this.#sent + STRETCH));
      await this.#examine();
      await this.#trim();
      this.#subject.tick();
      if (this.#sent - checked >= checkEvery) {
        checked = this.#sent;
        await this.#check();
      }
    }
    await this.#check();
    return {
      statuses: this.#statuses,
      sent: this.#sent,
      findings: this.#findings,
      slowOnce: this.#slowOnce,
      slowest: this.#slowest,
    };
  }

  /** Sends requests, several at a time, until so many have been sent. */
  async #stretch(end: number): Promise<void> {
    const { lanes, seed } = this.#options;
    await Promise.all(Array.from({ length: lanes }, async () => {
      while (this.#sent < end) {
        const random = new Random(seed, this.#sent++);
        await this.#send(random, anyRequest(random, this.#world));
      }
    }));
  }

  async #send(random: Random, request: FuzzRequest): Promise<void> {
    const held = this.#hold(random, request);
    const leave = this.#world.enter(request);
    const answer = await this.#subject.answer(request);
    leave();
    const { status } = answer;
    if (status === 429) {
      throw new Error(
        "The rate limit is in the way: the fuzzer's server has to be started " +
          "with a higher one (subject.ts)",
      );
    }
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#slowest = Math.max(this.#slowest, answer.took);
    const isNew = status === 201 && random.chance(0.3);
    const fault = this.#judge(request, answer) ??
      (held !== undefined || isNew
        ? await readBack(this.#subject, request, answer)
        : undefined);
    if (held !== undefined) held();
    this.#isUnsure ||= isLate(answer);
    learn(this.#world, request, answer);
    if (fault !== undefined) this.#suspects.push({ request, fault });
  }

  /**
   * Keeps others from a resource that is about to be written, now and then; the
   * answer gives it back.
   */
  #hold(random: Random, request: FuzzRequest): (() => void) | undefined {
    if (!["PUT", "PATCH"].includes(request.method)) return undefined;
    const tenant = this.#world.tenant(request.tenant);
    const known = tenant.find(pathOf(request).split("/").at(-1) ?? "");
    if (known === undefined || !random.chance(0.3)) return undefined;
    if (this.#world.isBusy(known.id)) return undefined;
    tenant.forget(known.id);
    return () => tenant.add(known);
  }

  #judge(request: FuzzRequest, answer: FuzzAnswer): Fault | undefined {
    const fault = judge(request, answer, this.#subject.secrets);
    if (fault !== undefined) return fault;
    if (answer.took > this.#options.patience) {
      return { rule: "slow", detail: `${Math.round(answer.took)} ms` };
    }
    const id = pathOf(request).split("/").at(-1) ?? "";
    const isForeign = answer.status < 300 &&
      this.#world.tenants.some((tenant) =>
        tenant.name !== request.tenant && tenant.find(id) !== undefined
      );
    if (isForeign) {
      return { rule: "tenant", detail: `${id} belongs to another tenant` };
    }
    const isMine = request.role !== "none" && request.role !== "admin" &&
      !("Authorization" in request.headers);
    if (answer.status === 401 && isMine && isScimPath(pathOf(request))) {
      return { rule: "token", detail: `the ${request.role} token is refused` };
    }
    return undefined;
  }

  /** Repeats what went wrong, now that nothing else is on its way. */
  async #examine(): Promise<void> {
    for (const { event, details } of this.#subject.takeReports()) {
      // Judged by its answer.
      if (event === "unavailable") continue;
      await this.#tellOnce(
        `report "${event}": ${JSON.stringify(details["error"] ?? "")}`,
        () => JSON.stringify(details).slice(0, 2_000),
      );
    }
    const suspects = this.#suspects;
    this.#suspects = [];
    for (const { request, fault } of suspects) {
      if (fault.rule === "slow" && !await this.#isSlow(request)) {
        const { tenant, method, target } = request;
        this.#slowOnce.push(
          `${fault.detail}: ${method} ${target.slice(0, 200)} in ${tenant}`,
        );
        continue;
      }
      await this.#tellOnce(
        `${fault.rule}: ${fault.detail}`,
        () => this.#repetition(request, fault),
      );
    }
    // Repetitions have been told already.
    this.#subject.takeReports();
    for (const { name } of this.#world.tenants) {
      await renewMe(this.#subject, name);
    }
  }

  /** The smallest request that repeats a fault, or that none does. */
  async #repetition(request: FuzzRequest, fault: Fault): Promise<string> {
    const fails = async (other: FuzzRequest) => {
      if (fault.rule === "slow") return await this.#isSlow(other);
      const answer = await this.#subject.answer(other);
      learn(this.#world, other, answer);
      const again = this.#judge(other, answer) ??
        (fault.rule === "read back"
          ? await readBack(this.#subject, other, answer)
          : undefined);
      return again?.rule === fault.rule;
    };
    if (!await fails(request)) {
      return "It did not happen again when the request was repeated alone.\n  " +
        describe(request);
    }
    return describe(await minimise(request, fails));
  }

  async #isSlow(request: FuzzRequest): Promise<boolean> {
    for (let i = 0; i < REPETITIONS; i++) {
      const answer = await this.#subject.answer(request);
      learn(this.#world, request, answer);
      const isLong = answer.took > this.#options.patience || isLate(answer);
      if (!isLong) return false;
    }
    return true;
  }

  async #trim(): Promise<void> {
    const random = new Random(this.#options.seed, -2 - this.#sent);
    for (const tenant of this.#world.tenants) {
      for (const { what, how } of await trim(this.#subject, tenant, random)) {
        if (!this.#isUnsure) this.#tell(what, how);
      }
    }
  }

  /** The store is in order, and holds what the answers have told. */
  async #check(): Promise<void> {
    for (const sentence of (await this.#subject.check()).slice(0, 20)) {
      this.#tell("The store is not in order", sentence);
    }
    if (this.#isUnsure) return;
    for (const tenant of this.#world.tenants) {
      for (const { what, how } of await compare(this.#subject, tenant)) {
        this.#tell(what, how);
      }
    }
  }

  /** Tells of a fault unless one has been told that differs in ids and numbers only. */
  async #tellOnce(
    what: string,
    how: () => string | Promise<string>,
  ): Promise<void> {
    const kind = what.replace(/[0-9a-f-]{8,}|\d+/g, "…").slice(0, 120);
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#tell(what.slice(0, 500), await how());
  }

  #tell(what: string, how: string): void {
    const finding = `${what}\n  seed ${this.#options.seed}, ` +
      `${this.#sent} requests sent\n  ${how}`;
    this.#findings.push(finding);
    this.#options.tell?.(finding);
  }
}
