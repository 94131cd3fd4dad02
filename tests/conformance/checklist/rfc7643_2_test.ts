import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { schemaDocument } from "../../../domain/discovery.ts";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  BASE,
  type Client,
  isScimError,
  object,
  objects,
  URN,
  user,
  values,
  withClient,
} from "../../routes/harness.ts";

// RFC 7643 sections 1.1, 2.1 and 2.2. 43-2.1-4 is in tests/routes/bad_input_test.ts.

const PROFILES = ["rfc", "compatible"] as const;

const DISCOVERY = ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"];

function found(client: Client, path: string, filter: string) {
  return client.names(`${path}?filter=${encodeURIComponent(filter)}`);
}

/** All names and strings of a document. */
function textsOf(value: JsonValue): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return [...Object.keys(value), ...Object.values(value).flatMap(textsOf)];
}

const OBJECTS_FOR_SIMPLE_VALUES: readonly JsonObject[] = [
  { userName: { value: "x" } },
  { title: { value: "x" } },
  { active: { value: true } },
  { externalId: { value: "x" } },
  { profileUrl: { value: "https://example.com" } },
  { name: { givenName: { value: "x" } } },
  { emails: [{ value: { value: "x" } }] },
  { [URN.enterprise]: { department: { value: "x" } } },
];

