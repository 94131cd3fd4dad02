/**
 * Speaking SCIM with one token.
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "../../../domain/json.ts";
import type { Send, WireAnswer, WireRequest } from "../transport.ts";
import type { ResourceTypeName } from "./format.ts";

/** A request and what came back. */
export interface Exchanged {
  readonly request: WireRequest;
  readonly answer: WireAnswer;
  /** The body as a JSON object; `{}` if it is none. */
  readonly document: JsonObject;
}

/** Sends a request; the path begins behind the base URL. */
export type Call = (
  method: string,
  path: string,
  body?: JsonValue,
) => Promise<Exchanged>;

/** No answer came to a request. */
export class NoAnswerError extends Error {
  override name = "NoAnswerError";

  constructor(readonly request: WireRequest, cause: unknown) {
    super(`no answer: ${cause}`, { cause });
  }
}

/** Where the resources of each type are. */
export const ENDPOINTS: Readonly<Record<ResourceTypeName, string>> = {
  User: "/Users",
  Group: "/Groups",
};

/** Makes a client. Its calls reject with {@linkcode NoAnswerError}. */
export function createCall(send: Send, base: string, token: string): Call {
  const { origin, pathname } = new URL(base);
  const prefix = pathname.replace(/\/$/, "");
  return async (method, path, body) => {
    const request: WireRequest = {
      method,
      origin,
      target: prefix + path,
      headers: {
        "authorization": `Bearer ${token}`,
        ...body === undefined
          ? {}
          : { "content-type": "application/scim+json" },
      },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    };
    let answer: WireAnswer;
    try {
      answer = await send(request);
    } catch (error) {
      throw new NoAnswerError(request, error);
    }
    return { request, answer, document: documentOf(answer) };
  };
}

/** The path of a resource. */
export function pathOf(type: ResourceTypeName, id: string): string {
  return `${ENDPOINTS[type]}/${encodeURIComponent(id)}`;
}

/** A member of a document that has to be text; "" if it is none. */
export function textAt(document: JsonObject, name: string): string {
  const value = own(document, name);
  return typeof value === "string" ? value : "";
}

function documentOf({ body }: WireAnswer): JsonObject {
  try {
    const document: JsonValue = JSON.parse(body);
    return isJsonObject(document) ? document : {};
  } catch {
    return {};
  }
}
