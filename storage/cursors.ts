/**
 * Cursors (RFC 9865): stateless, signed, bound to a query and a tenant.
 * @module
 */

import { z } from "zod";
import { CURSOR_TIMEOUT } from "../domain/limits.ts";
import { ScimError } from "../domain/errors.ts";
import {
  hashOf,
  sameText,
  signatureOf,
  textOfBase64Url,
  textToBase64Url,
} from "./hashes.ts";

/** Where a page ended. */
export interface Position {
  /** The id of the last resource of the page. */
  readonly id: string;
  /** Its sort key, if the results are sorted; null for one without a value. */
  readonly key?: string | number | boolean | null;
  /** The name of its type, in a query over several types. */
  readonly type?: string;
}

/** A cursor as it was read. */
export interface ReadCursor {
  readonly position: Position;
  /** How many resources the pages of this walk have. */
  readonly count: number;
}

const content = z.tuple([
  z.literal(1),
  /** When the cursor was made, in seconds since 1970. */
  z.number(),
  z.number(),
  z.object({
    id: z.string(),
    key: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional(),
    type: z.string().optional(),
  }),
]);

/** How many bytes of the signature a cursor carries. */
const SIGNATURE_LENGTH = 18;

/** Makes and reads cursors. */
export class Cursors {
  readonly #secret: string;
  readonly #clock: () => Date;

  /** @param secret known to every process that serves the store */
  constructor(secret: string, clock: () => Date) {
    this.#secret = secret;
    this.#clock = clock;
  }

  /**
   * Makes a cursor. It holds unreserved characters only (RFC 3986 section 2.3).
   *
   * @param query everything that the follow-up request has to repeat
   */
  make(
    tenant: string,
    query: readonly unknown[],
    position: Position,
    count: number,
  ): string {
    const text = textToBase64Url(
      JSON.stringify([1, this.#now(), count, position]),
    );
    return `${text}.${this.#sign(tenant, query, text)}`;
  }

  /**
   * Reads a cursor.
   *
   * @throws {ScimError} 400 invalidCursor for one that was not made for this
   * tenant and query, 400 expiredCursor for one that is too old
   */
  read(tenant: string, query: readonly unknown[], cursor: string): ReadCursor {
    const [text = "", signature = "", ...rest] = cursor.split(".");
    const expected = this.#sign(tenant, query, text);
    if (rest.length > 0 || !sameText(expected, signature)) {
      throw invalidCursor();
    }
    const parsed = content.safeParse(JSON.parse(textOfBase64Url(text)));
    if (!parsed.success) throw invalidCursor();
    const [, made, count, position] = parsed.data;
    if (this.#now() - made > CURSOR_TIMEOUT) {
      throw new ScimError(
        400,
        "expiredCursor",
        `The cursor is older than ${CURSOR_TIMEOUT} seconds; begin again ` +
          "without one",
      );
    }
    const { id, key, type } = position;
    return {
      count,
      position: {
        id,
        ...(key === undefined ? {} : { key }),
        ...(type === undefined ? {} : { type }),
      },
    };
  }

  #now(): number {
    return Math.floor(this.#clock().getTime() / 1000);
  }

  #sign(tenant: string, query: readonly unknown[], text: string): string {
    const bound = hashOf(JSON.stringify([tenant, query]));
    return signatureOf(this.#secret, `${bound}.${text}`, SIGNATURE_LENGTH);
  }
}

function invalidCursor(): ScimError {
  return new ScimError(
    400,
    "invalidCursor",
    "The cursor does not belong to this query; repeat all parameters of the " +
      "request that it came from, or begin again without one",
  );
}
