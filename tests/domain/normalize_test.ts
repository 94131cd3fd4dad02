import assert from "node:assert/strict";
import fc from "fast-check";
import { ScimError } from "../../domain/errors.ts";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import {
  elementKey,
  isBareElement,
  isResourceReference,
} from "../../domain/elements.ts";
import { normalizeResource, ownIgnoringCase } from "../../domain/normalize.ts";
import { COMPATIBLE, type Profile, RFC } from "../../domain/profile.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import { validateResource } from "../../domain/validate.ts";
import {
  attributeOf,
  DEVICE,
  DEVICE_URI,
  ENTERPRISE_URI,
  GROUP,
  GROUP_URI,
  refuses,
  USER,
  USER_URI,
  userBody,
  WARRANTY_URI,
} from "./fixtures.ts";
import { holds } from "./property.ts";

const PROFILES = [COMPATIBLE, RFC];

function attributes(body: JsonObject, profile: Profile = RFC): JsonObject {
  const { userName: _, ...rest } =
    normalizeResource(USER, userBody(body), profile).attributes;
  return rest;
}

for (
  const [what, body, expected] of [
    ["gives names the schema's spelling", { NICKNAME: "x" }, { nickName: "x" }],
    ["does so within complex attributes", { Name: { GIVENNAME: "x" } }, {
      name: { givenName: "x" },
    }],
    ["does so within elements", { EMAILS: [{ VALUE: "x" }] }, {
      emails: [{ value: "x" }],
    }],
    [
      "finds an extension by its URI in any case",
      { [ENTERPRISE_URI.toUpperCase()]: { DEPARTMENT: "x" } },
      { [ENTERPRISE_URI]: { department: "x" } },
    ],
    ["takes a core attribute by its full name", {
      [`${USER_URI}:nickName`]: "x",
    }, { nickName: "x" }],
    ["takes a sub-attribute by its full name", {
      [`${USER_URI}:name.givenName`]: "x",
    }, { name: { givenName: "x" } }],
    ["takes an extension attribute by its full name", {
      [`${ENTERPRISE_URI}:department`]: "x",
    }, { [ENTERPRISE_URI]: { department: "x" } }],
    [
      "joins an extension and full names",
      {
        [`${ENTERPRISE_URI}:division`]: "y",
        [ENTERPRISE_URI]: { department: "x" },
      },
      { [ENTERPRISE_URI]: { division: "y", department: "x" } },
    ],
    ["leaves null out", {
      nickName: null,
      name: { givenName: null, familyName: "x" },
    }, { name: { familyName: "x" } }],
    ["leaves empty arrays out", { emails: [], roles: [null] }, {}],
    [
      "leaves an emptied complex attribute out",
      { name: { givenName: null } },
      {},
    ],
    ["leaves an emptied extension out", {
      [ENTERPRISE_URI]: { department: null },
    }, {}],
    ["takes null for an extension", { [ENTERPRISE_URI]: null }, {}],
    ["drops what the server assigns", {
      id: "x",
      meta: { created: "x" },
      groups: [{ value: "g" }],
    }, {}],
    ["drops readOnly sub-attributes", {
      [ENTERPRISE_URI]: { manager: { value: "m", displayName: "x" } },
    }, { [ENTERPRISE_URI]: { manager: { value: "m" } } }],
    ["drops $ref, which follows from value", {
      [ENTERPRISE_URI]: {
        manager: { value: "m", $ref: "https://example.com/Users/x" },
      },
    }, { [ENTERPRISE_URI]: { manager: { value: "m" } } }],
    ["reads the id from a lone $ref", {
      [ENTERPRISE_URI]: { manager: { $ref: "https://example.com/Users/m" } },
    }, { [ENTERPRISE_URI]: { manager: { value: "m" } } }],
    ["takes $ref null as absent", {
      [ENTERPRISE_URI]: { manager: { value: "m", $ref: null } },
    }, { [ENTERPRISE_URI]: { manager: { value: "m" } } }],
    ["keeps the password for who stores it", { password: "s" }, {
      password: "s",
    }],
    ["keeps text as it was sent", { title: " X\n", locale: "en_US" }, {
      title: " X\n",
      locale: "en_US",
    }],
    [
      "folds elements with the same value and type",
      {
        emails: [{ value: "x", type: "work", display: "1" }, {
          value: "x",
          type: "work",
        }, { value: "x", type: "home" }],
      },
      {
        emails: [{ value: "x", type: "work", display: "1" }, {
          value: "x",
          type: "home",
        }],
      },
    ],
    ["folds equal addresses, whatever their order", {
      addresses: [{ locality: "a", region: "b" }, {
        region: "b",
        locality: "a",
      }],
    }, { addresses: [{ locality: "a", region: "b" }] }],
  ] as const satisfies readonly (readonly [string, JsonObject, JsonObject])[]
) {
  for (const profile of PROFILES) {
    Deno.test(`normalizeResource() ${what} (${profile.name})`, () => {
      assert.deepEqual(attributes(body, profile), expected);
    });
  }
}

