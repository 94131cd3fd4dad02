import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { compileFilter } from "../../../domain/filter/compile.ts";
import { parseFilter } from "../../../domain/filter/parse.ts";
import { DEVICE, refuses } from "../../domain/fixtures.ts";
import {
  type Client,
  isList,
  isScimError,
  object,
  objects,
  TestServer,
  text,
  URN,
  values,
  withClient,
} from "../../routes/harness.ts";

const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/** Ada has everything, Bob has values that are empty, Cy has a name and came later. */
async function people(client: Client): Promise<void> {
  await client.user("ada", {
    externalId: "Ext-A",
    displayName: 'Ada "the" King',
    title: "Dr.",
    name: { givenName: "Ada", familyName: "King" },
    active: true,
    profileUrl: "https://Example.com/Ada",
    emails: [
      { value: "ada@work.example", type: "work" },
      { value: "ada@home.example", type: "home", primary: true },
    ],
    [URN.enterprise]: { department: "R" },
  });
  await client.user("Bob", {
    externalId: "ext-2",
    title: "",
    name: { givenName: "" },
    active: false,
    emails: [
      { value: "bob@work.example", type: "home" },
      { value: "bob@home.example", type: "work" },
    ],
  });
  client.server.pass({ hours: 1 });
  await client.user("cy");
}

function withFilter(path: string, filter: string): string {
  return `${path}?filter=${encodeURIComponent(filter)}`;
}

