// RFC 7644 sections 3.8 to 3.14, 4, 5 and 8.

import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  strictEqual,
} from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import { parseAttributePath } from "../../../domain/path.ts";
import { complex, text as attribute } from "../../../domain/schema/builders.ts";
import {
  compileResourceType,
  resolvePath,
} from "../../../domain/schema/compile.ts";
import {
  type Answer,
  BASE,
  type Client,
  group,
  isList,
  isScimError,
  object,
  objects,
  ORIGIN,
  send,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

const RFC = { profile: "rfc" } as const;
const BOTH = ["rfc", "compatible"] as const;
const SCIM = "application/scim+json";

// 3.8 Formats, 8 Media type.

Deno.test(
  "44-3.8-1 44-3.8-2 44-8-1 JSON goes in and out as plain UTF-8, without a charset being named",
  withClient(async (client) => {
    const displayName = "Žofie Ørsted 山田 🙂";
    const bytes = new TextEncoder().encode(
      JSON.stringify(user("ada", { displayName })),
    );
    for (const type of [SCIM, "application/json"]) {
      const answer = await client.send("/Users", {
        method: "POST",
        body: bytes,
        headers: { "Content-Type": type },
      });
      strictEqual(answer.status, 201, answer.text);
      strictEqual(answer.headers.get("Content-Type"), SCIM);
      ok(answer.text.includes(`"${displayName}"`), "nothing is escaped");
      await client.delete(`/Users/${answer.json["id"]}`);
    }
  }, RFC),
);

Deno.test(
  "44-3.8-2 Bytes of another encoding are 400 or 415, and nothing is stored",
  withClient(async (client) => {
    const latin1 = Uint8Array.from(
      JSON.stringify(user("Ærø")),
      (character) => character.charCodeAt(0),
    );
    const utf16 = new Uint8Array(
      Uint16Array.from('{"a":1}', (c) => c.charCodeAt(0)).buffer,
    );
    for (const body of [latin1, utf16]) {
      const answer = await client.send("/Users", { method: "POST", body });
      isScimError(answer, 400, "invalidSyntax");
    }
    const answer = await client.send("/Users", {
      method: "POST",
      body: latin1,
      headers: { "Content-Type": "application/scim+json; charset=iso-8859-1" },
    });
    isScimError(answer, 415);
    isList(await client.get("/Users"), { total: 0 });
  }, RFC),
);

for (
  const [id, accept] of [
    ["44-3.8-4", "application/scim+json"],
    ["44-3.8-5", "application/json"],
    ["44-3.8-6", undefined],
    ["44-3.8-6", "*/*"],
    ["44-3.8-6", ""],
    ["44-3.8-9", "text/html"],
    ["44-3.8-9", "application/xml, text/plain;q=0.5"],
    ["44-3.8-9", "application/json;q=0, application/scim+json;q=0"],
  ] as const
) {
  Deno.test(
    `${id} ${
      accept === undefined ? "Without Accept" : `With Accept: ${accept}`
    } answers and errors are application/scim+json`,
    withClient(async (client) => {
      const headers: Record<string, string> = accept === undefined
        ? {}
        : { Accept: accept };
      const { id } = await client.user("ada");
      for (const path of ["/Users", `/Users/${id}`, "/Schemas"]) {
        const answer = await client.get(path, headers);
        strictEqual(answer.status, 200);
        strictEqual(answer.headers.get("Content-Type"), SCIM);
      }
      isScimError(await client.get("/Users/nobody", headers), 404);
    }),
  );
}

Deno.test(
  "44-3.8-7 A suffix on the URL chooses no format: it belongs to the id",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    for (const suffix of [".scim", ".scm", ".json", ".xml"]) {
      isScimError(await client.get(`/Users/${id}${suffix}`), 404);
      isScimError(await client.delete(`/Users/${id}${suffix}`), 404);
      isScimError(await client.get(`/Users${suffix}`), 404);
    }
    strictEqual((await client.get(`/Users/${id}`)).status, 200);
  }),
);

