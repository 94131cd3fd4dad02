/**
 * How the admin API reads requests: JSON, validated with Zod; whatever is wrong
 * is told with a pointer to it.
 * @module
 */

import { createMiddleware } from "hono/factory";
import { z } from "zod";
import { ScimError } from "../../domain/errors.ts";
import { readJsonObject } from "../../domain/json_text.ts";
import { clip } from "../../domain/text.ts";
import { problemResponse } from "../middleware/errors.ts";

/** How many mistakes the text of one answer names. */
const MAX_ERRORS_TOLD = 5;

/** The id of a tenant. */
export const tenantId = z.string({ error: "must be a string" }).regex(
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
  "must be 1 to 63 letters, digits, hyphens and underscores",
);

/**
 * Reads the body before zod-validator does, which takes one without a JSON media
 * type for an empty object and does not say what is wrong with malformed JSON.
 *
 * @param orNothing whether no body at all stands for an empty object
 */
export function requireJson({ orNothing = false } = {}) {
  return createMiddleware(async function requireJson(c, next) {
    const text = await c.req.text();
    if (text === "" && orNothing) {
      const headers = new Headers(c.req.raw.headers);
      headers.delete("Content-Type");
      c.req.raw = new Request(c.req.url, { method: c.req.method, headers });
      return await next();
    }
    const type = c.req.header("Content-Type") ?? "";
    if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
      throw new ScimError(
        415,
        undefined,
        'The admin API reads JSON; send "Content-Type: application/json"',
      );
    }
    readJsonObject(text);
    await next();
  });
}

/** An object that has these members and no others; refused ones are told what is known. */
export function closed<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === "unrecognized_keys"
        ? `is not known; known are ${known}`
        : `must be an object with ${known}`,
  });
}

/** Tells which members of a request are wrong, and why. */
export function problemHook(
  result:
    | { success: true }
    | { success: false; error: { issues: readonly z.core.$ZodIssue[] } },
): Response | undefined {
  if (result.success) return undefined;
  const errors = result.error.issues.flatMap((issue) =>
    wrongMembers(issue).map((path) => ({
      pointer: path.map(pointerPart).join(""),
      detail: issue.message,
    }))
  );
  const detail = errors.map(({ pointer, detail }) => `${pointer} ${detail}`)
    .slice(0, MAX_ERRORS_TOLD).join("; ");
  return problemResponse(400, detail, { errors });
}

/** The paths of the members that an issue is about. */
function wrongMembers(issue: z.core.$ZodIssue): PropertyKey[][] {
  return issue.code === "unrecognized_keys"
    ? issue.keys.map((key) => [...issue.path, key])
    : [issue.path];
}

/** One step of a JSON pointer (RFC 6901 section 3). */
function pointerPart(part: PropertyKey): string {
  const text = clip(String(part), 80);
  return `/${text.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
