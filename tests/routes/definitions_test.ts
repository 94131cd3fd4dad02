import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import {
  addSchema,
  addType,
  BADGE,
  badge,
  create,
  CUSTOM,
  DEVICE,
  device,
  DEVICE_TYPE,
  LEASE,
  NETWORK,
  networked,
  one,
  registerDevices,
  schemaOf,
  thing,
  withDevices,
} from "./custom_types.ts";
import {
  ADMIN_SECRET,
  isProblem,
  object,
  objects,
  pointers,
  send,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "./harness.ts";

const SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/** A short text for the name of a test. */
function brief(value: JsonValue): string {
  const whole = JSON.stringify(value);
  return whole.length > 90 ? `${whole.slice(0, 90)}…` : whole;
}

/** A schema with one sub-attribute. */
function within(sub: JsonValue, more: JsonObject = {}): JsonObject {
  return one({ name: "a", type: "complex", subAttributes: [sub], ...more });
}

// What is wrong with a request.

/** Requests for a schema that are refused, which members the answer names, and what it says. */
const REFUSED_REQUESTS: readonly (readonly [JsonValue, string[], RegExp])[] = [
  [{}, ["/schema"], /^\/schema must be an object with schemas, id, name/],
  [{ schema: null }, ["/schema"], /must be an object/],
  [{ schema: [] }, ["/schema"], /must be an object/],
  [{ schema: "x" }, ["/schema"], /must be an object/],
  [{ schema: one({ name: "a" }), extends: 5 }, ["/extends"], /a string/],
  [{ schema: one({ name: "a" }), extends: "" }, ["/extends"], /1/],
  [{ schema: one({ name: "a" }), extends: "x".repeat(65) }, ["/extends"], /64/],
  [
    { schema: one({ name: "a" }), required: "true" },
    ["/required"],
    /true or f/,
  ],
  [{ schema: one({ name: "a" }), tenant: "" }, ["/tenant"], /letters, digits/],
  [{ schema: one({ name: "a" }), tenant: "a/b" }, ["/tenant"], /1 to 63/],
  [{ schema: one({ name: "a" }), tenant: null }, ["/tenant"], /string/],
  [
    { schema: one({ name: "a" }), type: "User", "a/b": 1 },
    ["/type", "/a~1b"],
    /\/type is not known; known are schema, extends, required, tenant/,
  ],
];

/** Schemas that are refused, which members the answer names, and what it says. */
const REFUSED_SCHEMAS: readonly (readonly [JsonObject, string[], RegExp])[] = [
  [
    {},
    ["/schema/id", "/schema/attributes"],
    /\/schema\/id is required; \/schema\/attributes is required/,
  ],
  [{ id: null, attributes: [] }, [
    "/schema/id",
    "/schema/attributes",
  ], /required/],
  ...[
    "Thing",
    "https://example.com/",
    "urn:example:",
    "urn:example:a b",
    "urn:example:a[b]",
    "urn:example:a,b",
    "urn:example:a\u0000",
    "urn:example:ä",
    "",
  ].map((id): [JsonObject, string[], RegExp] => [
    { ...one({ name: "a" }), id },
    ["/schema/id"],
    /must be an absolute URI/,
  ]),
  [
    { ...one({ name: "a" }), id: "urn:example" },
    ["/schema/id"],
    /must be a URN with a namespace of 1 to 32 letters, digits and hyphens/,
  ],
  [{ ...one({ name: "a" }), id: 5 }, ["/schema/id"], /must be a string/],
  [
    { ...one({ name: "a" }), id: `urn:example:${"x".repeat(200)}` },
    ["/schema/id"],
    /200/,
  ],
  [
    {
      ...one({ name: "a" }),
      id: "URN:ietf:params:scim:api:messages:2.0:PatchOp",
    },
    ["/schema/id"],
    /must not be the URI of a message/,
  ],
  [{ ...one({ name: "a" }), name: 5 }, ["/schema/name"], /string/],
  [
    { ...one({ name: "a" }), name: "x".repeat(201) },
    ["/schema/name"],
    /200/,
  ],
  [{ ...one({ name: "a" }), description: {} }, [
    "/schema/description",
  ], /string/],
  [
    { ...one({ name: "a" }), description: "x".repeat(2001) },
    ["/schema/description"],
    /2000/,
  ],
  [{ ...one({ name: "a" }), schemas: "x" }, ["/schema/schemas"], /array/],
  [
    { ...one({ name: "a" }), extends: "User" },
    ["/schema/extends"],
    /not known; known are schemas, id, name, description, attributes, meta/,
  ],
  [
    { ...one({ name: "a" }), ID: "urn:example:other" },
    ["/schema/ID"],
    /is there twice; names are compared without case/,
  ],
  [{ ...schemaOf("Thing"), attributes: {} }, [
    "/schema/attributes",
  ], /must be an array/],
  [schemaOf("Thing"), ["/schema/attributes"], /is required/],
  [schemaOf("Thing", null), ["/schema/attributes/0"], /must be an object/],
  [schemaOf("Thing", "a"), ["/schema/attributes/0"], /must be an object/],
  [
    schemaOf(
      "Thing",
      ...Array.from({ length: 201 }, (_, index) => ({ name: `a${index}` })),
    ),
    ["/schema/attributes"],
    /200/,
  ],
  [
    schemaOf("Thing", { name: "a" }, { name: "b" }, { name: "A" }),
    ["/schema/attributes/2/name"],
    /"A" is there twice/,
  ],
  [
    within({ name: "b" }, { subAttributes: [{ name: "b" }, { name: "B" }] }),
    ["/schema/attributes/0/subAttributes/1/name"],
    /"B" is there twice/,
  ],
  [
    one({ name: "a", complex: true }),
    ["/schema/attributes/0/complex"],
    /not known; known are name, type, multiValued/,
  ],
  [
    one({ name: "a", type: "string", TYPE: "string" }),
    ["/schema/attributes/0/TYPE"],
    /is there twice/,
  ],
];

/** Wrong characteristics of attributes, the member that is named, and what is said. */
const REFUSED_CHARACTERISTICS:
  readonly (readonly [JsonObject, string, RegExp])[] = [
    [{ name: "a", multiValued: "true" }, "/multiValued", /true or f/],
    [{ name: "a", required: 1 }, "/required", /true or false/],
    [{ name: "a", caseExact: "yes" }, "/caseExact", /must be a boolean: true/],
    [{ name: "a", description: 5 }, "/description", /string/],
    [{ name: "a", description: "x".repeat(2001) }, "/description", /2000/],
    [{ name: "a", mutability: "read" }, "/mutability", /readOnly, readWr/],
    [{ name: "a", mutability: true }, "/mutability", /must be one of readOnly/],
    [{ name: "a", returned: "Alway" }, "/returned", /always, never, default/],
    [{ name: "a", uniqueness: "tenant" }, "/uniqueness", /none, server, glob/],
    [{ name: "a", canonicalValues: "x" }, "/canonicalValues", /be an array/],
    [{ name: "a", canonicalValues: [1] }, "/canonicalValues/0", /string/],
    [{ name: "a", canonicalValues: [""] }, "/canonicalValues/0", /1/],
    [
      { name: "a", type: "integer", canonicalValues: ["1"] },
      "/canonicalValues",
      /for strings and references only, and the type is integer/,
    ],
    [{ name: "a", canonicalValuesOnly: 1 }, "/canonicalValuesOnly", /boolean/],
    [
      { name: "a", canonicalValuesOnly: true },
      "/canonicalValues",
      /required by canonicalValuesOnly/,
    ],
    [{ name: "a", referenceTypes: ["User"] }, "/referenceTypes", /reference/],
    [
      { name: "a", type: "reference", referenceTypes: "User" },
      "/referenceTypes",
      /array/,
    ],
    [
      { name: "a", type: "reference", referenceTypes: [{}] },
      "/referenceTypes/0",
      /string/,
    ],
    [
      { name: "a", mutability: "writeOnly", returned: "default" },
      "/returned",
      /must be never for a writeOnly attribute/,
    ],
    ...["boolean", "dateTime", "binary"].map((
      type,
    ): [JsonObject, string, RegExp] => [
      { name: "a", type, uniqueness: "server" },
      "/uniqueness",
      /must be none for the type/,
    ]),
    [
      { name: "a", multiValued: true, uniqueness: "server" },
      "/uniqueness",
      /must be none for multi-valued/,
    ],
  ];

async function refuses(
  path: string,
  body: JsonValue,
  wrong: readonly string[],
  detail: RegExp,
): Promise<void> {
  await using server = await TestServer.start();
  const before = await server.dump();
  const answer = await server.admin("POST", path, body);
  isProblem(answer, 400, detail);
  deepStrictEqual(pointers(answer), wrong);
  deepStrictEqual(await server.dump(), before);
}

for (const [body, wrong, detail] of REFUSED_REQUESTS) {
  Deno.test(
    `POST /admin/schemas refuses ${brief(body)} and names ${wrong.join(", ")}`,
    () => refuses("/schemas", body, wrong, detail),
  );
}

for (const [schema, wrong, detail] of REFUSED_SCHEMAS) {
  Deno.test(
    `POST /admin/schemas refuses the schema ${brief(schema)} and names ${
      wrong.join(", ")
    }`,
    () => refuses("/schemas", { schema }, wrong, detail),
  );
}

for (const [attribute, member, detail] of REFUSED_CHARACTERISTICS) {
  Deno.test(
    `POST /admin/schemas refuses the attribute ${
      brief(attribute)
    }, also as a sub-attribute`,
    async () => {
      await refuses(
        "/schemas",
        { schema: one(attribute) },
        [`/schema/attributes/0${member}`],
        detail,
      );
      await refuses(
        "/schemas",
        { schema: within(attribute) },
        [`/schema/attributes/0/subAttributes/0${member}`],
        detail,
      );
    },
  );
}

for (
  const name of [
    "1a",
    "_a",
    "-a",
    "$a",
    "$ref",
    "a.b",
    "a b",
    "a:b",
    "a[b]",
    "",
    "ä",
    "a\u0000",
    "__proto__",
    "x".repeat(65),
  ]
) {
  Deno.test(
    `43-2.1-2 A schema with an attribute named ${brief(name)} is refused`,
    () =>
      refuses(
        "/schemas",
        { schema: one({ name }) },
        ["/schema/attributes/0/name"],
        /must be a letter and up to 63 letters, digits, \$, - and _/,
      ),
  );
}

for (const name of [undefined, null, 5, {}]) {
  Deno.test(`An attribute whose name is ${brief(name ?? null)} is refused`, () =>
    refuses(
      "/schemas",
      { schema: one(name === undefined ? {} : { name }) },
      ["/schema/attributes/0/name"],
      name === 5 || typeof name === "object" && name !== null
        ? /must be a string/
        : /is required/,
    ));
}

Deno.test("43-2.1-2 Names of attributes hold letters, digits, $, - and _ behind a letter", async () => {
  await using server = await TestServer.start();
  const names = ["a", "Z9", "a-b", "a_b", "a$b", "x".repeat(64)];
  const schema = schemaOf(
    "Thing",
    ...names.map((name) => ({ name })),
    { name: "c", type: "complex", subAttributes: [{ name: "b-$_1" }] },
  );
  const { json } = await addSchema(server, schema);
  const { attributes } = object(json["schema"]);
  deepStrictEqual(objects(attributes).map(({ name }) => name), [...names, "c"]);
});

for (const type of ["text", "strings", "int", "float", "date", "object", 5]) {
  Deno.test(
    `43-2.3-1 A schema with the data type ${brief(type)} is refused`,
    async () => {
      const detail =
        /must be one of string, boolean, decimal, integer, dateTime, binary, reference, complex/;
      const attribute = { name: "a", type };
      await refuses(
        "/schemas",
        { schema: one(attribute) },
        ["/schema/attributes/0/type"],
        detail,
      );
      await refuses(
        "/schemas",
        { schema: within(attribute) },
        ["/schema/attributes/0/subAttributes/0/type"],
        detail,
      );
    },
  );
}

for (
  const type of [
    undefined,
    "string",
    "boolean",
    "decimal",
    "integer",
    "dateTime",
    "binary",
    "reference",
  ]
) {
  Deno.test(
    `43-1.1-1 A schema with sub-attributes of ${type ?? "no type"} is refused`,
    () =>
      refuses(
        "/schemas",
        {
          schema: one({
            name: "a",
            ...(type === undefined ? {} : { type }),
            subAttributes: [{ name: "b" }],
          }),
        },
        ["/schema/attributes/0/subAttributes"],
        new RegExp(`for complex attributes only.*type is ${type ?? "string"}`),
      ),
  );
}

Deno.test("A complex attribute without sub-attributes is refused", async () => {
  for (const subAttributes of [undefined, null, []]) {
    const more = subAttributes === undefined ? {} : { subAttributes };
    await refuses(
      "/schemas",
      { schema: one({ name: "a", type: "complex", ...more }) },
      ["/schema/attributes/0/subAttributes"],
      /is required for a complex attribute/,
    );
  }
});

Deno.test("43-2.3-18 A complex attribute with a complex sub-attribute is refused", () =>
  refuses(
    "/schemas",
    {
      schema: within({
        name: "b",
        type: "complex",
        subAttributes: [{ name: "c" }],
      }),
    },
    ["/schema/attributes/0/subAttributes/0/type"],
    /must not be complex.*no complex sub-attributes/,
  ));

Deno.test("A unique sub-attribute of a multi-valued attribute is refused", () =>
  refuses(
    "/schemas",
    {
      schema: within({ name: "b", uniqueness: "server" }, {
        multiValued: true,
      }),
    },
    ["/schema/attributes/0/subAttributes/0/uniqueness"],
    /must be none for multi-valued attributes and what they hold/,
  ));

Deno.test("A complex attribute that is to be unique is refused", () =>
  refuses(
    "/schemas",
    { schema: within({ name: "b" }, { uniqueness: "server" }) },
    ["/schema/attributes/0/uniqueness"],
    /must be none for the type complex/,
  ));

/** Sub-attributes that would mean something else than everywhere. */
const OTHER_MEANINGS: readonly (readonly [JsonObject, string, RegExp])[] = [
  [{ name: "type", type: "integer" }, "type", /must be string/],
  [{ name: "primary" }, "type", /must be boolean/],
  [{ name: "display", type: "boolean" }, "type", /must be string/],
  [{ name: "$ref" }, "type", /must be reference/],
  [{ name: "Primary", type: "boolean" }, "name", /spelt "primary"/],
  [{ name: "VALUE" }, "name", /spelt "value"/],
  [{ name: "Type" }, "name", /spelt "type"/],
  [{ name: "Display" }, "name", /spelt "display"/],
  [{ name: "value", multiValued: true }, "multiValued", /must be false/],
  [{ name: "type", multiValued: true }, "multiValued", /must be false/],
];

for (const [sub, member, detail] of OTHER_MEANINGS) {
  Deno.test(
    `43-2.4-3 The sub-attribute ${
      brief(sub)
    } is refused, since its name means something`,
    () =>
      refuses(
        "/schemas",
        { schema: within(sub, { multiValued: true }) },
        [`/schema/attributes/0/subAttributes/0/${member}`],
        detail,
      ),
  );
}

Deno.test("A problem names every wrong member, the first five in its text", async () => {
  await using server = await TestServer.start();
  const wrong = Array.from({ length: 7 }, (_, name) => ({ name: `${name}` }));
  const answer = await server.admin("POST", "/schemas", {
    schema: schemaOf("Thing", ...wrong),
  });
  strictEqual(answer.status, 400);
  strictEqual(pointers(answer).length, 7);
  strictEqual(text(answer.json["detail"]).split("; ").length, 5);
});

// Resource types.

/** Requests for a resource type that are refused. */
const REFUSED_TYPES: readonly (readonly [JsonValue, string[], RegExp])[] = [
  [{}, ["/resourceType"], /must be an object with schemas, id, name/],
  [{ resourceType: [] }, ["/resourceType"], /must be an object/],
  [
    { resourceType: thing(), extends: "User" },
    ["/extends"],
    /known are resourceType, tenant/,
  ],
  [{ resourceType: thing(), tenant: 5 }, ["/tenant"], /string/],
  [
    { resourceType: {} },
    ["name", "endpoint", "schema"].map((name) => `/resourceType/${name}`),
    /name is required.*endpoint is required.*schema is required/,
  ],
  ...["", "1x", "_x", "a b", "a/b", "a.b", "ä", "x".repeat(65)].map((
    name,
  ): [JsonValue, string[], RegExp] => [
    { resourceType: thing({ name }) },
    ["/resourceType/name"],
    /must be a letter and up to 63 letters, digits, - and _/,
  ]),
  [{ resourceType: thing({ name: 5 }) }, ["/resourceType/name"], /a string/],
  ...["", "/", "/a/b", "/a b", "/.search", "/ä", "//a", "/a?b", "/_a"].map((
    endpoint,
  ): [JsonValue, string[], RegExp] => [
    { resourceType: thing({ endpoint }) },
    ["/resourceType/endpoint"],
    /must be one path segment/,
  ]),
  [
    { resourceType: thing({ endpoint: 5 }) },
    ["/resourceType/endpoint"],
    /must be a string/,
  ],
  [
    { resourceType: thing({ schema: [URN.user] }) },
    ["/resourceType/schema"],
    /must be a string/,
  ],
  [
    { resourceType: thing({ description: 5 }) },
    ["/resourceType/description"],
    /string/,
  ],
  [{ resourceType: thing({ id: 5 }) }, ["/resourceType/id"], /string/],
  [
    { resourceType: thing({ schemaExtensions: {} }) },
    ["/resourceType/schemaExtensions"],
    /array/,
  ],
  [
    { resourceType: thing({ schemaExtensions: ["x"] }) },
    ["/resourceType/schemaExtensions/0"],
    /must be an object with schema, required/,
  ],
  [
    { resourceType: thing({ schemaExtensions: [{}] }) },
    ["/resourceType/schemaExtensions/0/schema"],
    /is required/,
  ],
  [
    {
      resourceType: thing({
        schemaExtensions: [{ schema: "x", required: "no" }],
      }),
    },
    ["/resourceType/schemaExtensions/0/required"],
    /boolean/,
  ],
  [
    { resourceType: thing({ NAME: "x" }) },
    ["/resourceType/NAME"],
    /is there twice/,
  ],
  [
    { resourceType: thing({ extensions: ["x"] }) },
    ["/resourceType/extensions"],
    /not known; known are schemas, id, name, description, endpoint, schema/,
  ],
];

for (const [body, wrong, detail] of REFUSED_TYPES) {
  Deno.test(
    `POST /admin/resource-types refuses ${brief(body)} and names ${
      wrong.join(", ")
    }`,
    () => refuses("/resource-types", body, wrong, detail),
  );
}

// What is taken or reserved.

for (
  const endpoint of [
    "/Me",
    "/ME",
    "Bulk",
    "/bulk",
    "/Schemas",
    "/ResourceTypes",
    "/resourcetypes",
    "/ServiceProviderConfig",
    "/ServiceProviderConfiguration",
    "/serviceProviderConfigs",
    "/ServiceConfiguration",
  ]
) {
  Deno.test(
    `44-3.2-3 A resource type at ${endpoint} is refused, which means something else`,
    withClient(async (_, server) => {
      const before = await server.dump();
      const resourceType = thing({ endpoint });
      isProblem(
        await server.admin("POST", "/resource-types", { resourceType }),
        400,
        /has a meaning of its own in SCIM/,
      );
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

for (
  const name of [
    "Schema",
    "ResourceType",
    "serviceProviderConfig",
    "external",
    "URI",
  ]
) {
  Deno.test(
    `A resource type named ${name} is refused, which means something else`,
    withClient(async (_, server) => {
      const resourceType = thing({ name });
      isProblem(
        await server.admin("POST", "/resource-types", { resourceType }),
        400,
        /The name ".*" has a meaning of its own in SCIM/,
      );
      strictEqual(
        (await server.admin("GET", `/resource-types/${name}`)).status,
        404,
      );
    }),
  );
}

Deno.test("A resource type can have a name that every object inherits", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  await addType(
    server,
    thing({ name: "constructor", endpoint: "/toString" }),
  );
  const { json } = await create(client, "/toString", user("ada"));
  strictEqual(object(json["meta"])["resourceType"], "constructor");
  strictEqual((await client.get("/ResourceTypes/constructor")).status, 200);
  strictEqual((await client.get("/ResourceTypes/valueOf")).status, 404);
  strictEqual((await client.get("/valueOf")).status, 404);
});

Deno.test("44-3.2-3 The endpoint of a resource type is as it was given, and found in any case", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const { json } = await addType(
    server,
    thing({ name: "Mouse", endpoint: "Mice" }),
  );
  strictEqual(object(json["resourceType"])["endpoint"], "/Mice");
  const { path } = await create(client, "/Mice", user("squeak"));
  strictEqual((await client.get(path)).status, 200);
  strictEqual((await client.get(path.toLowerCase())).status, 200);
  strictEqual((await client.get("/Mouses")).status, 404);
});

Deno.test("Names and endpoints of resource types are taken in any case", async () => {
  await using server = await TestServer.start();
  await addType(server, thing());
  const before = await server.dump();
  for (
    const [more, detail] of [
      [{ name: "User" }, /There is a resource type "User" already/],
      [{ name: "gRoup" }, /There is a resource type "gRoup" already/],
      [{ name: "THING" }, /There is a resource type "THING" already/],
      [{ name: "Other", endpoint: "/users" }, /endpoint of "User" already/],
      [{ name: "Other", endpoint: "GROUPS" }, /endpoint of "Group" already/],
      [{ name: "Other", endpoint: "/tHINGS" }, /endpoint of "Thing" already/],
    ] as const
  ) {
    const resourceType = thing(more);
    isProblem(
      await server.admin("POST", "/resource-types", { resourceType }),
      409,
      detail,
    );
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test("The URI of a schema is taken in any case, by built-in schemas, too", async () => {
  await using server = await TestServer.start();
  await addSchema(server, BADGE);
  const before = await server.dump();
  for (
    const id of [
      CUSTOM.badge,
      CUSTOM.badge.toUpperCase(),
    ]
  ) {
    const schema = { ...one({ name: "a" }), id };
    isProblem(
      await server.admin("POST", "/schemas", { schema }),
      409,
      /There is a schema "urn:.*" already; PUT \/admin\/schemas\//i,
    );
  }
  for (
    const id of [
      URN.user,
      URN.group.toLowerCase(),
      URN.enterprise,
      SCHEMA,
      RESOURCE_TYPE,
    ]
  ) {
    const schema = { ...one({ name: "a" }), id };
    isProblem(
      await server.admin("POST", "/schemas", { schema }),
      409,
      /^The schema "urn:.*" is built in; it cannot be added or changed/,
    );
    isProblem(
      await server.admin("PUT", `/schemas/${id}`, { schema }),
      404,
      /^No schema "urn:.*" was added: it is built in and stays as it is/,
    );
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test("A schema extends a resource type that there is", async () => {
  await using server = await TestServer.start();
  const before = await server.dump();
  const schema = one({ name: "a" });
  isProblem(
    await server.admin("POST", "/schemas", { schema, extends: "Usr" }),
    400,
    /"extends" names the resource type "Usr", which does not exist; there are User, Group/,
  );
  isProblem(
    await server.admin("POST", "/schemas", { schema, required: true }),
    400,
    /"required" needs "extends"/,
  );
  deepStrictEqual(await server.dump(), before);
});

Deno.test("extends names a type in any case, and is shown as the type is named", async () => {
  await using server = await TestServer.start();
  const { json } = await addSchema(server, BADGE, { extends: "uSER" });
  strictEqual(json["extends"], "User");
});

for (const name of ["externalId", "ID", "meta", "Schemas"]) {
  Deno.test(
    `43-3.2-4 An extension of User with an attribute ${name} is refused`,
    withClient(async (_, server) => {
      const before = await server.dump();
      const schema = one({ name });
      isProblem(
        await server.admin("POST", "/schemas", { schema, extends: "User" }),
        400,
        /"\w+" of "urn:.*" is one that every resource has; an extension does/,
      );
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

/** An extension with names that the User schema has, too, as some vendors' have. */
const LIKE_CORE = schemaOf(
  "Vendor",
  { name: "userName" },
  { name: "title", type: "integer" },
  {
    name: "emails",
    type: "complex",
    multiValued: true,
    subAttributes: [{ name: "value" }, { name: "verified", type: "boolean" }],
  },
);
const VENDOR = text(LIKE_CORE["id"]);

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(`43-3.2-4 An extension with the names of core attributes does not redefine these (${profile})`, async () => {
    await using server = await TestServer.start();
    await addSchema(server, LIKE_CORE, { extends: "User" });
    const client = await server.client({ profile });
    const own = {
      userName: "other",
      title: 7,
      emails: [{ value: "b@example.com", verified: true }],
    };
    const core = {
      userName: "ada",
      title: "Countess",
      emails: [{ value: "a@example.com", type: "work" }],
    };
    const { json, path } = await create(client, "/Users", {
      schemas: [URN.user, VENDOR],
      ...core,
      [VENDOR]: own,
    });
    const shown = (
      { userName, title, emails, [VENDOR]: extension }: JsonObject,
    ) => ({ userName, title, emails, [VENDOR]: extension });
    deepStrictEqual(shown(json), { ...core, [VENDOR]: own });

    // Filters: a name without a URI is that of the core.
    for (
      const [filter, found] of [
        ['userName eq "ada"', 1],
        ['userName eq "other"', 0],
        [`${VENDOR}:userName eq "other"`, 1],
        ['emails.value eq "b@example.com"', 0],
        ['emails[value eq "a@example.com"]', 1],
        [`${VENDOR}:emails[verified eq true]`, 1],
        [`${VENDOR}:title gt 6`, 1],
        [`${URN.user}:title eq "Countess"`, 1],
      ] as const
    ) {
      const query = `/Users?filter=${encodeURIComponent(filter)}`;
      deepStrictEqual(
        [filter, (await client.names(query)).length],
        [filter, found],
      );
    }
    const unknown = encodeURIComponent("emails.verified eq true");
    strictEqual((await client.get(`/Users?filter=${unknown}`)).status, 400);

    // Projection.
    const part = await client.get(`${path}?attributes=emails,${VENDOR}:title`);
    deepStrictEqual(part.json, {
      schemas: [URN.user, VENDOR],
      id: json["id"],
      emails: core.emails,
      [VENDOR]: { title: 7 },
    });
    const rest = await client.get(`${path}?excludedAttributes=emails`);
    strictEqual(rest.json["emails"], undefined);
    deepStrictEqual(rest.json[VENDOR], own);

    // PATCH.
    const patched = await client.patch(path, [
      { op: "replace", path: "title", value: "Lady" },
      { op: "replace", path: `${VENDOR}:title`, value: 8 },
      { op: "remove", path: 'emails[value eq "b@example.com"]' },
      {
        op: "add",
        value: { [VENDOR]: { emails: [{ value: "c@example.com" }] } },
      },
    ]);
    deepStrictEqual(shown(patched.json), {
      ...core,
      title: "Lady",
      [VENDOR]: {
        ...own,
        title: 8,
        emails: [...own.emails, { value: "c@example.com" }],
      },
    });

    // Uniqueness and what is required are those of the core.
    strictEqual((await client.post("/Users", user("other"))).status, 201);
    const nameless = { schemas: [URN.user, VENDOR], [VENDOR]: own };
    strictEqual((await client.post("/Users", nameless)).status, 400);
  });
}

Deno.test("43-3.2-4 An attribute goes into the core and into an extension by PUT and with a type", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const forms: JsonObject[] = [
    { ...NETWORK, attributes: [{ name: "Label" }] },
    {
      ...DEVICE,
      attributes: [...objects(DEVICE["attributes"]), { name: "monthly" }],
    },
  ];
  for (const schema of forms) {
    const path = `/schemas/${text(schema["id"])}`;
    const put = await server.admin("PUT", path, { schema });
    strictEqual(put.status, 200, put.text);
  }
  const desk = schemaOf("Desk", { name: "Department" });
  await addSchema(server, desk);
  await addType(
    server,
    thing({
      schema: text(desk["id"]),
      schemaExtensions: [{ schema: URN.enterprise, required: false }],
    }),
  );
  const client = await server.client({ profile: "rfc" });
  const { json } = await create(
    client,
    "/Devices",
    networked("1", { Label: "n" }, { label: "d", monthly: "m" }),
  );
  strictEqual(json["label"], "d");
  strictEqual(json["monthly"], "m");
  deepStrictEqual(json[CUSTOM.network], { Label: "n" });
});

/** Resource types that name schemas wrongly. */
const WRONG_SCHEMAS: readonly (readonly [JsonObject, RegExp])[] = [
  [{ schema: "x" }, /schema names the schema "x", which does not exist/],
  [
    { schemaExtensions: [{ schema: CUSTOM.badge }] },
    /schemaExtensions\[0\]\.schema names.*add it with POST \/admin\/schemas/,
  ],
  [{ schema: SCHEMA }, /schema: "urn:.*" describes the server itself/],
  [
    { schemaExtensions: [{ schema: RESOURCE_TYPE.toLowerCase() }] },
    /schemaExtensions\[0\]\.schema: "urn:.*" describes the server itself/,
  ],
  [
    { schemaExtensions: [{ schema: URN.user.toUpperCase() }] },
    /names the schema "urn:.*:User" twice/,
  ],
];

for (const [more, detail] of WRONG_SCHEMAS) {
  Deno.test(
    `A resource type with ${brief(more)} is refused`,
    withClient(async (_, server) => {
      const before = await server.dump();
      const resourceType = thing(more);
      isProblem(
        await server.admin("POST", "/resource-types", { resourceType }),
        400,
        detail,
      );
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

Deno.test("A schema that is named in another case is found, and shown as it is", async () => {
  await using server = await TestServer.start();
  const { json } = await addType(
    server,
    thing({ schema: URN.user.toUpperCase() }),
  );
  strictEqual(object(json["resourceType"])["schema"], URN.user);
});

// Limits.

Deno.test("A type can have seven unique attributes, one with members two", async () => {
  await using server = await TestServer.start();
  const unique = (count: number, name: string) =>
    schemaOf(
      name,
      ...Array.from({ length: count }, (_, index) => ({
        name: `${name}${index}`,
        uniqueness: "server",
      })),
    );
  await addSchema(server, unique(6, "a"), { extends: "User" });
  await addSchema(server, unique(1, "b"), { extends: "Group" });
  const before = await server.dump();
  for (
    const [type, detail] of [
      [
        "User",
        /User would have 8 unique attributes \(userName, .*\); it can have 7/,
      ],
      ["Group", /Group would have 3 unique attributes .*; it can have 2/],
    ] as const
  ) {
    const schema = unique(1, "c");
    isProblem(
      await server.admin("POST", "/schemas", { schema, extends: type }),
      400,
      detail,
    );
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test("A tenant can add a hundred schemas and a hundred resource types", async () => {
  await using server = await TestServer.start();
  for (let i = 0; i < 100; i++) {
    await addSchema(server, schemaOf(`T${i}`, { name: "a" }));
    await addType(server, thing({ name: `T${i}`, endpoint: `/T${i}s` }));
  }
  const before = await server.dump();
  isProblem(
    await server.admin("POST", "/schemas", { schema: one({ name: "a" }) }),
    409,
    /A tenant can add 100 schemas at the most/,
  );
  isProblem(
    await server.admin("POST", "/resource-types", { resourceType: thing() }),
    409,
    /A tenant can add 100 resource types at the most/,
  );
  deepStrictEqual(await server.dump(), before);
  await addSchema(server, one({ name: "a" }), { tenant: "acme" });
});

Deno.test("What is larger than the store keeps is 413, as is a body that is larger than all", async () => {
  await using server = await TestServer.start();
  const before = await server.dump();
  // Letters in no order, since what is stored is compressed.
  let state = 1;
  const letter = () => {
    state = state * 48_271 % 0x7fff_ffff;
    return String.fromCodePoint(0x4e00 + state % 20_000);
  };
  const long = (count: number) =>
    schemaOf(
      "Thing",
      ...Array.from({ length: count }, (_, index) => ({
        name: `a${index}`,
        description: Array.from({ length: 2_000 }, letter).join(""),
      })),
    );
  isProblem(
    await server.admin("POST", "/schemas", { schema: long(30) }),
    413,
    /larger than 64 KiB when it is stored; shorten its descriptions/,
  );
  isProblem(
    await server.admin("POST", "/schemas", { schema: long(140) }),
    413,
    /The request body is larger than 262144 bytes/,
  );
  deepStrictEqual(await server.dump(), before);
});

// What comes back.

Deno.test("POST /admin/schemas answers with the schema, complete, and where it is", async () => {
  await using server = await TestServer.start();
  const answer = await addSchema(server, one({ name: "a" }), {
    extends: "User",
    required: true,
  });
  const { id } = one({ name: "a" });
  const shown = {
    schema: {
      schemas: [SCHEMA],
      id: text(id),
      attributes: [{
        name: "a",
        type: "string",
        multiValued: false,
        description: "",
        required: false,
        caseExact: false,
        mutability: "readWrite",
        returned: "default",
        uniqueness: "none",
      }],
      meta: {
        resourceType: "Schema",
        location: `https://scim.example.com/api/scim/v2/Schemas/${id}`,
      },
    },
    extends: "User",
    required: true,
  };
  deepStrictEqual(answer.json, { ...shown, tenant: "default" });
  const location = text(answer.headers.get("Location"));
  const read = await send(server, location, { token: ADMIN_SECRET });
  strictEqual(read.status, 200, read.text);
  deepStrictEqual(read.json, shown);
  const { json } = await server.admin("GET", "/schemas");
  deepStrictEqual(json, { schemas: [shown] });
});

Deno.test("POST /admin/resource-types answers with the type and where it is", async () => {
  await using server = await TestServer.start();
  for (const schema of [DEVICE, LEASE, NETWORK]) {
    await addSchema(server, schema, { tenant: "acme" });
  }
  const answer = await addType(server, DEVICE_TYPE, { tenant: "acme" });
  const shown = {
    resourceType: {
      schemas: [RESOURCE_TYPE],
      id: "Device",
      ...DEVICE_TYPE,
      meta: {
        resourceType: "ResourceType",
        location: "https://scim.example.com/api/scim/v2/ResourceTypes/Device",
      },
    },
  };
  deepStrictEqual(answer.json, { ...shown, tenant: "acme" });
  const location = text(answer.headers.get("Location"));
  const read = await send(server, location, { token: ADMIN_SECRET });
  strictEqual(read.status, 200, read.text);
  deepStrictEqual(read.json, shown);
  const { json } = await server.admin("GET", "/resource-types?tenant=acme");
  deepStrictEqual(json, { resourceTypes: [shown] });
});

Deno.test("Location leads to where clients reach the server", async () => {
  await using server = await TestServer.start({
    publicUrl: "https://id.example.org/",
  });
  const schema = await addSchema(server, DEVICE);
  strictEqual(
    schema.headers.get("Location"),
    `https://id.example.org/admin/schemas/${CUSTOM.device}?tenant=default`,
  );
  const type = await addType(server, thing());
  strictEqual(
    type.headers.get("Location"),
    "https://id.example.org/admin/resource-types/Thing?tenant=default",
  );
});

Deno.test("Definitions are listed in the order in which they were added", async () => {
  await using server = await TestServer.start();
  for (const name of ["Zeta", "Alpha", "Mid"]) {
    await addSchema(server, schemaOf(name, { name: "a" }));
    await addType(server, thing({ name, endpoint: `/${name}s` }));
  }
  const schemas = objects(
    (await server.admin("GET", "/schemas")).json["schemas"],
  );
  deepStrictEqual(
    schemas.map(({ schema }) => text(object(schema)["id"]).split(":").at(-1)),
    ["Zeta", "Alpha", "Mid"],
  );
  const { json } = await server.admin("GET", "/resource-types");
  deepStrictEqual(
    objects(json["resourceTypes"]).map(({ resourceType }) =>
      object(resourceType)["name"]
    ),
    ["Zeta", "Alpha", "Mid"],
  );
});

Deno.test("Members are read in any case, and null and [] as if they were not there", async () => {
  await using server = await TestServer.start();
  const plain = await addSchema(
    server,
    schemaOf("Thing", {
      name: "a",
      type: "reference",
      caseExact: true,
      referenceTypes: ["User"],
    }, { name: "b" }),
  );
  const { id } = one({ name: "a" });
  await server.admin("DELETE", `/schemas/${id}`);
  const odd = await addSchema(server, {
    ID: text(id),
    Name: null,
    DESCRIPTION: null,
    schemas: [],
    Attributes: [{
      NAME: "a",
      Type: "reference",
      CASEEXACT: true,
      ReferenceTypes: ["User"],
      canonicalValues: [],
      subAttributes: [],
    }, {
      name: "b",
      type: null,
      multiValued: null,
      description: null,
      required: null,
      canonicalValues: null,
      canonicalValuesOnly: null,
      caseExact: null,
      mutability: null,
      returned: null,
      uniqueness: null,
      referenceTypes: [],
      subAttributes: null,
    }],
    meta: null,
  });
  deepStrictEqual(odd.json, plain.json);
});

Deno.test("A schema and a type as they are published can be sent back as they are", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const client = await server.client();
  const { json: type } = await client.get("/ResourceTypes/Device");
  const acme = await server.client({ tenant: "acme" });
  for (const uri of [CUSTOM.device, CUSTOM.lease, CUSTOM.network]) {
    const { json: schema } = await client.get(`/Schemas/${uri}`);
    await addSchema(server, schema, { tenant: "acme" });
    deepStrictEqual((await acme.get(`/Schemas/${uri}`)).json, schema);
    const put = await server.admin("PUT", `/schemas/${uri}?tenant=acme`, {
      schema,
    });
    strictEqual(put.status, 200, put.text);
    deepStrictEqual((await acme.get(`/Schemas/${uri}`)).json, schema);
  }
  await addType(server, type, { tenant: "acme" });
  deepStrictEqual((await acme.get("/ResourceTypes/Device")).json, type);
});

Deno.test("A closed list of values stays one when the admin API's schema is sent back", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const client = await server.client();
  const path = `/schemas/${CUSTOM.device}`;
  const { json } = await server.admin("GET", path);
  const { schema = null } = json;
  const put = await server.admin("PUT", path, { schema });
  strictEqual(put.status, 200, put.text);
  deepStrictEqual(put.json, json);
  const { status } = await client.post(
    "/Devices",
    device("1", { kind: "Car" }),
  );
  strictEqual(status, 400);
});

Deno.test("Names that every object inherits are names of attributes like others", async () => {
  await using server = await TestServer.start();
  const client = await server.client({ profile: "rfc" });
  const names = [
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "isPrototypeOf",
  ];
  const { id } = one({ name: "a" });
  await addSchema(
    server,
    schemaOf(
      "Thing",
      ...names.map((name) => ({ name, uniqueness: "server" })),
    ),
    { extends: "User" },
  );
  const uri = text(id);
  const extended = (userName: string, values: JsonObject) =>
    user(userName, { schemas: [URN.user, uri], [uri]: values });
  for (const name of names) {
    const { json, path } = await create(
      client,
      "/Users",
      extended(name, { [name]: "x" }),
    );
    deepStrictEqual(json[uri], { [name]: "x" });
    deepStrictEqual((await client.get(path)).json, json);
    const query = encodeURIComponent(`${uri}:${name} eq "X"`);
    deepStrictEqual(await client.names(`/Users?filter=${query}`), [name]);
    const taken = await client.post("/Users", extended("n", { [name]: "X" }));
    strictEqual(taken.status, 409, taken.text);
    const removed = await client.patch(path, [
      { op: "remove", path: `${uri}:${name}` },
    ]);
    strictEqual(removed.json[uri], undefined);
  }
});

// Who may, and where.

Deno.test("Definitions are there for the holder of the admin secret only", async () => {
  await using server = await TestServer.start();
  const token = await server.token();
  for (
    const path of ["/schemas", "/resource-types", `/schemas/${CUSTOM.badge}`]
  ) {
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const url = `https://scim.example.com/admin${path}`;
      const body = { schema: BADGE };
      const request = method === "GET" ? { method } : { method, body };
      isProblem(await send(server, url, { ...request, token }), 401, /secret/);
    }
  }
});

Deno.test("Tenants do not see each other's schemas and types", async () => {
  await using server = await TestServer.start();
  await registerDevices(server, { tenant: "acme" });
  await server.token({ tenant: "globex" });
  for (const tenant of ["default", "globex"]) {
    const query = `?tenant=${tenant}`;
    deepStrictEqual((await server.admin("GET", `/schemas${query}`)).json, {
      schemas: [],
    });
    deepStrictEqual(
      (await server.admin("GET", `/resource-types${query}`)).json,
      { resourceTypes: [] },
    );
    for (
      const path of [`/schemas/${CUSTOM.device}`, "/resource-types/Device"]
    ) {
      for (const method of ["GET", "DELETE"]) {
        isProblem(
          await server.admin(method, `${path}${query}`),
          404,
          /was added; GET \/admin\/.* lists those that were/,
        );
      }
    }
    const client = await server.client({ tenant });
    strictEqual((await client.get("/Devices")).status, 404);
    strictEqual((await client.get("/ResourceTypes/Device")).status, 404);
    strictEqual((await client.get(`/Schemas/${CUSTOM.device}`)).status, 404);
    const extended = user("ada", {
      schemas: [URN.user, CUSTOM.badge],
      [CUSTOM.badge]: { level: 1 },
    });
    strictEqual(
      (await client.post("/Users", extended)).json[CUSTOM.badge],
      undefined,
    );
  }
  const acme = await server.client({ tenant: "acme" });
  strictEqual((await acme.get("/Devices")).status, 200);
  strictEqual((await acme.get(`/Schemas/${CUSTOM.device}`)).status, 200);
});

Deno.test("A tenant comes into being with its first definition, and not with a refused one", async () => {
  await using server = await TestServer.start();
  const tenants = async () =>
    objects((await server.admin("GET", "/tenants")).json["tenants"])
      .map(({ id }) => id);
  await server.admin("POST", "/schemas", {
    schema: BADGE,
    extends: "Badge",
    tenant: "acme",
  });
  await server.admin("POST", "/resource-types", {
    resourceType: DEVICE_TYPE,
    tenant: "acme",
  });
  deepStrictEqual(await tenants(), ["default"]);
  await addSchema(server, BADGE, { tenant: "acme" });
  await addType(server, thing(), { tenant: "globex" });
  deepStrictEqual(await tenants(), ["acme", "default", "globex"]);
});

Deno.test("Definitions of a tenant that is not there are 404, those of one that cannot be 400", async () => {
  await using server = await TestServer.start();
  const before = await server.dump();
  for (const path of ["/schemas", "/resource-types"]) {
    isProblem(
      await server.admin("GET", `${path}?tenant=nobody`),
      404,
      /no tenant "nobody"; GET \/admin\/tenants lists them/,
    );
    for (const tenant of ["", "a/b", "-a", "a b", "x".repeat(64)]) {
      const query = `?tenant=${encodeURIComponent(tenant)}`;
      const name = path === "/schemas" ? CUSTOM.badge : "Device";
      for (
        const [method, place] of [
          ["GET", path],
          ["GET", `${path}/${name}`],
          ["DELETE", `${path}/${name}`],
        ] as const
      ) {
        const answer = await server.admin(method, `${place}${query}`);
        isProblem(answer, 400, /^\/tenant must be 1 to 63 letters/);
        deepStrictEqual(pointers(answer), ["/tenant"]);
      }
    }
  }
  deepStrictEqual(await server.dump(), before);
});

for (
  const name of [
    "Nothing",
    "__proto__",
    "constructor",
    "%00",
    "%2F",
    "a%20b",
    "x".repeat(3_000),
    URN.user,
    "User",
  ]
) {
  Deno.test(
    `/admin/schemas/${brief(name)} and /admin/resource-types/${
      brief(name)
    } are 404 when no such thing was added`,
    async () => {
      await using server = await TestServer.start();
      await registerDevices(server);
      const before = await server.dump();
      for (
        const [method, path, body] of [
          ["GET", "/schemas"],
          ["DELETE", "/schemas"],
          ["PUT", "/schemas", { schema: BADGE }],
          ["GET", "/resource-types"],
          ["DELETE", "/resource-types"],
        ] as const
      ) {
        isProblem(
          await server.admin(method, `${path}/${name}`, body),
          404,
          /^No (schema|resource type) ".*" was added(: it is built in.*)?; GET \/admin\//s,
        );
      }
      deepStrictEqual(await server.dump(), before);
    },
  );
}

Deno.test("A resource type is not changed, only added and taken away", async () => {
  await using server = await TestServer.start();
  await addType(server, thing());
  for (const method of ["PUT", "PATCH"]) {
    isProblem(
      await server.admin(method, "/resource-types/Thing", {
        resourceType: thing(),
      }),
      404,
      /There is no (PUT|PATCH)/,
    );
  }
});

// DELETE.

Deno.test("What nobody uses can be deleted and added again, in any case of its name", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  await registerDevices(server);
  for (
    const path of [
      "/resource-types/dEVICE",
      `/schemas/${CUSTOM.device.toUpperCase()}`,
      `/schemas/${CUSTOM.lease}`,
      `/schemas/${CUSTOM.network}`,
      `/schemas/${CUSTOM.badge}`,
    ]
  ) {
    const answer = await server.admin("DELETE", path);
    strictEqual(answer.status, 204, answer.text);
    strictEqual(answer.text, "");
    isProblem(await server.admin("GET", path), 404, /was added/);
    isProblem(await server.admin("DELETE", path), 404, /was added/);
  }
  strictEqual((await client.get("/Devices")).status, 404);
  strictEqual((await client.get(`/Schemas/${CUSTOM.badge}`)).status, 404);
  await registerDevices(server);
  await create(client, "/Devices", device("1"));
});

Deno.test("A schema that a resource type names is not deleted", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const before = await server.dump();
  for (const uri of [CUSTOM.device, CUSTOM.lease, CUSTOM.network]) {
    isProblem(
      await server.admin("DELETE", `/schemas/${uri}`),
      409,
      /belongs to the resource type "Device"; delete that first/,
    );
  }
  deepStrictEqual(await server.dump(), before);
});

Deno.test("A resource type that a schema extends is not deleted", async () => {
  await using server = await TestServer.start();
  await addType(server, thing());
  await addSchema(server, BADGE, { extends: "thing" });
  isProblem(
    await server.admin("DELETE", "/resource-types/Thing"),
    409,
    /Schema "urn:.*" extends "Thing"; delete that first/,
  );
  const deleted = await server.admin("DELETE", `/schemas/${CUSTOM.badge}`);
  strictEqual(deleted.status, 204);
  const { status } = await server.admin("DELETE", "/resource-types/Thing");
  strictEqual(status, 204);
});

Deno.test(
  "A resource type stays while there are resources, and goes with the last of them",
  withDevices(async (client, server) => {
    const { id, path } = await create(client, "/Devices", device("1"));
    const before = await server.dump();
    isProblem(
      await server.admin("DELETE", "/resource-types/Device"),
      409,
      new RegExp(`Device "${id}" among them`),
    );
    const after = await server.dump();
    deepStrictEqual(after.length, before.length);
    strictEqual((await client.get(path)).status, 200);
    await client.delete(path);
    const { status } = await server.admin("DELETE", "/resource-types/Device");
    strictEqual(status, 204);
    strictEqual((await client.get(path)).status, 404);
  }),
);

Deno.test(
  "An extension stays while a resource has a value of it, and goes with the last of them",
  withDevices(async (client, server) => {
    const badged = user("ada", {
      schemas: [URN.user, CUSTOM.badge],
      [CUSTOM.badge]: { number: "7", code: "secret" },
    });
    const { id, path } = await create(client, "/Users", badged);
    await client.user("bob");
    isProblem(
      await server.admin("DELETE", `/schemas/${CUSTOM.badge}`),
      409,
      new RegExp(`attributes of the schema ".*", User "${id}" among them`),
    );
    await client.patch(path, [{ op: "remove", path: CUSTOM.badge }]);
    const { status } = await server.admin("DELETE", `/schemas/${CUSTOM.badge}`);
    strictEqual(status, 204);
    const { json } = await client.get(path);
    deepStrictEqual(json["schemas"], [URN.user]);
  }),
);

// PUT.

Deno.test("PUT /admin/schemas/{id} changes what nobody uses", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const schema = badge({ name: "number", type: "integer" }, { name: "x" });
  const path = `/schemas/${CUSTOM.badge}`;
  const put = await server.admin("PUT", path, { schema });
  strictEqual(put.status, 200, put.text);
  strictEqual(put.json["extends"], "User");
  deepStrictEqual((await server.admin("GET", path)).json, put.json);
  const client = await server.client({ profile: "rfc" });
  const { json } = await client.get(`/Schemas/${CUSTOM.badge}`);
  deepStrictEqual(
    objects(json["attributes"]).map(({ name, type }) => [name, type]),
    [["number", "integer"], ["x", "string"]],
  );
  const badged = user("ada", {
    schemas: [URN.user, CUSTOM.badge],
    [CUSTOM.badge]: { number: 7, x: "y" },
  });
  await create(client, "/Users", badged);
});

Deno.test("PUT /admin/schemas/{id} is about the schema in the URL, in any case of its URI", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const before = await server.dump();
  for (const id of [CUSTOM.network, "urn:example:other", URN.user]) {
    const answer = await server.admin("PUT", `/schemas/${CUSTOM.badge}`, {
      schema: { ...BADGE, id },
    });
    isProblem(answer, 400, /^\/schema\/id must be "urn:.*", the schema in the/);
    deepStrictEqual(pointers(answer), ["/schema/id"]);
  }
  deepStrictEqual(await server.dump(), before);
  const put = await server.admin(
    "PUT",
    `/schemas/${CUSTOM.badge.toUpperCase()}`,
    { schema: { ...BADGE, id: CUSTOM.badge.toUpperCase() } },
  );
  strictEqual(put.status, 200, put.text);
  strictEqual(object(put.json["schema"])["id"], CUSTOM.badge);
});

Deno.test("PUT /admin/schemas/{id} refuses what POST refuses", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const before = await server.dump();
  const path = `/schemas/${CUSTOM.badge}`;
  for (
    const [body, wrong, detail] of [
      [{}, ["/schema"], /must be an object/],
      [
        { schema: BADGE, type: "x" },
        ["/type"],
        /known are schema, extends, required, tenant$/,
      ],
      [
        { schema: BADGE, extends: "Group" },
        ["/extends"],
        /must be "User", as before; what a schema extends does not change/,
      ],
      [{ schema: BADGE, required: "yes" }, ["/required"], /must be a boolean/],
      [
        { schema: badge({ name: "1" }) },
        ["/schema/attributes/0/name"],
        /must be a letter/,
      ],
      [{ schema: badge() }, ["/schema/attributes"], /is required/],
    ] as const
  ) {
    const answer = await server.admin("PUT", path, body);
    isProblem(answer, 400, detail);
    deepStrictEqual(pointers(answer), wrong);
  }
  isProblem(
    await server.admin("PUT", path, { schema: badge({ name: "externalID" }) }),
    400,
    /"externalID" of "urn:.*" is one that every resource has/i,
  );
  deepStrictEqual(await server.dump(), before);
});

/** Forms of BADGE that would take "level" or "number" away from who has it. */
const TAKES_AWAY: readonly (readonly [string, JsonObject[]])[] = [
  ["an attribute left out", [{ name: "level", type: "integer" }]],
  ["another type", [{ name: "number", caseExact: true }, { name: "level" }]],
  ["several values", [
    { name: "number", caseExact: true },
    { name: "level", type: "integer", multiValued: true },
  ]],
  ["another case of letters", [
    { name: "number", caseExact: true },
    { name: "Level", type: "integer" },
  ]],
  ["another comparison", [
    { name: "number" },
    { name: "level", type: "integer" },
  ]],
];

for (const [what, attributes] of TAKES_AWAY) {
  Deno.test(
    `PUT /admin/schemas/{id} with ${what} is 409 while a resource has a value, and not after`,
    withDevices(async (client, server) => {
      const keys = [{ name: "number", caseExact: true }, {
        name: "level",
        type: "integer",
      }];
      const path = `/schemas/${CUSTOM.badge}`;
      await server.admin("PUT", path, { schema: badge(...keys) });
      const { id, path: ada } = await create(
        client,
        "/Users",
        user("ada", {
          schemas: [URN.user, CUSTOM.badge],
          [CUSTOM.badge]: { number: "A", level: 1 },
        }),
      );
      const { json: before } = await server.admin("GET", path);
      const schema = badge(...attributes);
      isProblem(
        await server.admin("PUT", path, { schema }),
        409,
        new RegExp(`a value of "urn:.*:(number|level)", User "${id}" among`),
      );
      deepStrictEqual((await server.admin("GET", path)).json, before);
      deepStrictEqual((await client.get(ada)).json[CUSTOM.badge], {
        number: "A",
        level: 1,
      });
      await client.patch(ada, [{ op: "remove", path: CUSTOM.badge }]);
      const put = await server.admin("PUT", path, { schema });
      strictEqual(put.status, 200, put.text);
    }),
  );
}

Deno.test(
  "PUT /admin/schemas/{id} adds attributes and changes descriptions while resources have values",
  withDevices(async (client, server) => {
    const { path } = await create(
      client,
      "/Users",
      user("ada", {
        schemas: [URN.user, CUSTOM.badge],
        [CUSTOM.badge]: { number: "A", level: 1 },
      }),
    );
    const attributes = objects(BADGE["attributes"]).map((attribute) => ({
      ...attribute,
      description: "new",
    }));
    const schema = badge(...attributes, { name: "colour" });
    const url = `/schemas/${CUSTOM.badge}`;
    const put = await server.admin("PUT", url, { schema });
    strictEqual(put.status, 200, put.text);
    const patched = await client.patch(path, [
      { op: "add", path: `${CUSTOM.badge}:colour`, value: "red" },
    ]);
    deepStrictEqual(patched.json[CUSTOM.badge], {
      number: "A",
      level: 1,
      colour: "red",
    });
  }),
);

Deno.test(
  "An attribute becomes unique when its values are, and its duplicates are told when not",
  withDevices(async (client, server) => {
    const badged = (userName: string, level: number) =>
      user(userName, {
        schemas: [URN.user, CUSTOM.badge],
        [CUSTOM.badge]: { level },
      });
    const ada = await create(client, "/Users", badged("ada", 1));
    const bob = await create(client, "/Users", badged("bob", 1));
    const schema = badge(
      ...objects(BADGE["attributes"]).map((attribute) =>
        attribute["name"] === "level"
          ? { ...attribute, uniqueness: "server" }
          : attribute
      ),
    );
    const url = `/schemas/${CUSTOM.badge}`;
    const refused = await server.admin("PUT", url, { schema });
    isProblem(refused, 409, /cannot be made unique: some resources share one/);
    const [duplicate, ...others] = objects(refused.json["duplicates"]);
    deepStrictEqual(others, []);
    const { ids, ...rest } = object(duplicate);
    deepStrictEqual(rest, { resourceType: "User", value: "1" });
    ok(Array.isArray(ids));
    deepStrictEqual(ids.map(String).sort(), [ada.id, bob.id].sort());
    await create(client, "/Users", badged("cyd", 1));
    for (const path of [bob.path, ada.path]) {
      await client.patch(path, [
        { op: "replace", path: `${CUSTOM.badge}:level`, value: path.length },
      ]);
      await client.delete(path);
    }
    const put = await server.admin("PUT", url, { schema });
    strictEqual(put.status, 200, put.text);
    const taken = await client.post("/Users", badged("dan", 1));
    strictEqual(taken.status, 409, taken.text);
    strictEqual(taken.json["scimType"], "uniqueness");
    const back = await server.admin("PUT", url, { schema: BADGE });
    strictEqual(back.status, 200, back.text);
    await create(client, "/Users", badged("dan", 1));
  }),
);

Deno.test("The uniqueness of one attribute changes at a time", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const schema = badge(
    { name: "number", caseExact: true },
    { name: "level", type: "integer", uniqueness: "server" },
  );
  isProblem(
    await server.admin("PUT", `/schemas/${CUSTOM.badge}`, { schema }),
    409,
    /The uniqueness of level and number would change; change that of one/,
  );
});

Deno.test(
  "PUT /admin/schemas/{id} takes away what other types no longer use, and not what they do",
  withDevices(async (client, server) => {
    await create(client, "/Devices", networked("1", { address: "a", vlan: 7 }));
    const left = (name: string) => ({
      ...NETWORK,
      attributes: objects(NETWORK["attributes"]).filter((attribute) =>
        attribute["name"] !== name
      ),
    });
    const url = `/schemas/${CUSTOM.network}`;
    isProblem(
      await server.admin("PUT", url, { schema: left("vlan") }),
      409,
      /a value of "urn:.*:vlan", Device/,
    );
    const put = await server.admin("PUT", url, { schema: left("links") });
    strictEqual(put.status, 200, put.text);
  }),
);

Deno.test("Of two who add the same at once, one is told that it is there", async () => {
  await using server = await TestServer.start();
  const schemas = await Promise.all(
    [1, 2, 3].map(() => server.admin("POST", "/schemas", { schema: BADGE })),
  );
  deepStrictEqual(schemas.map(({ status }) => status).sort(), [201, 409, 409]);
  const types = await Promise.all(
    ["A", "B", "C"].map((name) =>
      server.admin("POST", "/resource-types", { resourceType: thing({ name }) })
    ),
  );
  deepStrictEqual(types.map(({ status }) => status).sort(), [201, 409, 409]);
});

Deno.test("Different definitions that are added at once are all there", async () => {
  await using server = await TestServer.start();
  const names = ["A", "B", "C", "D", "E"];
  await Promise.all(
    names.map((name) => addSchema(server, schemaOf(name, { name: "a" }))),
  );
  const { json } = await server.admin("GET", "/schemas");
  strictEqual(objects(json["schemas"]).length, names.length);
});

Deno.test("A schema that is read and sent back as it is stays as it is", async () => {
  await using server = await TestServer.start();
  const id = "urn:example:schemas:Everything";
  const sub = { name: "value", sensitive: true, mutability: "immutable" };
  await server.admin("POST", "/schemas", {
    schema: {
      id,
      name: "Everything",
      description: "All there is",
      attributes: [
        {
          name: "kind",
          canonicalValues: ["a", "b"],
          canonicalValuesOnly: true,
          caseExact: true,
          required: true,
          returned: "always",
          uniqueness: "server",
        },
        { name: "secret", mutability: "writeOnly", sensitive: true },
        { name: "link", type: "reference", referenceTypes: ["external"] },
        {
          name: "parts",
          type: "complex",
          multiValued: true,
          returned: "request",
          subAttributes: [sub, { name: "primary", type: "boolean" }],
        },
      ],
    },
  });
  const path = `/schemas/${id}`;
  const { json } = await server.admin("GET", path);
  const answer = await server.admin("PUT", path, {
    schema: json["schema"] ?? null,
  });
  strictEqual(answer.status, 200, answer.text);
  deepStrictEqual((await server.admin("GET", path)).json, json);
});

Deno.test("A misspelt query parameter is 400, so that no other tenant is meant", async () => {
  await using server = await TestServer.start();
  for (
    const [method, path] of [
      ["GET", "/schemas?tenat=acme"],
      ["DELETE", "/schemas/urn:example:x?tenat=acme"],
      ["GET", "/resource-types?Tenant=acme"],
      ["GET", "/changes?tenat=acme"],
    ] as const
  ) {
    const answer = await server.admin(method, path);
    strictEqual(answer.status, 400, answer.text);
    ok(/is not known; known are tenant/.test(answer.text), answer.text);
  }
});
