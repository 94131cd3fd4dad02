import assert from "node:assert/strict";
import {
  addResourceType,
  addSchema,
  MAX_DEFINITIONS,
  removeResourceType,
  removeSchema,
  replaceSchema,
} from "../../domain/definitions.ts";
import {
  compareSchemas,
  withoutUniqueness,
} from "../../domain/schema_change.ts";
import { attributeOf } from "../../domain/schema/compile.ts";
import {
  type Definitions,
  GROUP_NAMES,
  NO_DEFINITIONS,
  Registry,
} from "../../domain/registry.ts";
import type {
  AttributeDefinition,
  ResourceTypeDefinition,
  SchemaDefinition,
} from "../../domain/schema/definition.ts";
import { GROUP_URI, refuses, USER_URI } from "./fixtures.ts";

const ID = "urn:example:2.0:Badge";

function schema(
  ...attributes: readonly AttributeDefinition[]
): SchemaDefinition {
  return { id: ID, attributes };
}

const THING: ResourceTypeDefinition = {
  name: "Thing",
  endpoint: "/Things",
  schema: ID,
  schemaExtensions: [],
};

/** BADGE alone, and BADGE as the schema of things. */
const BADGE = addSchema(NO_DEFINITIONS, {
  definition: schema({ name: "number" }),
  required: false,
});
const THINGS = addResourceType(BADGE, THING);

/** Definitions with an extension of a type. */
function extending(
  type: string,
  ...attributes: readonly AttributeDefinition[]
): Definitions {
  const definition = schema(...attributes);
  return addSchema(NO_DEFINITIONS, {
    definition,
    extends: type,
    required: true,
  });
}

Deno.test("addSchema() extends a type under the type's own name", () => {
  const definitions = extending("uSER", { name: "number" });
  assert.equal(definitions.schemas[0]?.extends, "User");
  const type = new Registry(definitions).byName("User");
  assert.equal(type?.extensions.get(ID.toLowerCase())?.required, true);
});

Deno.test("addSchema() leaves the definitions before it as they were", () => {
  assert.deepEqual(NO_DEFINITIONS.schemas, []);
  assert.equal(BADGE.schemas.length, 1);
});

for (
  const [id, detail] of [
    [ID, `There is a schema "${ID}" already; PUT /admin/schemas/${ID}`],
    [ID.toUpperCase(), `There is a schema "${ID.toUpperCase()}" already`],
    [USER_URI.toLowerCase(), "is built in; it cannot be added or changed"],
  ] as const
) {
  Deno.test(`addSchema() refuses the URI ${id}, which is taken`, () => {
    const definition = { ...schema({ name: "a" }), id };
    refuses(
      () => addSchema(BADGE, { definition, required: false }),
      409,
      undefined,
      detail,
    );
  });
}

/** URIs that are paths of attributes, too, beside a schema with the attribute "card". */
const PATHS: readonly (readonly [string, string, string])[] = [
  [`${ID}:Card`, ID, "card"],
  [`${ID.toUpperCase()}:CARD.PIN`, ID, "card.pin"],
  [`${ID}:externalid`, ID, "externalId"],
  [`${USER_URI}:Title`, USER_URI, "title"],
  [`${USER_URI}:meta.version`, USER_URI, "meta.version"],
  [
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager.value",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "manager.value",
  ],
];

const CARD: AttributeDefinition = {
  name: "card",
  type: "complex",
  subAttributes: [{ name: "pin" }],
};

for (const [id, other, attribute] of PATHS) {
  for (const extended of [undefined, "Group"]) {
    Deno.test(`addSchema() refuses the URI ${id}, which is the path of an attribute, ${extended ?? "nothing"} extended`, () => {
      const before = addSchema(NO_DEFINITIONS, {
        definition: schema(CARD),
        required: false,
      });
      refuses(
        () =>
          addSchema(before, {
            definition: { id, attributes: [{ name: "a" }] },
            required: false,
            extends: extended,
          }),
        409,
        undefined,
        `The schema "${id}" and the attribute "${attribute}" of the schema ` +
          `"${other}" would have the same path`,
      );
    });
  }
}