Deno.test(
  "44-3.8-3 A body in XML is 415, whatever it holds, and the types to send are named",
  withClient(async (client) => {
    for (const type of ["application/xml", "application/scim+xml"]) {
      const answer = await client.send("/Users", {
        method: "POST",
        body: user("ada"),
        headers: { "Content-Type": type },
      });
      isScimError(answer, 415, undefined, /application\/scim\+json/);
    }
    isList(await client.get("/Users"), { total: 0 });
  }),
);

// 3.10 Attribute notation.

/** Ways to write the same attribute. */
const SPELLINGS: readonly (readonly [string, readonly string[]])[] = [
  ["userName", ["USERNAME", `${URN.user}:userName`]],
  ["name.givenName", [
    "NAME.GIVENNAME",
    `${URN.user}:name.givenName`,
    `${URN.user.toUpperCase()}:Name.gIVENnAME`,
  ]],
  [`${URN.enterprise}:department`, [
    `${URN.enterprise.toUpperCase()}:DEPARTMENT`,
    `${URN.enterprise.replace("urn:ietf", "URN:Ietf")}:Department`,
  ]],
];

for (const [plain, others] of SPELLINGS) {
  for (const name of [plain, ...others]) {
    Deno.test(
      `44-3.10-1 44-3.10-2 ${name} is ${plain} in filters, orders, projections and PATCH paths`,
      withClient(async (client) => {
        const { id } = await client.user("ada");
        const ask = async (query: string, name: string) => {
          const answer = await client.get(`/Users?${query.replace("#", name)}`);
          strictEqual(answer.status, 200, answer.text);
          return answer.json;
        };
        const operation = { op: "add", path: name, value: "Zed" };
        const patched = await client.patch(`/Users/${id}`, [operation]);
        strictEqual(patched.status, 200, patched.text);
        await client.user("bob");
        for (
          const query of ['filter=# eq "zed"', "attributes=#", "sortBy=#"]
        ) deepStrictEqual(await ask(query, name), await ask(query, plain));
        const found = await client.get(`/Users?filter=${name} eq "Zed"`);
        strictEqual(isList(found, { total: 1 })[0]?.["id"], id);
        const { json } = await client.get(`/Users/${id}?attributes=${name}`);
        match(JSON.stringify(json), /"Zed"/);
      }, RFC),
    );
  }
}

Deno.test(
  "44-3.10-3 An extension's attribute without its URI is unknown to the rfc profile",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    const body = user("ada", { department: "x" });
    isScimError(await client.put(`/Users/${id}`, body), 400, "invalidSyntax");
    const operation = { op: "add", path: "department", value: "x" };
    const patched = await client.patch(`/Users/${id}`, [operation]);
    isScimError(patched, 400, "invalidPath");
    const filter = 'filter=department eq "x"';
    isScimError(await client.get(`/Users?${filter}`), 400, "invalidFilter");
    const read = await client.get(`/Users/${id}`);
    strictEqual(read.headers.get("ETag"), version);
  }, RFC),
);

Deno.test(
  "44-3.10-3 The compatible profile drops it from bodies and finds it in paths and filters",
  withClient(async (client) => {
    const { id, json } = await client.user("ada", { department: "x" });
    strictEqual(json["department"], undefined);
    strictEqual(json[URN.enterprise], undefined);
    const patched = await client.patch(`/Users/${id}`, [
      { op: "add", path: "department", value: "y" },
    ]);
    deepStrictEqual(patched.json[URN.enterprise], { department: "y" });
    deepStrictEqual(
      await client.names('/Users?filter=department eq "y"'),
      ["ada"],
    );
  }),
);

Deno.test("44-3.10-4 A path belongs to the longest schema URI that it begins with", () => {
  const core = "urn:example:2.0:Thing";
  const extension = `${core}:site`;
  const type = compileResourceType(
    {
      name: "Thing",
      description: "",
      endpoint: "/Things",
      schema: core,
      schemaExtensions: [{ schema: extension, required: false }],
    },
    [
      {
        id: core,
        name: "Thing",
        description: "",
        attributes: [complex("site", "", [attribute("room", "")])],
      },
      {
        id: extension,
        name: "Site",
        description: "",
        attributes: [attribute("room", "")],
      },
    ],
  );
  for (
    const [path, expected] of [
      [`${core}:site.room`, "site.room"],
      [`${extension}:room`, `${extension}:room`],
      [`${extension.toUpperCase()}:ROOM`, `${extension}:room`],
    ] as const
  ) {
    const parsed = parseAttributePath(path);
    const target = parsed && resolvePath(type, parsed);
    ok(target?.kind === "attribute", path);
    strictEqual(target.attribute.path, expected);
  }
});

