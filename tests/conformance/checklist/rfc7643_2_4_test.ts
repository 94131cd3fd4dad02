import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  BASE,
  type Client,
  isScimError,
  object,
  objects,
  ORIGIN,
  text,
  URN,
  user,
  values,
  withClient,
} from "../../routes/harness.ts";

// RFC 7643 sections 2.4 and 2.5.

const PROFILES = ["rfc", "compatible"] as const;

function found(client: Client, filter: string, path = "/Users") {
  return client.names(`${path}?filter=${encodeURIComponent(filter)}`);
}

/** The sub-attributes of every published attribute that has some, by its path. */
async function published(client: Client): Promise<Map<string, JsonObject[]>> {
  const all = new Map<string, JsonObject[]>();
  const { json } = await client.get("/Schemas");
  for (const { name, attributes } of objects(json["Resources"])) {
    for (const attribute of objects(attributes)) {
      if (attribute["subAttributes"] === undefined) continue;
      const path = `${text(name)}:${text(attribute["name"])}`;
      all.set(path, objects(attribute["subAttributes"]));
    }
  }
  return all;
}

function named(list: JsonObject[] | undefined, name: string): JsonObject {
  return object(list?.find((item) => item["name"] === name));
}

// 2.4 Multi-valued attributes.

const NO_ARRAYS: readonly JsonObject[] = [
  { emails: { value: "a" } },
  { emails: "a" },
  { roles: "a" },
  { addresses: { locality: "London" } },
  { photos: { value: "https://example.com" } },
];

Deno.test(
  "43-2.4-1 What is no array where one belongs is 400 invalidValue for the strict profile",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    const { id: staff } = await client.group("staff");
    const before = await server.dump();
    for (const wrong of NO_ARRAYS) {
      const body = user("ada2", wrong);
      const posted = await client.post("/Users", body);
      isScimError(posted, 400, "invalidValue", /must be an array, not a/);
      const put = await client.put(`/Users/${id}`, body);
      isScimError(put, 400, "invalidValue", /must be an array, not a/);
    }
    for (const members of [{ value: id }, id]) {
      const body = { schemas: [URN.group], displayName: "x", members };
      isScimError(await client.post("/Groups", body), 400, "invalidValue");
      isScimError(
        await client.put(`/Groups/${staff}`, body),
        400,
        "invalidValue",
        /"members" must be an array/,
      );
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "43-2.4-1 One value where an array belongs is an array of one for the compatible profile",
  withClient(async (client) => {
    const ada = await client.user("ada", { emails: { value: "a" } });
    deepStrictEqual(ada.json["emails"], [{ value: "a" }]);
    const bob = await client.user("bob", { roles: "admin" });
    deepStrictEqual(bob.json["roles"], [{ value: "admin" }]);
    const members = { value: ada.id };
    const staff = await client.group("staff", [], { members });
    deepStrictEqual(values(staff.json["members"]), [ada.id]);
  }, { profile: "compatible" }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-2.4-2 Complex elements work in filters and PATCH (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", {
        emails: [{ value: "a", type: "work" }, { value: "b", type: "home" }],
      });
      await client.user("bob");
      const filter = 'emails[type eq "home" and value eq "b"]';
      deepStrictEqual(await found(client, filter), ["ada"]);
      const crossed = 'emails[type eq "home" and value eq "a"]';
      deepStrictEqual(await found(client, crossed), []);
      const { json } = await client.patch(`/Users/${id}`, [
        { op: "replace", path: 'emails[type eq "work"].value', value: "c" },
        { op: "remove", path: 'emails[value eq "b"]' },
      ]);
      deepStrictEqual(json["emails"], [{ value: "c", type: "work" }]);
    }, { profile }),
  );

  Deno.test(
    `43-2.4-2 Primitive elements, such as those of schemas, work in filters and PATCH (${profile})`,
    withClient(async (client) => {
      const extension = { [URN.enterprise]: { department: "R" } };
      const { id } = await client.user("ada", extension);
      await client.user("bob");
      for (
        const filter of [
          `schemas eq "${URN.enterprise}"`,
          `schemas[value eq "${URN.enterprise}"]`,
        ]
      ) deepStrictEqual(await found(client, filter), ["ada"], filter);
      const both = await found(client, `schemas eq "${URN.user}"`);
      deepStrictEqual(both, ["ada", "bob"]);
      const { json } = await client.patch(`/Users/${id}`, [
        { op: "remove", path: `schemas[value eq "${URN.enterprise}"]` },
      ]);
      deepStrictEqual(json["schemas"], [URN.user]);
      strictEqual(Object.hasOwn(json, URN.enterprise), false);
    }, { profile }),
  );
}