/** An item of the checklist, a filter, and whom it finds. */
const FOUND: readonly (readonly [string, string, readonly string[]])[] = [
  // Only what matches is returned.
  ["2", 'userName eq "ada"', ["ada"]],
  ["2", 'userName eq "a"', []],
  ["2", "userName pr", ["Bob", "ada", "cy"]],
  // Names and operators in any case.
  ["3", 'USERNAME Eq "ada"', ["ada"]],
  ["3", 'username EQ "ada" AND Title PR', ["ada"]],
  ["3", 'userName sW "c" oR nAmE.FAMILYname pr', ["ada", "cy"]],
  ["3", "Not (Active eq true)", ["Bob", "cy"]],
  ["3", 'EMAILS[TYPE eq "work" aNd VALUE ew "@home.example"]', ["Bob"]],
  // eq and ne.
  ["6", 'title eq "Dr."', ["ada"]],
  ["6", 'title eq "Dr"', []],
  ["6", 'title eq "Dr.."', []],
  ["6", 'title eq ""', ["Bob"]],
  ["6", "active eq false", ["Bob"]],
  ["6", 'meta.created eq "2026-06-01T10:00:00+01:00"', ["cy"]],
  ["7", 'userName ne "ada"', ["Bob", "cy"]],
  ["7", 'userName ne "ADA"', ["Bob", "cy"]],
  ["7", "active ne true", ["Bob"]],
  ["7", 'meta.created ne "2026-06-01T08:00:00Z"', ["cy"]],
  // co, sw, ew.
  ["8", 'emails.value co "@work."', ["Bob", "ada"]],
  ["8", 'userName co "d"', ["ada"]],
  ["8", 'userName sw "a"', ["ada"]],
  ["8", 'userName sw "d"', []],
  ["8", 'userName ew "a"', ["ada"]],
  ["8", 'userName ew "d"', []],
  ["8", 'userName co "ada" and userName sw "ada" and userName ew "ada"', [
    "ada",
  ]],
  ["8", 'userName co "adaa" or userName sw "adaa" or userName ew "aada"', []],
  // pr.
  ["9", "title pr", ["ada"]],
  ["9", "name pr", ["ada"]],
  ["9", "name.givenName pr", ["ada"]],
  ["9", "active pr", ["Bob", "ada"]],
  ["9", "emails pr", ["Bob", "ada"]],
  ["9", "roles pr", []],
  ["9", `${URN.enterprise} pr`, ["ada"]],
  // Order.
  ["10", 'userName gt "ada"', ["Bob", "cy"]],
  ["10", 'userName ge "ada"', ["Bob", "ada", "cy"]],
  ["10", 'userName lt "bob"', ["ada"]],
  ["10", 'userName le "bob"', ["Bob", "ada"]],
  ["10", 'userName gt "bo" and userName lt "c"', ["Bob"]],
  ["10", 'meta.created gt "2026-06-01T08:30:00Z"', ["cy"]],
  ["10", 'meta.created ge "2026-06-01T11:00:00+02:00"', ["cy"]],
  ["10", 'meta.created lt "2026-06-01T11:00:00+02:00"', ["Bob", "ada"]],
  ["10", 'meta.created le "2026-06-01T04:00:00.000-04:00"', ["Bob", "ada"]],
  // References.
  ["13", 'profileUrl eq "https://Example.com/Ada"', ["ada"]],
  ["13", 'profileUrl eq "https://example.com/Ada"', []],
  ["13", 'profileUrl sw "https://Example"', ["ada"]],
  ["13", 'profileUrl sw "https://example"', []],
  ["13", 'profileUrl co "Example"', ["ada"]],
  ["13", 'profileUrl co "example"', []],
  ["13", 'profileUrl ew "/Ada"', ["ada"]],
  ["13", 'profileUrl ew "/ada"', []],
  // Groups of conditions.
  ["14", '((userName eq "cy"))', ["cy"]],
  ["14", '(userName eq "cy" or title pr) and active eq true', ["ada"]],
  ["14", 'not (userName eq "cy" or active eq true)', ["Bob"]],
  // Brackets: one element for all conditions.
  ["15 17", 'emails[type eq "work" and value co "@work."]', ["ada"]],
  ["15 17", 'emails[type eq "work"] and emails[value co "@work."]', [
    "Bob",
    "ada",
  ]],
  ["15 17", 'emails.type eq "work" and emails.value co "@work."', [
    "Bob",
    "ada",
  ]],
  ["15", 'emails[type eq "home" and not (primary eq true)]', ["Bob"]],
  ["15", 'emails[type eq "other" or primary eq true]', ["ada"]],
  ["15", 'not (emails[type eq "work"])', ["cy"]],
  // Literals are those of JSON.
  ["18", 'userName eq "\\u0061\\u0064\\u0061"', ["ada"]],
  ["18", 'displayName co "\\"the\\""', ["ada"]],
  ["18", "active eq true", ["ada"]],
  ["18", "active eq null", ["cy"]],
  // Precedence: groups, operators, not, and, or.
  ["19", 'userName eq "cy" or title pr and active eq false', ["cy"]],
  ["19", 'active eq false and title pr or userName eq "cy"', ["cy"]],
  ["19", '(userName eq "cy" or title pr) and active eq false', []],
  ["19", "not (title pr) and active eq false", ["Bob"]],
  ["19", 'not (title pr) or userName eq "ada"', ["Bob", "ada", "cy"]],
  // Any element will do.
  ["20", 'emails.value eq "ada@home.example"', ["ada"]],
  ["20", 'emails.type eq "home"', ["Bob", "ada"]],
  ["20", 'emails.value ne "ada@home.example"', ["Bob", "ada"]],
  ["20", 'not (emails.value eq "ada@home.example")', ["Bob", "cy"]],
  // Complex attributes.
  ["21", 'emails eq "ada@home.example"', ["ada"]],
  ["21", 'emails co "@home."', ["Bob", "ada"]],
  ["21", 'name.familyName eq "King"', ["ada"]],
  ["22", "name pr and emails pr", ["ada"]],
  ["22", "not (name pr)", ["Bob", "cy"]],
  ["22", "not (emails pr)", ["cy"]],
  ["22", "meta pr", ["Bob", "ada", "cy"]],
  // Case.
  ["26", 'userName eq "BOB"', ["Bob"]],
  ["26", 'userName sw "B" and userName co "oB" and userName ew "OB"', ["Bob"]],
  ["26", 'emails.value eq "ADA@work.EXAMPLE"', ["ada"]],
  ["26", 'externalId eq "Ext-A"', ["ada"]],
  ["26", 'externalId eq "ext-a"', []],
  ["26", 'externalId ne "ext-2"', ["ada"]],
  ["26", 'externalId sw "ext"', ["Bob"]],
  ["26", 'externalId co "Ext"', ["ada"]],
  ["26", 'externalId gt "a"', ["Bob"]],
  ["26", 'meta.resourceType eq "user"', []],
  // Schemas.
  ["27", `schemas eq "${URN.enterprise}"`, ["ada"]],
  ["27", `schemas[value eq "${URN.enterprise}"]`, ["ada"]],
  ["27", `schemas eq "${URN.user}"`, ["Bob", "ada", "cy"]],
  ["27", `not (schemas eq "${URN.enterprise}")`, ["Bob", "cy"]],
  // Qualified names.
  ["28", `${URN.user}:userName sw "B"`, ["Bob"]],
  ["28", `${URN.user.toUpperCase()}:USERNAME sw "B"`, ["Bob"]],
  ["28", `${URN.user}:name.familyName eq "King"`, ["ada"]],
  ["28", `${URN.user}:emails[type eq "home" and primary eq true]`, ["ada"]],
  ["28", `${URN.enterprise}:department eq "r"`, ["ada"]],
  ["28", `${URN.enterprise.toUpperCase()}:department pr`, ["ada"]],
  // null.
  ["29", "title eq null", ["Bob", "cy"]],
  ["29", "not (title pr)", ["Bob", "cy"]],
  ["29", "title ne null", ["ada"]],
  ["29", "emails eq null", ["cy"]],
  ["29", "name ne null", ["ada"]],
  ["29", "name.familyName eq null", ["Bob", "cy"]],
  ["29", 'emails[primary ne null and type eq "home"]', ["ada"]],
];

