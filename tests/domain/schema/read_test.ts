import assert from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import { COMMON_ATTRIBUTES } from "../../../domain/schema/common.ts";
import {
  resourceTypeResource,
  schemaResource,
  storedResourceType,
  storedSchema,
} from "../../../domain/schema/read.ts";
import { DEVICE_SCHEMA } from "../fixtures.ts";

const ID = "urn:example:params:scim:schemas:2.0:Thing";

/** What is wrong with a schema, as `path message`. */
function problems(schema: JsonValue): string[] {
  const { error } = schemaResource.safeParse(schema);
  return error === undefined
    ? []
    : error.issues.map(({ path, message }) => `${path.join("/")} ${message}`);
}

function schemaWith(...attributes: JsonValue[]): JsonObject {
  return { id: ID, attributes };
}

Deno.test("schemaResource says nothing that was not said", () => {
  assert.deepEqual(schemaResource.parse(schemaWith({ name: "a" })), {
    id: ID,
    attributes: [{ name: "a" }],
  });
});

Deno.test("schemaResource keeps every characteristic", () => {
  const whole = {
    ...DEVICE_SCHEMA,
    attributes: [...DEVICE_SCHEMA.attributes, {
      name: "kind",
      canonicalValues: ["a"],
      canonicalValuesOnly: true,
    }],
  };
  assert.deepEqual(schemaResource.parse(whole), whole);
});

Deno.test("schemaResource reads names in any case, and takes null and [] for nothing", () => {
  const schema = {
    ID,
    NAME: null,
    Attributes: [{
      Name: "A",
      TYPE: "reference",
      referencetypes: ["User"],
      canonicalValues: [],
      description: null,
    }],
  };
  assert.deepEqual(schemaResource.parse(schema), {
    id: ID,
    attributes: [{ name: "A", type: "reference", referenceTypes: ["User"] }],
  });
});

Deno.test("schemaResource drops schemas and meta, which the server makes", () => {
  const schema = {
    ...schemaWith({ name: "a" }),
    schemas: ["x"],
    meta: { location: "y" },
  };
  assert.deepEqual(
    schemaResource.parse(schema),
    schemaResource.parse(schemaWith({ name: "a" })),
  );
});

/** Attributes that are refused, and how the first problem begins. */
const REFUSED: readonly (readonly [JsonObject, string])[] = [
  [{}, "attributes/0/name is required"],
  [{ name: "$ref", type: "reference" }, "attributes/0/name must be a letter"],
  [{ name: "a", type: "complex" }, "attributes/0/subAttributes is required"],
  [
    { name: "a", subAttributes: [{ name: "b" }] },
    "attributes/0/subAttributes is for complex attributes only",
  ],
  [
    {
      name: "a",
      type: "complex",
      subAttributes: [{ name: "b", type: "complex" }],
    },
    "attributes/0/subAttributes/0/type must not be complex",
  ],
  [
    { name: "a", type: "binary", uniqueness: "global" },
    "attributes/0/uniqueness must be none for the type binary",
  ],
  [
    { name: "a", mutability: "writeOnly", returned: "always" },
    "attributes/0/returned must be never",
  ],
  [
    { name: "a", canonicalValuesOnly: true },
    "attributes/0/canonicalValues is required",
  ],
  [
    {
      name: "a",
      type: "complex",
      multiValued: true,
      subAttributes: [{ name: "primary" }],
    },
    "attributes/0/subAttributes/0/type must be boolean",
  ],
  [
    { name: "a", type: "complex", subAttributes: [{ name: "$ref" }] },
    "attributes/0/subAttributes/0/type must be reference",
  ],
  [
    { name: "a", type: "complex", subAttributes: [{ name: "VALUE" }] },
    'attributes/0/subAttributes/0/name must be spelt "value"',
  ],
  [
    { name: "a", multiValued: "true" },
    "attributes/0/multiValued must be a boolean: true or false",
  ],
  [
    { name: "a", canonicalValues: "x" },
    "attributes/0/canonicalValues must be an array of strings",
  ],
  [
    { name: "a", type: "reference", referenceTypes: [5] },
    "attributes/0/referenceTypes/0 must be a string",
  ],
  [
    { name: "a", type: "complex", subAttributes: { name: "b" } },
    "attributes/0/subAttributes must be an array",
  ],
];

for (const [attribute, problem] of REFUSED) {
  Deno.test(`schemaResource refuses ${JSON.stringify(attribute)}`, () => {
    const [first = "", ...others] = problems(schemaWith(attribute));
    assert.ok(first.startsWith(problem), first);
    assert.deepEqual(others, []);
  });
}

Deno.test("schemaResource takes unique texts and numbers that have one value", () => {
  for (const type of ["string", "reference", "integer", "decimal"]) {
    const single = { name: "a", type, uniqueness: "server" };
    const within = {
      name: "b",
      type: "complex",
      subAttributes: [single],
    };
    assert.deepEqual(problems(schemaWith(single, within)), []);
    assert.equal(
      problems(schemaWith({ ...within, multiValued: true })).length,
      1,
    );
  }
});

