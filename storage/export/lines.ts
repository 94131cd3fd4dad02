/**
 * Cuts bytes into lines of text.
 * @module
 */

import { ExportError } from "./format.ts";

/**
 * The lines of a text, without line breaks. The last one needs none.
 *
 * @param chunks bytes in UTF-8, cut anywhere
 * @throws {ExportError} when they are not UTF-8
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 1;
  let begun: string[] = [];
  for await (const chunk of chunks) {
    const parts = decode(decoder, chunk, number).split("\n");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      yield begun.join("") + part;
      number++;
      begun = [];
    }
    begun.push(last);
  }
  begun.push(decode(decoder, undefined, number));
  const rest = begun.join("");
  if (rest !== "") yield rest;
}

function decode(
  decoder: TextDecoder,
  chunk: Uint8Array | undefined,
  number: number,
): string {
  try {
    return chunk === undefined
      ? decoder.decode()
      : decoder.decode(chunk, { stream: true });
  } catch {
    throw new ExportError(
      `The export is damaged: at line ${number} or soon after, it is not UTF-8`,
    );
  }
}
