/**
 * The exchange format: what a client sends, and what it accepts as an answer.
 * README.md describes the fields.
 * @module
 */

import { z } from "zod";
import type { JsonValue } from "../../domain/json.ts";
import { isPointer } from "./pointer.ts";

const json: z.ZodType<JsonValue> = z.json();

const pointer = z.string().refine(isPointer, "not a JSON pointer");

const bodyMust = z.record(z.string(), json).refine(
  (expectations) =>
    Object.keys(expectations).every((key) =>
      key.startsWith("#") || isPointer(key)
    ),
  "a key is neither a JSON pointer nor prose (#)",
);

/** A request target holds no blank and no byte outside ASCII (RFC 9112 section 3.2). */
const path = z.string().regex(
  /^(?:\/[\x21-\x7e]*|\{\{\w+\}\})$/,
  "not a slash and printable ASCII, nor one variable",
);

const exchangeSchema = z.strictObject({
  name: z.string().min(1),
  source: z.string().min(1),
  evidence: z.enum(["documented", "observed", "inferred"]),
  level: z.enum(["must", "should", "may"]),
  request: z.strictObject({
    method: z.string().regex(/^[A-Z]+$/),
    path,
    headers: z.record(z.string(), z.string().nullable()).optional(),
    auth: z.enum(["none", "invalid"]).optional(),
    endpoint: z.literal("token").optional(),
    body: json.optional(),
  }),
  expect: z.strictObject({
    status: z.array(z.int().min(100).max(599)).min(1),
    headers_must: z.record(z.string(), json).optional(),
    body_must: bodyMust.optional(),
    notes: z.string().optional(),
  }),
  capture: z.record(z.string().regex(/^\w+$/), pointer).optional(),
  parallel_group: z.string().optional(),
});

const profileSchema = z.enum(["compatible", "rfc"]);

const exchangeFileSchema = z.strictObject({
  profile: profileSchema.optional(),
  notes: z.string().optional(),
  exchanges: z.array(exchangeSchema).min(1).refine(
    (exchanges) =>
      new Set(exchanges.map(({ name }) => name)).size === exchanges.length,
    "two exchanges have one name",
  ),
});

/** One request with the expectations of its answer. */
export type Exchange = z.infer<typeof exchangeSchema>;

/** How strictly a token's server reads requests; a file may ask for one. */
export type Profile = z.infer<typeof profileSchema>;

/** All profiles. */
export const PROFILES: readonly Profile[] = profileSchema.options;

/** One scenario: exchanges that run from top to bottom against an empty tenant. */
export type ExchangeFile = z.infer<typeof exchangeFileSchema>;

/** Parses the name of a profile; `undefined` if there is no such profile. */
export function parseProfile(name: string): Profile | undefined {
  return profileSchema.safeParse(name).data;
}

/**
 * Parses the content of an exchange file.
 *
 * @param content Either an array of exchanges, or an object with `exchanges`
 * and, if the scenario needs one, a `profile`.
 * @throws {SyntaxError} If the content is not in the format, with the place of
 * each mistake.
 */
export function parseExchangeFile(content: unknown): ExchangeFile {
  const result = exchangeFileSchema.safeParse(
    Array.isArray(content) ? { exchanges: content } : content,
  );
  if (!result.success) {
    throw new SyntaxError(
      `Cannot parse exchanges: ${z.prettifyError(result.error)}`,
    );
  }
  return result.data;
}
