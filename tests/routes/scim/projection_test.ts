import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Answer,
  type Client,
  isList,
  isScimError,
  object,
  URN,
  user,
  withClient,
} from "../harness.ts";

const ADA: JsonObject = user("ada", {
  externalId: "7",
  displayName: "Ada",
  password: "1mz050nq",
  name: { givenName: "Ada", familyName: "King" },
  emails: [
    { value: "a@b.c", type: "work", display: "A" },
    { value: "a@home", type: "home" },
  ],
  [URN.enterprise]: { department: "R", division: "D" },
});

/** Each way to get one user, with a query appended. */
const METHODS: Readonly<
  Record<string, (client: Client, query: string) => Promise<JsonObject>>
> = {
  GET: async (client, query) => {
    const { json } = await client.post("/Users", ADA);
    return body(await client.get(`/Users/${json["id"]}${query}`), 200);
  },
  "GET of the list": async (client, query) => {
    await client.post("/Users", ADA);
    const [listed] = isList(await client.get(`/Users${query}`), { total: 1 });
    return object(listed);
  },
  POST: async (client, query) =>
    body(await client.post(`/Users${query}`, ADA), 201),
  PUT: async (client, query) => {
    const { id } = await client.user("ada");
    return body(await client.put(`/Users/${id}${query}`, ADA), 200);
  },
  PATCH: async (client, query) => {
    const { id } = await client.user("ada");
    const { schemas: _, ...value } = ADA;
    return body(
      await client.patch(`/Users/${id}${query}`, [{ op: "replace", value }]),
      200,
    );
  },
};

function body(answer: Answer, status: number): JsonObject {
  strictEqual(answer.status, status, answer.text);
  return answer.json;
}

/** What a query is to show, the query, and the answer beside `id` and `schemas`. */
const QUERIES: readonly (readonly [string, string, JsonObject])[] = [
  ["44-3.4.2.5-2", "?attributes=userName", { userName: "ada" }],
  ["44-3.4.2.5-6", "?attributes=USERNAME", { userName: "ada" }],
  ["44-3.4.2.5-7", "?attributes=userName,displayName", {
    userName: "ada",
    displayName: "Ada",
  }],
  ["44-3.4.2.5-7", "?attributes=userName&attributes=displayName", {
    userName: "ada",
    displayName: "Ada",
  }],
  ["44-3.4.2.5-7", "?attributes=%20userName%20,+displayName,", {
    userName: "ada",
    displayName: "Ada",
  }],
  ["44-3.4.2.5-6", `?attributes=${URN.user}:userName`, { userName: "ada" }],
  ["44-3.4.2.5-9", "?attributes=name.familyName", {
    name: { familyName: "King" },
  }],
  ["44-3.4.2.5-2", "?attributes=name", {
    name: { givenName: "Ada", familyName: "King" },
  }],
  ["44-3.4.2.5-9", "?attributes=emails.value", {
    emails: [{ value: "a@b.c" }, { value: "a@home" }],
  }],
  ["44-3.4.2.5-6", `?attributes=${URN.enterprise}:department`, {
    [URN.enterprise]: { department: "R" },
  }],
  ["44-3.4.2.5-6", `?attributes=${URN.enterprise}`, {
    [URN.enterprise]: { department: "R", division: "D" },
  }],
  ["44-3.4.2.5-11", "?attributes=id", {}],
  ["44-3.4.2.5-11", "?attributes=schemas", {}],
  ["44-3.4.2.5-10", "?attributes=nonsense", {}],
  ["44-3.4.2.5-10", "?attributes=nonsense,userName", { userName: "ada" }],
  ["44-3.4.2.5-10", "?attributes=__proto__,constructor,toString.x", {}],
  ["44-3.4.2.5-5", "?attributes=password", {}],
  ["44-3.4.2.5-5", `?attributes=${URN.user}:PASSWORD,userName`, {
    userName: "ada",
  }],
  ["44-3.4.2.5-10", `?attributes=${"x".repeat(5_000)}`, {}],
];

for (const [method, get] of Object.entries(METHODS)) {
  for (const [id, query, expected] of QUERIES) {
    Deno.test(
      `44-3.4.2.5-1 ${id} ${method} with ${
        query.slice(0, 80)
      } shows what was asked, id and schemas`,
      withClient(async (client) => {
        const { schemas, id, ...shown } = await get(client, query);
        deepStrictEqual(shown, expected);
        strictEqual(typeof id, "string");
        // The schemas of what is shown (RFC 7643 section 3).
        const extended = Object.hasOwn(expected, URN.enterprise);
        deepStrictEqual(
          schemas,
          extended ? [URN.user, URN.enterprise] : [URN.user],
        );
      }),
    );
  }

  Deno.test(
    `44-3.4.2.5-1 44-3.4.2.5-3 44-3.4.2.5-9 ${method} with excludedAttributes shows the rest`,
    withClient(async (client) => {
      const query =
        `?excludedAttributes=emails.display,name,meta,displayName,${URN.enterprise}`;
      const { schemas, id: _, ...shown } = await get(client, query);
      deepStrictEqual(schemas, [URN.user]);
      deepStrictEqual(shown, {
        userName: "ada",
        externalId: "7",
        emails: [
          { value: "a@b.c", type: "work" },
          { value: "a@home", type: "home" },
        ],
      });
    }),
  );

  Deno.test(
    `44-3.4.2.5-4 44-3.4.2.5-11 ${method} shows id and schemas though they are excluded`,
    withClient(async (client) => {
      const query = "?excludedAttributes=id,schemas,nonsense";
      const shown = await get(client, query);
      strictEqual(typeof shown["id"], "string");
      deepStrictEqual(shown["schemas"], [URN.user, URN.enterprise]);
    }),
  );

  Deno.test(
    `${method} with an empty list of attributes shows the default set`,
    withClient(async (client) => {
      const shown = await get(client, "?attributes=");
      strictEqual(shown["userName"], "ada");
      strictEqual(shown["password"], undefined);
    }),
  );
}

Deno.test(
  "44-3.4.2.5-8 attributes and excludedAttributes together are 400 on every method, and nothing is written",
  withClient(async (client, server) => {
    const { id } = await client.user("bob");
    const before = await server.dump();
    const query = "?attributes=userName&excludedAttributes=name";
    const operation = { op: "replace", path: "title", value: "x" };
    for (
      const answer of [
        await client.get(`/Users${query}`),
        await client.get(`/Users/${id}${query}`),
        await client.post(`/Users${query}`, ADA),
        await client.put(`/Users/${id}${query}`, ADA),
        await client.patch(`/Users/${id}${query}`, [operation]),
      ]
    ) {
      isScimError(
        answer,
        400,
        "invalidValue",
        /cannot be used together; send one/,
      );
    }
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "excludedAttributes=members hides the members of a group, as Entra asks",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff", [ada.id]);
    for (
      const path of [
        `/Groups/${id}?excludedAttributes=members`,
        "/Groups?excludedAttributes=members&filter=displayName eq %22staff%22",
      ]
    ) {
      const { text } = await client.get(path);
      strictEqual(text.includes(ada.id), false);
      strictEqual(text.includes("staff"), true);
    }
  }),
);

Deno.test(
  "attributes=groups shows the groups of a user and nothing else",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id, location } = await client.group("staff", [ada.id]);
    const { json } = await client.get(`/Users/${ada.id}?attributes=groups`);
    deepStrictEqual(json, {
      schemas: [URN.user],
      id: ada.id,
      groups: [{ value: id, $ref: location, display: "staff", type: "direct" }],
    });
  }),
);
