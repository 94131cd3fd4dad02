/**
 * Changes of texts and bytes that know nothing of what these mean.
 * @module
 */

import type { Random } from "./random.ts";

/** Pieces that mean something somewhere. */
const PIECES: readonly string[] = [
  '"',
  "\\",
  "\u0000",
  "[",
  "]",
  "(",
  ")",
  ".",
  ":",
  " ",
  "%",
  "'",
  ",",
  "\ud83d\ude00",
  "\ufeff",
  "\u202e",
  "İ",
  " and ",
  " pr",
  "not",
  "null",
  "{{",
  "1e400",
  "\n",
];

/** A text with a character or some more gone, doubled, moved or in between. */
export function textMutation(random: Random, text: string): string {
  const at = random.int(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.int(6));
  return random.weighted<() => string>([
    [3, () => text.slice(0, at) + random.pick(PIECES) + text.slice(at)],
    [3, () => text.slice(0, at) + text.slice(end)],
    [2, () => text.slice(0, end) + text.slice(at)],
    [2, () => text.slice(0, at)],
    [1, () => text + text],
    [1, () => text.slice(at)],
    [1, () =>
      text.slice(0, at) + text.slice(at, end).toUpperCase() +
      text.slice(end)],
  ])();
}

/** Bytes with some changed: often no UTF-8 any more. */
export function byteMutation(
  random: Random,
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (bytes.length === 0) return new Uint8Array([random.int(256)]);
  const changed = bytes.slice();
  for (let i = 0; i <= random.int(4); i++) {
    changed[random.int(changed.length)] = random.pick([
      random.int(256),
      0xff,
      0xc0,
      0xed,
      0x00,
      0x7b,
    ]);
  }
  return random.chance(0.3)
    ? changed.slice(0, random.int(changed.length + 1))
    : changed;
}

/** Bytes that nobody has thought about. */
export function rawBytes(random: Random): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    random.times(random.pick([0, 1, 3, 40, 1_000]), () => random.int(256)),
  );
}
