/**
 * Single users: read by id, found by indexed values, created, changed.
 * @module
 */

import {
  type Bench,
  compare,
  idOf,
  rotated,
  sendAll,
  type Work,
} from "../bench.ts";
import type { WireRequest } from "../http.ts";
import {
  emailOf,
  externalIdOf,
  managerOf,
  userBody,
  userNameOf,
} from "../people.ts";
import { anew, range } from "../load.ts";

/** How many new users one measurement can create in a second, with room. */
const MOST_PER_SECOND = 5_000;

/** How many users are changed in turns. */
const CHANGED = 1_000;

/** New users have numbers beyond those that were loaded. */
const FIRST_NEW = Date.now() % 1_000_000_000 * 1_000;

let created = 0;

/** The path of a user; the floor is told who the manager is. */
function floorSuffix(bench: Bench, number: number): string {
  const manager = managerOf(number);
  return manager === undefined ? "" : `manager=${idOf(bench, manager)}`;
}

/** GET /Users/{id} against the floor, and against Hono without KV. */
export const getUser: Work = {
  name: "get",
  async run(bench) {
    const server = () =>
      bench.loners.map((number) => ({
        method: "GET",
        path: `/scim/v2/Users/${idOf(bench, number)}`,
      }));
    const against = () =>
      bench.loners.map((number) => ({
        method: "GET",
        path: `/Users/${idOf(bench, number)}?${floorSuffix(bench, number)}`,
      }));
    return [
      ...await compare(bench, {
        work: "get",
        what: "GET user by id",
        server,
        against,
        atLeast: 0.7,
      }),
      ...await compare(bench, {
        work: "get",
        what: "GET user by id, asked for the first time",
        server: () =>
          range(0, MOST_PER_SECOND * 2).map((index) => ({
            method: "GET",
            path: anew(
              `/scim/v2/Users/${
                idOf(bench, bench.loners[index % bench.loners.length] ?? 0)
              }`,
            ),
          })),
        against,
        atLeast: 0.7,
      }),
      ...await compare(bench, {
        work: "get",
        what: "GET user by id, against no KV",
        server,
        against: () => [{ method: "GET", path: "/static" }],
        atLeast: 0.6,
      }),
    ];
  },
};

interface Filter {
  readonly attribute: string;
  readonly value: (number: number) => string;
  readonly filter: (value: string) => string;
}

const FILTERS: readonly Filter[] = [
  {
    attribute: "userName",
    value: userNameOf,
    filter: (value) => `userName eq "${value}"`,
  },
  {
    attribute: "externalId",
    value: externalIdOf,
    filter: (value) => `externalId eq "${value}"`,
  },
  {
    attribute: "emails.value",
    value: emailOf,
    filter: (value) => `emails[type eq "work"].value eq "${value}"`,
  },
];

/** Filters that an index answers. */
export const filterUsers: Work = {
  name: "filter",
  async run(bench) {
    const rows = [];
    for (const { attribute, value, filter } of FILTERS) {
      rows.push(
        ...await compare(bench, {
          work: "filter",
          what: `filter ${filter("…")}`,
          server: () =>
            bench.loners.map((number) => ({
              method: "GET",
              path: `/scim/v2/Users?filter=${
                encodeURIComponent(filter(value(number)))
              }`,
            })),
          against: () =>
            bench.loners.map((number) => ({
              method: "GET",
              path: `/Users?attribute=${attribute}&value=${
                encodeURIComponent(value(number))
              }&${floorSuffix(bench, number)}`,
            })),
          atLeast: 0.7,
        }),
      );
    }
    return rows;
  },
};

/** POST /Users. */
export const createUser: Work = {
  name: "create",
  async run(bench) {
    const create = (path: string) => (): WireRequest[] => {
      const count = Math.ceil(bench.options.seconds * MOST_PER_SECOND);
      const first = FIRST_NEW + created;
      created += count;
      return range(first, first + count).map((number) => ({
        method: "POST",
        path,
        body: JSON.stringify(userBody(number, undefined)),
      }));
    };
    return await compare(bench, {
      work: "create",
      what: "POST user",
      server: create("/scim/v2/Users"),
      against: create("/Users"),
      repeats: false,
      atLeast: 0.7,
    });
  },
};

/** PATCH of `active`, to and fro. */
export const patchActive: Work = {
  name: "active",
  async run(bench) {
    const some = bench.loners.slice(0, CHANGED);
    const patch = (base: string, active: boolean) =>
      some.map((number) => ({
        method: "PATCH",
        path: `${base}/Users/${idOf(bench, number)}`,
        body: JSON.stringify({
          schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
          Operations: [{ op: "replace", path: "active", value: active }],
        }),
      }));
    const toAndFro = (base: string) => {
      const all = [...patch(base, false), ...patch(base, true)];
      return (sent: number) => rotated(all, sent);
    };
    // So that no PATCH finds the value that it brings.
    await sendAll(bench, bench.server, patch("/scim/v2", true));
    return await compare(bench, {
      work: "active",
      what: "PATCH active",
      server: toAndFro("/scim/v2"),
      against: toAndFro(""),
      atLeast: 0.7,
    });
  },
};
