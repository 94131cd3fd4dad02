import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  BASE,
  type Client,
  type Created,
  isScimError,
  object,
  ORIGIN,
  TestServer,
  URN,
  user,
} from "../harness.ts";

/** Runs a test with a client whose token is bound to the user `ada`. */
function withMe(
  run: (
    me: Client,
    ada: Created,
    others: { client: Client; server: TestServer },
  ) => Promise<void>,
): () => Promise<void> {
  return async () => {
    await using server = await TestServer.start();
    const client = await server.client();
    const ada = await client.user("ada", { title: "Countess" });
    const me = await server.client({ userId: ada.id });
    await run(me, ada, { client, server });
  };
}

Deno.test(
  "44-3.11-3 GET /Me is the user, and says where the user really is",
  withMe(async (me, ada, { client }) => {
    const answer = await me.get("/Me");
    strictEqual(answer.status, 200);
    deepStrictEqual(answer.json, (await client.get(`/Users/${ada.id}`)).json);
    strictEqual(answer.headers.get("Location"), `${BASE}/Users/${ada.id}`);
    strictEqual(answer.headers.get("ETag"), ada.version);
    strictEqual(object(answer.json["meta"])["location"], ada.location);
  }),
);

Deno.test(
  "The Location begins with the base that was asked",
  withMe(async (me, ada) => {
    const answer = await me.at(`${ORIGIN}/scim/v2`).get("/me/");
    strictEqual(
      answer.headers.get("Location"),
      `${ORIGIN}/scim/v2/Users/${ada.id}`,
    );
  }),
);

Deno.test(
  "HEAD /Me is GET without the body",
  withMe(async (me, ada) => {
    const answer = await me.send("/Me", { method: "HEAD" });
    strictEqual(answer.status, 200);
    strictEqual(answer.text, "");
    strictEqual(answer.headers.get("ETag"), ada.version);
  }),
);

Deno.test(
  "GET /Me takes attributes and excludedAttributes",
  withMe(async (me, ada) => {
    const { json } = await me.get("/Me?attributes=userName");
    deepStrictEqual(json, {
      schemas: [URN.user],
      id: ada.id,
      userName: "ada",
    });
    const without = await me.get("/Me?excludedAttributes=title,meta");
    strictEqual(without.json["userName"], "ada");
    strictEqual(without.json["title"], undefined);
    strictEqual(without.json["meta"], undefined);
  }),
);

Deno.test(
  "GET /Me with the version that the client has is 304",
  withMe(async (me, ada) => {
    const headers = { "If-None-Match": ada.version };
    strictEqual((await me.get("/Me", headers)).status, 304);
  }),
);

Deno.test(
  "44-3.11-3 44-3.11-4 PUT /Me replaces the user",
  withMe(async (me, ada, { client }) => {
    const body = user("ada", { displayName: "Ada" });
    const answer = await me.put("/Me", body, { "If-Match": ada.version });
    strictEqual(answer.status, 200, answer.text);
    strictEqual(answer.headers.get("Location"), ada.location);
    strictEqual(answer.headers.get("ETag") === ada.version, false);
    const { json } = await client.get(`/Users/${ada.id}`);
    deepStrictEqual(json, answer.json);
    strictEqual(json["displayName"], "Ada");
    strictEqual(json["title"], undefined);
  }),
);

Deno.test(
  "44-3.11-3 44-3.11-4 PATCH /Me changes the user",
  withMe(async (me, ada, { client }) => {
    const answer = await me.patch("/Me?attributes=title", [
      { op: "replace", path: "title", value: "Lady" },
    ]);
    deepStrictEqual(answer.json, {
      schemas: [URN.user],
      id: ada.id,
      title: "Lady",
    });
    strictEqual(answer.headers.get("Location"), ada.location);
    const { json } = await client.get(`/Users/${ada.id}`);
    strictEqual(json["title"], "Lady");
  }),
);

