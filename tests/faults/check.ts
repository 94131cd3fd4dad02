/**
 * Compares what a restarted server holds with what its client knows.
 * @module
 */

import {
  isJsonObject,
  jsonEquals,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import { type Client, objectsIn } from "./client.ts";
import { BADGE } from "./messages.ts";
import {
  type GroupState,
  type Model,
  ModelGroup,
  ModelUser,
  type SchemaState,
  type Write,
} from "./model.ts";
import { checkStore, waitForJobs } from "./store_check.ts";

/** How many resources or records one page has. */
const PAGE = 1_000;

/** How many groups are read at once. */
const AT_ONCE = 8;

/** How many disagreements of one kind are told. */
const MAX_TOLD = 8;

/** What the server sets, and not the client. */
const SERVER_SET: ReadonlySet<string> = new Set([
  "schemas",
  "id",
  "meta",
  "groups",
]);

/** Users by id, with their groups. */
type FoundUsers = ReadonlyMap<string, JsonObject>;

/** Members by the id of their group. */
type FoundMembers = Map<string, ReadonlySet<string>>;

/**
 * Everything that differs from what must be, one sentence each. The model knows
 * afterwards what became of the writes that were not acknowledged.
 *
 * Nobody may write meanwhile.
 *
 * @param kvPath the store that the server has open
 */
export async function findLosses(
  model: Model,
  client: Client,
  kvPath: string,
): Promise<string[]> {
  const check = new Check(model, client);
  await waitForJobs(kvPath);
  await check.run();
  return [...check.found, ...await checkStore(kvPath)];
}

/** The attributes of a user that its client has set. */
export function clientSet(user: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(user).filter(([name]) => !SERVER_SET.has(name)),
  );
}

/** All resources of an endpoint. */
export async function readAll(
  client: Client,
  path: string,
): Promise<JsonObject[]> {
  const all: JsonObject[] = [];
  for (;;) {
    const separator = path.includes("?") ? "&" : "?";
    const page = await client.read(
      `${path}${separator}count=${PAGE}&startIndex=${all.length + 1}`,
    );
    const resources = objectsIn(page, "Resources");
    all.push(...resources);
    if (resources.length === 0 || all.length >= Number(page["totalResults"])) {
      return all;
    }
  }
}

/** The records of the change log behind a position. */
export async function readChanges(
  client: Client,
  after: string | undefined,
): Promise<JsonObject[]> {
  const all: JsonObject[] = [];
  let position = after;
  for (;;) {
    const from = position === undefined ? "" : `&after=${position}`;
    const page = await client.read(`/admin/changes?limit=${PAGE}${from}`);
    const changes = objectsIn(page, "changes");
    all.push(...changes);
    const last = changes.at(-1)?.["position"];
    if (typeof last !== "string") return all;
    position = last;
  }
}

/** One comparison. */
class Check {
  readonly found: string[] = [];
  readonly #model: Model;
  readonly #client: Client;

  constructor(model: Model, client: Client) {
    this.#model = model;
    this.#client = client;
  }

  async run(): Promise<void> {
    await this.#checkAdmin();
    const users = new Map<string, JsonObject>();
    for (const user of await readAll(this.#client, "/Users")) {
      users.set(String(user["id"]), user);
    }
    this.#checkUsers(users);
    const members = await this.#checkGroups();
    this.#checkBothWays(users, members);
    await this.#checkLog();
    this.#forgetAbsent();
  }

  async #checkAdmin(): Promise<void> {
    const { uniqueGroupNames, schema } = this.#model;
    const { settings } = await this.#client.read("/admin/tenants/default");
    const unique = isJsonObject(settings) && settings["uniqueGroupNames"];
    if (typeof unique !== "boolean") {
      this.#say(`the settings are ${Deno.inspect(settings)}`);
    } else if (uniqueGroupNames.possible.includes(unique)) {
      uniqueGroupNames.settle(unique);
    } else this.#say(`uniqueGroupNames is ${unique}`);
    const state = schemaState(await this.#client.read("/admin/schemas"));
    if (schema.possible.includes(state)) schema.settle(state);
    else {this.#say(
        `the schema is ${state}, not ${schema.possible.join(" or ")}`,
      );}
  }

