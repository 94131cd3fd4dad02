/**
 * Splits a filter into tokens.
 * @module
 */

/** A token. `start` and `end` are offsets into the text. */
export interface Token {
  readonly kind: "word" | "string" | "(" | ")" | "[" | "]" | "end";
  /** The text as written; for strings without the quotation marks' content read. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A place in a filter where reading stopped, and what would have been right. */
export class FilterSyntaxError extends Error {
  override readonly name = "FilterSyntaxError";
  /** Counts characters from 1. */
  readonly position: number;
  readonly hint: string;

  constructor(position: number, problem: string, hint: string) {
    super(problem);
    this.position = position;
    this.hint = hint;
  }
}

const BLANK = /[ \t\r\n]/;
const WORD_END = /[ \t\r\n()[\]"]/g;
const STRING = /"(?:[^"\\]|\\.)*"/sy;

/**
 * Reads tokens one at a time, so that text behind an error is never looked at.
 *
 * @throws {FilterSyntaxError} when a string has no closing quotation mark
 */
export class Lexer {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; `end` again and again at the end of the text. */
  next(): Token {
    const text = this.#text;
    while (
      this.#offset < text.length && BLANK.test(text.charAt(this.#offset))
    ) this.#offset++;
    const start = this.#offset;
    if (start >= text.length) {
      return { kind: "end", text: "", start, end: start };
    }
    const character = text.charAt(start);
    switch (character) {
      case "(":
      case ")":
      case "[":
      case "]":
        return this.#take(character, start + 1);
      case '"':
        return this.#take("string", this.#stringEnd(start));
      default:
        WORD_END.lastIndex = start;
        return this.#take("word", WORD_END.exec(text)?.index ?? text.length);
    }
  }

  #take(kind: Token["kind"], end: number): Token {
    const start = this.#offset;
    this.#offset = end;
    return { kind, text: this.#text.slice(start, end), start, end };
  }

  #stringEnd(start: number): number {
    STRING.lastIndex = start;
    const match = STRING.exec(this.#text);
    if (match === null) {
      throw new FilterSyntaxError(
        start + 1,
        "the string that begins here has no end",
        'close it with a quotation mark ("); a quotation mark inside is written \\"',
      );
    }
    return STRING.lastIndex;
  }
}