for (const profile of PROFILES) {
  Deno.test(
    `43-1.1-1 An object where a simple value belongs is 400 invalidValue (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      for (const wrong of OBJECTS_FOR_SIMPLE_VALUES) {
        const body = user("eve", wrong);
        const answers = [
          await client.post("/Users", body),
          await client.put(`/Users/${id}`, body),
          await client.patch(`/Users/${id}`, [{ op: "replace", value: wrong }]),
        ];
        for (const answer of answers) {
          isScimError(answer, 400, "invalidValue", /must be .*, not an object/);
        }
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

Deno.test(
  "43-1.1-1 A simple attribute has no sub-attributes to name in filters and paths",
  withClient(async (client, server) => {
    const { id } = await client.user("ada", { title: "Dr." });
    const before = await server.dump();
    const query = `/Users?filter=${encodeURIComponent('title.value eq "Dr."')}`;
    isScimError(await client.get(query), 400, "invalidFilter", /title/);
    const answer = await client.patch(`/Users/${id}`, [
      { op: "replace", path: "title.value", value: "x" },
    ]);
    isScimError(answer, 400, "invalidPath", /title/);
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "43-1.1-2 No name and no value of discovery is in the quotation marks of the RFC's text",
  withClient(async (client) => {
    for (const path of DISCOVERY) {
      const texts = textsOf((await client.get(path)).json);
      ok(texts.length > 10);
      deepStrictEqual(texts.filter((text) => /^["']|["']$/.test(text)), []);
    }
  }),
);

Deno.test(
  "43-1.1-2 Quotation marks that a client sends are part of the value",
  withClient(async (client) => {
    const { json } = await client.user("ada", { nickName: '"Al"' });
    strictEqual(json["nickName"], '"Al"');
    await client.user("bob", { nickName: "Al" });
    deepStrictEqual(await found(client, "/Users", 'nickName eq "\\"Al\\""'), [
      "ada",
    ]);
    deepStrictEqual(await found(client, "/Users", 'nickName eq "Al"'), ["bob"]);
  }),
);

const WRONG: readonly (readonly [JsonObject, RegExp])[] = [
  [{ title: 5 }, /"title"/],
  [{ name: { givenName: 5 } }, /"name\.givenName"/],
  [{ active: 5 }, /"active"/],
  [{ emails: [{ value: "a" }, { value: 5 }] }, /"emails\[1\]\.value"/],
];

for (const profile of PROFILES) {
  Deno.test(
    `43-1.1-3 A body is checked attribute by attribute, and the wrong one is named (${profile})`,
    withClient(async (client) => {
      const right = { title: "Dr.", name: { givenName: "Ada" }, active: true };
      for (const [wrong, name] of WRONG) {
        const body = user("ada", { ...right, ...wrong });
        isScimError(
          await client.post("/Users", body),
          400,
          "invalidValue",
          name,
        );
      }
      const { json } = await client.user("ada", right);
      deepStrictEqual(json["name"], right.name);
    }, { profile }),
  );
}

Deno.test(
  "43-1.1-3 An unknown attribute costs a body nothing but itself in the compatible profile",
  withClient(async (client) => {
    const unknown = { nonsense: 1, "urn:example:x": { y: 1 } };
    const { json } = await client.user("ada", { title: "Dr.", ...unknown });
    deepStrictEqual(
      Object.keys(json).sort(),
      ["id", "meta", "schemas", "title", "userName"],
    );
  }, { profile: "compatible" }),
);

Deno.test(
  "43-1.1-3 An unknown attribute is 400 invalidSyntax in the strict profile, and is named",
  withClient(async (client, server) => {
    const before = await server.dump();
    const answer = await client.post("/Users", user("ada", { nonsense: 1 }));
    isScimError(answer, 400, "invalidSyntax", /"nonsense" is not defined/);
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

// Names in any case.

const ADA: JsonObject = {
  NAME: { FAMILYNAME: "King", givenname: "Ada" },
  eMails: [
    { VALUE: "ada@work", Type: "work" },
    { value: "ada@home", type: "home" },
  ],
  [URN.enterprise.toUpperCase()]: { DEPARTMENT: "R" },
};

for (const profile of PROFILES) {
  Deno.test(
    `43-2.1-1 Names in a body are read in any case and answered in the schema's (${profile})`,
    withClient(async (client) => {
      const { schemas, userName, name, emails, [URN.enterprise]: extension } =
        (await client.user("ada", ADA)).json;
      deepStrictEqual({ schemas, userName, name, emails, extension }, {
        schemas: [URN.user, URN.enterprise],
        userName: "ada",
        name: { familyName: "King", givenName: "Ada" },
        emails: [
          { value: "ada@work", type: "work" },
          { value: "ada@home", type: "home" },
        ],
        extension: { department: "R" },
      });
    }, { profile }),
  );

  Deno.test(
    `43-2.1-1 Names in filters and in sortBy are read in any case (${profile})`,
    withClient(async (client) => {
      await client.user("ada", ADA);
      await client.user("bob");
      for (
        const filter of [
          'USERNAME eq "ada"',
          'name.FAMILYNAME eq "King"',
          'EMAILS[TYPE eq "work" and Value eq "ada@work"]',
          'EMAILS.value eq "ada@home"',
          `${URN.enterprise.toUpperCase()}:Department eq "R"`,
          `${URN.user.toUpperCase()}:UserName eq "ada"`,
        ]
      ) deepStrictEqual(await found(client, "/Users", filter), ["ada"], filter);
      for (const sortBy of ["USERNAME", "userName", "username"]) {
        const { json } = await client.get(
          `/Users?sortBy=${sortBy}&sortOrder=descending`,
        );
        deepStrictEqual(
          objects(json["Resources"]).map(({ userName }) => userName),
          ["bob", "ada"],
        );
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.1-1 Names in attributes and excludedAttributes are read in any case (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", ADA);
      const keys = async (query: string) =>
        Object.keys((await client.get(`/Users/${id}?${query}`)).json).sort();
      deepStrictEqual(
        await keys(`attributes=USERNAME,Name.GIVENNAME`),
        ["id", "name", "schemas", "userName"],
      );
      deepStrictEqual(
        await keys(
          `excludedAttributes=EMAILS,META,${URN.enterprise.toUpperCase()}`,
        ),
        ["id", "name", "schemas", "userName"],
      );
    }, { profile }),
  );

  Deno.test(
    `43-2.1-1 Names in PATCH paths and values are read in any case (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", ADA);
      const { status, json } = await client.patch(`/Users/${id}`, [
        { op: "replace", path: "NAME.givenNAME", value: "Augusta" },
        { op: "replace", path: 'Emails[TYPE eq "work"].VALUE', value: "x" },
        { op: "remove", path: 'EMAILS[Type eq "home"]' },
        { op: "add", value: { TITLE: "Dr.", Active: true } },
        {
          op: "replace",
          path: `${URN.enterprise.toUpperCase()}:DEPARTMENT`,
          value: "S",
        },
      ]);
      strictEqual(status, 200);
      deepStrictEqual(json["name"], {
        familyName: "King",
        givenName: "Augusta",
      });
      deepStrictEqual(values(json["emails"]), ["x"]);
      strictEqual(json["title"], "Dr.");
      strictEqual(json["active"], true);
      deepStrictEqual(json[URN.enterprise], { department: "S" });
    }, { profile }),
  );
}

// The schemas attribute of every representation.

Deno.test(
  "43-2.1-3 Every representation that the server sends carries schemas",
  withClient(async (client) => {
    const { id, json } = await client.user("ada");
    const staff = await client.group("staff", [id]);
    const search = {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      attributes: ["userName"],
    };
    const answers = [
      json,
      staff.json,
      (await client.put(`/Users/${id}`, user("ada", { title: "x" }))).json,
      (await client.patch(`/Users/${id}`, [{ op: "remove", path: "title" }]))
        .json,
      (await client.post("/.search", search)).json,
      (await client.post("/Users", user("ada"))).json,
    ];
    for (
      const path of [
        `/Users/${id}`,
        `/Users/${id}?attributes=userName`,
        `/Users/${id}?attributes=id`,
        `/Users/${id}?excludedAttributes=schemas`,
        `/Groups/${staff.id}?attributes=members`,
        "/Users?excludedAttributes=schemas",
        "/Groups?attributes=displayName",
        "",
        "/Users/nobody",
        ...DISCOVERY,
        `/Schemas/${URN.user}`,
        "/ResourceTypes/User",
      ]
    ) answers.push((await client.get(path)).json);
    for (const answer of answers) {
      const inside = answer["Resources"];
      for (const { schemas } of [answer, ...inside ? objects(inside) : []]) {
        ok(
          Array.isArray(schemas) && schemas.length > 0,
          JSON.stringify(answer),
        );
        ok(schemas.every((uri) => typeof uri === "string"));
      }
    }
  }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-2.1-3 A representation without schemas is 400 invalidSyntax (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const { id: staff } = await client.group("staff");
      const before = await server.dump();
      for (
        const [method, path, body] of [
          ["POST", "/Users", { userName: "eve" }],
          ["PUT", `/Users/${id}`, { userName: "eve" }],
          ["POST", "/Groups", { displayName: "eve" }],
          ["PUT", `/Groups/${staff}`, { displayName: "eve" }],
        ] as const
      ) {
        const answer = await client.send(path, { method, body });
        isScimError(answer, 400, "invalidSyntax", /"schemas" must be an array/);
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

// Names with a dollar sign.

for (const profile of PROFILES) {
  Deno.test(
    `43-2.1-5 $ref is a name in filters and in attributes like any other (${profile})`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const manager = { manager: { value: ada.id } };
      const bob = await client.user("bob", { [URN.enterprise]: manager });
      const staff = await client.group("staff", [bob.id]);
      await client.group("empty");
      for (
        const [path, filter, names] of [
          ["/Groups", `members.$ref eq "${bob.location}"`, ["staff"]],
          ["/Groups", `members[$ref eq "${bob.location}"]`, ["staff"]],
          ["/Groups", `members.$ref eq "${ada.location}"`, []],
          ["/Groups", "members.$REF pr", ["staff"]],
          ["/Users", `groups.$ref eq "${staff.location}"`, ["bob"]],
          ["/Users", `${URN.enterprise}:manager.$ref pr`, ["bob"]],
        ] as const
      ) deepStrictEqual(await found(client, path, filter), names, filter);
      const { json } = await client.get(
        `/Groups/${staff.id}?attributes=members.$ref`,
      );
      deepStrictEqual(json["members"], [{ $ref: bob.location }]);
    }, { profile }),
  );

  Deno.test(
    `43-2.1-5 $ref is a name in PATCH paths like any other (${profile})`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const bob = await client.user("bob");
      const path = `${URN.enterprise}:manager.$ref`;
      const { status, json } = await client.patch(`/Users/${bob.id}`, [
        { op: "add", path, value: ada.location },
      ]);
      strictEqual(status, 200);
      deepStrictEqual(object(json[URN.enterprise])["manager"], {
        value: ada.id,
        $ref: ada.location,
        displayName: "ada",
      });
    }, { profile }),
  );
}

Deno.test("43-2.2-1 What the definition of an attribute leaves out has the defaults of section 2.2", () => {
  const schema = {
    id: "urn:example:x",
    name: "X",
    description: "",
    attributes: [{ name: "plain" }],
  };
  deepStrictEqual(schemaDocument(schema, BASE)["attributes"], [{
    name: "plain",
    type: "string",
    multiValued: false,
    description: "",
    required: false,
    caseExact: false,
    mutability: "readWrite",
    returned: "default",
    uniqueness: "none",
  }]);
});
