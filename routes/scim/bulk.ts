/**
 * POST /Bulk (RFC 7644 section 3.7): many operations in one request, each of them
 * answered as if it had come alone.
 * @module
 */

import { Hono } from "hono";
import {
  BULK_RESPONSE_SCHEMA,
  type BulkOperation,
  readBulkRequest,
} from "../../domain/bulk/message.ts";
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
import { SCIM_MEDIA_TYPE } from "../middleware/errors.ts";
import type { Services } from "../services.ts";
import { scimResponse } from "./answers.ts";
import { readBody } from "./body.ts";
import type { ScimEnvironment } from "./environment.ts";
import { forwarder } from "./forward.ts";
import { methodNotAllowed } from "./methods.ts";

/** The answer to one operation. */
interface Outcome {
  readonly status: number;
  readonly location: string | undefined;
  readonly version: string | undefined;
  /** The error, if it failed. */
  readonly error: JsonValue | undefined;
}

/** Sends one operation and gets its answer. */
type Send = (
  method: string,
  path: string,
  data: JsonObject | undefined,
  version?: string,
) => Promise<Outcome>;

/** Builds the bulk endpoint. */
export function bulk(services: Services): Hono<ScimEnvironment> {
  const forward = forwarder(services);
  const app = new Hono<ScimEnvironment>();
  app.post("/Bulk", async (c) => {
    const request = readBulkRequest(await readBody(c.req));
    const sender = { base: c.get("base"), client: c.get("client") };
    const send: Send = async (method, path, data, version) => {
      const response = await forward(path, {
        method,
        headers: {
          "Content-Type": SCIM_MEDIA_TYPE,
          ...(version === undefined ? {} : { "If-Match": version }),
        },
        ...(data === undefined ? {} : { body: JSON.stringify(data) }),
      }, sender);
      return {
        status: response.status,
        location: response.headers.get("Location") ?? undefined,
        version: response.headers.get("ETag") ?? undefined,
        error: response.ok ? undefined : await response.json(),
      };
    };
    const run = new BulkRun(request.operations, sender.base, send);
    const results = await run.results(request.failOnErrors ?? Infinity);
    return scimResponse({
      schemas: [BULK_RESPONSE_SCHEMA],
      Operations: results,
    });
  });
  app.all("/Bulk", methodNotAllowed("POST"));
  return app;
}

/** References that could not be set when a resource was created. */
interface LeftOut {
  readonly index: number;
  readonly id: string;
  readonly data: JsonObject;
}

/**
 * Carries out the operations in their order, but what an operation refers to
 * before it. Resources that refer to each other are created without the
 * references, which are added when all of them exist.
 */
class BulkRun {
  readonly #operations: readonly BulkOperation[];
  readonly #base: string;
  readonly #send: Send;
  readonly #creators: ReadonlyMap<string, number>;
  readonly #ids = new Map<string, string>();
  readonly #running = new Set<number>();
  readonly #outcomes = new Map<number, Outcome>();
  readonly #leftOut: LeftOut[] = [];
  #errors = 0;

  constructor(operations: readonly BulkOperation[], base: string, send: Send) {
    this.#operations = operations;
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
  async results(failOnErrors: number): Promise<JsonObject[]> {
    for (const index of this.#operations.keys()) {
      if (this.#errors >= failOnErrors) break;
      await this.#run(index);
    }
    await this.#addLeftOut();
    return this.#operations.flatMap((operation, index) => {
      const outcome = this.#outcomes.get(index);
      return outcome === undefined ? [] : [this.#result(operation, outcome)];
    });
  }

  async #run(index: number): Promise<void> {
    const operation = this.#operations[index];
    if (operation === undefined || this.#outcomes.has(index)) return;
    this.#running.add(index);
    let outcome: Outcome;
    try {
      outcome = await this.#carryOut(index, operation);
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      outcome = failure(error);
    }
    this.#running.delete(index);
    this.#outcomes.set(index, outcome);
    if (outcome.error !== undefined) this.#errors++;
  }

  async #carryOut(
    index: number,
    { method, bulkId, path, version, data, problem }: BulkOperation,
  ): Promise<Outcome> {
    if (problem !== undefined) throw problem;
    if (/\/(\.search|bulk)\/?$/i.test(path)) {
      throw notFound(`"${clip(path)}" cannot be part of a bulk request`);
    }
    const unknown = await this.#createFirst(referencedBulkIds(path, data));
    if (unknown.size > 0 && (method !== "POST" || bulkId === undefined)) {
      throw circular([...unknown]);
    }
    const { now, later } = splitByReferences(data ?? {}, unknown);
    const outcome = await this.#send(
      method,
      resolveText(path, this.#ids),
      data === undefined ? undefined : resolveReferences(now, this.#ids),
      version,
    );
    const id = outcome.location?.split("/").at(-1);
    if (bulkId !== undefined && method === "POST" && id !== undefined) {
      this.#ids.set(bulkId, id);
      if (unknown.size > 0) this.#leftOut.push({ index, id, data: later });
    }
    return outcome;
  }

  /**
   * Creates what an operation refers to.
   *
   * @returns the bulkIds that cannot be known yet, because they wait for this one
   * @throws {ScimError} 400 invalidValue or 409 for what cannot be referred to
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
      if (!this.#running.has(creator)) await this.#run(creator);
      if (this.#ids.has(bulkId)) continue;
      if (!this.#running.has(creator)) {
        throw new ScimError(
          409,
          undefined,
          `"bulkId:${clip(bulkId)}" was not created: its operation failed`,
        );
      }
      unknown.add(bulkId);
    }
    return unknown;
  }

  /** Adds the references of resources that refer to each other. */
  async #addLeftOut(): Promise<void> {
    for (const { index, id, data } of this.#leftOut) {
      const endpoint = this.#operations[index]?.path ?? "";
      const value = resolveReferences(data, this.#ids);
      const patch = {
        schemas: [PATCH_OP_SCHEMA],
        Operations: [{ op: "add", value }],
      };
      const path = `${endpoint}/${id}`;
      const missing = [...referencedBulkIds("", data)]
        .filter((bulkId) => !this.#ids.has(bulkId));
      const outcome = missing.length > 0
        ? failure(circular(missing))
        : await this.#send("PATCH", path, patch);
      const created = this.#outcomes.get(index);
      if (outcome.error === undefined && created !== undefined) {
        this.#outcomes.set(index, { ...created, version: outcome.version });
        continue;
      }
      // Half a resource is worse than none.
      await this.#send("DELETE", path, undefined);
      this.#outcomes.set(index, outcome);
    }
  }

  #result(
    { method, bulkId, path }: BulkOperation,
    { status, location, version, error }: Outcome,
  ): JsonObject {
    const place = location ??
      (method === "POST"
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

function failure(error: ScimError): Outcome {
  return {
    status: error.status,
    location: undefined,
    version: undefined,
    error: error.toJSON(),
  };
}

function circular(bulkIds: readonly string[]): ScimError {
  return new ScimError(
    409,
    undefined,
    `The references to ${
      bulkIds.map((id) => `"bulkId:${clip(id)}"`).join(", ")
    } are circular and cannot be resolved`,
  );
}
