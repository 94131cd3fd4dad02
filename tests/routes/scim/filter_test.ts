import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Client, Created } from "../harness.ts";
import {
  isList,
  isScimError,
  object,
  send,
  TestServer,
  text,
  URN,
  withClient,
} from "../harness.ts";

async function people(client: Client): Promise<Record<string, Created>> {
  const boss = await client.user("boss@contoso.com", { active: true });
  const jane = await client.user("Jane@contoso.com", {
    externalId: "54d382a4-2050-4c03-94d1-e769f1d15682",
    displayName: "Jane O'Neil",
    active: false,
    name: { givenName: "Jane", familyName: "Müller" },
    emails: [
      { value: "jane@contoso.com", type: "work", primary: true },
      { value: "jane@home.example", type: "home" },
    ],
    [URN.enterprise]: { department: "R&D", manager: { value: boss.id } },
  });
  return { boss, jane };
}

/** One query in every form in which clients have been seen to send it. */
const ENCODINGS: readonly string[] = [
  "userName+eq+%22jane@contoso.com%22",
  "userName%20eq%20%22jane%40contoso.com%22",
  'userName eq "jane@contoso.com"',
  'userName+eq+"jane%40contoso.com"',
  "userName%20eq%20%22jane@contoso.com%22",
  "userName++eq++%22JANE@contoso.com%22",
  "USERNAME+EQ+%22Jane@Contoso.COM%22",
  "%28userName+eq+%22jane%40contoso.com%22%29",
  "%27userName+eq+%22jane%40contoso.com%22%27",
  "userName+eq+jane@contoso.com",
  `${URN.user}:userName+eq+%22jane%40contoso.com%22`,
  `${encodeURIComponent(URN.user)}%3AuserName+eq+%22jane%40contoso.com%22`,
  "emails%5Btype+eq+%22work%22%5D.value+eq+%22jane%40contoso.com%22",
  'emails[type eq "work"].value eq "jane@contoso.com"',
  "emails[type+eq+%22work%22+and+value+eq+%22jane%40contoso.com%22]",
  "emails.value+eq+%22jane%40contoso.com%22",
  "emails+eq+%22jane%40contoso.com%22",
  "externalId+eq+%2254d382a4-2050-4c03-94d1-e769f1d15682%22",
  "externalId+eq+54d382a4-2050-4c03-94d1-e769f1d15682",
  "displayName+eq+%22Jane+O%27Neil%22",
  "name.familyName+eq+%22m%C3%BCller%22",
  "name.familyName+eq+%22Mu%CC%88ller%22",
  "name.familyName+eq+%22M%5Cu00fcller%22",
  `${URN.enterprise}:department+eq+%22R%26D%22`,
  "active+eq+false",
  "active+eq+%22False%22",
  "not+(active+eq+true)",
  "not(active+eq+true)",
  "userName+sw+%22jane%22+and+active+eq+false",
  "userName+co+%22ANE%40%22",
  "userName+ew+%22contoso.com%22+and+not+(userName+sw+%22boss%22)",
  "meta.created+le+%222026-06-01T08:00:00Z%22+and+externalId+pr",
];

for (const filter of ENCODINGS) {
  Deno.test(
    `/Users?filter=${filter} finds Jane alone`,
    withClient(async (client) => {
      await people(client);
      const names = await client.names(`/Users?filter=${filter}`);
      deepStrictEqual(names, ["Jane@contoso.com"]);
    }),
  );
}

Deno.test(
  "44-3.4.2-8 A filter without a match is 200 with an empty list, as Test Connection wants",
  withClient(async (client) => {
    for (const attribute of ["userName", "externalId", "displayName", "id"]) {
      const guid = "%229f2b6c1e-2a57-4d0e-9d2c-7b6a3f1c5e10%22";
      const users = await client.get(`/Users?filter=${attribute}+eq+${guid}`);
      isList(users, { total: 0 });
    }
    const groups = await client.get("/Groups?filter=displayName+eq+%22none%22");
    isList(groups, { total: 0 });
  }),
);

Deno.test(
  "44-3.4.2-5 A filter and paging work together; totalResults counts all matches",
  withClient(async (client) => {
    for (const name of ["a1", "a2", "a3", "b1"]) await client.user(name);
    const query = "filter=userName+sw+%22a%22&startIndex=2&count=1";
    const answer = await client.get(`/Users?${query}`);
    isList(answer, { total: 3, page: 1, startIndex: 2 });
  }),
);

Deno.test(
  "What was written is found by the next request",
  withClient(async (client) => {
    const { id } = await client.user("before");
    await client.patch(`/Users/${id}`, [
      { op: "Replace", path: "userName", value: "after" },
    ]);
    deepStrictEqual(
      await client.names('/Users?filter=userName eq "after"'),
      ["after"],
    );
    deepStrictEqual(
      await client.names('/Users?filter=userName eq "before"'),
      [],
    );
    await client.delete(`/Users/${id}`);
    deepStrictEqual(
      await client.names('/Users?filter=userName eq "after"'),
      [],
    );
  }),
);