for (const profile of PROFILES) {
  for (
    const [what, schemas] of [
      ["no schemas", undefined],
      ["null", null],
      ["an empty array", []],
      ["a string", USER_URI],
      ["a number in it", [USER_URI, 1]],
    ] as const
  ) {
    Deno.test(`normalizeResource() refuses schemas with ${what} (${profile.name})`, () => {
      const body: JsonObject = { userName: "x" };
      if (schemas !== undefined) {
        body["schemas"] = structuredClone(schemas) as JsonValue;
      }
      refuses(
        () => normalizeResource(USER, body, profile),
        400,
        "invalidSyntax",
        '"schemas" must be an array of schema URIs',
        USER_URI,
      );
    });
  }

  Deno.test(`normalizeResource() takes schemas in any order, twice and in any case (${profile.name})`, () => {
    const schemas = [ENTERPRISE_URI, USER_URI.toUpperCase(), USER_URI];
    const { attributes } = normalizeResource(USER, {
      SCHEMAS: schemas,
      userName: "x",
    }, profile);
    assert.deepEqual(attributes, { userName: "x" });
  });

  for (
    const body of [
      { nickName: "a", NICKNAME: "a" },
      { name: { givenName: "a", GivenName: "b" } },
      { nickName: "a", [`${USER_URI}:nickName`]: "b" },
      { [ENTERPRISE_URI]: { department: "a", Department: "b" } },
      { [ENTERPRISE_URI]: {}, [ENTERPRISE_URI.toUpperCase()]: {} },
      { Schemas: [USER_URI] },
      { emails: [{ type: "a", Type: "b" }] },
    ] as const satisfies readonly JsonObject[]
  ) {
    Deno.test(`normalizeResource() refuses one attribute twice: ${Object.keys(body).join()} (${profile.name})`, () => {
      refuses(
        () => attributes(body, profile),
        400,
        "invalidSyntax",
        "name the same attribute",
        "send it once",
      );
    });
  }

  Deno.test(`normalizeResource() refuses an extension that is no object (${profile.name})`, () => {
    refuses(
      () => attributes({ [ENTERPRISE_URI]: "x" }, profile),
      400,
      "invalidValue",
      ENTERPRISE_URI,
      "must be an object",
    );
  });

  Deno.test(`normalizeResource() refuses a $ref that is no text (${profile.name})`, () => {
    const manager = { $ref: 1 };
    refuses(
      () => attributes({ [ENTERPRISE_URI]: { manager } }, profile),
      400,
      "invalidValue",
      "manager.$ref",
      "must be a URI",
    );
  });
}

Deno.test("normalizeResource() gives the same result whatever the order of a path and its attribute", () => {
  const one = attributes(
    { name: { familyName: "K" }, "name.givenName": "A" },
    COMPATIBLE,
  );
  const other = attributes(
    { "name.givenName": "A", name: { familyName: "K" } },
    COMPATIBLE,
  );
  assert.deepEqual(one, { name: { familyName: "K", givenName: "A" } });
  assert.deepEqual(other, one);
});

