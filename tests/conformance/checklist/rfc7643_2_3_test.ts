import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import { create, device, withDevices } from "../../routes/custom_types.ts";
import {
  BASE,
  type Client,
  isList,
  isScimError,
  object,
  objects,
  text,
  URN,
  user,
  values,
  withClient,
} from "../../routes/harness.ts";

// RFC 7643 section 2.3. 43-2.3-15 is in tests/routes/scim/discovery_test.ts.

const PROFILES = ["rfc", "compatible"] as const;

function query(path: string, filter: string): string {
  return `${path}?filter=${encodeURIComponent(filter)}`;
}

function found(client: Client, filter: string, path = "/Users") {
  return client.names(query(path, filter));
}

/** Every attribute and sub-attribute of every published schema, by its path. */
async function published(client: Client): Promise<Map<string, JsonObject>> {
  const { json } = await client.get("/Schemas");
  const all = new Map<string, JsonObject>();
  const walk = (prefix: string, attributes: JsonValue | undefined): void => {
    for (const attribute of objects(attributes ?? [])) {
      const path = prefix + text(attribute["name"]);
      all.set(path, attribute);
      walk(`${path}.`, attribute["subAttributes"]);
    }
  };
  for (const { name, attributes } of objects(json["Resources"])) {
    walk(`${text(name)}:`, attributes);
  }
  return all;
}

Deno.test(
  "43-2.3-1 Published schemas use the eight data types and no others",
  withClient(async (client) => {
    const types = [...(await published(client)).values()].map((a) => a["type"]);
    const known = [
      "string",
      "boolean",
      "decimal",
      "integer",
      "dateTime",
      "binary",
      "reference",
      "complex",
    ];
    ok(types.length > 100);
    deepStrictEqual(types.filter((type) => !known.includes(text(type))), []);
  }),
);

// 2.3.1 Strings.

for (const profile of PROFILES) {
  Deno.test(
    `43-2.3-2 A string is any sequence of Unicode characters (${profile})`,
    withClient(async (client) => {
      for (
        const [index, title] of [
          "Zürich 日本語",
          "😀👩‍👩‍👧",
          "\u0000\n\t",
          " a ",
          "e\u0301",
        ]
          .entries()
      ) {
        const { id } = await client.user(`u${index}`, { title });
        const { json } = await client.get(`/Users/${id}`);
        strictEqual(json["title"], title);
        const filter = `title eq ${JSON.stringify(title)}`;
        deepStrictEqual(await found(client, filter), [`u${index}`], filter);
      }
    }, { profile }),
  );
}

Deno.test(
  "43-2.3-2 An empty string is a value, though pr takes it for none, in the strict profile",
  withClient(async (client) => {
    const { id, json } = await client.user("empty", { title: "" });
    strictEqual(json["title"], "");
    const bob = await client.user("bob", { title: "x" });
    const { json: patched } = await client.patch(`/Users/${bob.id}`, [
      { op: "replace", path: "title", value: "" },
    ]);
    strictEqual(patched["title"], "");
    await client.user("absent");
    deepStrictEqual(await found(client, 'title eq ""'), ["bob", "empty"]);
    deepStrictEqual(await found(client, "title pr"), []);
    strictEqual((await client.get(`/Users/${id}`)).json["title"], "");
  }, { profile: "rfc" }),
);