for (const [items, filter, expected] of FOUND) {
  Deno.test(
    `${named(items)} ${filter} finds ${expected.join(", ") || "nobody"}`,
    withClient(async (client) => {
      await people(client);
      deepStrictEqual(
        await client.names(withFilter("/Users", filter)),
        expected,
      );
    }, { profile: "rfc" }),
  );
}

function named(items: string): string {
  return items.split(" ").map((item) => `44-3.4.2.2-${item}`).join(" ");
}

/** An item of the checklist, a filter that is refused, and what is said of it. */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["4", "", /empty.*leave the parameter out/],
  ["4", "   ", /empty/],
  ["4", "\t\n", /empty/],
  ["4", "()", /position 2/],
  ["5", "userName", /operator is missing/],
  ["5", "userName eq", /value is missing/],
  ["5", 'eq "ada"', /position/],
  ["5", '"ada"', /name of an attribute/],
  ["5", 'userName "ada"', /operator is missing/],
  ["5", 'userName pr "ada"', /not expected here/],
  ["5", "userName pr title pr", /not expected here/],
  ["5", 'userName eq "ada" and', /expression is missing/],
  ["5", 'or userName eq "ada"', /position/],
  [
    "11",
    "active gt true",
    /"gt" is not defined for "active".*use eq, ne or pr/,
  ],
  ["11", "active ge true", /"ge" is not defined/],
  ["11", "active lt true", /"lt" is not defined/],
  ["11", "active le false", /"le" is not defined/],
  ["11", "emails[primary gt false]", /"gt" is not defined/],
  ["11", 'x509Certificates.value gt "QQ=="', /binary and has no order/],
  ["11", 'x509Certificates ge "QQ=="', /binary and has no order/],
  ["11", 'x509Certificates.value lt "QQ=="', /binary and has no order/],
  ["11", 'x509Certificates[value le "QQ=="]', /binary and has no order/],
  ["12", "active co true", /"co" is not defined for "active"/],
  ["12", 'active sw "t"', /"sw" is not defined for "active"/],
  ["12", 'active ew "e"', /"ew" is not defined for "active"/],
  ["12", 'meta.created co "2026"', /"co" is not defined for "meta.created"/],
  ["12", 'meta.created sw "2026-06-01T08:00:00Z"', /"sw" is not defined/],
  ["12", 'meta.lastModified ew "Z"', /"ew" is not defined/],
  ["16", 'emails[nope eq "x"]', /no sub-attribute "nope"; it has value, /],
  ["16", 'emails[userName eq "ada"]', /no sub-attribute "userName"/],
  ["16", 'emails[type eq "work" or nope pr]', /no sub-attribute "nope"/],
  ["16", "emails[]", /position 8/],
  ["16", "emails[type]", /operator is missing/],
  ["18", "userName eq ada", /what follows is not a value/],
  ["18", "userName eq 'ada'", /what follows is not a value/],
  ["18", 'userName eq "ada', /has no end/],
  ["18", 'userName eq "a\\x"', /escape/],
  ["18", "active eq TRUE", /what follows is not a value/],
  ["18", "active eq nil", /what follows is not a value/],
  ["18", "userName eq 01", /what follows is not a value/],
  ["18", 'userName eq"ada"', /blank is missing/],
  ["18", '(userName eq "ada"', /not closed/],
  ["18", 'userName eq "ada")', /not expected here/],
  ["18", 'not userName eq "ada"', /position 5/],
  ["18", "'userName pr'", /not the name of an attribute/],
  ["21", 'name eq "Ada"', /"name" is complex.*"name\.\w+"/],
  ["21", 'name co "Ada"', /"name" is complex/],
  ["21", 'meta gt "a"', /"meta" is complex/],
  ["21", 'addresses eq "Ada"', /"addresses" is complex/],
  ["24 25", 'userName re "a.*"', /"re" is not a comparison operator/],
  ["24 25", 'userName in "ada"', /"in" is not a comparison operator/],
  ["24 25", 'userName lk "a%"', /did you mean "lt"/],
  ["24 25", 'userName == "ada"', /"==" is not a comparison operator/],
  [
    "24 25",
    'emails[type matches "w"]',
    /use one of eq, ne, co, sw, ew, gt, ge, lt, le, pr/,
  ],
  ["25", 'userName equals "ada"', /"equals" is not a comparison operator/],
  ["25", 'userName qe "ada"', /did you mean "\w\w"/],
  ["28", 'urn:example:nope:userName eq "ada"', /is not defined for User/],
  ["28", `${URN.group}:displayName pr`, /is not defined for User/],
  ["29", "userName gt null", /"gt null" has no meaning; use "eq null"/],
  ["29", "userName ge null", /"ge null" has no meaning/],
  ["29", "meta.created lt null", /"lt null" has no meaning/],
  ["29", "active le null", /"le null" has no meaning/],
  ["29", "userName co null", /"co null" has no meaning/],
  ["31", 'active eq "true"', /type boolean; compare it with true or false/],
  ["31", "active eq 1", /type boolean/],
  ["31", 'meta.created gt "yesterday"', /dateTime like/],
  ["31", 'meta.created gt "2026-06-01"', /dateTime like/],
  ["31", "meta.created gt 2026", /dateTime like/],
  ["31", "userName eq 5", /"userName" is of type string/],
  ["31", "userName eq true", /"userName" is of type string/],
  ["31", "emails[value eq 5]", /"emails.value" is of type string/],
  ["31", 'emails[primary eq "true"]', /type boolean/],
  ...["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"].map((operator) =>
    [
      "32",
      `password ${operator} "secret"`,
      /"password" is never returned and cannot be searched/,
    ] as const
  ),
  ["32", "password pr", /never returned/],
  ["32", "password eq null", /never returned/],
  ["32", "not (password pr)", /never returned/],
  ["32", `${URN.user}:PASSWORD sw "s"`, /never returned/],
  ["32", 'userName eq "ada" or password sw "s"', /never returned/],
];

