import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import {
  type ExchangeChange,
  exchanges,
  type FakeAnswer,
  fakeServer,
} from "./fake_server.ts";
import type { Outcome } from "./outcome.ts";
import { runFile } from "./runner.ts";
import type { WireRequest } from "./transport.ts";

const BASE = "http://localhost/scim/v2";

async function run(
  changes: readonly ExchangeChange[],
  answer: (request: WireRequest) => FakeAnswer | Promise<FakeAnswer>,
  variables = new Map([["token", "T"]]),
): Promise<{ outcomes: Outcome[]; sent: WireRequest[] }> {
  const { send, sent } = fakeServer(answer);
  const options = { base: BASE, send, variables };
  return { outcomes: await runFile(exchanges(...changes), options), sent };
}

function kinds(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ kind }) => kind);
}

function complaints(outcome: Outcome | undefined): readonly string[] {
  return outcome?.kind === "failed" ? outcome.mismatches : [];
}

Deno.test("runFile() passes an exchange whose answer is as expected", async () => {
  const expect = {
    status: [200, 204],
    headers_must: { "Content-Type": { "$contains": "json" } },
    body_must: { "/id": "1", "#": "prose" },
  };
  const { outcomes } = await run([{ expect }], () => ({
    headers: { "content-type": "application/scim+json" },
    body: { "id": "1" },
  }));
  deepStrictEqual(kinds(outcomes), ["passed"]);
});

Deno.test("runFile() names a wrong status, header and member", async () => {
  const expect = {
    status: [200, 204],
    headers_must: { "ETag": "x" },
    body_must: { "/id": "1" },
  };
  const { outcomes } = await run([{ expect }], () => ({
    status: 500,
    body: { "id": "2" },
  }));
  deepStrictEqual(complaints(outcomes[0]), [
    "status: expected 200 or 204, got 500",
    'ETag: expected "x", got nothing',
    '/id: expected "1", got "2"',
  ]);
});

Deno.test("runFile() looks at members of an empty body as absent", async () => {
  const body_must = { "": { "$absent": true }, "/id": { "$absent": true } };
  const { outcomes } = await run([{ expect: { body_must } }], () => ({}));
  deepStrictEqual(kinds(outcomes), ["passed"]);
});

Deno.test("runFile() fails on HTML where it must read JSON", async () => {
  const { outcomes } = await run(
    [{ expect: { body_must: { "/id": { "$absent": true } } } }, {}],
    () => ({ body: "<html>" }),
  );
  deepStrictEqual(complaints(outcomes[0]), [
    "body: expected JSON, got something else",
  ]);
  deepStrictEqual(kinds(outcomes), ["failed", "passed"]);
});

Deno.test("runFile() carries captured values into later exchanges", async () => {
  const { outcomes, sent } = await run([
    { request: { method: "POST", body: {} }, capture: { id: "/id" } },
    {
      request: { path: "/Users/{{id}}" },
      expect: { body_must: { "/id": "{{id}}" } },
    },
  ], () => ({ body: { "id": "7 7" } }));
  deepStrictEqual(kinds(outcomes), ["passed", "passed"]);
  strictEqual(sent[1]?.target, "/scim/v2/Users/7%207");
});

Deno.test("runFile() captures before it compares within one answer", async () => {
  const change = {
    expect: { headers_must: { "Location": "{{location}}" } },
    capture: { location: "/meta/location" },
  };
  const { outcomes } = await run([change], () => ({
    headers: { location: "http://x/1" },
    body: { "meta": { "location": "http://x/2" } },
  }));
  deepStrictEqual(complaints(outcomes[0]), [
    'Location: expected "http://x/2", got "http://x/1"',
  ]);
});

Deno.test("runFile() skips what needs a value that was not captured", async () => {
  const { outcomes, sent } = await run([
    { name: "create", capture: { id: "/id" } },
    { request: { path: "/Users/{{id}}" } },
  ], () => ({ status: 500 }));
  deepStrictEqual(kinds(outcomes), ["failed", "skipped"]);
  strictEqual(sent.length, 1);
  const [, skipped] = outcomes;
  match(skipped?.kind === "skipped" ? skipped.reason : "", /by "create"/);
});

Deno.test("runFile() skips what needs a variable that was not supplied", async () => {
  const { outcomes } = await run([
    { request: { auth: "none", headers: { "X": "{{entra_jwt}}" } } },
  ], () => ({}));
  const [skipped] = outcomes;
  match(
    skipped?.kind === "skipped" ? skipped.reason : "",
    /"entra_jwt" was not supplied/,
  );
});

Deno.test("runFile() skips token requests where no issuer is known", async () => {
  const { outcomes } = await run([
    { request: { path: "/oauth2/token", endpoint: "token" } },
  ], () => ({}));
  const [skipped] = outcomes;
  match(skipped?.kind === "skipped" ? skipped.reason : "", /--issuer/);
});

Deno.test("runFile() needs no token for exchanges without a credential", async () => {
  const { outcomes } = await run(
    [{ request: { auth: "none" } }, {}],
    () => ({}),
    new Map(),
  );
  deepStrictEqual(kinds(outcomes), ["passed", "skipped"]);
});

Deno.test("runFile() fails on no answer and goes on", async () => {
  let calls = 0;
  const { outcomes } = await run([{}, {}], () => {
    if (++calls === 1) throw new Error("connection refused");
    return {};
  });
  deepStrictEqual(kinds(outcomes), ["failed", "passed"]);
  match(complaints(outcomes[0]).join(), /no answer.*connection refused/);
});

Deno.test("runFile() sends one parallel group at the same time", async () => {
  let inFlight = 0;
  const peaks: number[] = [];
  const { outcomes } = await run([
    {},
    { parallel_group: "a" },
    { parallel_group: "a" },
    { parallel_group: "b" },
    {},
  ], async () => {
    inFlight++;
    await new Promise((resolve) => setTimeout(resolve));
    peaks.push(inFlight);
    // The group's requests leave together, as they came together.
    await new Promise((resolve) => setTimeout(resolve));
    inFlight--;
    return {};
  });
  deepStrictEqual(peaks, [1, 2, 2, 1, 1]);
  strictEqual(outcomes.every(({ kind }) => kind === "passed"), true);
});
