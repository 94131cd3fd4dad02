import assert from "node:assert/strict";
import fc from "fast-check";
import { ScimError, type ScimType } from "../../../domain/errors.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../../domain/json.ts";
import { elementKey } from "../../../domain/elements.ts";
import { normalizeResource } from "../../../domain/normalize.ts";
import { applyPatch, type PatchResult } from "../../../domain/patch/apply.ts";
import { foldMembership } from "../../../domain/patch/membership.ts";
import {
  type PatchOperation,
  readPatchMessage,
} from "../../../domain/patch/message.ts";
import { COMPATIBLE, type Profile, RFC } from "../../../domain/profile.ts";
import type { ResourceType } from "../../../domain/schema/compile.ts";
import { validateResource } from "../../../domain/validate.ts";
import {
  DEVICE,
  DEVICE_URI,
  ENTERPRISE_URI,
  GROUP,
  patchBody,
  refuses,
  USER,
  USER_URI,
  WARRANTY_URI,
} from "../fixtures.ts";
import { holds } from "../property.ts";

const PROFILES = [COMPATIBLE, RFC];

const ADA: JsonObject = {
  userName: "ada@example.com",
  displayName: "Ada King",
  name: { givenName: "Ada", familyName: "King" },
  active: true,
  emails: [
    { value: "a@example.com", type: "work", primary: true },
    { value: "b@example.com", type: "home" },
  ],
  [ENTERPRISE_URI]: { department: "Engines", manager: { value: "m1" } },
};

function patch(
  operations: readonly JsonObject[],
  { type = USER, before = ADA, profile = RFC }: {
    type?: ResourceType;
    before?: JsonObject;
    profile?: Profile;
  } = {},
): PatchResult {
  return applyPatch(
    type,
    before,
    readPatchMessage(patchBody(...operations), profile),
    profile,
  );
}

const { [ENTERPRISE_URI]: _, ...CORE } = ADA;
const ENTERPRISE = { department: "Engines", manager: { value: "m1" } };
const [WORK, HOME] = [
  { value: "a@example.com", type: "work", primary: true },
  { value: "b@example.com", type: "home" },
];
const DEPARTMENT = `${ENTERPRISE_URI}:department`;
const MANAGER = `${ENTERPRISE_URI}:manager`;