Deno.test(
  "43-2.3-2 An empty string clears an attribute in the compatible profile",
  withClient(async (client) => {
    const { id, json } = await client.user("ada", { title: "", nickName: "A" });
    strictEqual(Object.hasOwn(json, "title"), false);
    const { json: patched } = await client.patch(`/Users/${id}`, [
      { op: "replace", path: "nickName", value: "" },
    ]);
    strictEqual(Object.hasOwn(patched, "nickName"), false);
    deepStrictEqual(await found(client, 'nickName eq ""'), []);
  }, { profile: "compatible" }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-2.3-3 Canonical values are published as suggestions, and others are taken (${profile})`,
    withClient(async (client) => {
      const all = await published(client);
      deepStrictEqual(
        all.get("User:emails.type")?.["canonicalValues"],
        ["work", "home", "other"],
      );
      match(
        text(all.get("Schema:attributes.canonicalValues")?.["description"]),
        /Others may be accepted/,
      );
      const emails = [{ value: "ada@school", type: "school" }];
      const { json } = await client.user("ada", { emails });
      deepStrictEqual(json["emails"], emails);
      deepStrictEqual(await found(client, 'emails[type eq "school"]'), ["ada"]);
    }, { profile }),
  );
}

// 2.3.2 Booleans.

function booleans(value: JsonValue): JsonObject[] {
  return [{ active: value }, { emails: [{ value: "a", primary: value }] }];
}

for (const value of ["true", "True", "false", "FALSE", "1", "", 1, 0]) {
  Deno.test(
    `43-2.3-4 ${
      JSON.stringify(value)
    } is no boolean for the strict profile, and nothing changes`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada", { active: true });
      const path = `/Users/${id}`;
      const before = await server.dump();
      for (const attributes of booleans(value)) {
        const answers = [
          await client.post("/Users", user("eve", attributes)),
          await client.put(path, user("ada", attributes)),
          await client.patch(path, [{ op: "add", value: attributes }]),
        ];
        for (const answer of answers) {
          isScimError(answer, 400, "invalidValue", /must be true or false/);
        }
      }
      const patched = await client.patch(path, [
        { op: "replace", path: "active", value },
      ]);
      isScimError(patched, 400, "invalidValue", /"active" must be true or/);
      const filter = `active eq ${JSON.stringify(value)}`;
      isScimError(
        await client.get(query("/Users", filter)),
        400,
        "invalidFilter",
      );
      deepStrictEqual(await server.dump(), before);
    }, { profile: "rfc" }),
  );
}

for (const [value, meant] of [["True", true], ["false", false]] as const) {
  Deno.test(
    `43-2.3-4 "${value}" is read as ${meant} by the compatible profile`,
    withClient(async (client) => {
      for (const [index, attributes] of booleans(value).entries()) {
        const { json } = await client.user(`u${index}`, attributes);
        const shown = index === 0
          ? json["active"]
          : objects(json["emails"])[0]?.["primary"];
        strictEqual(shown, meant);
      }
      const { id } = await client.user("ada", { active: !meant });
      const { json } = await client.patch(`/Users/${id}`, [
        { op: "Replace", path: "active", value },
      ]);
      strictEqual(json["active"], meant);
      const names = await found(client, `active eq "${value}"`);
      deepStrictEqual(names, ["ada", "u0"]);
    }, { profile: "compatible" }),
  );
}

for (const value of ["1", "yes", "truee", 1, 0]) {
  Deno.test(
    `43-2.3-4 ${
      JSON.stringify(value)
    } is no boolean for the compatible profile either`,
    withClient(async (client) => {
      for (const attributes of booleans(value)) {
        const answer = await client.post("/Users", user("ada", attributes));
        isScimError(answer, 400, "invalidValue", /must be true or false/);
      }
    }, { profile: "compatible" }),
  );
}

// 2.3.5 DateTimes. The users of these tests are created at 08:00 UTC.

for (const profile of PROFILES) {
  Deno.test(
    `43-2.3-7 A dateTime has date and time; anything else is 400 in a filter (${profile})`,
    withClient(async (client) => {
      for (
        const value of [
          "2026-11-23",
          "10:00:00Z",
          "2026-11-23T10:00Z",
          "2026-11-23 10:00:00Z",
          "20261123T100000Z",
          "2026-13-01T00:00:00Z",
          "2026-02-30T00:00:00Z",
          "2026-11-23T24:00:01Z",
          "2026-11-23T10:00:00+0200",
          "2026-11-23T10:00:00.Z",
          "Mon, 23 Nov 2026 10:00:00 GMT",
          "",
        ]
      ) {
        const answer = await client.get(
          query("/Users", `meta.created gt "${value}"`),
        );
        isScimError(
          answer,
          400,
          "invalidFilter",
          /like "2026-01-31T08:00:00Z"/,
        );
      }
      const number = query("/Users", "meta.created gt 2026");
      isScimError(await client.get(number), 400, "invalidFilter");
    }, { profile }),
  );

  Deno.test(
    `43-2.3-7 A dateTime with date and time is taken, and the server's own are such (${profile})`,
    withClient(async (client) => {
      const { json } = await client.user("ada");
      for (
        const value of [
          "2011-05-13T04:42:34Z",
          "2011-05-13T04:42:34.123+02:00",
          "2011-05-13T04:42:34.1234567Z",
          "2011-05-13T24:00:00-14:00",
        ]
      ) {
        deepStrictEqual(await found(client, `meta.created gt "${value}"`), [
          "ada",
        ]);
      }
      const { created, lastModified } = object(json["meta"]);
      for (const value of [created, lastModified]) {
        match(text(value), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.3-8 One instant is one value, whatever its zone and its fraction; no zone is UTC (${profile})`,
    withClient(async (client) => {
      await client.user("ada");
      for (
        const instant of [
          "2026-06-01T08:00:00Z",
          "2026-06-01T08:00:00.0Z",
          "2026-06-01T08:00:00.0000000Z",
          "2026-06-01T10:00:00+02:00",
          "2026-05-31T18:00:00-14:00",
          "2026-06-01T13:30:00.000+05:30",
          "2026-06-01T08:00:00",
        ]
      ) {
        const is = (operator: string) =>
          found(client, `meta.created ${operator} "${instant}"`);
        deepStrictEqual(await is("eq"), ["ada"], instant);
        deepStrictEqual(await is("ne"), [], instant);
        deepStrictEqual(await is("gt"), [], instant);
      }
      for (
        const later of [
          "2026-06-01T08:00:00.0000001Z",
          "2026-06-01T08:00:00-01:00",
        ]
      ) {
        deepStrictEqual(await found(client, `meta.created lt "${later}"`), [
          "ada",
        ]);
      }
    }, { profile }),
  );
}

// 2.3.4 Decimals.

/** Decimals as a client writes them, and the values that they have. */
const DECIMALS: readonly (readonly [string, number])[] = [
  ["10", 10],
  ["10.0", 10],
  ["-0.5", -0.5],
  ["0.1", 0.1],
  ["3.14159265358979", 3.14159265358979],
  ["1.50e1", 15],
  ["1e-7", 1e-7],
  ["9007199254740991", 9007199254740991],
];

for (const profile of PROFILES) {
  Deno.test(
    `43-2.3-5 A decimal is a JSON number, with a fraction or without, and keeps its value (${profile})`,
    withDevices(async (client) => {
      const { path } = await create(client, "/Devices", device("1"));
      for (const [written, weight] of DECIMALS) {
        const body = JSON.stringify(device("1")).replace(
          "{",
          `{"weight":${written},`,
        );
        const put = await client.send(path, { method: "PUT", body });
        strictEqual(put.status, 200, put.text);
        strictEqual(put.json["weight"], weight);
        strictEqual((await client.get(path)).json["weight"], weight);
        const filter = `weight eq ${written} and weight ge ${written}`;
        isList(await client.get(query("/Devices", filter)), { total: 1 });
        const others = `weight ne ${written} or weight lt ${written}`;
        isList(await client.get(query("/Devices", others)), { total: 0 });
      }
    }, { profile }),
  );

  for (const written of ["1.", ".5", "+1", "01", "0x1", "1,5", "NaN"]) {
    Deno.test(
      `43-2.3-5 ${written} is no decimal, in no body and in no filter (${profile})`,
      withDevices(async (client, server) => {
        const { path } = await create(client, "/Devices", device("1"));
        const before = await server.dump();
        const body = JSON.stringify(device("1")).replace(
          "{",
          `{"weight":${written},`,
        );
        const put = await client.send(path, { method: "PUT", body });
        isScimError(put, 400, "invalidSyntax");
        const answer = await client.get(
          query("/Devices", `weight eq ${written}`),
        );
        isScimError(answer, 400, "invalidFilter");
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }

  Deno.test(
    `43-2.3-5 What is no JSON number is no decimal (${profile})`,
    withDevices(async (client, server) => {
      const { path } = await create(client, "/Devices", device("1"));
      const before = await server.dump();
      for (const weight of ["1.5", true, [1, 2], { value: 1 }]) {
        for (
          const answer of [
            await client.post("/Devices", device("2", { weight })),
            await client.put(path, device("1", { weight })),
            await client.patch(path, [{
              op: "add",
              path: "weight",
              value: weight,
            }]),
          ]
        ) isScimError(answer, 400, "invalidValue", /"weight" must be a number/);
      }
      const text = query("/Devices", 'weight eq "1.5"');
      isScimError(await client.get(text), 400, "invalidFilter");
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

// 2.3.6 Binaries.

const PADDED = "MAUwAwQB/w==";

for (
  const firmware of [
    "not base64!",
    "MAUwAwQB/w=",
    "MAUwAwQB/w===",
    "MAUw AwQB/w==",
    "MAUwA",
  ]
) {
  Deno.test(
    `43-2.3-9 "${firmware}" is no base64 and 400 for the strict profile`,
    withDevices(async (client, server) => {
      const sent = device("1", { firmware: PADDED });
      const { path } = await create(client, "/Devices", sent);
      const before = await server.dump();
      const operation = { op: "add", path: "firmware", value: firmware };
      for (
        const answer of [
          await client.post("/Devices", device("2", { firmware })),
          await client.put(path, device("1", { firmware })),
          await client.patch(path, [operation]),
        ]
      ) {
        isScimError(
          answer,
          400,
          "invalidValue",
          /"firmware" must be base64/,
        );
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile: "rfc" }),
  );
}

for (const profile of PROFILES) {
  Deno.test(
    `43-2.3-9 A binary that is no string is 400 (${profile})`,
    withDevices(async (client) => {
      for (const firmware of [5, true, [1, 2], { data: "MAUw" }]) {
        const body = device("1", { firmware });
        isScimError(await client.post("/Devices", body), 400, "invalidValue");
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.3-9 43-2.3-10 Base64 is taken with padding and without, and kept as it was sent (${profile})`,
    withDevices(async (client) => {
      for (const firmware of [PADDED, "MAUwAwQB/w", "MAUwAwQB", "MAUwAwQ="]) {
        const body = device(firmware, { firmware });
        const { path, json } = await create(client, "/Devices", body);
        strictEqual(json["firmware"], firmware);
        strictEqual((await client.get(path)).json["firmware"], firmware);
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.3-11 A binary is compared exactly and is not unique (${profile})`,
    withDevices(async (client) => {
      for (const serialNumber of ["1", "2"]) {
        const body = device(serialNumber, { firmware: PADDED });
        await create(client, "/Devices", body);
      }
      for (
        const [filter, total] of [
          [`firmware eq "${PADDED}"`, 2],
          [`firmware ne "${PADDED}"`, 0],
          [`firmware eq "${PADDED.toLowerCase()}"`, 0],
          [`firmware ne "${PADDED.toLowerCase()}"`, 2],
        ] as const
      ) isList(await client.get(query("/Devices", filter)), { total });
      const all = await published(client);
      for (const path of ["Device:firmware", "User:x509Certificates.value"]) {
        strictEqual(all.get(path)?.["type"], "binary");
        strictEqual(all.get(path)?.["caseExact"], true);
        strictEqual(all.get(path)?.["uniqueness"] ?? "none", "none");
      }
    }, { profile }),
  );
}

Deno.test(
  "43-2.3-10 base64url is no base64 where no attribute asks for it",
  withDevices(async (client) => {
    for (const firmware of ["MAUwAwQB_w", "MAUwAwQB_w=="]) {
      const body = device("1", { firmware });
      isScimError(await client.post("/Devices", body), 400, "invalidValue");
    }
  }, { profile: "rfc" }),
);

// 2.3.7 References.

const NO_URIS = [
  "not a uri",
  "https://example.com/a b",
  "https://example.com/%zz",
  "https://[",
  "https://example.com:port/",
  "1http://example.com/",
  ":a",
  "#a#b",
  "{x}",
  "a\\b",
];

Deno.test(
  "43-2.3-12 What is no URI is 400 invalidValue for the strict profile, and nothing changes",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    const before = await server.dump();
    for (const uri of NO_URIS) {
      for (const wrong of [{ profileUrl: uri }, { photos: [{ value: uri }] }]) {
        for (
          const answer of [
            await client.post("/Users", user("eve", wrong)),
            await client.put(`/Users/${id}`, user("ada", wrong)),
            await client.patch(`/Users/${id}`, [{ op: "add", value: wrong }]),
          ]
        ) isScimError(answer, 400, "invalidValue", /must be an .*URI/);
      }
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "43-2.3-12 What is no URI is kept as sent by the compatible profile",
  withClient(async (client) => {
    for (const [index, uri] of NO_URIS.entries()) {
      const { json } = await client.user(`u${index}`, { profileUrl: uri });
      strictEqual(json["profileUrl"], uri);
    }
  }, { profile: "compatible" }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-2.3-12 Absolute and relative URIs are taken and kept as sent (${profile})`,
    withClient(async (client) => {
      for (
        const [index, uri] of [
          "https://example.com/ada?x=1#top",
          "photos/ada.png",
          "/people/ada",
          "../ada",
          "urn:example:ada",
          "https://exämple.com/ü",
        ].entries()
      ) {
        const photos = [{ value: uri }];
        const { id } = await client.user(`u${index}`, {
          profileUrl: uri,
          photos,
        });
        const { json } = await client.get(`/Users/${id}`);
        strictEqual(json["profileUrl"], uri);
        deepStrictEqual(values(json["photos"]), [uri]);
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.3-12 A reference that is no string is 400 invalidValue (${profile})`,
    withClient(async (client) => {
      for (const value of [5, true, {}, { value: "https://example.com" }]) {
        for (const wrong of [{ profileUrl: value }, { photos: [{ value }] }]) {
          const answer = await client.post("/Users", user("ada", wrong));
          isScimError(answer, 400, "invalidValue");
        }
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.3-13 A relative $ref begins at the service root, wherever it stands (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("boss");
      const uri = `${BASE}/Users/${id}`;
      for (
        const [index, $ref] of [
          `Users/${id}`,
          `/Users/${id}`,
          `./Users/${id}`,
          uri,
        ]
          .entries()
      ) {
        const extension = { [URN.enterprise]: { manager: { $ref } } };
        const { json } = await client.user(`u${index}`, extension);
        const { manager } = object(json[URN.enterprise]);
        deepStrictEqual(manager, { value: id, $ref: uri, displayName: "boss" });
        const members = [{ $ref }];
        const staff = await client.group(`g${index}`, [], { members });
        strictEqual(objects(staff.json["members"])[0]?.["$ref"], uri);
      }
      const filter = `members.$ref eq "Users/${id}"`;
      strictEqual((await found(client, filter, "/Groups")).length, 4);
    }, { profile }),
  );

  Deno.test(
    `43-2.3-14 References are compared exactly, whatever their case-folded form (${profile})`,
    withClient(async (client) => {
      const profileUrl = "https://example.com/Ada";
      const photos = [{ value: "https://example.com/Ada.png" }];
      await client.user("ada", { profileUrl, photos });
      for (
        const [filter, names] of [
          [`profileUrl eq "${profileUrl}"`, ["ada"]],
          [`profileUrl eq "https://example.com/ada"`, []],
          [`profileUrl co "/ADA"`, []],
          [`photos.value eq "https://example.com/Ada.png"`, ["ada"]],
          [`photos[value eq "https://example.com/ada.PNG"]`, []],
        ] as const
      ) deepStrictEqual(await found(client, filter), names, filter);
      const references = [...await published(client)].filter(([, attribute]) =>
        attribute["type"] === "reference"
      );
      ok(references.length >= 10);
      for (const [path, { caseExact }] of references) {
        strictEqual(caseExact, true, path);
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.3-16 A member that names no resource is refused, a manager that names none is kept (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.group("staff");
      const before = await server.dump();
      const value = "3f0c2a51-90d4-4e2b-9a77-5c1be02d8f16";
      const members = [{ value }];
      for (
        const answer of [
          await client.post("/Groups", {
            schemas: [URN.group],
            displayName: "x",
            members,
          }),
          await client.put(`/Groups/${id}`, {
            schemas: [URN.group],
            displayName: "staff",
            members,
          }),
          await client.patch(`/Groups/${id}`, [
            { op: "add", path: "members", value: members },
          ]),
        ]
      ) isScimError(answer, 400, "invalidValue", new RegExp(value));
      deepStrictEqual(await server.dump(), before);
      const extension = { [URN.enterprise]: { manager: { value } } };
      const { json } = await client.user("ada", extension);
      const { manager } = object(json[URN.enterprise]);
      strictEqual(object(manager)["value"], value);
    }, { profile }),
  );
}

// 2.3.8 Complex values.

/** The same document with the members of every object in the opposite order. */
function reversed(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value).reverse().map(([k, v]) => [k, reversed(v)]),
  );
}

for (const profile of PROFILES) {
  Deno.test(
    `43-2.3-17 The order of members in an object makes no difference (${profile})`,
    withClient(async (client) => {
      const body = user("ada", {
        name: { givenName: "Ada", familyName: "King" },
        emails: [{ value: "a", type: "work", primary: true }, { value: "b" }],
        active: false,
        [URN.enterprise]: { department: "R", manager: { value: "m" } },
      });
      const operations = [
        { op: "add", path: "title", value: "Dr." },
        { op: "replace", path: 'emails[type eq "work"].value', value: "c" },
        { op: "remove", path: `${URN.enterprise}:department` },
      ];
      const message = { schemas: [URN.patch], Operations: operations };
      const outcomes = [];
      for (const order of [(v: JsonValue) => v, reversed]) {
        const { status, json } = await client.post("/Users", order(body));
        strictEqual(status, 201);
        const path = `/Users/${json["id"]}`;
        const patched = await client.send(path, {
          method: "PATCH",
          body: order(message),
        });
        const put = await client.put(path, order(body));
        outcomes.push([json, patched.json, put.json].map((resource) => {
          const { id: _, meta: __, ...others } = resource;
          return others;
        }));
        await client.delete(path);
      }
      deepStrictEqual(outcomes[0], outcomes[1]);
    }, { profile }),
  );
}

Deno.test(
  "43-2.3-18 No published schema nests complex attributes, but for that of schemas",
  withClient(async (client) => {
    const nested = [...await published(client)].filter(([path, attribute]) =>
      path.includes(".") && attribute["type"] === "complex"
    );
    deepStrictEqual(nested.map(([path]) => path), [
      "Schema:attributes.subAttributes",
    ]);
  }),
);

Deno.test(
  "43-2.3-19 Complex attributes are published without uniqueness and without a rule for case",
  withClient(async (client) => {
    const complex = [...await published(client)].filter(([, attribute]) =>
      attribute["type"] === "complex"
    );
    ok(complex.length > 10);
    for (const [path, attribute] of complex) {
      strictEqual(Object.hasOwn(attribute, "uniqueness"), false, path);
      strictEqual(Object.hasOwn(attribute, "caseExact"), false, path);
    }
  }),
);

Deno.test(
  "43-2.3-19 Two users may have one complex value, and none is compared as a whole",
  withClient(async (client) => {
    const same = {
      name: { givenName: "Ada", familyName: "King" },
      emails: [{ value: "ada@example.com", type: "work", primary: true }],
      addresses: [{ locality: "London" }],
    };
    for (const name of ["ada", "bob"]) await client.user(name, same);
    for (const filter of ['name eq "Ada"', 'addresses eq "London"']) {
      const answer = await client.get(query("/Users", filter));
      isScimError(answer, 400, "invalidFilter", /complex/);
    }
  }),
);
