/** Compares all that a server shows with what it should hold. @module */

import {
  isJsonObject,
  jsonEquals,
  type JsonObject,
  type JsonValue,
} from "../../domain/json.ts";
import {
  ENTERPRISE_SCHEMA,
  flatten,
  GROUP_SCHEMA,
  MANAGER,
  USER_SCHEMA,
} from "./attributes.ts";
import type { Expectation } from "./expectation.ts";
import { runAll, type Task } from "./pool.ts";
import type { Random } from "./random.ts";
import {
  goneGroupQuery,
  goneUserQuery,
  groupQueries,
  groupsOf,
  type Query,
  userQueries,
} from "./queries.ts";
import { idOf, type Send, Wire, withQuery } from "./wire.ts";

/** How a comparison is made. */
export interface ComparisonOptions {
  readonly send: Send;
  readonly expected: Expectation;
  /** Chooses page sizes and which resources are looked for by filters. */
  readonly random: Random;
  /** How many users each filter is tried with. */
  readonly samples: number;
  /** The client's deviations from the RFC are understood. */
  readonly compatible: boolean;
}

/** A difference, and the id that it is about. */
export interface Difference {
  readonly id: string;
  readonly text: string;
}

/**
 * Reads everything and compares it.
 *
 * @returns the differences; empty when all is as it should be
 * @throws {Error} when an answer is not what a client can read
 */
export async function compare(
  options: ComparisonOptions,
): Promise<Difference[]> {
  const comparison = new Comparison(options);
  await comparison.run();
  return comparison.differences;
}

class Comparison {
  readonly differences: Difference[] = [];
  readonly #wire: Wire;
  readonly #options: ComparisonOptions;
  /** Labels of users and groups, by id. */
  readonly #labels = new Map<string, string>();

