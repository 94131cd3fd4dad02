import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import {
  type Answer,
  BASE,
  type Client,
  group,
  isList,
  isScimError,
  send,
  type TestRequest,
  TestServer,
  URN,
  user,
  values,
  withClient,
} from "./harness.ts";

const LIMIT = 1_048_576;

const encoder = new TextEncoder();

/** A request with a body that is sent to every place that reads one. */
const WRITES:
  readonly (readonly [string, (id: string, group: string) => string])[] = [
    ["POST", () => "/Users"],
    ["POST", () => "/Groups"],
    ["PUT", (id) => `/Users/${id}`],
    ["PUT", (_, group) => `/Groups/${group}`],
    ["PATCH", (id) => `/Users/${id}`],
    ["PATCH", (_, group) => `/Groups/${group}`],
  ];

/** Bodies that are not a JSON object that SCIM knows, and what is said of them. */
const BODIES: readonly (readonly [
  string,
  string | Uint8Array<ArrayBuffer>,
  string,
  RegExp,
])[] = [
  ["nothing", "", "invalidSyntax", /empty; it must be a JSON object/],
  ["blanks", " \r\n\t", "invalidSyntax", /empty/],
  ["a BOM alone", "\ufeff", "invalidSyntax", /empty/],
  ["cut JSON", '{"schemas":["', "invalidSyntax", /not JSON/],
  [
    "a comma too many",
    '{"userName":"a",}',
    "invalidSyntax",
    /not JSON: .* at position 16/,
  ],
  ["single quotation marks", "{'userName':'a'}", "invalidSyntax", /not JSON/],
  ["two objects", "{}{}", "invalidSyntax", /not JSON/],
  ["NaN", '{"userName":NaN}', "invalidSyntax", /not JSON/],
  [
    "a raw control character",
    '{"userName":"\u0000"}',
    "invalidSyntax",
    /not JSON/,
  ],
  ["a form", "userName=a", "invalidSyntax", /not JSON/],
  ["HTML", "<html></html>", "invalidSyntax", /not JSON/],
  ["an array", "[]", "invalidSyntax", /must be a JSON object/],
  [
    "an array of users",
    `[${JSON.stringify(user("a"))}]`,
    "invalidSyntax",
    /must be a JSON object/,
  ],
  ["null", "null", "invalidSyntax", /must be a JSON object/],
  ["true", "true", "invalidSyntax", /must be a JSON object/],
  ["a number", "5", "invalidSyntax", /must be a JSON object/],
  ["a string", '"a"', "invalidSyntax", /must be a JSON object/],
  ["no members", "{}", "invalidSyntax", /schemas/],
  [
    "invalid UTF-8",
    new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    "invalidSyntax",
    /not valid UTF-8/,
  ],
  [
    "a surrogate in UTF-8",
    new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]),
    "invalidSyntax",
    /not valid UTF-8/,
  ],
  [
    "UTF-16",
    new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
    "invalidSyntax",
    /not valid UTF-8/,
  ],
  [
    "Latin-1",
    new Uint8Array([0x22, 0xfc, 0x22]),
    "invalidSyntax",
    /not valid UTF-8/,
  ],
  [
    "arrays 10,000 deep",
    "[".repeat(10_000) + "]".repeat(10_000),
    "invalidSyntax",
    /must be a JSON object/,
  ],
  [
    "arrays 10,000 deep in an object",
    `{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
    "invalidSyntax",
    /nests deeper than \d+ levels/,
  ],
  [
    "objects 10,000 deep",
    '{"a":'.repeat(10_000) + "1" + "}".repeat(10_000),
    "invalidSyntax",
    /nests deeper than \d+ levels/,
  ],
  ["brackets as many as fit", "[".repeat(LIMIT), "invalidSyntax", /not JSON/],
  [
    "half a surrogate pair in a value",
    '{"x":"\\ud800"}',
    "invalidValue",
    /"x" holds half of a surrogate pair/,
  ],
  [
    "half a surrogate pair deep down",
    '{"x":[{"y":"a\\udc00"}]}',
    "invalidValue",
    /"x\[0\]\.y" holds half/,
  ],
  [
    "half a surrogate pair in a name",
    '{"a\\ud800":1}',
    "invalidSyntax",
    /not Unicode/,
  ],
  [
    "the wrong message",
    JSON.stringify({ schemas: [URN.list], Resources: [] }),
    "",
    /./,
  ],
];

async function resources(client: Client): Promise<[string, string]> {
  const ada = await client.user("ada", { title: "Dr." });
  const staff = await client.group("staff", [ada.id]);
  return [ada.id, staff.id];
}

for (const [name, body, scimType, detail] of BODIES) {
  Deno.test(
    `A body of ${name} is refused wherever a body is read, and nothing is stored`,
    withClient(async (client, server) => {
      const [id, staff] = await resources(client);
      const before = await server.dump();
      for (const [method, path] of WRITES) {
        const answer = await client.send(path(id, staff), { method, body });
        const keyword = String(answer.json["scimType"]);
        isScimError(answer, 400, scimType === "" ? keyword : scimType, detail);
      }
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

Deno.test(
  "A BOM before a JSON object does no harm",
  withClient(async (client) => {
    const body = `\ufeff${JSON.stringify(user("ada"))}`;
    const { status } = await client.send("/Users", { method: "POST", body });
    strictEqual(status, 201);
    deepStrictEqual(await client.names('/Users?filter=userName eq "ada"'), [
      "ada",
    ]);
  }),
);

// Media types.

for (
  const type of [
    "text/plain",
    "text/html",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/scim",
    "application/json-patch+json",
    "application/scim+json; charset=iso-8859-1",
    'application/json; charset="utf-16"',
    "json",
    "",
    ";",
    "*/*",
    "application/json, text/plain",
    `application/${"x".repeat(10_000)}`,
  ]
) {
  Deno.test(
    `44-3.8-3 44-3.8-8 A body of type "${
      type.slice(0, 50)
    }" is 415 and nothing is stored`,
    withClient(async (client, server) => {
      const [id, staff] = await resources(client);
      const before = await server.dump();
      for (const [method, path] of WRITES) {
        const answer = await client.send(path(id, staff), {
          method,
          headers: { "Content-Type": type },
          body: user("eve"),
        });
        isScimError(
          answer,
          415,
          undefined,
          /not understood; send application\/scim\+json/,
        );
        ok(answer.text.length < 500);
      }
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

Deno.test(
  "A body without a type is read as JSON",
  withClient(async (client) => {
    const { status } = await client.send("/Users", {
      method: "POST",
      body: encoder.encode(JSON.stringify(user("ada"))),
      headers: { "Content-Type": "application/json" },
    });
    strictEqual(status, 201);
    const request = new Request(`${BASE}/Users`, {
      method: "POST",
      headers: { Authorization: `Bearer ${client.token}` },
      body: encoder.encode(JSON.stringify(user("bob"))),
    });
    const response = await client.server.fetch(request);
    strictEqual(response.status, 201);
    await response.text();
  }),
);

// The size of a body.

/** A user whose JSON has a number of bytes; what makes it large is not stored. */
function userOfSize(bytes: number): string {
  const shell = JSON.stringify(user("large", { unknown: "" }));
  return JSON.stringify(
    user("large", { unknown: "x".repeat(bytes - shell.length) }),
  );
}

function inChunks(text: string): ReadableStream<Uint8Array> {
  const bytes = encoder.encode(text);
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset += 65_000));
    },
  });
}

