/**
 * Reads filters and PATCH paths (RFC 7644 figures 1 and 7).
 * @module
 */

import { invalidFilter, invalidPath } from "../errors.ts";
import { type AttributePath, parseAttributePath } from "../path.ts";
import { clip, nearest } from "../text.ts";
import {
  COMPARISON_OPERATORS,
  type ComparisonOperator,
  type Filter,
  type Literal,
  type PatchPath,
} from "./ast.ts";
import { FilterSyntaxError, Lexer, type Token } from "./lexer.ts";

/** The longest filter or path that is read, in UTF-16 units. */
export const MAX_FILTER_LENGTH = 8_192;

/** How deep parentheses, brackets and `not` may nest. */
export const MAX_FILTER_DEPTH = 50;

/** How many comparisons, `pr` included, one filter or path may hold. */
export const MAX_COMPARISONS = 500;

/** What the reader accepts beyond the grammar. Both default to false. */
export interface ParseOptions {
  /** A word without quotation marks as the value of `eq` (Entra's documentation). */
  readonly unquotedValues?: boolean;
  /** The whole filter in single quotation marks (i-net's documentation). */
  readonly singleQuotes?: boolean;
}

/**
 * Reads a filter.
 *
 * Beyond the grammar it accepts runs of blanks, `not(`, and a sub-attribute
 * after a value path, `emails[type eq "work"].value eq "x"`, as Entra sends it:
 * that is read as `emails[type eq "work" and value eq "x"]`.
 *
 * @throws {ScimError} 400 invalidFilter with the position and a hint
 */
export function parseFilter(text: string, options: ParseOptions = {}): Filter {
  try {
    checkLength(text);
    return new Parser(withoutQuotes(text, options), options).filter();
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    throw invalidFilter(explain("Filter", error));
  }
}

/**
 * Reads the `path` of a PATCH operation: `attrPath / valuePath [subAttr]`.
 *
 * @throws {ScimError} 400 invalidPath with the position and a hint
 */
export function parsePatchPath(
  text: string,
  options: ParseOptions = {},
): PatchPath {
  try {
    checkLength(text);
    return new Parser(text, options).patchPath();
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    throw invalidPath(explain("Path", error));
  }
}

function checkLength(text: string): void {
  if (text.length > MAX_FILTER_LENGTH) {
    throw new FilterSyntaxError(
      MAX_FILTER_LENGTH + 1,
      `it is longer than ${MAX_FILTER_LENGTH} characters`,
      "split it into several requests",
    );
  }
}

/** Puts a blank where the opening quotation mark was, so that positions stay right. */
function withoutQuotes(text: string, options: ParseOptions): string {
  if (options.singleQuotes !== true) return text;
  return text.replace(/^(\s*)'(.*)'\s*$/s, "$1 $2");
}

function explain(what: string, error: FilterSyntaxError): string {
  return `${what} cannot be read at position ${error.position}: ` +
    `${error.message}; ${error.hint}`;
}

const OPERATORS: readonly string[] = [...COMPARISON_OPERATORS, "pr"];
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function isComparisonOperator(text: string): text is ComparisonOperator {
  return (COMPARISON_OPERATORS as readonly string[]).includes(text);
}

/** A recursive descent parser whose depth is bounded. */
class Parser {
  readonly #lexer: Lexer;
  readonly #options: ParseOptions;
  #token: Token;
  #previousEnd = 0;
  #depth = 0;
  #comparisons = 0;
  #inBrackets = false;

  constructor(text: string, options: ParseOptions) {
    this.#lexer = new Lexer(text);
    this.#options = options;
    this.#token = this.#lexer.next();
  }

  filter(): Filter {
    const filter = this.#disjunction();
    this.#expectEnd();
    return filter;
  }

  patchPath(): PatchPath {
    const attribute = this.#attributePath();
    const filter = this.#brackets(attribute);
    if (filter === undefined) {
      this.#expectEnd();
      return { attribute };
    }
    const subAttribute = this.#subAttribute();
    this.#expectEnd();
    return subAttribute === undefined
      ? { attribute, filter }
      : { attribute, filter, subAttribute };
  }

