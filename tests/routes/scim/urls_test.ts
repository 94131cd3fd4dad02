import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Answer,
  BASE,
  isList,
  isProblem,
  isScimError,
  object,
  objects,
  ORIGIN,
  send,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "../harness.ts";

const SHORT = `${ORIGIN}/scim/v2`;
const LONG = `${ORIGIN}/api/scim/v2`;

function locationOf({ json }: Answer): string {
  return text(object(json["meta"])["location"]);
}

Deno.test(
  "/scim/v2 and /api/scim/v2 are one app",
  withClient(async (client) => {
    const { id } = await client.at(SHORT).user("ada");
    const { json } = await client.at(LONG).get(`/Users/${id}`);
    strictEqual(json["userName"], "ada");
    isScimError(
      await client.at(LONG).post("/Users", user("ada")),
      409,
      "uniqueness",
    );
  }),
);

for (const base of [SHORT, LONG]) {
  Deno.test(
    `Every URI in answers begins with the base that was asked: ${base}`,
    withClient(async (client) => {
      const here = client.at(base);
      const boss = await here.user("boss");
      const ada = await here.user("ada", {
        [URN.enterprise]: { manager: { value: boss.id } },
      });
      const staff = await here.group("staff", [ada.id]);
      strictEqual(ada.location, `${base}/Users/${ada.id}`);
      const answers = [
        await here.get(`/Users/${ada.id}`),
        await here.get("/Users"),
        await here.get(`/Groups/${staff.id}`),
        await here.get("/ServiceProviderConfig"),
        await here.get("/ResourceTypes"),
        await here.get("/Schemas"),
        await here.put(`/Users/${boss.id}`, user("boss", { title: "x" })),
        await here.patch(`/Users/${boss.id}`, [{
          op: "remove",
          path: "title",
        }]),
      ];
      for (const answer of answers) {
        const uris = answer.text.matchAll(/"(?:\$ref|location)":"([^"]+)"/g);
        for (const [, uri] of uris) {
          strictEqual(uri?.startsWith(`${base}/`), true, uri);
        }
      }
      const patched = await here.patch(`/Groups/${staff.id}`, [
        { op: "remove", path: "members" },
      ]);
      strictEqual(
        patched.headers.get("Location"),
        `${base}/Groups/${staff.id}`,
      );
    }),
  );
}

for (
  const [publicUrl, expected] of [
    ["https://id.example.org", "https://id.example.org/api/scim/v2"],
    ["https://id.example.org/", "https://id.example.org/api/scim/v2"],
    ["https://id.example.org:8443", "https://id.example.org:8443/api/scim/v2"],
    [
      "https://id.example.org/tenant/a",
      "https://id.example.org/tenant/a/api/scim/v2",
    ],
    [
      "https://id.example.org/tenant/a//",
      "https://id.example.org/tenant/a/api/scim/v2",
    ],
  ] as const
) {
  Deno.test(`44-1.2-3 With PUBLIC_URL ${publicUrl} locations begin with ${expected}`, async () => {
    await using server = await TestServer.start({ publicUrl });
    const client = await server.client();
    const { id, location, json } = await client.user("ada");
    strictEqual(location, `${expected}/Users/${id}`);
    strictEqual(object(json["meta"])["location"], location);
    strictEqual(
      locationOf(await client.get("/ServiceProviderConfig")),
      `${expected}/ServiceProviderConfig`,
    );
    const short = client.at("http://127.0.0.1:8000/scim/v2");
    strictEqual(
      locationOf(await short.get(`/Users/${id}`)),
      `${expected.replace("/api/scim/v2", "/scim/v2")}/Users/${id}`,
    );
  });
}

/** Other ways to write the URL of a list with one user. */
const LISTS: readonly string[] = [
  "/scim/v2/Users",
  "/scim/v2/users",
  "/scim/v2/USERS",
  "/scim/v2/Users/",
  "/scim/v2//Users",
  "//scim/v2///Users//",
  "/api/scim/v2/uSERS/",
  "/SCIM/V2/Users",
  "/Api/Scim/V2/Users",
  "/scim/v2/Users?aadOptscim062020",
  "/scim/v2/Users/?aadOptscim062020",
  "/scim/v2/Users?",
  "/scim/v2/./Users",
  "/scim/v2/Groups/../Users",
  "/scim/v2/%55sers",
];