/** The two ways to send a body: with its length, and in chunks. */
const WAYS: Readonly<Record<string, (text: string) => TestRequest>> = {
  "with Content-Length": (text) => ({
    body: text,
    headers: { "Content-Length": String(encoder.encode(text).length) },
  }),
  "in chunks": (text) => ({
    body: inChunks(text),
    headers: { "Content-Type": "application/scim+json" },
  }),
};

for (const [way, request] of Object.entries(WAYS)) {
  for (
    const [bytes, status] of [[LIMIT, 201], [LIMIT + 1, 413], [
      3 * LIMIT,
      413,
    ]] as const
  ) {
    Deno.test(
      `A body of ${bytes} bytes ${way} is ${status}`,
      withClient(async (client, server) => {
        const before = await server.dump();
        const answer = await client.send("/Users", {
          method: "POST",
          ...request(userOfSize(bytes)),
        });
        if (status === 201) return strictEqual(answer.status, 201);
        isScimError(answer, 413, undefined, /larger than 1048576 bytes/);
        deepStrictEqual(await server.dump(), before);
      }),
    );
  }
}

Deno.test(
  "A body that ends with an error of the connection is 400 and nothing is stored",
  withClient(async (client, server) => {
    const before = await server.dump();
    const broken = () =>
      new ReadableStream({
        pull(controller) {
          controller.enqueue(encoder.encode('{"schemas":'));
          controller.error(new Error("connection reset"));
        },
      });
    for (const length of [{}, { "Content-Length": "100" }]) {
      const answer = await client.send("/Users", {
        method: "POST",
        body: broken(),
        headers: { "Content-Type": "application/json", ...length },
      });
      isScimError(answer, 400, "invalidSyntax", /ended before/);
    }
    deepStrictEqual(await server.dump(), before);
  }),
);

