import type { ResourceTypeDefinition } from "./definition.ts";
import { ENTERPRISE_USER_SCHEMA } from "./enterprise_user.ts";
import { GROUP_SCHEMA } from "./group.ts";
import { USER_SCHEMA } from "./user.ts";

/**
 * The User resource type (RFC 7643 sections 4.1 and 6), with an optional
 * enterprise extension, because a user need not have an employer.
 */
export const USER_RESOURCE_TYPE: ResourceTypeDefinition = {
  name: "User",
  description: "People and other accounts that can be given access",
  endpoint: "/Users",
  schema: USER_SCHEMA.id,
  schemaExtensions: [{ schema: ENTERPRISE_USER_SCHEMA.id, required: false }],
};

/** The Group resource type (RFC 7643 sections 4.2 and 6), which has no extensions. */
export const GROUP_RESOURCE_TYPE: ResourceTypeDefinition = {
  name: "Group",
  description: "Sets of users and of other groups",
  endpoint: "/Groups",
  schema: GROUP_SCHEMA.id,
  schemaExtensions: [],
};