/** Cases that both profiles read alike. */
const CASES: readonly (readonly [
  what: string,
  operation: JsonObject,
  change: JsonObject,
])[] = [
  // add (RFC 7644 section 3.5.2.1)
  ["adds an attribute", { op: "add", path: "title", value: "x" }, {
    title: "x",
  }],
  [
    "adds over a single value",
    { op: "add", path: "displayName", value: "x" },
    { displayName: "x" },
  ],
  [
    "adds a sub-attribute",
    { op: "add", path: "name.middleName", value: "x" },
    { name: { givenName: "Ada", familyName: "King", middleName: "x" } },
  ],
  ["adds to a complex attribute", {
    op: "add",
    path: "name",
    value: { givenName: "x" },
  }, { name: { givenName: "x", familyName: "King" } }],
  ["adds a value to a list", {
    op: "add",
    path: "emails",
    value: { value: "c" },
  }, { emails: [WORK, HOME, { value: "c" }] }],
  ["adds a list that was not there", {
    op: "add",
    path: "roles",
    value: [{ value: "r" }],
  }, { roles: [{ value: "r" }] }],
  ["adds the same again without a change", {
    op: "add",
    path: "emails",
    value: [HOME],
  }, {}],
  ["adds several attributes without a path", {
    op: "add",
    value: {
      title: "x",
      name: { middleName: "y" },
      emails: [{ value: "c" }],
    },
  }, {
    title: "x",
    name: { givenName: "Ada", familyName: "King", middleName: "y" },
    emails: [WORK, HOME, { value: "c" }],
  }],
  ["adds an extension attribute by its full name", {
    op: "add",
    path: `${ENTERPRISE_URI}:division`,
    value: "x",
  }, { [ENTERPRISE_URI]: { ...ENTERPRISE, division: "x" } }],
  ["adds an extension by its URI", {
    op: "add",
    path: ENTERPRISE_URI,
    value: { division: "x" },
  }, { [ENTERPRISE_URI]: { ...ENTERPRISE, division: "x" } }],
  ["adds an extension without a path", {
    op: "add",
    value: { [ENTERPRISE_URI.toUpperCase()]: { division: "x" } },
  }, { [ENTERPRISE_URI]: { ...ENTERPRISE, division: "x" } }],
  ["adds a full name without a path", {
    op: "add",
    value: { [DEPARTMENT]: "x" },
  }, { [ENTERPRISE_URI]: { ...ENTERPRISE, department: "x" } }],
  ["adds core attributes by the core URI", {
    op: "add",
    path: USER_URI,
    value: { title: "x" },
  }, { title: "x" }],
  // remove (section 3.5.2.2)
  ["removes an attribute", { op: "remove", path: "displayName" }, {
    displayName: null,
  }],
  ["removes what is not there", { op: "remove", path: "title" }, {}],
  ["removes a sub-attribute", { op: "remove", path: "name.givenName" }, {
    name: { familyName: "King" },
  }],
  ["removes a complex attribute", { op: "remove", path: "name" }, {
    name: null,
  }],
  ["removes a list", { op: "remove", path: "emails" }, { emails: null }],
  [
    "removes chosen values",
    { op: "remove", path: 'emails[type eq "work"]' },
    { emails: [HOME] },
  ],
  ["removes the last values", { op: "remove", path: "emails[value pr]" }, {
    emails: null,
  }],
  ["removes a sub-attribute of chosen values", {
    op: "remove",
    path: 'emails[type eq "home"].type',
  }, { emails: [WORK, { value: "b@example.com" }] }],
  ["removes values that are named", {
    op: "remove",
    path: "emails",
    value: [{ value: "a@example.com" }],
  }, { emails: [HOME] }],
  ["removes an extension", { op: "remove", path: ENTERPRISE_URI }, {
    [ENTERPRISE_URI]: null,
  }],
  ["removes an extension attribute", { op: "remove", path: MANAGER }, {
    [ENTERPRISE_URI]: { department: "Engines" },
  }],
  // replace (section 3.5.2.3)
  ["replaces a value", { op: "replace", path: "userName", value: "x" }, {
    userName: "x",
  }],
  [
    "replaces what is not there",
    { op: "replace", path: "title", value: "x" },
    { title: "x" },
  ],
  ["replaces the named attributes without a path", {
    op: "replace",
    value: { displayName: "x", emails: [HOME] },
  }, { displayName: "x", emails: [HOME] }],
  ["merges into a complex attribute", {
    op: "replace",
    path: "name",
    value: { givenName: "x" },
  }, { name: { givenName: "x", familyName: "King" } }],
  ["merges sub-attributes that are null", {
    op: "replace",
    path: "name",
    value: { givenName: null },
  }, { name: { familyName: "King" } }],
  ["merges an empty object as no change", {
    op: "replace",
    path: "name",
    value: {},
  }, {}],
  ["merges null for all sub-attributes", {
    op: "replace",
    path: "name",
    value: { givenName: null, familyName: null },
  }, { name: null }],
  ["merges sub-attributes in any case", {
    op: "replace",
    path: "name",
    value: { GIVENNAME: null, middlename: "x" },
  }, { name: { familyName: "King", middleName: "x" } }],
  ["keeps a manager whose name alone is sent", {
    op: "replace",
    path: MANAGER,
    value: { displayName: "M" },
  }, {}],
  ["replaces a list", {
    op: "replace",
    path: "emails",
    value: [{ value: "c" }],
  }, { emails: [{ value: "c" }] }],
  [
    "replaces a list by nothing",
    { op: "replace", path: "emails", value: [] },
    { emails: null },
  ],
  ["replaces chosen values as a whole", {
    op: "replace",
    path: 'emails[type eq "work"]',
    value: { value: "c" },
  }, { emails: [{ value: "c" }, HOME] }],
  ["replaces a sub-attribute of chosen values", {
    op: "replace",
    path: 'emails[type eq "work"].value',
    value: "c",
  }, { emails: [{ ...WORK, value: "c" }, HOME] }],
  ["replaces a manager by its $ref", {
    op: "replace",
    path: MANAGER,
    value: { $ref: "https://example.com/Users/m2" },
  }, {
    [ENTERPRISE_URI]: { department: "Engines", manager: { value: "m2" } },
  }],
  ["replaces a manager by the path of its $ref", {
    op: "replace",
    path: `${MANAGER}.$ref`,
    value: "https://example.com/Users/m2",
  }, {
    [ENTERPRISE_URI]: { department: "Engines", manager: { value: "m2" } },
  }],
  ["keeps a manager whose $ref is removed, since it follows from the id", {
    op: "remove",
    path: `${MANAGER}.$ref`,
  }, {}],
  [
    "unassigns with null",
    { op: "replace", path: "displayName", value: null },
    { displayName: null },
  ],
  ["unassigns an extension with null", {
    op: "replace",
    value: { [ENTERPRISE_URI]: null },
  }, { [ENTERPRISE_URI]: null }],
  ["unassigns the last extension attributes", {
    op: "replace",
    path: ENTERPRISE_URI,
    value: { department: null, manager: null },
  }, { [ENTERPRISE_URI]: null }],
  ["edits a complex attribute by a filter", {
    op: "replace",
    path: 'name[givenName eq "ada"].middleName',
    value: "x",
  }, { name: { givenName: "Ada", familyName: "King", middleName: "x" } }],
  ["removes a complex attribute by a filter", {
    op: "remove",
    path: 'name[givenName eq "ada"]',
  }, { name: null }],
  // Notation, noise and views
  ["reads names in any case", {
    op: "replace",
    path: "NAME.GIVENNAME",
    value: "x",
  }, { name: { givenName: "x", familyName: "King" } }],
  ["reads full names in any case", {
    op: "replace",
    path: DEPARTMENT.toUpperCase(),
    value: "x",
  }, { [ENTERPRISE_URI]: { ...ENTERPRISE, department: "x" } }],
  ["ignores schemas", {
    op: "replace",
    value: { schemas: ["urn:example:x"], title: "x" },
  }, { title: "x" }],
  ["adds a schema of the type without a change", {
    op: "add",
    path: "schemas",
    value: [ENTERPRISE_URI],
  }, {}],
  ["takes an extension away with its URI", {
    op: "remove",
    path: `schemas[value eq "${ENTERPRISE_URI}"]`,
  }, { [ENTERPRISE_URI]: null }],
  ["takes extensions away that a new list of schemas lacks", {
    op: "replace",
    path: "schemas",
    value: [USER_URI],
  }, { [ENTERPRISE_URI]: null }],
  ["takes a password and does not keep it", {
    op: "replace",
    path: "password",
    value: "hunter2",
  }, {}],
  ["sets primary on one value only", {
    op: "replace",
    path: 'emails[type eq "home"].primary',
    value: true,
  }, { emails: [{ ...WORK, primary: false }, { ...HOME, primary: true }] }],
];

