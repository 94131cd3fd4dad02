/**
 * Single changes, as requests of their own or as operations of a bulk request,
 * and what their answers say about the model.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import { type Client, objectsIn } from "./client.ts";
import type { Cell, Model, ModelGroup, ModelUser } from "./model.ts";

/** A change that is about to be sent; the model counts it as begun. */
export interface Step {
  readonly method: string;
  readonly path: string;
  readonly data: JsonObject | undefined;
  /** Takes the answer in. */
  answered(outcome: Outcome): void;
}

/** What an answer says of a change. */
export interface Outcome {
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** Of what was created, if the answer says so. */
  readonly id: string | undefined;
  /** Of an error. */
  readonly detail: string;
}

/** What a step is made of. */
export interface StepOptions<T> {
  readonly cell: Cell<T>;
  readonly after: T;
  readonly target: ModelUser | ModelGroup;
  readonly mark: string;
  readonly request: Pick<Step, "method" | "path" | "data">;
  /** Statuses by which the server may refuse it, asked for when the answer is there. */
  readonly refusals?: () => readonly number[];
  /** Whether nobody can tell from the state if it has happened. */
  readonly isHidden?: () => boolean;
  /** Whether even an acknowledged one may have had nothing left to do. */
  readonly isMoot?: () => boolean;
}

/** Makes changes and takes their answers in. */
export class Steps {
  readonly #model: Model;
  readonly #faults: string[];
  /** How many changes were acknowledged, and how many were not answered. */
  readonly counts = { acknowledged: 0, unanswered: 0, refused: 0, busy: 0 };

  /** @param faults takes a sentence for each answer that must not be */
  constructor(model: Model, faults: string[]) {
    this.#model = model;
    this.#faults = faults;
  }

  /** Begins a change. */
  begin<T>(options: StepOptions<T>): Step {
    const { cell, after, target, mark, request } = options;
    const { isHidden = () => false, isMoot = () => false } = options;
    const before = cell.value;
    cell.begin(after);
    const write = this.#model.note(
      target,
      mark,
      () => isHidden() || cell.isBusy ? undefined : cell.value === after,
    );
    return {
      ...request,
      answered: ({ status, id, detail }) => {
        if (status === undefined) {
          this.counts.unanswered++;
        } else if (status >= 200 && status < 300) {
          cell.settle(after);
          if (request.method === "POST") target.id = id;
          write.hasHappened = () => isMoot() ? undefined : true;
          this.#model.acknowledge(write);
          this.counts.acknowledged++;
        } else if (options.refusals?.().includes(status) === true) {
          cell.settle(before);
          write.hasHappened = () => false;
          this.counts.refused++;
        } else if (status === 503) {
          this.counts.busy++;
        } else {
          this.#faults.push(
            `${request.method} ${request.path} answers ${status}: ${detail}`,
          );
        }
      },
    };
  }

  /** Sends a change as a request of its own. */
  async send(client: Client, step: Step): Promise<number | undefined> {
    const answer = await client.scim(step.method, step.path, step.data);
    step.answered({
      status: answer?.status,
      id: answer?.id,
      detail: detailOf(answer?.body),
    });
    return answer?.status;
  }

  /** Sends several changes in one bulk request; each counts by itself. */
  async sendBulk(client: Client, steps: readonly Step[]): Promise<void> {
    const answer = await client.scim("POST", "/Bulk", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: steps.map(({ method, path, data }, index) => ({
        method,
        path,
        ...(data === undefined ? {} : { data }),
        ...(method === "POST" ? { bulkId: `b${index}` } : {}),
      })),
    });
    const results = objectsIn(answer?.body, "Operations");
    if (answer !== undefined && ![200, 503].includes(answer.status)) {
      const detail = detailOf(answer.body);
      this.#faults.push(`POST /Bulk answers ${answer.status}: ${detail}`);
    }
    steps.forEach((step, index) => {
      const result = results[index];
      const location = result?.["location"];
      step.answered({
        status: result === undefined ? undefined : Number(result["status"]),
        id: typeof location === "string"
          ? location.split("/").at(-1)
          : undefined,
        detail: Deno.inspect(result?.["response"]),
      });
    });
  }
}

function detailOf(body: JsonObject | undefined): string {
  return String(body?.["detail"]);
}
