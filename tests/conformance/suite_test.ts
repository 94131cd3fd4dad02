import {
  deepStrictEqual,
  match,
  rejects,
  strictEqual,
} from "node:assert/strict";
import {
  type ExchangeChange,
  exchanges,
  type FakeAnswer,
  fakeServer,
} from "./fake_server.ts";
import type { NamedFile, NamedVectors } from "./files.ts";
import { type Options, parseOptions } from "./options.ts";
import { runSuite } from "./suite.ts";
import type { WireRequest } from "./transport.ts";
import { list, patchFile, SAMPLES } from "./vectors/fake_scim.ts";

const BASE = ["--base", "http://localhost/scim/v2"];
const ADMIN = ["--admin", "http://localhost", "--admin-token", "A"];

function file(name: string, ...changes: ExchangeChange[]): NamedFile {
  return { name, content: { exchanges: exchanges(...changes) } };
}

function vectors(
  ...changes: Readonly<Record<string, unknown>>[]
): NamedVectors {
  const file = patchFile(...changes);
  return { name: "v.json", vectors: { file, samples: SAMPLES } };
}

async function run(
  files: readonly (NamedFile | NamedVectors)[],
  args: readonly string[],
  answer: (request: WireRequest) => FakeAnswer = () => ({}),
) {
  let issued = 0;
  const { send, sent } = fakeServer((request) => {
    if (request.target.startsWith("/admin/tenants/")) return { status: 404 };
    if (request.target === "/admin/tokens") {
      const id = String(++issued);
      return { status: 201, body: { id, token: `token-${id}` } };
    }
    return request.method === "DELETE" ? { status: 204 } : answer(request);
  });
  const lines: string[] = [];
  const options: Options = parseOptions([...BASE, ...args, "x.json"]);
  let tenants = 0;
  const totals = await runSuite(files, options, {
    send,
    print: (line) => lines.push(line),
    newTenant: () => `tenant-${++tenants}`,
  });
  return { totals, lines, sent };
}

/** What the admin API was asked for tokens, in order. */
function asked(sent: readonly WireRequest[]): unknown[] {
  return sent.filter(({ target }) => target === "/admin/tokens")
    .map(({ body }): unknown => JSON.parse(body ?? ""));
}

Deno.test("runSuite() uses a given token for all files", async () => {
  const files = [file("a.json", {}), file("b.json", {})];
  const { lines, sent } = await run(files, ["--token", "T"]);
  deepStrictEqual(
    sent.map(({ headers }) => headers["authorization"]),
    ["Bearer T", "Bearer T"],
  );
  deepStrictEqual(lines, ["2 passed, 0 failed"]);
});

Deno.test("runSuite() issues a token of a new tenant for each file", async () => {
  const files = [file("a.json", {}), file("b.json", {})];
  const { sent } = await run(files, ADMIN);
  deepStrictEqual(asked(sent), [
    { name: "conformance a.json", tenant: "tenant-1", profile: "compatible" },
    { name: "conformance b.json", tenant: "tenant-2", profile: "compatible" },
  ]);
  const used = sent.find(({ target }) => !target.startsWith("/admin"));
  deepStrictEqual(used?.headers, { authorization: "Bearer token-1" });
});

Deno.test("runSuite() lets its tokens send requests as fast as they can", async () => {
  const { sent } = await run([file("a.json", {})], ADMIN);
  const asked = sent.find(({ method }) => method === "PATCH");
  strictEqual(asked?.target, "/admin/tenants/tenant-1");
  deepStrictEqual(JSON.parse(asked?.body ?? ""), {
    settings: { requestsPerSecond: 1_000_000 },
  });
});

Deno.test("runSuite() asks for the profile that a file names", async () => {
  const { name, content } = file("a.json", {});
  const files: NamedFile[] = [{
    name,
    content: { ...content, profile: "rfc" },
  }];
  const { sent } = await run(files, ADMIN);
  match(JSON.stringify(asked(sent)), /"profile":"rfc"/);
});

Deno.test("runSuite() skips a file whose profile a given token has not", async () => {
  const { name, content } = file("a.json", {}, {});
  const files: NamedFile[] = [{
    name,
    content: { ...content, profile: "rfc" },
  }];
  const { lines, sent } = await run(files, ["--token", "T"]);
  strictEqual(sent.length, 0);
  strictEqual(lines.at(-1), "0 passed, 0 failed, 2 skipped");
});

