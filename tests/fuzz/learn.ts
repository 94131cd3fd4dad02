/**
 * What answers tell of the server: resources that came and went, cursors, tokens.
 * @module
 */

import { isJsonObject, type JsonValue } from "../../domain/json.ts";
import { ORIGIN } from "../routes/harness.ts";
import { type FuzzAnswer, jsonOf } from "./judge.ts";
import { type FuzzRequest, isScimPath, pathOf } from "./request.ts";
import type { Tenant, World } from "./world.ts";

/** How many cursors are remembered. */
const MAX_CURSORS = 30;

/** Notes in the world what an answer tells. */
export function learn(
  world: World,
  request: FuzzRequest,
  answer: FuzzAnswer,
): void {
  const path = pathOf(request);
  if (path.startsWith("/admin")) return learnTokens(world, request, answer);
  if (isScimPath(path) === false) return;
  const tenant = world.tenant(request.tenant);
  const { status, headers } = answer;
  const location = headers.get("Location");
  const etag = headers.get("ETag") ?? "";
  const id = path.split("/").at(-1) ?? "";
  if (status === 201) addAt(tenant, location, etag);
  else if (request.method === "DELETE" && status === 204) tenant.forget(id);
  else if (etag !== "") {
    const known = tenant.find(id);
    if (known !== undefined) known.etag = etag;
  }
  const json = jsonOf(answer);
  if (!isJsonObject(json)) return;
  const { nextCursor, Operations: operations } = json;
  if (typeof nextCursor === "string") {
    world.cursors.push(nextCursor);
    if (world.cursors.length > MAX_CURSORS) world.cursors.shift();
  }
  if (Array.isArray(operations)) learnBulk(tenant, operations);
}

/** The endpoint and the id at the end of a URL. */
export function placeOf(
  location: JsonValue | undefined,
): { readonly endpoint: string; readonly id: string } | undefined {
  const match = /(\/[^/]+)\/([0-9a-f-]{36})$/.exec(String(location));
  return match === null
    ? undefined
    : { endpoint: match[1] ?? "", id: match[2] ?? "" };
}

function addAt(
  tenant: Tenant,
  location: JsonValue | undefined,
  etag: string,
): void {
  const place = placeOf(location);
  if (place !== undefined) tenant.add({ ...place, etag });
}

/** A resource can be deleted by an operation in front of the one that made it. */
function learnBulk(tenant: Tenant, operations: readonly JsonValue[]): void {
  const results = operations.filter(isJsonObject);
  for (const { method, status, location, version } of results) {
    if (method === "POST" && status === "201") {
      addAt(tenant, location, String(version));
    }
  }
  for (const { method, status, location } of results) {
    if (method === "DELETE" && status === "204") {
      tenant.forget(placeOf(location)?.id ?? "");
    }
  }
}

function learnTokens(
  { spareTokens }: World,
  { method, target }: FuzzRequest,
  answer: FuzzAnswer,
): void {
  const { pathname } = new URL(ORIGIN + target);
  const id = /^\/admin\/tokens\/([^/]+)$/.exec(pathname)?.[1];
  const json = jsonOf(answer);
  if (method === "POST" && answer.status === 201 && isJsonObject(json)) {
    if (typeof json["token"] === "string") spareTokens.push(String(json["id"]));
  } else if (method === "DELETE" && answer.status === 204) {
    const at = spareTokens.indexOf(id ?? "");
    if (at >= 0) spareTokens.splice(at, 1);
  }
}
