import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  BASE,
  type Client,
  group,
  isScimError,
  object,
  objects,
  type TestServer,
  text,
  user,
  values,
  withClient,
} from "../harness.ts";

/** More members than a representation holds as a whole. */
const MANY = 650;

/** New users with the names `<prefix>0`, `<prefix>1` and so on; ids sorted. */
async function users(
  client: Client,
  count: number,
  prefix = "u",
  more: JsonObject = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 50) {
    const some = Array.from({ length: Math.min(50, count - i) }, (_, j) => j);
    ids.push(
      ...await Promise.all(some.map(async (j) => {
        const answer = await client.post(
          "/Users?attributes=id",
          user(`${prefix}${i + j}`, more),
        );
        return text(answer.json["id"]);
      })),
    );
  }
  return ids.sort();
}

/** The names of what a resource shows, in no order. */
function names(resource: JsonObject): string[] {
  return Object.keys(resource).sort();
}

/** The answer to GET, unread. */
async function open(
  server: TestServer,
  client: Client,
  path: string,
): Promise<Response> {
  return await server.fetch(
    new Request(`${BASE}${path}`, {
      headers: { Authorization: `Bearer ${client.token}` },
    }),
  );
}

/** The body of an answer as it comes, each bit when it is asked for. */
async function* bits({ body }: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of body ?? []) {
    yield decoder.decode(bytes, { stream: true });
  }
}

Deno.test(
  "A group with many members is shown as one with few, but for its length",
  withClient(async (client) => {
    const ids = await users(client, MANY);
    const { id } = await client.group("large", ids);
    const few = await client.group("small", ids.slice(0, 400));
    const large = await client.get(`/Groups/${id}`);
    const small = await client.get(`/Groups/${few.id}`);
    strictEqual(large.status, 200);
    ok(small.headers.has("Content-Length"));
    ok(!large.headers.has("Content-Length"));
    for (const name of ["Content-Type", "X-Content-Type-Options"]) {
      strictEqual(large.headers.get(name), small.headers.get(name));
    }
    strictEqual(
      large.headers.get("ETag"),
      object(large.json["meta"])["version"],
    );
    strictEqual(large.headers.get("Location"), `${BASE}/Groups/${id}`);
    const members = objects(large.json["members"]);
    deepStrictEqual(values(members), ids);
    deepStrictEqual(members.slice(0, 400), objects(small.json["members"]));
    deepStrictEqual(names(large.json), names(small.json));
  }),
);

Deno.test(
  "HEAD and If-None-Match of a group with many members say what GET says",
  withClient(async (client) => {
    const { id } = await client.group("large", await users(client, MANY));
    const { headers } = await client.get(`/Groups/${id}`);
    const head = await client.send(`/Groups/${id}`, { method: "HEAD" });
    strictEqual(head.status, 200);
    deepStrictEqual([...head.headers], [...headers]);
    strictEqual(head.text, "");
    const version = headers.get("ETag") ?? "";
    const same = await client.get(`/Groups/${id}`, {
      "If-None-Match": version,
    });
    strictEqual(same.status, 304);
    strictEqual(same.text, "");
  }),
);

Deno.test(
  "Of many members those attributes are shown that were asked for",
  withClient(async (client) => {
    const ids = await users(client, MANY);
    const { id } = await client.group("large", ids);
    const few = await client.group("small", ids.slice(0, 300));
    for (
      const query of [
        "attributes=members",
        "attributes=members.value",
        "attributes=members.display,displayName",
        "attributes=members.$ref,members.type",
        "excludedAttributes=members",
        "excludedAttributes=members.display",
        "excludedAttributes=members.value,members.$ref,meta,displayName,id",
        "excludedAttributes=displayName",
        "attributes=displayName",
      ]
    ) {
      const large = (await client.get(`/Groups/${id}?${query}`)).json;
      const small = (await client.get(`/Groups/${few.id}?${query}`)).json;
      deepStrictEqual(names(large), names(small), query);
      deepStrictEqual(large["schemas"], small["schemas"]);
      if (small["members"] === undefined) continue;
      const members = objects(large["members"]);
      strictEqual(members.length, MANY, query);
      deepStrictEqual(members.slice(0, 300), small["members"], query);
    }
  }),
);