// 3.11 /Me.

Deno.test(
  "44-3.11-2 44-3.11-3 /Me does not redirect: it answers itself, and Location is the user's URL",
  withClient(async (client) => {
    const { id, location } = await client.user("ada");
    const me = await client.server.client({ ...RFC, userId: id });
    for (
      const answer of [
        await me.get("/Me"),
        await me.send("/Me", { method: "HEAD" }),
        await me.put("/Me", user("ada", { title: "a" })),
        await me.patch("/Me", [{ op: "add", path: "title", value: "b" }]),
      ]
    ) {
      strictEqual(answer.status, 200, answer.text);
      strictEqual(answer.headers.get("Location"), location);
    }
  }),
);

// 3.12 Errors.

/** A request that fails, and how. */
type Failure = readonly [
  string,
  number,
  string | undefined,
  (client: Client, ada: string, old: string) => Promise<Answer>,
];

const FAILURES: readonly Failure[] = [
  ["a malformed filter", 400, "invalidFilter", (c) => c.get("/Users?filter=x")],
  ["a filter that reads too much", 400, "tooMany", async (c) => {
    await c.user("bob");
    return await c.get("/Users?filter=title pr");
  }],
  [
    "a readOnly path",
    400,
    "mutability",
    (c, ada) =>
      c.patch(`/Users/${ada}`, [{ op: "add", path: "id", value: "x" }]),
  ],
  ["malformed JSON", 400, "invalidSyntax", (c) => c.post("/Users", "{")],
  [
    "an unknown path",
    400,
    "invalidPath",
    (c, ada) =>
      c.patch(`/Users/${ada}`, [{ op: "add", path: "nope", value: "x" }]),
  ],
  [
    "a removal of nothing",
    400,
    "noTarget",
    (c, ada) => c.patch(`/Users/${ada}`, [{ op: "remove" }]),
  ],
  [
    "a value of another type",
    400,
    "invalidValue",
    (c) => c.post("/Users", user("eve", { active: "yes" })),
  ],
  [
    "a cursor of nowhere",
    400,
    "invalidCursor",
    (c) => c.get("/Users?cursor=x"),
  ],
  ["no token", 401, undefined, (c) => c.send("/Users", { token: null })],
  ["a token of nowhere", 401, undefined, (c) => c.send("/Me", { token: "x" })],
  [
    "a filter on discovery",
    403,
    undefined,
    (c) => c.get("/Schemas?filter=id pr"),
  ],
  [
    "a write with a reading token",
    403,
    undefined,
    async ({ server }, ada) =>
      (await server.client({ scopes: ["scim:read"] })).delete(`/Users/${ada}`),
  ],
  ["an unknown id", 404, undefined, (c) => c.get("/Users/nobody")],
  ["an unknown endpoint", 404, undefined, (c) => c.get("/Nope")],
  ["an unknown deep path", 404, undefined, (c) => c.get("/Users/a/b/c")],
  ["an unknown schema", 404, undefined, (c) => c.get("/Schemas/urn:x")],
  ["a method that is not there", 405, undefined, (c) => c.delete("/Users")],
  ["a duplicate", 409, "uniqueness", (c) => c.post("/Users", user("ADA"))],
  [
    "an old version",
    412,
    undefined,
    (c, ada, old) => c.delete(`/Users/${ada}`, { "If-Match": old }),
  ],
  [
    "a body that is too large",
    413,
    undefined,
    (c) => c.post("/Users", user("x".repeat(1_100_000))),
  ],
  ["a body of another type", 415, undefined, (c) =>
    c.send("/Users", {
      method: "POST",
      body: "x",
      headers: { "Content-Type": "text/plain" },
    })],
];

