import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compileElementFilter,
  compileFilter,
  type CompileOptions,
  elementMatches,
  isPresent,
} from "../../../domain/filter/compile.ts";
import { parseFilter } from "../../../domain/filter/parse.ts";
import { printFilter } from "./print.ts";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import type { ResourceType } from "../../../domain/schema/compile.ts";
import { ENTERPRISE_USER_SCHEMA } from "../../../domain/schema/enterprise_user.ts";
import { GROUP_SCHEMA } from "../../../domain/schema/group.ts";
import { USER_SCHEMA } from "../../../domain/schema/user.ts";
import {
  attributeOf,
  DEVICE,
  DEVICE_SCHEMA,
  ENTERPRISE_URI,
  GROUP,
  refuses,
  USER,
  USER_URI,
  WARRANTY_SCHEMA,
} from "../fixtures.ts";
import { holds } from "../property.ts";
import { anyFilterFor, anyResource } from "../resources.ts";
import { matchesNaively, type Schemas } from "./naive.ts";

const ADA: JsonObject = {
  schemas: [USER_URI, ENTERPRISE_URI],
  id: "5f9d1e66-0000-4000-8000-00000000000a",
  externalId: "AbC",
  userName: "Ada@example.com",
  displayName: "",
  name: { givenName: "Ada", familyName: "King" },
  title: "Countess",
  active: true,
  emails: [
    { value: "ada@work.example.com", type: "work", primary: true },
    { value: "ada@home.example.org", type: "home" },
    { display: "no address" },
  ],
  groups: [{ value: "g1", $ref: "https://example.com/scim/v2/Groups/g1" }],
  meta: {
    resourceType: "User",
    created: "2024-05-06T07:08:09Z",
    lastModified: "2024-05-07T07:08:09.1234567Z",
  },
  [ENTERPRISE_URI]: { department: "Engines", manager: { value: "M1" } },
};

function matches(
  text: string,
  resource: JsonObject = ADA,
  type: ResourceType = USER,
  options: CompileOptions = {},
): boolean {
  return compileFilter(parseFilter(text), type, options).test(resource);
}

const CASES: readonly (readonly [filter: string, expected: boolean])[] = [
  // Names and their notation
  ['USERNAME eq "ada@example.com"', true],
  ['Name.GivenNAME eq "ada"', true],
  [`${USER_URI}:userName eq "ada@example.com"`, true],
  [`${USER_URI.toUpperCase()}:NAME.familyName eq "king"`, true],
  [`${ENTERPRISE_URI}:department eq "engines"`, true],
  [`${ENTERPRISE_URI}:manager.value eq "M1"`, true],
  // Case
  ['userName eq "ADA@EXAMPLE.COM"', true],
  ['userName eq "ａｄａ@example.com"', true],
  ['externalId eq "AbC"', true],
  ['externalId eq "abc"', false],
  ['id eq "5F9D1E66-0000-4000-8000-00000000000A"', false],
  [`${ENTERPRISE_URI}:manager.value eq "m1"`, false],
  // Substrings
  ['title co "unt"', true],
  ['title sw "COUNT"', true],
  ['title ew "ess"', true],
  ['title co "Countess"', true],
  ['title sw "Countess"', true],
  ['title ew "Countess"', true],
  ['title co ""', true],
  ['title sw "ess"', false],
  // Order
  ['title gt "Count"', true],
  ['title ge "countess"', true],
  ['title gt "countess"', false],
  ['title lt "d"', true],
  ['title le "countess"', true],
  ['meta.lastModified gt "2024-05-07T09:08:09.1234566+02:00"', true],
  ['meta.lastModified le "2024-05-07T07:08:09.1234566Z"', false],
  ['meta.created eq "2024-05-06T08:08:09.0+01:00"', true],
  // Multi-valued attributes
  ['emails.type eq "home"', true],
  ['emails co "example.org"', true],
  ['emails.value co "example.net"', false],
  ['emails[type eq "work" and value co "work."]', true],
  ['emails[type eq "work" and value co "home."]', false],
  ['emails[type eq "work"] and emails[value co "home."]', true],
  ['emails[type eq "work"].value co "work."', true],
  ['emails[type eq "work"].value co "home."', false],
  ['emails[not (type eq "work") and value pr]', true],
  ["emails[primary eq false]", true],
  ["emails[primary ne true]", true],
  ["emails.primary eq false", true],
  ['schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"', true],
  [`schemas[value eq "${ENTERPRISE_URI}"]`, true],
  // ne: some value differs; no value, no difference
  ['title ne "countess"', false],
  ['title ne "duchess"', true],
  ['emails.type ne "work"', true],
  ['not (emails.type eq "work")', false],
  ['nickName ne "x"', false],
  ['not (nickName eq "x")', true],
  ["active ne false", true],
  // Presence
  ["title pr", true],
  ["nickName pr", false],
  ["displayName pr", false],
  ["name pr", true],
  ["name.middleName pr", false],
  ["emails pr", true],
  ["phoneNumbers pr", false],
  ["active pr", true],
  [`${ENTERPRISE_URI}:manager pr`, true],
  [`${ENTERPRISE_URI} pr`, true],
  // null is the absence of a value
  ["nickName eq null", true],
  ["nickName ne null", false],
  ["title eq null", false],
  ["title ne null", true],
  ["displayName eq null", true],
  ["displayName ne null", false],
  ["name eq null", false],
  ["name ne null", true],
  ["emails eq null", false],
  ["emails[value eq null]", true],
  ["emails[type eq null and display pr]", true],
  // Logic
  ['title eq "x" or title eq "Countess" and active eq true', true],
  ['(title eq "x" or title eq "Countess") and active eq false', false],
  ["not (not (active eq true))", true],
];

