/**
 * Formats that RFC 7643 demands of values; checked by the strict profile.
 * @module
 */

import type { ValueFormat } from "./schema/definition.ts";

const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
/** Unreserved characters, sub-delimiters, escapes, and what an IRI adds (RFC 3986 section 2). */
const CHARACTER = "[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2}|[^\\p{ASCII}]";
const AUTHORITY = `//(?:(?:${CHARACTER}|:)*@)?` +
  `(?:\\[[0-9A-Fa-f:.]+\\]|(?:${CHARACTER})*)(?::[0-9]*)?(?![^/?#])`;
const REST = `(?:${CHARACTER}|[:@/?])*`;
const URI_REFERENCE = new RegExp(
  "^(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:))" + // a scheme, or no colon before a slash
    `(?:${AUTHORITY}|(?!//))${REST}(?:#${REST})?$`,
  "u",
);

/** Base64 of RFC 4648 section 4; the padding may be left out (RFC 7643 section 2.3.6). */
export function isBase64(text: string): boolean {
  return BASE64.test(text);
}

/** An absolute or relative URI, or an IRI (RFC 7643 section 2.3.7, RFC 3986 section 4.1). */
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
      return isCertificate(text)
        ? undefined
        : "must be exactly one certificate, as base64 of its DER form";
    case "not-empty":
      return text === "" ? "must not be empty; leave it out" : undefined;
  }
}

/**
 * The tags of what a Certificate consists of: what is signed, the algorithm, the
 * signature (RFC 5280 section 4.1). A list of certificates has other parts.
 */
const CERTIFICATE_PARTS = [0x30, 0x30, 0x03];

/** Whether the text is one certificate, as far as its outermost form tells. */
function isCertificate(text: string): boolean {
  if (!isBase64(text)) return false;
  const whole = readDer(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  if (whole?.tag !== 0x30 || whole.rest.length > 0) return false;
  let rest = whole.content;
  for (const tag of CERTIFICATE_PARTS) {
    const part = readDer(rest);
    if (part?.tag !== tag) return false;
    rest = part.rest;
  }
  return rest.length === 0;
}

/** One DER value and the bytes behind it. */
interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly rest: Uint8Array;
}

/** Reads the DER value that the bytes begin with; undefined when it is cut short. */
function readDer(bytes: Uint8Array): DerValue | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  const isLong = first >= 0x80;
  const lengthBytes = isLong ? first & 0x7f : 0;
  if (isLong && (lengthBytes === 0 || lengthBytes > 4)) return undefined;
  const start = 2 + lengthBytes;
  let length = isLong ? 0 : first;
  for (const byte of bytes.subarray(2, start)) length = length * 256 + byte;
  const end = start + length;
  if (end > bytes.length) return undefined;
  return {
    tag,
    content: bytes.subarray(start, end),
    rest: bytes.subarray(end),
  };
}
