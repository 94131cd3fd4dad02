import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { builtInRegistry } from "../../../domain/registry.ts";
import {
  ADMIN_SECRET,
  BASE,
  ORIGIN,
  TestServer,
} from "../../routes/harness.ts";
import { parseOptions } from "../options.ts";
import { runSuite } from "../suite.ts";
import type { Send } from "../transport.ts";
import filtersContent from "./filters.json" with { type: "json" };
import {
  type FilterFile,
  parseSamples,
  parseVectorFile,
  type PatchFile,
} from "./format.ts";
import { evaluate } from "./local.ts";
import patchContent from "./patch.json" with { type: "json" };
import samplesContent from "./samples.json" with { type: "json" };

// Bare `deno test` may not read files, but it may import them.
const SAMPLES = parseSamples(samplesContent);
const FILES: Readonly<Record<string, unknown>> = {
  "filters.json": filtersContent,
  "patch.json": patchContent,
};

function vectorsOf(content: unknown): FilterFile | PatchFile {
  const file = parseVectorFile(content);
  ok(file.format !== "scim-samples/1");
  return file;
}

/** A transport that leads to a server in this process. */
function sendTo(server: TestServer): Send {
  return async ({ method, origin, target, headers, body }) => {
    const answer = await server.fetch(
      new Request(origin + target, { method, headers, body: body ?? null }),
    );
    return {
      status: answer.status,
      headers: new Map(answer.headers),
      body: await answer.text(),
    };
  };
}

for (const profile of ["compatible", "rfc"]) {
  for (const [name, content] of Object.entries(FILES)) {
    Deno.test(`${name} holds for this server under the profile ${profile}`, async () => {
      await using server = await TestServer.start();
      const lines: string[] = [];
      const options = parseOptions([
        ...["--base", BASE, "--admin", ORIGIN, "--admin-token", ADMIN_SECRET],
        ...["--profile", profile, name],
      ]);
      const vectors = { file: vectorsOf(content), samples: SAMPLES };
      const { failed, passed } = await runSuite([{ name, vectors }], options, {
        send: sendTo(server),
        print: (line) => lines.push(line),
        newTenant: () => "library",
      });
      strictEqual(failed, 0, lines.join("\n"));
      ok(passed >= 10, lines.join("\n"));
    });
  }
}

for (const vector of vectorsOf(filtersContent).vectors) {
  if (!("http" in vector) || vector.http) continue;
  Deno.test(`${vector.id} in filters.json holds without a server`, () => {
    const type = builtInRegistry().byName(vector.on);
    ok(type !== undefined);
    const { valid } = vector;
    deepStrictEqual(
      evaluate(vector, SAMPLES, type),
      valid
        ? { valid, matches: vector.matches }
        : { valid, error: vector.error },
    );
  });
}
