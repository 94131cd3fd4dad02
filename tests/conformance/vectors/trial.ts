/**
 * What all kinds of vectors have in common when they run.
 * @module
 */

import type { Profile } from "../exchange.ts";
import type { Choice, Subject } from "../outcome.ts";
import type { WireAnswer, WireRequest } from "../transport.ts";
import type { Call } from "./client.ts";
import type { PlaceholderValues } from "./placeholders.ts";
import type { KnownSchemas } from "./schemas.ts";

/** What a trial finds when its turn comes. */
export interface Stage {
  readonly call: Call;
  readonly values: PlaceholderValues;
  readonly schemas: KnownSchemas;
  /** The keys of the samples by their ids on this server. */
  readonly keys: ReadonlyMap<string, string>;
}

/** What came of a trial: no mismatches means that it passed. */
export interface Verdict {
  readonly request: WireRequest;
  readonly answer: WireAnswer;
  readonly mismatches: readonly string[];
  readonly choice?: Choice;
}

/** One vector, ready to run. */
export interface Trial {
  readonly subject: Subject;
  /** The profile of its token; absent if any will do. */
  readonly profile?: Profile;
  readonly needsExtension: boolean;
  /** The keys of the samples without which the outcome means nothing. */
  readonly samples: ReadonlySet<string>;
  /** Why the trial cannot run over HTTP at all. */
  readonly unfit?: string;
  /** @returns What came of it, or in words why that says nothing. */
  readonly run: (stage: Stage) => Promise<Verdict | string>;
}

/**
 * Compares what was seen with the preferred outcome and, if it is not that one,
 * with each alternative.
 *
 * @param mismatchesOf What an outcome demands that was not seen.
 * @param describe An outcome in words.
 */
export function judge<T>(
  preferred: T,
  alternatives: readonly T[] | undefined,
  mismatchesOf: (outcome: T) => readonly string[],
  describe: (outcome: T) => string,
): Pick<Verdict, "mismatches" | "choice"> {
  const mismatches = mismatchesOf(preferred);
  if (alternatives === undefined) return { mismatches };
  if (mismatches.length === 0) {
    return {
      mismatches,
      choice: { preferred: true, seen: describe(preferred) },
    };
  }
  const other = alternatives.find((outcome) =>
    mismatchesOf(outcome).length === 0
  );
  return other === undefined
    ? {
      mismatches: [
        ...mismatches,
        `nor is it a permitted alternative: ${
          alternatives.map(describe).join("; ")
        }`,
      ],
    }
    : { mismatches: [], choice: { preferred: false, seen: describe(other) } };
}