Deno.test(
  "The answers to POST, PUT and PATCH show many members",
  withClient(async (client) => {
    const ids = await users(client, MANY + 10);
    const [before, after] = [ids.slice(0, MANY), ids.slice(10)];
    const created = await client.post("/Groups", group("large", before));
    strictEqual(created.status, 201);
    deepStrictEqual(values(created.json["members"]), before);
    const path = `/Groups/${text(created.json["id"])}`;
    strictEqual(created.headers.get("Location"), `${BASE}${path}`);
    const replaced = await client.put(path, group("larger", after));
    strictEqual(replaced.status, 200);
    strictEqual(replaced.json["displayName"], "larger");
    deepStrictEqual(values(replaced.json["members"]), after);
    const patched = await client.patch(`${path}?attributes=members`, [
      {
        op: "replace",
        path: "members",
        value: before.map((value) => ({ value })),
      },
    ]);
    strictEqual(patched.status, 200);
    deepStrictEqual(values(patched.json["members"]), before);
    strictEqual(
      patched.headers.get("ETag"),
      (await client.get(path)).headers.get("ETag"),
    );
  }),
);

Deno.test(
  "The first byte of a group with many members comes before they are read",
  withClient(async (client, server) => {
    const ids = await users(client, MANY);
    const { id } = await client.group("large", ids);
    const response = await open(server, client, `/Groups/${id}`);
    const rest = bits(response);
    strictEqual((await rest.next()).value, "{");
    // What has not been read yet is what is there now.
    await client.patch(`/Groups/${id}`, [
      {
        op: "replace",
        path: "members",
        value: ids.slice(1).map((value) => ({ value })),
      },
    ]);
    const body = `{${(await Array.fromAsync(rest)).join("")}`;
    deepStrictEqual(values(JSON.parse(body).members), ids.slice(1));
  }),
);

Deno.test(
  "The answer about a group that is deleted before it is read does not end as a whole one",
  withClient(async (client, server) => {
    const { id } = await client.group("large", await users(client, MANY));
    const response = await open(server, client, `/Groups/${id}`);
    strictEqual((await client.delete(`/Groups/${id}`)).status, 204);
    await rejects(response.text(), /was deleted before it was read/);
    deepStrictEqual(server.reports.map(({ event }) => event), [
      "answer cut off",
    ]);
  }),
);

Deno.test(
  "A group that is deleted while it is sent is sent as it was",
  withClient(async (client, server) => {
    const ids = await users(client, 1_100);
    const { id } = await client.group("large", ids);
    const response = await open(
      server,
      client,
      `/Groups/${id}?attributes=members.value`,
    );
    let body = "";
    let count = 0;
    for await (const bit of bits(response)) {
      body += bit;
      // The brace, the head and the first members are on their way.
      if (++count === 3) await client.delete(`/Groups/${id}`);
    }
    ok(count > 4);
    deepStrictEqual(values(JSON.parse(body).members), ids);
  }),
);

Deno.test(
  "Lists show groups with many members beside others",
  withClient(async (client) => {
    const ids = await users(client, MANY);
    const sizes: Record<string, number> = { a: 3, b: MANY, c: 0, d: 600 };
    for (const [name, size] of Object.entries(sizes)) {
      await client.group(name, ids.slice(0, size));
    }
    const { json, headers } = await client.get("/Groups?sortBy=displayName");
    strictEqual(json["totalResults"], 4);
    ok(headers.has("Content-Length"));
    for (const shown of objects(json["Resources"])) {
      const size = sizes[text(shown["displayName"])];
      deepStrictEqual(values(shown["members"]), ids.slice(0, size));
      const { json: alone } = await client.get(`/Groups/${text(shown["id"])}`);
      deepStrictEqual(shown, alone);
    }
    const filter = encodeURIComponent(`members.value eq "${ids.at(-1)}"`);
    const found = await client.get(`/Groups?filter=${filter}`);
    strictEqual(found.json["totalResults"], 1);
    deepStrictEqual(
      values(objects(found.json["Resources"])[0]?.["members"]),
      ids,
    );
  }),
);

/** Users with the longest names that are shown. */
const LONG_NAME = "x".repeat(4_096);

