import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { encode } from "../../storage/codec.ts";
import { jobKey } from "../../storage/keys.ts";
import { TestServer } from "./harness.ts";

Deno.test("GET /admin/jobs lists nothing when all is done", async () => {
  await using server = await TestServer.start();
  const { status, json } = await server.admin("GET", "/jobs");
  strictEqual(status, 200);
  deepStrictEqual(json, { jobs: [], more: 0 });
});

Deno.test("GET /admin/jobs tells what a job is about, since when, whose it is and how it failed", async () => {
  await using server = await TestServer.start();
  await server.kv.set(
    jobKey("a"),
    encode({
      kind: "sweepMembers",
      tenant: "default",
      type: "Group",
      group: "g-1",
      generation: "abc",
      notBefore: server.now.getTime() + 60_000,
      createdAt: "2026-06-01T07:59:00.000Z",
      failures: 2,
      lastError: "The store does not answer in time",
    }),
  );
  const { json } = await server.admin("GET", "/jobs");
  deepStrictEqual(json["jobs"], [{
    id: "a",
    kind: "sweepMembers",
    tenant: "default",
    about:
      "Deletes the memberships of Group g-1 that are not in force (set abc)",
    createdAt: "2026-06-01T07:59:00.000Z",
    heldUntil: "2026-06-01T08:01:00.000Z",
    failures: 2,
    lastError: "The store does not answer in time",
  }]);
});

Deno.test("GET /admin/jobs lists jobs of older programs and those that cannot be read", async () => {
  await using server = await TestServer.start();
  const old = { kind: "sweepMemberOf", tenant: "default", member: "m-1" };
  await server.kv.set(jobKey("old"), encode({ ...old, notBefore: 5 }));
  await server.kv.set(jobKey("x"), new Uint8Array([7]));
  const { json } = await server.admin("GET", "/jobs");
  const none = {
    createdAt: null,
    heldUntil: null,
    failures: 0,
    lastError: null,
  };
  deepStrictEqual(json["jobs"], [
    {
      id: "old",
      kind: "sweepMemberOf",
      tenant: "default",
      about: "Deletes the memberships of m-1, which was deleted",
      ...none,
    },
    {
      id: "x",
      kind: "unknown",
      tenant: null,
      about: "Cannot be read; a newer version of edge-scim may have stored it",
      ...none,
    },
  ]);
});