for (const [name, status, scimType, fail] of FAILURES) {
  Deno.test(
    `44-3.12-1 44-3.12-2 44-3.12-3 44-3.12-4 44-3.12-5 44-3.12-8 The error of ${name} is ${status} ${
      scimType ?? "without scimType"
    }`,
    async () => {
      await using server = await TestServer.start({ scanLimit: 1 });
      const client = await server.client(RFC);
      const { id, version } = await client.user("ada");
      await client.patch(`/Users/${id}`, [
        { op: "add", path: "title", value: "x" },
      ]);
      const answer = await fail(client, id, version);
      isScimError(answer, status, scimType);
      strictEqual(typeof answer.json["status"], "string");
      const known = ["detail", "schemas", "scimType", "status"];
      ok(Object.keys(answer.json).every((name) => known.includes(name)));
      strictEqual((await client.get(`/Users/${id}`)).status, 200);
    },
  );
}

Deno.test(
  "44-3.12-6 409 is for duplicates, 412 for versions, also when both are wrong",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    await client.user("bob");
    const taken = [{ op: "replace", path: "userName", value: "bob" }];
    const path = `/Users/${id}`;
    isScimError(await client.patch(path, taken), 409, "uniqueness");
    isScimError(await client.put(path, user("BOB")), 409, "uniqueness");
    const old = { "If-Match": 'W/"old"' };
    isScimError(await client.patch(path, taken, old), 412);
    isScimError(await client.put(path, user("bob"), old), 412);
    isScimError(await client.delete(path, old), 412);
    strictEqual((await client.get(path)).headers.get("ETag"), version);
  }, RFC),
);

// 3.13 Protocol version.

Deno.test(
  "44-3.13-1 44-3.13-2 The base URLs end in v2, right before the endpoint, and so do locations",
  withClient(async (client) => {
    for (const base of [`${ORIGIN}/scim/v2`, `${ORIGIN}/api/scim/v2`]) {
      const at = client.at(base);
      const { id, location } = await at.user(`user of ${base}`);
      strictEqual(location, `${base}/Users/${id}`);
      strictEqual((await at.get(`/Users/${id}`)).status, 200);
      const elsewhere = base.replace("/v2", "/Users/v2");
      isScimError(await at.send(elsewhere), 404);
    }
  }),
);

for (const version of ["v1", "V1", "v3", "v20", "v2.0", "v2x", "v1.1"]) {
  Deno.test(
    `44-3.13-3 The version ${version} is not served: 400 invalidVers, and nothing is written`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const before = await client.server.dump();
      for (const base of ["/scim", "/api/scim"]) {
        const at = client.at(`${ORIGIN}${base}/${version}`);
        for (
          const answer of [
            await at.get("/Users"),
            await at.get("/ServiceProviderConfig"),
            await at.post("/Users", user("eve")),
            await at.delete(`/Users/${id}`),
          ]
        ) isScimError(answer, 400, "invalidVers", /api\/scim\/v2/);
      }
      deepStrictEqual(await client.server.dump(), before);
    }),
  );
}

Deno.test(
  "44-3.13-4 A base URL without a version is the newest one, and its locations can be read",
  withClient(async (client) => {
    for (const base of [`${ORIGIN}/scim`, `${ORIGIN}/api/scim`]) {
      const at = client.at(base);
      const { id, location, version } = await at.user(`user of ${base}`);
      strictEqual(location, `${base}/Users/${id}`);
      strictEqual((await at.send(location)).json["id"], id);
      const read = await client.get(`/Users/${id}`);
      strictEqual(read.headers.get("ETag"), version);
      strictEqual((await at.delete(`/Users/${id}`)).status, 204);
      isScimError(await at.send("/Users", { token: null }), 401);
      const config = await at.send("/ServiceProviderConfig", { token: null });
      strictEqual(config.status, 200);
    }
  }),
);

// 3.14 Versions.

Deno.test(
  "44-3.14-1 Versions are announced, and they are weak entity tags",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    deepStrictEqual(json["etag"], { supported: true });
    for (
      const { version } of [await client.user("a"), await client.group("b")]
    ) {
      match(version, /^W\/"[^"]+"$/);
    }
  }),
);

