/**
 * Judges one answer by itself: whatever was asked, it has to be sound.
 * @module
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { URN } from "../routes/harness.ts";
import { PASSWORD_MARK } from "./bodies.ts";
import { type FuzzRequest, isScimPath, pathOf } from "./request.ts";

/** What a deadline that has passed is answered with. */
const LATE = "The store does not answer in time";

const BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/** An answer whose body has been read. */
export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** In milliseconds. */
  readonly took: number;
}

/** What is wrong with an answer. */
export interface Fault {
  /** Equal for equal faults: `status`, `media type`, `body`, `secret` … */
  readonly rule: string;
  readonly detail: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The first thing that is wrong with an answer; undefined when nothing is.
 *
 * @param secrets what no answer may hold
 */
export function judge(
  request: FuzzRequest,
  answer: FuzzAnswer,
  secrets: readonly string[],
): Fault | undefined {
  // A busy machine can miss a deadline as well as keep somebody waiting.
  if (isLate(answer)) return { rule: "slow", detail: LATE };
  const rules: readonly (readonly [string, () => void])[] = [
    ["status", () => judgeStatus(answer)],
    ["body", () => judgeText(request, answer)],
    ["media type", () => judgeMediaType(request, answer)],
    ["secret", () => judgeSecrets(request, answer, secrets)],
    ["error", () => judgeError(request, answer)],
    ["list", () => judgeList(answer)],
    ["bulk", () => judgeBulk(answer)],
    ["resource", () => judgeResource(request, answer)],
    ["well-formed", () => judgeStrings(jsonOf(answer))],
  ];
  for (const [rule, check] of rules) {
    const detail = failureOf(check);
    if (detail !== undefined) return { rule, detail };
  }
  return undefined;
}

/** Whether a request, or an operation of a bulk request, met a deadline. */
export function isLate({ status, bytes }: FuzzAnswer): boolean {
  return (status === 503 || status === 200) &&
    new TextDecoder().decode(bytes).includes(`"detail":"${LATE}`);
}

/** The body as JSON; null when there is none or it is no JSON. */
export function jsonOf({ bytes }: FuzzAnswer): JsonValue {
  try {
    return bytes.length === 0 ? null : JSON.parse(decoder.decode(bytes));
  } catch {
    return null;
  }
}

/** What an assertion says when it fails. */
export function failureOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function judgeStatus({ status, bytes }: FuzzAnswer): void {
  ok(
    (status >= 200 && status < 500 && status !== 429) || status === 501,
    `${status}: ${new TextDecoder().decode(bytes).slice(0, 500)}`,
  );
}

/** Bodies are UTF-8, and JSON where they say so; some answers have none. */
function judgeText({ method }: FuzzRequest, answer: FuzzAnswer): void {
  const { status, headers, bytes } = answer;
  const hasNone = [204, 304].includes(status) || method === "HEAD";
  if (hasNone) return strictEqual(bytes.length, 0, `${status} with a body`);
  const length = headers.get("Content-Length");
  if (length !== null) strictEqual(length, String(bytes.length));
  const text = decoder.decode(bytes);
  if (/json/.test(headers.get("Content-Type") ?? "")) JSON.parse(text);
}

function judgeMediaType(
  request: FuzzRequest,
  { status, headers, bytes }: FuzzAnswer,
): void {
  const type = headers.get("Content-Type");
  const isScim = isScimPath(pathOf(request));
  if (bytes.length === 0) return;
  if (isScim === true) return strictEqual(type, "application/scim+json");
  if (status >= 400 && isScim === false) {
    return strictEqual(type, "application/problem+json");
  }
  match(type ?? "", /^(application\/(\w+\+)?json|text\/plain)/);
}

function judgeSecrets(
  request: FuzzRequest,
  { bytes }: FuzzAnswer,
  secrets: readonly string[],
): void {
  const text = new TextDecoder().decode(bytes);
  const path = pathOf(request);
  const found = secrets.find((secret) => text.includes(secret));
  ok(found === undefined, "the answer holds a secret");
  ok(!text.includes(PASSWORD_MARK), "the answer holds a password");
  if (!/^\/admin\/tokens(\/|$)/.test(path)) {
    ok(
      !/scim_[\w-]{43,}/.test(text.replaceAll(`scim_${"A".repeat(49)}`, "")),
      "the answer holds a token",
    );
  }
}

function judgeError(
  request: FuzzRequest,
  answer: FuzzAnswer,
): void {
  const { status, headers, bytes } = answer;
  if (status < 400 || bytes.length === 0) return;
  const json = jsonOf(answer);
  ok(isJsonObject(json), "an error without a JSON object");
  const { detail } = json;
  ok(typeof detail === "string" && detail.length > 5, "an error says nothing");
  ok(detail.length < 3_000, `a detail of ${detail.length} characters`);
  if (status === 401) {
    ok(headers.get("WWW-Authenticate"), "401 without a challenge");
  }
  if (status === 405) ok(headers.get("Allow"), "405 without Allow");
  if (isScimPath(pathOf(request)) !== true) return;
  deepStrictEqual(json["schemas"], [URN.error]);
  strictEqual(json["status"], String(status));
}

function judgeList(answer: FuzzAnswer): void {
  const list = messageOf(answer, URN.list);
  if (list === undefined) return;
  const { Resources: resources, itemsPerPage, totalResults } = list;
  ok(Array.isArray(resources), "Resources is no array");
  strictEqual(itemsPerPage, resources.length);
  if (totalResults !== undefined) {
    ok(Number(totalResults) >= resources.length, `${totalResults} in all`);
  }
  const ids = new Set<string>();
  for (const resource of resources) {
    ok(isJsonObject(resource));
    const isDocument = /\/(ResourceTypes|Schemas)\//.test(locationIn(resource));
    const id = resource[isDocument && !("id" in resource) ? "name" : "id"];
    ok(typeof id === "string", "a resource without an id");
    ok(!ids.has(id), `${id} is on the page twice`);
    ids.add(id);
    if (!isDocument) judgeShown(resource);
  }
}

function judgeBulk(answer: FuzzAnswer): void {
  const { Operations: operations } = messageOf(answer, BULK_RESPONSE) ?? {};
  if (operations === undefined) return;
  ok(Array.isArray(operations));
  for (const operation of operations) {
    ok(isJsonObject(operation));
    const { status, location, response, method } = operation;
    match(String(status), /^([234]\d\d|501)$/, JSON.stringify(operation));
    if (Number(status) < 300 && method !== "DELETE") {
      ok(typeof location === "string", "a success without a location");
    }
    if (Number(status) >= 400) {
      ok(isJsonObject(response) && "detail" in response, "no reason is given");
    }
  }
}

/** One resource: its entity tag and location are those of the headers. */
function judgeResource(request: FuzzRequest, answer: FuzzAnswer): void {
  const { status, headers } = answer;
  const json = jsonOf(answer);
  if (isScimPath(pathOf(request)) !== true || status >= 300) return;
  if (status === 201) ok(headers.get("Location"), "201 without a Location");
  if (!isJsonObject(json) || !Array.isArray(json["schemas"])) return;
  const [schema] = json["schemas"];
  if (
    /:api:messages:|:(Schema|ResourceType|ServiceProviderConfig)$/.test(
      String(schema),
    )
  ) {
    return;
  }
  judgeShown(json);
  const etag = headers.get("ETag");
  const location = headers.get("Location");
  match(etag ?? "", /^W\/"[^"]+"$/);
  ok(typeof json["id"] === "string", "a resource without an id");
  ok(location?.endsWith(`/${json["id"]}`), `Location is ${location}`);
  const { meta } = json;
  if (!isJsonObject(meta)) return;
  if ("version" in meta) strictEqual(meta["version"], etag);
  if ("location" in meta) strictEqual(meta["location"], location);
}

/** What is never shown. */
function judgeShown(resource: JsonObject): void {
  for (const name of Object.keys(resource)) {
    ok(!/^(password|pin|vault)$/i.test(name), `${name} is shown`);
  }
  ok(
    Array.isArray(resource["schemas"]),
    "a resource without its schemas",
  );
}

/** No string and no name may hold half of a surrogate pair. */
function judgeStrings(value: JsonValue): void {
  if (typeof value === "string") {
    ok(value.isWellFormed(), "a string is no well-formed Unicode");
  } else if (Array.isArray(value)) value.forEach(judgeStrings);
  else if (isJsonObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      judgeStrings(name);
      judgeStrings(item);
    }
  }
}

function messageOf(answer: FuzzAnswer, schema: string): JsonObject | undefined {
  const json = jsonOf(answer);
  if (!isJsonObject(json) || !Array.isArray(json["schemas"])) return undefined;
  return json["schemas"][0] === schema ? json : undefined;
}

function locationIn({ meta }: JsonObject): string {
  return isJsonObject(meta) ? String(meta["location"]) : "";
}
