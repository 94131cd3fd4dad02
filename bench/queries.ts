/**
 * Measures sorted pages, walks by cursor, bulk requests and making an attribute
 * unique, over the app in this process and a store in a file.
 *
 *     deno run -A bench/queries.ts [users = 100000] [file = a new one]
 *
 * Each number is the median of three runs in milliseconds. The plain page, which
 * reads as many resources as the sorted ones and nothing else, is the floor.
 * @module
 */

import { createApp } from "../routes/app.ts";
import { createServices } from "../routes/services.ts";

const users = Number(Deno.args[0] ?? 100_000);
const file = Deno.args[1] ?? await Deno.makeTempFile({ suffix: ".db" });
const ADMIN = "secret-for-the-time-of-the-benchmark";
const BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

const kv = await Deno.openKv(file);
const services = await createServices({
  kv,
  adminToken: ADMIN,
  exclusive: true,
});
const app = createApp(services);

async function call(
  method: string,
  path: string,
  token: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await app.request(path, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status } = response;
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return { status, json: text === "" ? {} : JSON.parse(text) };
}

async function measure(
  what: string,
  run: () => Promise<unknown>,
  times = 3,
): Promise<void> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await run();
    taken.push(performance.now() - begun);
  }
  const median = taken.sort((a, b) => a - b)[Math.floor(times / 2)] ?? 0;
  console.log(`${what.padEnd(58)} ${median.toFixed(1).padStart(10)} ms`);
}

const { json: issued } = await call("POST", "/admin/tokens", ADMIN, {
  name: "benchmark",
});
const token = String(issued["token"]);
const get = (query: string) => call("GET", `/scim/v2/Users${query}`, token);
const bulk = (from: number, count: number) =>
  call("POST", "/scim/v2/Bulk", token, {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations: Array.from({ length: count }, (_, i) => ({
      method: "POST",
      path: "/Users",
      bulkId: `u${from + i}`,
      data: {
        schemas: [USER, BADGE],
        userName: `user${((from + i) * 7_919) % 1_000_003}@example.com`,
        displayName: `Person ${((from + i) * 31) % 50_000}`,
        name: { givenName: "Ada", familyName: `King ${from + i}` },
        [BADGE]: { number: `N${from + i}` },
      },
    })),
  });

await call("POST", "/admin/schemas", ADMIN, {
  extends: "User",
  schema: { id: BADGE, attributes: [{ name: "number" }] },
});
console.log(`${users} users in ${file}`);
const begun = performance.now();
for (let i = 0; i < users; i += 1_000) await bulk(i, 1_000);
const each = (performance.now() - begun) / users;
console.log(`created by bulk, each ${each.toFixed(3)} ms`);

const deep = Math.floor(users * 0.9);
await measure("plain page, first 100 (the floor)", () => get("?count=100"));
await measure(
  "plain page, at 90 %",
  () => get(`?count=100&startIndex=${deep}`),
);
for (const sortBy of ["userName", "displayName", "name.familyName"]) {
  for (const order of ["ascending", "descending"]) {
    const sort = `?count=100&sortBy=${sortBy}&sortOrder=${order}`;
    await measure(`by ${sortBy} ${order}, first 100`, () => get(sort));
    await measure(
      `by ${sortBy} ${order}, at 90 %`,
      () => get(`${sort}&startIndex=${deep}`),
    );
  }
}
for (const sort of ["", "&sortBy=userName"]) {
  let cursor = "";
  for (const part of ["first", "100th"]) {
    await measure(`walk${sort}, ${part} step of 100`, async () => {
      const { json } = await get(`?count=100&cursor=${cursor}${sort}`);
      if (part === "100th") return;
      cursor = String(json["nextCursor"]);
    });
    for (let i = 0; part === "first" && i < 98; i++) {
      const { json } = await get(`?count=100&cursor=${cursor}${sort}`);
      if (json["nextCursor"] === undefined) break;
      cursor = String(json["nextCursor"]);
    }
  }
}
await measure("bulk of 1,000 creations", () => bulk(users + 1_000, 1_000), 1);
await measure(
  "an attribute becomes unique",
  () =>
    call("PUT", `/admin/schemas/${BADGE}`, ADMIN, {
      schema: {
        id: BADGE,
        attributes: [{ name: "number", uniqueness: "server" }],
      },
    }),
  1,
);
kv.close();
if (Deno.args[1] === undefined) await Deno.remove(file);
