import {
  deepStrictEqual,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  BASE,
  isScimError,
  object,
  URN,
  values,
  withClient,
} from "../harness.ts";

Deno.test(
  "44-3.5-2 44-3.5.2-21 PATCH of a user answers 200 with the whole user",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const answer = await client.patch(`/Users/${id}`, [
      { op: "Replace", path: "active", value: "False" },
    ]);
    strictEqual(answer.status, 200);
    strictEqual(answer.json["active"], false);
    strictEqual(answer.headers.get("Location"), `${BASE}/Users/${id}`);
    deepStrictEqual((await client.get(`/Users/${id}`)).json, answer.json);
  }),
);

Deno.test(
  "44-3.5.2-22 PATCH of a group answers 204 with ETag and Location",
  withClient(async (client) => {
    const { id, version } = await client.group("staff");
    const answer = await client.patch(`/Groups/${id}`, [
      { op: "replace", path: "displayName", value: "team" },
    ]);
    strictEqual(answer.status, 204);
    strictEqual(answer.text, "");
    strictEqual(answer.headers.get("Content-Type"), null);
    strictEqual(answer.headers.get("Location"), `${BASE}/Groups/${id}`);
    const read = await client.get(`/Groups/${id}`);
    strictEqual(answer.headers.get("ETag"), read.headers.get("ETag"));
    notStrictEqual(answer.headers.get("ETag"), version);
  }),
);

for (
  const query of [
    "attributes=displayName",
    "excludedAttributes=members",
    "ATTRIBUTES=displayName",
  ]
) {
  Deno.test(
    `44-3.5.2-21 PATCH of a group with ?${query} answers 200`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const { id } = await client.group("staff");
      const answer = await client.patch(`/Groups/${id}?${query}`, [
        { op: "add", path: "members", value: [{ value: ada.id }] },
      ]);
      strictEqual(answer.status, 200);
      strictEqual(answer.json["displayName"], "staff");
      strictEqual(answer.json["members"], undefined);
      const read = await client.get(`/Groups/${id}`);
      strictEqual(answer.headers.get("ETag"), read.headers.get("ETag"));
      deepStrictEqual(values(read.json["members"]), [ada.id]);
    }),
  );
}

Deno.test(
  "PATCH of an unknown id is 404",
  withClient(async (client) => {
    const operation = { op: "replace", path: "displayName", value: "x" };
    isScimError(await client.patch("/Users/nobody", [operation]), 404);
    isScimError(await client.patch("/Groups/nobody", [operation]), 404);
  }),
);

