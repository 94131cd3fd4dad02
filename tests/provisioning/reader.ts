/** An application that keeps reading while others write. @module */

import type { JsonObject } from "../../domain/json.ts";
import {
  ENTERPRISE_SCHEMA,
  GROUP_SCHEMA,
  PATCH_SCHEMA,
  USER_SCHEMA,
} from "./attributes.ts";
import type { Expectation } from "./expectation.ts";
import { idOf, objectOf, quoted, type Send, Wire, withQuery } from "./wire.ts";

const NAME = 'Steady "Sam"';

/** How long a reader rests between two rounds, in milliseconds. */
const PAUSE = 20;

/**
 * Puts a user, a manager and a group of its own on a server, and reads them and
 * pages of everything again and again: what nobody changes must be there, whole,
 * in every answer.
 */
export class Reader {
  readonly #wire: Wire;
  #ids = { manager: "", user: "", group: "" };
  /** How many times everything was read. */
  rounds = 0;

  constructor(send: Send) {
    this.#wire = new Wire(send);
  }

  async prepare(): Promise<void> {
    const create = async (path: string, body: JsonObject) =>
      idOf(objectOf(await this.#wire.request("POST", path, [201], body)));
    const manager = await create("/Users", {
      schemas: [USER_SCHEMA],
      userName: "steady.manager@reader.example",
      displayName: NAME,
    });
    const user = await create("/Users", {
      schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA],
      userName: "steady.user@reader.example",
      [ENTERPRISE_SCHEMA]: { manager: { value: manager } },
    });
    const group = await create("/Groups", {
      schemas: [GROUP_SCHEMA],
      displayName: NAME,
      members: [{ value: user }],
    });
    await this.#wire.request("PATCH", `/Groups/${group}`, [204], {
      schemas: [PATCH_SCHEMA],
      Operations: [{ op: "add", path: "members", value: [{ value: manager }] }],
    });
    this.#ids = { manager, user, group };
  }

  /** What the reader has put on the server itself. */
  expectation(): Expectation {
    const { manager, user, group } = this.#ids;
    return {
      users: new Map([
        [
          manager,
          new Map([
            ["userName", "steady.manager@reader.example"],
            ["displayName", NAME],
          ]),
        ],
        [
          user,
          new Map([
            ["userName", "steady.user@reader.example"],
            [`${ENTERPRISE_SCHEMA}:manager`, manager],
          ]),
        ],
      ]),
      groups: new Map([[group, {
        displayName: NAME,
        externalId: undefined,
        members: new Set([manager, user]),
      }]]),
      goneUsers: [],
      goneGroups: [],
    };
  }

  /** Reads until the signal says that it is enough. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#page("/Users", 17);
      await this.#page("/Groups", 5);
      await this.#find();
      this.rounds++;
      // Others get their turn, too.
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  async #page(endpoint: string, count: number): Promise<void> {
    for (let startIndex = 1;; startIndex += count) {
      const { resources, totalResults } = await this.#wire.list(
        withQuery(endpoint, {
          startIndex: String(startIndex),
          count: String(count),
        }),
      );
      const ids = new Set(resources.map(idOf));
      if (ids.size < resources.length || resources.length > count) {
        throw new Error(`A page of ${endpoint} holds ${resources.map(idOf)}`);
      }
      for (const resource of resources) {
        if (
          resource["meta"] === undefined ||
          (resource["userName"] ?? resource["displayName"]) === undefined
        ) throw new Error(`Half a resource: ${JSON.stringify(resource)}`);
      }
      if (startIndex + count > totalResults) return;
    }
  }

  async #find(): Promise<void> {
    const { manager, user, group } = this.#ids;
    const expect = async (path: string, filter: string, id: string) => {
      const { resources, totalResults } = await this.#wire.list(
        withQuery(path, { filter }),
      );
      const [first] = resources;
      if (totalResults !== 1 || first === undefined || idOf(first) !== id) {
        throw new Error(`${path} ${filter} finds ${totalResults} resources`);
      }
      return JSON.stringify(first);
    };
    const found = await expect(
      "/Users",
      'userName eq "STEADY.user@reader.example"',
      user,
    );
    if (!found.includes(manager) || !found.includes(group)) {
      throw new Error(`The steady user is not whole: ${found}`);
    }
    const steady = await expect(
      "/Groups",
      `displayName eq ${quoted(NAME)}`,
      group,
    );
    if (!steady.includes(manager) || !steady.includes(user)) {
      throw new Error(`The steady group is not whole: ${steady}`);
    }
    await expect("/Users", `displayName eq ${quoted(NAME)}`, manager);
    const read = await this.#wire.read(`/Users/${user}`);
    if (JSON.stringify(read) !== found) {
      throw new Error(`${JSON.stringify(read)} by id, but ${found} by filter`);
    }
  }
}