  #disjunction(): Filter {
    return this.#junction("or", () => this.#conjunction());
  }

  #conjunction(): Filter {
    return this.#junction("and", () => this.#term());
  }

  /** One or more operands joined by `kind`; `and` binds tighter than `or`. */
  #junction(kind: "and" | "or", operand: () => Filter): Filter {
    const first = operand();
    const operands = [first];
    while (this.#isWord(kind)) {
      this.#expectBlankBefore(kind);
      this.#advance();
      this.#expectBlankBefore("the next expression");
      operands.push(operand());
    }
    return operands.length === 1 ? first : { kind, operands };
  }

  #term(): Filter {
    if (this.#at("(")) return this.#group();
    if (this.#isWord("not")) {
      const not = this.#token;
      this.#advance();
      if (this.#at("(")) {
        return { kind: "not", operand: this.#group() };
      }
      return this.#expression(this.#pathOf(not), not.start + 1);
    }
    const position = this.#token.start + 1;
    return this.#expression(this.#attributePath(), position);
  }

  #group(): Filter {
    this.#advance();
    const inner = this.#deeper(() => this.#disjunction());
    if (!this.#at(")")) {
      throw this.#unexpected(
        "the parenthesis is not closed",
        'write "and", "or" or ")" here',
      );
    }
    this.#advance();
    return inner;
  }

  /** What follows an attribute path: brackets, `pr`, or a comparison. */
  #expression(path: AttributePath, position: number): Filter {
    const inner = this.#brackets(path);
    if (inner === undefined) return this.#comparison(path, position);
    const start = this.#token.start + 2;
    const subAttribute = this.#subAttribute();
    const filter = subAttribute === undefined
      ? inner
      : conjoin(inner, this.#comparison({ name: subAttribute }, start));
    return { kind: "valuePath", path, filter, position };
  }

  /** `[…]` directly behind an attribute path. */
  #brackets(path: AttributePath): Filter | undefined {
    if (!this.#at("[")) return undefined;
    if (this.#token.start !== this.#previousEnd) {
      throw this.#unexpected(
        "there is a blank before the bracket",
        `write it directly behind the attribute, like ${
          path.name ?? "emails"
        }[…]`,
      );
    }
    if (this.#inBrackets) {
      throw this.#unexpected(
        "there are brackets within brackets",
        "join the conditions with and or or",
      );
    }
    if (path.subAttribute !== undefined) {
      throw this.#unexpected(
        "a sub-attribute cannot be followed by brackets",
        `write ${clip(path.name ?? "")}[… ${
          clip(path.subAttribute)
        } …] instead`,
      );
    }
    this.#advance();
    this.#inBrackets = true;
    const inner = this.#deeper(() => this.#disjunction());
    this.#inBrackets = false;
    if (!this.#at("]")) {
      throw this.#unexpected(
        "the bracket is not closed",
        'write "and", "or" or "]" here',
      );
    }
    this.#advance();
    return inner;
  }

  /** `.value` directly behind a closing bracket. */
  #subAttribute(): string | undefined {
    const token = this.#token;
    if (token.kind !== "word" || token.start !== this.#previousEnd) {
      return undefined;
    }
    const name = token.text.startsWith(".")
      ? parseAttributePath(`x${token.text}`)?.subAttribute
      : undefined;
    if (name === undefined) {
      throw this.#unexpected(
        `"${clip(token.text)}" cannot follow the bracket`,
        'only a sub-attribute like ".value" can',
      );
    }
    this.#advance();
    return name;
  }

  #comparison(path: AttributePath, position: number): Filter {
    if (++this.#comparisons > MAX_COMPARISONS) {
      throw new FilterSyntaxError(
        position,
        `there are more than ${MAX_COMPARISONS} comparisons`,
        "split it into several requests",
      );
    }
    const token = this.#token;
    if (token.kind !== "word") {
      throw this.#unexpected(
        "a comparison operator is missing",
        `write one of ${OPERATORS.join(", ")}`,
      );
    }
    const operator = token.text.toLowerCase();
    if (!OPERATORS.includes(operator)) {
      const close = nearest(operator, OPERATORS);
      throw this.#unexpected(
        `"${clip(token.text)}" is not a comparison operator`,
        close === undefined
          ? `use one of ${OPERATORS.join(", ")}`
          : `did you mean "${close}"?`,
      );
    }
    this.#expectBlankBefore(`"${token.text}"`);
    this.#advance();
    if (!isComparisonOperator(operator)) {
      return { kind: "presence", path, position };
    }
    return {
      kind: "comparison",
      path,
      operator,
      ...this.#value(operator),
      position,
    };
  }

  /** Its errors don't repeat what stands there: it may be a secret, or personal. */
  #value(
    operator: ComparisonOperator,
  ): { value: Literal; unquoted?: true } {
    const token = this.#token;
    if (token.kind === "string" || token.kind === "word") {
      this.#expectBlankBefore("the value");
    }
    if (token.kind === "string") {
      const value = this.#string(token);
      this.#advance();
      return { value };
    }
    if (token.kind === "word") {
      const literal = readLiteral(token.text);
      if (literal !== undefined) {
        this.#advance();
        return { value: literal };
      }
      if (
        this.#options.unquotedValues === true && operator === "eq" &&
        /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/.test(token.text)
      ) {
        this.#advance();
        return { value: token.text, unquoted: true };
      }
      throw this.#unexpected(
        "what follows is not a value",
        'a value is a string in quotation marks ("…"), a number, true, false or null',
      );
    }
    throw this.#unexpected(
      `a value is missing after "${operator}"`,
      'write a string in quotation marks ("…"), a number, true, false or null',
    );
  }

  /** A JSON string with all its escapes (RFC 8259 section 7). */
  #string(token: Token): string {
    let value: unknown;
    try {
      value = JSON.parse(token.text);
    } catch {
      value = undefined;
    }
    if (typeof value !== "string") {
      throw this.#unexpected(
        "the string has an escape or a control character that JSON does not allow",
        'write \\" for a quotation mark, \\\\ for a backslash, \\n for a line break',
      );
    }
    if (!value.isWellFormed()) {
      throw this.#unexpected(
        "the string holds half of a surrogate pair",
        "send whole Unicode characters",
      );
    }
    return value;
  }

  #attributePath(): AttributePath {
    const token = this.#token;
    if (token.kind !== "word") {
      throw this.#unexpected(
        token.kind === "end"
          ? "an expression is missing"
          : `"${clip(token.text)}" cannot stand here`,
        'an expression begins with the name of an attribute, like userName eq "a"',
      );
    }
    this.#advance();
    return this.#pathOf(token);
  }

  #pathOf(token: Token): AttributePath {
    const path = parseAttributePath(token.text);
    if (path === undefined) {
      throw new FilterSyntaxError(
        token.start + 1,
        `"${clip(token.text)}" is not the name of an attribute`,
        "a name is made of letters, digits, $, - and _, begins with a letter, " +
          "and may have a schema URI before it and one sub-attribute behind it",
      );
    }
    return path;
  }

  #deeper(parse: () => Filter): Filter {
    if (++this.#depth > MAX_FILTER_DEPTH) {
      throw this.#unexpected(
        `parentheses and brackets are nested deeper than ${MAX_FILTER_DEPTH} levels`,
        "write a flatter expression",
      );
    }
    const inner = parse();
    this.#depth--;
    return inner;
  }

  #at(kind: Token["kind"]): boolean {
    return this.#token.kind === kind;
  }

  #isWord(word: string): boolean {
    return this.#at("word") &&
      this.#token.text.toLowerCase() === word;
  }

  #advance(): void {
    this.#previousEnd = this.#token.end;
    this.#token = this.#lexer.next();
  }

  #expectBlankBefore(what: string): void {
    if (this.#token.start === this.#previousEnd && !this.#at("end")) {
      throw this.#unexpected(`a blank is missing before ${what}`, "add one");
    }
  }

  /** Its error doesn't repeat the rest, which may be a part of a value. */
  #expectEnd(): void {
    if (!this.#at("end")) {
      throw this.#unexpected(
        "what follows is not expected here",
        "the expression is complete before it; join expressions with and or or",
      );
    }
  }

  #unexpected(problem: string, hint: string): FilterSyntaxError {
    return new FilterSyntaxError(this.#token.start + 1, problem, hint);
  }
}

function readLiteral(text: string): Literal | undefined {
  switch (text) {
    case "true":
      return true;
    case "false":
      return false;
    case "null":
      return null;
  }
  if (!JSON_NUMBER.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function conjoin(left: Filter, right: Filter): Filter {
  return {
    kind: "and",
    operands: left.kind === "and" ? [...left.operands, right] : [left, right],
  };
}