for (const [what, operation, change] of CASES) {
  for (const profile of PROFILES) {
    Deno.test(`applyPatch() ${what} (${profile.name})`, () => {
      const before = structuredClone(ADA);
      const expected = Object.fromEntries(
        Object.entries({ ...ADA, ...change }).filter(([_, value]) =>
          value !== null
        ),
      );
      assert.deepEqual(patch([operation], { profile }).attributes, expected);
      assert.deepEqual(ADA, before, "the resource that went in has changed");
    });
  }
}

const REFUSED: readonly (readonly [
  operation: JsonObject,
  scimType: ScimType,
  ...fragments: string[],
])[] = [
  [{ op: "remove", path: "schemas" }, "mutability", "base schema"],
  [
    { op: "replace", path: "schemas", value: [ENTERPRISE_URI] },
    "invalidValue",
    "base schema",
  ],
  [{ op: "add", path: "schemas", value: 5 }, "invalidValue", "schema URIs"],
  [
    { op: "replace", path: "groups", value: [] },
    "mutability",
    '"groups" is readOnly',
  ],
  [
    { op: "add", path: "groups.value", value: "g" },
    "mutability",
    '"groups" is readOnly',
  ],
  [{ op: "remove", path: "id" }, "mutability", '"id" is readOnly'],
  [{ op: "remove", path: USER_URI }, "mutability", "all attributes of User"],
  [
    { op: "replace", path: "meta.created", value: "2024-05-06T07:08:09Z" },
    "mutability",
    '"meta" is readOnly',
  ],
  [
    { op: "replace", path: `${MANAGER}.displayName`, value: "x" },
    "mutability",
    "displayName",
  ],
  [
    { op: "remove", path: "userName" },
    "mutability",
    '"userName" is required and cannot be removed',
  ],
  [
    { op: "replace", path: "userName", value: null },
    "invalidValue",
    '"userName" is required and cannot be empty',
  ],
  [
    { op: "replace", path: "userName", value: " " },
    "invalidValue",
    '"userName" is required',
  ],
  [
    { op: "add", path: "active", value: "yes" },
    "invalidValue",
    '"active" must be true or false',
  ],
  [
    { op: "add", path: "name", value: "x" },
    "invalidValue",
    '"name" must be an object',
  ],
  [
    { op: "add", path: "emails", value: 1 },
    "invalidValue",
    '"emails[2]" must be an object',
  ],
  [
    { op: "add", value: "x" },
    "invalidValue",
    '"add" without a path needs an object of attributes as its value, not a string',
  ],
  [
    { op: "replace", value: [{ title: "x" }] },
    "invalidValue",
    "not an array",
  ],
  [
    { op: "replace", path: USER_URI, value: null },
    "invalidValue",
    "needs an object of attributes",
  ],
  [
    { op: "add", path: ENTERPRISE_URI, value: "x" },
    "invalidValue",
    "must be an object of attributes",
  ],
  [
    { op: "add", value: { title: "x", TITLE: "y" } },
    "invalidSyntax",
    '"TITLE" occurs twice',
  ],
  [
    { op: "add", path: "title[value pr]", value: "x" },
    "invalidPath",
    '"title", which has one simple value',
  ],
  [
    { op: "remove", path: `${ENTERPRISE_URI}[department pr]` },
    "invalidPath",
    "puts a filter on a schema",
  ],
  [
    { op: "remove", path: "emails[wat pr]" },
    "invalidFilter",
    'no sub-attribute "wat"',
  ],
  [
    { op: "remove", path: "emails[primary eq 1]" },
    "invalidFilter",
    "true or false",
  ],
  [{ op: "remove", path: "password[value pr]" }, "invalidPath"],
  [
    {
      op: "replace",
      path: "emails",
      value: [{ value: "c", primary: true }, { value: "d", primary: true }],
    },
    "invalidValue",
    "primary true",
  ],
  [
    { op: "replace", path: 'name[givenName eq "x"].familyName', value: "y" },
    "noTarget",
    'selects no value of "name"',
  ],
  [
    { op: "add", path: `${MANAGER}[value eq "m9"].value`, value: "m9" },
    "noTarget",
    "manager",
  ],
];

