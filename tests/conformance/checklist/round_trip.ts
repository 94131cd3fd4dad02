/**
 * Users that come back as they were sent.
 * @module
 */

import { deepStrictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import type { Client } from "../../routes/harness.ts";

/**
 * Creates a user and checks that it has just the attributes that were sent, in
 * the answer and when it is read again.
 *
 * @returns the id of the user
 */
export async function roundTrip(
  client: Client,
  userName: string,
  attributes: JsonObject,
): Promise<string> {
  const { id, json } = await client.user(userName, attributes);
  const { schemas: _, id: __, meta: ___, ...shown } = json;
  deepStrictEqual(shown, { userName, ...attributes });
  deepStrictEqual((await client.get(`/Users/${id}`)).json, json);
  return id;
}
