import assert from "node:assert/strict";
import {
  addResourceType,
  addSchema,
  attributeOf,
  compareSchemas,
  MAX_DEFINITIONS,
  removeResourceType,
  removeSchema,
  replaceSchema,
  withoutUniqueness,
} from "../../domain/definitions.ts";
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

for (const id of [ID, ID.toUpperCase(), USER_URI.toLowerCase()]) {
  Deno.test(`addSchema() refuses the URI ${id}, which is taken`, () => {
    const definition = { ...schema({ name: "a" }), id };
    refuses(
      () => addSchema(BADGE, { definition, required: false }),
      409,
      undefined,
      `There is a schema "${id}" already`,
    );
  });
}

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
    "No schema",
  );
  refuses(
    () => removeResourceType(NO_DEFINITIONS, "User"),
    404,
    undefined,
    "No resource type",
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
];

for (const [what, before, after, change] of CHANGES) {
  Deno.test(`compareSchemas() tells what ${what} asks of resources`, () => {
    assert.deepEqual(compareSchemas(schema(before), schema(after)), {
      abandoned: [],
      unique: [],
      repeatable: [],
      ...change,
    });
  });
}

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