for (const [operation, scimType, ...fragments] of REFUSED) {
  for (const profile of PROFILES) {
    Deno.test(`applyPatch() refuses ${JSON.stringify(operation)} (${profile.name})`, () => {
      refuses(
        () => patch([operation], { profile }),
        400,
        scimType,
        ...fragments,
      );
    });
  }
}

const UNKNOWN: readonly (readonly [
  operation: JsonObject,
  scimType: ScimType,
  name: string,
])[] = [
  [{ op: "replace", path: "wat", value: "x" }, "invalidPath", "wat"],
  [{ op: "remove", path: "wat" }, "invalidPath", "wat"],
  [{ op: "add", path: "name.wat", value: "x" }, "invalidPath", "name.wat"],
  [
    { op: "add", path: 'emails[type eq "work"].wat', value: "x" },
    "invalidPath",
    'emails[type eq "work"].wat',
  ],
  [
    { op: "add", path: "urn:example:none:wat", value: "x" },
    "invalidPath",
    "urn:example:none:wat",
  ],
  [{ op: "add", value: { wat: "x" } }, "invalidSyntax", "wat"],
  [
    { op: "add", value: { "not a name": "x" } },
    "invalidSyntax",
    "not a name",
  ],
  [
    { op: "add", value: { "urn:example:none:wat": "x" } },
    "invalidSyntax",
    "urn:example:none:wat",
  ],
  [
    { op: "add", path: "name", value: { wat: "x" } },
    "invalidSyntax",
    "name.wat",
  ],
  [
    { op: "add", path: ENTERPRISE_URI, value: { wat: "x" } },
    "invalidSyntax",
    "wat",
  ],
];

for (const [operation, scimType, name] of UNKNOWN) {
  Deno.test(`applyPatch() ignores and notes the unknown in ${JSON.stringify(operation)} (compatible)`, () => {
    const { attributes, ignored } = patch([operation], { profile: COMPATIBLE });
    assert.deepEqual(attributes, ADA);
    assert.deepEqual(ignored, [name]);
  });

  Deno.test(`applyPatch() refuses the unknown in ${JSON.stringify(operation)} (rfc)`, () => {
    refuses(() => patch([operation]), 400, scimType);
  });
}

Deno.test("applyPatch() suggests what a misspelt path may have meant", () => {
  refuses(
    () => patch([{ op: "add", path: "emials", value: "x" }]),
    400,
    "invalidPath",
    'Path "emials"',
    'did you mean "emails"?',
  );
});

Deno.test("applyPatch() lets each operation see the result of the one before", () => {
  const { attributes } = patch([
    { op: "add", path: "emails", value: { value: "c", type: "other" } },
    { op: "replace", path: 'emails[type eq "other"].value', value: "d" },
    { op: "remove", path: 'emails[value ew "@example.com"]' },
  ]);
  assert.deepEqual(attributes["emails"], [{ value: "d", type: "other" }]);
});

Deno.test("applyPatch() checks required attributes at the end", () => {
  const { attributes } = patch([
    { op: "remove", path: "userName" },
    { op: "add", path: "userName", value: "new" },
  ]);
  assert.equal(attributes["userName"], "new");
});

Deno.test("applyPatch() refuses all if the last operation is wrong", () => {
  refuses(
    () =>
      patch([{ op: "replace", path: "title", value: "x" }, {
        op: "remove",
        path: "userName",
      }]),
    400,
    "mutability",
  );
});

Deno.test("applyPatch() makes the later of two primary values the only one", () => {
  const { attributes } = patch([
    { op: "replace", path: 'emails[type eq "work"].primary', value: false },
    { op: "replace", path: 'emails[type eq "home"].primary', value: true },
  ]);
  assert.deepEqual(attributes["emails"], [{ ...WORK, primary: false }, {
    ...HOME,
    primary: true,
  }]);
});

Deno.test("applyPatch() makes an extension that is not there", () => {
  const { attributes } = patch([
    { op: "add", path: DEPARTMENT, value: "x" },
    { op: "add", path: `${MANAGER}.value`, value: "m" },
  ], { before: CORE });
  assert.deepEqual(attributes[ENTERPRISE_URI], {
    department: "x",
    manager: { value: "m" },
  });
});

Deno.test("applyPatch() leaves no empty extension behind", () => {
  const { attributes } = patch([{ op: "remove", path: DEPARTMENT }], {
    before: CORE,
  });
  assert.deepEqual(attributes, CORE);
});

Deno.test("applyPatch() says which attributes the operations named", () => {
  const { sent } = patch([
    { op: "replace", path: "name.givenName", value: "x" },
    { op: "add", value: { title: "y" } },
  ]);
  assert.deepEqual([...sent].map(({ name }) => name), [
    "name",
    "givenName",
    "title",
  ]);
});

