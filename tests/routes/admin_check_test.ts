import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { uniqueKey } from "../../storage/keys.ts";
import { TestServer, user } from "./harness.ts";

const STRAY = uniqueKey("default", "User", "userName", "nobody");

Deno.test("POST /admin/check says that all is well, and what was looked at", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  await client.post("/Users", user("ada"));
  const { status, json } = await server.admin("POST", "/check");
  strictEqual(status, 200);
  const { checked, took, ...rest } = json;
  deepStrictEqual(rest, {
    disagreements: [],
    more: 0,
    mended: 0,
    left: 0,
    pending: 0,
  });
  strictEqual((checked as JsonObject)["r"], 1);
  ok(Number(took) >= 0);
});

Deno.test("POST /admin/check tells a disagreement and mends it on request", async () => {
  await using server = await TestServer.start();
  await server.kv.set(STRAY, "gone");
  const told = await server.admin("POST", "/check", {});
  deepStrictEqual(told.json["disagreements"], [{
    kind: "orphanedUniqueKey",
    tenant: "default",
    key: STRAY,
    detail: "A key of userName names User gone, which has no such value",
    mendable: true,
    mended: false,
  }]);
  const mended = await server.admin("POST", "/check", { mend: true });
  deepStrictEqual([mended.json["mended"], mended.json["left"]], [1, 0]);
  const after = await server.admin("POST", "/check");
  deepStrictEqual(after.json["disagreements"], []);
});

Deno.test("POST /admin/check looks at one tenant when it is named", async () => {
  await using server = await TestServer.start();
  await server.token({ tenant: "other" });
  await server.kv.set(STRAY, "gone");
  const other = await server.admin("POST", "/check", { tenant: "other" });
  deepStrictEqual(other.json["disagreements"], []);
  const missing = await server.admin("POST", "/check", { tenant: "nowhere" });
  strictEqual(missing.status, 404);
});

Deno.test("POST /admin/check refuses members that it does not know", async () => {
  await using server = await TestServer.start();
  const { status, text } = await server.admin("POST", "/check", { fix: true });
  strictEqual(status, 400);
  match(text, /known are mend, tenant/);
});

Deno.test("one check runs at a time, and the next one after it", async () => {
  await using server = await TestServer.start();
  const answers = await Promise.all([
    server.admin("POST", "/check"),
    server.admin("POST", "/check"),
  ]);
  deepStrictEqual(answers.map(({ status }) => status).sort(), [200, 409]);
  const refused = answers.find(({ status }) => status === 409);
  match(refused?.headers.get("Retry-After") ?? "", /^\d+$/);
  strictEqual((await server.admin("POST", "/check")).status, 200);
});

Deno.test("requests are answered while a check is under way", async () => {
  await using server = await TestServer.start();
  const client = await server.client();
  for (let i = 0; i < 150; i++) {
    await client.post("/Users", user(`user${i}`));
  }
  let hasEnded = false;
  const checking = server.admin("POST", "/check").then(() => hasEnded = true);
  let answered = 0;
  while (!hasEnded) {
    strictEqual((await client.get("/Users?count=1")).status, 200);
    if (!hasEnded) answered++;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await checking;
  ok(answered > 0);
});
