import {
  deepStrictEqual,
  notStrictEqual,
  ok,
  strictEqual,
} from "node:assert/strict";
import {
  BASE,
  isList,
  isScimError,
  TestServer,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

/** Texts that mean something to a query language, a template, a shell or a prototype. */
const HOSTILE: readonly string[] = [
  '" or userName pr or userName eq "',
  'x") or (userName pr',
  "' OR '1'='1' --",
  "Robert'); DROP TABLE Users;--",
  '{"$ne": null}',
  "*)(uid=*",
  "%",
  ".*",
  "$(id)",
  "${7*7}",
  "__proto__",
  "constructor",
  "../../ServiceProviderConfig",
  "a\u0000b",
  "<script>alert(1)</script>",
];

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(
    `43-9-2 A value is never read as a query: it is stored as it is and finds itself alone (${profile})`,
    withClient(async (client) => {
      await client.user("bystander", { title: "x" });
      for (const text of HOSTILE) {
        const { id, json } = await client.user("ada", {
          displayName: text,
          title: text,
        });
        strictEqual(json["title"], text);
        for (const name of ["displayName", "title"]) {
          for (const operator of ["eq", "co", "sw"]) {
            const filter = `${name} ${operator} ${JSON.stringify(text)}`;
            const query = encodeURIComponent(filter);
            const found = await client.get(`/Users?filter=${query}`);
            strictEqual(isList(found, { total: 1 })[0]?.["id"], id, filter);
          }
        }
        await client.delete(`/Users/${id}`);
      }
      isList(await client.get("/Users"), { total: 1 });
    }, { profile }),
  );

  Deno.test(
    `43-9-2 A text in place of a name, an id, an operator or a number is refused or finds nothing (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("bystander");
      const before = await server.dump();
      for (const text of HOSTILE) {
        const encoded = encodeURIComponent(text);
        isScimError(await client.get(`/Users/${encoded}`), 404);
        const filter = encodeURIComponent(`${text} eq "x"`);
        const filtered = await client.get(`/Users?filter=${filter}`);
        isScimError(filtered, 400, "invalidFilter");
        const counted = await client.get(`/Users?count=${encoded}`);
        isScimError(counted, 400, "invalidValue");
        const body = { op: text, path: "title", value: "x" };
        const patched = await client.patch(`/Users/${id}`, [body]);
        isScimError(patched, 400, "invalidSyntax");
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

Deno.test(
  "43-9-5 Requests and their mistakes are not reported",
  withClient(async (client, server) => {
    await client.user("ada", { title: "personal" });
    await client.get('/Users?filter=title eq "personal"');
    await client.get('/Users?filter=title eq "personal');
    await client.post("/Users", user("ada", { title: "personal" }));
    await client.post("/Users", user("bob", { title: ["personal"] }));
    deepStrictEqual(server.reports, []);
  }),
);

Deno.test("43-9-5 Not even a failure of the store is reported with a body or the value of a filter", async () => {
  await using server = await TestServer.start();
  const { token } = await server.client();
  const { list, atomic } = server.kv;
  const fail = () => {
    throw new TypeError("the store fails");
  };
  Object.assign(server.kv, { list: fail, atomic: fail });
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/scim+json",
  };
  const body = JSON.stringify(user("bob", { title: "personal" }));
  const filter = encodeURIComponent('title eq "personal"');
  for (
    const [path, init] of [
      [`/Users?filter=${filter}`, {}],
      ["/Users", { method: "POST", body }],
    ] as const
  ) {
    const request = new Request(BASE + path, { ...init, headers });
    strictEqual((await server.fetch(request)).status, 500);
  }
  Object.assign(server.kv, { list, atomic });
  const reports = server.reports.splice(0);
  strictEqual(reports.length, 2);
  ok(!JSON.stringify(reports).includes("personal"));
});

Deno.test("43-9-6 One person has unrelated ids in two tenants, and the id of one is nothing to the other", async () => {
  await using server = await TestServer.start();
  const acme = await server.client({ tenant: "acme" });
  const globex = await server.client({ tenant: "globex" });
  const person = { externalId: "7", emails: [{ value: "ada@example.com" }] };
  const here = await acme.user("ada", person);
  const there = await globex.user("ada", person);
  notStrictEqual(here.id, there.id);
  isScimError(await globex.get(`/Users/${here.id}`), 404);
  isScimError(await acme.get(`/Users/${there.id}`), 404);
  for (
    const query of [
      `filter=id eq "${here.id}"`,
      `filter=${URN.enterprise}:manager.value eq "${here.id}"`,
    ]
  ) {
    isList(await globex.get(`/Users?${query}`), { total: 0 });
  }
  const { text } = await globex.get("/Users");
  ok(!text.includes(here.id) && text.includes(there.id));
});
