/**
 * Secrets: random, recognisable, and stored as hashes only.
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

const TOKEN = /^scim_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/;

/**
 * A new bearer token: `scim_`, 256 random bits in base64url, and a checksum, so
 * that secret scanners recognise it and typing errors need no look-up.
 */
export function newToken(): string {
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
  const secret = random.toString("base64url");
  return `scim_${secret}${checksum(secret)}`;
}

/** Whether a text has the form of a token, its checksum included. */
export function isTokenShaped(text: string): boolean {
  const match = TOKEN.exec(text);
  return match?.[1] !== undefined && match[2] === checksum(match[1]);
}

/** The hash under which a secret is known. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/** Whether two hashes are equal, in a time that does not tell where they differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function checksum(secret: string): string {
  return createHash("sha256").update(`scim_${secret}`).digest("base64url")
    .slice(0, 6);
}