Deno.test("normalizeResource() says which attributes the body named", () => {
  const { sent } = normalizeResource(
    USER,
    userBody({ nickName: null, [`${USER_URI}:name.givenName`]: "A", id: "x" }),
    RFC,
  );
  assert.deepEqual([...sent].map(({ name }) => name), [
    "userName",
    "nickName",
    "name",
    "givenName",
    "id",
  ]);
});

Deno.test("normalizeResource() notes unknown attributes where they stand", () => {
  const { ignored } = normalizeResource(
    USER,
    userBody({
      wat: 1,
      emails: [{ value: "x", displayName: "y" }, {
        value: "z",
        displayName: "y",
      }],
      [ENTERPRISE_URI]: { wat: 1 },
      "urn:example:none:2.0:User": { a: 1 },
    }),
    COMPATIBLE,
  );
  assert.deepEqual(ignored, [
    "wat",
    "emails.displayName",
    `${ENTERPRISE_URI}:wat`,
    "urn:example:none:2.0:User",
  ]);
});

Deno.test("normalizeResource() notes no more unknown attributes than a person reads", () => {
  const many = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`wat${i}`, 1]),
  );
  const { ignored } = normalizeResource(
    USER,
    userBody({ ["x".repeat(500)]: 1, ...many }),
    COMPATIBLE,
  );
  assert.equal(ignored.length, 50);
  assert.equal(ignored[0]?.length, 200);
});

for (
  const [body, ...fragments] of [
    [
      { emial: "x" },
      '"emial" is not defined for User',
      'did you mean "emails"?',
    ],
    [
      { name: { wat: 1 } },
      '"name" has no attribute "wat"',
      "formatted, familyName",
    ],
    [{ emails: [{ wat: 1 }] }, '"emails" has no attribute "wat"'],
    [
      { [ENTERPRISE_URI]: { wat: 1 } },
      `"${ENTERPRISE_URI}" has no attribute "wat"`,
      "employeeNumber",
    ],
    [{ "urn:example:none:wat": 1 }, '"urn:example:none:wat" is not defined'],
    [
      { "name.givenName": "x" },
      '"name.givenName" is a path',
      '{"name": {"givenName": …}}',
    ],
    [JSON.parse('{"__proto__": {"a": 1}}'), '"__proto__" is not defined'],
  ] as const
) {
  Deno.test(`normalizeResource() refuses unknown ${Object.keys(body).join()} (rfc)`, () => {
    refuses(() => attributes(body), 400, "invalidSyntax", ...fragments);
  });
}

Deno.test("normalizeResource() keeps its messages short", () => {
  const long = "x".repeat(100_000);
  for (const body of [{ [long]: 1 }, { name: { [long]: 1 } }]) {
    assert.throws(
      () => attributes(body),
      (error) => error instanceof ScimError && error.message.length < 500,
    );
  }
});

function members(value: JsonValue, profile: Profile = RFC): readonly string[] {
  const body = { schemas: [GROUP_URI], displayName: "Crew", members: value };
  return normalizeResource(GROUP, body, profile).members;
}

Deno.test("normalizeResource() gives the ids of members, each once", () => {
  assert.deepEqual(
    members([{ value: "a" }, { value: "b", type: "User", display: "B" }, {
      value: "a",
      type: "Group",
    }]),
    ["a", "b"],
  );
});

Deno.test("normalizeResource() reads a member from its $ref", () => {
  assert.deepEqual(members([{ $ref: "https://example.com/Users/a" }]), ["a"]);
});

for (const value of [null, [], [null]]) {
  Deno.test(`normalizeResource() finds no members in ${JSON.stringify(value)}`, () => {
    assert.deepEqual(members(value), []);
  });
}

for (
  const value of [[{ type: "User" }], [{ value: 1 }], [{ value: "" }], ["a"], [
    1,
  ]]
) {
  Deno.test(`normalizeResource() refuses the members ${JSON.stringify(value)}`, () => {
    refuses(
      () => members(value),
      400,
      "invalidValue",
      '"members[0].value" is required',
      "id of a resource",
    );
  });
}