Deno.test(
  "44-3.5.2-19 When one operation fails, none has happened",
  withClient(async (client, server) => {
    const { id } = await client.user("ada", { title: "Dr." });
    const before = await server.dump();
    const answer = await client.patch(`/Users/${id}`, [
      { op: "replace", path: "title", value: "Prof." },
      { op: "replace", path: "id", value: "x" },
    ]);
    isScimError(answer, 400, "mutability", /"id" is readOnly/);
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "44-3.5.2.1-7 44-3.5.2.1-8 A PATCH that changes nothing keeps version and lastModified",
  withClient(async (client, server) => {
    const { id, version, json } = await client.user("ada", { active: true });
    server.pass({ hours: 1 });
    const before = await server.dump();
    const answer = await client.patch(`/Users/${id}`, [
      { op: "add", path: "active", value: true },
    ]);
    strictEqual(answer.headers.get("ETag"), version);
    deepStrictEqual(answer.json, json);
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "44-3.5.2-20 44-3.5.2-24 A PATCH to the userName of another user is 409",
  withClient(async (client) => {
    await client.user("ada");
    const { id } = await client.user("bob");
    const answer = await client.patch(`/Users/${id}`, [
      { op: "replace", value: { userName: "Ada" } },
    ]);
    isScimError(answer, 409, "uniqueness");
  }),
);

/** PATCH messages as clients send them, and what is stored then. */
const DIALECTS: readonly {
  readonly name: string;
  readonly operations: JsonObject[];
  readonly after: JsonObject;
}[] = [
  {
    name: "Entra without the flag: a value path per attribute",
    operations: [
      { op: "Add", path: 'emails[type eq "work"].value', value: "a@b.c" },
      { op: "Replace", path: "name.familyName", value: "King" },
      { op: "Add", path: `${URN.enterprise}:department`, value: "R" },
      { op: "Add", path: 'roles[primary eq "True"].value', value: "Admin" },
    ],
    after: {
      emails: [{ type: "work", value: "a@b.c" }],
      name: { familyName: "King" },
      [URN.enterprise]: { department: "R" },
      roles: [{ primary: true, value: "Admin" }],
    },
  },
  {
    name: "Entra with the flag: one object whose keys are paths",
    operations: [{
      op: "replace",
      value: {
        "name.givenName": "Ada",
        active: "True",
        [`${URN.enterprise}:employeeNumber`]: "7",
      },
    }],
    after: {
      name: { givenName: "Ada" },
      active: true,
      [URN.enterprise]: { employeeNumber: "7" },
    },
  },
  {
    name: "Okta: deactivation without a path",
    operations: [{ op: "replace", value: { active: false } }],
    after: { active: false },
  },
];

for (const { name, operations, after } of DIALECTS) {
  Deno.test(
    `PATCH understands ${name}`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const answer = await client.patch(`/Users/${id}`, operations);
      strictEqual(answer.status, 200, answer.text);
      const { schemas: _, id: __, meta: ___, userName: ____, ...rest } =
        answer.json;
      deepStrictEqual(rest, after);
    }),
  );
}

Deno.test(
  "44-3.5.2-14 44-3.5.2-15 An extension comes into schemas and goes from it with its data",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const path = `${URN.enterprise}:department`;
    const added = await client.patch(`/Users/${id}`, [
      { op: "add", path, value: "R" },
    ]);
    deepStrictEqual(added.json["schemas"], [URN.user, URN.enterprise]);
    const removed = await client.patch(`/Users/${id}`, [{
      op: "remove",
      path,
    }]);
    deepStrictEqual(removed.json["schemas"], [URN.user]);
  }),
);

/** PATCH messages that are refused, behind the items of the checklist. */
const REFUSED: readonly (readonly [
  ids: string,
  name: string,
  operations: JsonObject[],
  scimType: string,
  detail: RegExp,
])[] = [
  [
    "44-3.5.2-7 44-3.5.2.2-1",
    "remove without a path",
    [{ op: "remove" }],
    "noTarget",
    /"remove" needs a "path"/,
  ],
  [
    "44-3.5.2-4",
    "an unknown op",
    [{ op: "move", path: "title" }],
    "invalidSyntax",
    /must be add, remove or replace, not "move"/,
  ],
  [
    "44-3.5.2-4",
    "no op",
    [{ path: "title", value: 1 }],
    "invalidSyntax",
    /Operations\[0\]\.op must be a string/,
  ],
  [
    "44-3.5.2-8",
    "a path that is a number",
    [{ op: "add", path: 1, value: 1 }],
    "invalidSyntax",
    /path must be a string/,
  ],
  [
    "44-3.5.2.1-1",
    "no value",
    [{ op: "add", path: "title" }],
    "invalidValue",
    /"add" needs a "value"/,
  ],
  [
    "44-3.5.2-5",
    "an array index",
    [{ op: "add", path: "emails[0].value", value: "a" }],
    "invalidPath",
    /Path cannot be read/,
  ],
  [
    "44-3.5.2-8",
    "a malformed path",
    [{ op: "add", path: "emails[type eq", value: "a" }],
    "invalidPath",
    /Path cannot be read/,
  ],
  [
    "44-3.5.2-8",
    "an empty path",
    [{ op: "add", path: "", value: "a" }],
    "invalidPath",
    /Path cannot be read/,
  ],
  [
    "44-3.5.2-11",
    "a wrong type",
    [{ op: "replace", path: "active", value: "maybe" }],
    "invalidValue",
    /"active" must be true or false/,
  ],
  [
    "44-3.5.2.2-6",
    "a required attribute removed",
    [{ op: "remove", path: "userName" }],
    "mutability",
    /"userName" is required/,
  ],
  [
    "44-3.5.2.3-9",
    "a required attribute emptied",
    [{ op: "replace", path: "userName", value: "" }],
    "invalidValue",
    /"userName" is required/,
  ],
  [
    "44-3.5.2-9",
    "a readOnly attribute",
    [{ op: "add", path: "groups", value: [{ value: "x" }] }],
    "mutability",
    /"groups" is readOnly/,
  ],
  [
    "44-3.5.2-18",
    "two primaries",
    [{
      op: "add",
      path: "emails",
      value: [{ value: "a", primary: true }, { value: "b", primary: true }],
    }],
    "invalidValue",
    /primary/,
  ],
  [
    "44-3.5.2-8",
    "a filter on a simple attribute",
    [{ op: "add", path: 'title[value eq "a"]', value: "a" }],
    "invalidPath",
    /one simple value/,
  ],
  [
    "44-3.5.2-8",
    "a filter with an unknown sub-attribute",
    [{ op: "add", path: 'emails[nope eq "a"]', value: { value: "a" } }],
    "invalidFilter",
    /has no sub-attribute "nope"; it has value/,
  ],
  [
    "44-3.5.2.1-2",
    "a value that is no object without a path",
    [{ op: "add", value: "a" }],
    "invalidValue",
    /needs an object of attributes/,
  ],
];