  #checkUsers(found: FoundUsers): void {
    const byName = new Map(
      found.values().map((user) => [String(user["userName"]), user]),
    );
    for (const user of this.#model.users.values()) {
      const resource = byName.get(user.userName);
      byName.delete(user.userName);
      const actual = resource && clientSet(resource);
      const index = user.state.possible.findIndex((state) =>
        jsonEquals(state, actual)
      );
      if (index < 0) {
        this.#say(
          `user ${user.userName} is ${inspect(actual)}, not one of ` +
            inspect(user.state.possible),
        );
        continue;
      }
      user.state.settle(user.state.possible[index]);
      this.#identify(user, resource);
    }
    for (const name of byName.keys()) this.#say(`nobody created user ${name}`);
  }

  /** @returns the members of each group */
  async #checkGroups(): Promise<FoundMembers> {
    const listed = await readAll(
      this.#client,
      "/Groups?excludedAttributes=members",
    );
    const byId = new Map(listed.map((group) => [String(group["id"]), group]));
    const byName = new Map(
      listed.map((group) => [String(group["displayName"]), group]),
    );
    const members: FoundMembers = new Map();
    const groups = [...this.#model.groups];
    for (let i = 0; i < groups.length; i += AT_ONCE) {
      await Promise.all(
        groups.slice(i, i + AT_ONCE).map(async (group) => {
          const name = group.state.possible.find((state) => state)?.name ?? "";
          const resource = group.id === undefined
            ? byName.get(name)
            : byId.get(group.id);
          this.#identify(group, resource);
          byId.delete(group.id ?? "");
          await this.#checkGroup(group, resource, members);
        }),
      );
    }
    for (const id of byId.keys()) this.#say(`nobody created group ${id}`);
    return members;
  }

  async #checkGroup(
    group: ModelGroup,
    resource: JsonObject | undefined,
    members: FoundMembers,
  ): Promise<void> {
    if (resource === undefined) {
      if (group.state.possible.includes(undefined)) {
        group.state.settle(undefined);
      } else this.#say(`group ${group.id ?? "without id"} is gone`);
      return;
    }
    const id = String(resource["id"]);
    const full = await this.#client.read(`/Groups/${id}`);
    const actual = new Set(
      objectsIn(full, "members").map((member) => String(member["value"])),
    );
    members.set(id, actual);
    const state = group.state.possible.find((state) =>
      state !== undefined && state.name === full["displayName"] &&
      (group.isShared || sameMembers(state, actual))
    );
    if (state === undefined) {
      return this.#say(
        `group ${id} is "${
          full["displayName"]
        }" with ${actual.size} members, ` +
          `not ${group.state.possible.map(describe).join(" or ")}`,
      );
    }
    group.state.settle(state);
    if (group.isShared) this.#checkEdges(group, actual);
  }

  #checkEdges(group: ModelGroup, actual: ReadonlySet<string>): void {
    const left = new Set(actual);
    for (const [user, cell] of group.edges) {
      if (!isAlive(user)) continue;
      const id = user.id ?? "";
      const isMember = left.delete(id);
      if (cell.possible.includes(isMember)) cell.settle(isMember);
      else {
        this.#say(
          `user ${id} is ${isMember ? "a" : "no"} member of ${group.id}`,
        );
      }
    }
    for (const id of left) this.#say(`nobody added ${id} to ${group.id}`);
  }

  /** A user's groups are those that have it as a member. */
  #checkBothWays(users: FoundUsers, members: FoundMembers): void {
    const downwards = new Set<string>();
    for (const [group, ids] of members) {
      for (const id of ids) downwards.add(`${group} ${id}`);
    }
    for (const [id, user] of users) {
      for (const group of objectsIn(user, "groups")) {
        if (!downwards.delete(`${group["value"]} ${id}`)) {
          this.#say(
            `user ${id} has the group ${group["value"]}, not vice versa`,
          );
        }
      }
    }
    for (const edge of downwards) {
      this.#say(`edge "${edge}" is not in the groups of the user`);
    }
  }

  /** Each write that has happened has one record, in the order of time. */
  async #checkLog(): Promise<void> {
    const writes = this.#model.writes;
    this.#model.writes = [];
    const awaited = new Map<string, Write[]>();
    for (const write of writes) {
      if (write.hasHappened() === false) continue;
      const key = `${write.target.id} ${write.mark}`;
      awaited.set(key, [...awaited.get(key) ?? [], write]);
    }
    const logged: Write[] = [];
    for (
      const record of await readChanges(this.#client, this.#model.position)
    ) {
      this.#model.position = String(record["position"]);
      const key = `${record["id"]} ${markOf(record)}`;
      const write = awaited.get(key)?.shift();
      if (write === undefined) this.#say(`the log has one "${key}" too many`);
      else logged.push(write);
    }
    for (const [key, rest] of awaited) {
      for (const write of rest) {
        if (write.hasHappened() === true) {
          this.#say(`the log has no record of "${key}"`);
        }
      }
    }
    let earliest = Infinity;
    for (const write of logged.toReversed()) {
      if (earliest < write.sent) {
        this.#say(`the log has ${write.mark} before what came before it`);
      }
      earliest = Math.min(earliest, write.acked);
    }
  }

  /** What is gone stays gone: ids and names are not used again. */
  #forgetAbsent(): void {
    for (const user of this.#model.users.values()) {
      user.isDoomed = false;
      if (isAbsent(user)) this.#model.users.delete(user.userName);
    }
    for (const group of this.#model.groups) {
      group.isDoomed = false;
      if (isAbsent(group)) this.#model.groups.delete(group);
      for (const user of group.edges.keys()) {
        if (isAbsent(user)) group.edges.delete(user);
      }
    }
  }

  #identify(
    target: ModelUser | ModelGroup,
    resource: JsonObject | undefined,
  ): void {
    if (resource === undefined) return;
    const id = String(resource["id"]);
    target.id ??= id;
    if (target.id !== id) this.#say(`${target.id} has become ${id}`);
  }

  #say(sentence: string): void {
    if (this.found.length < 4 * MAX_TOLD) this.found.push(sentence);
  }
}

