import { complex, dateTime, readOnly, reference, text } from "./builders.ts";
import type { AttributeDefinition } from "./definition.ts";

/**
 * The `externalId` of RFC 7643 section 3.1. The User and the Group schema list
 * it too, because Entra ID offers only those attributes for mapping that it
 * finds in a schema.
 */
export const EXTERNAL_ID: AttributeDefinition = text(
  "externalId",
  "The identifier that your own system uses for this resource. It is kept exactly as sent, and the server never makes one up.",
  { caseExact: true },
);

/**
 * The attributes that every resource has, whatever its schemas say (RFC 7643
 * sections 3 and 3.1). A schema that lists one of them does not change it.
 */
export const COMMON_ATTRIBUTES: readonly AttributeDefinition[] = [
  reference(
    "schemas",
    "The URIs of the schemas whose attributes this resource carries: the base schema and any extensions, in any order.",
    ["uri"],
    { multiValued: true, required: true, returned: "always" },
  ),
  // Not `required`: clients never send it (RFC 7643 erratum 8280 on the senses of the word).
  text(
    "id",
    "The identifier that the server gave this resource. It never changes and is never given to another resource.",
    {
      caseExact: true,
      mutability: "readOnly",
      returned: "always",
      uniqueness: "server",
    },
  ),
  EXTERNAL_ID,
  readOnly(
    complex("meta", "What the server knows about this resource as a record.", [
      text("resourceType", "The name of the resource type, such as User.", {
        caseExact: true,
      }),
      dateTime("created", "When the resource was added."),
      dateTime(
        "lastModified",
        "When the resource last changed. Equals `created` until the first change.",
      ),
      reference("location", "The URI at which this resource can be read.", [
        "uri",
      ]),
      text(
        "version",
        "The entity tag of the current state. Send it in If-Match to change only what you have read.",
        { caseExact: true },
      ),
    ]),
  ),
];

/** Whether a name is that of an attribute which every resource has. */
export function isCommon(name: string): boolean {
  return COMMON_ATTRIBUTES.some((attribute) =>
    attribute.name.toLowerCase() === name.toLowerCase()
  );
}
