/**
 * POST /Bulk (RFC 7644 section 3.7): many operations in one request, each of them
 * answered as if it had come alone.
 * @module
 */

import { Hono } from "hono";
import {
  BULK_RESPONSE_SCHEMA,
  readBulkRequest,
} from "../../domain/bulk/message.ts";
import { SCIM_MEDIA_TYPE } from "../middleware/errors.ts";
import { scimResponse } from "./answers.ts";
import { readBody } from "./body.ts";
import { BulkRun, type Send } from "./bulk_run.ts";
import type { ScimEnvironment } from "./environment.ts";
import type { Forward, Sender } from "./forward.ts";
import { methodNotAllowed } from "./methods.ts";

/** Builds the bulk endpoint. */
export function bulk(forward: Forward): Hono<ScimEnvironment> {
  const app = new Hono<ScimEnvironment>();
  app.post("/Bulk", async (c) => {
    const request = readBulkRequest(
      await readBody(c.req),
      c.get("client").profile,
    );
    const sender: Sender = {
      base: c.get("base"),
      client: c.get("client"),
      wantsBody: false,
    };
    const send: Send = async (method, path, data, version) => {
      const response = await forward(path, {
        method,
        headers: {
          "Content-Type": SCIM_MEDIA_TYPE,
          ...(version === undefined ? {} : { "If-Match": version }),
        },
        ...(data === undefined ? {} : { body: JSON.stringify(data) }),
      }, sender);
      return {
        status: response.status,
        location: response.headers.get("Location") ?? undefined,
        version: response.headers.get("ETag") ?? undefined,
        error: response.ok ? undefined : await response.json(),
      };
    };
    const run = new BulkRun(request, sender.base, send);
    const results = await run.results();
    return scimResponse({
      schemas: [BULK_RESPONSE_SCHEMA],
      Operations: results,
    });
  });
  app.all("/Bulk", methodNotAllowed("POST"));
  return app;
}