const ROUTER: JsonObject = {
  serialNumber: "S1",
  site: { value: "Bern", room: "A1" },
  [WARRANTY_URI]: { contract: "C1", visits: [{ value: "v1" }] },
};

for (
  const operation of [
    { op: "replace", path: "serialNumber", value: "S2" },
    { op: "remove", path: "serialNumber" },
    { op: "replace", path: "site.room", value: "B2" },
    { op: "replace", path: "site", value: { room: "B2" } },
    { op: "remove", path: "site" },
    { op: "remove", path: `${WARRANTY_URI}:contract` },
    { op: "remove", path: WARRANTY_URI },
  ]
) {
  Deno.test(`43-7-12 applyPatch() refuses to change an immutable value: ${JSON.stringify(operation)}`, () => {
    refuses(
      () => patch([operation], { type: DEVICE, before: ROUTER }),
      400,
      "mutability",
    );
  });
}

Deno.test("43-7-12 applyPatch() gives an immutable attribute its first value", () => {
  const { site: _, ...before } = ROUTER;
  const { attributes } = patch(
    [{ op: "add", path: "site.room", value: "C3" }],
    { type: DEVICE, before },
  );
  assert.deepEqual(attributes["site"], { room: "C3" });
});

Deno.test("applyPatch() edits the lists of an extension", () => {
  const operation = {
    op: "add",
    path: `${WARRANTY_URI}:visits`,
    value: [{ value: "v1" }, { value: "v2" }],
  };
  const { attributes } = patch([operation], { type: DEVICE, before: ROUTER });
  assert.deepEqual(attributes[WARRANTY_URI], {
    contract: "C1",
    visits: [{ value: "v1" }, { value: "v2" }],
  });
});

for (const profile of PROFILES) {
  Deno.test(`applyPatch() removes the simple values that are named, in either form (${profile.name})`, () => {
    const before = { ...ROUTER, tags: ["a", "b", "c"] };
    for (const value of ["a", ["a"], { value: "a" }, [{ value: "a" }]]) {
      const { attributes } = patch(
        [{ op: "remove", path: "tags", value }],
        { type: DEVICE, before, profile },
      );
      assert.deepEqual(attributes["tags"], ["b", "c"], JSON.stringify(value));
    }
  });

  Deno.test(`applyPatch() refuses to remove what cannot be a value (${profile.name})`, () => {
    const before = { ...ROUTER, tags: ["a"] };
    refuses(
      () =>
        patch([{ op: "remove", path: "tags", value: [{ name: "a" }] }], {
          type: DEVICE,
          before,
          profile,
        }),
      400,
      "invalidValue",
      "tags",
    );
  });
}

Deno.test("applyPatch() refuses to remove a text from a list of objects (rfc)", () => {
  refuses(
    () =>
      patch([{ op: "remove", path: "emails", value: "x" }], {
        before: { userName: "ada", emails: [{ value: "x" }] },
        profile: RFC,
      }),
    400,
    "invalidValue",
    "must be objects",
  );
});

Deno.test("applyPatch() edits simple values by a filter", () => {
  const before = { ...ROUTER, tags: ["red", "green"] };
  const { attributes } = patch(
    [{ op: "remove", path: 'tags[value eq "red"]' }],
    { type: DEVICE, before },
  );
  assert.deepEqual(attributes["tags"], ["green"]);
});

const CREW: JsonObject = { displayName: "Crew" };

function members(operations: readonly JsonObject[], profile: Profile = RFC) {
  const { attributes, membership } = patch(operations, {
    type: GROUP,
    before: CREW,
    profile,
  });
  assert.deepEqual(attributes, CREW, "members are no attribute");
  const { replacesAll, add, remove } = foldMembership(membership);
  return { replacesAll, add: [...add], remove: [...remove] };
}

const NO_CHANGE = { replacesAll: false, add: [], remove: [] };