for (const [items, filter, detail] of REFUSED) {
  Deno.test(
    `${named(items)} ${JSON.stringify(filter)} is 400 invalidFilter`,
    withClient(async (client) => {
      await people(client);
      const answer = await client.get(withFilter("/Users", filter));
      isScimError(answer, 400, "invalidFilter", detail);
    }, { profile: "rfc" }),
  );
}

/** What the profiles read in different ways: whom the compatible one finds. */
const TOLERATED: readonly (readonly [string, string, readonly string[]])[] = [
  ["18", "externalId eq ext-2", ["Bob"]],
  ["18", "'title pr'", ["ada"]],
  ["31", 'active eq "False"', ["Bob"]],
  ["31", 'emails[primary eq "true"]', ["ada"]],
];

for (const [item, filter, expected] of TOLERATED) {
  Deno.test(
    `${
      named(item)
    } ${filter} finds ${expected} in the compatible profile, and is 400 in the other`,
    withClient(async (client, server) => {
      await people(client);
      const path = withFilter("/Users", filter);
      deepStrictEqual(await client.names(path), expected);
      const strict = await server.client({ profile: "rfc" });
      isScimError(await strict.get(path), 400, "invalidFilter");
    }),
  );
}

Deno.test(
  "44-3.4.2.2-18 A name without quotation marks is no value in the compatible profile either",
  withClient(async (client) => {
    await people(client);
    for (const filter of ["userName eq bob", "userName eq 'ada'"]) {
      const answer = await client.get(withFilter("/Users", filter));
      isScimError(answer, 400, "invalidFilter", /is not a value/);
    }
  }),
);

