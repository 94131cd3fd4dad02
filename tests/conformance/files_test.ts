import { deepStrictEqual, match, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readFiles } from "./files.ts";

const HERE = new URL(".", import.meta.url);
const VECTORS = fileURLToPath(new URL("vectors", HERE));

const { state } = await Deno.permissions.query({ name: "read", path: HERE });
if (state !== "granted") {
  console.log(
    "tests of reading files are left out: need --allow-read, as in deno task test",
  );
}

function reading(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: state !== "granted", fn });
}

reading(
  "readFiles() finds the vectors of a directory, with their samples",
  async () => {
    const files = await readFiles([VECTORS]);
    deepStrictEqual(
      files.map((file) => [
        file.name,
        "vectors" in file && Object.keys(file.vectors.samples.resources).length,
      ]),
      [["filters.json", 6], ["patch.json", 6]],
    );
  },
);

reading(
  "readFiles() reads the samples along with a single file of vectors",
  async () => {
    const [file] = await readFiles([`${VECTORS}/patch.json`]);
    match(JSON.stringify(file), /"scim-samples\/1"/);
  },
);

reading("readFiles() reads exchanges and vectors in one call", async () => {
  const exchanges = fileURLToPath(new URL("exchanges/patch.json", HERE));
  const files = await readFiles([exchanges, `${VECTORS}/patch.json`]);
  deepStrictEqual(files.map((file) => "vectors" in file), [false, true]);
});

reading("readFiles() refuses samples without vectors", async () => {
  await rejects(
    readFiles([`${VECTORS}/samples.json`]),
    /Only samples, and no vectors/,
  );
});

reading("readFiles() names a file that is in none of the formats", async () => {
  const path = fileURLToPath(new URL("../../deno.json", HERE));
  await rejects(readFiles([path]), /Cannot read .*deno\.json: SyntaxError/);
});
