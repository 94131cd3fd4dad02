import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Client } from "../harness.ts";
import { isList, isScimError, object, text, withClient } from "../harness.ts";

async function five(client: Client): Promise<void> {
  for (const name of ["a", "b", "c", "d", "e"]) await client.user(name);
}

Deno.test(
  "44-3.4.2-6 44-3.4.2-8 An empty list is 200 with Resources that is empty",
  withClient(async (client) => {
    isList(await client.get("/Users"), { total: 0 });
    isList(await client.get("/Groups"), { total: 0 });
  }),
);

Deno.test(
  "44-3.4.2-4 A list shows whole resources with schemas, id and meta",
  withClient(async (client) => {
    const { json } = await client.user("ada");
    deepStrictEqual(isList(await client.get("/Users"), { total: 1 }), [json]);
  }),
);

Deno.test(
  "44-3.4.2.4-8 Pages hold every resource once, in an order that stays",
  withClient(async (client) => {
    await five(client);
    const whole = isList(await client.get("/Users"), { total: 5 });
    const paged = [];
    for (const [startIndex, page] of [[1, 2], [3, 2], [5, 1]] as const) {
      const path = `/Users?startIndex=${startIndex}&count=2`;
      paged.push(
        ...isList(await client.get(path), { total: 5, page, startIndex }),
      );
    }
    deepStrictEqual(paged, whole);
  }),
);

/**
 * What a query of five users shows: the item of the checklist, the query, how
 * many users, and which startIndex is told.
 */
const PAGES: readonly (readonly [string, string, number, number])[] = [
  ["44-3.4.2.4-4", "count=0", 0, 1],
  ["44-3.4.2.4-3", "count=-1", 0, 1],
  ["44-3.4.2.4-3", "count=-99999999999999999999", 0, 1],
  ["44-3.4.2.4-2", "count=3", 3, 1],
  ["44-3.4.2.4-2", "count=%2B3", 3, 1],
  ["44-3.4.2.4-2", "count=+3", 3, 1],
  ["44-3.4.2.4-2", "count=03", 3, 1],
  ["44-3.4.2.4-2", "count=1000", 5, 1],
  ["44-3.4.2.4-2", "count=1001", 5, 1],
  ["44-3.4.2.4-2", "count=99999999999999999999999999", 5, 1],
  ["44-3.4.2.4-1", "startIndex=0", 5, 1],
  ["44-3.4.2.4-1", "startIndex=-7", 5, 1],
  ["44-3.4.2.4-1", "startIndex=-99999999999999999999", 5, 1],
  ["44-3.4.2.4-1", "startIndex=1", 5, 1],
  ["44-3.4.2.4-1", "startIndex=5", 1, 5],
  ["44-3.4.2.4-6", "startIndex=6", 0, 6],
  ["44-3.4.2.4-6", "startIndex=1000000", 0, 1_000_000],
  [
    "44-3.4.2.4-6",
    "startIndex=99999999999999999999",
    0,
    Number.MAX_SAFE_INTEGER,
  ],
  [
    "44-3.4.2.4-6",
    "startIndex=99999999999999999999&count=99999999999999999999",
    0,
    Number.MAX_SAFE_INTEGER,
  ],
  ["44-3.4.2.4-2", "startIndex=2&count=2", 2, 2],
  ["44-3.4.2.4-2", "STARTINDEX=2&COUNT=2", 2, 2],
  ["44-3.4.2.4-1", "startindex=0", 5, 1],
  ["44-3.4.2.4-2", "count=2&count=4", 2, 1],
];

for (const [id, query, page, startIndex] of PAGES) {
  for (
    const filter of ["", "&filter=userName+pr", "&filter=userName+sw+%22%22"]
  ) {
    Deno.test(
      `${id} /Users?${query}${filter} of five shows ${page} from ${startIndex}`,
      withClient(async (client) => {
        await five(client);
        const answer = await client.get(`/Users?${query}${filter}`);
        isList(answer, { total: 5, page, startIndex });
      }),
    );
  }
}

for (
  const wrong of [
    "abc",
    "",
    "1e30",
    "1.5",
    "0x10",
    "1,2",
    "NaN",
    "Infinity",
    "--1",
    "1 2",
    "%00",
    "１",
  ]
) {
  for (const name of ["startIndex", "count"]) {
    Deno.test(
      `44-3.4.2.4-7 ${name}=${wrong || "(empty)"} is 400 invalidValue`,
      withClient(async (client) => {
        const answer = await client.get(`/Users?${name}=${wrong}`);
        isScimError(
          answer,
          400,
          "invalidValue",
          new RegExp(`"${name}" must be an integer`),
        );
      }),
    );
  }
}

Deno.test(
  "44-3.4.2.4-5 Without count a page has 100 resources, and with too large a count 1,000",
  withClient(async (client) => {
    const creates = Array.from({ length: 101 }, (_, i) => client.user(`u${i}`));
    await Promise.all(creates);
    isList(await client.get("/Users"), { total: 101, page: 100 });
    isList(await client.get("/Users?count=5000"), { total: 101 });
    const rest = await client.get("/Users?startIndex=101");
    isList(rest, { total: 101, page: 1, startIndex: 101 });
  }),
);

Deno.test(
  "44-3.6-3 Deleted resources are in no list and in no count",
  withClient(async (client) => {
    const { id } = await client.user("a");
    await client.user("b");
    await client.delete(`/Users/${id}`);
    deepStrictEqual(await client.names("/Users"), ["b"]);
    isList(await client.get("/Users?count=0"), { total: 1, page: 0 });
  }),
);

Deno.test(
  "Users and groups are counted each for themselves",
  withClient(async (client) => {
    await five(client);
    await client.group("staff");
    isList(await client.get("/Groups"), { total: 1 });
    isList(await client.get("/Users"), { total: 5 });
  }),
);

Deno.test(
  "A list of groups has the version that a single group has",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id]);
    await client.patch(`/Groups/${id}`, [{ op: "remove", path: "members" }]);
    const [listed] = isList(await client.get("/Groups"), { total: 1 });
    const single = await client.get(`/Groups/${id}`);
    const version = text(object(object(listed)["meta"])["version"]);
    strictEqual(version, single.headers.get("ETag"));
    match(version, /^W\/"[0-9a-z.]+"$/);
  }),
);
