/**
 * Secrets: random, recognisable, and stored as hashes only.
 * @module
 */

import { hashOf, sameText, toBase64Url } from "./hashes.ts";

const TOKEN = /^scim_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/;

/**
 * A new bearer token: `scim_`, 256 random bits in base64url, and a checksum, so
 * that secret scanners recognise it and typing errors need no look-up.
 */
export function newToken(): string {
  const secret = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  return `scim_${secret}${checksum(secret)}`;
}

/** Whether a text has the form of a token, its checksum included. */
export function isTokenShaped(text: string): boolean {
  const match = TOKEN.exec(text);
  return match?.[1] !== undefined && match[2] === checksum(match[1]);
}

/** The hash under which a secret is known. */
export function hashSecret(secret: string): string {
  return hashOf(secret);
}

/** Whether two hashes are equal, in a time that does not tell where they differ. */
export function sameHash(a: string, b: string): boolean {
  return sameText(a, b);
}

function checksum(secret: string): string {
  return hashOf(`scim_${secret}`).slice(0, 6);
}