Deno.test(
  "A user is found by the id of its manager",
  withClient(async (client) => {
    const { boss } = await people(client);
    for (
      const path of [`${URN.enterprise}:manager`, "manager", "manager.value"]
    ) {
      const filter = `/Users?filter=${path}+eq+"${boss?.id}"`;
      deepStrictEqual(await client.names(filter), ["Jane@contoso.com"]);
    }
  }),
);

Deno.test(
  "Groups are found by a member and users by a group",
  withClient(async (client) => {
    const ada = await client.user("ada");
    await client.user("bob");
    const staff = await client.group("staff", [ada.id]);
    await client.group("empty");
    for (
      const filter of [
        `members.value eq "${ada.id}"`,
        `members[value eq "${ada.id}"]`,
        `members eq "${ada.id}"`,
        `id eq "${staff.id}" and members eq "${ada.id}"`,
        "members pr",
      ]
    ) {
      deepStrictEqual(await client.names(`/Groups?filter=${filter}`), [
        "staff",
      ]);
    }
    for (const filter of [`groups.value eq "${staff.id}"`, "groups pr"]) {
      deepStrictEqual(await client.names(`/Users?filter=${filter}`), ["ada"]);
    }
  }),
);

/** Filters that are refused, and what the answer says of them. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["", /empty.*leave the parameter out/],
  ["+", /empty/],
  ["userName", /operator is missing; write one of eq/],
  ["userName+eq", /value is missing after "eq"; write a string/],
  ["userName+equals+%22a%22", /"equals" is not a comparison operator; /],
  [
    "userName+eq+%22a",
    /position 13: the string that begins here has no end; close/,
  ],
  [
    "emial+eq+%22a%22",
    /"emial" is not defined for User; did you mean "emails"/,
  ],
  [
    "password+eq+%22a%22",
    /"password" is never returned and cannot be searched/,
  ],
  ["password+pr", /never returned/],
  ["active+gt+true", /active/],
  ["active+eq+%22perhaps%22", /active/],
  ["userName+eq+5", /userName/],
  ["name+eq+%22a%22", /"name" is complex.*compare a sub-attribute/],
  ["(userName+pr", /parenthesis is not closed; write/],
  ["emails[type+eq+%22work%22", /bracket is not closed; write/],
  ["emails+[type+pr]", /blank before the bracket; write it directly/],
  ["emails[value[type+pr]]", /brackets/],
  ["userName+eq+%22a%22+userName", /not expected here/],
  [
    "userName+eq+%27a%27",
    /what follows is not a value; a value is a string in quotation marks/,
  ],
  ["userName+eq+%22%5Cud800%22", /half of a surrogate pair/],
  ["userName+eq+%22%5Cx%22", /escape/],
  ["meta.created+gt+%22yesterday%22", /dateTime/],
  [`${URN.enterprise}+eq+%22a%22`, /can only be tested with pr/],
  ["members+pr", /"members" is not defined for User/],
];

for (const [filter, detail] of REFUSED) {
  Deno.test(
    `/Users?filter=${filter} is 400 invalidFilter`,
    withClient(async (client) => {
      const answer = await client.get(`/Users?filter=${filter}`);
      isScimError(answer, 400, "invalidFilter", detail);
    }),
  );
}

Deno.test(
  "A strict profile takes no words without quotation marks and no strings as booleans",
  withClient(async (client) => {
    await people(client);
    for (
      const filter of [
        "userName+eq+jane@contoso.com",
        "active+eq+%22False%22",
        "'userName pr'",
      ]
    ) {
      const answer = await client.get(`/Users?filter=${filter}`);
      isScimError(answer, 400, "invalidFilter");
    }
    deepStrictEqual(
      await client.names("/Users?filter=active+eq+false"),
      ["Jane@contoso.com"],
    );
  }, { profile: "rfc" }),
);

Deno.test(
  "The first of several filters counts",
  withClient(async (client) => {
    await people(client);
    const query = "filter=active+eq+false&filter=active+eq+true";
    deepStrictEqual(await client.names(`/Users?${query}`), [
      "Jane@contoso.com",
    ]);
  }),
);

Deno.test(
  "A filter that could look at too many resources is 400 tooMany",
  async () => {
    await using server = await TestServer.start({ scanLimit: 3 });
    const client = await server.client();
    for (const name of ["a", "b", "c", "d"]) await client.user(name);
    const answer = await client.get("/Users?filter=title+pr");
    isScimError(
      answer,
      400,
      "tooMany",
      /more than 3 resources; compare an attribute that is unique/,
    );
    deepStrictEqual(
      await client.names(
        "/Users?filter=userName+eq+%22a%22+and+not+(title+pr)",
      ),
      ["a"],
    );
  },
);

Deno.test(
  "A page of a filter has locations under the base that was asked",
  withClient(async (client, server) => {
    await people(client);
    const answer = await send(
      server,
      'https://scim.example.com/scim/v2/Users?filter=userName eq "jane@contoso.com"',
      { token: client.token },
    );
    const [jane] = isList(answer, { total: 1 });
    const location = text(object(object(jane)["meta"])["location"]);
    strictEqual(location.startsWith("https://scim.example.com/scim/v2/"), true);
  }),
);
