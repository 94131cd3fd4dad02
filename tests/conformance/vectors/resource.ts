/**
 * A resource that lives as long as a trial.
 * @module
 */

import type { JsonObject } from "../../../domain/json.ts";
import { ENDPOINTS, pathOf, textAt } from "./client.ts";
import type { ResourceTypeName } from "./format.ts";
import type { Stage, Verdict } from "./trial.ts";

/** A resource that was created. */
export interface Made {
  readonly id: string;
  readonly path: string;
  /** The resource as a GET shows it. */
  readonly document: JsonObject;
}

/**
 * Creates a resource, runs something with it, and deletes it, so that the next
 * trial may use the same userName.
 */
export async function withResource(
  { call }: Stage,
  type: ResourceTypeName,
  resource: JsonObject,
  run: (made: Made) => Promise<Verdict>,
): Promise<Verdict> {
  const created = await call("POST", ENDPOINTS[type], resource);
  const id = textAt(created.document, "id");
  if (created.answer.status !== 201 || id === "") {
    return failedAs(created, "the state before cannot be created");
  }
  const path = pathOf(type, id);
  const read = await call("GET", path);
  if (read.answer.status !== 200) {
    return failedAs(read, "the state before cannot be read");
  }
  let verdict: Verdict;
  try {
    verdict = await run({ id, path, document: read.document });
  } catch (error) {
    await Promise.allSettled([call("DELETE", path)]);
    throw error;
  }
  const deleted = await call("DELETE", path);
  if (deleted.answer.status === 204) return verdict;
  const line = `DELETE afterwards: expected 204, got ${deleted.answer.status}`;
  return { ...verdict, mismatches: [...verdict.mismatches, line] };
}

function failedAs(
  { request, answer }: Pick<Verdict, "request" | "answer">,
  mismatch: string,
): Verdict {
  return { request, answer, mismatches: [mismatch] };
}