Deno.test("replaceSchema() refuses an attribute whose path is the URI of a schema", () => {
  const id = `${ID}:Card.Pin`;
  const before = addSchema(BADGE, {
    definition: { id, attributes: [{ name: "a" }] },
    required: false,
  });
  refuses(
    () => replaceSchema(before, schema({ name: "number" }, CARD)),
    409,
    undefined,
    `The schema "${id}" and the attribute "card.pin" of the schema "${ID}"`,
  );
  replaceSchema(before, schema({ name: "card" }, { name: "cards" }));
});

Deno.test("addResourceType() has no schema whose URI is the path of an attribute", () => {
  const id = `${ID}:number`;
  refuses(
    () =>
      addResourceType({
        ...BADGE,
        schemas: [...BADGE.schemas, {
          definition: { id, attributes: [{ name: "a" }] },
          required: false,
        }],
      }, { ...THING, schemaExtensions: [{ schema: id, required: false }] }),
    409,
    undefined,
    `The schema "${id}" and the attribute "number" of the schema "${ID}"`,
  );
});

Deno.test("A schema whose URI begins like an attribute's path goes beside it", () => {
  for (const id of [`${ID}:number:2.0`, `${ID}:numbers`, `${ID}number`]) {
    addSchema(BADGE, {
      definition: { id, attributes: [{ name: "number" }] },
      required: false,
    });
  }
});

Deno.test("An extension that no client can send is not required", () => {
  const silent: AttributeDefinition = { name: "a", mutability: "readOnly" };
  const within: AttributeDefinition = {
    name: "b",
    type: "complex",
    subAttributes: [silent],
  };
  const detail = `"${ID}" cannot be required of User: all its attributes`;
  refuses(() => extending("User", silent, within), 400, undefined, detail);
  extending("User", silent, { name: "c" });
  const optional = addSchema(NO_DEFINITIONS, {
    definition: schema(silent),
    extends: "User",
    required: false,
  });
  refuses(
    () => replaceSchema(optional, schema(silent), true),
    400,
    undefined,
    detail,
  );
  refuses(
    () => replaceSchema(extending("User", { name: "c" }), schema(within)),
    400,
    undefined,
    detail,
  );
  const alone = addSchema(NO_DEFINITIONS, {
    definition: schema(silent),
    required: false,
  });
  refuses(
    () =>
      addResourceType(alone, {
        ...THING,
        schema: USER_URI,
        schemaExtensions: [{ schema: ID, required: true }],
      }),
    400,
    undefined,
    `"${ID}" cannot be required of Thing`,
  );
});

Deno.test("replaceSchema() changes whether an extension is required", () => {
  const before = extending("User", { name: "number" });
  const required = (definitions: Definitions) =>
    definitions.schemas[0]?.required;
  const optional = replaceSchema(before, schema({ name: "number" }), false);
  assert.equal(required(optional), false);
  assert.equal(
    required(replaceSchema(optional, schema({ name: "number" }))),
    false,
  );
  assert.equal(
    required(replaceSchema(optional, schema({ name: "number" }), true)),
    true,
  );
  refuses(
    () => replaceSchema(BADGE, schema({ name: "number" }), true),
    400,
    undefined,
    '"required" needs "extends"',
  );
});

Deno.test("addSchema() refuses more schemas than a tenant can have", () => {
  const schemas = Array.from({ length: MAX_DEFINITIONS }, (_, index) => ({
    definition: { ...schema({ name: "a" }), id: `${ID}${index}` },
    required: false,
  }));
  refuses(
    () =>
      addSchema({ ...NO_DEFINITIONS, schemas }, {
        definition: schema({ name: "a" }),
        required: false,
      }),
    409,
    undefined,
    "at the most",
  );
});

