/**
 * Runs the commands of the README, so that they cannot rot.
 * @module
 */

import assert from "node:assert/strict";
import {
  missingPermission,
  printedSecret,
  processTest,
  run,
  start,
} from "./process.ts";

const README = new URL("../../README.md", import.meta.url);

/** Commands that start the server, and those that run the tests. */
const START = ["deno task start", "npx deno task start"];
const TEST = ["deno task test", "npx deno task test"];

/** The lines of all shell blocks, without comments. */
async function commands(): Promise<string[]> {
  const text = await Deno.readTextFile(README);
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "");
}

async function hasProgram(name: string): Promise<boolean> {
  try {
    return (await run([name, "--version"], {})).code === 0;
  } catch {
    return false;
  }
}

processTest(
  "README: the walk-through ends with the user in the group",
  async () => {
    const lines = (await commands())
      .filter((line) => !START.includes(line) && !TEST.includes(line));
    assert.equal(lines.length, 5, "the walk-through has five lines");
    const data = await Deno.makeTempDir();
    const server = await start(["deno", "task", "start"], {
      KV_PATH: `${data}/scim.db`,
    });
    try {
      const secret = printedSecret(server.output());
      assert.ok(secret, "the first start prints an admin secret");
      const script = lines.join("\n")
        .replaceAll("localhost:8000", new URL(server.origin).host);
      const { code, output } = await run(["sh", "-euc", script], {
        ADMIN: secret,
      });
      assert.equal(code, 0, output);
      const [found, group] = output.split(/(?<=\})(?=\{"schemas")/);
      assert.equal(JSON.parse(found ?? "").totalResults, 1, output);
      assert.equal(JSON.parse(group ?? "").members.length, 1, output);
    } finally {
      await server.stop();
      await Deno.remove(data, { recursive: true });
    }
  },
);

processTest("README: every command is one that a test or CI runs", async () => {
  const known = [...START, ...TEST];
  for (const line of await commands()) {
    const runByWalkThrough = line.includes("curl ");
    assert.ok(runByWalkThrough || known.includes(line), line);
  }
  const ci = await Deno.readTextFile(new URL("../../.ci/run", import.meta.url));
  assert.match(
    ci,
    /npx .*deno.* task test/,
    "CI runs the README's test command",
  );
});

for (const command of START) {
  processTest(`README: "${command}" serves`, async () => {
    const [program = "", ...args] = command.split(" ");
    if (!await hasProgram(program)) {
      console.log(`left out: there is no ${program} on this machine`);
      return;
    }
    const data = await Deno.makeTempDir();
    const server = await start([program, ...args], {
      KV_PATH: `${data}/scim.db`,
    });
    const response = await fetch(
      `${server.origin}/api/scim/v2/ServiceProviderConfig`,
    );
    assert.equal(response.status, 200);
    await response.body?.cancel();
    await server.stop();
    await Deno.remove(data, { recursive: true });
  });
}

processTest(
  "the links of the README and the documents lead to files",
  async () => {
    const folder = new URL("../../docs/", import.meta.url);
    const documents = [
      README,
      ...["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map((name) =>
        new URL(name, README)
      ),
    ];
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.endsWith(".md")) {
        documents.push(
          new URL(entry.name, folder),
        );
      }
    }
    for (const document of documents) {
      const text = await Deno.readTextFile(document);
      for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document : new URL(path, document);
        const linked = await Deno.readTextFile(file);
        if (anchor === undefined) continue;
        const anchors = [...linked.matchAll(/^#+ (.+)$/gm)].map((
          [, title = ""],
        ) =>
          title.toLowerCase().replace(/[^a-z0-9 -]/g, "").replaceAll(" ", "-")
        );
        assert.ok(anchors.includes(anchor), `${document.pathname}: ${target}`);
      }
    }
  },
);

Deno.test("tests of the real program say so when they cannot run", async () => {
  const reason = await missingPermission();
  assert.ok(reason === undefined || reason.startsWith("needs --allow-"));
});
