import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Client,
  isList,
  isScimError,
  object,
  objects,
  text,
  URN,
  withClient,
} from "../../routes/harness.ts";

const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/** The `userName` or `displayName` of the resources of a list, in their order. */
async function order(client: Client, path: string): Promise<string> {
  const answer = await client.get(path);
  strictEqual(answer.status, 200, answer.text);
  return objects(answer.json["Resources"])
    .map(({ userName, displayName }) => text(userName ?? displayName))
    .join("");
}

Deno.test(
  "44-3.4.2.3-1 Sorting is announced, and done wherever a query is",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    strictEqual(object(json["sort"])["supported"], true);
    for (const name of ["b", "c", "a"]) {
      await client.user(name);
      await client.group(name);
    }
    for (
      const path of ["/Users?sortBy=userName", "/Groups?sortBy=displayName"]
    ) {
      strictEqual(await order(client, path), "abc");
      strictEqual(await order(client, `${path}&sortOrder=descending`), "cba");
    }
    const found = await client.post("/Users/.search", {
      schemas: [SEARCH],
      sortBy: "userName",
    });
    const names = objects(found.json["Resources"]).map((u) => u["userName"]);
    deepStrictEqual(names, ["a", "b", "c"]);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2.3-2 Users are sorted by their primary e-mail address, else by the first",
  withClient(async (client) => {
    await client.user("p", {
      emails: [{ value: "a" }, { value: "z", primary: true }],
    });
    await client.user("f", { emails: [{ value: "m" }, { value: "b" }] });
    await client.user("n", {
      emails: [{ value: "x", primary: false }, { value: "c" }],
    });
    for (const sortBy of ["emails", "emails.value"]) {
      strictEqual(await order(client, `/Users?sortBy=${sortBy}`), "fnp");
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2.3-4 Users without a value come last, and first in descending order",
  withClient(async (client) => {
    await client.user("b", { title: "B" });
    await client.user("x");
    await client.user("a", { title: "A" });
    strictEqual(await order(client, "/Users?sortBy=title"), "abx");
    strictEqual(
      await order(client, "/Users?sortBy=title&sortOrder=descending"),
      "xba",
    );
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2.3-7 Users with equal values stand in the order of their ids",
  withClient(async (client) => {
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      ids.push((await client.user(`u${i}`, { title: "same" })).id);
    }
    ids.sort();
    const path = "/Users?sortBy=title&attributes=id";
    const shown = async (query: string) =>
      objects((await client.get(path + query)).json["Resources"])
        .map(({ id }) => text(id));
    deepStrictEqual(await shown(""), ids);
    const pages: string[] = [];
    for (const startIndex of [1, 6, 11]) {
      pages.push(...await shown(`&startIndex=${startIndex}&count=5`));
    }
    deepStrictEqual(pages, ids);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2.4-2 No query shows more resources than it asks for",
  withClient(async (client) => {
    for (const name of ["a", "b", "c"]) await client.user(name);
    await client.group("g");
    for (const path of ["", "/Users"]) {
      for (const query of ["?", "?sortBy=id&", "?filter=userName+pr&"]) {
        for (const count of [0, 1, 2]) {
          const answer = await client.get(`${path}${query}count=${count}`);
          strictEqual(answer.json["itemsPerPage"], count);
          strictEqual(objects(answer.json["Resources"]).length, count);
        }
      }
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2.4-3 44-3.4.2.4-4 A search for none, or for fewer than none, tells the total only",
  withClient(async (client) => {
    for (const name of ["a", "b", "c"]) await client.user(name);
    for (const count of [0, -1, -7]) {
      const body = { schemas: [SEARCH], filter: 'userName ne "a"', count };
      const answer = await client.post("/Users/.search", body);
      isList(answer, { total: 2, page: 0 });
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2.4-8 Pages are found without the ones before, and by another token",
  withClient(async (client, server) => {
    for (const name of ["a", "b", "c", "d", "e"]) await client.user(name);
    const whole = isList(await client.get("/Users"), { total: 5 });
    const other = await server.client({ profile: "rfc" });
    for (const startIndex of [5, 2, 4, 1, 3]) {
      const path = `/Users?startIndex=${startIndex}&count=1`;
      const page = isList(await other.get(path), {
        total: 5,
        page: 1,
        startIndex,
      });
      deepStrictEqual(page, [whole[startIndex - 1]]);
    }
  }, { profile: "rfc" }),
);

const ADA: JsonObject = {
  schemas: [URN.user, URN.enterprise],
  displayName: "Ada",
  password: "1mz050nq",
  name: { givenName: "Ada", familyName: "King" },
  emails: [{ value: "a", display: "A" }, { value: "b", display: "B" }],
  [URN.enterprise]: { department: "R", division: "D" },
};

/** What a search names in `attributes`, and what it shows beside id and schemas. */
const ATTRIBUTES: readonly (readonly [string, string[], JsonObject])[] = [
  ["44-3.4.2.5-2", ["userName"], { userName: "ada" }],
  ["44-3.4.2.5-7", ["userName", " displayName "], {
    userName: "ada",
    displayName: "Ada",
  }],
  ["44-3.4.2.5-9", ["NAME.familyname", "emails.value"], {
    name: { familyName: "King" },
    emails: [{ value: "a" }, { value: "b" }],
  }],
  ["44-3.4.2.5-6", [`${URN.enterprise.toUpperCase()}:Division`], {
    [URN.enterprise]: { division: "D" },
  }],
  ["44-3.4.2.5-6", [URN.enterprise], {
    [URN.enterprise]: { department: "R", division: "D" },
  }],
  ["44-3.4.2.5-5", ["password", "userName"], { userName: "ada" }],
  ["44-3.4.2.5-10", ["nonsense", "name.nonsense", "urn:x:y"], {}],
];

for (const [id, attributes, expected] of ATTRIBUTES) {
  Deno.test(
    `44-3.4.2.5-1 44-3.4.2.5-11 ${id} A search for the attributes ${attributes} shows no others, but id and schemas`,
    withClient(async (client) => {
      const ada = await client.user("ada", ADA);
      const body = { schemas: [SEARCH], attributes };
      const answer = await client.post("/Users/.search", body);
      const [found] = isList(answer, { total: 1 });
      const { id, schemas, ...shown } = object(found);
      deepStrictEqual(shown, expected);
      strictEqual(id, ada.id);
      const extended = Object.hasOwn(expected, URN.enterprise);
      deepStrictEqual(
        schemas,
        extended ? [URN.user, URN.enterprise] : [URN.user],
      );
    }, { profile: "rfc" }),
  );
}

Deno.test(
  "44-3.4.2.5-1 44-3.4.2.5-3 44-3.4.2.5-4 44-3.4.2.5-9 A search shows all but what it excludes, and id and schemas in any case",
  withClient(async (client) => {
    const { id } = await client.user("ada", ADA);
    const answer = await client.post("/Users/.search", {
      schemas: [SEARCH],
      excludedAttributes: [
        "id",
        "schemas",
        "META",
        "name",
        "emails.display",
        "nonsense",
        `${URN.enterprise}:division`,
      ],
    });
    deepStrictEqual(isList(answer, { total: 1 }), [{
      schemas: [URN.user, URN.enterprise],
      id,
      userName: "ada",
      displayName: "Ada",
      emails: [{ value: "a" }, { value: "b" }],
      [URN.enterprise]: { department: "R" },
    }]);
  }, { profile: "rfc" }),
);

for (const path of ["/.search", "/Users/.search", "/Groups/.search"]) {
  Deno.test(
    `44-3.4.3-1 44-3.4.3-5 POST ${path} is a query and creates nothing`,
    withClient(async (client, server) => {
      await client.user("ada");
      await client.group("staff");
      const before = await server.dump();
      const total = path === "/.search" ? 2 : 1;
      const body = { schemas: [SEARCH], userName: "bob", displayName: "team" };
      const answer = await client.post(path, body);
      isList(answer, { total });
      strictEqual(answer.headers.get("Location"), null);
      deepStrictEqual(await server.dump(), before);
    }, { profile: "rfc" }),
  );
}

for (const filter of ["userName eq", "(userName pr", 'userName xx "a"']) {
  Deno.test(
    `44-3.4.3-4 A search with the filter ${filter} is 400 invalidFilter everywhere`,
    withClient(async (client) => {
      for (const path of ["/.search", "/Users/.search", "/Groups/.search"]) {
        const answer = await client.post(path, { schemas: [SEARCH], filter });
        isScimError(answer, 400, "invalidFilter");
      }
    }, { profile: "rfc" }),
  );
}
