import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { exchanges } from "./fake_server.ts";
import {
  countOutcomes,
  describeChoices,
  describeOutcome,
  describeTotals,
} from "./report.ts";
import type { Outcome } from "./outcome.ts";

const TOKEN = "scim_0123456789";

function outcome(
  level: "must" | "should" | "may",
  kind: Outcome["kind"],
  body = "",
): Outcome {
  const [subject] = exchanges({ name: "read", level });
  if (subject === undefined) throw new TypeError("No exchange was made");
  const base = { subject, variables: new Map([["token", TOKEN]]) };
  switch (kind) {
    case "passed":
      return { ...base, kind };
    case "skipped":
      return { ...base, kind, reason: "because" };
    case "failed":
      return {
        ...base,
        kind,
        request: {
          method: "GET",
          origin: "http://localhost",
          target: `/Users?t=${TOKEN}`,
          headers: {},
        },
        answer: { status: 500, headers: new Map(), body },
        mismatches: [`/id: expected nothing, got "${TOKEN}"`],
      };
  }
}

Deno.test("describeOutcome() says nothing about an exchange that passed", () => {
  deepStrictEqual(describeOutcome("a.json", outcome("must", "passed")), []);
});

function chosen(preferred: boolean, seen: string): Outcome {
  const subject = { name: "F1", level: "must" } as const;
  const choice = { preferred, seen };
  return { kind: "passed", subject, variables: new Map(), choice };
}

Deno.test("describeOutcome() shows a choice that was not the preferred one", () => {
  deepStrictEqual(describeOutcome("a.json", chosen(true, "matches ann")), []);
  deepStrictEqual(
    describeOutcome("a.json", chosen(false, "400 invalidFilter")),
    [
      "CHOICE a.json: F1: 400 invalidFilter",
    ],
  );
});

Deno.test("describeChoices() counts the preferred outcomes and the others", () => {
  const outcomes = [chosen(true, "a"), chosen(false, "b"), chosen(true, "c")];
  deepStrictEqual(describeChoices("a.json", outcomes), [
    "CHOICES a.json: of 3 ambiguous vectors 2 had the preferred outcome, 1 another permitted one",
  ]);
});

Deno.test("describeChoices() says nothing where there was no choice", () => {
  deepStrictEqual(describeChoices("a.json", [outcome("must", "passed")]), []);
});

Deno.test("describeOutcome() gives the reason of a skip", () => {
  deepStrictEqual(describeOutcome("a.json", outcome("must", "skipped")), [
    "SKIP a.json: read",
    "  because",
  ]);
});

Deno.test("describeOutcome() shows request, status, mismatches and body without secrets", () => {
  const failed = outcome("should", "failed", `{"detail":"no ${TOKEN}"}`);
  deepStrictEqual(describeOutcome("a.json", failed), [
    "FAIL a.json: read [should]",
    "  GET /Users?t=[token] -> 500",
    '  /id: expected nothing, got "[token]"',
    '  body: {"detail":"no [token]"}',
  ]);
});

Deno.test("describeOutcome() cuts a body to 500 characters, after masking", () => {
  const body = "x".repeat(495) + TOKEN + "y".repeat(900);
  const line = describeOutcome("a.json", outcome("must", "failed", body)).at(
    -1,
  );
  strictEqual(line, `  body: ${"x".repeat(495)}[toke…`);
});

const MIXED = [
  outcome("must", "passed"),
  outcome("should", "failed"),
  outcome("may", "failed"),
  outcome("may", "skipped"),
];

Deno.test("countOutcomes() sets failures of level may apart", () => {
  deepStrictEqual(countOutcomes(MIXED, false), {
    passed: 1,
    failed: 1,
    skipped: 1,
    optional: 1,
  });
});

Deno.test("countOutcomes() counts them when strict", () => {
  deepStrictEqual(countOutcomes(MIXED, true), {
    passed: 1,
    failed: 2,
    skipped: 1,
    optional: 0,
  });
});

Deno.test("describeTotals() ends with the counts", () => {
  const totals = { passed: 3, failed: 0, skipped: 0, optional: 0 };
  deepStrictEqual(describeTotals(totals), ["3 passed, 0 failed"]);
  strictEqual(
    describeTotals({ ...totals, skipped: 2, optional: 1 }).at(-1),
    "3 passed, 0 failed, 2 skipped",
  );
});
