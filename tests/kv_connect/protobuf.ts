/**
 * The wire format of Protocol Buffers, as far as KV Connect needs it: numbers and
 * lengths with their bytes.
 * @module
 */

/** One field of a message, with its number. */
export type Field =
  | { readonly number: number; readonly kind: "number"; readonly value: bigint }
  | {
    readonly number: number;
    readonly kind: "bytes";
    readonly value: Uint8Array;
  };

/** Bytes that are no message. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** A number has up to 64 bits, seven in each byte. */
const MAX_VARINT_BYTES = 10;

/**
 * The fields of a message in the order in which they stand there.
 *
 * @throws {MessageError} when the bytes end too early, or a field is of another kind
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = bytes[at++];
      if (byte === undefined) throw new MessageError("A number is cut off");
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MessageError("A number has more than ten bytes");
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    if ((tag & 7) === VARINT) {
      yield { number, kind: "number", value: varint() };
    } else if ((tag & 7) === LENGTH_DELIMITED) {
      const length = Number(varint());
      if (at + length > bytes.length) {
        throw new MessageError(`Field ${number} is cut off`);
      }
      yield { number, kind: "bytes", value: bytes.subarray(at, at += length) };
    } else {
      throw new MessageError(`Field ${number} has the unknown kind ${tag & 7}`);
    }
  }
}

/** A message in the making. */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Adds a number from 0 up to 2^53. */
  number(field: number, value: number): this {
    return this.#add(varint(field << 3 | VARINT)).#add(varint(value));
  }

  /** Adds bytes. */
  bytes(field: number, value: Uint8Array): this {
    return this.#add(varint(field << 3 | LENGTH_DELIMITED))
      .#add(varint(value.length)).#add(value);
  }

  /** Adds a message inside of this one. */
  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  /** The message as bytes. */
  encode(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push(rest % 0x80 + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
