import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Client,
  isList,
  isScimError,
  URN,
  withClient,
} from "../harness.ts";

const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

function search(members: JsonObject = {}): JsonObject {
  return { schemas: [SEARCH], ...members };
}

async function people(client: Client): Promise<void> {
  const ada = await client.user("ada", { title: "Dr", nickName: "A" });
  await client.user("bob", { nickName: "B" });
  await client.user("cy", { title: "Mx" });
  await client.group("staff", [ada.id]);
}

/** A path, a search, and the query that finds the same. */
const SAME: readonly (readonly [string, JsonObject, string])[] = [
  ["/Users", {}, ""],
  ["/Groups", {}, ""],
  ["", {}, ""],
  ["/Users", { filter: "title pr" }, "?filter=title+pr"],
  [
    "/Users",
    { sortBy: "userName", sortOrder: "descending", startIndex: 2, count: 1 },
    "?sortBy=userName&sortOrder=descending&startIndex=2&count=1",
  ],
  [
    "/Users",
    { attributes: ["userName", "name.givenName"] },
    "?attributes=userName,name.givenName",
  ],
  ["/Users", { attributes: "userName, title" }, "?attributes=userName,title"],
  ["/Users", { attributes: [] }, ""],
  ["/Users", { excludedAttributes: ["title"] }, "?excludedAttributes=title"],
  ["/Users", { COUNT: 2, StartIndex: 0 }, "?count=2&startIndex=0"],
  ["/Users", { count: -3 }, "?count=-3"],
  ["/Users", { count: 1e25, startIndex: 2.0 }, "?count=1000&startIndex=2"],
  ["/Users", { filter: null, count: null, cursor: null }, ""],
  ["/Users", { page: 2, "urn:x": {}, limit: 1 }, ""],
  ["", { filter: "displayName pr" }, "?filter=displayName+pr"],
  ["", { sortBy: "meta.created", count: 2 }, "?sortBy=meta.created&count=2"],
];

for (const [path, members, query] of SAME) {
  Deno.test(
    `44-3.4.3-1 44-3.4.3-3 44-3.4.3-5 POST ${path}/.search ${
      JSON.stringify(members)
    } answers as GET ${path}${query}`,
    withClient(async (client) => {
      await people(client);
      const found = await client.post(`${path}/.search`, search(members));
      const got = await client.get(`${path}${query}`);
      strictEqual(found.status, 200, found.text);
      strictEqual(got.status, 200, got.text);
      deepStrictEqual(found.json, got.json);
      strictEqual(
        found.headers.get("Content-Type"),
        "application/scim+json",
      );
    }),
  );
}

Deno.test(
  "44-3.4.3-6 Parameters of the URL have no effect on a search",
  withClient(async (client) => {
    await people(client);
    const query = "?filter=(((&count=0&sortBy=nope&cursor=x&attributes=title";
    const answer = await client.post(`/Users/.search${query}`, search());
    for (const resource of isList(answer, { total: 3 })) {
      strictEqual(typeof resource["userName"], "string");
    }
  }),
);

Deno.test(
  "44-3.4.3-5 No match is 200 with Resources that is empty",
  withClient(async (client) => {
    isList(await client.post("/.search", search()), { total: 0 });
  }),
);

for (
  const schemas of [undefined, [], [URN.patch], SEARCH, null, [1]]
) {
  Deno.test(
    `44-3.4.3-2 A search with schemas ${
      JSON.stringify(schemas)
    } is 400 invalidSyntax`,
    withClient(async (client) => {
      for (const path of ["/.search", "/Users/.search"]) {
        const answer = await client.post(path, {
          ...(schemas === undefined ? {} : { schemas }),
          filter: "userName pr",
        });
        isScimError(answer, 400, "invalidSyntax", /SearchRequest/);
      }
    }),
  );
}

for (
  const [ids, members, scimType, detail] of [
    ["44-3.4.3-4", { filter: "userName" }, "invalidFilter", /\w+ \w+/],
    ["44-3.4.3-4", { filter: "" }, "invalidFilter", /empty/],
    ["44-3.4.3-4", { filter: 'emial eq "a"' }, "invalidFilter", /"emails"/],
    [
      "",
      { filter: 1 },
      "invalidValue",
      /"filter" of a search must be a string/,
    ],
    ["", { sortBy: 1 }, "invalidValue", /"sortBy"/],
    ["44-3.4.2.3-3", { sortBy: "name" }, "invalidValue", /complex/],
    [
      "44-3.4.2.3-5",
      { sortOrder: "up", sortBy: "id" },
      "invalidValue",
      /descending/,
    ],
    [
      "44-3.4.2.4-7",
      { startIndex: "1" },
      "invalidValue",
      /"startIndex".*an integer/,
    ],
    ["44-3.4.2.4-7", { count: 0.5 }, "invalidValue", /"count".*an integer/],
    ["44-3.4.2.4-7", { count: true }, "invalidValue", /"count".*an integer/],
    ["", { attributes: [1] }, "invalidValue", /"attributes".*an array/],
    ["", { cursor: 1 }, "invalidValue", /"cursor".*a string/],
    ["", { cursor: "x" }, "invalidCursor", /begin again/],
    [
      "",
      { cursor: "", startIndex: 1 },
      "invalidValue",
      /cannot be used together/,
    ],
    [
      "44-3.4.2.5-8",
      { attributes: ["id"], excludedAttributes: ["title"] },
      "invalidValue",
      /cannot be used together/,
    ],
  ] as const
) {
  Deno.test(
    `${ids} A search with ${JSON.stringify(members)} is 400 ${scimType}`.trim(),
    withClient(async (client) => {
      const body = search({ ...members } as JsonObject);
      isScimError(
        await client.post("/Users/.search", body),
        400,
        scimType,
        detail,
      );
    }),
  );
}

for (const body of ["", "[]", "null", '"x"', "{"]) {
  Deno.test(
    `44-3.4.3-2 A search with the body ${body || "(nothing)"} is 400`,
    withClient(async (client) => {
      isScimError(
        await client.send("/.search", { method: "POST", body }),
        400,
        "invalidSyntax",
      );
    }),
  );
}

Deno.test(
  "44-3.4.3-1 44-3.4.3-7 .search is where resources are, and nowhere else",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    for (const path of ["/users/.search", "//.search/", "/GROUPS//.search"]) {
      strictEqual((await client.post(path, search())).status, 200, path);
    }
    for (const path of ["/Nope/.search", `/Users/${id}/.search`]) {
      isScimError(await client.post(path, search()), 404);
    }
  }),
);