/** What tells the write behind a record from other writes of the resource. */
function markOf(record: JsonObject): string {
  const { operation, members } = record;
  if (operation === "create" || operation === "delete") return operation;
  const named = objectsIn(record, "changes").find(({ path }) =>
    path === "title" || path === "displayName"
  );
  if (named !== undefined) return `=${named["to"]}`;
  const moved = isJsonObject(members) ? members : {};
  const [added, removed] = [textsIn(moved["added"]), textsIn(moved["removed"])];
  return [...added.map((id) => `+${id}`), ...removed.map((id) => `-${id}`)]
    .join(" ");
}

function textsIn(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function schemaState(body: JsonObject): SchemaState {
  const found = objectsIn(body, "schemas").map(({ schema }) => schema)
    .filter((schema) => isJsonObject(schema))
    .find((schema) => schema["id"] === BADGE);
  if (found === undefined) return "absent";
  const [attribute] = objectsIn(found, "attributes");
  return attribute?.["uniqueness"] === "server" ? "unique" : "plain";
}

/** Members that were deleted are members no longer. */
function sameMembers(
  { members }: GroupState,
  actual: ReadonlySet<string>,
): boolean {
  const alive = [...members].filter(isAlive);
  return alive.length === actual.size &&
    alive.every(({ id }) => id !== undefined && actual.has(id));
}

function isAlive({ state }: ModelUser): boolean {
  return !state.isBusy && state.value !== undefined;
}

function isAbsent({ state }: ModelUser | ModelGroup): boolean {
  return !state.isBusy && state.value === undefined;
}

function describe(state: GroupState | undefined): string {
  return state === undefined
    ? "absent"
    : `"${state.name}" with ${state.members.size} members`;
}

function inspect(value: unknown): string {
  return Deno.inspect(value, { depth: 4, strAbbreviateSize: 40 });
}
