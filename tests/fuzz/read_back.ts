/**
 * Spot checks: what a write has answered is what is read behind it.
 * @module
 */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { isJsonObject, type JsonObject } from "../../domain/json.ts";
import { ORIGIN, URN } from "../routes/harness.ts";
import { failureOf, type Fault, type FuzzAnswer, jsonOf } from "./judge.ts";
import { placeOf } from "./learn.ts";
import type { FuzzRequest } from "./request.ts";
import type { Subject } from "./subject.ts";

/**
 * Reads what a request has written, and compares. Nobody else may know the
 * resource meanwhile.
 *
 * @returns what is wrong, undefined when nothing is or when nothing was written
 */
export async function readBack(
  subject: Subject,
  request: FuzzRequest,
  answer: FuzzAnswer,
): Promise<Fault | undefined> {
  const place = placeOf(answer.headers.get("Location"));
  if (place === undefined || answer.status >= 300) return undefined;
  const { search } = new URL(ORIGIN + request.target);
  const read = await subject.answer({
    tenant: request.tenant,
    role: request.role,
    method: "GET",
    target: `/scim/v2${place.endpoint}/${place.id}${search}`,
    headers: {},
  });
  const detail = failureOf(() => {
    strictEqual(read.status, 200, "what was written cannot be read");
    const written = jsonOf(answer);
    const found = jsonOf(read);
    // Members that are deleted meanwhile change a group.
    if (place.endpoint === "/Groups" || !isJsonObject(found)) return;
    strictEqual(read.headers.get("ETag"), answer.headers.get("ETag"));
    if (place.endpoint !== "/Users" || !isJsonObject(written)) return;
    deepStrictEqual(comparable(found), comparable(written));
  });
  return detail === undefined ? undefined : { rule: "read back", detail };
}

/**
 * A resource without what may differ: the base URL, names of others, and what
 * only the answer to a request shows that has sent it (returned: request).
 */
function comparable(resource: JsonObject): JsonObject {
  const { meta: _meta, groups: _groups, [URN.enterprise]: extension, ...rest } =
    resource;
  if (!isJsonObject(extension)) return rest;
  const { manager: _manager, ...others } = extension;
  return { ...rest, [URN.enterprise]: others };
}
