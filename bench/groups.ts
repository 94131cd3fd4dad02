/**
 * Groups for the benchmark, and the requests about them.
 * @module
 */

import { type Bench, idOf, measure, sendAll } from "./bench.ts";
import type { WireRequest } from "./http.ts";
import { range, seedFloorGroup } from "./load.ts";

const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** How many members one PATCH adds where a group is too large for one request. */
const MEMBERS_PER_PATCH = 200;

/** The path of all groups. */
export const GROUPS = "/scim/v2/Groups";

/** A POST of a group. */
export function createGroup(
  name: string,
  members: readonly string[],
): WireRequest {
  return { method: "POST", path: GROUPS, body: groupBody(name, members) };
}

/** A PUT that gives a group other members. */
export function replaceGroup(
  id: string,
  name: string,
  members: readonly string[],
): WireRequest {
  return {
    method: "PUT",
    path: `${GROUPS}/${id}?attributes=id`,
    body: groupBody(name, members),
  };
}

function groupBody(name: string, members: readonly string[]): string {
  return JSON.stringify({
    schemas: [GROUP],
    displayName: name,
    members: members.map((value) => ({ value })),
  });
}

/** A PATCH that adds or removes members. */
export function patchMembers(
  path: string,
  op: "add" | "remove",
  members: readonly string[],
): WireRequest {
  const value = members.map((each) => ({ value: each }));
  return {
    method: "PATCH",
    path,
    body: JSON.stringify({
      schemas: [PATCH_OP],
      Operations: [{ op, path: "members", value }],
    }),
  };
}

/** The sizes of groups that are compared, the largest last. */
export function groupSizes({ options }: Bench): number[] {
  const small = [10, 1_000].filter((size) => size < options.members);
  return [...small, options.members];
}

/**
 * A group of some size in both stores; made now, unless it is there.
 *
 * @returns its id
 */
export async function groupOf(bench: Bench, size: number): Promise<string> {
  const name = `Group of ${size}`;
  const known = bench.store.groups[name];
  if (known !== undefined) return known.id;
  const members = range(0, size).map((number) => idOf(bench, number));
  const id = await makeGroup(bench, name, members);
  await seedFloorGroup(bench.files, id, members);
  bench.store.groups[name] = { id, size };
  return id;
}

/** Makes a group in one request, or in many where the server takes no such body. */
export async function makeGroup(
  bench: Bench,
  name: string,
  members: readonly string[],
): Promise<string> {
  const whole = await tryCreate(bench, createGroup(name, members));
  if (whole !== undefined) return whole;
  const id = await tryCreate(bench, createGroup(name, []));
  if (id === undefined) throw new Error("The server does not make groups");
  const parts = range(0, Math.ceil(members.length / MEMBERS_PER_PATCH))
    .map((part) => part * MEMBERS_PER_PATCH)
    .map((from) => members.slice(from, from + MEMBERS_PER_PATCH))
    .map((some) => patchMembers(`${GROUPS}/${id}`, "add", some));
  await sendAll(bench, bench.server, parts);
  return id;
}

/** Creates a group; undefined when the body is too large for the server. */
export async function tryCreate(
  bench: Bench,
  request: WireRequest,
): Promise<string | undefined> {
  const { driver, server, store } = bench;
  const outcome = await driver.run({
    port: server.port,
    token: store.token,
    requests: [request],
    concurrency: 1,
    seconds: null,
    repeats: false,
    note: "id",
  });
  const [id] = outcome.ids;
  if (outcome.statuses["201"] === 1 && typeof id === "string") return id;
  if (outcome.statuses["413"] === 1) return undefined;
  throw new Error(
    `A group was not made: ${JSON.stringify(outcome.statuses)} ${
      outcome.complaint ?? "the connection ended"
    }`,
  );
}

/** Removes a group again. */
export async function removeGroup(bench: Bench, id: string): Promise<void> {
  await sendAll(bench, bench.server, [
    { method: "DELETE", path: `${GROUPS}/${id}` },
  ]);
}

/** How many members a group shows. */
export async function countMembers(bench: Bench, id: string): Promise<number> {
  const outcome = await measure(
    bench,
    bench.server,
    [{ method: "GET", path: `${GROUPS}/${id}` }],
    { seconds: null, repeats: false, note: "values" },
  );
  return Number(Object.keys(outcome.values)[0] ?? 0);
}