for (const [ids, name, operations, scimType, detail] of REFUSED) {
  for (const profile of ["compatible", "rfc"] as const) {
    Deno.test(
      `${ids} PATCH with ${name} is 400 ${scimType} and changes nothing (${profile})`,
      withClient(async (client, server) => {
        const { id } = await client.user("ada");
        const before = await server.dump();
        const answer = await client.patch(`/Users/${id}`, operations);
        isScimError(answer, 400, scimType, detail);
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }
}

/** Bodies that are no PATCH message. */
const MESSAGES: readonly (readonly [string, string, JsonObject])[] = [
  ["44-3.5.2-2", "without schemas", { Operations: [] }],
  ["44-3.5.2-2", "with another schema", {
    schemas: [URN.user],
    Operations: [],
  }],
  ["44-3.5.2-3", "without Operations", { schemas: [URN.patch] }],
  ["44-3.5.2-3", "with Operations that are no array", {
    schemas: [URN.patch],
    Operations: {},
  }],
  ["44-3.5.2-3", "with an operation that is no object", {
    schemas: [URN.patch],
    Operations: [1],
  }],
  ["44-3.5.2-3", "with Operations twice", {
    schemas: [URN.patch],
    Operations: [],
    operations: [],
  }],
  ["44-3.5.2-2", "that is a user", { schemas: [URN.user], userName: "x" }],
];

for (const [id, name, body] of MESSAGES) {
  Deno.test(
    `${id} A PATCH message ${name} is 400 invalidSyntax`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const answer = await client.send(`/Users/${id}`, {
        method: "PATCH",
        body,
      });
      isScimError(answer, 400, "invalidSyntax");
    }),
  );
}

Deno.test(
  "44-3.5.2-3 Names in a PATCH message are read in any case",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const answer = await client.send(`/Users/${id}`, {
      method: "PATCH",
      body: {
        SCHEMAS: [URN.patch.toUpperCase()],
        operations: [{ OP: "REPLACE", Path: "TITLE", vALUE: "Dr." }],
      },
    });
    strictEqual(answer.json["title"], "Dr.");
  }),
);

Deno.test(
  "The manager is shown with its name, and goes with an empty string",
  withClient(async (client) => {
    const boss = await client.user("boss", { displayName: "The Boss" });
    const { id } = await client.user("ada");
    const path = `${URN.enterprise}:manager`;
    const set = await client.patch(`/Users/${id}`, [
      { op: "Add", path, value: boss.id },
    ]);
    deepStrictEqual(object(set.json[URN.enterprise])["manager"], {
      value: boss.id,
      $ref: boss.location,
      displayName: "The Boss",
    });
    const cleared = await client.patch(`/Users/${id}`, [
      { op: "Replace", path, value: "" },
    ]);
    strictEqual(cleared.json[URN.enterprise], undefined);
  }),
);

Deno.test(
  "Parallel PATCHes of one user all take effect",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        client.patch(`/Users/${id}`, [
          { op: "add", path: "roles", value: [{ value: `r${i}` }] },
        ])),
    );
    deepStrictEqual(
      new Set(answers.map(({ status }) => status)),
      new Set([200]),
    );
    const { json } = await client.get(`/Users/${id}`);
    strictEqual(values(json["roles"]).length, 12);
  }),
);
