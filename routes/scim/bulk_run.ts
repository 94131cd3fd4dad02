/**
 * Carries out the operations of a bulk request (RFC 7644 sections 3.7 to 3.7.3).
 * @module
 */

import type { BulkOperation, BulkRequest } from "../../domain/bulk/message.ts";
import {
  referencedBulkIds,
  resolveReferences,
  withoutReferences,
} from "../../domain/bulk/references.ts";
import {
  creatorsIn,
  firstOf,
  lastOf,
  type Step,
  stepsOf,
} from "../../domain/bulk/steps.ts";
import { invalidValue, notFound, ScimError } from "../../domain/errors.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { clip } from "../../domain/text.ts";
import { isResourcePath } from "./forward.ts";

/** The answer to one operation. */
export interface Outcome {
  readonly status: number;
  readonly location: string | undefined;
  readonly version: string | undefined;
  /** The error, if it failed. */
  readonly error: JsonValue | undefined;
}

/** How often the deletion of a resource that was made in vain is tried. */
const MAX_UNDO_TRIES = 3;

/** Sends one operation and gets its answer. */
export type Send = (
  method: string,
  path: string,
  data: JsonObject | undefined,
  version?: string,
) => Promise<Outcome>;

/** The operation at which a step failed. */
interface Failure {
  readonly index: number;
  readonly outcome: Outcome;
}

/**
 * Gives each operation its turn, in their order. What an operation refers to is
 * created before it, even before its own turn.
 *
 * A creation that fails before its turn may find room later, when a deletion or a
 * change of a name has come before it: it is repeated when its turn comes, and
 * what refers to it waits for that. Creations that refer to each other in a circle
 * are made without these references and then replaced by what was sent, all within
 * one turn; if one of them fails, none of them stays.
 */
export class BulkRun {
  readonly #operations: readonly BulkOperation[];
  readonly #failOnErrors: number;
  readonly #base: string;
  readonly #send: Send;
  /** Why operations cannot be sent, whatever the others come to. */
  readonly #problems: readonly (ScimError | undefined)[];
  /** The bulkIds that the others refer to. */
  readonly #references: readonly ReadonlySet<string>[];
  /** The indexes of creations by bulkId. */
  readonly #creators: ReadonlyMap<string, number>;
  /** The step of each operation. */
  readonly #steps: readonly Step[];
  /** The ids of what was created, by bulkId. */
  readonly #ids = new Map<string, string>();
  readonly #outcomes = new Map<number, Outcome>();
  /** Resources that were made in vain and could not be deleted again. */
  readonly #remaining = new Map<number, string>();
  /** Steps whose turn is over and that wait, by the operation that they wait for. */
  readonly #waiting = new Map<number, Set<Step>>();
  #errors = 0;
  /** The operation whose turn it is. */
  #turn = 0;

