/**
 * Filters and PATCH paths as trees (RFC 7644 figures 1 and 7).
 * @module
 */

import type { AttributePath } from "../path.ts";

/** The comparison operators of RFC 7644 table 3, without `pr`. */
export const COMPARISON_OPERATORS = [
  "eq",
  "ne",
  "co",
  "sw",
  "ew",
  "gt",
  "ge",
  "lt",
  "le",
] as const;

/** A comparison operator, in lower case. */
export type ComparisonOperator = typeof COMPARISON_OPERATORS[number];

/** What an attribute can be compared with: a JSON literal. */
export type Literal = string | number | boolean | null;

/** `userName eq "ada"`. `position` counts characters from 1. */
export interface Comparison {
  readonly kind: "comparison";
  readonly path: AttributePath;
  readonly operator: ComparisonOperator;
  readonly value: Literal;
  /** The value was a bare word, which only the `compatible` profile reads. */
  readonly unquoted?: true;
  readonly position: number;
}

/** `title pr`. */
export interface Presence {
  readonly kind: "presence";
  readonly path: AttributePath;
  readonly position: number;
}

/** `emails[type eq "work" and value co "@example.com"]`. */
export interface ValuePath {
  readonly kind: "valuePath";
  readonly path: AttributePath;
  readonly filter: Filter;
  readonly position: number;
}

/** Two or more filters joined by one operator. */
export interface Junction {
  readonly kind: "and" | "or";
  readonly operands: readonly Filter[];
}

/** `not (…)`. */
export interface Negation {
  readonly kind: "not";
  readonly operand: Filter;
}

/** A filter. */
export type Filter = Comparison | Presence | ValuePath | Junction | Negation;

/** The `path` of a PATCH operation: an attribute, or chosen values of one. */
export interface PatchPath {
  readonly attribute: AttributePath;
  /** Chooses values of a multi-valued attribute. */
  readonly filter?: Filter;
  /** A sub-attribute after the brackets. */
  readonly subAttribute?: string;
}
