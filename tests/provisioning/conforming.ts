/** A client that keeps to RFC 7643 and RFC 7644 to the letter. @module */

import type { JsonObject, JsonValue } from "../../domain/json.ts";
import {
  elementPath,
  ENTERPRISE_SCHEMA,
  flatten,
  type FlatUser,
  GROUP_SCHEMA,
  MANAGER,
  nest,
  PATCH_SCHEMA,
  readPath,
  USER_SCHEMA,
} from "./attributes.ts";
import { type Directory, type Group, type Person } from "./directory.ts";
import type { Client, Expectation } from "./expectation.ts";
import { Links } from "./links.ts";
import { wholeUser } from "./mapping.ts";
import { runAll, type Task } from "./pool.ts";
import { Random } from "./random.ts";
import {
  type Answer,
  idOf,
  objectOf,
  quoted,
  type Send,
  Wire,
  withQuery,
} from "./wire.ts";

/** What a conforming client needs. */
export interface ConformingOptions {
  readonly send: Send;
  readonly directory: Directory;
  readonly seed: number;
}

/** Writes with If-Match, and with half of the PUTs and PATCHes each. */
export class ConformingClient implements Client {
  readonly #wire: Wire;
  readonly #directory: Directory;
  readonly #random: Random;
  readonly #users = new Links();
  readonly #groups = new Links();

  constructor({ send, directory, seed }: ConformingOptions) {
    this.#wire = new Wire(send);
    this.#directory = directory;
    this.#random = new Random(seed);
  }

  get writes(): number {
    return this.#wire.writes;
  }

  history(name: string): string {
    return this.#wire.history(name);
  }

  async cycle(): Promise<void> {
    const { people, groups } = this.#directory;
    await runAll([
      ...this.#deletions("/Users", this.#users, (id) => people.has(id)),
      ...this.#deletions("/Groups", this.#groups, (id) => groups.has(id)),
    ]);
    const tasks = <T>(
      items: Iterable<T>,
      sync: (item: T, random: Random) => Promise<void>,
    ): Task[] =>
      this.#random.shuffled(items).map((item) => {
        const random = this.#random.fork();
        return () => sync(item, random);
      });
    await runAll(tasks(people.values(), (p, r) => this.#createUser(p, r)));
    await runAll(tasks(groups.values(), (g) => this.#createGroup(g)));
    await runAll([
      ...tasks(people.values(), (p, r) => this.#updateUser(p, r)),
      ...tasks(groups.values(), (g, r) => this.#updateGroup(g, r)),
    ]);
  }

  expectation(): Expectation {
    const users = new Map<string, FlatUser>();
    for (const person of this.#directory.people.values()) {
      const id = this.#users.get(person.objectId);
      if (id !== undefined) users.set(id, this.#desired(person));
    }
    const groups = [...this.#directory.groups.values()].map((group) =>
      [this.#groups.get(group.objectId) ?? "", {
        displayName: group.displayName,
        externalId: group.objectId,
        members: this.#wantedMembers(group),
      }] as const
    );
    return {
      users,
      groups: new Map(groups),
      goneUsers: this.#users.gone(),
      goneGroups: this.#groups.gone(),
    };
  }

  #deletions(
    endpoint: string,
    links: Links,
    stays: (objectId: string) => boolean,
  ): Task[] {
    return links.entries().filter(([objectId]) => !stays(objectId))
      .map(([objectId, id]) => async () => {
        const path = `${endpoint}/${id}`;
        await this.#wire.request("DELETE", path, [204]);
        await this.#wire.request("DELETE", path, [404]);
        links.bury(objectId);
      });
  }

  async #createUser(person: Person, random: Random): Promise<void> {
    if (this.#users.get(person.objectId) !== undefined) return;
    const body = this.#userBody(this.#desired(person), {});
    const answer = await this.#wire.request("POST", "/Users", [201], body);
    const id = idOf(objectOf(answer));
    this.#users.set(person.objectId, id, person.userName);
    if (random.chance(0.2)) {
      await this.#wire.request("POST", "/Users", [409], body);
    }
  }

  async #createGroup(group: Group): Promise<void> {
    if (this.#groups.get(group.objectId) !== undefined) return;
    const members = [...group.members].flatMap((member) =>
      this.#users.get(member) ?? []
    );
    const answer = await this.#wire.request("POST", "/Groups", [201], {
      schemas: [GROUP_SCHEMA],
      displayName: group.displayName,
      externalId: group.objectId,
      members: members.map((value) => ({ value, type: "User" })),
    });
    const id = idOf(objectOf(answer));
    this.#groups.set(group.objectId, id, group.displayName);
  }

  async #updateUser(person: Person, random: Random): Promise<void> {
    const id = this.#users.get(person.objectId);
    if (id === undefined) return;
    this.#users.set(person.objectId, id, person.userName);
    const path = `/Users/${id}`;
    const { resource, version } = await this.#read(path);
    const before = flatten(resource);
    const after = this.#desired(person);
    const paths = [...new Set([...before.keys(), ...after.keys()])]
      .filter((name) => before.get(name) !== after.get(name));
    if (paths.length === 0) return;
    const headers = { "If-Match": version };
    const answer = random.chance(0.5)
      ? await this.#wire.request(
        "PUT",
        path,
        [200],
        this.#userBody(after, resource),
        headers,
      )
      : await this.#wire.request("PATCH", path, [200, 204], {
        schemas: [PATCH_SCHEMA],
        Operations: random.shuffled(operations(paths, before, after)),
      }, headers);
    if (answer.headers.get("ETag") === version) {
      throw new Error(`${path} has changed, but its version has not`);
    }
  }

  async #updateGroup(group: Group, random: Random): Promise<void> {
    const { objectId, displayName } = group;
    const id = this.#groups.get(objectId);
    if (id === undefined) return;
    this.#groups.set(objectId, id, displayName);
    const path = `/Groups/${id}`;
    const { resource, version } = await this.#read(path);
    const shown = Array.isArray(resource["members"]) ? resource["members"] : [];
    const before = new Set(shown.map((member) => String(Object(member).value)));
    const wanted = this.#wantedMembers(group);
    const added = [...wanted].filter((member) => !before.has(member));
    const removed = [...before].filter((member) => !wanted.has(member));
    const renamed = resource["displayName"] !== displayName;
    if (added.length + removed.length === 0 && !renamed) return;
    if (random.chance(0.4)) {
      await this.#wire.request("PUT", path, [200], {
        ...resource,
        displayName,
        members: [...wanted].map((value) => ({ value })),
      }, { "If-Match": version });
      return;
    }
    const Operations: JsonObject[] = [
      ...removed.map((member) => ({
        op: "remove",
        path: `members[value eq ${quoted(member)}]`,
      })),
      ...added.map((value) => ({
        op: "add",
        path: "members",
        value: [{ value }],
      })),
      ...(renamed
        ? [{ op: "replace", path: "displayName", value: displayName }]
        : []),
    ];
    await this.#wire.request("PATCH", path, [200, 204], {
      schemas: [PATCH_SCHEMA],
      Operations: random.shuffled(Operations),
    }, { "If-Match": version });
    const changed = await this.#read(
      withQuery(path, { attributes: "displayName" }),
    );
    if (changed.version === version) {
      throw new Error(`${path} has changed, but its version has not`);
    }
  }

  async #read(
    path: string,
  ): Promise<{ resource: JsonObject; version: string }> {
    const answer: Answer = await this.#wire.request("GET", path, [200]);
    const version = answer.headers.get("ETag");
    if (version === null) throw new Error(`${path} has no ETag`);
    return { resource: objectOf(answer), version };
  }

  /** A whole user; what is read-only is sent back as it was read. */
  #userBody(flat: FlatUser, current: JsonObject): JsonObject {
    const extended = [...flat.keys()].some((path) => path.startsWith("urn:"));
    const { id, meta, groups } = current;
    return {
      ...(id === undefined ? {} : { id }),
      ...(meta === undefined ? {} : { meta }),
      ...(groups === undefined ? {} : { groups }),
      schemas: [USER_SCHEMA, ...(extended ? [ENTERPRISE_SCHEMA] : [])],
      ...nest(flat),
    };
  }

  #wantedMembers(group: Group): Set<string> {
    return new Set(
      [...group.members].flatMap((member) =>
        this.#users.get(member) ?? this.#groups.get(member) ?? []
      ),
    );
  }

  #desired(person: Person): FlatUser {
    return wholeUser(person, (objectId) => this.#users.get(objectId));
  }
}

