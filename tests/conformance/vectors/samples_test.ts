import { deepStrictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import { createCall } from "./client.ts";
import { EXTENSION, fakeScim, SAMPLES } from "./fake_scim.ts";
import { parseSamples } from "./format.ts";
import { createSamples } from "./samples.ts";

function user(id: string, more: JsonObject = {}): JsonObject {
  const resource = { schemas: [], id, userName: id, ...more };
  return { resourceType: "User", http: true, resource };
}

function samples(resources: JsonObject) {
  return parseSamples({ format: "scim-samples/1", resources });
}

function call() {
  const { send, sent } = fakeScim();
  return { call: createCall(send, "http://localhost/scim/v2/", "T"), sent };
}

Deno.test("createSamples() tells the ids, locations and names that samples have got", async () => {
  const { values } = await createSamples(call().call, SAMPLES, false);
  deepStrictEqual(
    ["id:ann", "ref:ann", "userName:ann"].map((name) => values.get(name)),
    ["new-2", "http://localhost/scim/v2/Users/new-2", "ann"],
  );
});

Deno.test("createSamples() leaves the extension out of schemas and attributes", async () => {
  const { call: client, sent } = call();
  await createSamples(client, SAMPLES, false);
  deepStrictEqual(sent.filter(({ body }) => body?.includes(EXTENSION)), []);
});

Deno.test("createSamples() does not create what no client can", async () => {
  const resources = { a: user("a"), b: { ...user("b"), http: false } };
  const { keys } = await createSamples(call().call, samples(resources), true);
  deepStrictEqual([...keys.values()], ["a"]);
});

Deno.test("createSamples() ends on samples that refer to each other in a circle", async () => {
  const resources = {
    a: user("sample-a", { title: "of sample-b" }),
    b: user("sample-b", { title: "of sample-a" }),
    c: user("sample-c"),
  };
  const { keys, refused } = await createSamples(
    call().call,
    samples(resources),
    true,
  );
  deepStrictEqual([...keys.values()], ["c"]);
  deepStrictEqual(refused, []);
});