Deno.test("addSchema() counts the unique attributes of the type that it extends", () => {
  const unique = (name: string): AttributeDefinition => ({
    name,
    uniqueness: "server",
  });
  const six = ["a", "b", "c", "d", "e", "f"].map(unique);
  extending("User", ...six);
  extending("Group", unique("a"));
  refuses(
    () => extending("User", ...six, unique("g")),
    400,
    undefined,
    "User would have 8 unique attributes",
  );
  refuses(
    () => extending("Group", unique("a"), unique("b")),
    400,
    undefined,
    "Group would have 3 unique attributes",
  );
});

Deno.test("removeSchema() and removeResourceType() go from the outside to the inside", () => {
  refuses(() => removeSchema(THINGS, ID), 409, undefined, "delete that first");
  assert.deepEqual(removeResourceType(THINGS, "THING"), BADGE);
  assert.deepEqual(removeSchema(BADGE, ID.toUpperCase()), NO_DEFINITIONS);
  refuses(() => removeSchema(NO_DEFINITIONS, ID), 404, undefined, "No schema");
  refuses(
    () => removeSchema(NO_DEFINITIONS, USER_URI),
    404,
    undefined,
    `No schema "${USER_URI}" was added: it is built in and stays as it is`,
  );
  refuses(
    () => removeResourceType(NO_DEFINITIONS, "User"),
    404,
    undefined,
    'No resource type "User" was added: it is built in and stays as it is',
  );
});

Deno.test("replaceSchema() keeps the URI as it was, and what the schema extends", () => {
  const before = extending("User", { name: "number" });
  const { schemas } = replaceSchema(before, {
    id: ID.toUpperCase(),
    attributes: [{ name: "other" }],
  });
  assert.deepEqual(schemas, [{
    definition: schema({ name: "other" }),
    extends: "User",
    required: true,
  }]);
});

Deno.test("replaceSchema() waits until values are entered", () => {
  refuses(
    () =>
      replaceSchema(
        { ...BADGE, incomplete: [`${ID}:number`] },
        schema({ name: "number" }),
      ),
    409,
    undefined,
    "are being entered as unique ones; try again",
  );
});

Deno.test("addResourceType() refuses endpoints that are taken or mean something", () => {
  for (
    const [endpoint, status, detail] of [
      ["/USERS", 409, '"User" already'],
      ["/things", 409, '"Thing" already'],
      ["/me", 400, "has a meaning of its own"],
      ["/Schemas", 400, "has a meaning of its own"],
    ] as const
  ) {
    refuses(
      () => addResourceType(THINGS, { ...THING, name: "Other", endpoint }),
      status,
      undefined,
      detail,
    );
  }
});

Deno.test("addResourceType() spells schemas as they are", () => {
  const { resourceTypes } = addResourceType(BADGE, {
    ...THING,
    schema: USER_URI.toUpperCase(),
    schemaExtensions: [{ schema: ID.toUpperCase(), required: true }],
  });
  assert.deepEqual(resourceTypes[0], {
    ...THING,
    schema: USER_URI,
    schemaExtensions: [{ schema: ID, required: true }],
  });
});