// Names that objects inherit.

for (
  const name of [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "toString.x",
    "constructor.prototype",
    "__proto__.x",
  ]
) {
  Deno.test(
    `The name ${name} does no harm in bodies, paths, filters and lists of attributes`,
    withClient(async (client, server) => {
      const [id, staff] = await resources(client);
      const value = `{"polluted":true,"value":"x"}`;
      const bodies = [
        `{"schemas":["${URN.user}"],"userName":"eve","${name}":${value}}`,
        `{"schemas":["${URN.user}"],"userName":"eve2","name":{"${name}":${value}}}`,
        `{"schemas":["${URN.user}"],"userName":"eve3","emails":[{"${name}":${value}}]}`,
        `{"schemas":["${URN.user}"],"userName":"eve4","${URN.enterprise}":{"${name}":${value}}}`,
        `{"schemas":["${URN.user}","${name}"],"userName":"eve5"}`,
      ];
      for (const body of bodies) {
        const { status, json } = await client.send("/Users", {
          method: "POST",
          body,
        });
        strictEqual(status, 201);
        strictEqual(JSON.stringify(json).includes("polluted"), false);
      }
      for (const target of [`/Users/${id}`, `/Groups/${staff}`]) {
        for (
          const operation of [
            `{"op":"add","path":"${name}","value":${value}}`,
            `{"op":"add","path":"name.${name}","value":${value}}`,
            `{"op":"add","path":"${name}[value eq \\"x\\"].value","value":"x"}`,
            `{"op":"add","path":"emails[${name} eq \\"x\\"].value","value":"x"}`,
            `{"op":"remove","path":"${name}"}`,
            `{"op":"replace","value":{"${name}":${value}}}`,
            `{"op":"replace","value":{"name":{"${name}":${value}}}}`,
            `{"op":"${name}","path":"title","value":1}`,
            `{"${name}":"add","path":"title","value":1}`,
          ]
        ) {
          const body =
            `{"schemas":["${URN.patch}"],"Operations":[${operation}]}`;
          const { status } = await client.send(target, {
            method: "PATCH",
            body,
          });
          ok([200, 204, 400].includes(status));
        }
      }
      for (
        const filter of [
          `${name} eq "x"`,
          `${name} pr`,
          `emails[${name} eq "x"]`,
          `name.${name} pr`,
        ]
      ) {
        const answer = await client.get(`/Users?filter=${filter}`);
        isScimError(answer, 400, "invalidFilter");
      }
      for (const parameter of ["attributes", "excludedAttributes"]) {
        const { status } = await client.get(`/Users?${parameter}=${name}`);
        strictEqual(status, 200);
      }
      isScimError(await client.get(`/Users/${name}`), 404);
      const dump = (await server.dump()).join("\n");
      strictEqual(dump.includes("polluted"), false);
      strictEqual(Object({} as JsonObject)["polluted"], undefined);
    }),
  );
}

// Names that occur twice.

