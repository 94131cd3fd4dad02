/**
 * The rule of dependencies: routes use domain and storage, storage uses domain,
 * domain uses nothing but itself and Zod. Read from the sources, so it needs
 * `--allow-read`, which `deno task test` gives.
 * @module
 */

import { deepStrictEqual, ok } from "node:assert/strict";

const ROOT = new URL("..", import.meta.url);

/** What the files of each folder may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: ["domain", "zod"],
  storage: ["storage", "domain", "zod", "@noble/hashes", "node:"],
  routes: ["routes", "domain", "storage", "hono", "@hono/zod-validator", "zod"],
};

/** A static or dynamic import, or a re-export, with its specifier. */
const IMPORT =
  /(?:^|[;}\s])(?:import|export)\s(?:[^"';]*?\sfrom\s)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;

interface Source {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

async function* sourcesBelow(folder: string): AsyncGenerator<Source> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))
  ) {
    if (isDirectory) yield* sourcesBelow(`${folder}${name}/`);
    else if (/\.tsx?$/.test(name)) {
      const path = folder + name;
      yield { path, text: await Deno.readTextFile(new URL(path, ROOT)) };
    }
  }
}

function importsOf({ text }: Source): string[] {
  const code = text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
  return [...code.matchAll(IMPORT)].map(([, plain, dynamic]) =>
    plain ?? dynamic ?? ""
  );
}

/** What an import leads to: a folder, a package, `node:`, or `/` for the root. */
function targetOf(path: string, specifier: string): string {
  if (specifier.startsWith("node:")) return "node:";
  if (!specifier.startsWith(".")) {
    const [first = "", second = ""] = specifier.split("/");
    return first.startsWith("@") ? `${first}/${second}` : first;
  }
  const { pathname } = new URL(specifier, `file:///${path}`);
  const parts = pathname.slice(1).split("/");
  return parts.length === 1 ? "/" : parts[0] ?? "";
}

const { state } = await Deno.permissions.query({ name: "read", path: ROOT });
if (state !== "granted") {
  console.log(
    "tests of the sources are left out: need --allow-read, as in deno task test",
  );
}

/** Registers a test that reads sources; left out without the permission. */
function readingSources(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: state !== "granted", fn });
}

for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
  readingSources(
    `${folder}/ imports from ${allowed.join(", ")} only`,
    async () => {
      const wrong: string[] = [];
      let imports = 0;
      for await (const source of sourcesBelow(`${folder}/`)) {
        for (const specifier of importsOf(source)) {
          imports++;
          if (!allowed.includes(targetOf(source.path, specifier))) {
            wrong.push(`${source.path} imports ${specifier}`);
          }
        }
      }
      ok(imports > 10, "no imports were found: the test does not see any");
      deepStrictEqual(wrong, []);
    },
  );
}

readingSources(
  "Only relative imports, node: and the names of the import map are used",
  async () => {
    const config: { imports: Record<string, string> } = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", ROOT)),
    );
    const names = Object.keys(config.imports);
    for (const target of Object.values(config.imports)) {
      ok(/^npm:[^^~*]+@\d+\.\d+\.\d+$/.test(target), `${target} is not pinned`);
    }
    const wrong: string[] = [];
    for (const folder of ["domain/", "storage/", "routes/", "tests/"]) {
      for await (const source of sourcesBelow(folder)) {
        for (const specifier of importsOf(source)) {
          const isKnown = /^(?:\.{1,2}\/|node:)/.test(specifier) ||
            names.some((n) => specifier === n || specifier.startsWith(`${n}/`));
          if (!isKnown) wrong.push(`${source.path} imports ${specifier}`);
        }
      }
    }
    deepStrictEqual(wrong, []);
  },
);

readingSources(
  "A relative import names its file with the extension",
  async () => {
    const wrong: string[] = [];
    for (const folder of ["domain/", "storage/", "routes/", "tests/"]) {
      for await (const source of sourcesBelow(folder)) {
        for (const specifier of importsOf(source)) {
          if (
            specifier.startsWith(".") && !/\.(?:tsx?|json)$/.test(specifier)
          ) {
            wrong.push(`${source.path} imports ${specifier}`);
          }
        }
      }
    }
    deepStrictEqual(wrong, []);
  },
);

/** What the domain may not reach: the platform, the time, chance. */
const IMPURE: readonly (readonly [string, RegExp])[] = [
  ["Deno", /\bDeno\s*[.[]/],
  ["the time", /\bDate\.now\(|new Date\(\)|\bperformance\./],
  ["chance", /\bMath\.random\(|\bcrypto\b/],
  ["the network", /\bfetch\(/],
  ["timers", /\bset(?:Timeout|Interval)\(/],
];

for (const [what, pattern] of IMPURE) {
  readingSources(`domain/ does not use ${what}`, async () => {
    const wrong: string[] = [];
    for await (const { path, text } of sourcesBelow("domain/")) {
      const code = text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
      if (pattern.test(code)) wrong.push(path);
    }
    deepStrictEqual(wrong, []);
  });
}

readingSources("Only storage/ talks to Deno KV", async () => {
  const wrong: string[] = [];
  for await (const { path, text } of sourcesBelow("routes/")) {
    if (/\bkv\.(?:get|getMany|list|set|delete|atomic)\(/.test(text)) {
      wrong.push(path);
    }
  }
  deepStrictEqual(wrong, []);
});

Deno.test("The reader of imports finds every form of them", () => {
  const text = `
/** A comment: import { x } from "no-comment"; */
import "./a.ts";
import b from "./b.ts";
import { c, type d } from "./c.ts";
import {
  e,
} from "./e.ts";
import type { f } from './f.ts';
export * from "./g.ts";
export { h } from "./h.ts";
export const text = "i";
const j = await import("./j.ts");
`;
  deepStrictEqual(
    importsOf({ path: "x.ts", text }),
    [
      "./a.ts",
      "./b.ts",
      "./c.ts",
      "./e.ts",
      "./f.ts",
      "./g.ts",
      "./h.ts",
      "./j.ts",
    ],
  );
});

Deno.test("The target of an import is a folder, a package or the root", () => {
  for (
    const [path, specifier, target] of [
      ["routes/scim/app.ts", "../../domain/x.ts", "domain"],
      ["routes/scim/app.ts", "./body.ts", "routes"],
      ["domain/x.ts", "../config.ts", "/"],
      ["domain/x.ts", "../../../../config.ts", "/"],
      ["domain/x.ts", "hono/body-limit", "hono"],
      ["domain/x.ts", "@hono/zod-validator", "@hono/zod-validator"],
      ["domain/x.ts", "node:assert/strict", "node:"],
      ["domain/x.ts", "npm:zod@4", "npm:zod@4"],
      ["domain/x.ts", "https://esm.sh/zod", "https:"],
    ] as const
  ) deepStrictEqual(targetOf(path, specifier), target);
});
