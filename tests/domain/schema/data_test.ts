import assert from "node:assert/strict";
import { COMMON_ATTRIBUTES } from "../../../domain/schema/common.ts";
import type {
  AttributeDefinition,
  SchemaDefinition,
} from "../../../domain/schema/definition.ts";
import { ENTERPRISE_USER_SCHEMA } from "../../../domain/schema/enterprise_user.ts";
import { GROUP_SCHEMA } from "../../../domain/schema/group.ts";
import { RESOURCE_TYPE_SCHEMA } from "../../../domain/schema/resource_type.ts";
import {
  GROUP_RESOURCE_TYPE,
  USER_RESOURCE_TYPE,
} from "../../../domain/schema/built_in_types.ts";
import { SCHEMA_SCHEMA } from "../../../domain/schema/schema.ts";
import { SERVICE_PROVIDER_CONFIG_SCHEMA } from "../../../domain/schema/service_provider_config.ts";
import { USER_SCHEMA } from "../../../domain/schema/user.ts";

const SCHEMAS: readonly SchemaDefinition[] = [
  USER_SCHEMA,
  GROUP_SCHEMA,
  ENTERPRISE_USER_SCHEMA,
  SERVICE_PROVIDER_CONFIG_SCHEMA,
  RESOURCE_TYPE_SCHEMA,
  SCHEMA_SCHEMA,
];

const COMMON: SchemaDefinition = {
  id: "",
  name: "common",
  description: "",
  attributes: COMMON_ATTRIBUTES,
};

const SIMPLE_TYPES = [
  "string",
  "boolean",
  "decimal",
  "integer",
  "dateTime",
  "binary",
  "reference",
];

interface Located {
  /** Where the attribute stands, such as `User:emails.type`. */
  readonly path: string;
  readonly attribute: AttributeDefinition;
}

function* walk(
  attributes: readonly AttributeDefinition[],
  prefix: string,
): Generator<Located> {
  for (const attribute of attributes) {
    const path = prefix + attribute.name;
    yield { path, attribute };
    yield* walk(attribute.subAttributes ?? [], `${path}.`);
  }
}

const ALL: readonly Located[] = [COMMON, ...SCHEMAS].flatMap(
  ({ name, attributes }) => [...walk(attributes, `${name}:`)],
);

/** Paths of the attributes that break a rule; a test wants none. */
function offenders(
  breaks: (attribute: AttributeDefinition) => boolean,
): string[] {
  return ALL.filter(({ attribute }) => breaks(attribute)).map(({ path }) =>
    path
  );
}

function find(schema: SchemaDefinition, path: string): AttributeDefinition {
  for (const located of walk(schema.attributes, "")) {
    if (located.path === path) return located.attribute;
  }
  throw new RangeError(`${schema.name} has no attribute ${path}`);
}

function names(
  attributes: readonly AttributeDefinition[] | undefined,
): string[] {
  return (attributes ?? []).map(({ name }) => name);
}

// Rules that every definition keeps.

Deno.test("each schema has its URI, a name and a description", () => {
  assert.deepEqual(SCHEMAS.map(({ id }) => id), [
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
    "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
    "urn:ietf:params:scim:schemas:core:2.0:Schema",
  ]);
  for (const { id, name, description } of SCHEMAS) {
    assert.ok(name?.trim() && description?.trim(), id);
  }
});

Deno.test("each attribute name has the form of RFC 7643 section 2.1, or is $ref", () => {
  const name = /^[A-Za-z][$\-_0-9A-Za-z]*$/;
  assert.deepEqual(
    offenders((a) => a.name !== "$ref" && !name.test(a.name)),
    [],
  );
});

Deno.test("no two attributes on one level have one name, whatever its case", () => {
  const levels = [
    COMMON_ATTRIBUTES,
    ...SCHEMAS.map(({ attributes }) => attributes),
    ...ALL.map(({ attribute }) => attribute.subAttributes ?? []),
  ];
  for (const level of levels) {
    const folded = names(level).map((name) => name.toLowerCase());
    assert.deepEqual(folded, [...new Set(folded)]);
  }
});

