import {
  deepStrictEqual,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { createApp } from "../../routes/app.ts";
import { createServices } from "../../routes/services.ts";
import { Counter, observedKv } from "../storage/fake_kv.ts";
import {
  ADMIN_SECRET,
  type Client,
  ORIGIN,
  TestServer,
  text,
  URN,
} from "./harness.ts";

/** A server, a client, and a user that was read once. */
async function open() {
  const server = await TestServer.start();
  const client = await server.client();
  const ann = await create(client, "/Users", {
    schemas: [URN.user],
    userName: "ann",
    displayName: "Ann",
  });
  await client.get(`/Users/${ann}`);
  return { server, client, ann };
}

async function create(
  client: Client,
  path: string,
  body: JsonObject,
): Promise<string> {
  const { status, json } = await client.post(path, body);
  strictEqual(status, 201);
  return text(json["id"]);
}

async function patch(
  client: Client,
  path: string,
  operation: JsonObject,
): Promise<void> {
  const { status } = await client.send(path, {
    method: "PATCH",
    body: { schemas: [URN.patch], Operations: [operation] },
  });
  strictEqual(Math.floor(status / 100), 2);
}

/** An app that tells what it asks the store for, with a user named ann. */
async function observed(answerMemory?: number) {
  const kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const services = await createServices({
    kv: observedKv(kv, counter),
    adminToken: ADMIN_SECRET,
    exclusive: true,
    answerMemory,
  });
  const app = createApp(services);
  const { token } = await services.tokens.issue({
    name: "test",
    tenant: "default",
    scopes: ["scim"],
    profile: "compatible",
    expiresAt: null,
  });
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
  };
  const created = await app.request(`${ORIGIN}/api/scim/v2/Users`, {
    method: "POST",
    headers,
    body: JSON.stringify({ schemas: [URN.user], userName: "ann" }),
  });
  await created.body?.cancel();
  return {
    counter,
    location: created.headers.get("Location") ?? "",
    read: async (path: string) => {
      const response = await app.request(path, { headers });
      return [response.status, [...response.headers], await response.text()];
    },
    async [Symbol.asyncDispose]() {
      await services.jobs.idle();
      kv.close();
    },
  };
}

/** A filter that finds ann. */
const ANN = `${ORIGIN}/api/scim/v2/Users?filter=userName%20eq%20"ann"`;

Deno.test("A read that is repeated does not ask the store again, and is answered alike", async () => {
  await using app = await observed();
  for (const path of [app.location, ANN]) {
    const first = await app.read(path);
    const costs = await app.counter.costOf(async () => {
      deepStrictEqual(await app.read(path), first);
    });
    deepStrictEqual(costs, { reads: 0, commits: 0 });
  }
});

Deno.test("A change of a user shows in the next read", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  const before = await client.get(`/Users/${ann}`);
  await patch(client, `/Users/${ann}`, {
    op: "replace",
    path: "title",
    value: "Pilot",
  });
  const after = await client.get(`/Users/${ann}`);
  strictEqual(after.json["title"], "Pilot");
  notStrictEqual(after.headers.get("ETag"), before.headers.get("ETag"));
});

Deno.test("A user that is deleted is not found by the next read", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  await client.send(`/Users/${ann}`, { method: "DELETE" });
  strictEqual((await client.get(`/Users/${ann}`)).status, 404);
});

Deno.test("A new name of a group shows in the next read of its members", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  const group = await create(client, "/Groups", {
    schemas: [URN.group],
    displayName: "Pilots",
    members: [{ value: ann }],
  });
  const displays = async () => {
    const { json } = await client.get(`/Users/${ann}`);
    const groups = json["groups"];
    return Array.isArray(groups) ? groups.map((g) => Object(g).display) : [];
  };
  deepStrictEqual(await displays(), ["Pilots"]);
  await patch(client, `/Groups/${group}`, {
    op: "replace",
    path: "displayName",
    value: "Crew",
  });
  deepStrictEqual(await displays(), ["Crew"]);
  await patch(client, `/Groups/${group}`, {
    op: "remove",
    path: `members[value eq "${ann}"]`,
  });
  deepStrictEqual(await displays(), []);
});

Deno.test("A new name of a manager shows in the next read of who reports to them", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  const bob = await create(client, "/Users", {
    schemas: [URN.user, URN.enterprise],
    userName: "bob",
    [URN.enterprise]: { manager: { value: ann } },
  });
  const manager = async () => {
    const { json } = await client.get(`/Users/${bob}`);
    return Object(Object(json[URN.enterprise]).manager).displayName;
  };
  strictEqual(await manager(), "Ann");
  await patch(client, `/Users/${ann}`, {
    op: "replace",
    path: "displayName",
    value: "Anna",
  });
  strictEqual(await manager(), "Anna");
});