Deno.test(
  "44-3.4.2.2-21 A complex attribute with one value is compared by it in the compatible profile only",
  withClient(async (client, server) => {
    const boss = await client.user("boss");
    await client.user("ada", {
      [URN.enterprise]: { manager: { value: boss.id } },
    });
    const manager = `${URN.enterprise}:manager`;
    const path = withFilter("/Users", `${manager} eq "${boss.id}"`);
    deepStrictEqual(await client.names(path), ["ada"]);
    const strict = await server.client({ profile: "rfc" });
    isScimError(await strict.get(path), 400, "invalidFilter", /manager\.value/);
    const exact = withFilter("/Users", `${manager}.value eq "${boss.id}"`);
    deepStrictEqual(await strict.names(exact), ["ada"]);
  }),
);

Deno.test(
  "44-3.4.2.2-1 Filtering is announced and works at every endpoint of resources",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    strictEqual(object(json["filter"])["supported"], true);
    await people(client);
    await client.group("staff");
    const filter = 'displayName eq "staff" or userName eq "cy"';
    deepStrictEqual(await client.names(withFilter("", filter)), [
      "cy",
      "staff",
    ]);
    const users = withFilter("/Users", 'userName eq "cy"');
    deepStrictEqual(await client.names(users), ["cy"]);
    const groups = withFilter("/Groups", 'displayName eq "staff"');
    deepStrictEqual(await client.names(groups), ["staff"]);
  }, { profile: "rfc" }),
);

/** Filters of numbers, which neither users nor groups have, and whether they match. */
const NUMBERS: readonly (readonly [string, boolean])[] = [
  ["ports gt 9", true],
  ["ports gt 10", false],
  ["ports ge 10", true],
  ["ports lt 9", false],
  ["ports lt 10.5", true],
  ["ports le 1e1", true],
  ["price gt 9.5", true],
  ["price ge 10.25", true],
  ["price lt 10.3", true],
  ["price lt 9", false],
  ["price gt -1000", true],
  ["slots[width gt 9]", true],
];

for (const [filter, expected] of NUMBERS) {
  Deno.test(
    `44-3.4.2.2-10 Numbers are compared by value: ${filter} is ${expected}`,
    () => {
      const { test } = compileFilter(parseFilter(filter), DEVICE);
      const device = { ports: 10, price: 10.25, slots: [{ width: 10 }] };
      strictEqual(test(device), expected);
    },
  );
}