for (
  const [what, operation, expected] of [
    ["adds one member", {
      op: "add",
      path: "members",
      value: [{ value: "u1" }],
    }, { add: ["u1"] }],
    ["adds a member that is no array", {
      op: "add",
      path: "members",
      value: { value: "u1" },
    }, { add: ["u1"] }],
    ["adds members with $ref null", {
      op: "add",
      path: "members",
      value: [{ $ref: null, value: "u1" }],
    }, { add: ["u1"] }],
    ["adds members without a path", {
      op: "add",
      value: { members: [{ value: "u1", type: "User", display: "U" }] },
    }, { add: ["u1"] }],
    ["adds no members", { op: "add", path: "members", value: [] }, {}],
    ["replaces all members", {
      op: "replace",
      path: "members",
      value: [{ value: "u1" }],
    }, { replacesAll: true, add: ["u1"] }],
    ["replaces all members without a path", {
      op: "replace",
      value: { Members: [{ value: "u1" }] },
    }, { replacesAll: true, add: ["u1"] }],
    ["replaces all members by none", {
      op: "replace",
      path: "members",
      value: [],
    }, { replacesAll: true }],
    ["replaces all members by null", {
      op: "replace",
      path: "members",
      value: null,
    }, { replacesAll: true }],
    ["removes all members", { op: "remove", path: "members" }, {
      replacesAll: true,
    }],
    ["removes the members named, as Entra does", {
      op: "Remove",
      path: "members",
      value: [{ $ref: null, value: "u1" }, { value: "u2" }],
    }, { remove: ["u1", "u2"] }],
    ["removes no members for an empty array", {
      op: "remove",
      path: "members",
      value: [],
    }, {}],
    ["removes a member by a filter", {
      op: "remove",
      path: 'members[value eq "u1"]',
    }, { remove: ["u1"] }],
  ] as const satisfies readonly (readonly [string, JsonObject, object])[]
) {
  for (const profile of PROFILES) {
    Deno.test(`applyPatch() ${what} (${profile.name})`, () => {
      assert.deepEqual(members([operation], profile), {
        ...NO_CHANGE,
        ...expected,
      });
    });
  }
}

for (
  const [operation, scimType, ...fragments] of [
    [
      { op: "replace", path: 'members[value eq "u1"].value', value: "u2" },
      "mutability",
      "members cannot be edited",
    ],
    [
      { op: "replace", path: 'members[value eq "u1"]', value: { value: "u2" } },
      "mutability",
      'use "remove" with this path and "add" with the path "members"',
    ],
    [
      { op: "add", path: 'members[value eq "u1"]', value: { value: "u2" } },
      "mutability",
      "members cannot be edited",
    ],
    [
      { op: "remove", path: "members.type" },
      "mutability",
      "remove the member and add another",
    ],
    [
      { op: "remove", path: 'members[value eq "u1"].display' },
      "mutability",
      "members cannot be edited",
    ],
    [
      { op: "add", path: "members", value: [{ type: "User", display: "x" }] },
      "invalidValue",
      '"members[0].value" is required',
    ],
    [
      { op: "add", path: "members", value: [{ value: 1 }] },
      "invalidValue",
      "id of a resource",
    ],
  ] as const satisfies readonly (readonly [JsonObject, ScimType, ...string[]])[]
) {
  Deno.test(`applyPatch() refuses ${JSON.stringify(operation)}`, () => {
    refuses(() => members([operation]), 400, scimType, ...fragments);
  });
}

Deno.test("applyPatch() takes Okta's change of members", () => {
  const change = members([
    { op: "remove", path: 'members[value eq "u1"]' },
    {
      op: "add",
      path: "members",
      value: [{ value: "u2", display: "u2@example.com" }],
    },
  ], COMPATIBLE);
  assert.deepEqual(change, { replacesAll: false, add: ["u2"], remove: ["u1"] });
});

for (const op of ["add", "remove", "replace"]) {
  Deno.test(`applyPatch() is done in time with 20,000 members to ${op}`, () => {
    const value = Array.from(
      { length: 20_000 },
      (_, i) => ({ value: `m${i}` }),
    );
    const start = performance.now();
    members([{ op, path: "members", value }]);
    assert.ok(performance.now() - start < 10_000);
  });
}

