/**
 * The conformance report: what the tests say about each item of the checklist.
 * @module
 */

import {
  type ChecklistItem,
  type ChecklistSection,
  ITEM_ID,
} from "./checklist.ts";

/** How a test ended. */
export interface TestOutcome {
  readonly name: string;
  readonly passed: boolean;
  readonly skipped: boolean;
}

/** Whether all tests of an item passed, by the id of the item. */
export type Outcomes = ReadonlyMap<string, boolean>;

const ID = new RegExp(`\\b${ITEM_ID}\\b`, "g");

const INTRODUCTION = `# Conformance

What RFC 7642, 7643, 7644 and 9865 ask of a SCIM service provider, item by item,
and what the tests of this repository say about it. The items are in our own words;
the RFCs rule. Each item has tests whose names carry its id (\`44-3.5.2-19\` is
item 19 of RFC 7644 section 3.5.2); \`deno test -A --filter 44-3.5.2-19\` runs them.
Where the RFCs leave a choice, [docs/conformance.md](docs/conformance.md) says which
one was made.

This file is written by \`deno task conformance:report\`, which runs those tests. The
build fails when it is not current.
`;

/** Gathers outcomes by the ids in the names of the tests. A skipped test shows nothing. */
export function readOutcomes(tests: readonly TestOutcome[]): Outcomes {
  const outcomes = new Map<string, boolean>();
  for (const { name, passed, skipped } of tests) {
    if (skipped) continue;
    for (const [id] of name.matchAll(ID)) {
      outcomes.set(id, passed && outcomes.get(id) !== false);
    }
  }
  return outcomes;
}

/** Renders the report as Markdown. */
export function renderReport(
  sections: readonly ChecklistSection[],
  outcomes: Outcomes,
): string {
  const rows = sections.map(({ section, items }) => [
    section,
    ...counts(items, outcomes).map(String),
  ]);
  const all = counts(sections.flatMap(({ items }) => items), outcomes);
  return [
    INTRODUCTION,
    "## In numbers\n",
    table(
      ["Section", "Items", "Tested", "Passed", "Not applicable"],
      [...rows, ["**All**", ...all.map((count) => `**${count}**`)]],
    ),
    ...sections.flatMap(({ section, items }) => [
      `\n## ${section}\n`,
      table(
        ["", "Item", "Level", "What is asked", "Result"],
        items.map((item) => [
          String(item.number),
          item.id,
          item.level,
          cell(item.statement),
          result(item, outcomes),
        ]),
      ),
    ]),
    "",
  ].join("\n");
}

/** What is wrong: items that failed, that nothing shows, or that do not exist. */
export function unaccounted(
  sections: readonly ChecklistSection[],
  outcomes: Outcomes,
): string[] {
  const items = sections.flatMap(({ items }) => items);
  const known = new Set(items.map(({ id }) => id));
  return [
    ...items.filter(({ id }) => outcomes.get(id) === false)
      .map(({ number, id }) => `Item ${number} (${id}) failed`),
    ...items.filter(({ id, notApplicable }) =>
      !outcomes.has(id) && notApplicable === undefined
    ).map(({ number, id }) =>
      `Item ${number} (${id}) has neither a test nor a reason why not`
    ),
    ...items.filter(({ id, notApplicable }) =>
      outcomes.has(id) && notApplicable !== undefined
    ).map(({ number, id }) =>
      `Item ${number} (${id}) is called not applicable and has a test`
    ),
    ...[...outcomes.keys()].filter((id) => !known.has(id))
      .map((id) => `A test names ${id}, which is no item of the checklist`),
  ];
}

function counts(
  items: readonly ChecklistItem[],
  outcomes: Outcomes,
): number[] {
  const tested = items.filter(({ id }) => outcomes.has(id));
  return [
    items.length,
    tested.length,
    tested.filter(({ id }) => outcomes.get(id) === true).length,
    items.filter(({ notApplicable }) => notApplicable !== undefined).length,
  ];
}

function result(
  { id, notApplicable }: ChecklistItem,
  outcomes: Outcomes,
): string {
  if (notApplicable !== undefined) {
    return `not applicable: ${cell(notApplicable)}`;
  }
  const passed = outcomes.get(id);
  return passed === undefined ? "not tested" : passed ? "passed" : "**failed**";
}

function table(head: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)]
    .join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
