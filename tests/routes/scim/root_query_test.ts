import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Client,
  isList,
  isScimError,
  object,
  objects,
  TestServer,
  text,
  withClient,
} from "../harness.ts";

/** Three users and two groups, created a second after each other. */
async function five(client: Client): Promise<void> {
  const later = () => client.server.pass({ seconds: 1 });
  const ada = await client.user("ada", { displayName: "M", externalId: "u" });
  later();
  const staff = await client.group("beta", [ada.id]);
  later();
  await client.user("bob", { displayName: "a", title: "Dr" });
  later();
  await client.group("Omega", [staff.id], { externalId: "g" });
  later();
  await client.user("cy");
}

async function names(client: Client, query: string): Promise<string[]> {
  const answer = await client.get(query);
  strictEqual(answer.status, 200, answer.text);
  const resources = objects(answer.json["Resources"]);
  strictEqual(answer.json["itemsPerPage"], resources.length);
  return resources.map(({ userName, displayName }) =>
    String(userName ?? displayName)
  );
}

Deno.test(
  "44-3.4.2.1-1 A query at the root covers the resources of all types",
  withClient(async (client) => {
    await five(client);
    const users = isList(await client.get("/Users"), { total: 3 });
    const groups = isList(await client.get("/Groups"), { total: 2 });
    for (const path of ["", "/", "?", "/?startIndex=1"]) {
      const all = isList(await client.get(path), { total: 5 });
      deepStrictEqual(all, [...users, ...groups]);
    }
  }),
);

Deno.test(
  "44-3.4.2-8 An empty store is 200 with no resources at the root",
  withClient(async (client) => {
    isList(await client.get(""), { total: 0 });
    isList(await client.get("?sortBy=userName"), { total: 0 });
  }),
);

/** An item of the checklist, a filter, and the names that it finds at the root. */
const FILTERS: readonly (readonly [string, string, readonly string[]])[] = [
  ["44-3.4.2.1-2", 'meta.resourceType eq "User"', ["ada", "bob", "cy"]],
  ["44-3.4.2.1-2", 'meta.resourceType eq "Group"', ["Omega", "beta"]],
  ["44-3.4.2.1-2", 'not (meta.resourceType eq "User")', ["Omega", "beta"]],
  ["44-3.4.2.1-2", 'meta.resourceType eq "Device"', []],
  ["44-3.4.2.1-4", "userName pr", ["ada", "bob", "cy"]],
  ["44-3.4.2.1-4", "members pr", ["Omega", "beta"]],
  ["44-3.4.2.1-4", 'members[type eq "User"]', ["beta"]],
  ["44-3.4.2.1-4", "not (userName pr)", ["Omega", "beta"]],
  ["44-3.4.2.1-4", "userName eq null", ["Omega", "beta"]],
  [
    "44-3.4.2.1-4",
    'userName eq "ada" or displayName eq "beta"',
    ["ada", "beta"],
  ],
  ["44-3.4.2.1-4", 'userName eq "beta"', []],
  ["44-3.4.2.1-4", 'userName ne "ada"', ["bob", "cy"]],
  ["44-3.4.2.1-4", 'userName eq "ada" and members pr', []],
  [
    "44-3.4.2.1-4",
    'urn:ietf:params:scim:schemas:core:2.0:Group:displayName eq "beta"',
    ["beta"],
  ],
  ["44-3.4.2.1-1", "displayName pr", ["Omega", "ada", "beta", "bob"]],
  ["44-3.4.2.1-1", 'externalId eq "g"', ["Omega"]],
];

for (const [item, filter, expected] of FILTERS) {
  Deno.test(
    `${item} /?filter=${filter} finds ${expected.join(", ") || "nothing"}`,
    withClient(async (client) => {
      await five(client);
      const query = `?filter=${encodeURIComponent(filter)}`;
      deepStrictEqual((await names(client, query)).sort(), expected);
      const { json } = await client.get(`${query}&count=1`);
      strictEqual(json["totalResults"], expected.length);
    }),
  );
}

for (
  const filter of ["emial pr", "userName pr or emial pr", "members.nope pr"]
) {
  Deno.test(
    `/?filter=${filter} names what no type has: 400 invalidFilter`,
    withClient(async (client) => {
      isScimError(
        await client.get(`?filter=${encodeURIComponent(filter)}`),
        400,
        "invalidFilter",
      );
    }),
  );
}

for (const filter of ["", "&filter=meta.created+pr", "&sortBy=meta.created"]) {
  Deno.test(
    `44-3.4.2.4-8 Pages at the root fit together${filter}`,
    withClient(async (client) => {
      await five(client);
      const whole = await names(client, `?count=100${filter}`);
      strictEqual(new Set(whole).size, 5);
      for (const count of [1, 2, 3, 4, 5]) {
        const paged: string[] = [];
        for (let startIndex = 1; startIndex <= 6; startIndex += count) {
          const query = `?startIndex=${startIndex}&count=${count}${filter}`;
          paged.push(...await names(client, query));
          const { json } = await client.get(query);
          strictEqual(json["totalResults"], 5);
          strictEqual(json["startIndex"], startIndex);
        }
        deepStrictEqual(paged, whole, `count=${count}`);
      }
      deepStrictEqual(await names(client, `?count=0${filter}`), []);
      deepStrictEqual(await names(client, `?startIndex=99${filter}`), []);
    }),
  );
}