Deno.test(
  "44-3.14-2 44-3.14-3 The answers about a group carry its version, also PATCH with 204",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id, version, json } = await client.group("crew");
    strictEqual(object(json["meta"])["version"], version);
    const operation = {
      op: "add",
      path: "members",
      value: [{ value: ada.id }],
    };
    const patched = await client.patch(`/Groups/${id}`, [operation]);
    strictEqual(patched.status, 204);
    const read = await client.get(`/Groups/${id}`);
    const tag = read.headers.get("ETag");
    strictEqual(patched.headers.get("ETag"), tag);
    notStrictEqual(tag, version);
    strictEqual(object(read.json["meta"])["version"], tag);
    const put = await client.put(`/Groups/${id}`, group("Crew"));
    strictEqual(
      object(put.json["meta"])["version"],
      put.headers.get("ETag"),
    );
    const listed = await client.get("/Groups");
    const [shown] = isList(listed, { total: 1 });
    strictEqual(object(shown?.["meta"])["version"], put.headers.get("ETag"));
  }, RFC),
);

/** Writes to the user ada, and whether they change anything. */
const WRITES: readonly (readonly [string, boolean, JsonObject[]])[] = [
  ["the title it has", false, [{ op: "replace", path: "title", value: "x" }]],
  ["an address it has", false, [
    { op: "add", path: "emails", value: [{ value: "a@b.c", type: "work" }] },
  ]],
  ["nothing that is there", false, [{ op: "remove", path: "nickName" }]],
  ["another title", true, [{ op: "replace", path: "title", value: "X" }]],
  ["a title and back", false, [
    { op: "replace", path: "title", value: "y" },
    { op: "replace", path: "title", value: "x" },
  ]],
  ["another case of its name", true, [
    { op: "replace", path: "userName", value: "ADA" },
  ]],
];

for (const [what, changes, operations] of WRITES) {
  Deno.test(
    `44-3.14-8 A PATCH of ${what} ${changes ? "moves" : "keeps"} the version`,
    withClient(async (client) => {
      const { id, version } = await client.user("ada", {
        title: "x",
        emails: [{ value: "a@b.c", type: "work" }],
      });
      client.server.pass({ seconds: 5 });
      const answer = await client.patch(`/Users/${id}`, operations);
      strictEqual(answer.status, 200, answer.text);
      const read = await client.get(`/Users/${id}`);
      for (const { headers } of [answer, read]) {
        strictEqual(headers.get("ETag") !== version, changes);
      }
    }, RFC),
  );
}

Deno.test(
  "44-3.14-8 The version of a user stays when the name of the manager or a group changes",
  withClient(async (client) => {
    const boss = await client.user("boss", { displayName: "Boss" });
    const manager = { value: boss.id };
    const { id, version } = await client.user("ada", {
      schemas: [URN.user, URN.enterprise],
      [URN.enterprise]: { manager },
    });
    const { id: crew } = await client.group("crew", [id]);
    const rename = (value: string) => [
      { op: "replace", path: "displayName", value },
    ];
    await client.patch(`/Users/${boss.id}`, rename("Chief"));
    await client.patch(`/Groups/${crew}`, rename("Crew"));
    const { json, headers } = await client.get(`/Users/${id}`);
    match(JSON.stringify(json), /"displayName":"Chief"/);
    match(JSON.stringify(json["groups"]), /"Crew"/);
    strictEqual(headers.get("ETag"), version);
  }, RFC),
);

// 4 Discovery.

const META = "urn:ietf:params:scim:schemas:core:2.0";

Deno.test("44-4-1 The ServiceProviderConfig is one object with its schema, not a list", async () => {
  await using server = await TestServer.start();
  const { status, json } = await send(
    server,
    `${BASE}/ServiceProviderConfig`,
    {},
  );
  strictEqual(status, 200);
  deepStrictEqual(json["schemas"], [`${META}:ServiceProviderConfig`]);
  for (const name of ["Resources", "totalResults", "itemsPerPage"]) {
    ok(!Object.hasOwn(json, name));
  }
});