for (
  const id of [
    "urn:example:a",
    "URN:ietf:params:scim:schemas:core:2.0:Thing",
    "urn:example:a.b_c-d:2.0",
    "urn:m:a",
    "urn:example:a/b",
    "https://example.com/schemas/badge",
    "https://example.com:8080/~ada/s?v=1#badge",
    "tag:example.com%2C2026:badge",
  ]
) {
  Deno.test(`schemaResource takes the URI ${id}`, () => {
    assert.deepEqual(problems({ ...schemaWith({ name: "a" }), id }), []);
  });
}

/** Ids that are refused, and what is said of them. */
const WRONG_IDS: readonly (readonly [string, RegExp])[] = [
  ["badge", /^id must be an absolute URI: it must begin with a scheme/],
  ["/schemas/badge", /^id must be an absolute URI/],
  ["urn:example", /^id must be a URN with a namespace of 1 to 32 letters/],
  ["urn:-a:b", /^id must be a URN with a namespace/],
  ["https://example.com/", /that ends with a letter or digit/],
  ["https://example.com/a b", /of letters, digits and/],
  ["https://example.com/(a)", /of letters, digits and/],
  ["https://example.com/a,b", /of letters, digits and/],
  ["urn:ietf:params:scim:api:x", /^id must not be the URI of a message/],
];

for (const [id, problem] of WRONG_IDS) {
  Deno.test(`schemaResource refuses the URI ${id}, and says why`, () => {
    const [first = "", ...others] = problems({
      ...schemaWith({ name: "a" }),
      id,
    });
    assert.match(first, problem);
    assert.deepEqual(others, []);
  });
}

Deno.test("schemaResource reads characteristics in any case, and spells them as the RFC does", () => {
  const { attributes } = schemaResource.parse(schemaWith({
    name: "a",
    type: "datetime",
    mutability: "READWRITE",
    returned: "Request",
    uniqueness: "NONE",
  }, {
    name: "b",
    type: "Complex",
    subAttributes: [{ name: "c", type: "String", uniqueness: "Server" }],
  }));
  assert.deepEqual(attributes, [{
    name: "a",
    type: "dateTime",
    mutability: "readWrite",
    returned: "request",
    uniqueness: "none",
  }, {
    name: "b",
    type: "complex",
    subAttributes: [{ name: "c", type: "string", uniqueness: "server" }],
  }]);
});

Deno.test("schemaResource takes the common attributes as RFC 7643 section 3.1 has them", () => {
  const wrong = schemaWith(
    { name: "ID", type: "integer", required: true, uniqueness: "global" },
    { name: "externalid", multiValued: true, uniqueness: "server" },
    { name: "Meta", type: "complex", subAttributes: [{ name: "created" }] },
    { name: "schemas", mutability: "readOnly" },
    { name: "a" },
  );
  const common = (name: string) =>
    COMMON_ATTRIBUTES.find((attribute) => attribute.name === name);
  const expected = [
    common("id"),
    common("externalId"),
    common("meta"),
    common("schemas"),
    { name: "a" },
  ];
  assert.deepEqual(schemaResource.parse(wrong).attributes, expected);
  assert.deepEqual(storedSchema.parse(wrong).attributes, expected);
});

Deno.test("schemaResource refuses a common attribute that is there twice", () => {
  assert.deepEqual(problems(schemaWith({ name: "meta" }, { name: "META" })), [
    'attributes/1/name "META" is there twice; names are compared without case',
  ]);
});

Deno.test("schemaResource takes type, primary and display for what they say in a single value", () => {
  const sub = (multiValued: boolean) =>
    schemaWith({
      name: "a",
      type: "complex",
      multiValued,
      subAttributes: [
        { name: "type", type: "integer" },
        { name: "Primary" },
        { name: "display", type: "boolean" },
      ],
    });
  assert.deepEqual(problems(sub(false)), []);
  assert.equal(problems(sub(true)).length, 4);
});

Deno.test("resourceTypeResource puts a slash before the endpoint and fills in what may be left out", () => {
  const type = { name: "Thing", endpoint: "Things", schema: ID };
  assert.deepEqual(resourceTypeResource.parse(type), {
    name: "Thing",
    endpoint: "/Things",
    schema: ID,
    schemaExtensions: [],
  });
  const extended = { ...type, schemaExtensions: [{ schema: "urn:x" }] };
  assert.deepEqual(resourceTypeResource.parse(extended).schemaExtensions, [
    { schema: "urn:x", required: false },
  ]);
});

Deno.test("What was read is read again as it was stored", () => {
  const schema = schemaResource.parse(DEVICE_SCHEMA);
  assert.deepEqual(
    storedSchema.parse(JSON.parse(JSON.stringify(schema))),
    schema,
  );
  const type = resourceTypeResource.parse({
    name: "Device",
    description: "Things",
    endpoint: "/Devices",
    schema: DEVICE_SCHEMA.id,
    schemaExtensions: [{ schema: ID, required: true }],
  });
  assert.deepEqual(
    storedResourceType.parse(JSON.parse(JSON.stringify(type))),
    type,
  );
});
