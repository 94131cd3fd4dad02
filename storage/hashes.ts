/**
 * Hashes of texts, and how they are written. By a library in JavaScript: the
 * modules of Node load its streams as well, which would take a fifth of the start.
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The SHA-256 hash of a text in base64url, 43 characters. */
export function hashOf(text: string): string {
  return toBase64Url(sha256(encoder.encode(text)));
}

/**
 * The signature of a text (HMAC, SHA-256).
 *
 * @param length how many of its bytes to give, in base64url
 */
export function signatureOf(
  secret: string,
  text: string,
  length: number,
): string {
  const signature = hmac(sha256, encoder.encode(secret), encoder.encode(text));
  return toBase64Url(signature.subarray(0, length));
}

/** Bytes in base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_")
    .replace(/=+$/, "");
}

/** A text as base64url of its UTF-8. */
export function textToBase64Url(text: string): string {
  return toBase64Url(encoder.encode(text));
}

/**
 * The text that `textToBase64Url` took.
 *
 * @throws {DOMException} for what is no base64url
 */
export function textOfBase64Url(base64Url: string): string {
  const binary = atob(base64Url.replace(/-/g, "+").replace(/_/g, "/"));
  return decoder.decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
}

/** Whether two texts are equal, in a time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  let differences = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    differences |= a.charCodeAt(i) ^ b.charCodeAt(i);
  }
  return differences === 0;
}
