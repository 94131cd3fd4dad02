/**
 * HTTP/1.1 as a measuring client needs it: requests as bytes that are made once,
 * and a reader that does no more than find the end of an answer. `fetch` would
 * cost the client about as much as the server spends on a request.
 * @module
 */

/** A request as a plan names it. */
export interface WireRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** The body as JSON; none if it is undefined. */
  readonly body?: string;
}

/** The bytes of a request, ready to be sent any number of times. */
export function requestBytes(
  { method, path, body }: WireRequest,
  token: string,
): Uint8Array {
  const content = new TextEncoder().encode(body ?? "");
  const head = [
    `${method} ${path} HTTP/1.1`,
    "Host: localhost",
    `Authorization: Bearer ${token}`,
    ...(body === undefined ? [] : [
      "Content-Type: application/scim+json",
      `Content-Length: ${content.length}`,
    ]),
    "\r\n",
  ].join("\r\n");
  const start = new TextEncoder().encode(head);
  const bytes = new Uint8Array(start.length + content.length);
  bytes.set(start);
  bytes.set(content, start.length);
  return bytes;
}

/** Where bytes come from, as a TCP connection gives them. */
export interface ByteSource {
  /** @returns how many bytes were read; null at the end */
  read(into: Uint8Array): Promise<number | null>;
}

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  /** How long the body is, in bytes. */
  readonly size: number;
  /** When its first byte came, by `performance.now()`. */
  readonly firstByte: number;
  /** The body, if it was asked for. */
  readonly body: string | undefined;
}

const BUFFER_SIZE = 262_144;
const LINE_END = 10;

/** Reads answers from a connection, one after the other. */
export class AnswerReader {
  readonly #source: ByteSource;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  readonly #decoder = new TextDecoder();
  #start = 0;
  #end = 0;
  #body: Uint8Array[] | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /**
   * Reads one answer. The body of one that says what was wrong is always kept.
   *
   * @param keepBody whether the body is wanted
   * @throws {Error} when the connection ends before the answer does
   * @throws {SyntaxError} for what is not an HTTP/1.1 answer
   */
  async read(keepBody: boolean): Promise<Answer> {
    if (this.#start === this.#end) await this.#fill();
    const firstByte = performance.now();
    const statusLine = await this.#line();
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) {
      throw new SyntaxError(
        `Cannot read an answer: it begins with "${statusLine.slice(0, 40)}"`,
      );
    }
    this.#body = keepBody || status >= 400 ? [] : undefined;
    let length = 0;
    let isChunked = false;
    for (;;) {
      const line = await this.#line();
      if (line === "") break;
      const [name = "", value = ""] = line.split(": ", 2);
      if (/^content-length$/i.test(name)) length = Number(value);
      if (/^transfer-encoding$/i.test(name)) isChunked = value === "chunked";
    }
    const size = isChunked ? await this.#chunks() : await this.#take(length);
    return { status, size, firstByte, body: this.#text() };
  }

  async #chunks(): Promise<number> {
    let size = 0;
    for (;;) {
      const length = parseInt(await this.#line(), 16);
      if (Number.isNaN(length)) {
        throw new SyntaxError("Cannot read an answer: a chunk has no length");
      }
      size += await this.#take(length);
      await this.#line();
      if (length === 0) return size;
    }
  }

  async #take(length: number): Promise<number> {
    let left = length;
    while (left > 0) {
      if (this.#start === this.#end) await this.#fill();
      const size = Math.min(left, this.#end - this.#start);
      this.#body?.push(this.#buffer.slice(this.#start, this.#start + size));
      this.#start += size;
      left -= size;
    }
    return length;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.subarray(0, this.#end)
        .indexOf(LINE_END, this.#start);
      if (end >= 0) {
        const line = this.#buffer.subarray(this.#start, end);
        this.#start = end + 1;
        return this.#decoder.decode(line).trimEnd();
      }
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    const room = this.#buffer.subarray(this.#end);
    if (room.length === 0) {
      throw new SyntaxError("Cannot read an answer: a line of it has no end");
    }
    const size = await this.#source.read(room);
    if (size === null) {
      throw new Error("The connection ended before the answer");
    }
    this.#end += size;
  }

  #text(): string | undefined {
    const parts = this.#body;
    if (parts === undefined) return undefined;
    return parts.map((part, index) =>
      this.#decoder.decode(part, { stream: index < parts.length - 1 })
    ).join("");
  }
}