for (const attribute of ["ports", "price", "slots.width"]) {
  for (const operator of ["co", "sw", "ew"]) {
    Deno.test(`44-3.4.2.2-12 ${attribute} ${operator} 1 is 400 invalidFilter`, () => {
      const filter = parseFilter(`${attribute} ${operator} 1`);
      const problem = `"${operator}" is not defined for "${attribute}"`;
      refuses(
        () => compileFilter(filter, DEVICE),
        400,
        "invalidFilter",
        problem,
      );
    });
  }
}

Deno.test(
  "44-3.4.2.2-23 What the server fills in is found by the value that it showed",
  withClient(async (client) => {
    const { id } = await client.user("ada", { displayName: "Ada" });
    await client.group("staff", [id]);
    await client.group("empty");
    const rename = { op: "replace", path: "displayName", value: "Ada King" };
    for (const display of ["Ada", "Ada King"]) {
      const [staff] = isList(
        await client.get(withFilter("/Groups", "members pr")),
        { total: 1 },
      );
      const member = object(objects(staff?.["members"])[0]);
      strictEqual(member["display"], display);
      for (const [name, value] of Object.entries(member)) {
        const filter = `members.${name} eq "${text(value)}"`;
        const found = await client.names(withFilter("/Groups", filter));
        deepStrictEqual(found, ["staff"], filter);
      }
      await client.patch(`/Users/${id}`, [rename]);
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.4.2.2-23 An attribute without a value is not shown and matches no value",
  withClient(async (client) => {
    const { json } = await client.user("ada");
    strictEqual("active" in json, false);
    for (const filter of ["active eq true", "active eq false", "active pr"]) {
      isList(await client.get(withFilter("/Users", filter)), { total: 0 });
    }
  }, { profile: "rfc" }),
);

for (const profile of ["rfc", "compatible"] as const) {
  for (
    const [filter, detail] of [
      [
        'emial eq "ada"',
        /"emial" is not defined for User; did you mean "emails"/,
      ],
      ["name.givnName pr", /did you mean "name\.givenName"/],
      ["not (nope pr)", /"nope" is not defined for User/],
      ['userName eq "ada" or nope pr', /"nope" is not defined/],
      ["members pr", /"members" is not defined for User/],
      [`${URN.enterprise}:nope pr`, /nope" is not defined/],
    ] as const
  ) {
    Deno.test(
      `44-3.4.2.2-30 ${filter} names what users do not have: 400 (${profile})`,
      withClient(async (client) => {
        await people(client);
        const answer = await client.get(withFilter("/Users", filter));
        isScimError(answer, 400, "invalidFilter", detail);
      }, { profile }),
    );
  }
}

Deno.test(
  "44-3.4.2.2-32 A user is never found by a password",
  withClient(async (client) => {
    const { id } = await client.user("ada", { password: "secret" });
    for (const path of ["", "/Users"]) {
      const filter = 'password sw "s" or userName eq "ada"';
      const got = await client.get(withFilter(path, filter));
      isScimError(got, 400, "invalidFilter", /never returned/);
      const body = { schemas: [SEARCH], filter };
      const found = await client.post(`${path}/.search`, body);
      isScimError(found, 400, "invalidFilter", /never returned/);
      strictEqual(found.text.includes(id), false);
    }
  }, { profile: "rfc" }),
);

/** Filters at and beyond the limits: depth by depth, then length. */
const LIMITS: readonly (readonly [string, string, RegExp | undefined])[] = [
  ["50 parentheses", nest(50, "("), undefined],
  ["51 parentheses", nest(51, "("), /nested deeper than 50 levels/],
  ["2,000 parentheses", nest(2_000, "("), /nested deeper than 50 levels/],
  ["1,000 negations", nest(1_000, "not ("), /nested deeper than 50 levels/],
  ["2,000 open parentheses", "(".repeat(2_000), /nested deeper than 50/],
  ["30,000 parentheses", nest(15_000, "("), /longer than 8192 characters/],
  ["8,192 characters", long(8_192), undefined],
  [
    "8,193 characters",
    long(8_193),
    /longer than 8192 characters/,
  ],
];

function long(length: number): string {
  return `${'userName sw "'.padEnd(length - 1, "a")}"`;
}

function nest(depth: number, open: string): string {
  return `${open.repeat(depth)}userName eq "none"${")".repeat(depth)}`;
}

for (const [what, filter, detail] of LIMITS) {
  Deno.test(
    `44-3.4.2.2-33 A filter of ${what} is ${
      detail === undefined ? "read" : "400 invalidFilter"
    }`,
    withClient(async (client) => {
      const body = { schemas: [SEARCH], filter };
      for (
        const answer of [
          await client.get(withFilter("/Users", filter)),
          await client.post("/Users/.search", body),
        ]
      ) {
        if (detail === undefined) isList(answer, { total: 0 });
        else isScimError(answer, 400, "invalidFilter", detail);
        ok(answer.text.length < 500);
      }
    }, { profile: "rfc" }),
  );
}

Deno.test("44-3.4.2.2-33 A filter that would look at too many resources is 400 tooMany", async () => {
  await using server = await TestServer.start({ scanLimit: 2 });
  const client = await server.client({ profile: "rfc" });
  await people(client);
  const answer = await client.get(withFilter("/Users", "title pr"));
  isScimError(answer, 400, "tooMany", /more than 2 resources/);
});

/** Conditions on an e-mail address, and which of Bob's two they choose. */
const CONDITIONS: readonly (readonly [string, readonly string[]])[] = [
  ['type eq "WORK"', ["bob@home.example"]],
  ['value sw "bob@w" or type eq "other"', ["bob@work.example"]],
  ['not (type eq "home") and primary ne true', ["bob@home.example"]],
  ["display eq null", ["bob@work.example", "bob@home.example"]],
  ['value gt "bob@i"', ["bob@work.example"]],
];

for (const [condition, chosen] of CONDITIONS) {
  Deno.test(
    `44-3.4.2.2-34 emails[${condition}] means the same in queries, searches and PATCH paths`,
    withClient(async (client) => {
      await people(client);
      const filter = `emails[${condition}] and userName eq "bob"`;
      for (const path of ["", "/Users"]) {
        const got = await client.get(withFilter(path, filter));
        const body = { schemas: [SEARCH], filter };
        const found = await client.post(`${path}/.search`, body);
        deepStrictEqual(found.json, got.json);
        const [bob] = isList(got, { total: 1 });
        strictEqual(bob?.["userName"], "Bob");
      }
      const query = withFilter("/Users", 'userName eq "bob"');
      const [bob] = isList(await client.get(query), { total: 1 });
      const { json } = await client.patch(`/Users/${bob?.["id"]}`, [
        { op: "remove", path: `emails[${condition}]` },
      ]);
      deepStrictEqual(
        values(bob?.["emails"]).filter((value) => !chosen.includes(value)),
        values(json["emails"]),
      );
    }, { profile: "rfc" }),
  );
}

for (
  const condition of [
    'nope eq "x"',
    "primary gt true",
    'primary eq "true"',
    "value gt null",
    "value eq 5",
  ]
) {
  Deno.test(
    `44-3.4.2.2-34 emails[${condition}] is refused alike in queries, searches and PATCH paths`,
    withClient(async (client) => {
      const { id, version } = await client.user("ada", {
        emails: [{ value: "a@b.c", type: "work" }],
      });
      const filter = `emails[${condition}]`;
      const body = { schemas: [SEARCH], filter };
      for (
        const answer of [
          await client.get(withFilter("/Users", filter)),
          await client.get(withFilter("", filter)),
          await client.post("/Users/.search", body),
          await client.post("/.search", body),
          await client.patch(`/Users/${id}`, [{ op: "remove", path: filter }]),
        ]
      ) isScimError(answer, 400, "invalidFilter", /Filter position 8: "/);
      const { headers } = await client.get(`/Users/${id}`);
      strictEqual(headers.get("ETag"), version);
    }, { profile: "rfc" }),
  );
}
