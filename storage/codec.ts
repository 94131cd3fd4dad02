/**
 * How records are stored: a format byte, then JSON, written shorter by phrases, or
 * deflated when it is long.
 * @module
 */

import { expand, shorten } from "./phrases.ts";

/**
 * The newest format that this program reads and the one that it writes. Format 1
 * had no phrases.
 */
export const FORMAT_VERSION = 2;

const PLAIN = 1;
const DEFLATED = 2;
const SHORTENED = 3;

/**
 * Rows above this size take whole overflow pages, more than 4 KB, in SQLite.
 */
const DEFLATE_ABOVE = 900;

/** The largest value that Deno KV keeps under one key, in bytes. */
export const MAX_VALUE_SIZE = 65_536;

/** What V8 adds around the bytes of a value. */
const SERIALIZATION_OVERHEAD = 64;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes a JSON value. */
export function encode(value: unknown): Uint8Array {
  return encodeText(JSON.stringify(value));
}

/** Encodes a JSON text. */
export function encodeText(text: string): Uint8Array {
  const short = encoder.encode(shorten(text));
  return short.length > DEFLATE_ABOVE
    ? tagged(DEFLATED, zlib().deflateRawSync(encoder.encode(text)))
    : tagged(SHORTENED, short);
}

/** Whether encoded bytes fit under one key. */
export function fits(bytes: Uint8Array): boolean {
  return bytes.length + SERIALIZATION_OVERHEAD <= MAX_VALUE_SIZE;
}

/**
 * Decodes what `encode` made.
 *
 * @throws {TypeError} for bytes of a format that this program does not know
 */
export function decode(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError("Cannot decode a stored value: it is not bytes");
  }
  const content = value.subarray(1);
  switch (value[0]) {
    case PLAIN:
      return JSON.parse(decoder.decode(content));
    case SHORTENED:
      return JSON.parse(expand(decoder.decode(content)));
    case DEFLATED:
      return JSON.parse(decoder.decode(zlib().inflateRawSync(content)));
    default:
      throw new TypeError(
        `Cannot decode a stored value: its format ${value[0]} is newer than ` +
          "this program",
      );
  }
}

/** Loaded when it is needed: it takes its time, and few records are so long. */
function zlib() {
  // deno-lint-ignore no-process-global -- importing it loads what is to be put off
  return process.getBuiltinModule("node:zlib");
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + 1);
  bytes[0] = tag;
  bytes.set(content, 1);
  return bytes;
}
