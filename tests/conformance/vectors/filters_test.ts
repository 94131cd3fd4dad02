import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { filterFile, list, scimError } from "./fake_scim.ts";
import { choiceOf, complaints, finding, reasonOf, run } from "./harness.ts";

Deno.test("runVectors() passes a filter that finds what it should", async () => {
  deepStrictEqual(await complaints(filterFile({}), finding("ann")), []);
});

Deno.test("runVectors() names what a filter finds and should not", async () => {
  deepStrictEqual(await complaints(filterFile({}), finding("ann", "ben")), [
    "matches: expected ann, got ann, ben",
  ]);
});

Deno.test("runVectors() names what a filter should find and does not", async () => {
  deepStrictEqual(await complaints(filterFile({})), [
    "matches: expected ann, got nothing",
  ]);
});

Deno.test("runVectors() shows a match that is no sample", async () => {
  deepStrictEqual(
    await complaints(filterFile({}), { filter: () => list([{ id: "x" }]) }),
    ["matches: expected ann, got (unknown) x"],
  );
});

Deno.test("runVectors() looks only at the resources that a filter vector names", async () => {
  const file = filterFile({ resources: ["ann"] });
  deepStrictEqual(await complaints(file, finding("ann", "ben")), []);
});

Deno.test("runVectors() fails on a list that holds less than it counts", async () => {
  deepStrictEqual(
    await complaints(filterFile({}), {
      filter: () => ({ body: { totalResults: 3 } }),
    }),
    ["totalResults: 3, but 0 resources came"],
  );
});

Deno.test("runVectors() fails when a filter is refused that is one", async () => {
  deepStrictEqual(
    await complaints(filterFile({}), {
      filter: () => scimError(400, "invalidFilter"),
    }),
    ["status: expected 200, got 400"],
  );
});

const NO_FILTER = { error: { status: 400, scimType: "invalidFilter" } };

Deno.test("runVectors() passes a filter that is refused as it should be", async () => {
  deepStrictEqual(
    await complaints(filterFile(NO_FILTER), {
      filter: () => scimError(400, "invalidFilter"),
    }),
    [],
  );
});

Deno.test("runVectors() fails when something is taken that is no filter", async () => {
  deepStrictEqual(await complaints(filterFile(NO_FILTER), finding()), [
    "status: expected 400, got 200",
  ]);
});

Deno.test("runVectors() fails when a filter is refused with another keyword", async () => {
  deepStrictEqual(
    await complaints(filterFile(NO_FILTER), {
      filter: () => scimError(400, "invalidValue"),
    }),
    ["scimType: expected invalidFilter, got invalidValue"],
  );
});

const EITHER = { alternatives: [{ valid: false, ...NO_FILTER }] };

Deno.test("runVectors() reports the preferred outcome of an ambiguous vector", async () => {
  const { outcomes } = await run(filterFile(EITHER), finding("ann"));
  deepStrictEqual(choiceOf(outcomes[0]), {
    preferred: true,
    seen: "matches ann",
  });
});

Deno.test("runVectors() reports which alternative an ambiguous vector had", async () => {
  const { outcomes } = await run(filterFile(EITHER), {
    filter: () => scimError(400, "invalidFilter"),
  });
  deepStrictEqual(choiceOf(outcomes[0]), {
    preferred: false,
    seen: "400 invalidFilter",
  });
});

Deno.test("runVectors() fails an ambiguous vector on any other outcome", async () => {
  deepStrictEqual(await complaints(filterFile(EITHER), finding("ben")), [
    "matches: expected ann, got ben",
    "nor is it a permitted alternative: 400 invalidFilter",
  ]);
});

Deno.test("runVectors() fills in the ids of samples and encodes the filter", async () => {
  const filters: string[] = [];
  const { sent } = await run(
    filterFile({ filter: 'id eq "{{id:ben}}" or a eq "ß&"' }),
    { filter: (filter) => (filters.push(filter), list([])) },
  );
  deepStrictEqual(filters, ['id eq "new-1" or a eq "ß&"']);
  match(
    sent.at(-1)?.target ?? "",
    /%22new-1%22%20or%20a%20eq%20%22%C3%9F%26%22/,
  );
});

Deno.test("runVectors() asks for groups where a filter is on groups", async () => {
  const file = filterFile({ on: "Group", matches: ["team"] });
  deepStrictEqual(await complaints(file, finding("Team")), []);
});

Deno.test("runVectors() sends filters with a token of the profile it is told", async () => {
  const { sent } = await run(filterFile({}), {}, { profile: "rfc" });
  strictEqual(sent.at(-1)?.headers["authorization"], "Bearer token-r");
});

Deno.test("runVectors() skips a filter that no client can prepare for", async () => {
  const { outcomes } = await run(filterFile({ http: false }));
  match(reasonOf(outcomes[0]), /which no client can create/);
});
