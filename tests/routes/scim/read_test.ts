import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isScimError, URN, withClient } from "../harness.ts";

Deno.test(
  "44-3.4.1-1 44-3.4.1-2 GET answers with what was created, Location and ETag",
  withClient(async (client) => {
    const { id, json, version, location } = await client.user("ada", {
      emails: [{ value: "Ada@Example.com", type: "work" }],
      [URN.enterprise]: { department: " R & D " },
    });
    const answer = await client.get(`/Users/${id}`);
    strictEqual(answer.status, 200);
    deepStrictEqual(answer.json, json);
    strictEqual(answer.headers.get("ETag"), version);
    strictEqual(answer.headers.get("Location"), location);
  }),
);

Deno.test(
  "44-3.4.1-1 GET of an unknown id is 404 and names it",
  withClient(async (client) => {
    const answer = await client.get("/Users/0101");
    isScimError(answer, 404, undefined, /User "0101" does not exist/);
  }),
);

Deno.test(
  "44-3.4.1-4 An id of one type is 404 under the endpoint of another",
  withClient(async (client) => {
    const user = await client.user("ada");
    const group = await client.group("staff");
    for (const path of [`/Groups/${user.id}`, `/Users/${group.id}`]) {
      isScimError(await client.get(path), 404);
      isScimError(await client.delete(path), 404);
    }
    strictEqual((await client.get(`/Users/${user.id}`)).status, 200);
  }),
);

Deno.test(
  "An externalId or a userName is not an id",
  withClient(async (client) => {
    await client.user("ada", { externalId: "ext-1" });
    isScimError(await client.get("/Users/ext-1"), 404);
    isScimError(await client.get("/Users/ada"), 404);
  }),
);

Deno.test(
  "HEAD answers as GET does, without a body",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    for (const path of ["/Users", `/Users/${id}`, "/Groups", "/Users/nobody"]) {
      const got = await client.get(path);
      const { status, text, headers } = await client.send(path, {
        method: "HEAD",
      });
      strictEqual(status, got.status, path);
      strictEqual(text, "", path);
      deepStrictEqual([...headers], [...got.headers], path);
    }
    const head = await client.send(`/Users/${id}`, { method: "HEAD" });
    strictEqual(head.headers.get("ETag"), version);
  }),
);

Deno.test(
  "44-3.4.2-3 Unknown query parameters change nothing",
  withClient(async (client) => {
    const { id, json } = await client.user("ada");
    for (const query of ["?aadOptscim062020", "?x=1&__proto__=2&constructor"]) {
      deepStrictEqual((await client.get(`/Users/${id}${query}`)).json, json);
      strictEqual((await client.get(`/Users${query}`)).json["totalResults"], 1);
    }
  }),
);

Deno.test(
  "No User-Agent, an empty one and an odd one are all the same",
  withClient(async (client) => {
    for (const agent of ["", "Okta SCIM Client 1.0.0", "curl/8"]) {
      const { status } = await client.get("/Users", { "User-Agent": agent });
      strictEqual(status, 200);
    }
  }),
);

Deno.test(
  "Answers tell browsers not to guess their type",
  withClient(async (client) => {
    for (const path of ["/Users", "/Users/nobody", "/Nowhere"]) {
      const { headers } = await client.get(path);
      strictEqual(headers.get("X-Content-Type-Options"), "nosniff");
    }
  }),
);

Deno.test(
  "A group of many members reads back whole",
  withClient(async (client) => {
    const ids: string[] = [];
    for (let i = 0; i < 30; i++) ids.push((await client.user(`u${i}`)).id);
    const { id } = await client.group("staff", ids);
    const { json, text } = await client.get(`/Groups/${id}`);
    ok(Array.isArray(json["members"]));
    ok(ids.every((member) => text.includes(member)));
    strictEqual(json["members"].length, 30);
  }),
);