for (const path of LISTS) {
  Deno.test(
    `${path} is the list of users`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const answer = await client.send(`${ORIGIN}${path}`);
      strictEqual(answer.status, 200, answer.text);
      strictEqual(object(objects(answer.json["Resources"])[0])["id"], id);
    }),
  );
}

Deno.test(
  "A resource is found with slashes too many and its endpoint in any case",
  withClient(async (client) => {
    const { id, location } = await client.at(SHORT).user("ada");
    for (const path of [`/users/${id}`, `/Users/${id}/`, `//USERS//${id}//`]) {
      const answer = await client.at(SHORT).get(path);
      strictEqual(answer.status, 200);
      strictEqual(locationOf(answer), location);
    }
    const { status } = await client.at(SHORT).delete(`/users/${id}/`);
    strictEqual(status, 204);
  }),
);

Deno.test(
  "The location that a request in odd spelling gets is the plain one",
  withClient(async (client) => {
    const answer = await client.send(`${ORIGIN}//SCIM/v2//USERS/`, {
      method: "POST",
      body: user("ada"),
    });
    strictEqual(
      answer.headers.get("Location"),
      `${SHORT}/Users/${answer.json["id"]}`,
    );
  }),
);

for (
  const path of [
    "/ServiceProviderConfig",
    "/serviceproviderconfig",
    "/ServiceProviderConfig/",
    "/ServiceProviderConfiguration",
    "/SERVICEPROVIDERCONFIGURATION",
    "/ServiceProviderConfigs",
    "/serviceConfiguration",
    "/ServiceProviderConfig?aadOptscim062020",
  ]
) {
  Deno.test(`${path} is the ServiceProviderConfig`, async () => {
    await using server = await TestServer.start();
    const { status, json } = await send(server, `${SHORT}${path}`, {});
    strictEqual(status, 200);
    strictEqual(
      object(json["meta"])["location"],
      `${SHORT}/ServiceProviderConfig`,
    );
  });
}

for (
  const path of ["/schemas", "/SCHEMAS/", "/resourcetypes", "/ResourceTypes/"]
) {
  Deno.test(`${path} is discovery in any case`, async () => {
    await using server = await TestServer.start();
    const { status } = await send(server, `${SHORT}${path}`, {});
    strictEqual(status, 200);
  });
}

/** What is not there, for a client with a token. */
const NOWHERE: readonly string[] = [
  "/Nope",
  "/Nope/x",
  "/Users/a/b",
  "/Users/a/b/c",
  "/Roles",
  "/__proto__",
  "/constructor",
  "/toString",
  "/%00",
  "/Users%2Fx",
  "/ServiceProviderConfig/x",
  "/Schemas/a/b",
  "/*",
  "/:endpoint",
];

for (const path of NOWHERE) {
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    Deno.test(
      `${method} ${path} is 404 as a SCIM error`,
      withClient(async (client) => {
        isScimError(
          await client.send(path, { method }),
          404,
          undefined,
          /no endpoint/,
        );
      }),
    );
  }
}

for (
  const [path, allowed, refused] of [
    ["", "GET", ["POST", "PUT", "PATCH", "DELETE"]],
    ["/", "GET", ["POST", "PUT", "PATCH", "DELETE"]],
    ["/.search", "POST", ["GET", "PUT", "PATCH", "DELETE"]],
    ["/Users/.search", "POST", ["GET", "PUT", "PATCH", "DELETE"]],
    ["/Users/.SEARCH", "POST", ["GET", "PUT", "PATCH", "DELETE"]],
    ["/Groups/.search", "POST", ["GET", "PUT", "PATCH", "DELETE"]],
  ] as const
) {
  Deno.test(
    `44-3.2-6 ${path || "(the base)"} takes ${allowed}, other methods are 405`,
    withClient(async (client) => {
      for (const method of refused) {
        const answer = await client.send(path, { method });
        isScimError(answer, 405);
        const allow = answer.headers.get("Allow") ?? "";
        strictEqual(allow.split(", ").includes(allowed), true, allow);
        strictEqual(allow.split(", ").includes(method), false, allow);
      }
    }),
  );
}

