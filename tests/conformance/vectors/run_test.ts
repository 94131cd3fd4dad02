import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import { EXTENSION, filterFile, patchFile } from "./fake_scim.ts";
import { COOK, finding, kinds, making, reasonOf, run } from "./harness.ts";

/** What the admin API says to an extension. */
function answered(status: number) {
  return {
    request: {
      method: "POST",
      origin: "http://localhost",
      target: "/admin/schemas",
      headers: {},
    },
    answer: { status, headers: new Map<string, string>(), body: "" },
  };
}

Deno.test("runVectors() creates samples after those that they refer to", async () => {
  const { sent } = await run(filterFile({}));
  const bodies = sent.filter(({ method }) => method === "POST")
    .map(({ body = "" }): JsonValue => JSON.parse(body));
  deepStrictEqual(bodies.map((body) => JSON.stringify(body)), [
    `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ben"}`,
    `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"}`,
    `{"schemas":[],"displayName":"Team","members":[{"value":"new-2","$ref":"../Users/new-2"}]}`,
  ]);
});

Deno.test("runVectors() sends the extension's attributes to a server that has it", async () => {
  const { sent } = await run(filterFile({}), { schemas: [{ id: EXTENSION }] });
  match(
    sent.map(({ body = "" }) => body).join(),
    new RegExp(`"${EXTENSION}":\\{"size":4,"boss":"new-1"\\}`),
  );
});

Deno.test("runVectors() skips what needs an extension that the server has not", async () => {
  const { outcomes } = await run(filterFile({ needs: "ext" }));
  match(reasonOf(outcomes[0]), /extension schema .* does not know/);
});

Deno.test("runVectors() registers the extension before it looks for it", async () => {
  const schemas: JsonObject[] = [];
  const { outcomes } = await run(
    filterFile({ needs: "ext" }),
    { ...finding("ann"), schemas },
    {
      extendUser: (schema) => {
        schemas.push(schema);
        return Promise.resolve(answered(201));
      },
    },
  );
  deepStrictEqual(kinds(outcomes), ["passed"]);
});

Deno.test("runVectors() goes on where no extension can be registered", async () => {
  const { outcomes } = await run(filterFile({}), finding("ann"), {
    extendUser: () => Promise.resolve(answered(404)),
  });
  deepStrictEqual(kinds(outcomes), ["passed"]);
});

Deno.test("runVectors() fails when an extension is refused", async () => {
  const { outcomes } = await run(filterFile({}), finding("ann"), {
    extendUser: () => Promise.resolve(answered(400)),
  });
  deepStrictEqual(kinds(outcomes), ["failed", "passed"]);
  strictEqual(outcomes[0]?.subject.name, "extension schema");
});

Deno.test("runVectors() fails for a sample that is refused and skips what needs it", async () => {
  const { outcomes } = await run(
    patchFile({ uses: ["ann"] }, {}),
    {
      ...making(COOK),
      instead: ({ body = "" }) =>
        body.includes('"ann"') ? { status: 409 } : undefined,
    },
  );
  deepStrictEqual(
    outcomes.map(({ kind, subject }) => `${kind} ${subject.name}`),
    [
      "failed sample ann",
      "skipped P1 sets a title",
      "passed P2 sets a title",
    ],
  );
  match(reasonOf(outcomes[1]), /do not exist: ann/);
});

for (
  const [profile, token] of [
    ["rfc", "token-r"],
    ["entra", "token-c"],
    ["okta", "token-c"],
  ] as const
) {
  Deno.test(`runVectors() sends a PATCH of profile ${profile} with ${token}`, async () => {
    const { sent } = await run(patchFile({ profile }));
    const patch = sent.find(({ method }) => method === "PATCH");
    strictEqual(patch?.headers["authorization"], `Bearer ${token}`);
  });
}

Deno.test("runVectors() skips a PATCH whose profile has no token", async () => {
  const { outcomes } = await run(patchFile({}), {}, {
    tokens: new Map([["compatible", "token-c"]]),
  });
  match(reasonOf(outcomes[0]), /needs a token of profile rfc/);
});

Deno.test("runVectors() fails on no answer, cleans up and goes on", async () => {
  let first = true;
  const { outcomes, sent } = await run(patchFile({}, {}), {
    patch: (resource) => {
      if (!first) return { status: 204, state: COOK(resource) };
      first = false;
      throw new Error("connection reset");
    },
  });
  deepStrictEqual(kinds(outcomes), ["failed", "passed"]);
  const [failed] = outcomes;
  match(
    failed?.kind === "failed" ? failed.mismatches.join() : "",
    /no answer: Error: connection reset/,
  );
  strictEqual(sent.filter(({ method }) => method === "DELETE").length, 2);
});

for (
  const [level, expected] of [
    [undefined, "must"],
    ["SHOULD", "should"],
    ["MAY", "may"],
  ] as const
) {
  Deno.test(`runVectors() gives a vector of level ${level} the level ${expected}`, async () => {
    const { outcomes } = await run(patchFile({ level }));
    strictEqual(outcomes[0]?.subject.level, expected);
  });
}
