/**
 * The one place where errors become answers.
 * @module
 */

import type { ErrorHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { ScimError } from "../../domain/errors.ts";
import type { Services } from "../services.ts";

/** The media type of every SCIM answer (RFC 7644 section 8.1). */
export const SCIM_MEDIA_TYPE = "application/scim+json";

/** The media type of the admin API's errors (RFC 9457). */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** An answer with a SCIM error body. */
export function scimErrorResponse(error: ScimError): Response {
  const body = { ...error.toJSON(), detail: wellFormed(error.message) };
  return new Response(JSON.stringify(body), {
    status: error.status,
    headers: { "Content-Type": SCIM_MEDIA_TYPE, ...error.headers },
  });
}

/** A name that was cut for a message may end with half of a surrogate pair. */
function wellFormed(detail: string): string {
  return detail.toWellFormed();
}

/** An answer with a problem document. */
export function problemResponse(
  status: number,
  detail: string,
  extra: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const problem = {
    type: "about:blank",
    status,
    detail: wellFormed(detail),
    ...extra,
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: { "Content-Type": PROBLEM_MEDIA_TYPE, ...headers },
  });
}

/**
 * Renders errors. What is not a SCIM error is a defect of the program: it is
 * reported with an id, and the client gets the id only.
 */
export function renderError(
  services: Pick<Services, "report">,
  render: (error: ScimError) => Response,
): ErrorHandler {
  return function renderError(error, c) {
    if (error instanceof ScimError) {
      if (error.status === 503) {
        services.report("unavailable", {
          method: c.req.method,
          path: c.req.path,
          detail: error.message,
        });
      }
      return render(error);
    }
    if (error instanceof HTTPException && error.status < 500) {
      return render(new ScimError(400, "invalidSyntax", error.message));
    }
    const id = crypto.randomUUID();
    services.report("internal error", {
      id,
      method: c.req.method,
      path: c.req.path,
      error: error.stack ?? String(error),
    });
    return render(
      new ScimError(
        500,
        undefined,
        `The server failed; its log tells more under the id ${id}`,
      ),
    );
  };
}