Deno.test(
  "44-3.4.2.3-4 One order goes over all types, without a value last or first",
  withClient(async (client) => {
    await five(client);
    deepStrictEqual(
      await names(client, "?sortBy=meta.created&sortOrder=descending"),
      ["cy", "Omega", "bob", "beta", "ada"],
    );
    deepStrictEqual(await names(client, "?sortBy=displayName"), [
      "bob",
      "beta",
      "ada",
      "Omega",
      "cy",
    ]);
    const users = await names(client, "?sortBy=userName");
    deepStrictEqual(users.slice(0, 3), ["ada", "bob", "cy"]);
    const down = await names(client, "?sortBy=userName&sortOrder=descending");
    deepStrictEqual(down.slice(2), ["cy", "bob", "ada"]);
  }),
);

Deno.test(
  "44-3.4.2.3-2 44-3.4.2.3-3 What no type has cannot be sorted by, nor a complex attribute",
  withClient(async (client) => {
    for (
      const [query, detail] of [
        [
          "sortBy=emial",
          /"emial" is not defined for any resource type; .* "emails"\?/,
        ],
        ["sortBy=foo", /"foo" is not defined for any resource type/],
        ["sortBy=a..b", /"a\.\.b" is not defined for any resource type/],
        ["sortBy=name", /"name" is complex; name a sub-attribute/],
        ["sortBy=foo&sortOrder=up", /"sortOrder" must be "ascending" or/],
      ] as const
    ) {
      const answer = await client.get(`?${query}`);
      isScimError(answer, 400, "invalidValue", detail);
    }
  }),
);

Deno.test(
  "What no type has cannot be searched; the text repeats the name and guesses what was meant",
  withClient(async (client) => {
    for (
      const [filter, detail] of [
        [
          "userName.foo pr",
          /"userName\.foo" is not .* did you mean "userName"\?/,
        ],
        ["userNmae pr", /"userNmae" is .* did you mean "userName"\?/],
        ["displayNam pr", /did you mean "displayName"\?/],
      ] as const
    ) {
      const answer = await client.get(`?filter=${filter}`);
      isScimError(answer, 400, "invalidFilter", detail);
    }
  }),
);

Deno.test(
  "44-3.4.2.5-1 attributes and excludedAttributes go for each type",
  withClient(async (client) => {
    await five(client);
    const some = isList(
      await client.get("?attributes=userName,members.value"),
      { total: 5 },
    );
    deepStrictEqual(
      some.map((resource) => Object.keys(resource).sort().join()),
      [
        ...Array(3).fill("id,schemas,userName"),
        ...Array(2).fill("id,members,schemas"),
      ],
    );
    const others = isList(
      await client.get("?excludedAttributes=meta,members&sortBy=id"),
      { total: 5 },
    );
    for (const resource of others) {
      strictEqual(resource["meta"] ?? resource["members"], undefined);
    }
    isScimError(
      await client.get("?attributes=id&excludedAttributes=meta"),
      400,
      "invalidValue",
    );
  }),
);

Deno.test(
  "44-3.4.2.5-8 Both lists are refused at the root though nothing is found",
  withClient(async (client) => {
    isScimError(
      await client.get("?attributes=id&excludedAttributes=meta&sortBy=id"),
      400,
      "invalidValue",
    );
  }),
);

Deno.test(
  "44-3.4.2.1-1 The root shows the tenant of the token only",
  withClient(async (client, server) => {
    await five(client);
    await server.admin("POST", "/tenants", { id: "other" });
    const other = await server.client({ tenant: "other" });
    isList(await other.get(""), { total: 0 });
    await other.user("zed");
    const [zed] = isList(await other.get(""), { total: 1 });
    strictEqual(text(object(zed)["userName"]), "zed");
  }),
);

Deno.test("44-3.4.2.1-4 A test that an attribute of one type cannot stand finds nothing of that type, and others as ever", async () => {
  await using server = await TestServer.start();
  await server.admin("POST", "/schemas", {
    schema: {
      id: "urn:example:Lamp",
      attributes: [
        { name: "displayName", required: true },
        { name: "active" },
        { name: "emails" },
        {
          name: "title",
          type: "complex",
          subAttributes: [{ name: "text" }],
        },
      ],
    },
  });
  await server.admin("POST", "/resource-types", {
    resourceType: {
      name: "Lamp",
      endpoint: "/Lamps",
      schema: "urn:example:Lamp",
    },
  });
  const client = await server.client();
  await client.user("ada", {
    active: true,
    title: "Boss",
    emails: [{ type: "work", value: "a@b.c" }],
  });
  const lamp = { schemas: ["urn:example:Lamp"], displayName: "lamp" };
  await client.post("/Lamps", { ...lamp, active: "on", emails: "e" });
  for (
    const [filter, names] of [
      ["active eq true", ["ada"]],
      ['active eq "on"', ["lamp"]],
      ['active eq true or active eq "on"', ["ada", "lamp"]],
      ['title eq "Boss"', ["ada"]],
      ['emails[type eq "work"]', ["ada"]],
      ['meta.resourceType eq "User" and active eq true', ["ada"]],
      ["not (active eq true)", ["lamp"]],
    ] as const
  ) {
    const query = encodeURIComponent(filter);
    deepStrictEqual(
      await client.names(`/?filter=${query}`),
      [...names],
      filter,
    );
  }
  const query = encodeURIComponent("active gt 5");
  isScimError(
    await client.get(`/?filter=${query}`),
    400,
    "invalidFilter",
    /active/,
  );
});