for (const [text, expected] of CASES) {
  Deno.test(`compileFilter() ${expected ? "matches" : "does not match"} ${text}`, () => {
    assert.equal(matches(text), expected);
  });
}

const NO_VALUES: JsonObject[] = [{}, { nickName: "" }];
for (const resource of NO_VALUES) {
  Deno.test(`compileFilter() finds no value in ${JSON.stringify(resource)}`, () => {
    assert.equal(matches("nickName pr", resource), false);
    assert.equal(matches("nickName eq null", resource), true);
    assert.equal(matches("nickName ne null", resource), false);
  });
}

Deno.test('compileFilter() reads "emails eq null" as no element with a value in it', () => {
  assert.equal(
    matches("emails eq null", { emails: [{ display: "x" }] }),
    false,
  );
  assert.equal(matches("emails eq null", { emails: [{ value: "" }] }), true);
});

Deno.test("compileFilter() finds no extension where none is", () => {
  assert.equal(matches(`${ENTERPRISE_URI} pr`, { userName: "x" }), false);
  assert.equal(matches(`${ENTERPRISE_URI}:manager.value pr`, {}), false);
  assert.equal(matches(`${ENTERPRISE_URI}:department pr`, {}), false);
});

Deno.test("compileFilter() never reads an inherited property", () => {
  assert.equal(
    matches("name pr", Object.create({ name: { givenName: "x" } })),
    false,
  );
});

for (
  const [text, expected] of [
    ['tags eq "RED"', true],
    ['tags[value sw "gre"]', true],
    ['tags[value eq "red" and value eq "green"]', false],
    ['tags eq "red" and tags eq "green"', true],
    ['tags ne "red"', true],
    ["tags pr", true],
    ["slots[width gt 2 and width le 3]", true],
    ["slots.width eq 3", true],
    ["price eq 0", true],
    ["price ge -0.5", true],
    ["ports gt 7.5", true],
    ["ports lt 8", false],
    ['firmware eq "QUJD"', true],
    ['firmware eq "qujd"', false],
    ['firmware sw "QU"', true],
    ['manual co "example.com"', true],
    ['manual co "EXAMPLE.com"', false],
    ["site.floor eq -1", true],
    [
      'urn:example:schemas:extension:warranty:2.0:Device:visits[value eq "v" and on lt "2024-05-06T07:08:10Z"]',
      true,
    ],
  ] as const
) {
  Deno.test(`compileFilter() ${expected ? "matches" : "does not match"} a device by ${text}`, () => {
    const device: JsonObject = {
      tags: ["Red", "green"],
      slots: [{ value: "s", width: 3 }],
      price: 0,
      ports: 8,
      firmware: "QUJD",
      manual: "https://example.com/m",
      site: { floor: -1 },
      [WARRANTY_SCHEMA.id]: {
        visits: [{ value: "v", on: "2024-05-06T07:08:09Z" }],
      },
    };
    assert.equal(matches(text, device, DEVICE), expected);
  });
}