Deno.test(
  "44-3.4.2.4-2 A group that is longer than a page can be is a page by itself",
  withClient(async (client) => {
    const ids = await users(client, 4_100, "u", { displayName: LONG_NAME });
    await client.group("a", ids);
    await client.group("b", ids.slice(0, 2));
    await client.group("c", ids.slice(2, 4));
    for (const order of ["ascending", "descending"]) {
      const query = `/Groups?sortBy=displayName&sortOrder=${order}`;
      const expected = order === "ascending" ? "a|b,c" : "c,b|a";
      const byIndex: string[] = [];
      for (let startIndex = 1; startIndex <= 3;) {
        const { json } = await client.get(`${query}&startIndex=${startIndex}`);
        const page = objects(json["Resources"]);
        strictEqual(json["totalResults"], 3);
        strictEqual(json["startIndex"], startIndex);
        strictEqual(json["itemsPerPage"], page.length);
        const large = page.find(({ displayName }) => displayName === "a");
        if (large !== undefined) deepStrictEqual(values(large["members"]), ids);
        byIndex.push(namesOn(page));
        startIndex += page.length;
      }
      strictEqual(byIndex.join("|"), expected);

      const walked: string[] = [];
      let cursor: string | undefined = "";
      while (cursor !== undefined) {
        const { json }: { json: JsonObject } = await client.get(
          `${query}&cursor=${cursor}`,
        );
        walked.push(namesOn(objects(json["Resources"])));
        const next = json["nextCursor"];
        cursor = typeof next === "string" ? next : undefined;
      }
      strictEqual(walked.join("|"), expected);
    }
  }),
);

/** The names of the groups of a page. */
function namesOn(page: readonly JsonObject[]): string {
  return page.map(({ displayName }) => text(displayName)).join(",");
}

const MIB = 1_048_576;

/** A group whose JSON has so many bytes. */
function groupOfSize(bytes: number): string {
  return JSON.stringify(group("large")).padEnd(bytes);
}

for (
  const { name, method, path, size, status } of [
    { method: "POST", path: "/Groups", size: 16 * MIB, status: 201 },
    { method: "POST", path: "/Groups", size: 16 * MIB + 1, status: 413 },
    { method: "PUT", path: "/Groups/{id}", size: 16 * MIB, status: 200 },
    { method: "PUT", path: "/Groups/{id}", size: 16 * MIB + 1, status: 413 },
    { method: "PATCH", path: "/Groups/{id}", size: 16 * MIB + 1, status: 413 },
    { method: "POST", path: "/groups/", size: 2 * MIB, status: 201 },
    { method: "POST", path: "/Groups/.search", size: MIB + 1, status: 413 },
    { method: "POST", path: "/Users", size: MIB + 1, status: 413 },
    { method: "POST", path: "/Bulk", size: MIB + 1, status: 413 },
    { method: "PATCH", path: "/Me", size: MIB + 1, status: 413 },
    { method: "POST", path: "/.search", size: MIB + 1, status: 413 },
  ].map((each) => ({ ...each, name: `${each.method} ${each.path}` }))
) {
  Deno.test(
    `A body of ${size} bytes to ${name} is ${status}`,
    withClient(async (client) => {
      const { id } = await client.group("other");
      const answer = await client.send(path.replace("{id}", id), {
        method,
        body: groupOfSize(size),
      });
      if (status !== 413) return strictEqual(answer.status, status);
      const limit = size > 16 * MIB
        ? /larger than 16777216 bytes.*for resources with members/
        : /larger than 1048576 bytes.*maxPayloadSize/;
      isScimError(answer, 413, undefined, limit);
    }),
  );
}

Deno.test(
  "A PATCH with more than 1 MiB of members is carried out",
  withClient(async (client) => {
    const ids = await users(client, MANY);
    const { id } = await client.group("large");
    const told = ids.map((value) => ({
      value,
      $ref: `${BASE}/Users/${value}`,
      display: "n".repeat(900),
    }));
    const { status } = await client.patch(`/Groups/${id}`, [
      { op: "add", path: "members", value: told },
    ]);
    strictEqual(status, 204);
    const { json } = await client.get(`/Groups/${id}?attributes=members.value`);
    deepStrictEqual(values(json["members"]), ids);
  }),
);

Deno.test(
  "the entity tag of a large group is the one in its body, though members come while it is sent",
  withClient(async (client, server) => {
    const [late = "", ...ids] = await users(client, MANY + 1);
    const { json } = await client.post("/Groups", group("Everybody", ids));
    const path = `/Groups/${text(json["id"])}`;
    const response = await open(server, client, path);
    await client.send(path, {
      method: "PATCH",
      body: {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations: [{ op: "add", path: "members", value: [{ value: late }] }],
      },
    });
    const shown: JsonObject = JSON.parse(await response.text());
    strictEqual(
      object(shown["meta"])["version"],
      response.headers.get("ETag"),
    );
  }),
);