for (
  const [what, body] of [
    [
      "a top-level attribute",
      `{"schemas":["${URN.user}"],"userName":"a","USERNAME":"b"}`,
    ],
    [
      "a schema list",
      `{"schemas":["${URN.user}"],"Schemas":[],"userName":"a"}`,
    ],
    [
      "a sub-attribute",
      `{"schemas":["${URN.user}"],"userName":"a","name":{"givenName":"a","GivenName":"b"}}`,
    ],
    [
      "an element's sub-attribute",
      `{"schemas":["${URN.user}"],"userName":"a","emails":[{"value":"a","Value":"b"}]}`,
    ],
    [
      "an extension",
      `{"schemas":["${URN.user}"],"userName":"a","${URN.enterprise}":{},"${URN.enterprise.toUpperCase()}":{}}`,
    ],
    [
      "an extension's attribute",
      `{"schemas":["${URN.user}"],"userName":"a","${URN.enterprise}":{"department":"a","DEPARTMENT":"b"}}`,
    ],
    [
      "an attribute and its full name",
      `{"schemas":["${URN.user}"],"userName":"a","${URN.user}:userName":"b"}`,
    ],
  ] as const
) {
  Deno.test(
    `43-2.1-4 ${what} in two spellings is 400 invalidSyntax`,
    withClient(async (client, server) => {
      const before = await server.dump();
      const answer = await client.send("/Users", { method: "POST", body });
      isScimError(
        answer,
        400,
        "invalidSyntax",
        /name the same attribute.*send it once/,
      );
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

// Values of the wrong type.

/** Attributes with values that cannot be theirs, in the default profile. */
const WRONG: readonly (readonly [JsonObject, RegExp])[] = [
  [{ userName: 5 }, /"userName" must be a string, not a number/],
  [{ userName: true }, /"userName" must be a string, not a boolean/],
  [{ userName: null }, /"userName" is required/],
  [{ userName: [] }, /"userName" must be a string, not an array/],
  [{ userName: ["a"] }, /"userName" must be a string, not an array/],
  [{ userName: {} }, /"userName" must be a string, not an object/],
  [{ title: {} }, /"title" must be a string, not an object/],
  [{ active: {} }, /"active" must be true or false, not an object/],
  [{ userName: "" }, /"userName" is required/],
  [{ userName: "   " }, /"userName" is required and must not be empty/],
  [{ userName: "\u00a0" }, /"userName" is required and must not be empty/],
  [{ title: 5 }, /"title" must be a string, not a number/],
  [{ title: { value: "a" } }, /"title" must be a string, not an object/],
  [{ active: 1 }, /"active" must be true or false, not a number/],
  [{ active: "yes" }, /"active" must be true or false, not a string/],
  [{ active: [true] }, /"active" must be true or false/],
  [{ name: "Ada" }, /"name" must be an object, not a string/],
  [{ name: 5 }, /"name" must be an object, not a number/],
  [
    { name: { givenName: 5 } },
    /"name\.givenName" must be a string, not a number/,
  ],
  [{ name: { givenName: { x: 1 } } }, /"name\.givenName" must be a string/],
  [{ emails: 5 }, /"emails\[0\]" must be an object, not a number/],
  [{ emails: [5] }, /"emails\[0\]" must be an object, not a number/],
  [{ emails: [[]] }, /"emails\[0\]" must be an object, not an array/],
  [
    { emails: [{ value: 5 }] },
    /"emails\[0\]\.value" must be a string, not a number/,
  ],
  [
    { emails: [{ value: "a", primary: "perhaps" }] },
    /primary" must be true or false/,
  ],
  [
    { emails: [{ value: "a", primary: true }, { value: "b", primary: true }] },
    /more than one value with primary true/,
  ],
  [{ externalId: 5 }, /"externalId" must be a string/],
  [{ [URN.enterprise]: 5 }, /must be an object of attributes/],
  [{ [URN.enterprise]: [5] }, /must be an object of attributes/],
  [{ [URN.enterprise]: { department: 5 } }, /:department" must be a string/],
  [{ [URN.enterprise]: { manager: 5 } }, /:manager" must be an object/],
  [
    { [URN.enterprise]: { manager: { value: 5 } } },
    /:manager\.value" must be a string/,
  ],
  [{ schemas: URN.user }, /"schemas" must be an array of schema URIs/],
  [{ schemas: [] }, /"schemas" must be an array/],
  [{ schemas: [5] }, /"schemas" must be an array/],
  [{ schemas: null }, /"schemas" must be an array/],
];

for (const [attributes, detail] of WRONG) {
  Deno.test(
    `${
      JSON.stringify(attributes).slice(0, 70)
    } is 400 in POST and PUT, and nothing is stored`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      const body = user("eve", attributes);
      const scimType = "schemas" in attributes
        ? "invalidSyntax"
        : "invalidValue";
      isScimError(await client.post("/Users", body), 400, scimType, detail);
      isScimError(
        await client.put(`/Users/${id}`, body),
        400,
        scimType,
        detail,
      );
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

for (
  const members of [5, "x", [5], [{ value: 5 }], [{ value: {} }], [[]], {
    value: 5,
  }] satisfies JsonValue[]
) {
  Deno.test(
    `A group with members ${
      JSON.stringify(members)
    } is 400, and nothing is stored`,
    withClient(async (client, server) => {
      const before = await server.dump();
      const answer = await client.post("/Groups", group("g", [], { members }));
      isScimError(answer, 400, "invalidValue", /members/);
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

for (const empty of [[], null, ""] satisfies JsonValue[]) {
  Deno.test(
    `43-2.5-1 ${
      JSON.stringify(empty)
    } for an attribute means that it has no value`,
    withClient(async (client) => {
      const { json } = await client.user("ada", {
        title: empty === "" ? "" : null,
        emails: empty,
        roles: empty,
        name: empty === "" ? null : empty,
        [URN.enterprise]: { manager: empty },
      });
      deepStrictEqual(Object.keys(json).sort(), [
        "id",
        "meta",
        "schemas",
        "userName",
      ]);
    }),
  );
}

// Large numbers of things.

Deno.test(
  "Twenty thousand unknown attributes are ignored, and a few are noted",
  withClient(async (client, server) => {
    const names = Array.from({ length: 20_000 }, (_, i) => [`unknown${i}`, i]);
    const { json } = await client.user("ada", Object.fromEntries(names));
    strictEqual(json["unknown1"], undefined);
    const noted = (await server.dump()).join("").match(/unknown\d/g) ?? [];
    ok(noted.length <= 100);
  }),
);

Deno.test(
  "Twenty thousand members in one PATCH are taken or refused within seconds",
  withClient(async (client, server) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff");
    const unknown = Array.from({ length: 20_000 }, () => ({
      value: crypto.randomUUID(),
    }));
    const before = await server.dump();
    const start = performance.now();
    const refused = await client.patch(`/Groups/${id}`, [
      { op: "add", path: "members", value: unknown },
    ]);
    isScimError(
      refused,
      400,
      "invalidValue",
      /do not exist: .* and 19990 more/,
    );
    ok(refused.text.length < 2_000);
    const nobody = await client.patch(`/Groups/${id}`, [
      { op: "remove", path: "members", value: unknown },
    ]);
    strictEqual(nobody.status, 204);
    deepStrictEqual(await server.dump(), before);
    const same = await client.patch(`/Groups/${id}`, [
      {
        op: "add",
        path: "members",
        value: unknown.map(() => ({ value: ada.id })),
      },
    ]);
    strictEqual(same.status, 204);
    ok(performance.now() - start < 15_000);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [ada.id]);
  }),
);

Deno.test(
  "More operations than one message may hold are 413",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const operation = { op: "replace", path: "title", value: "x" };
    const operations = (length: number) =>
      Array.from({ length }, () => operation);
    isScimError(
      await client.patch(`/Users/${id}`, operations(1_001)),
      413,
      undefined,
      /1001 operations; at most 1000/,
    );
    strictEqual(
      (await client.patch(`/Users/${id}`, operations(1_000))).status,
      200,
    );
  }),
);

Deno.test(
  "More values than an attribute can have are refused",
  withClient(async (client, server) => {
    const before = await server.dump();
    const emails = (length: number) =>
      Array.from({ length }, (_, i) => ({ value: `${i}@example.com` }));
    isScimError(
      await client.post("/Users", user("a", { emails: emails(2_001) })),
      400,
      "invalidValue",
      /more than 2000 values/,
    );
    isScimError(
      await client.post("/Users", user("a", { emails: emails(2_000) })),
      413,
      undefined,
      /too many searchable values.*send fewer/,
    );
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "A resource that is too large for the store is 413 and is not stored",
  withClient(async (client, server) => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const random = [...bytes].map((byte) => byte.toString(36)).join("");
    const before = await server.dump();
    const answer = await client.post(
      "/Users",
      user("a", { title: random.repeat(2) }),
    );
    isScimError(answer, 413, undefined, /too large.*64 KiB/);
    deepStrictEqual(await server.dump(), before);
  }),
);

// Long texts.

const LONG = "x".repeat(5_000);

Deno.test(
  "A userName of 50,000 characters is stored whole, found and unique",
  withClient(async (client) => {
    const name = LONG.repeat(10);
    const { json } = await client.user(name);
    strictEqual(json["userName"], name);
    isScimError(await client.post("/Users", user(name)), 409, "uniqueness");
    await client.user(`${name}y`);
    const filter = `userName eq "${LONG}"`;
    isList(await client.get(`/Users?filter=${filter}`), { total: 0 });
    const start = `userName sw "${LONG}"`;
    const found = await client.get(`/Users?attributes=id&filter=${start}`);
    isList(found, { total: 2 });
  }),
);

Deno.test(
  "Names of three-byte characters at the limits of keys are stored and found",
  withClient(async (client) => {
    for (const length of [127, 128, 129, 700, 2_000]) {
      const name = "字".repeat(length);
      await client.user(name, { externalId: name, displayName: name });
      const filter = `externalId eq "${name}"`;
      isList(await client.get(`/Users?filter=${filter}`), { total: 1 });
    }
  }),
);

Deno.test(
  "A filter that is too long is 400 invalidFilter",
  withClient(async (client) => {
    for (
      const filter of [
        `userName eq "${LONG}${LONG}"`,
        "x".repeat(20_000),
        `${"(".repeat(3_000)}userName pr${")".repeat(3_000)}`,
        `${"not (".repeat(1_500)}userName pr${")".repeat(1_500)}`,
        "userName pr and ".repeat(1_000),
        `${"emails[".repeat(1_000)}`,
      ]
    ) {
      const answer = await client.get(`/Users?filter=${filter}`);
      isScimError(answer, 400, "invalidFilter");
      ok(answer.text.length < 500);
    }
  }),
);

Deno.test(
  "A filter of hundreds of conditions is answered",
  withClient(async (client) => {
    await client.user("ada");
    const many = Array.from({ length: 300 }, () => 'userName eq "b"').join(
      " or ",
    );
    const answer = await client.get(
      `/Users?filter=${many} or userName eq "ada"`,
    );
    isList(answer, { total: 1 });
  }),
);

Deno.test(
  "A PATCH path that is too long or too deep is 400 invalidPath",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    for (const path of ["x".repeat(100_000), `emails[${"(".repeat(3_000)}`]) {
      const answer = await client.patch(`/Users/${id}`, [
        { op: "add", path, value: "x" },
      ]);
      isScimError(answer, 400, "invalidPath");
      ok(answer.text.length < 500);
    }
  }),
);

/** Ids that no resource can have: longer than any key, odd, or empty inside. */
const IDS = [
  LONG,
  "字".repeat(2_000),
  "a".repeat(2_030),
  "\u0000",
  "..%2f..%2fx",
  "%",
  "%ZZ",
  "%ED%A0%80",
  "%F0%9F%98%80".repeat(50),
  "a%2Fb",
  "*",
  " ",
];

for (const id of IDS) {
  const shown = encodeURIComponent(id).slice(0, 20);
  Deno.test(
    `The id ${shown} (${id.length}) in a URL is 404 for every method`,
    withClient(async (client, server) => {
      const before = await server.dump();
      for (const endpoint of ["/Users", "/Groups"]) {
        const path = `${endpoint}/${
          id === " " ? "%20" : id.replace("\u0000", "%00")
        }`;
        const body = endpoint === "/Users" ? user("a") : group("a");
        const operation = { op: "replace", path: "displayName", value: "x" };
        const answers: Answer[] = [
          await client.get(path),
          await client.put(path, body),
          await client.patch(path, [operation]),
          await client.delete(path),
          await client.delete(path, { "If-Match": "*" }),
        ];
        for (const answer of answers) {
          isScimError(answer, 404);
          ok(answer.text.length < 500);
          ok(answer.text.isWellFormed() && !answer.text.includes("\\ud8"));
        }
      }
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

Deno.test(
  "An id longer than any key finds nothing in a filter",
  withClient(async (client) => {
    await client.group("staff", [(await client.user("ada")).id]);
    for (
      const path of [
        `/Users?filter=id eq "${LONG}"`,
        `/Users?filter=groups.value eq "${LONG}"`,
        `/Groups?filter=members.value eq "${LONG}"`,
        `/Groups?filter=members[value eq "${LONG}"]`,
        `/Users?filter=id eq "${LONG}" or userName eq "nobody"`,
      ]
    ) isList(await client.get(path), { total: 0 });
  }),
);

Deno.test(
  "An id longer than any key is no member",
  withClient(async (client, server) => {
    const { id } = await client.group("staff");
    const before = await server.dump();
    const members = [{ value: LONG }];
    const add = { op: "add", path: "members", value: members };
    const body = group("other", [], { members });
    for (
      const answer of [
        await client.post("/Groups", body),
        await client.put(`/Groups/${id}`, body),
        await client.patch(`/Groups/${id}`, [add]),
      ]
    ) isScimError(answer, 400, "invalidValue", /do not exist: "x{10,}…"/);
    for (
      const operation of [
        { op: "remove", path: "members", value: members },
        { op: "remove", path: `members[value eq "${LONG}"]` },
      ]
    ) {
      const { status } = await client.patch(`/Groups/${id}`, [operation]);
      strictEqual(status, 204);
    }
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "A manager whose id is longer than any key does not make the list of users fail",
  withClient(async (client) => {
    const { id } = await client.user("ada", {
      [URN.enterprise]: { manager: { value: LONG } },
    });
    strictEqual((await client.get(`/Users/${id}`)).status, 200);
    isList(await client.get("/Users"), { total: 1 });
    const filter = `${URN.enterprise}:manager.displayName eq "x"`;
    isList(await client.get(`/Users?filter=${filter}`), { total: 0 });
  }),
);

Deno.test(
  "The null character is a character like others",
  withClient(async (client) => {
    await client.user("a\u0000b", { externalId: "\u0000" });
    await client.user("a");
    for (
      const filter of ['userName eq "a\\u0000b"', 'externalId eq "\\u0000"']
    ) {
      const { status, json } = await client.get(`/Users?filter=${filter}`);
      strictEqual(status, 200);
      strictEqual(json["totalResults"], 1);
    }
    const raw = await client.get("/Users?filter=userName%20eq%20%22a%00b%22");
    isScimError(raw, 400, "invalidFilter", /control character/);
  }),
);

Deno.test(
  "A query string that is not form-encoded UTF-8 is 400 or harmless",
  withClient(async (client) => {
    for (
      const query of [
        "filter=%",
        "filter=%E0%A4%A",
        "filter=%FF",
        "filter=userName+eq+%22%ED%A0%80%22",
        "%=%",
        "&&&",
        "=",
        "filter",
        "count=%FF",
        "attributes=%FF%",
      ]
    ) {
      const answer = await client.get(`/Users?${query}`);
      if (answer.status === 200) continue;
      isScimError(
        answer,
        400,
        query.startsWith("count") ? "invalidValue" : "invalidFilter",
      );
    }
  }),
);

Deno.test("Weird headers are answered", async () => {
  await using server = await TestServer.start();
  const token = await server.token();
  for (
    const headers of [
      { "If-Match": '"'.repeat(9_999) },
      { "If-None-Match": ",".repeat(9_999) },
      { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp" },
      { "Accept-Encoding": "br;q=x", "Accept": ";;;" },
      { "X-HTTP-Method-Override": "DELETE" },
      { "Range": "bytes=0-1" },
      { "Content-Length": "abc" },
      { "Transfer-Encoding": "identity" },
    ]
  ) {
    const entries: [string, string][] = Object.entries(headers);
    const { status, text } = await send(server, `${BASE}/Users`, {
      token,
      headers: Object.fromEntries(entries),
    });
    strictEqual(status, 200);
    strictEqual(text.includes("evil"), false);
  }
});

/** A request as Deno hands it over when the Host header is not a host. */
function withUrl(url: string, request: Request): Request {
  return new Proxy(request, {
    get: (target, name) => {
      if (name === "url") return url;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("A Host header that is not a host is 400, with a token and without", async () => {
  await using server = await TestServer.start();
  const token = await server.token();
  for (const host of ["a b", "[", "a:99999999", "<x>"]) {
    for (const headers of [{}, { Authorization: `Bearer ${token}` }]) {
      for (
        const path of [
          "/scim/v2/Users",
          "/api/scim/v2/Schemas?filter=x",
          "/admin/tokens",
        ]
      ) {
        const request = new Request(`https://x${path}`, { headers });
        const response = await server.fetch(
          withUrl(`http://${host}${path}`, request),
        );
        strictEqual(response.status, 400);
        const { detail } = await response.json();
        strictEqual(/Host header does not name a host/.test(detail), true);
      }
    }
  }
  deepStrictEqual(server.reports, []);
});