/** How a schema changes, and what that comes to. */
const CHANGES: readonly (readonly [
  string,
  AttributeDefinition,
  AttributeDefinition,
  Partial<ReturnType<typeof compareSchemas>>,
])[] = [
  ["nothing", { name: "a" }, { name: "a", type: "string" }, {}],
  ["a description", { name: "a" }, { name: "a", description: "x" }, {}],
  ["what is returned", { name: "a" }, { name: "a", returned: "never" }, {}],
  ["another name", { name: "a" }, { name: "b" }, { abandoned: ["a"] }],
  ["another case", { name: "a" }, { name: "A" }, { abandoned: ["a"] }],
  ["a type", { name: "a" }, { name: "a", type: "integer" }, {
    abandoned: ["a"],
  }],
  ["several values", { name: "a" }, { name: "a", multiValued: true }, {
    abandoned: ["a"],
  }],
  ["caseExact", { name: "a" }, { name: "a", caseExact: true }, {
    abandoned: ["a"],
  }],
  ["uniqueness", { name: "a" }, { name: "a", uniqueness: "global" }, {
    unique: ["a"],
  }],
  [
    "no uniqueness",
    { name: "a", uniqueness: "server" },
    { name: "a" },
    { repeatable: ["a"] },
  ],
  [
    "a wider uniqueness",
    { name: "a", uniqueness: "server" },
    { name: "a", uniqueness: "global" },
    {},
  ],
  [
    "a sub-attribute",
    {
      name: "a",
      type: "complex",
      subAttributes: [{ name: "b" }, { name: "c" }],
    },
    {
      name: "a",
      type: "complex",
      subAttributes: [{ name: "b", uniqueness: "server" }],
    },
    { abandoned: ["a.c"], unique: ["a.b"] },
  ],
  ["a required attribute", { name: "a" }, { name: "a", required: true }, {
    tightened: ["a"],
  }],
  [
    "a required attribute that no client sends",
    { name: "a" },
    { name: "a", required: true, mutability: "readOnly" },
    {},
  ],
  [
    "a required attribute that clients come to send",
    { name: "a", required: true, mutability: "readOnly" },
    { name: "a", required: true },
    { tightened: ["a"] },
  ],
  ["no requirement", { name: "a", required: true }, { name: "a" }, {}],
  [
    "a closed list",
    { name: "a", canonicalValues: ["x"] },
    { name: "a", canonicalValues: ["x"], canonicalValuesOnly: true },
    { tightened: ["a"] },
  ],
  [
    "a shorter list",
    { name: "a", canonicalValues: ["x", "y"], canonicalValuesOnly: true },
    { name: "a", canonicalValues: ["y", "z"], canonicalValuesOnly: true },
    { tightened: ["a"] },
  ],
  [
    "a longer list",
    { name: "a", canonicalValues: ["x"], canonicalValuesOnly: true },
    { name: "a", canonicalValues: ["y", "x"], canonicalValuesOnly: true },
    {},
  ],
  [
    "a shorter list of suggestions",
    { name: "a", canonicalValues: ["x", "y"] },
    { name: "a", canonicalValues: ["x"] },
    {},
  ],
  [
    "an attribute that every resource has",
    { name: "externalId", required: true, caseExact: true },
    { name: "id", uniqueness: "server" },
    {},
  ],
];

for (const [what, before, after, change] of CHANGES) {
  Deno.test(`compareSchemas() tells what ${what} asks of resources`, () => {
    assert.deepEqual(compareSchemas(schema(before), schema(after)), {
      abandoned: [],
      unique: [],
      repeatable: [],
      tightened: [],
      ...change,
    });
  });
}

Deno.test("compareSchemas() tells that a new attribute is required", () => {
  const after = schema({ name: "a" }, {
    name: "b",
    type: "complex",
    subAttributes: [{ name: "c", required: true }],
  });
  const { tightened } = compareSchemas(schema({ name: "a" }), after);
  assert.deepEqual(tightened, ["b.c"]);
});

Deno.test("withoutUniqueness() takes the uniqueness of one attribute", () => {
  const definitions = extending(
    "User",
    { name: "a", uniqueness: "server" },
    {
      name: "b",
      type: "complex",
      subAttributes: [{ name: "a", uniqueness: "server" }],
    },
  );
  const isUnique = (after: Definitions, path: string) => {
    const type = new Registry(after).byName("User");
    assert.ok(type !== undefined);
    return attributeOf(type, `${ID}:${path}`)?.uniqueness;
  };
  const after = withoutUniqueness(definitions, `${ID}:b.a`);
  assert.equal(isUnique(after, "a"), "server");
  assert.equal(isUnique(after, "b.a"), "none");
});

Deno.test("withoutUniqueness() knows the names of groups", () => {
  const after = withoutUniqueness(NO_DEFINITIONS, GROUP_NAMES);
  assert.equal(after.uniqueGroupNames, false);
  const type = new Registry(after).byName("Group");
  assert.ok(type !== undefined);
  assert.equal(
    attributeOf(type, `${GROUP_URI}:displayName`)?.uniqueness,
    "none",
  );
});