Deno.test("applyPatch() is done in time with 1,000 operations on a list", () => {
  const operations = Array.from(
    { length: 1_000 },
    (_, i) => ({ op: "add", path: "emails", value: { value: `e${i}` } }),
  );
  const before = { userName: "x" };
  const start = performance.now();
  patch(operations, { before });
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("applyPatch() refuses operations that would look at millions of values", () => {
  const value = Array.from({ length: 1_500 }, (_, i) => ({ value: `e${i}` }));
  const many = Array.from(
    { length: 900 },
    (_, i) => ({ op: "add", path: "emails", value: { value: `x${i}` } }),
  );
  const start = performance.now();
  assert.throws(
    () => patch([{ op: "add", path: "emails", value }, ...many]),
    { name: "ScimError", status: 413, message: /several messages/ },
  );
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("applyPatch() says which operation cannot be applied", () => {
  assert.throws(
    () =>
      patch([
        { op: "replace", path: "title", value: "Lead" },
        { op: "replace", path: "id", value: "x" },
      ]),
    { name: "ScimError", message: /^Operations\[1\]: .*readOnly/ },
  );
});

Deno.test("applyPatch() chooses members by value and type only", () => {
  assert.throws(
    () => members([{ op: "remove", path: 'members[display eq "Ada"]' }]),
    { name: "ScimError", scimType: "invalidFilter", message: /value and type/ },
  );
});

Deno.test("applyPatch() refuses a schema that the type does not have (rfc)", () => {
  const operation = { op: "add", path: "schemas", value: "urn:example:none" };
  assert.throws(
    () => patch([operation], { profile: RFC }),
    { name: "ScimError", message: /does not belong to User/ },
  );
  patch([operation], { profile: COMPATIBLE });
});

for (
  const [what, operation, expected] of [
    [
      "hands primary over to a chosen value",
      { op: "Add", path: 'emails[type eq "home"]', value: { primary: "True" } },
      [{ ...WORK, primary: false }, { ...HOME, primary: true }],
    ],
    [
      "lets a value that does not survive take nothing",
      { op: "Replace", path: 'emails[type eq "other"].primary', value: "True" },
      [WORK, HOME],
    ],
    [
      "removes named values whatever the case of their type",
      { op: "remove", path: "emails", value: [{ ...HOME, type: "HOME" }] },
      [WORK],
    ],
    [
      "removes the values that a type names",
      { op: "remove", path: "emails", value: [{ type: "home" }] },
      [WORK],
    ],
    [
      "unwraps a removal that repeats the name of the attribute",
      { op: "remove", path: "emails", value: { emails: [HOME] } },
      [WORK],
    ],
  ] as const
) {
  Deno.test(`applyPatch() ${what} (compatible)`, () => {
    const { attributes } = patch([structuredClone(operation) as JsonObject], {
      profile: COMPATIBLE,
    });
    assert.deepEqual(attributes["emails"], expected);
  });
}

Deno.test("applyPatch() keeps what a new value says beside its filter (compatible)", () => {
  const operation = {
    op: "Replace",
    path: 'roles[value eq "Admin"]',
    value: { primary: true, type: "T" },
  };
  assert.deepEqual(
    patch([operation], { profile: COMPATIBLE }).attributes["roles"],
    [{ value: "Admin", primary: true, type: "T" }],
  );
});

Deno.test('applyPatch() reads "" and [] for an extension as nothing (compatible)', () => {
  for (const value of ["", []]) {
    const operation = { op: "replace", path: ENTERPRISE_URI, value };
    const { attributes } = patch([operation], { profile: COMPATIBLE });
    assert.equal(attributes[ENTERPRISE_URI], undefined);
  }
});

// Properties

const label = fc.constantFrom("work", "home", "other");
const address = fc.constantFrom(
  "a@example.com",
  "b@example.com",
  "c@example.com",
);
const email = fc.record({
  value: address,
  type: label,
  primary: fc.boolean(),
  display: fc.constantFrom("A", "B"),
}, {
  requiredKeys: ["value"],
  noNullPrototype: true,
});
const emails = fc.array(email, { maxLength: 3 }).map((values): JsonValue[] => {
  let hasPrimary = false;
  return values.map(({ primary, ...rest }) => {
    const isPrimary = primary === true && !hasPrimary;
    hasPrimary ||= isPrimary;
    return isPrimary ? { ...rest, primary: true } : { ...rest };
  });
});
const word = fc.constantFrom("x", "Y", "zz");
const enterprise = fc.record({
  department: word,
  manager: fc.record({ value: word }, { noNullPrototype: true }),
}, { requiredKeys: [], noNullPrototype: true });

/** Users in normal form, as a store holds them. */
const storedUser: fc.Arbitrary<JsonObject> = fc.record({
  userName: word,
  title: word,
  active: fc.boolean(),
  name: fc.record({ givenName: word, familyName: word }, {
    requiredKeys: [],
    noNullPrototype: true,
  }),
  emails,
  [ENTERPRISE_URI]: enterprise,
}, { requiredKeys: ["userName"], noNullPrototype: true }).map((user) => {
  const body: JsonObject = JSON.parse(
    JSON.stringify({ ...user, schemas: [USER_URI] }),
  );
  return normalizeResource(USER, body, RFC).attributes;
});

const someValue: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 3, arbitrary: word },
  { weight: 2, arbitrary: address },
  fc.constantFrom<JsonValue>(null, "", true, false, "True", 0, [], {}, [null], [
    [],
  ]),
  email.map((value): JsonValue => JSON.parse(JSON.stringify(value))),
  emails,
  fc.record({ givenName: fc.option(word), familyName: fc.option(word) }, {
    requiredKeys: [],
    noNullPrototype: true,
  })
    .map((value): JsonValue => JSON.parse(JSON.stringify(value))),
  fc.record({ primary: fc.boolean() }, { noNullPrototype: true }),
);
const paths = fc.oneof(
  fc.constantFrom(
    "userName",
    "title",
    "active",
    "name",
    "name.givenName",
    "NAME.familyName",
    "emails",
    "emails.value",
    "emails.type",
    "emails.primary",
    "emails[primary eq true].value",
    "emails[primary eq false]",
    'emails[type eq "work" or type eq "home"].type',
    "emails[not (type pr)]",
    "groups",
    "id",
    "meta.created",
    "password",
    "schemas",
    "wat",
    "name.wat",
    "addresses",
    "addresses.locality",
    ENTERPRISE_URI,
    DEPARTMENT,
    MANAGER,
    `${MANAGER}.value`,
    `${MANAGER}.displayName`,
    "manager",
    USER_URI,
    "x509Certificates",
    "title[value pr]",
    'name[givenName eq "x"].familyName',
  ),
  fc.tuple(
    label,
    fc.constantFrom("", ".value", ".type", ".primary", ".display", ".wat"),
  )
    .map(([type, sub]) => `emails[type eq "${type}"]${sub}`),
  fc.tuple(address, fc.constantFrom("", ".value", ".type", ".primary"))
    .map(([value, sub]) => `emails[value eq "${value}"]${sub}`),
);
const withoutPath = fc.array(fc.tuple(paths, someValue), { maxLength: 3 })
  .map((members): JsonObject => Object.fromEntries(members));
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constantFrom("add", "remove", "replace"),
      path: paths,
      value: someValue,
    }, {
      requiredKeys: ["op", "path"],
      noNullPrototype: true,
    }),
  },
  fc.record({ op: fc.constantFrom("add", "replace"), value: withoutPath }, {
    noNullPrototype: true,
  }),
).map((operation): JsonObject => JSON.parse(JSON.stringify(operation)));

