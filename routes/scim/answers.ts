/**
 * SCIM answers.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import { SCIM_MEDIA_TYPE } from "../middleware/errors.ts";
import type { Services } from "../services.ts";

/** The schema URI of a list. */
export const LIST_RESPONSE_SCHEMA =
  "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/** How long a client may take nothing of an answer, in milliseconds. */
const STALLED_AFTER = 60_000;

const encoder = new TextEncoder();

/** How an answer that is written bit by bit is watched. */
export interface StreamOptions {
  /** Is told why an answer was cut off in the middle. */
  readonly onCutOff?: (reason: unknown) => void;
  /** How long a client may take nothing of it, in milliseconds. */
  readonly stalledAfter?: number;
}

/** Tells the operator of answers that were cut off. */
export function reportingCutOff(
  { report }: Pick<Services, "report">,
): StreamOptions {
  return {
    onCutOff: (reason) => report("answer cut off", { reason: String(reason) }),
  };
}

/** An answer with a JSON body. */
export function scimResponse(
  body: JsonObject,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return textResponse(JSON.stringify(body), status, headers);
}

function textResponse(
  text: string,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response {
  const bytes = encoder.encode(text);
  return new Response(bytes, {
    status,
    headers: {
      "Content-Type": SCIM_MEDIA_TYPE,
      // So that HEAD tells the length of what GET would send.
      "Content-Length": String(bytes.length),
      ...headers,
    },
  });
}

/**
 * An answer whose JSON is made while it is sent, as fast as the client takes it.
 * When the making fails, or the client takes nothing for a minute, the connection
 * ends in the middle, so that nobody takes a part for the whole. When the client
 * goes away, the making ends.
 */
export function streamedResponse(
  texts: AsyncGenerator<string>,
  status: number,
  headers: Readonly<Record<string, string>>,
  { onCutOff = () => {}, stalledAfter = STALLED_AFTER }: StreamOptions = {},
): Response {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const end = async (): Promise<void> => {
    isOver = true;
    clearTimeout(timer);
    await texts.return(undefined);
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      clearTimeout(timer);
      try {
        const { done, value } = await texts.next();
        // Whoever went away while it was made does not want it.
        if (isOver) return;
        if (done === true) return controller.close();
        controller.enqueue(encoder.encode(value));
      } catch (error) {
        onCutOff(error);
        return controller.error(error);
      }
      timer = setTimeout(() => {
        const stalled = new Error("The client takes nothing of the answer");
        onCutOff(stalled);
        controller.error(stalled);
        end().catch(onCutOff);
      }, stalledAfter);
    },
    cancel: end,
    // Nothing is made before somebody reads it: HEAD has the same headers.
  }, { highWaterMark: 0 });
  return new Response(body, {
    status,
    headers: { "Content-Type": SCIM_MEDIA_TYPE, ...headers },
  });
}

/** A ListResponse (RFC 7644 section 3.4.2). `Resources` is there when it is empty, too. */
export function listResponse(
  resources: readonly JsonObject[],
  totalResults: number,
  startIndex: number,
): JsonObject {
  return {
    schemas: [LIST_RESPONSE_SCHEMA],
    totalResults,
    itemsPerPage: resources.length,
    startIndex,
    Resources: [...resources],
  };
}

/**
 * A ListResponse of resources that are JSON already.
 *
 * @param more what else the message holds: totalResults, startIndex, nextCursor
 */
export function listOfTexts(
  resources: readonly string[],
  more: JsonObject,
): Response {
  const text = `${listHead(resources.length, more)}${resources.join(",")}]}`;
  return textResponse(text, 200, {});
}

/**
 * A ListResponse of one resource whose JSON is made while it is sent.
 *
 * @param more what else the message holds: totalResults, startIndex, nextCursor
 */
export function listOfOne(
  resource: AsyncGenerator<string>,
  more: JsonObject,
  options: StreamOptions = {},
): Response {
  async function* texts(): AsyncGenerator<string> {
    yield listHead(1, more);
    yield* resource;
    yield "]}";
  }
  return streamedResponse(texts(), 200, {}, options);
}

/** The beginning of a ListResponse, up to its first resource. */
function listHead(itemsPerPage: number, more: JsonObject): string {
  const head = JSON.stringify({
    schemas: [LIST_RESPONSE_SCHEMA],
    ...more,
    itemsPerPage,
  });
  return `${head.slice(0, -1)},"Resources":[`;
}
