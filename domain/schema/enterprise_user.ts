import { complex, readOnly, reference, text } from "./builders.ts";
import type { SchemaDefinition } from "./definition.ts";

/**
 * The Enterprise User extension (RFC 7643 sections 4.3 and 8.7.1), with erratum
 * 8472 applied and `manager.$ref` in exact case, and with `manager.value` and
 * `manager.$ref` optional as section 4.3 has them, although the printed
 * descriptions call them required.
 */
export const ENTERPRISE_USER_SCHEMA: SchemaDefinition = {
  id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
  name: "EnterpriseUser",
  description: "What an employer knows about a user",
  attributes: [
    text(
      "employeeNumber",
      "The number or code by which the employer knows the user.",
    ),
    text(
      "costCenter",
      "The cost center that the user's expenses are charged to.",
    ),
    text("organization", "The organization the user works for."),
    text("division", "The division the user works in."),
    text("department", "The department the user works in."),
    complex("manager", "The person the user reports to, who is a user too.", [
      text("value", "The id of the manager.", { caseExact: true }),
      reference("$ref", "The URI of the manager.", ["User"]),
      readOnly(
        text(
          "displayName",
          "The display name of the manager, taken from that user.",
        ),
      ),
    ]),
  ],
};
