import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { type ChecklistSection, readChecklist } from "./checklist.ts";
import { readOutcomes, renderReport, unaccounted } from "./report.ts";

const SECTIONS: ChecklistSection[] = [{
  section: "RFC 7644, section 9: Example",
  items: [
    { number: 1, id: "44-9-1", level: "MUST", statement: "a | b" },
    { number: 2, id: "44-9-2", level: "MUST", statement: "two" },
    { number: 3, id: "44-9-3", level: "MAY", statement: "three" },
    {
      number: 4,
      id: "44-9-4",
      level: "MAY",
      statement: "four",
      notApplicable: "there is none",
    },
  ],
}];

const test = (name: string, passed = true, skipped = false) => ({
  name,
  passed,
  skipped,
});

Deno.test("An item has passed when all tests that name it have", () => {
  const outcomes = readOutcomes([
    test("44-9-1 one"),
    test("44-9-1 44-9-2 both", false),
    test("44-9-2 again"),
    test("44-9-3 skipped", true, true),
  ]);
  deepStrictEqual([...outcomes], [["44-9-1", false], ["44-9-2", false]]);
});

Deno.test("The report counts items per section and in all", () => {
  const report = renderReport(SECTIONS, readOutcomes([test("44-9-1 x")]));
  match(report, /\| RFC 7644, section 9: Example \| 4 \| 1 \| 1 \| 1 \|/);
  match(
    report,
    /\| \*\*All\*\* \| \*\*4\*\* \| \*\*1\*\* \| \*\*1\*\* \| \*\*1\*\* \|/,
  );
  match(report, /\| 1 \| 44-9-1 \| MUST \| a \\\| b \| passed \|/);
  match(report, /\| 3 \| 44-9-3 \| MAY \| three \| not tested \|/);
  match(report, /\| four \| not applicable: there is none \|/);
});

Deno.test("Items that failed, that nothing shows and that do not exist are named", () => {
  const outcomes = readOutcomes([
    test("44-9-1 x", false),
    test("44-9-4 44-9-77 y"),
  ]);
  deepStrictEqual(unaccounted(SECTIONS, outcomes), [
    "Item 1 (44-9-1) failed",
    "Item 2 (44-9-2) has neither a test nor a reason why not",
    "Item 3 (44-9-3) has neither a test nor a reason why not",
    "Item 4 (44-9-4) is called not applicable and has a test",
    "A test names 44-9-77, which is no item of the checklist",
  ]);
});

Deno.test("The checklist numbers its items from 1 on, with ids that differ", () => {
  const items = readChecklist().flatMap((section) => section.items);
  ok(items.length > 400);
  deepStrictEqual(
    items.map(({ number }) => number),
    items.map((_, index) => index + 1),
  );
  strictEqual(new Set(items.map(({ id }) => id)).size, items.length);
});
