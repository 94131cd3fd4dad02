import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Client,
  isScimError,
  objects,
  URN,
  user,
  withClient,
} from "../harness.ts";

/** Five users, created a second after each other. */
async function people(client: Client): Promise<void> {
  const bodies: JsonObject[] = [
    {
      userName: "delta",
      externalId: "b",
      title: "b",
      active: true,
      emails: [{ value: "z@x.com" }, { value: "a@x.com", primary: true }],
    },
    {
      userName: "Alpha",
      externalId: "B",
      active: false,
      name: { givenName: "Zoe" },
      emails: [{ value: "m@x.com" }, { value: "b@x.com" }],
    },
    { userName: "charlie", externalId: "a", title: "A", active: true },
    {
      userName: "Bravo",
      externalId: "C",
      name: { givenName: "anna", familyName: "z" },
      emails: [{ value: "C@x.com" }],
    },
    {
      userName: "echo",
      title: "c",
      active: false,
      [URN.enterprise]: { department: "Sales" },
    },
  ];
  for (const { userName, ...more } of bodies) {
    client.server.pass({ seconds: 1 });
    await client.user(String(userName), more);
  }
}

/** The first letters of the names that a query finds, in its order. */
async function order(client: Client, path: string): Promise<string> {
  const answer = await client.get(path);
  strictEqual(answer.status, 200, answer.text);
  return objects(answer.json["Resources"])
    .map(({ userName, displayName }) => String(userName ?? displayName)[0])
    .join("").toLowerCase();
}

/**
 * What an order shows beside 44-3.4.2.3-5 and 44-3.4.2.3-7, `sortBy`, the order
 * up, and the order down; users with equal keys go by id.
 */
const ORDERS: readonly (readonly [string, string, RegExp, RegExp])[] = [
  ["44-3.4.2.3-6", "userName", /^abcde$/, /^edcba$/],
  ["44-3.4.2.3-6", "USERNAME", /^abcde$/, /^edcba$/],
  ["44-3.4.2.3-6", `${URN.user}:userName`, /^abcde$/, /^edcba$/],
  ["44-3.4.2.3-4", "title", /^cde(ab|ba)$/, /^(ab|ba)edc$/],
  ["44-3.4.2.3-2", "emails", /^dba(ce|ec)$/, /^(ce|ec)abd$/],
  ["44-3.4.2.3-2", "emails.value", /^dba(ce|ec)$/, /^(ce|ec)abd$/],
  ["44-3.4.2.3-3", "name.givenName", /^ba[cde]{3}$/, /^[cde]{3}ab$/],
  ["44-3.4.2.3-6", "meta.created", /^dacbe$/, /^ebcad$/],
  ["44-3.4.2.3-6", "meta.lastModified", /^dacbe$/, /^ebcad$/],
  ["44-3.4.2.3-6", "active", /^(ae|ea)(cd|dc)b$/, /^b(cd|dc)(ae|ea)$/],
  [
    "44-3.4.2.3-4",
    `${URN.enterprise}:department`,
    /^e[abcd]{4}$/,
    /^[abcd]{4}e$/,
  ],
];

for (const [id, sortBy, up, down] of ORDERS) {
  Deno.test(
    `${id} 44-3.4.2.3-5 44-3.4.2.3-7 /Users?sortBy=${sortBy} in both directions, page by page`,
    withClient(async (client) => {
      await people(client);
      const path = `/Users?sortBy=${sortBy}`;
      const ascending = await order(client, path);
      strictEqual(up.test(ascending), true, ascending);
      strictEqual(
        await order(client, `${path}&sortOrder=ascending`),
        ascending,
      );
      const descending = await order(client, `${path}&sortOrder=DESCENDING`);
      strictEqual(down.test(descending), true, descending);
      // Ties are broken by id, so pages fit together.
      let paged = "";
      for (let startIndex = 1; startIndex <= 5; startIndex++) {
        paged += await order(
          client,
          `${path}&startIndex=${startIndex}&count=1`,
        );
      }
      strictEqual(paged, ascending);
    }),
  );
}

Deno.test(
  "44-3.4.2.3-6 externalId is sorted with regard to case",
  withClient(async (client) => {
    await people(client);
    // B of Alpha, C of Bravo, a of charlie, b of delta; echo has none.
    strictEqual(await order(client, "/Users?sortBy=externalId"), "abcde");
    strictEqual(
      await order(client, "/Users?sortBy=externalId&sortOrder=descending"),
      "edcba",
    );
  }),
);

Deno.test(
  "A filter and a projection go with an order",
  withClient(async (client) => {
    await people(client);
    strictEqual(
      await order(client, "/Users?filter=title+pr&sortBy=userName"),
      "cde",
    );
    const { json } = await client.get(
      "/Users?sortBy=title&attributes=userName&count=2&startIndex=2",
    );
    strictEqual(json["totalResults"], 5);
    deepStrictEqual(
      objects(json["Resources"]).map(({ userName }) => userName),
      ["delta", "echo"],
    );
    deepStrictEqual(
      objects(json["Resources"]).map(({ title }) => title),
      [undefined, undefined],
    );
  }),
);

Deno.test(
  "Groups are sorted too, also by their members",
  withClient(async (client) => {
    const ada = await client.user("ada");
    await client.group("beta", [ada.id]);
    await client.group("Alpha");
    strictEqual(await order(client, "/Groups?sortBy=displayName"), "ab");
    strictEqual(await order(client, "/Groups?sortBy=members.display"), "ba");
    strictEqual(
      await order(client, "/Groups?sortBy=members&sortOrder=descending"),
      "ab",
    );
  }),
);

Deno.test(
  "44-3.4.2.3-8 sortOrder without sortBy has no effect",
  withClient(async (client) => {
    await people(client);
    const plain = await client.get("/Users");
    for (
      const query of [
        "sortOrder=descending",
        "sortBy=&sortOrder=descending",
        "sortBy=",
      ]
    ) {
      deepStrictEqual((await client.get(`/Users?${query}`)).json, plain.json);
    }
  }),
);

for (
  const [id, query, detail] of [
    ["44-3.4.2.3-3", "sortBy=name", /"name" is complex.*"name\./],
    ["44-3.4.2.3-3", "sortBy=addresses", /"addresses" is complex/],
    [
      "44-3.4.2.3-2",
      "sortBy=emial",
      /"emial" is not defined for User; did you mean "emails"/,
    ],
    ["44-3.4.2.3-2", "sortBy=members", /"members" is not defined for User/],
    ["44-3.4.2.3-2", "sortBy=password", /never returned/],
    ["44-3.4.2.3-2", "sortBy=userName+desc", /sortBy/],
    [
      "44-3.4.2.3-5",
      "sortBy=userName&sortOrder=up",
      /"ascending" or "descending", not "up"/,
    ],
    [
      "44-3.4.2.3-5",
      "sortBy=userName&sortOrder=",
      /"ascending" or "descending"/,
    ],
  ] as const
) {
  Deno.test(
    `${id} /Users?${query} is 400 invalidValue`,
    withClient(async (client) => {
      await client.post("/Users", user("ada"));
      isScimError(
        await client.get(`/Users?${query}`),
        400,
        "invalidValue",
        detail,
      );
    }),
  );
}
