/**
 * Carries out the operations of a bulk request (RFC 7644 sections 3.7 to 3.7.3).
 * @module
 */

import type { BulkOperation, BulkRequest } from "../../domain/bulk/message.ts";
import {
  referencedBulkIds,
  resolveReferences,
  resolveText,
  splitByReferences,
} from "../../domain/bulk/references.ts";
import { invalidValue, notFound, ScimError } from "../../domain/errors.ts";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { PATCH_OP_SCHEMA } from "../../domain/patch/message.ts";
import { clip } from "../../domain/text.ts";
import { forwardedPath } from "./forward.ts";

/** The answer to one operation. */
export interface Outcome {
  readonly status: number;
  readonly location: string | undefined;
  readonly version: string | undefined;
  /** The error, if it failed. */
  readonly error: JsonValue | undefined;
}

/** Sends one operation and gets its answer. */
export type Send = (
  method: string,
  path: string,
  data: JsonObject | undefined,
  version?: string,
) => Promise<Outcome>;

/** A resource that an operation has created. */
interface Created {
  readonly index: number;
  /** Where it is below the base URL. */
  readonly path: string;
  /** The bulkIds that it refers to. */
  readonly references: ReadonlySet<string>;
}

/** Attributes that a resource could not be created with. */
interface LeftOut {
  readonly bulkId: string;
  readonly data: JsonObject;
  /** The bulkIds that were unknown then. */
  readonly unknown: ReadonlySet<string>;
}

/** An operation refers to a resource that can only be created later. */
class TooEarly extends Error {
  override readonly name = "TooEarly";
  /** The index of the operation that creates it. */
  readonly creator: number;

  constructor(creator: number) {
    super(`Operation ${creator} has to come first`);
    this.creator = creator;
  }
}

/**
 * Carries out the operations in their order, but what an operation refers to
 * before it. A creation that fails before its turn is repeated when its turn
 * comes, and what refers to it waits: operations between them may have made room
 * for it. Resources that refer to each other are created without the references,
 * which are added as soon as all of them exist.
 */
export class BulkRun {
  readonly #operations: readonly BulkOperation[];
  readonly #failOnErrors: number;
  readonly #base: string;
  readonly #send: Send;
  readonly #creators: ReadonlyMap<string, number>;
  readonly #ids = new Map<string, string>();
  readonly #running = new Set<number>();
  readonly #outcomes = new Map<number, Outcome>();
  readonly #created = new Map<string, Created>();
  /** Operations that wait, by the operation that they wait for. */
  readonly #waiting = new Map<number, Set<number>>();
  /** Operations that were tried before their turn, without success. */
  readonly #postponed = new Set<number>();
  #leftOut: LeftOut[] = [];
  #errors = 0;
  /** The operation whose turn it is. */
  #turn = -1;