Deno.test(
  "PUT, PATCH and DELETE of /Me with an old version are 412",
  withMe(async (me, ada) => {
    const change = [{ op: "remove", path: "title" }];
    strictEqual((await me.patch("/Me", change)).status, 200);
    const headers = { "If-Match": ada.version };
    isScimError(await me.put("/Me", user("ada"), headers), 412);
    isScimError(await me.patch("/Me", change, headers), 412);
    isScimError(await me.delete("/Me", headers), 412);
  }),
);

Deno.test(
  "What is wrong with a body for /Me is told as for any user",
  withMe(async (me) => {
    isScimError(await me.send("/Me", { method: "PUT" }), 400, "invalidSyntax");
    isScimError(await me.put("/Me", { userName: "x" }), 400, "invalidSyntax");
    isScimError(
      await me.send("/Me", {
        method: "PATCH",
        headers: { "Content-Type": "text/plain" },
        body: "x",
      }),
      415,
    );
  }),
);

Deno.test(
  "44-3.11-4 44-3.11-5 DELETE /Me deletes the user, and then /Me is 404",
  withMe(async (me, ada, { client }) => {
    strictEqual((await me.delete("/Me")).status, 204);
    isScimError(await client.get(`/Users/${ada.id}`), 404);
    isScimError(await me.get("/Me"), 404);
    isScimError(await me.put("/Me", user("ada")), 404);
    isScimError(await me.delete("/Me"), 404);
    await client.user("ada");
    isScimError(await me.get("/Me"), 404);
  }),
);

Deno.test(
  "44-3.11-1 /Me is 501 for a token that is not bound to a user",
  withMe(async (_, __, { client }) => {
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE"]) {
      const { status } = await client.send("/Me", { method });
      strictEqual(status, 501, method);
    }
  }),
);

Deno.test(
  "44-3.11-4 POST /Me is 405, since its user is there already, and creates nothing",
  withMe(async (me, _, { client }) => {
    const answer = await me.post("/Me", user("eve"));
    deepStrictEqual(await client.names("/Users"), ["ada"]);
    isScimError(answer, 405, undefined, /does not have the method POST/);
    strictEqual(answer.headers.get("Allow"), "GET, PUT, PATCH, DELETE");
  }),
);

Deno.test(
  "44-3.11-4 A token that may only read reads /Me and does not write it",
  withMe(async (_, ada, { server }) => {
    const me = await server.client({
      userId: ada.id,
      scopes: ["scim:read"],
    });
    strictEqual((await me.get("/Me")).json["id"], ada.id);
    isScimError(await me.put("/Me", user("ada")), 403);
    isScimError(await me.delete("/Me"), 403);
  }),
);

Deno.test("44-6-7 /Me is a user of the token's tenant only", async () => {
  await using server = await TestServer.start({ newId: idsOf("same") });
  const acme = await server.client({ tenant: "acme" });
  const globex = await server.client({ tenant: "globex" });
  const ada = await acme.user("ada");
  const me = await server.client({ tenant: "acme", userId: ada.id });
  strictEqual((await me.get("/Me")).json["userName"], "ada");
  const refused = await server.admin("POST", "/tokens", {
    name: "x",
    tenant: "globex",
    userId: ada.id,
  });
  strictEqual(refused.status, 400);
  isScimError(await globex.get("/Me"), 501);
});

Deno.test("/Me is found when an id needs encoding", async () => {
  await using server = await TestServer.start({ newId: idsOf("a b?c#d%") });
  const { id, location } = await (await server.client()).user("ada");
  const answer = await (await server.client({ userId: id })).get("/Me");
  strictEqual(answer.json["userName"], "ada", answer.text);
  strictEqual(answer.headers.get("Location"), location);
});

Deno.test("The profile of a token holds at /Me", async () => {
  await using server = await TestServer.start();
  const { id } = await (await server.client()).user("ada");
  const body = user("ada", { nonsense: 1 });
  const strict = await server.client({ userId: id, profile: "rfc" });
  isScimError(await strict.put("/Me", body), 400, "invalidSyntax");
  const tolerant = await server.client({ userId: id });
  strictEqual((await tolerant.put("/Me", body)).status, 200);
});

/** Ids that all begin in the same way and are different. */
function idsOf(prefix: string): () => string {
  let count = 0;
  return () => `${prefix}${count++}`;
}
