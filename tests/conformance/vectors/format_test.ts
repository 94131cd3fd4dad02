import {
  deepStrictEqual,
  match,
  strictEqual,
  throws,
} from "node:assert/strict";
import {
  isVectorContent,
  parseSamples,
  parseVectorFile,
  profileOf,
} from "./format.ts";
import { patchFile } from "./fake_scim.ts";

const FILTER = {
  id: "F1",
  filter: "title pr",
  on: "User",
  valid: true,
  matches: [],
  http: true,
  ambiguous: false,
};
const PATCH = {
  id: "P1",
  title: "sets a title",
  on: "User",
  profile: "rfc",
  before: {},
  operations: [],
  expect: { status: [200], after: {} },
  ambiguous: false,
};

function filters(...vectors: unknown[]): unknown {
  return { format: "scim-filter-vectors/1", vectors };
}

function patches(...vectors: unknown[]): unknown {
  return { format: "scim-patch-vectors/1", vectors };
}

/** What is said of content that is not in the format. */
function complaint(content: unknown): string {
  let said = "";
  throws(() => parseVectorFile(content), (error) => {
    said = error instanceof SyntaxError ? error.message : "";
    return true;
  });
  return said;
}

Deno.test("parseVectorFile() takes samples.json beside the vectors unless told otherwise", () => {
  const file = parseVectorFile(filters(FILTER));
  strictEqual("samples" in file && file.samples, "samples.json");
});

Deno.test("parseVectorFile() refuses a format that it does not know", () => {
  match(complaint({ format: "scim-filter-vectors/2" }), /format/);
});

Deno.test("parseVectorFile() refuses a field that it does not know", () => {
  match(complaint(filters({ ...FILTER, matched: [] })), /matched/);
});

Deno.test("parseVectorFile() refuses two vectors with one id", () => {
  match(complaint(filters(FILTER, FILTER)), /two vectors have the id F1/);
});

Deno.test("parseVectorFile() refuses an ambiguous vector without alternatives", () => {
  match(complaint(filters({ ...FILTER, ambiguous: true })), /go together/);
});

Deno.test("parseVectorFile() refuses alternatives of a vector that is not ambiguous", () => {
  const alternatives = [{ valid: true, matches: [] }];
  match(complaint(filters({ ...FILTER, alternatives })), /go together/);
});

Deno.test("parseVectorFile() refuses a valid filter without its matches", () => {
  const { matches: _matches, ...vector } = FILTER;
  match(complaint(filters(vector)), /matches/);
});

Deno.test("parseVectorFile() refuses a filter that no URL can hold", () => {
  match(complaint(filters({ ...FILTER, filter: "\ud83d" })), /surrogate/);
});

Deno.test("parseVectorFile() refuses a PATCH with both operations and a body", () => {
  match(complaint(patches({ ...PATCH, body: {} })), /operations and body/);
});

Deno.test("parseVectorFile() refuses a PATCH with no expectation of the state", () => {
  const expect = { status: [200] };
  match(complaint(patches({ ...PATCH, expect })), /after and unchanged/);
});

Deno.test("parseSamples() refuses vectors", () => {
  throws(() => parseSamples(filters(FILTER)), /scim-filter-vectors/);
});

Deno.test("isVectorContent() tells vectors from exchanges", () => {
  deepStrictEqual(
    [filters(FILTER), [], { exchanges: [] }].map(isVectorContent),
    [true, false, false],
  );
});

Deno.test("profileOf() takes the compatible profile for what clients send", () => {
  const { vectors } = patchFile(
    { profile: "rfc" },
    { profile: "entra" },
    { profile: "okta" },
  );
  deepStrictEqual(vectors.map(profileOf), ["rfc", "compatible", "compatible"]);
});
