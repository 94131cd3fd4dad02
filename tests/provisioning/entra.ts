/**
 * A provisioning service that works as Microsoft Entra ID was documented and
 * seen to work.
 * @module
 */

import type { JsonObject, JsonValue } from "../../domain/json.ts";
import {
  ENTERPRISE_SCHEMA,
  flatten,
  type FlatUser,
  GROUP_SCHEMA,
  MANAGER,
  nest,
  PATCH_SCHEMA,
  USER_SCHEMA,
  WORK_EMAIL,
  WORK_EMAIL_PRIMARY,
} from "./attributes.ts";
import {
  type Directory,
  type Group,
  isActive,
  type Person,
} from "./directory.ts";
import {
  addMember,
  type AttributeChange,
  type Dialect,
  managerOperation,
  removeMember,
  userOperations,
} from "./entra_patch.ts";
import type { Client, Expectation } from "./expectation.ts";
import { Links } from "./links.ts";
import { mappedUser } from "./mapping.ts";
import { runAll, type Task } from "./pool.ts";
import { Random } from "./random.ts";
import { idOf, objectOf, quoted, type Send, Wire, withQuery } from "./wire.ts";

/** What a job of Entra ID is made of. */
export interface EntraOptions {
  readonly send: Send;
  readonly directory: Directory;
  readonly seed: number;
  /** `both`: some requests of each, as with provisioning on demand. */
  readonly dialect: Dialect | "both";
}

/** How likely a request is repeated as if its answer had been lost. */
const REPEATED = 0.12;

const ADSCIM_GROUP =
  "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/** A provisioning job of Entra ID. */
export class EntraClient implements Client {
  readonly #wire: Wire;
  readonly #directory: Directory;
  readonly #random: Random;
  readonly #dialect: Dialect | "both";
  #users = new Links();
  #groups = new Links();
  /** Object ids of the members that were sent, by object id of the group. */
  #members = new Map<string, Set<string>>();
  /** Ids of the managers that the server was seen to have or was told. */
  readonly #managers = new Map<string, string | undefined>();
  /** People whose work e-mail address was sent as the primary one. */
  readonly #primary = new Set<string>();

  constructor({ send, directory, seed, dialect }: EntraOptions) {
    this.#wire = new Wire(send);
    this.#directory = directory;
    this.#random = new Random(seed);
    this.#dialect = dialect;
  }

  get writes(): number {
    return this.#wire.writes;
  }

  history(name: string): string {
    return this.#wire.history(name);
  }

  /** The "Test Connection" button: a query for somebody who does not exist. */
  async testConnection(): Promise<void> {
    const filter = `userName eq "${this.#random.guid()}"`;
    const found = await this.#wire.list(withQuery("/Users", { filter }));
    if (found.totalResults !== 0) throw new Error("Somebody was found");
  }

  /** Forgets all links, so that the next cycle matches everything anew. */
  restart(): void {
    this.#users = new Links();
    this.#groups = new Links();
    this.#members = new Map();
  }

