/**
 * How an exchange or a vector came out.
 * @module
 */

import type { Variables } from "./substitute.ts";
import type { WireAnswer, WireRequest } from "./transport.ts";

/** How binding an expectation is; failures of level `may` are set apart. */
export type Level = "must" | "should" | "may";

/** What an outcome is of. */
export interface Subject {
  /** Unique within its file. */
  readonly name: string;
  readonly level: Level;
}

/** Which of several permitted outcomes a server has chosen. */
export interface Choice {
  readonly preferred: boolean;
  /** The outcome in words, such as `400 invalidFilter`. */
  readonly seen: string;
}

/** How one exchange or vector came out. */
export type Outcome =
  & {
    readonly subject: Subject;
    /** All variables of the run, so that a report can mask the secret ones. */
    readonly variables: Variables;
  }
  & (
    | {
      readonly kind: "passed";
      /** Present if the subject permits more than one outcome. */
      readonly choice?: Choice;
    }
    | { readonly kind: "skipped"; readonly reason: string }
    | {
      readonly kind: "failed";
      readonly request: WireRequest;
      /** Absent if none came. */
      readonly answer?: WireAnswer;
      readonly mismatches: readonly string[];
    }
  );