  constructor(
    { operations, failOnErrors }: BulkRequest,
    base: string,
    send: Send,
  ) {
    this.#operations = operations;
    this.#failOnErrors = failOnErrors ?? Infinity;
    this.#base = base;
    this.#send = send;
    this.#creators = creatorsIn(operations);
    const references = operations.map(referencedBulkIds);
    this.#problems = operations.map(({ path, problem }, index) =>
      problem ?? pathProblem(path) ??
        referenceProblem(references[index] ?? [], this.#creators)
    );
    // Nothing is created for an operation that fails anyway.
    this.#references = references.map((bulkIds, index) =>
      this.#problems[index] === undefined ? bulkIds : new Set()
    );
    this.#steps = stepsOf(this.#references, this.#creators);
  }

  /** The results of all operations that were carried out, in their order. */
  async results(): Promise<JsonObject[]> {
    for (const [index, step] of this.#steps.entries()) {
      this.#turn = index;
      await this.#takeTurn(step);
      const waiting = [...this.#waiting.get(index) ?? []]
        .sort((a, b) => firstOf(a) - firstOf(b));
      for (const late of waiting) {
        if (!this.#isStopped()) await this.#takeTurn(late);
      }
      if (this.#isStopped()) break;
    }
    await this.#undoEarly();
    return this.#operations.flatMap((operation, index) => {
      const outcome = this.#outcomes.get(index);
      return outcome === undefined
        ? []
        : [this.#result(operation, this.#told(index, outcome))];
    });
  }

  #isStopped(): boolean {
    return this.#errors >= this.#failOnErrors;
  }

  async #takeTurn(step: Step): Promise<void> {
    await this.#attempt(step);
    if (step.state === "failed") this.#settleFailed(step);
    if (step.state === "open") {
      const waiting = this.#waiting.get(step.waitsFor) ?? new Set();
      this.#waiting.set(step.waitsFor, waiting.add(step));
    }
  }

  /** Carries out a step and what it needs, unless it has to wait. */
  async #attempt(step: Step): Promise<void> {
    if (step.state !== "open" || step.waitsFor > this.#turn) return;
    for (const needed of step.needs) {
      await this.#attempt(needed);
      if (needed.state === "open") {
        step.waitsFor = needed.waitsFor;
        return;
      }
    }
    const failure = await this.#carryOut(step);
    if (failure === undefined) {
      step.state = "done";
    } else if (failure.index > this.#turn) {
      // One more try, not one for each member of a circle: that would be slow.
      step.waitsFor = lastOf(step);
    } else {
      step.state = "failed";
      this.#settle(failure.index, failure.outcome);
      this.#settleFailed(step);
    }
  }

  #settle(index: number, outcome: Outcome): void {
    this.#outcomes.set(index, outcome);
    if (outcome.error !== undefined) this.#errors++;
  }

  /** The others of a failed circle fail, each of them when its turn has come. */
  #settleFailed(step: Step): void {
    for (const index of step.indexes) {
      if (index > this.#turn || this.#outcomes.has(index)) continue;
      const missing = this.#withinStep(index, step)[0] ?? "";
      this.#settle(index, toOutcome(notCreated(missing)));
    }
  }

  async #carryOut(step: Step): Promise<Failure | undefined> {
    for (const index of step.indexes) {
      const error = this.#refusal(index, step);
      if (error !== undefined) return { index, outcome: toOutcome(error) };
    }
    if (step.isCircle) return await this.#createCircle(step);
    const index = firstOf(step);
    const outcome = await this.#sendOperation(index);
    if (outcome.error !== undefined) return { index, outcome };
    this.#settle(index, outcome);
    return undefined;
  }

  /** Why an operation cannot be sent. */
  #refusal(index: number, step: Step): ScimError | undefined {
    const missing = [...this.#references[index] ?? []].find((bulkId) =>
      !this.#ids.has(bulkId) && this.#creatorOf(bulkId) !== step
    );
    return this.#problems[index] ??
      (missing === undefined ? undefined : notCreated(missing));
  }

  /** The step that creates a resource. */
  #creatorOf(bulkId: string): Step | undefined {
    return this.#steps[this.#creators.get(bulkId) ?? -1];
  }

  async #sendOperation(
    index: number,
    leftOut: ReadonlySet<string> = new Set(),
  ): Promise<Outcome> {
    const operation = this.#operations[index];
    if (operation === undefined) throw new RangeError(`No operation ${index}`);
    const { method, bulkId, version } = operation;
    const { path, data } = resolveReferences({
      ...operation,
      data: operation.data && leftOut.size > 0
        ? withoutReferences(operation.data, leftOut)
        : operation.data,
    }, this.#ids);
    const outcome = await this.#send(method, path, data, version);
    const { location, error } = outcome;
    if (method === "POST" && bulkId !== undefined && error === undefined) {
      this.#ids.set(bulkId, location?.split("/").at(-1) ?? "");
    }
    return outcome;
  }

  /**
   * Creates resources that refer to each other. They are completed by PUT, which
   * reads the data as POST does, with the version just made: what another client
   * has changed meanwhile is not overwritten.
   */
  async #createCircle(step: Step): Promise<Failure | undefined> {
    const made = new Map<number, Outcome>();
    const attempt = async (): Promise<Failure | undefined> => {
      for (const index of step.indexes) {
        const within = new Set(this.#withinStep(index, step));
        const outcome = await this.#sendOperation(index, within);
        if (outcome.error !== undefined) return { index, outcome };
        made.set(index, outcome);
      }
      for (const [index, created] of made) {
        const outcome = await this.#complete(index, created);
        if (outcome.error !== undefined) return { index, outcome };
        made.set(index, { ...created, version: outcome.version });
      }
      return undefined;
    };
    const failure = await attempt();
    for (const [index, outcome] of made) {
      if (failure === undefined) this.#settle(index, outcome);
      else await this.#undo(index, outcome);
    }
    return failure;
  }

  async #complete(index: number, created: Outcome): Promise<Outcome> {
    const { data } = this.#operations[index] ?? {};
    const whole = { method: "PUT", path: this.#pathOf(created), data };
    const { path, data: resolved } = resolveReferences(whole, this.#ids);
    return await this.#send("PUT", path, resolved, created.version);
  }

  /**
   * Undoes creations that were made before their turn and are in vain, now that
   * failOnErrors has stopped the run: what they were made for has failed. They are
   * not undone before, because their own turn would come, and because a request
   * could otherwise make the same resources again and again.
   */
  async #undoEarly(): Promise<void> {
    const wanted = new Set<Step>();
    const want = (step: Step): void => {
      if (wanted.has(step) || step.state !== "done") return;
      wanted.add(step);
      for (const needed of step.needs) want(needed);
    };
    for (const step of this.#steps.slice(0, this.#turn + 1)) want(step);
    for (const [index, outcome] of this.#outcomes) {
      const step = this.#steps[index];
      if (step === undefined || step.state !== "done" || wanted.has(step)) {
        continue;
      }
      if (await this.#undo(index, outcome)) this.#outcomes.delete(index);
    }
  }

  /**
   * Deletes a resource again: half a resource is worse than none.
   *
   * @returns whether it is gone; if it is not, the result of the operation says so
   */
  async #undo(index: number, created: Outcome): Promise<boolean> {
    this.#ids.delete(this.#operations[index]?.bulkId ?? "");
    for (let tries = 0; tries < MAX_UNDO_TRIES; tries++) {
      const path = this.#pathOf(created);
      const { status } = await this.#send("DELETE", path, undefined);
      if (status < 400 || status === 404) return true;
    }
    this.#remaining.set(index, created.location ?? "");
    return false;
  }

  /** Where a resource is below the base URL. */
  #pathOf({ location = "" }: Outcome): string {
    return location.slice(this.#base.length);
  }

  /** The bulkIds of its own step that an operation refers to. */
  #withinStep(index: number, step: Step): string[] {
    return [...this.#references[index] ?? []].filter((bulkId) =>
      this.#creatorOf(bulkId) === step
    );
  }

  /** The outcome of an operation, with what remains of it. */
  #told(index: number, outcome: Outcome): Outcome {
    const location = this.#remaining.get(index);
    const { error } = outcome;
    if (location === undefined || !isJsonObject(error)) return outcome;
    return {
      ...outcome,
      error: {
        ...error,
        detail:
          `${error["detail"]}; the resource was created for a moment and ` +
          `could not be deleted again: delete ${location}`,
      },
    };
  }

  #result(
    operation: BulkOperation,
    { status, location, version, error }: Outcome,
  ): JsonObject {
    const { method, bulkId, path } = operation;
    const place = location ??
      (method === "POST" || !path.startsWith("/")
        ? undefined
        : this.#base + resolveReferences(operation, this.#ids).path);
    return {
      ...(method === "" ? {} : { method }),
      ...(bulkId === undefined ? {} : { bulkId }),
      ...(place === undefined ? {} : { location: place }),
      ...(version === undefined || error !== undefined ? {} : { version }),
      status: String(status),
      ...(error === undefined ? {} : { response: error }),
    };
  }
}

function pathProblem(path: string): ScimError | undefined {
  return isResourcePath(path) ? undefined : notFound(
    `"${clip(path)}" cannot be part of a bulk request; send it alone`,
  );
}

function referenceProblem(
  bulkIds: Iterable<string>,
  creators: ReadonlyMap<string, number>,
): ScimError | undefined {
  for (const bulkId of bulkIds) {
    if (creators.has(bulkId)) continue;
    return invalidValue(
      `No operation of the request creates "bulkId:${clip(bulkId)}"`,
    );
  }
  return undefined;
}

function toOutcome(error: ScimError): Outcome {
  return {
    status: error.status,
    location: undefined,
    version: undefined,
    error: error.toJSON(),
  };
}

function notCreated(bulkId: string): ScimError {
  return new ScimError(
    409,
    undefined,
    `"bulkId:${clip(bulkId)}" was not created: its operation failed`,
  );
}
