/**
 * Formats that RFC 7643 demands of values; checked by the strict profile.
 * @module
 */

import type { ValueFormat } from "./schema/definition.ts";

const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const URI_REFERENCE =
  /^(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=[\]-]|%[0-9A-Fa-f]{2}|[^\p{ASCII}])*$/u;

/** Base64 of RFC 4648 section 4; the padding may be left out (RFC 7643 section 2.3.6). */
export function isBase64(text: string): boolean {
  return BASE64.test(text);
}

/** An absolute or relative URI, or an IRI (RFC 7643 section 2.3.7). */
export function isUriReference(text: string): boolean {
  return URI_REFERENCE.test(text) && !/\s/u.test(text);
}

/** What is wrong with a value of a format; undefined when nothing is. */
export function formatProblem(
  format: ValueFormat,
  text: string,
): string | undefined {
  switch (format) {
    case "iso3166-alpha2":
      return /^[A-Za-z]{2}$/.test(text)
        ? undefined
        : 'must be an ISO 3166-1 code of two letters, like "DE"';
    case "x509-der":
      return isOneDerSequence(text)
        ? undefined
        : "must be exactly one certificate, as base64 of its DER form";
  }
}

/** Whether the bytes are one DER SEQUENCE that ends where the bytes end. */
function isOneDerSequence(text: string): boolean {
  if (!isBase64(text)) return false;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const [tag, first] = bytes;
  if (tag !== 0x30 || first === undefined) return false;
  if (first < 0x80) return bytes.length === 2 + first;
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0 || lengthBytes > 4) return false;
  let length = 0;
  for (const byte of bytes.subarray(2, 2 + lengthBytes)) {
    length = length * 256 + byte;
  }
  return bytes.length === 2 + lengthBytes + length &&
    bytes[2 + lengthBytes] === 0x30;
}
