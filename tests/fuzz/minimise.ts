/**
 * Makes a failing request smaller as long as it still fails.
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { bytesOf, type FuzzRequest, textOf } from "./request.ts";

/** How many requests an attempt to make one smaller takes at the most. */
const MAX_TRIES = 400;

/**
 * The smallest request that is found to fail as the given one does.
 *
 * @param fails whether a request fails in the same way
 */
export async function minimise(
  request: FuzzRequest,
  fails: (request: FuzzRequest) => Promise<boolean>,
): Promise<FuzzRequest> {
  let smallest = request;
  let tries = 0;
  for (let found = true; found && tries < MAX_TRIES;) {
    found = false;
    for (const smaller of smallerOnes(smallest)) {
      if (++tries > MAX_TRIES) break;
      if (!await fails(smaller)) continue;
      smallest = smaller;
      found = true;
      break;
    }
  }
  return smallest;
}

function* smallerOnes(request: FuzzRequest): Generator<FuzzRequest> {
  const { headers, target, body, brokenOff: _, ...rest } = request;
  for (const name of Object.keys(headers)) {
    const { [name]: _, ...others } = headers;
    yield { ...request, headers: others };
  }
  for (const smaller of smallerTargets(target)) {
    yield { ...request, target: smaller };
  }
  if (body === undefined) return;
  if (request.brokenOff === true) yield { headers, target, body, ...rest };
  yield { headers, target, ...rest };
  for (const smaller of smallerBodies(body)) {
    yield { ...request, body: bytesOf(smaller) };
  }
}

/** Without one query parameter, or with half of its value. */
function* smallerTargets(target: string): Generator<string> {
  const [path = "", query = ""] = target.split("?", 2);
  if (query === "") return;
  const parts = query.split("&");
  for (const [index, part] of parts.entries()) {
    const others = parts.toSpliced(index, 1);
    yield others.length === 0 ? path : `${path}?${others.join("&")}`;
    const [name = "", value = ""] = part.split("=", 2);
    for (const shorter of shorterTexts(decoded(value))) {
      const encoded = `${name}=${encodeURIComponent(shorter.toWellFormed())}`;
      yield `${path}?${parts.with(index, encoded).join("&")}`;
    }
  }
}

function* smallerBodies(body: Uint8Array): Generator<string> {
  const text = textOf(body);
  let json: JsonValue;
  try {
    json = JSON.parse(text);
  } catch {
    yield* shorterTexts(text);
    return;
  }
  for (const smaller of smallerValues(json)) yield JSON.stringify(smaller);
}

function* smallerValues(value: JsonValue): Generator<JsonValue> {
  if (Array.isArray(value)) {
    if (value.length > 3) yield value.slice(0, value.length / 2);
    if (value.length > 3) yield value.slice(value.length / 2);
    for (const [index, item] of value.entries()) {
      yield value.toSpliced(index, 1);
      for (const smaller of smallerValues(item)) {
        yield value.with(index, smaller);
      }
    }
  } else if (isJsonObject(value)) yield* smallerObjects(value);
  else if (typeof value === "string") yield* shorterTexts(value);
}

function* smallerObjects(value: JsonObject): Generator<JsonValue> {
  const entries = Object.entries(value);
  for (const [index, [name, item]] of entries.entries()) {
    yield Object.fromEntries(entries.toSpliced(index, 1));
    for (const smaller of smallerValues(item)) {
      yield Object.fromEntries(entries.with(index, [name, smaller]));
    }
  }
}

function* shorterTexts(text: string): Generator<string> {
  const half = Math.floor(text.length / 2);
  if (half === 0) return;
  yield text.slice(0, half);
  yield text.slice(half);
  if (text.length > 24) return;
  for (let i = 0; i < text.length; i++) {
    yield text.slice(0, i) + text.slice(i + 1);
  }
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
