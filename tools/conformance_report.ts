/**
 * Writes CONFORMANCE.md: runs every test whose name carries the id of an item of
 * the checklist, and says of each item whether it passed.
 *
 *     deno run --allow-run=deno --allow-read --allow-write tools/conformance_report.ts [--check]
 *
 * With `--check` nothing is written; the program fails when the file is not what
 * it would write. It fails in any case when an item failed, and when an item has
 * neither a test nor a reason why it does not apply.
 * @module
 */

import { XMLParser } from "fast-xml-parser";
import { z } from "zod";
import {
  type Outcomes,
  readOutcomes,
  renderReport,
  unaccounted,
} from "../tests/conformance/checklist/report.ts";
import {
  ITEM_ID,
  readChecklist,
} from "../tests/conformance/checklist/checklist.ts";

const REPORT = new URL("../CONFORMANCE.md", import.meta.url);

const junit = z.object({
  testsuites: z.object({
    testsuite: z.array(z.object({
      testcase: z.array(z.object({
        "@name": z.string(),
        failure: z.unknown().optional(),
        error: z.unknown().optional(),
        skipped: z.unknown().optional(),
      })).default([]),
    })).default([]),
  }),
});

/** Runs the tests that have an id in their names. */
async function runTests(): Promise<Outcomes> {
  const path = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: [
          "test",
          "--quiet",
          "--parallel",
          "--allow-read",
          "--allow-write",
          "--allow-net",
          "--allow-run",
          "--allow-env",
          "--filter",
          `/\\b${ITEM_ID}\\b/`,
          `--junit-path=${path}`,
        ],
        cwd: new URL("..", import.meta.url),
      },
    ).output();
    if (!success) {
      const decoder = new TextDecoder();
      console.error(decoder.decode(stdout) + decoder.decode(stderr));
    }
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "@",
      isArray: (name) => name === "testsuite" || name === "testcase",
    });
    const { testsuites } = junit.parse(
      parser.parse(await Deno.readTextFile(path)),
    );
    return readOutcomes(
      testsuites.testsuite.flatMap(({ testcase }) => testcase).map((test) => ({
        name: test["@name"],
        passed: test.failure === undefined && test.error === undefined,
        skipped: test.skipped !== undefined,
      })),
    );
  } finally {
    await Deno.remove(path);
  }
}

const sections = readChecklist();
const outcomes = await runTests();
const report = renderReport(sections, outcomes);
const problems = unaccounted(sections, outcomes);
if (Deno.args.includes("--check")) {
  const committed = await Deno.readTextFile(REPORT).catch(() => "");
  if (committed !== report) {
    problems.push(
      "CONFORMANCE.md is not current; run deno task conformance:report",
    );
  }
} else {
  await Deno.writeTextFile(REPORT, report);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) Deno.exit(1);
console.log("Every item of the checklist is accounted for");
