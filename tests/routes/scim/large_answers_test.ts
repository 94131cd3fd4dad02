import { ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import { type Client, objects, TestServer, text, user } from "../harness.ts";

const LONG = 60_000;

/** How many users have long titles; together they are more than one page holds. */
const COUNT = 320;

/** Users with titles of 60,000 characters each. */
async function longUsers(client: Client): Promise<void> {
  for (let i = 0; i < COUNT; i += 16) {
    const answer = await client.post("/Bulk", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: Array.from({ length: 16 }, (_, j) => ({
        method: "POST",
        path: "/Users",
        bulkId: `u${i + j}`,
        data: user(`u${i + j}`, { title: `${i + j}`.padEnd(LONG, "x") }),
      })),
    });
    strictEqual(answer.status, 200, answer.text.slice(0, 200));
  }
}

Deno.test("44-3.4.2.4-2 A page that would become too large is shorter than asked for, and says so", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  await longUsers(client);
  const seen: string[] = [];
  while (seen.length < COUNT) {
    const { json } = await client.get(
      `/Users?count=1000&startIndex=${seen.length + 1}`,
    );
    const page = objects(json["Resources"]);
    strictEqual(json["totalResults"], COUNT);
    strictEqual(json["itemsPerPage"], page.length);
    ok(page.length > 0 && page.length < 300, `${page.length} on one page`);
    seen.push(...page.map(({ userName }) => text(userName)));
  }
  strictEqual(new Set(seen).size, COUNT);
});

for (const order of ["", "&sortBy=title", "&sortBy=userName"]) {
  Deno.test(`65-4 A walk over large resources has shorter pages and misses none${order}`, async () => {
    await using server = await TestServer.start();
    const client = await server.client();
    await longUsers(client);
    const seen: string[] = [];
    let cursor = "";
    do {
      const { json } = await client.get(
        `/Users?count=310&cursor=${cursor}${order}`,
      );
      const page = objects(json["Resources"]);
      ok(page.length < 300, `${page.length} on one page`);
      seen.push(...page.map(({ userName }) => text(userName)));
      cursor = typeof json["nextCursor"] === "string" ? json["nextCursor"] : "";
    } while (cursor !== "");
    strictEqual(seen.length, COUNT);
    strictEqual(new Set(seen).size, COUNT);
  });
}

Deno.test("The name of a member is shown as far as a name goes", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  const { id } = await client.user("ada", { displayName: "é".repeat(9_000) });
  const group = await client.group("staff", [id]);
  const [member]: JsonObject[] = objects(
    (await client.get(`/Groups/${group.id}`)).json["members"],
  );
  strictEqual(member?.["display"], "é".repeat(4_096));
});
