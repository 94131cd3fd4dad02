/** A provisioning service that works as Okta documents its own. @module */

import type { JsonObject } from "../../domain/json.ts";
import {
  ENTERPRISE_SCHEMA,
  flatten,
  type FlatUser,
  GROUP_SCHEMA,
  MANAGER,
  nest,
  PATCH_SCHEMA,
  readPath,
  TEXT_ATTRIBUTES,
  USER_SCHEMA,
} from "./attributes.ts";
import {
  type Directory,
  type Group,
  isActive,
  type Person,
} from "./directory.ts";
import type { Client, Expectation } from "./expectation.ts";
import { Links } from "./links.ts";
import { wholeUser } from "./mapping.ts";
import { runAll, type Task } from "./pool.ts";
import { Random } from "./random.ts";
import { idOf, objectOf, quoted, type Send, Wire } from "./wire.ts";

/** What an app integration is made of. */
export interface OktaOptions {
  readonly send: Send;
  readonly directory: Directory;
  readonly seed: number;
  /**
   * `oin`: from the integration network, with PATCH for `active` and for groups;
   * `aiw`: from the app integration wizard, with PUT for everything.
   */
  readonly app: "oin" | "aiw";
}

/** The page size of Okta's imports. */
const IMPORT_PAGE = 100;

/** An app integration of Okta. Accounts are deactivated, never deleted. */
export class OktaClient implements Client {
  readonly #wire: Wire;
  readonly #directory: Directory;
  readonly #random: Random;
  readonly #app: "oin" | "aiw";
  readonly #users = new Links();
  readonly #groups = new Links();
  /** What the server was told of each account, by its id on the server. */
  readonly #told = new Map<string, FlatUser>();
  /** The ids on the server of the members that were sent, by id of the group. */
  readonly #members = new Map<string, ReadonlySet<string>>();

  constructor({ send, directory, seed, app }: OktaOptions) {
    this.#wire = new Wire(send);
    this.#directory = directory;
    this.#random = new Random(seed);
    this.#app = app;
  }

  get writes(): number {
    return this.#wire.writes;
  }

  history(name: string): string {
    return this.#wire.history(name);
  }

