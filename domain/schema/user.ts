import {
  binary,
  complex,
  flag,
  readOnly,
  reference,
  text,
} from "./builders.ts";
import { EXTERNAL_ID } from "./common.ts";
import type { AttributeDefinition, SchemaDefinition } from "./definition.ts";

function display(what: string): AttributeDefinition {
  return text(
    "display",
    `How to show the ${what} to people, where the value is hard to read.`,
  );
}

function typeLabel(
  description: string,
  canonicalValues?: readonly string[],
): AttributeDefinition {
  return text("type", description, canonicalValues && { canonicalValues });
}

function primary(what: string): AttributeDefinition {
  return flag(
    "primary",
    `True for the ${what} to prefer. At most one element is primary.`,
  );
}

/**
 * The User schema (RFC 7643 sections 4.1 and 8.7.1), with errata 6004 and 8471
 * applied, and `externalId`, `addresses.primary` and the `ims.type` "other"
 * added, exact case for references, certificates and group ids, and the empty
 * lists of canonical values dropped, because the printed schema omits or
 * contradicts what the RFC's text and examples say.
 */
export const USER_SCHEMA: SchemaDefinition = {
  id: "urn:ietf:params:scim:schemas:core:2.0:User",
  name: "User",
  description: "A person or other account that can be given access",
  attributes: [
    text(
      "userName",
      "The name the user signs in with. It can't be empty, and no two users of a tenant share one, whatever the case of its letters.",
      { required: true, uniqueness: "server" },
    ),
    EXTERNAL_ID,
    complex("name", "The user's real name, whole, in parts, or both.", [
      text(
        "formatted",
        "The whole name as you would print it, such as Dr. Ada M. King, Jr.",
      ),
      text("familyName", "The family name, often called the last name."),
      text("givenName", "The given name, often called the first name."),
      text("middleName", "The middle name, or several of them."),
      text(
        "honorificPrefix",
        "What stands before the name, such as Dr. or Ms.",
      ),
      text(
        "honorificSuffix",
        "What stands after the name, such as Jr. or III.",
      ),
    ]),
    text(
      "displayName",
      "The name to show for this user in lists and pages, preferably the full name.",
      { format: "not-empty" },
    ),
    text(
      "nickName",
      "What friends and colleagues call the user. Not a sign-in name.",
    ),
    reference("profileUrl", "The address of a web page about the user.", [
      "external",
    ]),
    text("title", "The job title, such as Head of Research."),
    text(
      "userType",
      "How the user relates to your organization, such as Employee or Contractor. Any value will do.",
    ),
    text(
      "preferredLanguage",
      "The languages the user likes to read, in the form of an Accept-Language header, such as fr-CA, en;q=0.8.",
    ),
    text(
      "locale",
      "The language tag by which to format dates, numbers and currency for the user, such as de-CH.",
    ),
    text(
      "timezone",
      "The user's time zone by its IANA name, such as Europe/Zurich.",
    ),
    flag(
      "active",
      "Whether the user may use the service. Set it to false to suspend the account.",
    ),
    text(
      "password",
      "A new password in clear text. It can be set but never read back.",
      { mutability: "writeOnly", returned: "never" },
    ),
    complex("emails", "The user's e-mail addresses.", [
      text("value", "The e-mail address itself, such as ada@example.com."),
      display("e-mail address"),
      typeLabel("What the e-mail address is for.", ["work", "home", "other"]),
      primary("e-mail address"),
    ], { multiValued: true }),
    complex("phoneNumbers", "The user's telephone and fax numbers.", [
      text(
        "value",
        "The number itself, best in the international form tel:+1-202-555-0143.",
      ),
      display("number"),
      typeLabel("What the number is for.", [
        "work",
        "home",
        "mobile",
        "fax",
        "pager",
        "other",
      ]),
      primary("number"),
    ], { multiValued: true }),
    complex("ims", "The user's instant messaging accounts.", [
      text("value", "The account's name or address."),
      display("account"),
      typeLabel("The messaging service of the account.", [
        "aim",
        "gtalk",
        "icq",
        "xmpp",
        "msn",
        "skype",
        "qq",
        "yahoo",
        "other",
      ]),
      primary("account"),
    ], { multiValued: true }),
    complex("photos", "Pictures of the user.", [
      reference(
        "value",
        "The address of an image file, not of a page that shows it.",
        ["external"],
      ),
      display("picture"),
      typeLabel("Whether the picture is full size or small.", [
        "photo",
        "thumbnail",
      ]),
      primary("picture"),
    ], { multiValued: true }),
    complex("addresses", "The user's postal addresses.", [
      text(
        "formatted",
        "The whole address as printed on an envelope. May have line breaks.",
      ),
      text(
        "streetAddress",
        "Street, house number, post office box and the like. May have line breaks.",
      ),
      text("locality", "The city, town or village."),
      text("region", "The state, province, canton or county."),
      text(
        "postalCode",
        "The postal code, called ZIP code in the United States.",
      ),
      text(
        "country",
        "The country as a two-letter ISO 3166-1 code, such as CH.",
        { format: "iso3166-alpha2" },
      ),
      typeLabel("What the address is for.", ["work", "home", "other"]),
      primary("address"),
    ], { multiValued: true }),
    readOnly(
      complex(
        "groups",
        "The groups the user belongs to. To change them, change the members of the group.",
        [
          text("value", "The id of the group.", { caseExact: true }),
          reference("$ref", "The URI of the group.", ["Group"]),
          text("display", "The display name of the group."),
          typeLabel(
            "Whether the user is a member itself or by way of another group.",
            ["direct", "indirect"],
          ),
        ],
        { multiValued: true },
      ),
    ),
    complex(
      "entitlements",
      "What the user may have or use, such as a licence.",
      [
        text("value", "The entitlement, in the terms of your application."),
        display("entitlement"),
        typeLabel(
          "A label of your choice that tells kinds of entitlement apart.",
        ),
        primary("entitlement"),
      ],
      { multiValued: true },
    ),
    complex("roles", "What the user is in your application, such as Editor.", [
      text("value", "The role, in the terms of your application."),
      display("role"),
      // Entra ID's tests want no canonical values here.
      typeLabel("A label of your choice that tells kinds of role apart."),
      primary("role"),
    ], { multiValued: true }),
    complex("x509Certificates", "The user's X.509 certificates.", [
      binary(
        "value",
        "Exactly one certificate: its DER form, base64 encoded.",
        { format: "x509-der" },
      ),
      display("certificate"),
      typeLabel("A label of your choice for the use of the certificate."),
      primary("certificate"),
    ], { multiValued: true }),
  ],
};