  async cycle(): Promise<void> {
    const random = this.#random;
    // A user is deleted while its memberships are being removed.
    const early = this.#removals().filter(() => random.chance(0.5));
    await runAll(random.shuffled([...this.#deletions(), ...early]));

    // Members who are known already are added while users are being changed.
    const known = this.#additions().filter(() => random.chance(0.5));
    const { people, groups } = this.#directory;
    const users = [...people.values()].map((person): Task => {
      const own = random.fork();
      return () => this.#syncUser(person, own);
    });
    await runAll(random.shuffled([...users, ...known]));

    const managers = [...people.values()].map((person): Task => {
      const own = random.fork();
      return () => this.#syncManager(person, own);
    });
    const synced = [...groups.values()].map((group): Task => {
      const own = random.fork();
      return () => this.#syncGroup(group, own);
    });
    // Groups get members while they are being renamed.
    const more = this.#additions().filter(() => random.chance(0.5));
    await runAll(random.shuffled([...managers, ...synced, ...more]));
    await runAll(random.shuffled([...this.#additions(), ...this.#removals()]));
  }

  expectation(): Expectation {
    const users = new Map<string, FlatUser>();
    for (const person of this.#directory.people.values()) {
      const id = this.#users.get(person.objectId);
      if (id === undefined) {
        if (isActive(person)) throw new Error("A person was left out");
        continue;
      }
      const flat = mappedUser(person);
      const manager = this.#managerId(person);
      if (manager !== undefined) flat.set(MANAGER, manager);
      if (this.#primary.has(person.objectId)) {
        flat.set(WORK_EMAIL_PRIMARY, true);
      }
      users.set(id, flat);
    }
    const groups = [...this.#directory.groups.values()].map((group) =>
      [this.#groups.get(group.objectId) ?? "", {
        displayName: group.displayName,
        externalId: group.objectId,
        members: new Set(
          [...group.members].flatMap((member) => this.#linked(member) ?? []),
        ),
      }] as const
    );
    return {
      users,
      groups: new Map(groups),
      goneUsers: this.#users.gone(),
      goneGroups: this.#groups.gone(),
    };
  }

  #deletions(): Task[] {
    const { people, groups } = this.#directory;
    const tasks: Task[] = [];
    const plan = (
      endpoint: string,
      links: Links,
      stays: (objectId: string) => boolean,
    ) => {
      for (const [objectId, id] of links.entries()) {
        if (stays(objectId)) continue;
        const repeated = this.#random.chance(REPEATED);
        tasks.push(async () => {
          const path = `${endpoint}/${id}`;
          await this.#wire.request("DELETE", path, [204]);
          if (repeated) await this.#wire.request("DELETE", path, [404]);
          links.bury(objectId);
        });
      }
    };
    plan("/Users", this.#users, (objectId) => people.has(objectId));
    plan("/Groups", this.#groups, (objectId) => groups.has(objectId));
    return tasks;
  }

  async #syncUser(person: Person, random: Random): Promise<void> {
    const { objectId, userName } = person;
    const known = this.#users.get(objectId);
    const current =
      (known === undefined
        ? undefined
        : await this.#wire.read(this.#url(`/Users/${known}`, random))) ??
        await this.#match("/Users", "userName", userName, random);
    if (current === undefined) {
      // Entra creates no account for somebody who is disabled at first.
      if (isActive(person)) await this.#createUser(person, random);
      return;
    }
    this.#users.set(objectId, idOf(current), userName);
    const before = flatten(current);
    this.#noteManager(objectId, before.get(MANAGER));
    if (before.get(WORK_EMAIL_PRIMARY) === true) this.#primary.add(objectId);
    const changes = differences(before, mappedUser(person));
    if (changes.length === 0) return;
    const dialect = this.#pickDialect(random);
    const operations = userOperations(
      dialect,
      random.shuffled(changes),
      random,
    );
    await this.#patch(`/Users/${idOf(current)}`, operations, random, dialect);
    if (!person.attributes.has(WORK_EMAIL)) this.#primary.delete(objectId);
  }

  async #createUser(person: Person, random: Random): Promise<void> {
    const { objectId, userName } = person;
    const flat = mappedUser(person);
    if (person.attributes.has(WORK_EMAIL)) {
      flat.set(WORK_EMAIL_PRIMARY, true);
      this.#primary.add(objectId);
    }
    const manager = random.chance(0.3) ? this.#managerId(person) : undefined;
    if (manager !== undefined) flat.set(MANAGER, manager);
    const user = nest(flat);
    const extension = user[ENTERPRISE_SCHEMA];
    const body: JsonObject = {
      schemas: [
        USER_SCHEMA,
        // Microsoft's older documentation has this misspelling.
        random.chance(0.1)
          ? ENTERPRISE_SCHEMA.replace(":User", "User")
          : ENTERPRISE_SCHEMA,
      ],
      ...nullsFor(user, random),
      meta: { resourceType: "User" },
      ...user,
      ...(manager === undefined
        ? {}
        : { [ENTERPRISE_SCHEMA]: { ...Object(extension), manager } }),
    };
    if (body["roles"] === undefined) body["roles"] = [];
    const path = this.#url("/Users", random);
    const created = objectOf(
      await this.#wire.request("POST", path, [201], body),
    );
    const id = idOf(created);
    if (random.chance(REPEATED)) {
      // The answer got lost: the second try conflicts, and the match finds it.
      await this.#wire.request("POST", path, [409], body);
      const found = await this.#match("/Users", "userName", userName, random);
      if (found?.["id"] !== id) throw new Error(`${id} is not found by name`);
    }
    this.#users.set(objectId, id, userName);
    this.#noteManager(objectId, manager);
  }

  async #syncManager(person: Person, random: Random): Promise<void> {
    const id = this.#users.get(person.objectId);
    const wanted = this.#managerId(person);
    if (id === undefined || this.#managers.get(person.objectId) === wanted) {
      return;
    }
    if (wanted !== undefined && random.chance(0.3)) {
      const filter = `id eq ${quoted(id)} and manager eq ${quoted(wanted)}`;
      const { totalResults } = await this.#wire.list(
        withQuery("/Users", { filter, attributes: "id" }),
      );
      if (totalResults !== 0) throw new Error(`${id} has its manager already`);
    }
    const dialect = this.#pickDialect(random);
    const operation = managerOperation(dialect, wanted, random);
    await this.#patch(`/Users/${id}`, [operation], random, dialect);
    this.#noteManager(person.objectId, wanted);
  }

  async #syncGroup(group: Group, random: Random): Promise<void> {
    const { objectId, displayName } = group;
    const known = this.#groups.get(objectId);
    const current = (known === undefined ? undefined : await this.#wire.read(
      withQuery(`/Groups/${known}`, { excludedAttributes: "members" }),
    )) ?? await this.#match("/Groups", "displayName", displayName, random);
    const id = current === undefined
      ? await this.#createGroup(group, random)
      : idOf(current);
    this.#groups.set(objectId, id, displayName);
    if (current === undefined) return;
    if (current["members"] !== undefined) throw new Error("Members are shown");
    const changes = differences(
      new Map(
        Object.entries(current).filter(([name]) =>
          name === "displayName" || name === "externalId"
        ),
      ),
      new Map([["displayName", displayName], ["externalId", objectId]]),
    );
    if (changes.length === 0) return;
    const dialect = this.#pickDialect(random);
    const operations = userOperations(dialect, changes, random);
    await this.#patch(`/Groups/${id}`, operations, random, dialect);
  }

  async #createGroup(group: Group, random: Random): Promise<string> {
    const body = {
      schemas: [GROUP_SCHEMA, ADSCIM_GROUP],
      externalId: group.objectId,
      displayName: group.displayName,
      meta: { resourceType: "Group" },
    };
    const path = this.#url("/Groups", random);
    const id = idOf(
      objectOf(await this.#wire.request("POST", path, [201], body)),
    );
    if (random.chance(REPEATED)) {
      await this.#wire.request("POST", path, [409], body);
      const found = await this.#match(
        "/Groups",
        "displayName",
        group.displayName,
        random,
      );
      if (found?.["id"] !== id) throw new Error(`${id} is not found by name`);
    }
    return id;
  }

  /** One PATCH for each member that is to be added and can be. */
  #additions(): Task[] {
    return this.#groups.entries().flatMap(([group, id]) => {
      const sent = this.#sentMembers(group);
      const wanted = this.#directory.groups.get(group)?.members ?? [];
      return [...wanted].filter((member) => !sent.has(member))
        .flatMap((member): Task[] => {
          const memberId = this.#linked(member);
          if (memberId === undefined) return [];
          const random = this.#random.fork();
          const dialect = this.#pickDialect(random);
          return [async () => {
            const operation = addMember(dialect, memberId);
            await this.#patch(`/Groups/${id}`, [operation], random, dialect);
            sent.add(member);
          }];
        });
    });
  }

  /** One PATCH for each member that is to go, deleted ones included. */
  #removals(): Task[] {
    return this.#groups.entries().flatMap(([group, id]) => {
      const wanted = this.#directory.groups.get(group)?.members;
      if (wanted === undefined) return [];
      const sent = this.#sentMembers(group);
      return [...sent].filter((member) => !wanted.has(member))
        .flatMap((member): Task[] => {
          const memberId = this.#users.everOf(member) ??
            this.#groups.everOf(member);
          if (memberId === undefined) return [];
          const random = this.#random.fork();
          const dialect = this.#pickDialect(random);
          return [async () => {
            const operation = removeMember(dialect, memberId);
            await this.#patch(`/Groups/${id}`, [operation], random, dialect);
            sent.delete(member);
          }];
        });
    });
  }

  /** The one resource that a matching query finds, if any. */
  async #match(
    endpoint: string,
    attribute: string,
    value: string,
    random: Random,
  ): Promise<JsonObject | undefined> {
    const path = withQuery(endpoint, {
      ...(endpoint === "/Groups" ? { excludedAttributes: "members" } : {}),
      filter: `${attribute} eq ${quoted(value)}`,
    });
    const { resources, totalResults } = await this.#wire.list(
      this.#url(path, random),
    );
    if (resources.length > 1 || totalResults !== resources.length) {
      throw new Error(`${totalResults} resources match ${attribute} ${value}`);
    }
    return resources[0];
  }

  async #patch(
    path: string,
    operations: JsonObject[],
    random: Random,
    dialect: Dialect,
  ): Promise<void> {
    const body = { schemas: [PATCH_SCHEMA], Operations: operations };
    const url = flagged(path, dialect);
    const send = () => this.#wire.request("PATCH", url, [200, 204], body);
    const repeated = random.chance(REPEATED);
    // A request that is given up may still be under way when it is repeated.
    if (repeated && random.chance(0.5)) await Promise.all([send(), send()]);
    else {
      await send();
      if (repeated) await send();
    }
  }

  #url(path: string, random: Random): string {
    return flagged(path, this.#pickDialect(random));
  }

  #pickDialect(random: Random): Dialect {
    return this.#dialect === "both"
      ? random.pick(["2017", "aadOptscim062020"])
      : this.#dialect;
  }

  #noteManager(objectId: string, manager: JsonValue | undefined): void {
    const id = typeof manager === "string" ? manager : undefined;
    this.#managers.set(objectId, id);
  }

  #managerId({ manager }: Person): string | undefined {
    return manager === undefined ? undefined : this.#users.get(manager);
  }

  /** The id of a person or group that is on the server now. */
  #linked(objectId: string): string | undefined {
    return this.#users.get(objectId) ?? this.#groups.get(objectId);
  }

  #sentMembers(group: string): Set<string> {
    const sent = this.#members.get(group) ?? new Set();
    this.#members.set(group, sent);
    return sent;
  }
}

/** The differences that a service sees; it does not look at the rest. */
function differences(
  before: ReadonlyMap<string, JsonValue>,
  after: ReadonlyMap<string, JsonValue>,
): AttributeChange[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  paths.delete(MANAGER);
  paths.delete(WORK_EMAIL_PRIMARY);
  return [...paths].map((path) => ({
    path,
    before: before.get(path),
    after: after.get(path),
  })).filter((change) => change.before !== change.after);
}

/** Explicit nulls, as older documentation has them, for what has no value. */
function nullsFor(user: JsonObject, random: Random): JsonObject {
  const names = ["addresses", "phoneNumbers", "displayName", "title"];
  return Object.fromEntries(
    names.filter((name) => user[name] === undefined && random.chance(0.3))
      .map((name) => [name, null]),
  );
}

function flagged(path: string, dialect: Dialect): string {
  return dialect === "2017"
    ? path
    : `${path}${path.includes("?") ? "&" : "?"}aadOptscim062020`;
}