  constructor(
    { operations, failOnErrors }: BulkRequest,
    base: string,
    send: Send,
  ) {
    this.#operations = operations;
    this.#failOnErrors = failOnErrors ?? Infinity;
    this.#base = base;
    this.#send = send;
    this.#creators = new Map(
      operations.flatMap(({ method, bulkId, problem }, index) =>
        method === "POST" && bulkId !== undefined && problem === undefined
          ? [[bulkId, index] as const]
          : []
      ),
    );
  }

  /** The results of all operations that were carried out, in their order. */
  async results(): Promise<JsonObject[]> {
    for (const index of this.#operations.keys()) {
      if (this.#errors >= this.#failOnErrors) break;
      this.#turn = index;
      await this.#run(index);
    }
    await this.#undoLeftOut();
    return this.#operations.flatMap((operation, index) => {
      const outcome = this.#outcomes.get(index);
      return outcome === undefined ? [] : [this.#result(operation, outcome)];
    });
  }

  async #run(index: number): Promise<void> {
    const operation = this.#operations[index];
    if (
      operation === undefined || this.#outcomes.has(index) ||
      this.#running.has(index)
    ) return;
    this.#running.add(index);
    const outcome = await this.#carryOut(index, operation).catch(toOutcome);
    this.#running.delete(index);
    if (outcome instanceof TooEarly) {
      const { creator } = outcome;
      const waiting = this.#waiting.get(creator) ?? new Set();
      this.#waiting.set(creator, waiting.add(index));
    }
    if (
      outcome instanceof TooEarly ||
      (outcome.error !== undefined && index > this.#turn)
    ) {
      this.#postponed.add(index);
      return;
    }
    this.#outcomes.set(index, outcome);
    if (outcome.error !== undefined) this.#errors++;
    await this.#addLeftOut();
    for (const waiting of this.#waiting.get(index) ?? []) {
      if (this.#errors >= this.#failOnErrors) break;
      await this.#run(waiting);
    }
  }

  async #carryOut(
    index: number,
    { method, bulkId, path, version, data, problem }: BulkOperation,
  ): Promise<Outcome> {
    if (problem !== undefined) throw problem;
    if (/\/(\.search|bulk)$/i.test(forwardedPath(path))) {
      throw notFound(`"${clip(path)}" cannot be part of a bulk request`);
    }
    const references = referencedBulkIds(path, data);
    const unknown = await this.#createFirst(references);
    const { now, later } = splitByReferences(data ?? {}, unknown);
    const outcome = await this.#send(
      method,
      resolveText(path, this.#ids),
      data === undefined ? undefined : resolveReferences(now, this.#ids),
      version,
    );
    const { location } = outcome;
    if (method === "POST" && bulkId !== undefined && location !== undefined) {
      this.#ids.set(bulkId, location.split("/").at(-1) ?? "");
      this.#created.set(bulkId, {
        index,
        path: location.slice(this.#base.length),
        references,
      });
      if (unknown.size > 0) {
        this.#leftOut.push({ bulkId, data: later, unknown });
      }
    }
    return outcome;
  }

  /**
   * Creates what an operation refers to.
   *
   * @returns the bulkIds that cannot be known yet, because they wait for this one
   * @throws {ScimError} 400 invalidValue or 409 for what cannot be referred to
   * @throws {TooEarly} for what cannot be created yet
   */
  async #createFirst(references: ReadonlySet<string>): Promise<Set<string>> {
    const unknown = new Set<string>();
    for (const bulkId of references) {
      if (this.#ids.has(bulkId)) continue;
      const creator = this.#creators.get(bulkId);
      if (creator === undefined) {
        throw invalidValue(
          `No operation of the request creates "bulkId:${clip(bulkId)}"`,
        );
      }
      const waits = this.#postponed.has(creator) && creator > this.#turn;
      if (!waits) await this.#run(creator);
      if (this.#ids.has(bulkId)) continue;
      if (this.#outcomes.has(creator)) throw notCreated(bulkId);
      if (!this.#running.has(creator)) throw new TooEarly(creator);
      unknown.add(bulkId);
    }
    return unknown;
  }

  /** Adds the references that were left out and can be known by now. */
  async #addLeftOut(): Promise<void> {
    const isReady = ({ unknown }: LeftOut) =>
      [...unknown].every((id) => this.#isDecided(id));
    const ready = this.#leftOut.filter(isReady);
    this.#leftOut = this.#leftOut.filter((item) => !ready.includes(item));
    for (const { bulkId, data, unknown } of ready) {
      const created = this.#created.get(bulkId);
      if (created === undefined) continue;
      const missing = [...unknown].find((id) => !this.#ids.has(id));
      const outcome = missing === undefined
        ? await this.#send("PATCH", created.path, {
          schemas: [PATCH_OP_SCHEMA],
          Operations: [{
            op: "add",
            value: resolveReferences(data, this.#ids),
          }],
        })
        : failure(notCreated(missing));
      if (outcome.error !== undefined) {
        await this.#undo(bulkId, outcome);
        continue;
      }
      const before = this.#outcomes.get(created.index);
      if (before === undefined) continue;
      const { version } = outcome;
      this.#outcomes.set(created.index, { ...before, version });
    }
  }

  /**
   * Deletes a resource whose references cannot be set, and those that refer to
   * it: half a resource is worse than none.
   */
  async #undo(bulkId: string, outcome: Outcome): Promise<void> {
    const created = this.#created.get(bulkId);
    if (created === undefined) return;
    this.#created.delete(bulkId);
    this.#ids.delete(bulkId);
    await this.#send("DELETE", created.path, undefined);
    this.#outcomes.set(created.index, outcome);
    this.#errors++;
    for (const [other, { references }] of this.#created) {
      if (references.has(bulkId)) {
        await this.#undo(other, failure(notCreated(bulkId)));
      }
    }
  }

  /** Undoes what still waits for references when the operations have been stopped. */
  async #undoLeftOut(): Promise<void> {
    for (const { bulkId, unknown } of this.#leftOut) {
      const [missing = ""] = unknown;
      await this.#undo(bulkId, failure(notCreated(missing)));
    }
  }

  #isDecided(bulkId: string): boolean {
    const creator = this.#creators.get(bulkId);
    return creator === undefined || this.#outcomes.has(creator);
  }

  #result(
    { method, bulkId, path }: BulkOperation,
    { status, location, version, error }: Outcome,
  ): JsonObject {
    const place = location ??
      (method === "POST" || !path.startsWith("/")
        ? undefined
        : `${this.#base}${resolveText(path, this.#ids)}`);
    return {
      method,
      ...(bulkId === undefined ? {} : { bulkId }),
      ...(place === undefined ? {} : { location: place }),
      ...(version === undefined || error !== undefined ? {} : { version }),
      status: String(status),
      ...(error === undefined ? {} : { response: error }),
    };
  }
}

function toOutcome(error: unknown): Outcome | TooEarly {
  if (error instanceof TooEarly) return error;
  if (error instanceof ScimError) return failure(error);
  throw error;
}

function failure(error: ScimError): Outcome {
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
