import {
  complex,
  flag,
  integer,
  readOnly,
  reference,
  text,
} from "./builders.ts";
import type { SchemaDefinition } from "./definition.ts";

/**
 * The ServiceProviderConfig schema (RFC 7643 sections 5 and 8.7.2), with `etag`
 * and with `type` and `primary` of `authenticationSchemes` added, which section
 * 5 defines but the printed schema forgets (erratum 8011), and references in
 * exact case.
 */
export const SERVICE_PROVIDER_CONFIG_SCHEMA: SchemaDefinition = {
  id: "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
  name: "Service Provider Configuration",
  description: "What this server can do and where its limits are",
  attributes: [
    reference("documentationUri", "The address of help pages for people.", [
      "external",
    ]),
    complex("patch", "Partial changes with PATCH.", [
      flag("supported", "Whether resources can be changed with PATCH.", {
        required: true,
      }),
    ], { required: true }),
    complex("bulk", "Many operations in one request.", [
      flag("supported", "Whether bulk requests are accepted.", {
        required: true,
      }),
      integer(
        "maxOperations",
        "The most operations that one bulk request may hold.",
        { required: true },
      ),
      integer(
        "maxPayloadSize",
        "The most bytes that the body of a bulk request may have.",
        { required: true },
      ),
    ], { required: true }),
    complex("filter", "Queries that select resources.", [
      flag("supported", "Whether the filter parameter is understood.", {
        required: true,
      }),
      integer("maxResults", "The most resources that one answer holds.", {
        required: true,
      }),
    ], { required: true }),
    complex("changePassword", "Changes of a user's password.", [
      flag("supported", "Whether a password can be changed through SCIM.", {
        required: true,
      }),
    ], { required: true }),
    complex("sort", "Queries with an order.", [
      flag("supported", "Whether sortBy and sortOrder are understood.", {
        required: true,
      }),
    ], { required: true }),
    complex("pagination", "How a list can be read page by page (RFC 9865).", [
      flag("cursor", "Whether a page can be asked for by cursor.", {
        required: true,
      }),
      flag("index", "Whether a page can be asked for by startIndex.", {
        required: true,
      }),
      text(
        "defaultPaginationMethod",
        "How pages are made when a request names neither.",
        { canonicalValues: ["cursor", "index"] },
      ),
      integer(
        "defaultPageSize",
        "How many resources a page has when a request does not say.",
      ),
      integer("maxPageSize", "The most resources that a page has."),
      integer("cursorTimeout", "For how many seconds a cursor can be used."),
    ]),
    complex("etag", "Versions of resources.", [
      flag(
        "supported",
        "Whether resources carry a version and If-Match is understood.",
        { required: true },
      ),
    ], { required: true }),
    complex(
      "authenticationSchemes",
      "The ways in which a client can prove who it is.",
      [
        text("type", "The kind of scheme, for programs to tell it by.", {
          required: true,
          canonicalValues: [
            "oauth",
            "oauth2",
            "oauthbearertoken",
            "httpbasic",
            "httpdigest",
          ],
        }),
        text("name", "What people call the scheme.", { required: true }),
        text("description", "How the scheme is used with this server.", {
          required: true,
        }),
        reference(
          "specUri",
          "The address of the specification of the scheme.",
          ["external"],
        ),
        reference(
          "documentationUri",
          "The address of help pages about the scheme.",
          ["external"],
        ),
        flag(
          "primary",
          "True for the scheme to prefer. At most one scheme is primary.",
        ),
      ],
      { multiValued: true, required: true },
    ),
  ].map(readOnly),
};
