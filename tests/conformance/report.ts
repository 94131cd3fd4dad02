/**
 * Outcomes as lines of text.
 * @module
 */

import { maskSecrets } from "./mask.ts";
import type { Outcome } from "./outcome.ts";

/** How many exchanges and vectors came out in which way. */
export interface Totals {
  readonly passed: number;
  /** Failures that count. */
  readonly failed: number;
  readonly skipped: number;
  /** Failures of level `may`, unless they count as failed. */
  readonly optional: number;
}

const MAX_BODY = 500;

/**
 * Counts outcomes.
 *
 * @param strict Whether failures of level `may` count as failed.
 */
export function countOutcomes(
  outcomes: readonly Outcome[],
  strict: boolean,
): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0, optional: 0 };
  for (const { kind, subject } of outcomes) {
    const forgiven = kind === "failed" && subject.level === "may" && !strict;
    totals[forgiven ? "optional" : kind] += 1;
  }
  return totals;
}

/**
 * Describes what did not pass, and what passed with another outcome than the
 * preferred one.
 */
export function describeOutcome(file: string, outcome: Outcome): string[] {
  const { subject, variables } = outcome;
  const title = `${file}: ${subject.name}`;
  switch (outcome.kind) {
    case "passed": {
      const { choice } = outcome;
      return choice === undefined || choice.preferred
        ? []
        : [`CHOICE ${title}: ${choice.seen}`];
    }
    case "skipped":
      return [`SKIP ${title}`, `  ${outcome.reason}`];
    case "failed": {
      const { request, answer, mismatches } = outcome;
      const lines = [
        `  ${request.method} ${request.target} -> ${answer?.status ?? "-"}`,
        ...mismatches.map((mismatch) => `  ${mismatch}`),
      ].map((line) => maskSecrets(line, variables));
      if (answer !== undefined && answer.body !== "") {
        lines.push(`  body: ${cut(maskSecrets(answer.body, variables))}`);
      }
      return [`FAIL ${title} [${subject.level}]`, ...lines];
    }
  }
}

/** Says how often a file left a choice, and how often it was the preferred one. */
export function describeChoices(
  file: string,
  outcomes: readonly Outcome[],
): string[] {
  const choices = outcomes.flatMap((outcome) =>
    outcome.kind === "passed" && outcome.choice !== undefined
      ? [outcome.choice]
      : []
  );
  if (choices.length === 0) return [];
  const preferred = choices.filter((choice) => choice.preferred).length;
  return [
    `CHOICES ${file}: of ${choices.length} ambiguous vectors ${preferred} had ` +
    `the preferred outcome, ${
      choices.length - preferred
    } another permitted one`,
  ];
}

/** The last lines of a report. */
export function describeTotals(totals: Totals): string[] {
  const { passed, failed, skipped, optional } = totals;
  const counts = `${passed} passed, ${failed} failed`;
  return [
    ...optional === 0
      ? []
      : [`${optional} of level "may" failed, which counts with --strict only`],
    skipped === 0 ? counts : `${counts}, ${skipped} skipped`,
  ];
}

function cut(text: string): string {
  return text.length > MAX_BODY ? `${text.slice(0, MAX_BODY)}…` : text;
}
