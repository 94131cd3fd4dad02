/**
 * Checks that every exported symbol of the product has a docstring.
 *
 * `deno doc --lint` also asks for one on each member of each interface and
 * refuses types of npm packages; this asks for what a reader needs.
 *
 *     deno run --allow-run=deno --allow-read tools/doc_lint.ts FOLDER_OR_FILE…
 * @module
 */

import { z } from "zod";

const documentation = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      symbols: z.array(z.object({
        name: z.string(),
        declarations: z.array(z.object({
          declarationKind: z.string(),
          jsDoc: z.object({ doc: z.string().optional() }).optional(),
          location: z.object({ line: z.number() }),
        })),
      })).default([]),
    }),
  ),
});

/** All TypeScript files below some paths. */
async function* sources(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    if ((await Deno.stat(path)).isFile) {
      yield path;
      continue;
    }
    for await (const entry of Deno.readDir(path)) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory) yield* sources([child]);
      else if (/\.tsx?$/.test(entry.name)) yield child;
    }
  }
}

const files = await Array.fromAsync(sources(Deno.args));
const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--json", ...files],
}).output();
if (!success) {
  console.error(new TextDecoder().decode(stderr));
  Deno.exit(1);
}
const { nodes } = documentation.parse(
  JSON.parse(new TextDecoder().decode(stdout)),
);
let missing = 0;
for (const [file, { symbols }] of Object.entries(nodes)) {
  for (const { name, declarations } of symbols) {
    const [first] = declarations;
    if (first?.declarationKind !== "export") continue;
    // A constant and its type may share a name, and then a docstring too.
    if (declarations.some(({ jsDoc }) => (jsDoc?.doc ?? "") !== "")) continue;
    const path = new URL(file).pathname.replace(`${Deno.cwd()}/`, "");
    console.error(
      `${path}:${first.location.line + 1}  ${name} has no docstring`,
    );
    missing++;
  }
}
console.log(`${files.length} files, ${missing} symbols without a docstring`);
Deno.exit(missing === 0 ? 0 : 1);