Deno.test("normalizeResource() refuses members that are no array", () => {
  refuses(
    () => members({ value: "a" }),
    400,
    "invalidValue",
    "must be an array of objects",
  );
});

Deno.test("normalizeResource() keeps members out of the attributes", () => {
  const body = {
    schemas: [GROUP_URI],
    displayName: "Crew",
    members: [{ value: "a" }],
  };
  assert.deepEqual(normalizeResource(GROUP, body, RFC).attributes, {
    displayName: "Crew",
  });
});

Deno.test("normalizeResource() reads 20,000 members in time", () => {
  const value = Array.from({ length: 20_000 }, (_, i) => ({ value: `m${i}` }));
  const start = performance.now();
  assert.equal(members(value).length, 20_000);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("normalizeResource() leaves the body as it was", () => {
  const body = userBody({
    emails: [{ value: "x", $ref: null }],
    "name.givenName": "A",
  });
  const before = structuredClone(body);
  normalizeResource(USER, body, COMPATIBLE);
  assert.deepEqual(body, before);
});

for (
  const [one, other, isSame] of [
    [{ value: "a", type: "x" }, {
      type: "x",
      value: "a",
      display: "d",
      primary: true,
    }, true],
    [{ value: "a" }, { value: "a", type: "x" }, false],
    [{ value: "a" }, { value: "A" }, false],
    [{ region: "a", locality: "b" }, { locality: "b", region: "a" }, true],
    [{ region: "a" }, { region: "a", primary: true }, false],
    ["a", "a", true],
    ["a", { value: "a" }, false],
    ["1", 1, false],
  ] as const satisfies readonly (readonly [JsonValue, JsonValue, boolean])[]
) {
  Deno.test(`elementKey() says that ${JSON.stringify(one)} ${isSame ? "is" : "is not"} ${JSON.stringify(other)}`, () => {
    assert.equal(elementKey(one) === elementKey(other), isSame);
  });
}

for (
  const [element, expected] of [
    [{ type: "work", primary: true }, true],
    [{ type: "work" }, true],
    [{}, true],
    [{ type: "work", display: "x" }, false],
    ["x", false],
  ] as const satisfies readonly (readonly [JsonValue, boolean])[]
) {
  Deno.test(`isBareElement() of ${JSON.stringify(element)} is ${expected}`, () => {
    assert.equal(isBareElement(element), expected);
  });
}

for (
  const [type, path, expected] of [
    [GROUP, "members", true],
    [USER, "groups", true],
    [USER, `${ENTERPRISE_URI}:manager`, true],
    [DEVICE, "owner", true],
    [USER, "emails", false],
    [USER, "meta", false],
  ] as const satisfies readonly (readonly [ResourceType, string, boolean])[]
) {
  Deno.test(`isResourceReference() of ${path} is ${expected}`, () => {
    assert.equal(isResourceReference(attributeOf(type, path)), expected);
  });
}

Deno.test("ownIgnoringCase() prefers the exact name", () => {
  assert.equal(ownIgnoringCase({ A: 1, a: 2 }, "a"), 2);
  assert.equal(ownIgnoringCase({ A: 1 }, "a"), 1);
  assert.equal(ownIgnoringCase({}, "constructor"), undefined);
});

const names = fc.constantFrom(
  "schemas",
  "userName",
  "USERNAME",
  "name",
  "emails",
  "members",
  "groups",
  "meta",
  "id",
  "password",
  "name.givenName",
  "emails[0]",
  "value",
  "type",
  "$ref",
  "manager",
  "__proto__",
  "constructor",
  "serialNumber",
  "slots",
  "tags",
  "site",
  "owner",
  ENTERPRISE_URI,
  `${ENTERPRISE_URI}:manager`,
  `${ENTERPRISE_URI}.manager`,
  `${USER_URI}:name.givenName`,
  WARRANTY_URI,
);
const anyJson: fc.Arbitrary<JsonObject> =
  fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<JsonValue>(
        null,
        true,
        "True",
        "",
        0,
        1e999,
        "x",
        "\ud800",
      ),
      fc.string({ unit: "binary" }),
      fc.array(tie("value"), { maxLength: 4 }),
      tie("object"),
    ),
    object: fc.array(fc.tuple(fc.oneof(names, fc.string()), tie("value")), {
      maxLength: 5,
    })
      .map((entries): JsonObject =>
        JSON.parse(JSON.stringify(Object.fromEntries(entries)))
      ),
  })).object;