for (
  const [text, ...fragments] of [
    [
      "emial pr",
      "position 1",
      '"emial" is not defined for User',
      'did you mean "emails"?',
    ],
    ["name.givenNam pr", 'did you mean "name.givenName"?'],
    ["department pr", `did you mean "${ENTERPRISE_URI}:department"?`],
    ["title pr and wat pr", "position 14", '"wat" is not defined'],
    ["urn:example:2.0:X:userName pr", "is not defined for User"],
    [`${USER_URI} pr`, "is not defined for User"],
    ['name eq "x"', '"name" is complex', 'such as "name.formatted"'],
    ['meta eq "x"', '"meta" is complex', "meta.resourceType"],
    ['addresses co "x"', '"addresses" is complex', "addresses.formatted"],
    [`${ENTERPRISE_URI}:manager eq "x"`, `"${ENTERPRISE_URI}:manager.value"`],
    [`${ENTERPRISE_URI} eq "x"`, "is a schema and can only be tested with pr"],
    [
      `${ENTERPRISE_URI}[department pr]`,
      "is a schema; name one of its attributes",
    ],
    [
      "emails[wat pr]",
      "position 8",
      '"emails" has no sub-attribute "wat"',
      "value, display, type, primary",
    ],
    ["emails[emails.value pr]", 'no sub-attribute "emails.value"'],
    ["userName[type pr]", "one simple value and no brackets"],
    ['password eq "x"', '"password" is never returned and cannot be searched'],
    ["password pr", "cannot be searched"],
    ['password sw "a"', "cannot be searched"],
    ["title gt null", '"gt null" has no meaning', '"eq null"'],
    ["title co null", '"co null" has no meaning'],
    [
      'active eq "true"',
      "position 1",
      '"active" is of type boolean',
      "true or false",
      "not with a string",
    ],
    ["userName eq 1", "compare it with a string", "not with a number"],
    ["userName eq true", "not with a boolean"],
  ] as const
) {
  Deno.test(`compileFilter() refuses ${text}`, () => {
    refuses(() => matches(text), 400, "invalidFilter", ...fragments);
  });
}

for (
  const text of [
    "pin pr",
    "vault pr",
    "vault.part pr",
    "slots[key pr]",
    "slots.key pr",
    "vault[part pr]",
  ]
) {
  Deno.test(`compileFilter() refuses ${text}, which is never returned`, () => {
    refuses(
      () => matches(text, {}, DEVICE),
      400,
      "invalidFilter",
      "never returned",
    );
  });
}

Deno.test("compileFilter() clips a long unknown name", () => {
  const text = `${"x".repeat(8_000)} pr`;
  assert.throws(
    () => matches(text),
    (error) => error instanceof Error && error.message.length < 400,
  );
});

Deno.test("compileFilter() checks the parts that decide nothing, too", () => {
  refuses(() => matches("title pr or wat pr"), 400, "invalidFilter");
});

Deno.test("elementMatches() takes a simple value as its own value", () => {
  const tags = attributeOf(DEVICE, "tags");
  const predicate = compileElementFilter(
    parseFilter('value eq "red"'),
    tags,
    DEVICE,
  );
  assert.equal(elementMatches(predicate, "Red"), true);
  assert.equal(elementMatches(predicate, "green"), false);
});

Deno.test("compileElementFilter() resolves names within the attribute", () => {
  const emails = attributeOf(USER, "emails");
  const predicate = compileElementFilter(
    parseFilter('TYPE eq "work"'),
    emails,
    USER,
  );
  assert.equal(elementMatches(predicate, { type: "Work" }), true);
  refuses(
    () => compileElementFilter(parseFilter("userName pr"), emails, USER),
    400,
    "invalidFilter",
    'no sub-attribute "userName"',
  );
});

const VALUES: readonly (readonly [JsonValue | undefined, boolean])[] = [
  [undefined, false],
  [null, false],
  ["", false],
  [[], false],
  [{}, false],
  [[{}, [""], { a: null }], false],
  [{ a: { b: "" } }, false],
  [false, true],
  [0, true],
  [" ", true],
  [[{}, { a: 0 }], true],
];

for (const [value, expected] of VALUES) {
  Deno.test(`isPresent() of ${JSON.stringify(value)} is ${expected}`, () => {
    assert.equal(isPresent(value), expected);
  });
}

const SUBJECTS: readonly (readonly [ResourceType, Schemas])[] = [
  [USER, [USER_SCHEMA, ENTERPRISE_USER_SCHEMA]],
  [GROUP, [GROUP_SCHEMA]],
  [DEVICE, [DEVICE_SCHEMA, WARRANTY_SCHEMA]],
];

for (const [type, schemas] of SUBJECTS) {
  Deno.test(`compileFilter() agrees with a naive reading of the RFC for ${type.name}`, () => {
    holds(
      fc.property(
        anyFilterFor(type),
        fc.array(anyResource(type), { minLength: 1, maxLength: 4 }),
        (filter, resources) => {
          const predicate = compileFilter(filter, type);
          for (const resource of resources) {
            assert.equal(
              predicate.test(resource),
              matchesNaively(filter, resource, schemas),
              `${printFilter(filter)} on ${JSON.stringify(resource)}`,
            );
          }
        },
      ),
      1_500,
    );
  });
}

Deno.test('compileFilter() knows "$ref" within brackets', () => {
  const predicate = compileFilter(parseFilter('members[$ref ew "/m1"]'), GROUP);
  const member = (id: string) => ({
    members: [{ value: id, $ref: `https://scim.example/v2/Users/${id}` }],
  });
  assert.equal(predicate.test(member("m1")), true);
  assert.equal(predicate.test(member("m2")), false);
});