  async cycle(): Promise<void> {
    await this.#import();
    const { people, groups } = this.#directory;
    await runAll(
      this.#users.entries().flatMap(([objectId, id]): Task[] => {
        if (people.has(objectId)) return [];
        return [() => this.#leave(objectId, id)];
      }),
    );
    const sync = (): Task[] =>
      this.#random.shuffled(people.values()).map((person) => {
        const random = this.#random.fork();
        return () => this.#syncUser(person, random);
      });
    await runAll(sync());
    // Managers can only be named when they have an account.
    await runAll(sync());
    await runAll(
      this.#groups.entries().filter(([objectId]) => !groups.has(objectId))
        .map(([objectId, id]) => () => this.#unlinkGroup(objectId, id)),
    );
    await runAll([...groups.values()].map((group) => {
      const random = this.#random.fork();
      return () => this.#linkGroup(group, random);
    }));
    await runAll([...groups.values()].map((group) => {
      const random = this.#random.fork();
      return () => this.#pushGroup(group, random);
    }));
  }

  expectation(): Expectation {
    const { people, groups } = this.#directory;
    for (const person of people.values()) {
      const id = this.#users.get(person.objectId);
      if (id === undefined) {
        if (isActive(person)) throw new Error("A person was left out");
      } else this.#told.set(id, this.#desired(person));
    }
    const expected = [...groups.values()].map((group) =>
      [this.#groups.get(group.objectId) ?? "", {
        displayName: group.displayName,
        externalId: undefined,
        members: this.#linkedMembers(group),
      }] as const
    );
    return {
      users: this.#told,
      groups: new Map(expected),
      goneUsers: [],
      goneGroups: this.#groups.gone(),
    };
  }

  /** Reads all accounts; as many must come as `totalResults` says. */
  async #import(): Promise<void> {
    let read = 0;
    for (let startIndex = 1;; startIndex += IMPORT_PAGE) {
      const { totalResults, resources } = await this.#wire.list(
        `/Users?startIndex=${startIndex}&count=${IMPORT_PAGE}`,
      );
      read += resources.length;
      if (read >= totalResults || resources.length === 0) {
        if (read !== totalResults) {
          throw new Error(`${read} accounts came instead of ${totalResults}`);
        }
        return;
      }
    }
  }

  async #syncUser(person: Person, random: Random): Promise<void> {
    const { objectId, userName } = person;
    let id = this.#users.get(objectId);
    if (id === undefined) {
      if (!isActive(person)) return;
      const found = await this.#find("/Users", "userName", userName);
      id = found === undefined
        ? await this.#createUser(person, random)
        : idOf(found);
      this.#users.set(objectId, id, userName);
      if (found === undefined) return;
    }
    const path = `/Users/${id}`;
    const current = await this.#wire.read(path);
    if (current === undefined) throw new Error(`Account ${id} is gone`);
    const before = flatten(current);
    const after = this.#desired(person);
    const changed = [...new Set([...before.keys(), ...after.keys()])]
      .filter((name) => before.get(name) !== after.get(name));
    if (changed.length === 0) return;
    if (this.#app === "oin" && changed.includes("active")) {
      await this.#patch(path, [{
        op: "replace",
        value: { active: isActive(person) },
      }]);
      if (changed.length === 1) return;
    }
    await this.#put(path, current, after, random);
    if (random.chance(0.2)) {
      await this.#setPassword(path, current, after, random);
    }
  }

  async #createUser(person: Person, random: Random): Promise<string> {
    const flat = this.#desired(person);
    const body = {
      schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA],
      ...nest(flat),
      groups: [],
      password: password(random),
    };
    const created = objectOf(
      await this.#wire.request("POST", "/Users", [201], body),
    );
    if (created["active"] !== true || created["password"] !== undefined) {
      throw new Error(`Okta cannot work with ${JSON.stringify(created)}`);
    }
    return idOf(created);
  }

  /** A person who is gone leaves a deactivated account behind. */
  async #leave(objectId: string, id: string): Promise<void> {
    const path = `/Users/${id}`;
    const told = this.#told.get(id);
    const current = await this.#wire.read(path);
    if (current === undefined || told === undefined) {
      throw new Error(`Account ${id} is gone`);
    }
    told.set("active", false);
    if (this.#app === "oin") {
      await this.#patch(path, [{ op: "replace", value: { active: false } }]);
    } else await this.#put(path, current, told, this.#random);
    this.#users.unlink(objectId);
  }

  /** PUT of the account as it was read, with the values of the profile changed. */
  async #put(
    path: string,
    current: JsonObject,
    after: FlatUser,
    random: Random,
    more: JsonObject = {},
  ): Promise<void> {
    const body: JsonObject = { ...current };
    for (const name of [...TEXT_ATTRIBUTES, MANAGER]) {
      const { uri, name: top } = readPath(name);
      delete body[uri ?? top];
    }
    Object.assign(body, nest(after), more);
    for (const name of ["title", "nickName", "emails", ENTERPRISE_SCHEMA]) {
      if (body[name] === undefined && random.chance(0.3)) body[name] = null;
    }
    if (body["title"] === undefined && random.chance(0.3)) body["title"] = "";
    const answer = objectOf(
      await this.#wire.request("PUT", path, [200], body),
    );
    if (answer["id"] !== current["id"]) {
      throw new Error(`${path} has another id`);
    }
  }

  async #setPassword(
    path: string,
    current: JsonObject,
    after: FlatUser,
    random: Random,
  ): Promise<void> {
    const value = { password: password(random) };
    if (this.#app === "oin") {
      await this.#patch(path, [{ op: "replace", value }]);
    } else await this.#put(path, current, after, random, value);
  }

  async #linkGroup(group: Group, random: Random): Promise<void> {
    const { objectId, displayName } = group;
    let id = this.#groups.get(objectId);
    if (id === undefined) {
      const found = await this.#find("/Groups", "displayName", displayName);
      if (found !== undefined) id = idOf(found);
      else {
        const created = await this.#wire.request("POST", "/Groups", [201], {
          schemas: [GROUP_SCHEMA],
          displayName,
          members: [],
        });
        id = idOf(objectOf(created));
      }
    } else if (this.#app === "oin" && random.chance(0.5)) {
      await this.#patch(`/Groups/${id}`, [this.#rename(id, displayName)]);
    }
    this.#groups.set(objectId, id, displayName);
  }

  /** Members; the name comes along with each change of them. */
  async #pushGroup(group: Group, random: Random): Promise<void> {
    const { objectId, displayName } = group;
    const id = this.#groups.get(objectId);
    if (id === undefined) return;
    const path = `/Groups/${id}`;
    const wanted = this.#linkedMembers(group);
    const sent = this.#members.get(objectId) ?? new Set();
    const members = [...wanted].map((value) => this.#member(value));
    if (this.#app === "aiw") {
      const { displayName: name } = await this.#wire.read(path) ?? {};
      if (name === displayName && same(wanted, sent)) return;
      await this.#wire.request("PUT", path, [200], {
        schemas: [GROUP_SCHEMA],
        id,
        displayName,
        members,
      });
    } else if (!same(wanted, sent) || random.chance(0.2)) {
      const pushNow = random.chance(0.4);
      const added = members.filter(({ value }) => !sent.has(String(value)));
      const operations: JsonObject[] = pushNow
        ? [{ op: "replace", path: "members", value: members }]
        : [
          ...[...sent].filter((member) => !wanted.has(member)).map((
            member,
          ) => ({
            op: "remove",
            path: `members[value eq ${quoted(member)}]`,
          })),
          ...(added.length === 0 ? [] : [
            { op: "add", path: "members", value: added },
          ]),
        ];
      const rename = this.#rename(id, displayName);
      if (random.chance(0.5)) await this.#patch(path, [rename, ...operations]);
      else {
        // Sent at the same time: neither may undo the other.
        await Promise.all([
          this.#patch(path, [rename]),
          ...(operations.length === 0 ? [] : [this.#patch(path, operations)]),
        ]);
      }
    } else {
      await this.#patch(path, [this.#rename(id, displayName)]);
    }
    this.#members.set(objectId, wanted);
  }

  async #unlinkGroup(objectId: string, id: string): Promise<void> {
    await this.#wire.request("DELETE", `/Groups/${id}`, [204]);
    this.#groups.bury(objectId);
    this.#members.delete(objectId);
  }

  async #find(
    endpoint: string,
    attribute: string,
    value: string,
  ): Promise<JsonObject | undefined> {
    const filter = encodeURIComponent(`${attribute} eq ${quoted(value)}`);
    const { resources } = await this.#wire.list(
      `${endpoint}?filter=${filter}&startIndex=1&count=100`,
    );
    if (resources.length > 1) throw new Error(`Several match ${value}`);
    return resources[0];
  }

  async #patch(path: string, Operations: JsonObject[]): Promise<void> {
    const body = { schemas: [PATCH_SCHEMA], Operations };
    await this.#wire.request("PATCH", path, [200, 204], body);
  }

  #rename(id: string, displayName: string): JsonObject {
    return { op: "replace", value: { id, displayName } };
  }

  #member(value: string): JsonObject {
    return { value, display: String(this.#told.get(value)?.get("userName")) };
  }

  #linkedMembers(group: Group): Set<string> {
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

function password(random: Random): string {
  return `pw-${random.guid()}`;
}

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item));
}