Deno.test("runSuite() issues the special tokens that a file mentions", async () => {
  const bearer = (name: string) => ({
    request: {
      auth: "none",
      headers: { "Authorization": `Bearer {{${name}}}` },
    },
  });
  const files = [file(
    "a.json",
    bearer("read_token"),
    bearer("expired_token"),
    bearer("other_tenant_token"),
  )];
  const { sent } = await run(files, ADMIN);
  const common = { name: "conformance a.json", profile: "compatible" };
  deepStrictEqual(asked(sent), [
    { ...common, tenant: "tenant-1" },
    { ...common, tenant: "tenant-1", scopes: ["scim:read"] },
    { ...common, tenant: "tenant-2" },
    { ...common, tenant: "tenant-1" },
  ]);
  const revoked = sent.findIndex(({ method }) => method === "DELETE");
  const used = sent.findIndex(({ headers }) =>
    headers["authorization"] === "Bearer token-4"
  );
  strictEqual(revoked !== -1 && revoked < used, true);
});

Deno.test("runSuite() revokes its tokens after each file", async () => {
  const { sent } = await run([file("a.json", {})], ADMIN);
  const last = sent.at(-1);
  strictEqual(`${last?.method} ${last?.target}`, "DELETE /admin/tokens/1");
});

Deno.test("runSuite() prints failures under the name of their file", async () => {
  const files = [
    file("a.json", { name: "read" }),
    file("b.json", {
      name: "perhaps",
      level: "may",
    }),
  ];
  const { totals, lines } = await run(
    files,
    ["--token", "T"],
    () => ({ status: 404 }),
  );
  strictEqual(lines[0], "FAIL a.json: read [must]");
  deepStrictEqual(lines.slice(-2), [
    '1 of level "may" failed, which counts with --strict only',
    "0 passed, 1 failed",
  ]);
  strictEqual(totals.failed, 1);
});

Deno.test("runSuite() runs vectors with tokens of both profiles in one new tenant", async () => {
  const { sent } = await run([vectors({})], ADMIN);
  const common = { name: "conformance v.json", tenant: "tenant-1" };
  deepStrictEqual(asked(sent), [
    { ...common, profile: "compatible" },
    { ...common, profile: "rfc" },
  ]);
});

Deno.test("runSuite() registers the extension of vectors in their tenant", async () => {
  const { sent } = await run([vectors({})], ADMIN);
  const request = sent.find(({ target }) => target === "/admin/schemas");
  strictEqual(request?.headers["Authorization"], "Bearer A");
  deepStrictEqual(JSON.parse(request?.body ?? ""), {
    schema: SAMPLES.extensionSchema,
    extends: "User",
    tenant: "tenant-1",
  });
});

Deno.test("runSuite() revokes the tokens of vectors", async () => {
  const { sent } = await run([vectors({})], ADMIN);
  deepStrictEqual(
    sent.slice(-2).map(({ method, target }) => `${method} ${target}`),
    ["DELETE /admin/tokens/1", "DELETE /admin/tokens/2"],
  );
});

Deno.test("runSuite() runs vectors with a given token as far as its profile goes", async () => {
  const files = [vectors({ profile: "entra" }, { profile: "rfc" })];
  const { lines, sent } = await run(
    files,
    ["--token", "T"],
    ({ target }) => target.includes("/Schemas") ? list([]) : { status: 404 },
  );
  deepStrictEqual(asked(sent), []);
  deepStrictEqual(lines.filter((line) => /^(?:FAIL|SKIP)/.test(line)), [
    "FAIL v.json: sample ben [must]",
    "FAIL v.json: P1 sets a title [must]",
    "SKIP v.json: P2 sets a title",
  ]);
});

Deno.test("runSuite() stops when the admin API issues no token", async () => {
  const { send } = fakeServer(() => ({ status: 401 }));
  const options = parseOptions([...BASE, ...ADMIN, "x.json"]);
  await rejects(
    runSuite([file("a.json", {})], options, {
      send,
      print: () => {},
      newTenant: () => "tenant",
    }),
    /Cannot issue a token: status 401/,
  );
});