Deno.test("44-4-2 44-4-9 /Schemas lists all schemas, those of discovery as well", async () => {
  await using server = await TestServer.start();
  const answer = await send(server, `${BASE}/Schemas`, {});
  const schemas = isList(answer, { total: 6 });
  deepStrictEqual(
    schemas.map(({ id }) => text(id)).sort(),
    [
      `${META}:Group`,
      `${META}:ResourceType`,
      `${META}:Schema`,
      `${META}:ServiceProviderConfig`,
      `${META}:User`,
      URN.enterprise,
    ],
  );
  for (const { schemas: own } of schemas) {
    deepStrictEqual(own, [`${META}:Schema`]);
  }
});

for (
  const [id, path, key] of [
    ["44-4-3", "/Schemas", "id"],
    ["44-4-4", "/ResourceTypes", "name"],
  ] as const
) {
  Deno.test(`${id} Each document of ${path} can be read by its ${key}, as sent and encoded`, async () => {
    await using server = await TestServer.start();
    const list = await send(server, `${BASE}${path}`, {});
    deepStrictEqual(list.json["schemas"], [URN.list]);
    const documents = objects(list.json["Resources"]);
    ok(documents.length >= 2);
    for (const document of documents) {
      const name = text(document[key]);
      for (const written of [name, encodeURIComponent(name)]) {
        const url = `${BASE}${path}/${written}`;
        deepStrictEqual((await send(server, url, {})).json, document);
      }
      const longer = await send(server, `${BASE}${path}/${name}x`, {});
      isScimError(longer, 404);
    }
  });
}

Deno.test("44-4-5 Query parameters change nothing in any discovery document", async () => {
  await using server = await TestServer.start();
  for (
    const path of [
      "/ServiceProviderConfig",
      "/Schemas",
      `/Schemas/${URN.user}`,
      "/ResourceTypes",
      "/ResourceTypes/User",
    ]
  ) {
    const plain = await send(server, `${BASE}${path}`, {});
    for (
      const query of [
        "sortBy=name&sortOrder=descending",
        "startIndex=2&count=1",
        "startIndex=x&count=-1&cursor",
        "attributes=name",
        "excludedAttributes=attributes,name&attributes=id",
      ]
    ) {
      const answer = await send(server, `${BASE}${path}?${query}`, {});
      strictEqual(answer.status, 200, query);
      strictEqual(answer.text, plain.text, query);
    }
  }
});

/** A value that does not have the type of an attribute. */
function wrongValue(attribute: JsonObject): JsonValue {
  if (attribute["multiValued"] === true) return { value: "x" };
  const isText = ["string", "reference", "binary", "dateTime"].includes(
    text(attribute["type"]),
  );
  return isText ? 5 : "x";
}

Deno.test(
  "44-4-8 The type and the plurality that a schema shows are enforced for every attribute",
  withClient(async (client) => {
    let checked = 0;
    for (const uri of [URN.user, URN.enterprise]) {
      const { json } = await client.get(`/Schemas/${uri}`);
      for (const attribute of objects(json["attributes"])) {
        if (attribute["mutability"] === "readOnly") continue;
        const wrong = { [text(attribute["name"])]: wrongValue(attribute) };
        const body = user("ada", {
          schemas: [URN.user, URN.enterprise],
          ...(uri === URN.user ? wrong : { [uri]: wrong }),
        });
        const answer = await client.post("/Users", body);
        isScimError(
          answer,
          400,
          "invalidValue",
          new RegExp(`${attribute["name"]}`),
        );
        checked++;
      }
    }
    ok(checked > 20);
    isList(await client.get("/Users"), { total: 0 });
  }, RFC),
);

Deno.test(
  "44-4-8 What a schema says of case is how filters compare",
  withClient(async (client) => {
    const { json } = await client.get(`/Schemas/${URN.user}`);
    const strings = objects(json["attributes"]).filter((attribute) =>
      attribute["type"] === "string" && attribute["multiValued"] === false &&
      attribute["returned"] !== "never"
    );
    ok(strings.length > 5);
    await client.user("ada", {
      ...Object.fromEntries(strings.map(({ name }) => [text(name), "Value"])),
    });
    for (const { name, caseExact } of strings) {
      for (const [value, found] of [["Value", 1], ["VALUE", 0]] as const) {
        const answer = await client.get(`/Users?filter=${name} eq "${value}"`);
        isList(answer, { total: caseExact === true ? found : 1 });
      }
    }
  }, RFC),
);

