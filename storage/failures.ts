/**
 * What a store says when what is below it fails, as an answer.
 * @module
 */

import { ScimError } from "../domain/errors.ts";

/** The words of SQLite and of KV Connect, and what is wrong then and who can mend it. */
const FAILURES: readonly (readonly [RegExp, string])[] = [
  [
    /database or disk is full/,
    "The store has no room left on its disk; nothing can be written until the " +
    "operator makes room. Send the request again later",
  ],
  [
    /readonly database/,
    "The store may only be read; nothing can be written until the operator " +
    "makes its files writable. Send the request again later",
  ],
  [
    /disk I\/O error|unable to open database file/,
    "The store cannot read or write its files; the operator should look at its " +
    "disk. Send the request again later",
  ],
  [
    /^Failed to fetch metadata|\(status=4(?:01|03|29)\b|disabled for this database/,
    "The KV server lets nobody in at present; the operator should look at its " +
    "access token. Send the request again later",
  ],
];

/**
 * The answer to a failure of the disk, or of the server that keeps the store: it
 * passes when that is well again, so that a client should come back.
 *
 * @returns 503 with Retry-After; undefined for any other error
 */
export function storeFailure(error: unknown): ScimError | undefined {
  if (!(error instanceof Error)) return undefined;
  const found = FAILURES.find(([words]) => words.test(error.message));
  return found &&
    new ScimError(503, undefined, found[1], { "Retry-After": "30" });
}