Deno.test("A filter that found nobody finds who comes, and no longer who goes", async () => {
  const { server, client } = await open();
  await using _ = server;
  const found = async () => {
    const { json } = await client.get(
      `/Users?filter=${encodeURIComponent('userName eq "eve"')}`,
    );
    return json["totalResults"];
  };
  strictEqual(await found(), 0);
  const eve = await create(client, "/Users", {
    schemas: [URN.user],
    userName: "eve",
  });
  strictEqual(await found(), 1);
  await client.send(`/Users/${eve}`, { method: "DELETE" });
  strictEqual(await found(), 0);
});

Deno.test("A token that was revoked reads nothing more", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  const { json } = await server.admin("GET", "/tokens");
  const [token] = Array.isArray(json["tokens"]) ? json["tokens"] : [];
  await server.admin("DELETE", `/tokens/${Object(token).id}`);
  strictEqual((await client.get(`/Users/${ann}`)).status, 401);
});

Deno.test("A token that expires reads nothing more", async () => {
  const { server, ann } = await open();
  await using _ = server;
  const brief = await server.client({ expiresInDays: 1 });
  strictEqual((await brief.get(`/Users/${ann}`)).status, 200);
  server.pass({ hours: 25 });
  strictEqual((await brief.get(`/Users/${ann}`)).status, 401);
});

Deno.test("A secret whose grace time ends reads nothing more", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  const { json } = await server.admin("GET", "/tokens");
  const [token] = Array.isArray(json["tokens"]) ? json["tokens"] : [];
  await server.admin("POST", `/tokens/${Object(token).id}/rotate`, {
    graceHours: 1,
  });
  strictEqual((await client.get(`/Users/${ann}`)).status, 200);
  server.pass({ hours: 2 });
  strictEqual((await client.get(`/Users/${ann}`)).status, 401);
});

Deno.test("A client that has the version of a kept answer gets 304", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  const version = (await client.get(`/Users/${ann}`)).headers.get("ETag") ?? "";
  const answer = await client.get(`/Users/${ann}`, {
    "If-None-Match": version,
  });
  strictEqual(answer.status, 304);
  strictEqual(answer.text, "");
});

Deno.test("A kept list, which has no version, is not answered by 304", async () => {
  const { server, client } = await open();
  await using _ = server;
  const path = `/Users?filter=${encodeURIComponent('userName eq "ann"')}`;
  const statuses: number[] = [];
  for (let i = 0; i < 2; i++) {
    const { status } = await client.get(path, { "If-None-Match": "*" });
    statuses.push(status);
  }
  deepStrictEqual(statuses, [200, 200]);
});

Deno.test("A kept answer is no answer to another token, another host or other attributes", async () => {
  const { server, client, ann } = await open();
  await using _ = server;
  const stranger = await server.client({ tenant: "other" });
  strictEqual((await stranger.get(`/Users/${ann}`)).status, 404);
  const elsewhere = client.at("https://other.example/api/scim/v2");
  const { json } = await elsewhere.get(`/Users/${ann}`);
  strictEqual(
    Object(json["meta"]).location,
    `https://other.example/api/scim/v2/Users/${ann}`,
  );
  const less = await client.get(`/Users/${ann}?attributes=userName`);
  strictEqual(less.json["displayName"], undefined);
});

Deno.test("Answers beyond the memory for them are made anew, and are alike", async () => {
  for (
    const [memory, isKept] of [[0, false], [100, false], [9_000, true]] as const
  ) {
    await using app = await observed(memory);
    const first = await app.read(ANN);
    const { reads } = await app.counter.costOf(async () => {
      deepStrictEqual(await app.read(ANN), first);
    });
    strictEqual(reads === 0, isKept, `${memory} bytes`);
  }
});

Deno.test("Of answers that do not fit together the one asked for last stays", async () => {
  await using app = await observed(3_000);
  const paths = Array.from({ length: 10 }, (_, i) => `${ANN}&x=${i}`);
  for (const path of paths) await app.read(path);
  const costOf = async (path = "") =>
    (await app.counter.costOf(() => app.read(path))).reads;
  strictEqual(await costOf(paths.at(-1)), 0);
  notStrictEqual(await costOf(paths[0]), 0);
});

Deno.test("Answers from memory count for the rate of the token, too", async () => {
  await using server = await TestServer.start({ requestsPerSecond: 25 });
  const client = await server.client();
  const { json } = await client.post("/Users", {
    schemas: [URN.user],
    userName: "ann",
  });
  const statuses: number[] = [];
  for (let i = 0; i < 260; i++) {
    statuses.push((await client.get(`/Users/${text(json["id"])}`)).status);
  }
  strictEqual(statuses.filter((status) => status === 200).length, 249);
  strictEqual(statuses.at(-1), 429);
});
