import { complex, readOnly, reference, text } from "./builders.ts";
import { EXTERNAL_ID } from "./common.ts";
import type { SchemaDefinition } from "./definition.ts";

/**
 * The Group schema (RFC 7643 sections 4.2 and 8.7.1), with errata 5368 and 6011
 * applied, `externalId` added for Entra ID, ids and references in exact case as
 * sections 3.1 and 2.3.7 want them, and `displayName` unique, because clients
 * find groups by it.
 */
export const GROUP_SCHEMA: SchemaDefinition = {
  id: "urn:ietf:params:scim:schemas:core:2.0:Group",
  name: "Group",
  description: "A set of users and of other groups",
  attributes: [
    text(
      "displayName",
      "The name of the group. No two groups of a tenant share one, whatever the case of its letters.",
      { required: true, uniqueness: "server" },
    ),
    EXTERNAL_ID,
    complex(
      "members",
      "The users and groups in this group. Add and remove members; a member itself can't be edited.",
      [
        text("value", "The id of the member.", {
          caseExact: true,
          mutability: "immutable",
        }),
        reference(
          "$ref",
          "The URI of the member. The server fills it in when it is left out.",
          ["User", "Group"],
          { mutability: "immutable" },
        ),
        text(
          "type",
          "The resource type of the member. The server fills it in when it is left out.",
          { canonicalValues: ["User", "Group"], mutability: "immutable" },
        ),
        readOnly(
          text(
            "display",
            "The display name of the member, taken from the member itself.",
          ),
        ),
      ],
      { multiValued: true },
    ),
  ],
};