for (
  const [type, uri] of [[USER, USER_URI], [GROUP, GROUP_URI], [
    DEVICE,
    DEVICE_URI,
  ]] as const
) {
  for (const profile of PROFILES) {
    Deno.test(`normalizeResource() reads or refuses any JSON for ${type.name} (${profile.name})`, () => {
      holds(
        fc.property(anyJson, fc.boolean(), (body, isNamed) => {
          const sent = isNamed ? { ...body, schemas: [uri] } : body;
          try {
            normalizeResource(type, sent, profile);
          } catch (error) {
            assert.ok(
              error instanceof ScimError && error.status === 400,
              String(error),
            );
          }
        }),
        1_000,
      );
    });
  }
}

Deno.test("normalizeResource() of its own valid result changes nothing", () => {
  const normalize = (body: JsonObject) =>
    normalizeResource(
      DEVICE,
      { ...body, schemas: [DEVICE_URI], serialNumber: "S" },
      COMPATIBLE,
    ).attributes;
  holds(
    fc.property(anyJson, (body) => {
      let once: JsonObject;
      try {
        once = normalize(body);
        validateResource(DEVICE, once, COMPATIBLE);
      } catch (error) {
        if (error instanceof ScimError) return;
        throw error;
      }
      assert.deepEqual(normalize(once), once);
    }),
    2_000,
  );
});

Deno.test("normalizeResource() reads paths as names within an extension (compatible)", () => {
  const body = {
    schemas: [USER_URI],
    userName: "ada",
    [ENTERPRISE_URI]: { "manager.value": "m1", department: "Engines" },
  };
  assert.deepEqual(
    normalizeResource(USER, body, COMPATIBLE).attributes[ENTERPRISE_URI],
    { manager: { value: "m1" }, department: "Engines" },
  );
});

Deno.test("normalizeResource() folds values whose types differ in case only", () => {
  const emails = [
    { value: "a@example.com", type: "work" },
    { value: "a@example.com", type: "Work" },
  ];
  const body = { schemas: [USER_URI], userName: "ada", emails };
  assert.deepEqual(
    normalizeResource(USER, body, COMPATIBLE).attributes["emails"],
    [emails[0]],
  );
});

Deno.test("normalizeResource() refuses a member whose type is no string", () => {
  refuses(
    () => members([{ value: "a", type: 5 }]),
    400,
    "invalidValue",
    "must be a string",
  );
});

Deno.test("normalizeResource() reads the base schema as a container of its attributes (compatible)", () => {
  const body = userBody({ [USER_URI.toUpperCase()]: { title: "Dr", id: "x" } });
  assert.deepEqual(normalizeResource(USER, body, COMPATIBLE).attributes, {
    userName: "ada@example.com",
    title: "Dr",
  });
  refuses(
    () => normalizeResource(USER, body, RFC),
    400,
    "invalidSyntax",
    "not defined",
  );
});

for (const profile of [COMPATIBLE, RFC]) {
  Deno.test(`normalizeResource() refuses a lone $ref that is not the URI of a user (${profile.name})`, () => {
    for (
      const $ref of [
        "https://example.com/Users/",
        "https://example.com",
        "/Groups/m",
        "urn:x:y",
        "m",
      ]
    ) {
      refuses(
        () =>
          normalizeResource(
            USER,
            userBody({
              schemas: [USER_URI, ENTERPRISE_URI],
              [ENTERPRISE_URI]: { manager: { $ref } },
            }),
            profile,
          ),
        400,
        "invalidValue",
        "manager.$ref",
      );
    }
  });
}
