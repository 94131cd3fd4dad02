import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { JsonValue } from "../../../domain/json.ts";
import {
  type Behaviour,
  EXTENSION,
  patchFile,
  scimError,
} from "./fake_scim.ts";
import {
  choiceOf,
  complaints,
  COOK,
  making,
  refusing,
  run,
} from "./harness.ts";

const REFUSED = {
  expect: { status: [400], scimType: ["noTarget"], unchanged: true },
};

Deno.test("runVectors() passes a PATCH that leads to the state after", async () => {
  deepStrictEqual(await complaints(patchFile({}), making(COOK)), []);
  deepStrictEqual(await complaints(patchFile({}), making(COOK, 200)), []);
});

Deno.test("runVectors() fails when the state after is another", async () => {
  deepStrictEqual(
    await complaints(
      patchFile({}),
      making((resource) => ({ ...resource, title: "Chef", nickName: "P" })),
    ),
    [
      'GET afterwards: title: expected "Cook", got "Chef"',
      'GET afterwards: nickName: expected nothing, got "P"',
    ],
  );
});

Deno.test("runVectors() fails when the answer shows another state than GET", async () => {
  deepStrictEqual(
    await complaints(patchFile({}), {
      patch: (resource) => ({ state: COOK(resource), body: resource }),
    }),
    ['answer: title: expected "Cook", got nothing'],
  );
});

Deno.test("runVectors() fails when 204 comes with a body", async () => {
  deepStrictEqual(
    await complaints(patchFile({}), {
      patch: (resource) => ({ status: 204, state: COOK(resource), body: "{}" }),
    }),
    ["body: expected nothing with 204"],
  );
});

Deno.test("runVectors() fails when a PATCH is refused that should do something", async () => {
  const [status] = await complaints(patchFile({}), refusing("invalidPath"));
  strictEqual(status, "status: expected 200 or 204, got 400");
});

Deno.test("runVectors() passes a PATCH that is refused as it should be", async () => {
  deepStrictEqual(
    await complaints(patchFile(REFUSED), refusing("noTarget")),
    [],
  );
});

Deno.test("runVectors() fails when a PATCH is refused with another keyword", async () => {
  deepStrictEqual(
    await complaints(patchFile(REFUSED), refusing("invalidPath")),
    ["scimType: expected noTarget, got invalidPath"],
  );
});

Deno.test("runVectors() fails when a PATCH that is refused changes the resource", async () => {
  deepStrictEqual(
    await complaints(patchFile(REFUSED), {
      patch: (resource) => ({
        ...scimError(400, "noTarget"),
        state: { ...COOK(resource), meta: { lastModified: "later" } },
      }),
    }),
    [
      'changed: meta: expected {"lastModified":"2030-01-01T00:00:00.000Z"}, got {"lastModified":"later"}',
      'changed: title: expected nothing, got "Cook"',
    ],
  );
});

Deno.test("runVectors() fails when lastModified moves without a change", async () => {
  const expect = {
    status: [200],
    after: { userName: "pia" },
    lastModifiedUnchanged: true,
  };
  deepStrictEqual(
    await complaints(
      patchFile({ expect }),
      making((resource) => ({
        ...resource,
        meta: { lastModified: "2030-01-01T00:00:01.000Z" },
      }), 200),
    ),
    [
      "meta.lastModified: expected 2030-01-01T00:00:00.000Z still, got 2030-01-01T00:00:01.000Z",
    ],
  );
});

Deno.test("runVectors() fails when a schema is not named that should be", async () => {
  const expect = {
    status: [204],
    after: { userName: "pia", title: "Cook" },
    schemasContain: [EXTENSION],
  };
  deepStrictEqual(await complaints(patchFile({ expect }), making(COOK)), [
    `GET afterwards: schemas: expected ${EXTENSION} among them`,
  ]);
});

Deno.test("runVectors() fails when something is shown that should never be", async () => {
  const expect = {
    status: [200],
    after: { userName: "pia", password: "secret" },
    absent: ["password"],
  };
  deepStrictEqual(
    await complaints(
      patchFile({ expect }),
      making((resource) => ({ ...resource, password: "secret" }), 200),
    ),
    [
      "GET afterwards: password: expected nothing",
      "answer: password: expected nothing",
    ],
  );
});

Deno.test("runVectors() reports which alternative an ambiguous PATCH had", async () => {
  const file = patchFile({ alternatives: [REFUSED.expect] });
  const { outcomes } = await run(file, refusing("noTarget"));
  deepStrictEqual(choiceOf(outcomes[0]), {
    preferred: false,
    seen: "400 noTarget, nothing changed",
  });
});

Deno.test("runVectors() sends the operations as a PATCH message, or the body as it is", async () => {
  const messages: JsonValue[] = [];
  const keep: Behaviour = {
    patch: (_, message) => (messages.push(message), { status: 204 }),
  };
  await run(patchFile({}, { body: ["{{self}}", "{{userName:ann}}"] }), keep);
  deepStrictEqual(messages, [
    {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "add", path: "title", value: "Cook" }],
    },
    ["new-5", "ann"],
  ]);
});

Deno.test("runVectors() creates the state before under its core schema and its extensions", async () => {
  const { sent } = await run(
    patchFile({ before: { userName: "pia", [EXTENSION]: { size: 1 } } }),
  );
  match(
    sent.map(({ body = "" }) => body).join(),
    new RegExp(
      `"schemas":\\["urn:ietf:params:scim:schemas:core:2.0:User","${EXTENSION}"\\],"userName":"pia"`,
    ),
  );
});

Deno.test("runVectors() fails when the state before cannot be created", async () => {
  deepStrictEqual(
    await complaints(patchFile({}), {
      instead: ({ body = "" }) =>
        body.includes('"pia"') ? { status: 409 } : undefined,
    }),
    ["the state before cannot be created"],
  );
});

Deno.test("runVectors() deletes the resource of a PATCH, and fails if it cannot", async () => {
  deepStrictEqual(
    await complaints(patchFile({}), {
      ...making(COOK),
      instead: ({ method }) =>
        method === "DELETE" ? { status: 500 } : undefined,
    }),
    ["DELETE afterwards: expected 204, got 500"],
  );
});

Deno.test("runVectors() fails when a resource is gone after its PATCH", async () => {
  let patched = false;
  const lines = await complaints(patchFile(REFUSED), {
    patch: () => (patched = true, scimError(400, "noTarget")),
    instead: ({ method }) =>
      patched && method === "GET" ? { status: 404 } : undefined,
  });
  strictEqual(lines[0], "GET afterwards: expected 200, got 404");
});