function assertSound(attributes: JsonObject, profile: Profile): void {
  validateResource(USER, attributes, profile);
  const [base, extensions] = [attributes, attributes[ENTERPRISE_URI]];
  for (const holder of [base, extensions]) {
    if (!isJsonObject(holder)) continue;
    for (const [name, value] of Object.entries(holder)) {
      assert.notDeepEqual(value, {}, `${name} is empty`);
      assert.notDeepEqual(value, [], `${name} is empty`);
      if (!Array.isArray(value)) continue;
      const primaries = value.filter((element) =>
        isJsonObject(element) && element["primary"] === true
      );
      assert.ok(
        primaries.length <= 1,
        `${name} has ${primaries.length} primary values`,
      );
      const pairs = value.filter((element) =>
        isJsonObject(element) && "value" in element
      )
        .map((element) =>
          isJsonObject(element) &&
          JSON.stringify([element["value"], element["type"]])
        );
      assert.equal(
        new Set(pairs).size,
        pairs.length,
        `${name} has a value twice`,
      );
      assert.equal(
        new Set(value.map(elementKey)).size,
        value.length,
        `${name} has a value twice`,
      );
    }
  }
}

for (const profile of PROFILES) {
  Deno.test(`applyPatch() changes nothing or leaves a sound user (${profile.name})`, () => {
    holds(
      fc.property(
        storedUser,
        fc.array(operation, { minLength: 1, maxLength: 5 }),
        (user, operations) => {
          const before = structuredClone(user);
          let result: JsonObject | undefined;
          try {
            result = patch(operations, { before: user, profile }).attributes;
          } catch (error) {
            assert.ok(
              error instanceof ScimError && error.status === 400,
              String(error),
            );
          }
          assert.deepEqual(
            user,
            before,
            "the resource that went in has changed",
          );
          if (result !== undefined) assertSound(result, profile);
        },
      ),
      3_000,
    );
  });
}

/** Replacements that do not take away what their own filter looks for. */
const steadyReplacement = fc.oneof(
  fc.constantFrom(
    "title",
    "name.givenName",
    "emails.display",
    DEPARTMENT,
    `${MANAGER}.value`,
  )
    .chain((path) => word.map((value) => ({ op: "replace", path, value }))),
  fc.tuple(label, fc.constantFrom("value", "display"), address).map((
    [type, sub, value],
  ) => ({
    op: "replace",
    path: `emails[type eq "${type}"].${sub}`,
    value,
  })),
  label.map((type) => ({
    op: "replace",
    path: `emails[type eq "${type}"].primary`,
    value: true,
  })),
  fc.tuple(label, address).map(([type, value]) => ({
    op: "replace",
    path: `emails[type eq "${type}"]`,
    value: { type, value },
  })),
  emails.map((value) => ({ op: "replace", path: "emails", value })),
  fc.record({
    title: word,
    name: fc.record({ givenName: fc.option(word) }, { noNullPrototype: true }),
    emails,
  }, {
    requiredKeys: [],
    noNullPrototype: true,
  }).map((value) => ({ op: "replace", value })),
).map((operation): JsonObject => JSON.parse(JSON.stringify(operation)));

for (const profile of PROFILES) {
  Deno.test(`applyPatch() of the same replacement again changes nothing (${profile.name})`, () => {
    holds(
      fc.property(storedUser, steadyReplacement, (user, operation) => {
        let once: JsonObject;
        try {
          once = patch([operation], { before: user, profile }).attributes;
        } catch (error) {
          if (error instanceof ScimError) return;
          throw error;
        }
        assert.deepEqual(
          patch([operation], { before: once, profile }).attributes,
          once,
        );
      }),
      2_000,
    );
  });
}

Deno.test("applyPatch() takes operations that were not read from a message", () => {
  const operations: PatchOperation[] = [{
    op: "remove",
    path: { attribute: { name: "title" } },
  }];
  const result = applyPatch(DEVICE, ROUTER, operations, COMPATIBLE);
  assert.deepEqual(result.attributes, ROUTER);
  assert.equal(DEVICE.schema, DEVICE_URI);
});
