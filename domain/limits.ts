/**
 * The limits that the server announces (RFC 7643 section 5, RFC 9865), and those
 * of URLs.
 * @module
 */

/** The most resources that one answer to a query holds. */
export const MAX_RESULTS = 1_000;

/** How many resources a page has when the client does not say. */
export const DEFAULT_PAGE_SIZE = 100;

/** How long a cursor can be used, in seconds (RFC 9865). */
export const CURSOR_TIMEOUT = 3_600;

/** The largest request body that is read, in bytes; for resources with members see below. */
export const MAX_BODY_SIZE = 1_048_576;

/** The longest URL that is read, in UTF-16 units, percent-encoded as sent. */
export const MAX_URL_LENGTH = 32_768;

/** How long the names of attributes of one list or `sortBy` may be, in UTF-16 units. */
export const MAX_NAMES_LENGTH = 8_192;

/**
 * The largest body of a request that writes a resource with members, in bytes: a
 * group of 100,000 comes to 10 MB with what clients say of each member.
 */
export const MAX_BODY_SIZE_WITH_MEMBERS = 16_777_216;
