/**
 * One resource of each type, and what tests of the common attributes ask of it.
 * @module
 */

import { deepStrictEqual, match, notStrictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import { device } from "../../routes/custom_types.ts";
import { BASE, group, object, text, user } from "../../routes/harness.ts";

/** A path with a filter as its query. */
export function query(path: string, filter: string): string {
  return `${path}?filter=${encodeURIComponent(filter)}`;
}

/** The bodies of one resource of each type, by endpoint. */
export const BODIES: Readonly<Record<string, JsonObject>> = {
  "/Users": user("ada"),
  "/Groups": group("staff"),
  "/Devices": device("1"),
};

/** What a client would like to be so, though the server decides it. */
export const MINE: JsonObject = {
  resourceType: "Robot",
  created: "2001-01-01T00:00:00Z",
  lastModified: "2001-01-01T00:00:00Z",
  location: "https://example.com/mine",
  version: 'W/"mine"',
};

/** Checks the meta of a resource that was created at 08:00 and not changed. */
export function isNew(
  json: JsonObject,
  resourceType: string,
  path: string,
): void {
  const { version, ...meta } = object(json["meta"]);
  match(text(version), /^W\/"[^"]+"$/);
  notStrictEqual(version, MINE["version"]);
  deepStrictEqual(meta, {
    resourceType,
    created: "2026-06-01T08:00:00.000Z",
    lastModified: "2026-06-01T08:00:00.000Z",
    location: `${BASE}${path}`,
  });
}
