/**
 * What the load sends.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import type { GroupState } from "./model.ts";

/** The schema that is added to users, and its attribute that becomes unique. */
export const BADGE = "urn:example:params:scim:schemas:extension:badge:2.0:User";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** The body that creates or replaces a user. */
export function asUser(attributes: JsonObject): JsonObject {
  const schemas = [USER, ...(BADGE in attributes ? [BADGE] : [])];
  return { schemas, ...attributes };
}

/** The body that creates or replaces a group. */
export function asGroup(
  { name, members }: GroupState,
): JsonObject {
  return {
    schemas: [GROUP],
    displayName: name,
    members: [...members].map(({ id = "" }) => ({ value: id })),
  };
}

/** The body of a PATCH with one operation. */
export function patch(operation: JsonObject): JsonObject {
  return { schemas: [PATCH_OP], Operations: [operation] };
}

/** The body that adds or replaces the schema of badges. */
export function badgeSchema(isUnique: boolean): JsonObject {
  return {
    extends: "User",
    schema: {
      id: BADGE,
      name: "Badge",
      description: "What opens the doors",
      attributes: [{
        name: "number",
        type: "string",
        description: "Printed on the badge",
        ...(isUnique ? { uniqueness: "server" } : {}),
      }],
    },
  };
}