/**
 * Operations whose order makes no difference: one for each value of a
 * multi-valued attribute, one for each other attribute.
 */
function operations(
  paths: readonly string[],
  before: FlatUser,
  after: FlatUser,
): JsonObject[] {
  const elements = new Set<string>();
  const result: JsonObject[] = [];
  for (const path of paths) {
    const { name, chosenBy } = readPath(path);
    if (chosenBy === undefined) {
      result.push(operation(path, before.get(path), after.get(path)));
      continue;
    }
    const element = elementPath(path);
    if (elements.has(element)) continue;
    elements.add(element);
    // No quotation marks around a boolean (RFC 7644 section 3.4.2.2).
    const target = element.replace('primary eq "True"', "primary eq true");
    const had = [...before.keys()].some((key) => key.startsWith(element));
    const value = elementOf(name, element, after);
    if (value === undefined) result.push({ op: "remove", path: target });
    else if (had) result.push({ op: "replace", path: target, value });
    else result.push({ op: "add", path: name, value: [value] });
  }
  return result;
}

function operation(
  path: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): JsonObject {
  if (after === undefined) return { op: "remove", path };
  const value = path === MANAGER ? { value: after } : after;
  return { op: before === undefined ? "add" : "replace", path, value };
}

/** One value of a multi-valued attribute as it should be. */
function elementOf(
  name: string,
  element: string,
  flat: FlatUser,
): JsonObject | undefined {
  const own = new Map([...flat].filter(([path]) => path.startsWith(element)));
  const list = nest(own)[name];
  const [value] = Array.isArray(list) ? list : [];
  return value === undefined ? undefined : { ...Object(value) };
}