  constructor(options: ComparisonOptions) {
    this.#wire = new Wire(options.send);
    this.#options = options;
    const { users, groups } = options.expected;
    for (const [id, flat] of users) {
      this.#labels.set(
        id,
        String(flat.get("displayName") ?? flat.get("userName")),
      );
    }
    for (const [id, { displayName }] of groups) {
      this.#labels.set(id, displayName);
    }
  }

  async run(): Promise<void> {
    const { users, groups, goneUsers, goneGroups } = this.#options.expected;
    const { random, samples } = this.#options;
    const listedUsers = await this.#listAll("/Users", users);
    const listedGroups = await this.#listAll("/Groups", groups);
    const tasks: Task[] = [];
    for (const [id, user] of listedUsers) {
      this.#compareUser(id, user);
      tasks.push(() => this.#compareRead(`/Users/${id}`, user));
    }
    for (const [id, group] of listedGroups) {
      this.#compareGroup(id, group);
      tasks.push(() => this.#compareRead(`/Groups/${id}`, group));
    }
    tasks.push(...this.#activeQuery());
    const { expected, compatible } = this.#options;
    const queries = [
      ...random.sample(users.keys(), samples).flatMap((id) =>
        userQueries(expected, id, random, compatible)
      ),
      ...random.sample(groups.keys(), samples).flatMap((id) =>
        groupQueries(expected, id)
      ),
    ];
    for (const gone of random.sample(goneUsers, samples)) {
      tasks.push(() => this.#isGone("/Users", gone.id));
      queries.push(goneUserQuery(expected, gone));
    }
    for (const gone of random.sample(goneGroups, samples)) {
      tasks.push(() => this.#isGone("/Groups", gone.id));
      queries.push(goneGroupQuery(expected, gone));
    }
    tasks.push(...queries.map((query) => () => this.#finds(query)));
    await runAll(tasks);
  }

  /** Pages through a list; each expected resource is there once, and nothing else. */
  async #listAll(
    endpoint: string,
    expected: ReadonlyMap<string, unknown>,
    filter?: string,
  ): Promise<Map<string, JsonObject>> {
    const count = this.#options.random.pick([1 + expected.size, 5, 7, 25, 100]);
    const found = new Map<string, JsonObject>();
    for (let startIndex = 1;; startIndex += count) {
      const list = await this.#wire.list(withQuery(endpoint, {
        ...(filter === undefined ? {} : { filter }),
        startIndex: String(startIndex),
        count: String(count),
      }));
      if (list.startIndex !== startIndex) {
        this.#note(
          "",
          `${endpoint}: startIndex ${list.startIndex} for ${startIndex}`,
        );
      }
      if (list.totalResults !== expected.size) {
        this.#note(
          "",
          `${endpoint} ${
            filter ?? ""
          }: totalResults ${list.totalResults} instead of ${expected.size}`,
        );
      }
      for (const resource of list.resources) {
        const id = idOf(resource);
        if (found.has(id)) this.#note(id, `${endpoint} is listed twice`);
        if (!expected.has(id)) {
          this.#note(
            id,
            `${endpoint} ${filter ?? ""} lists what it should not`,
          );
        }
        found.set(id, resource);
      }
      if (startIndex + count > Math.max(list.totalResults, expected.size)) {
        break;
      }
    }
    for (const id of expected.keys()) {
      if (!found.has(id)) {
        this.#note(id, `${endpoint} ${filter ?? ""} does not list it`);
      }
    }
    return found;
  }

  #compareUser(id: string, user: JsonObject): void {
    const expected = this.#options.expected.users.get(id);
    if (expected === undefined) return;
    this.#compareMaps(id, flatten(user), expected);
    const extended = [...expected.keys()].some((path) =>
      path.startsWith("urn:")
    );
    this.#compareValue(id, "schemas", user["schemas"], [
      USER_SCHEMA,
      ...(extended ? [ENTERPRISE_SCHEMA] : []),
    ]);
    this.#compareMeta(id, "User", user);
    this.#compareMaps(id, this.#shownGroups(user), this.#expectedGroups(id));
    const extension = user[ENTERPRISE_SCHEMA];
    const manager = isJsonObject(extension) ? extension["manager"] : undefined;
    const managerId = expected.get(MANAGER);
    if (
      isJsonObject(manager) && typeof managerId === "string" &&
      this.#labels.has(managerId)
    ) {
      this.#compareValue(
        id,
        "manager.displayName",
        manager["displayName"],
        this.#labels.get(managerId),
      );
      this.#compareEnd(
        id,
        "manager.$ref",
        manager["$ref"],
        `/Users/${managerId}`,
      );
    }
  }

  #compareGroup(id: string, group: JsonObject): void {
    const expected = this.#options.expected.groups.get(id);
    if (expected === undefined) return;
    const { displayName, externalId, members } = expected;
    this.#compareValue(id, "displayName", group["displayName"], displayName);
    this.#compareValue(id, "externalId", group["externalId"], externalId);
    this.#compareValue(id, "schemas", group["schemas"], [GROUP_SCHEMA]);
    this.#compareMeta(id, "Group", group);
    const shown = elementsOf(group["members"]);
    this.#compareMaps(
      id,
      new Map(
        shown.map((
          { value, type, display },
        ) => [`members ${value}`, [type ?? null, display ?? null]]),
      ),
      new Map([...members].map((member) => [`members ${member}`, [
        this.#options.expected.users.has(member) ? "User" : "Group",
        this.#labels.get(member) ?? null,
      ]])),
    );
    if (shown.length !== members.size) {
      this.#note(id, `${shown.length} members instead of ${members.size}`);
    }
    for (const { value, type, $ref } of shown) {
      this.#compareEnd(id, "members.$ref", $ref, `/${type}s/${value}`);
    }
  }

  #shownGroups(user: JsonObject): Map<string, JsonValue> {
    return new Map(
      elementsOf(user["groups"]).map(({ value, type, display, $ref }) => [
        `groups ${value}`,
        [
          type ?? null,
          display ?? null,
          String($ref).endsWith(`/Groups/${value}`),
        ],
      ]),
    );
  }

  #expectedGroups(id: string): Map<string, JsonValue> {
    const groups = groupsOf(this.#options.expected, id);
    return new Map([...groups].map(([group, type]) => [
      `groups ${group}`,
      [type, this.#labels.get(group) ?? null, true],
    ]));
  }

  #compareMeta(id: string, type: string, resource: JsonObject): void {
    const { meta } = resource;
    if (!isJsonObject(meta)) return this.#note(id, "no meta");
    this.#compareValue(id, "meta.resourceType", meta["resourceType"], type);
    this.#compareEnd(id, "meta.location", meta["location"], `/${type}s/${id}`);
  }

  /** What GET by id shows is what the list shows. */
  async #compareRead(path: string, listed: JsonObject): Promise<void> {
    const read = await this.#wire.read(path);
    if (read === undefined) {
      return this.#note(idOf(listed), "GET by id answers 404");
    }
    for (
      const name of new Set([...Object.keys(read), ...Object.keys(listed)])
    ) {
      this.#compareValue(
        idOf(listed),
        `${name} (by id and in the list)`,
        read[name],
        listed[name],
      );
    }
  }

  /** Those who are active, page by page. */
  #activeQuery(): Task[] {
    const active = new Map(
      [...this.#options.expected.users].filter(([, flat]) =>
        flat.get("active") === true
      ),
    );
    return [async () => {
      await this.#listAll("/Users", active, "active eq true");
    }, async () => {
      const { totalResults, resources } = await this.#wire.list(
        "/Users?count=0",
      );
      if (
        totalResults !== this.#options.expected.users.size ||
        resources.length > 0
      ) {
        this.#note(
          "",
          `/Users?count=0: totalResults ${totalResults} and ${resources.length} resources`,
        );
      }
    }];
  }

  async #isGone(path: string, id: string): Promise<void> {
    if (await this.#wire.read(`${path}/${id}`) !== undefined) {
      this.#note(id, "is deleted and still there");
    }
  }

  async #finds({ endpoint, filter, ids }: Query): Promise<void> {
    const { resources, totalResults } = await this.#wire.list(
      withQuery(endpoint, { filter, attributes: "id", count: "200" }),
    );
    const found = resources.map(idOf).sort();
    if (totalResults !== ids.length || !jsonEquals(found, [...ids].sort())) {
      this.#note(
        ids[0] ?? found[0] ?? "",
        `${endpoint} ${filter} finds ${totalResults}: ${found.join()} instead of ${ids.join()}`,
      );
    }
  }

  #compareMaps(
    id: string,
    actual: ReadonlyMap<string, JsonValue>,
    expected: ReadonlyMap<string, JsonValue>,
  ): void {
    for (const path of new Set([...actual.keys(), ...expected.keys()])) {
      this.#compareValue(id, path, actual.get(path), expected.get(path));
    }
  }

  #compareValue(
    id: string,
    what: string,
    actual: JsonValue | undefined,
    expected: JsonValue | undefined,
  ): void {
    const same = actual === undefined || expected === undefined
      ? actual === expected
      : jsonEquals(actual, expected);
    if (!same) {
      this.#note(
        id,
        `${what} is ${JSON.stringify(actual)} instead of ${
          JSON.stringify(expected)
        }`,
      );
    }
  }

  #compareEnd(
    id: string,
    what: string,
    actual: JsonValue | undefined,
    end: string,
  ): void {
    if (typeof actual !== "string" || !actual.endsWith(end)) {
      this.#note(
        id,
        `${what} is ${JSON.stringify(actual)}, which does not end in ${end}`,
      );
    }
  }

  #note(id: string, text: string): void {
    this.differences.push({ id, text: id === "" ? text : `${id}: ${text}` });
  }
}

function elementsOf(list: JsonValue | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter((item) => isJsonObject(item)) : [];
}
