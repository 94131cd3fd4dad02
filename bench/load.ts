/**
 * Loads users into the server through HTTP, and as much into the floor's store.
 * @module
 */

import { z } from "zod";
import type { Driver } from "./driver.ts";
import type { Options } from "./options.ts";
import {
  emailOf,
  externalIdOf,
  managerOf,
  userBody,
  userNameOf,
} from "./people.ts";
import { type Program, startProgram, storeSize } from "./program.ts";
import { CREATION_LOG_SIZE, GROUP_RECORD_SIZE, RECORD_SIZE } from "./sizes.ts";
import {
  countKey,
  indexKey,
  logPrefix,
  memberKey,
  memberOfKey,
  resourceKey,
  uniqueKey,
} from "../storage/keys.ts";

/** The secret of the administrator of the server that is measured. */
const ADMIN = "only-for-the-time-of-the-benchmark";

/** How many users are sent to the client at a time. */
const CHUNK = 5_000;

/** How many users one commit to the floor's store takes. */
const FLOOR_CHUNK = 100;

/** The first users, who are there before anybody has one of them as a manager. */
const MANAGERS = 1_000;

const manifest = z.object({
  users: z.number(),
  token: z.string(),
  ids: z.array(z.string()),
  loadedPerSecond: z.number(),
  bytesPerUser: z.number(),
  /** Groups that were made, by their names: id and number of members. */
  groups: z.record(z.string(), z.object({ id: z.string(), size: z.number() })),
});

/** What a loaded store holds. */
export type Manifest = z.infer<typeof manifest>;

/** The files of a benchmark. */
export interface Files {
  readonly server: string;
  readonly floor: string;
  readonly manifest: string;
}

/** The files below a folder. */
export function filesIn(folder: string): Files {
  return {
    server: `${folder}/server.db`,
    floor: `${folder}/floor.db`,
    manifest: `${folder}/manifest.json`,
  };
}

/** How many users there are beside those that can be members. */
export function lonersBeside(users: number): number {
  return Math.ceil(users / 10);
}

/** Starts the server on a store. */
export async function startServer(
  files: Files,
  ready: { readonly path: string; readonly token: string } = {
    path: "/readyz",
    token: "",
  },
): Promise<Program> {
  return await startProgram({
    module: "main.ts",
    environment: { KV_PATH: files.server, ADMIN_TOKEN: ADMIN },
    ready,
  });
}

/** Sends a request to the admin API. */
async function administer(
  server: Program,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${ADMIN}`,
      "Content-Type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** The highest rate that the server takes as a setting. */
const RATE = 1_000_000;

/** Lifts the limit of requests per second; a server without one answers 400. */
export async function liftRateLimit(server: Program): Promise<void> {
  const { status, text } = await administer(
    server,
    "PATCH",
    "/admin/tenants/default",
    { settings: { requestsPerSecond: RATE } },
  );
  if (status >= 300 && status !== 400) {
    throw new Error(`The rate limit was not lifted: ${status} ${text}`);
  }
}

/** Reads what a store holds; undefined when there is none, or one of another size. */
export async function readManifest(
  files: Files,
  { users }: Options,
): Promise<Manifest | undefined> {
  try {
    const found = manifest.parse(
      JSON.parse(await Deno.readTextFile(files.manifest)),
    );
    return found.users === users ? found : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes down what a store holds. */
export async function writeManifest(
  files: Files,
  content: Manifest,
): Promise<void> {
  await Deno.writeTextFile(files.manifest, JSON.stringify(content));
}

/** Loads users into a new server, 64 requests at once, and stops it. */
export async function loadServer(
  files: Files,
  users: number,
  driver: Driver,
  tell: (text: string) => void,
): Promise<Manifest> {
  const server = await startServer(files);
  await liftRateLimit(server);
  const issued = await administer(server, "POST", "/admin/tokens", {
    name: "benchmark",
  });
  const { token } = z.object({ token: z.string() })
    .parse(JSON.parse(issued.text));
  const empty = await storeSize(files.server);
  const total = users + lonersBeside(users);
  const ids: string[] = [];
  let seconds = 0;
  while (ids.length < total) {
    const count = ids.length === 0 ? MANAGERS : CHUNK;
    const numbers = range(ids.length, Math.min(total, ids.length + count));
    const outcome = await driver.run({
      port: server.port,
      token,
      requests: numbers.map((number) => {
        const manager = managerOf(number);
        const body = userBody(
          number,
          manager === undefined ? undefined : ids[manager],
        );
        return {
          method: "POST",
          path: "/scim/v2/Users",
          body: JSON.stringify(body),
        };
      }),
      concurrency: 64,
      seconds: null,
      repeats: false,
      note: "id",
    });
    const made = outcome.ids.filter((id) => id !== null);
    if (
      made.length < numbers.length || outcome.statuses["201"] !== made.length
    ) {
      throw new Error(
        `The server did not make all users: ${
          JSON.stringify(outcome.statuses)
        } ${outcome.complaint ?? ""}`,
      );
    }
    ids.push(...made);
    seconds += outcome.answers / outcome.perSecond;
    tell(`  ${ids.length} users in ${seconds.toFixed(0)} s`);
  }
  await server.stop();
  return {
    users,
    token,
    ids,
    loadedPerSecond: total / seconds,
    bytesPerUser: (await storeSize(files.server) - empty) / total,
    groups: {},
  };
}

/** Writes as many entries of the same size to the floor's store. */
export async function loadFloor(
  files: Files,
  { ids }: Manifest,
): Promise<void> {
  using kv = await Deno.openKv(files.floor);
  const record = new Uint8Array(RECORD_SIZE).fill(0x61);
  const log = new Uint8Array(CREATION_LOG_SIZE).fill(0x62);
  for (let i = 0; i < ids.length; i += FLOOR_CHUNK) {
    const change = kv.atomic();
    for (const [offset, id] of ids.slice(i, i + FLOOR_CHUNK).entries()) {
      const number = i + offset;
      const index = (attribute: string, text: string) =>
        indexKey("default", "User", attribute, text, id);
      change.sum(countKey("default", "User", id.slice(0, 2)), 1n)
        .set(resourceKey("default", "User", id), record)
        .set(uniqueKey("default", "User", "userName", userNameOf(number)), id)
        .set(index("externalId", externalIdOf(number)), 0)
        .set(index("displayName", `name ${emailOf(number)}`), 0)
        .set(index("emails.value", emailOf(number)), 0)
        .set([...logPrefix("default"), "loaded", number], log);
    }
    await change.commit();
  }
}

/** Writes a group with members to the floor's store. */
export async function seedFloorGroup(
  files: Files,
  id: string,
  members: readonly string[],
): Promise<void> {
  using kv = await Deno.openKv(files.floor);
  await kv.set(
    resourceKey("default", "Group", id),
    new Uint8Array(GROUP_RECORD_SIZE),
  );
  const sorted = members.toSorted();
  for (let i = 0; i < sorted.length; i += 200) {
    const change = kv.atomic();
    for (const member of sorted.slice(i, i + 200)) {
      change.set(memberKey("default", id, "0", member), "User")
        .set(memberOfKey("default", member, id, "0"), "Group");
    }
    await change.commit();
  }
}

/** The numbers from one up to, but without, another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

let asked = 0;

/**
 * A path that was never asked for, so that no kept answer is the answer to it. The
 * parameter means nothing to the server.
 */
export function anew(path: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}anew=${asked++}`;
}
