import { deepStrictEqual, match } from "node:assert/strict";
import { pathFile, scimError } from "./fake_scim.ts";
import {
  choiceOf,
  complaints,
  COOK,
  reasonOf,
  refusing,
  run,
} from "./harness.ts";

const NO_PATH = { path: "a.", valid: false };
const NO_PATH_FOR_ITS_FILTER = { path: "a[", valid: false };

Deno.test("runVectors() passes a path that is taken", async () => {
  deepStrictEqual(await complaints(pathFile({ path: "title" })), []);
});

for (const keyword of ["noTarget", "mutability", "invalidValue"]) {
  Deno.test(`runVectors() passes a path that is understood and answered with ${keyword}`, async () => {
    const lines = await complaints(
      pathFile({ path: "title" }),
      refusing(keyword),
    );
    deepStrictEqual(lines, []);
  });
}

for (const keyword of ["invalidPath", "invalidFilter"]) {
  Deno.test(`runVectors() fails when a path is refused with ${keyword}`, async () => {
    const lines = await complaints(
      pathFile({ path: "title" }),
      refusing(keyword),
    );
    deepStrictEqual(lines, [
      `scimType: expected noTarget or mutability or invalidValue, got ${keyword}`,
    ]);
  });
}

Deno.test("runVectors() fails when a path makes the server fail", async () => {
  deepStrictEqual(
    await complaints(pathFile({ path: "title" }), {
      patch: () => ({ status: 500 }),
    }),
    ["status: expected 200, 204 or 400, got 500"],
  );
});

Deno.test("runVectors() passes what is no path and is refused as such", async () => {
  deepStrictEqual(
    await complaints(pathFile(NO_PATH), refusing("invalidPath")),
    [],
  );
});

Deno.test("runVectors() fails when something is taken that is no path", async () => {
  deepStrictEqual(await complaints(pathFile(NO_PATH)), [
    "status: expected 400, got 204",
    "scimType: expected invalidPath, got nothing",
  ]);
});

Deno.test("runVectors() fails when what is no path is called no filter", async () => {
  deepStrictEqual(
    await complaints(pathFile(NO_PATH), refusing("invalidFilter")),
    ["scimType: expected invalidPath, got invalidFilter"],
  );
});

Deno.test("runVectors() lets a broken filter within a path be called one", async () => {
  deepStrictEqual(
    await complaints(
      pathFile(NO_PATH_FOR_ITS_FILTER),
      refusing("invalidFilter"),
    ),
    [],
  );
});

Deno.test("runVectors() fails when a broken filter within a path finds nothing", async () => {
  deepStrictEqual(
    await complaints(pathFile(NO_PATH_FOR_ITS_FILTER), refusing("noTarget")),
    ["scimType: expected invalidPath or invalidFilter, got noTarget"],
  );
});

Deno.test("runVectors() fails when what is no path changes the resource", async () => {
  deepStrictEqual(
    await complaints(pathFile({ path: "a.", valid: false }), {
      patch: (resource) => ({
        ...scimError(400, "invalidPath"),
        state: COOK(resource),
      }),
    }),
    ['changed: title: expected nothing, got "Cook"'],
  );
});

Deno.test("runVectors() takes both readings of an ambiguous path", async () => {
  const file = pathFile({ path: "title", ambiguous: true });
  const taken = await run(file, {});
  const refused = await run(file, refusing("invalidPath"));
  deepStrictEqual(choiceOf(taken.outcomes.at(-1)), {
    preferred: true,
    seen: "read as a path",
  });
  deepStrictEqual(choiceOf(refused.outcomes.at(-1)), {
    preferred: false,
    seen: "refused as no path",
  });
});

for (
  const path of ["shelf", "emails.shelf", 'emails[a eq "b"].shelf', "urn:a:b:c"]
) {
  Deno.test(`runVectors() skips ${path}, which is refused for naming no attribute`, async () => {
    const { outcomes } = await run(
      pathFile({ path }),
      refusing("invalidPath"),
    );
    match(reasonOf(outcomes.at(-1)), /no schema of the server has/);
  });
}

Deno.test("runVectors() sends a path of a group's attribute to a group", async () => {
  const { sent } = await run(pathFile({ path: 'members[value eq "1"]' }));
  const patch = sent.find(({ method }) => method === "PATCH");
  match(patch?.target ?? "", /^\/scim\/v2\/Groups\//);
});