for (const path of ["/.SEARCH", "/Users/.SEARCH", "/users/.Search/"]) {
  Deno.test(
    `${path} is a search, in whatever case`,
    withClient(async (client) => {
      await client.user("ada");
      const answer = await client.post(path, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      });
      isList(answer, { total: 1 });
    }),
  );
}

Deno.test("A path outside of SCIM is 404 as a problem, and tells where SCIM is", async () => {
  await using server = await TestServer.start();
  for (
    const path of [
      "/x",
      "/api",
      "/scims/v2/Users",
      "/%FF",
    ]
  ) {
    const { status, headers, json } = await send(
      server,
      `${ORIGIN}${path}`,
      {},
    );
    strictEqual(status, 404);
    strictEqual(headers.get("Content-Type"), "application/problem+json");
    strictEqual(text(json["detail"]).includes("/api/scim/v2"), true);
  }
});

Deno.test("A very long URL is answered with a short error", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  for (
    const path of [
      `/${"x".repeat(30_000)}`,
      `/a/b/${"%C3%BC".repeat(5_000)}`,
      `${"/".repeat(30_000)}x`,
    ]
  ) {
    const answer = await client.get(path);
    isScimError(answer, 404);
    deepStrictEqual(answer.text.length < 400, true);
  }
});

Deno.test("A URL of 32,768 characters is read, a longer one is 414", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const path = "/Users?x=";
  const rest = "y".repeat(32_768 - BASE.length - path.length);
  strictEqual((await client.get(path + rest)).status, 200);
  for (const method of ["GET", "POST", "DELETE"]) {
    const answer = await client.send(`${path}${rest}y`, { method });
    isScimError(answer, 414, undefined, /32768 characters.*\.search/);
  }
  const admin = await server.admin("GET", `/changes?tenant=${rest}`);
  isProblem(admin, 414, /32768 characters/);
});

for (
  const [method, path] of [
    ["GET", "/Me"],
    ["GET", "/me?attributes=userName"],
    ["PUT", "/ME/"],
    ["PATCH", "/me"],
    ["DELETE", "//Me"],
  ] as const
) {
  Deno.test(
    `44-3.11-1 ${method} ${path} is 501 for a token that is not bound to a user`,
    withClient(async (client) => {
      const answer = await client.send(path, { method });
      isScimError(answer, 501, undefined, /not bound to a user.*"userId"/);
    }),
  );
}

for (
  const [method, path, allow] of [
    ["POST", "/Me", "GET, PUT, PATCH, DELETE"],
    ["GET", "/Bulk", "POST"],
    ["PUT", "/bulk", "POST"],
    ["DELETE", "/BULK/", "POST"],
  ] as const
) {
  Deno.test(
    `44-3.2-6 ${method} ${path} is 405 with Allow: ${allow}`,
    withClient(async (client) => {
      const answer = await client.send(path, { method });
      isScimError(answer, 405, undefined, new RegExp(`${method}.*${allow}`));
      strictEqual(answer.headers.get("Allow"), allow);
    }),
  );
}

for (const path of ["/Bulk", "/bulk/", "//BULK"]) {
  Deno.test(
    `POST ${path} without a body is 400`,
    withClient(async (client) => {
      const answer = await client.send(path, { method: "POST" });
      isScimError(answer, 400, "invalidSyntax", /body is empty/);
    }),
  );
}

Deno.test(
  "HEAD tells the length of what GET sends",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const get = await client.get(`/Users/${id}`);
    const head = await client.send(`/Users/${id}`, { method: "HEAD" });
    strictEqual(head.text, "");
    strictEqual(
      head.headers.get("Content-Length"),
      get.headers.get("Content-Length"),
    );
    strictEqual(
      get.headers.get("Content-Length"),
      String(new TextEncoder().encode(get.text).length),
    );
  }),
);

Deno.test(
  "Empty lists of attributes are no lists: a group PATCH answers 204",
  withClient(async (client) => {
    const { id } = await client.group("Sales");
    const operation = { op: "replace", path: "displayName", value: "Sale" };
    const { status } = await client.patch(`/Groups/${id}?attributes=`, [
      operation,
    ]);
    strictEqual(status, 204);
  }),
);
