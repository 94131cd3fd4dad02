/**
 * The limits that the server announces (RFC 7643 section 5, RFC 9865).
 * @module
 */

/** The most resources that one answer to a query holds. */
export const MAX_RESULTS = 1_000;

/** How many resources a page has when the client does not say. */
export const DEFAULT_PAGE_SIZE = 100;

/** How long a cursor can be used, in seconds (RFC 9865). */
export const CURSOR_TIMEOUT = 3_600;

/** The largest request body that is read, in bytes. */
export const MAX_BODY_SIZE = 1_048_576;
