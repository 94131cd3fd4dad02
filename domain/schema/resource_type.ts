import { complex, flag, readOnly, reference, text } from "./builders.ts";
import type { SchemaDefinition } from "./definition.ts";

/**
 * The ResourceType schema (RFC 7643 sections 6 and 8.7.2), with errata 7522 and
 * 8475 applied, `id` as section 3.1 has it, `endpoint` in exact case, and
 * `schemaExtensions` optional as section 6 says, because Group has none.
 */
export const RESOURCE_TYPE_SCHEMA: SchemaDefinition = {
  id: "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
  name: "ResourceType",
  description:
    "A kind of resource: where it is found and which schemas it follows",
  attributes: [
    text("id", "The identifier of the resource type, which is its name.", {
      caseExact: true,
      returned: "always",
      uniqueness: "server",
    }),
    text(
      "name",
      "The name that meta.resourceType of a resource refers to, such as User.",
      {
        required: true,
        uniqueness: "server",
      },
    ),
    text("description", "What the resource type is for, in words for people."),
    reference(
      "endpoint",
      "The path of the resource type below the base URL, with its slash, such as /Users.",
      ["uri"],
      { required: true, uniqueness: "server" },
    ),
    reference(
      "schema",
      "The URI of the base schema, to be found under /Schemas.",
      ["uri"],
      { required: true },
    ),
    complex(
      "schemaExtensions",
      "The schemas that can add attributes to the base schema.",
      [
        reference(
          "schema",
          "The URI of the extension, to be found under /Schemas.",
          ["uri"],
          { required: true },
        ),
        flag(
          "required",
          "Whether every resource of the type must carry the extension.",
          { required: true },
        ),
      ],
      { multiValued: true },
    ),
  ].map(readOnly),
};