// 5 Internationalised strings.

/** Spellings of a name that PRECIS makes equal (RFC 8265 section 3.3). */
const SAME_NAMES: readonly (readonly [string, string, string])[] = [
  ["letters in another case", "adaking", "AdaKing"],
  ["full-width letters", "adaking", "ＡＤＡＫＩＮＧ"],
  ["half-width katakana", "カタカナ", "ｶﾀｶﾅ"],
  ["composed and decomposed letters", "zo\u00eb", "zoe\u0308"],
  ["decomposed capitals", "\u00e9lan", "E\u0301LAN"],
  ["Greek capitals", "\u03c3\u03bf\u03c6\u03af\u03b1", "ΣΟΦΊΑ"],
];

for (const profile of BOTH) {
  for (const [what, stored, asked] of SAME_NAMES) {
    Deno.test(
      `44-5-1 44-5-2 ${what} are one userName, in filters and for uniqueness (${profile})`,
      withClient(async (client) => {
        const { id, json } = await client.user(stored);
        strictEqual(json["userName"], stored);
        await client.user("other");
        for (const operator of ["eq", "sw", "co"]) {
          const filter = `userName ${operator} ${JSON.stringify(asked)}`;
          const path = `/Users?filter=${encodeURIComponent(filter)}`;
          const [found] = isList(await client.get(path), { total: 1 });
          strictEqual(found?.["id"], id);
        }
        const again = await client.post("/Users", user(asked));
        isScimError(again, 409, "uniqueness");
        isList(await client.get("/Users"), { total: 2 });
      }, { profile }),
    );
  }
}

Deno.test(
  "44-5-1 A password is never compared: it is dropped, and nothing can be asked about it",
  withClient(async (client) => {
    const { id } = await client.user("ada", { password: "Passw0rd" });
    for (const filter of ['password eq "Passw0rd"', "password pr"]) {
      const answer = await client.get(`/Users?filter=${filter}`);
      isScimError(answer, 400, "invalidFilter", /"password"/);
    }
    const { json } = await client.get(`/Users/${id}?attributes=password`);
    strictEqual(json["password"], undefined);
    const lines = await client.server.dump();
    ok(lines.every((line) => !line.includes("Passw0rd")));
  }),
);

for (
  const name of ["", " ", "\u3000", "\u0000", "a\u0007b", "a\tb", "a\u0085"]
) {
  Deno.test(
    `44-5-3 The userName ${
      JSON.stringify(name)
    } is 400 invalidValue for the rfc profile`,
    withClient(async (client) => {
      const answer = await client.post("/Users", user(name));
      isScimError(answer, 400, "invalidValue", /"userName"/);
      const { id, version } = await client.user("ada");
      isScimError(
        await client.patch(`/Users/${id}`, [
          { op: "replace", path: "userName", value: name },
        ]),
        400,
        "invalidValue",
      );
      const read = await client.get(`/Users/${id}`);
      strictEqual(read.headers.get("ETag"), version);
    }, RFC),
  );
}

for (const profile of BOTH) {
  Deno.test(
    `44-5-3 Names of real directories are taken, with blanks and signs (${profile})`,
    withClient(async (client) => {
      for (const name of ["Ada King", "ada|x#EXT#@b.c", "o'neil", "a/b\\c"]) {
        const { json } = await client.user(name);
        strictEqual(json["userName"], name);
        const filter = `userName eq ${JSON.stringify(name.toUpperCase())}`;
        deepStrictEqual(
          await client.names(`/Users?filter=${encodeURIComponent(filter)}`),
          [name],
        );
      }
    }, { profile }),
  );
}

Deno.test(
  "44-5-3 The compatible profile keeps a userName with a control character, and finds it",
  withClient(async (client) => {
    await client.user("a\u0007b");
    const filter = encodeURIComponent('userName eq "A\\u0007B"');
    deepStrictEqual(await client.names(`/Users?filter=${filter}`), [
      "a\u0007b",
    ]);
    for (const name of ["", " "]) {
      isScimError(await client.post("/Users", user(name)), 400, "invalidValue");
    }
  }),
);