Deno.test(
  "43-2.4-3 type, primary, display, value and $ref are what section 2.4 says in every schema",
  withClient(async (client) => {
    const meanings: Record<string, readonly string[]> = {
      type: ["string"],
      primary: ["boolean"],
      display: ["string"],
      value: ["string", "reference", "binary"],
      $ref: ["reference"],
    };
    let seen = 0;
    for (const [path, subAttributes] of await published(client)) {
      // What a schema says of attributes is no list of values.
      if (path === "Schema:attributes") continue;
      for (const { name, type, multiValued } of subAttributes) {
        const types = meanings[text(name)];
        if (types === undefined) continue;
        ok(types.includes(text(type)), `${path}.${name} is ${type}`);
        strictEqual(multiValued, false, `${path}.${name}`);
        seen++;
      }
    }
    ok(seen > 40);
  }),
);

const TWO_PRIMARIES: readonly JsonObject[] = [
  { emails: [{ value: "a", primary: true }, { value: "b", primary: true }] },
  {
    addresses: [
      { locality: "London", primary: true },
      { locality: "Paris" },
      { locality: "Bern", primary: true },
    ],
  },
];

for (const profile of PROFILES) {
  Deno.test(
    `43-2.4-4 Two primary values in one POST or PUT are 400 invalidValue (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada", { title: "Dr." });
      const before = await server.dump();
      for (const wrong of TWO_PRIMARIES) {
        for (
          const answer of [
            await client.post("/Users", user("eve", wrong)),
            await client.put(`/Users/${id}`, user("ada", wrong)),
          ]
        ) {
          isScimError(
            answer,
            400,
            "invalidValue",
            /more than one .* primary true/,
          );
        }
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );

  Deno.test(
    `43-2.4-4 A PATCH that sets a primary value resets the older one (${profile})`,
    withClient(async (client) => {
      const emails = [{ value: "a", type: "work", primary: true }, {
        value: "b",
        type: "home",
      }];
      const { id } = await client.user("ada", { emails });
      const { json } = await client.patch(`/Users/${id}`, [
        { op: "add", path: "emails", value: [{ value: "c", primary: true }] },
      ]);
      const primaries = (resource: JsonObject) =>
        values(
          objects(resource["emails"]).filter((email) =>
            email["primary"] === true
          ),
        );
      deepStrictEqual(primaries(json), ["c"]);
      deepStrictEqual(values(json["emails"]), ["a", "b", "c"]);
      const again = await client.patch(`/Users/${id}`, [
        { op: "replace", path: 'emails[type eq "home"].primary', value: true },
      ]);
      deepStrictEqual(primaries(again.json), ["b"]);
    }, { profile }),
  );

  Deno.test(
    `43-2.4-5 A value that does not say primary counts as not primary (${profile})`,
    withClient(async (client) => {
      await client.user("silent", { emails: [{ value: "a" }] });
      await client.user("not", { emails: [{ value: "a", primary: false }] });
      await client.user("yes", { emails: [{ value: "a", primary: true }] });
      await client.user("none");
      for (
        const [filter, names] of [
          ["emails[primary eq false]", ["not", "silent"]],
          ["emails.primary eq false", ["not", "silent"]],
          ["emails[primary ne true]", ["not", "silent"]],
          ["emails[not (primary eq true)]", ["not", "silent"]],
          ['emails[value eq "a" and primary eq false]', ["not", "silent"]],
          ["emails[primary eq true]", ["yes"]],
        ] as const
      ) deepStrictEqual(await found(client, filter), names, filter);
    }, { profile }),
  );

  Deno.test(
    `43-2.4-6 display is readWrite where it is published so, and readOnly for members (${profile})`,
    withClient(async (client) => {
      const all = await published(client);
      const mutability = (path: string) =>
        named(all.get(path), "display")["mutability"];
      strictEqual(mutability("User:emails"), "readWrite");
      strictEqual(mutability("Group:members"), "readOnly");
      const emails = [{ value: "a", display: "Work" }];
      const { id } = await client.user("ada", { emails });
      const { json } = await client.patch(`/Users/${id}`, [
        { op: "replace", path: 'emails[value eq "a"].display', value: "Home" },
      ]);
      deepStrictEqual(json["emails"], [{ value: "a", display: "Home" }]);
      const members = [{ value: id, display: "Somebody else" }];
      const staff = await client.group("staff", [], { members });
      strictEqual(objects(staff.json["members"])[0]?.["display"], "ada");
    }, { profile }),
  );
}

// References to the same resource.

for (const profile of PROFILES) {
  Deno.test(
    `43-2.4-7 A $ref with another version segment or none names the same resource (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      await client.group("staff", [id]);
      for (
        const uri of [
          `/Users/${id}`,
          `/v2/Users/${id}`,
          `/v3/Users/${id}`,
          `${ORIGIN}/scim/v2/Users/${id}`,
          `${ORIGIN}/api/scim/v1/Users/${id}`,
          `${ORIGIN}/api/scim/Users/${id}`,
        ]
      ) {
        const names = await found(
          client,
          `members.$ref eq "${uri}"`,
          "/Groups",
        );
        deepStrictEqual(names, ["staff"], uri);
        const others = await found(
          client,
          `members.$ref ne "${uri}"`,
          "/Groups",
        );
        deepStrictEqual(others, [], uri);
        const group = await client.group(uri, [], { members: [{ $ref: uri }] });
        deepStrictEqual(values(group.json["members"]), [id]);
        await client.delete(`/Groups/${group.id}`);
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.4-7 A $ref with another endpoint or id names another resource (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      await client.group("staff", [id]);
      for (
        const uri of [
          `/v2/Groups/${id}`,
          `/v2/users/${id}`,
          `/v2/Users/x${id}`,
          `/v2/Users/${id}x`,
          "/v2/Users",
        ]
      ) {
        const names = await found(
          client,
          `members.$ref eq "${uri}"`,
          "/Groups",
        );
        deepStrictEqual(names, [], uri);
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.4-8 A $ref is normalised before it is compared (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      await client.group("staff", [id]);
      const hex = id.charCodeAt(0).toString(16);
      for (
        const uri of [
          `HTTPS://SCIM.EXAMPLE.COM/api/scim/v2/Users/${id}`,
          `https://scim.example.com:443/api/scim/v2/Users/${id}`,
          `${BASE}/./Users/./${id}`,
          `${BASE}/Groups/../Users/${id}`,
          `${BASE}/Users/x/../${id}`,
          `${BASE}/%55sers/${id}`,
          `${BASE}/Users/%${hex}${id.slice(1)}`,
        ]
      ) {
        const names = await found(
          client,
          `members.$ref eq "${uri}"`,
          "/Groups",
        );
        deepStrictEqual(names, ["staff"], uri);
        const group = await client.group(uri, [], { members: [{ $ref: uri }] });
        deepStrictEqual(values(group.json["members"]), [id]);
        await client.delete(`/Groups/${group.id}`);
      }
    }, { profile }),
  );
}

// Values and their types.

for (const profile of PROFILES) {
  Deno.test(
    `43-2.4-9 The server's own labels come back in one form, those of clients as sent (${profile})`,
    withClient(async (client) => {
      const emails = [{ value: "a", type: "WORK" }];
      const { id, json } = await client.user("ada", { emails });
      deepStrictEqual(json["emails"], emails);
      deepStrictEqual(await found(client, 'emails[type eq "work"]'), ["ada"]);
      for (const [index, type] of ["user", "USER", "User"].entries()) {
        const members = [{ value: id, type }];
        const { json } = await client.group(`g${index}`, [], { members });
        strictEqual(objects(json["members"])[0]?.["type"], "User");
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.4-10 One value may come back with several types (${profile})`,
    withClient(async (client) => {
      const emails = [
        { value: "a", type: "work" },
        { value: "a", type: "home" },
        { value: "a" },
      ];
      const { id } = await client.user("ada", { emails });
      deepStrictEqual(
        (await client.get(`/Users/${id}`)).json["emails"],
        emails,
      );
    }, { profile }),
  );

  Deno.test(
    `43-2.4-11 A pair of type and value that is sent twice is kept once (${profile})`,
    withClient(async (client) => {
      const once = [{ value: "a", type: "work" }, { value: "b" }];
      const twice = [
        ...once,
        { value: "a", type: "WORK", display: "again" },
        { value: "b" },
      ];
      const { id, json } = await client.user("ada", { emails: twice });
      const path = `/Users/${id}`;
      deepStrictEqual(json["emails"], once);
      const put = await client.put(path, user("ada", { emails: twice }));
      deepStrictEqual(put.json["emails"], once);
      const added = await client.patch(path, [
        { op: "add", path: "emails", value: [{ value: "b" }, ...once] },
      ]);
      deepStrictEqual(added.json["emails"], once);
      const replaced = await client.patch(path, [
        { op: "replace", path: "emails", value: twice },
      ]);
      deepStrictEqual(replaced.json["emails"], once);
    }, { profile }),
  );
}

// 2.5 Unassigned and null values.

/** The same state in three spellings; an empty array is for lists only. */
const UNASSIGNED: readonly JsonObject[] = [
  {},
  {
    nickName: null,
    name: null,
    active: null,
    emails: null,
    [URN.enterprise]: null,
  },
  { emails: [], roles: [], addresses: [], [URN.enterprise]: {} },
  {
    emails: [null],
    name: { givenName: null },
    [URN.enterprise]: { department: null, manager: { value: null } },
  },
];

for (const profile of PROFILES) {
  Deno.test(
    `43-2.5-1 Absent, null and an empty array make the same resource (${profile})`,
    withClient(async (client) => {
      const stored: JsonObject[] = [];
      for (const attributes of UNASSIGNED) {
        const { id } = await client.user("ada", attributes);
        const { json } = await client.get(`/Users/${id}`);
        const { id: _, meta: __, ...others } = json;
        stored.push(others);
        await client.delete(`/Users/${id}`);
      }
      const plain = user("ada");
      deepStrictEqual(stored, UNASSIGNED.map(() => plain));
    }, { profile }),
  );
}

const FULL: JsonObject = {
  title: "Dr.",
  active: true,
  name: { givenName: "Ada", familyName: "King" },
  emails: [{ value: "a" }],
  [URN.enterprise]: { department: "R", manager: { value: "m" } },
};

const CLEARED: readonly (readonly [string, JsonValue])[] = [
  ["title", null],
  ["active", null],
  ["name", null],
  ["name", { givenName: null, familyName: null }],
  ["emails", null],
  ["emails", []],
  [URN.enterprise, null],
];

for (const profile of PROFILES) {
  Deno.test(
    `43-2.5-2 null or an empty array in PUT and in PATCH clears an attribute, and no other (${profile})`,
    withClient(async (client) => {
      for (const [name, value] of CLEARED) {
        const ways = [
          (path: string) =>
            client.put(path, user("ada", { ...FULL, [name]: value })),
          (path: string) =>
            client.patch(path, [{ op: "replace", path: name, value }]),
          (path: string) =>
            client.patch(path, [{ op: "replace", value: { [name]: value } }]),
        ];
        for (const clear of ways) {
          const { id, json: before } = await client.user("ada", FULL);
          const { status, json } = await clear(`/Users/${id}`);
          strictEqual(status, 200);
          const { [name]: cleared, ...kept } = before;
          ok(cleared !== undefined);
          const schemas = name === URN.enterprise
            ? [URN.user]
            : kept["schemas"];
          deepStrictEqual({ ...json, meta: 0 }, { ...kept, schemas, meta: 0 });
          await client.delete(`/Users/${id}`);
        }
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.5-3 Answers leave out what is unassigned and never say null or [] (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", FULL);
      const { id: staff } = await client.group("staff", [id]);
      await client.put(`/Groups/${staff}`, {
        schemas: [URN.group],
        displayName: "staff",
        members: [],
      });
      await client.put(
        `/Users/${id}`,
        user("ada", { title: null, emails: [] }),
      );
      for (
        const path of [
          `/Users/${id}`,
          `/Users/${id}?attributes=title,emails,groups`,
          `/Groups/${staff}`,
          `/Groups/${staff}?attributes=members`,
          "/Users",
          "",
        ]
      ) {
        const { status, text } = await client.get(path);
        strictEqual(status, 200);
        deepStrictEqual(text.match(/null|\[\]|\{\}|undefined/g), null, text);
      }
    }, { profile }),
  );

  Deno.test(
    `43-2.5-4 pr is false and eq null is true for absent, null and an empty array (${profile})`,
    withClient(async (client) => {
      await client.user("absent");
      await client.user("null", { title: null, emails: null, name: null });
      await client.user("empty", { emails: [], name: { givenName: null } });
      await client.user("patched", FULL).then(({ id }) =>
        client.patch(`/Users/${id}`, [
          { op: "replace", path: "emails", value: [] },
          { op: "replace", value: { title: null, name: null } },
        ])
      );
      await client.user("full", FULL);
      const without = ["absent", "empty", "null", "patched"];
      for (
        const name of ["title", "emails", "emails.value", "name.givenName"]
      ) {
        deepStrictEqual(await found(client, `${name} pr`), ["full"], name);
        deepStrictEqual(await found(client, `${name} ne null`), ["full"], name);
        deepStrictEqual(await found(client, `${name} eq null`), without, name);
        deepStrictEqual(await found(client, `not (${name} pr)`), without, name);
      }
    }, { profile }),
  );
}