Deno.test("each attribute states type, multiValued, required, mutability and returned", () => {
  const types: readonly unknown[] = [...SIMPLE_TYPES, "complex"];
  const incomplete = offenders((a) =>
    !types.includes(a.type) || a.multiValued === undefined ||
    a.required === undefined ||
    a.mutability === undefined || a.returned === undefined
  );
  assert.deepEqual(incomplete, []);
});

Deno.test("each attribute has a description", () => {
  assert.deepEqual(offenders((a) => !a.description?.trim()), []);
});

Deno.test("no description is RFC language", () => {
  const shouts = /\b(MUST|SHALL|SHOULD|MAY|REQUIRED|OPTIONAL|READ-ONLY)\b/;
  assert.deepEqual(offenders((a) => shouts.test(a.description ?? "")), []);
});

Deno.test("complex attributes, and only they, have sub-attributes", () => {
  const wrong = offenders((a) =>
    (a.type === "complex") !== Boolean(a.subAttributes?.length)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("only the Schema schema has a complex attribute within a complex one", () => {
  const nested = ALL.filter(({ path, attribute }) =>
    attribute.type === "complex" && path.includes(".")
  );
  assert.deepEqual(nested.map(({ path }) => path), [
    "Schema:attributes.subAttributes",
  ]);
});

Deno.test("strings, references and binaries, and only they, state caseExact", () => {
  const cased = ["string", "reference", "binary"];
  const wrong = offenders((a) =>
    cased.includes(a.type ?? "") !== (a.caseExact !== undefined)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("strings, references and numbers, and only they, state uniqueness", () => {
  const unique = ["string", "reference", "integer", "decimal"];
  const wrong = offenders((a) =>
    unique.includes(a.type ?? "") !== (a.uniqueness !== undefined)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("references, and only they, state reference types", () => {
  const wrong = offenders((a) =>
    (a.type === "reference") !== Boolean(a.referenceTypes?.length)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("reference types are resource types, external or uri", () => {
  const known = [
    USER_RESOURCE_TYPE.name,
    GROUP_RESOURCE_TYPE.name,
    "external",
    "uri",
  ];
  const wrong = offenders((a) =>
    a.referenceTypes?.some((type) => !known.includes(type)) ?? false
  );
  assert.deepEqual(wrong, []);
});

Deno.test("references and binaries are case-exact (erratum 6001)", () => {
  const wrong = offenders((a) =>
    (a.type === "reference" || a.type === "binary") && a.caseExact !== true
  );
  assert.deepEqual(wrong, []);
});

Deno.test("no list of canonical values is empty or says a value twice", () => {
  const wrong = offenders(({ canonicalValues }) =>
    canonicalValues !== undefined &&
    (canonicalValues.length === 0 ||
      new Set(canonicalValues).size < canonicalValues.length)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("what is never returned is writeOnly, and the other way round", () => {
  const wrong = offenders((a) =>
    (a.returned === "never") !== (a.mutability === "writeOnly")
  );
  assert.deepEqual(wrong, []);
});

Deno.test("nothing below a readOnly attribute can be written", () => {
  const wrong = offenders((a) =>
    a.mutability === "readOnly" &&
    (a.subAttributes ?? []).some(({ mutability }) => mutability !== "readOnly")
  );
  assert.deepEqual(wrong, []);
});

Deno.test("discovery schemas are readOnly throughout", () => {
  const discovery = [
    SERVICE_PROVIDER_CONFIG_SCHEMA,
    RESOURCE_TYPE_SCHEMA,
    SCHEMA_SCHEMA,
  ];
  for (const schema of discovery) {
    for (
      const { path, attribute } of walk(schema.attributes, `${schema.name}:`)
    ) {
      assert.equal(attribute.mutability, "readOnly", path);
    }
  }
});

// Facts about single attributes: the mended defects of the printed schemas, and
// what must stay as it is.

interface Fact {
  readonly sentence: string;
  readonly attribute: AttributeDefinition;
  readonly has: Partial<AttributeDefinition>;
}

const FACTS: readonly Fact[] = [
  {
    sentence: "schemas is a required list of URIs that is always returned",
    attribute: find(COMMON, "schemas"),
    has: {
      type: "reference",
      referenceTypes: ["uri"],
      multiValued: true,
      required: true,
      mutability: "readWrite",
      returned: "always",
    },
  },
  {
    sentence: "id is the server's, case-exact, unique and always returned",
    attribute: find(COMMON, "id"),
    has: {
      type: "string",
      caseExact: true,
      mutability: "readOnly",
      returned: "always",
      uniqueness: "server",
    },
  },
  {
    sentence: "externalId is the client's, case-exact, optional and not unique",
    attribute: find(COMMON, "externalId"),
    has: {
      type: "string",
      required: false,
      caseExact: true,
      mutability: "readWrite",
      returned: "default",
      uniqueness: "none",
    },
  },
  {
    sentence: "meta is readOnly",
    attribute: find(COMMON, "meta"),
    has: { type: "complex", mutability: "readOnly" },
  },
  {
    sentence: "meta.resourceType is case-exact",
    attribute: find(COMMON, "meta.resourceType"),
    has: { caseExact: true },
  },
  {
    sentence: "meta.created is a dateTime",
    attribute: find(COMMON, "meta.created"),
    has: { type: "dateTime" },
  },
  {
    sentence: "meta.lastModified is a dateTime",
    attribute: find(COMMON, "meta.lastModified"),
    has: { type: "dateTime" },
  },
  {
    sentence: "meta.location is a URI",
    attribute: find(COMMON, "meta.location"),
    has: { type: "reference", referenceTypes: ["uri"] },
  },
  {
    sentence: "meta.version is case-exact",
    attribute: find(COMMON, "meta.version"),
    has: { caseExact: true },
  },
  {
    sentence: "userName is required and unique without regard to case",
    attribute: find(USER_SCHEMA, "userName"),
    has: { required: true, caseExact: false, uniqueness: "server" },
  },
  {
    sentence: "password can be written but is never returned",
    attribute: find(USER_SCHEMA, "password"),
    has: { mutability: "writeOnly", returned: "never", uniqueness: "none" },
  },
  {
    sentence: "addresses.primary is published",
    attribute: find(USER_SCHEMA, "addresses.primary"),
    has: { type: "boolean" },
  },
  {
    sentence: "addresses.country is an ISO 3166-1 alpha-2 code",
    attribute: find(USER_SCHEMA, "addresses.country"),
    has: { format: "iso3166-alpha2" },
  },
  {
    sentence: "x509Certificates.value is one DER certificate",
    attribute: find(USER_SCHEMA, "x509Certificates.value"),
    has: { type: "binary", caseExact: true, format: "x509-der" },
  },
  {
    sentence: "groups of User is readOnly",
    attribute: find(USER_SCHEMA, "groups"),
    has: { mutability: "readOnly" },
  },
  {
    sentence: "groups.value is case-exact, since it is an id",
    attribute: find(USER_SCHEMA, "groups.value"),
    has: { caseExact: true },
  },
  {
    sentence: "groups.$ref leads to Groups only (erratum 8471)",
    attribute: find(USER_SCHEMA, "groups.$ref"),
    has: { referenceTypes: ["Group"] },
  },
  {
    sentence: "displayName of Group is required (erratum 5368)",
    attribute: find(GROUP_SCHEMA, "displayName"),
    has: { required: true },
  },
  {
    sentence: "displayName of Group is unique without regard to case",
    attribute: find(GROUP_SCHEMA, "displayName"),
    has: { caseExact: false, uniqueness: "server" },
  },
  {
    sentence: "members is an optional list that a client can write",
    attribute: find(GROUP_SCHEMA, "members"),
    has: { multiValued: true, required: false, mutability: "readWrite" },
  },
  {
    sentence: "members.value is immutable and case-exact, since it is an id",
    attribute: find(GROUP_SCHEMA, "members.value"),
    has: { caseExact: true, mutability: "immutable" },
  },
  {
    sentence: "members.$ref is immutable and leads to Users and Groups",
    attribute: find(GROUP_SCHEMA, "members.$ref"),
    has: { referenceTypes: ["User", "Group"], mutability: "immutable" },
  },
  {
    sentence: "members.type is immutable and is User or Group",
    attribute: find(GROUP_SCHEMA, "members.type"),
    has: { canonicalValues: ["User", "Group"], mutability: "immutable" },
  },
  {
    sentence: "members.display is published and readOnly (erratum 6011)",
    attribute: find(GROUP_SCHEMA, "members.display"),
    has: { mutability: "readOnly" },
  },
  {
    sentence: "manager.value is case-exact, since it is an id (erratum 8472)",
    attribute: find(ENTERPRISE_USER_SCHEMA, "manager.value"),
    has: { caseExact: true },
  },
  {
    sentence:
      "manager.value is not required, whatever its printed description says",
    attribute: find(ENTERPRISE_USER_SCHEMA, "manager.value"),
    has: { required: false },
  },
  {
    sentence:
      "manager.$ref is not required, whatever its printed description says",
    attribute: find(ENTERPRISE_USER_SCHEMA, "manager.$ref"),
    has: { required: false },
  },
  {
    sentence: "manager.displayName is readOnly",
    attribute: find(ENTERPRISE_USER_SCHEMA, "manager.displayName"),
    has: { mutability: "readOnly" },
  },
  {
    sentence: "etag of ServiceProviderConfig is published",
    attribute: find(SERVICE_PROVIDER_CONFIG_SCHEMA, "etag.supported"),
    has: { type: "boolean", required: true },
  },
  {
    sentence:
      "authenticationSchemes.type is published with its values (erratum 8011)",
    attribute: find(
      SERVICE_PROVIDER_CONFIG_SCHEMA,
      "authenticationSchemes.type",
    ),
    has: {
      required: true,
      canonicalValues: [
        "oauth",
        "oauth2",
        "oauthbearertoken",
        "httpbasic",
        "httpdigest",
      ],
    },
  },
  {
    sentence: "authenticationSchemes.primary is published (erratum 8011)",
    attribute: find(
      SERVICE_PROVIDER_CONFIG_SCHEMA,
      "authenticationSchemes.primary",
    ),
    has: { type: "boolean" },
  },
  {
    sentence: "schemaExtensions is a list (erratum 7522)",
    attribute: find(RESOURCE_TYPE_SCHEMA, "schemaExtensions"),
    has: { multiValued: true },
  },
  {
    sentence: "schemaExtensions is optional, since Group has none",
    attribute: find(RESOURCE_TYPE_SCHEMA, "schemaExtensions"),
    has: { required: false },
  },
  {
    sentence: "name of ResourceType is unique (erratum 8475)",
    attribute: find(RESOURCE_TYPE_SCHEMA, "name"),
    has: { uniqueness: "server" },
  },
  {
    sentence: "endpoint of ResourceType is unique (erratum 8475)",
    attribute: find(RESOURCE_TYPE_SCHEMA, "endpoint"),
    has: { uniqueness: "server" },
  },
  {
    sentence: "id of ResourceType is like the common id",
    attribute: find(RESOURCE_TYPE_SCHEMA, "id"),
    has: { caseExact: true, returned: "always", uniqueness: "server" },
  },
  {
    sentence: "id of Schema is like the common id",
    attribute: find(SCHEMA_SCHEMA, "id"),
    has: { caseExact: true, returned: "always", uniqueness: "server" },
  },
  {
    sentence: "an attribute can be binary or complex (errata 5606, 8415, 8435)",
    attribute: find(SCHEMA_SCHEMA, "attributes.type"),
    has: { canonicalValues: [...SIMPLE_TYPES, "complex"] },
  },
  {
    sentence:
      "a sub-attribute can be binary but not complex (errata 5606, 8415, 8435)",
    attribute: find(SCHEMA_SCHEMA, "attributes.subAttributes.type"),
    has: { canonicalValues: SIMPLE_TYPES },
  },
  {
    sentence: "subAttributes.referenceTypes is a list (erratum 5607)",
    attribute: find(SCHEMA_SCHEMA, "attributes.subAttributes.referenceTypes"),
    has: { multiValued: true },
  },
];
for (const { sentence, attribute, has } of FACTS) {
  Deno.test(sentence, () => {
    assert.deepEqual({ ...attribute, ...has }, attribute);
  });
}

// Lists of attributes and of values.

Deno.test("the common attributes are schemas, id, externalId and meta", () => {
  assert.deepEqual(names(COMMON_ATTRIBUTES), [
    "schemas",
    "id",
    "externalId",
    "meta",
  ]);
});

Deno.test("userName is the only attribute of User that is required", () => {
  const required = USER_SCHEMA.attributes.filter((attribute) =>
    attribute.required
  );
  assert.deepEqual(names(required), ["userName"]);
});

for (const schema of [USER_SCHEMA, GROUP_SCHEMA]) {
  Deno.test(`${schema.name} publishes externalId as the common attribute, for Entra ID`, () => {
    assert.deepEqual(find(schema, "externalId"), find(COMMON, "externalId"));
  });
}

for (const name of ["name", "emails", "addresses"]) {
  Deno.test(`${name} of User has no uniqueness (erratum 6004)`, () => {
    assert.equal("uniqueness" in find(USER_SCHEMA, name), false);
  });
}

const LABELS: readonly [
  attribute: string,
  values: readonly string[] | undefined,
][] = [
  ["emails", ["work", "home", "other"]],
  ["phoneNumbers", ["work", "home", "mobile", "fax", "pager", "other"]],
  ["ims", [
    "aim",
    "gtalk",
    "icq",
    "xmpp",
    "msn",
    "skype",
    "qq",
    "yahoo",
    "other",
  ]],
  ["photos", ["photo", "thumbnail"]],
  ["addresses", ["work", "home", "other"]],
  ["groups", ["direct", "indirect"]],
  ["entitlements", undefined],
  ["roles", undefined],
  ["x509Certificates", undefined],
];
for (const [attribute, values] of LABELS) {
  Deno.test(`${attribute}.type suggests ${values?.join(", ") ?? "no values"}`, () => {
    assert.deepEqual(
      find(USER_SCHEMA, `${attribute}.type`).canonicalValues,
      values,
    );
  });
}

Deno.test("each list of User that a client can write has a primary flag", () => {
  const lists = USER_SCHEMA.attributes.filter((a) =>
    a.multiValued && a.mutability !== "readOnly"
  );
  const without = lists.filter((list) =>
    !names(list.subAttributes).includes("primary")
  );
  assert.deepEqual(names(without), []);
});

Deno.test("groups of User has value, $ref, display and type", () => {
  const { subAttributes } = find(USER_SCHEMA, "groups");
  assert.deepEqual(names(subAttributes), ["value", "$ref", "display", "type"]);
});

Deno.test("the enterprise extension has the six attributes of RFC 7643 section 4.3", () => {
  assert.deepEqual(names(ENTERPRISE_USER_SCHEMA.attributes), [
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
    "manager",
  ]);
});

Deno.test("ServiceProviderConfig has etag, and pagination as RFC 9865 adds it", () => {
  assert.deepEqual(names(SERVICE_PROVIDER_CONFIG_SCHEMA.attributes), [
    "documentationUri",
    "patch",
    "bulk",
    "filter",
    "changePassword",
    "sort",
    "pagination",
    "etag",
    "authenticationSchemes",
  ]);
  const pagination = find(SERVICE_PROVIDER_CONFIG_SCHEMA, "pagination");
  assert.deepEqual(names(pagination.subAttributes), [
    "cursor",
    "index",
    "defaultPaginationMethod",
    "defaultPageSize",
    "maxPageSize",
    "cursorTimeout",
  ]);
});

Deno.test("the Schema schema names every characteristic that a published schema has", () => {
  const published = new Set(
    ALL.flatMap(({ attribute }) => Object.keys(attribute)),
  );
  published.delete("format"); // never published
  const named = names(find(SCHEMA_SCHEMA, "attributes").subAttributes);
  assert.deepEqual([...published].filter((key) => !named.includes(key)), []);
});

// Resource types.

Deno.test("User is at /Users with the optional enterprise extension", () => {
  const { name, endpoint, schema, schemaExtensions } = USER_RESOURCE_TYPE;
  assert.deepEqual({ name, endpoint, schema, schemaExtensions }, {
    name: "User",
    endpoint: "/Users",
    schema: "urn:ietf:params:scim:schemas:core:2.0:User",
    schemaExtensions: [{
      schema: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
      required: false,
    }],
  });
});

Deno.test("Group is at /Groups without extensions", () => {
  const { name, endpoint, schema, schemaExtensions } = GROUP_RESOURCE_TYPE;
  assert.deepEqual({ name, endpoint, schema, schemaExtensions }, {
    name: "Group",
    endpoint: "/Groups",
    schema: "urn:ietf:params:scim:schemas:core:2.0:Group",
    schemaExtensions: [],
  });
});
