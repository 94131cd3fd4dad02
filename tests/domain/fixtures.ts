/**
 * The resource types and helpers that the tests of the domain share.
 * @module
 */

import assert from "node:assert/strict";
import { ScimError, type ScimType } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import { builtInRegistry } from "../../domain/registry.ts";
import type { Attribute } from "../../domain/schema/attribute.ts";
import {
  binary,
  complex,
  dateTime,
  flag,
  integer,
  readOnly,
  reference,
  text,
} from "../../domain/schema/builders.ts";
import {
  compileResourceType,
  resolvePath,
  type ResourceType,
} from "../../domain/schema/compile.ts";
import type { SchemaDefinition } from "../../domain/schema/definition.ts";
import { parseAttributePath } from "../../domain/path.ts";

export const USER_URI = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP_URI = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const ENTERPRISE_URI =
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const PATCH_URI = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** A schema with every data type and characteristic that User does not have. */
export const DEVICE_SCHEMA: SchemaDefinition = {
  id: "urn:example:schemas:core:2.0:Device",
  name: "Device",
  description: "A thing on a network",
  attributes: [
    text("serialNumber", "", {
      required: true,
      caseExact: true,
      mutability: "immutable",
      uniqueness: "server",
    }),
    text("label", ""),
    { name: "price", type: "decimal" },
    integer("ports", ""),
    dateTime("bought", ""),
    flag("online", ""),
    binary("firmware", ""),
    reference("manual", "", ["external"]),
    text("tags", "", { multiValued: true }),
    text("pin", "", { mutability: "writeOnly", returned: "never" }),
    text("notes", "", { returned: "request" }),
    text("badge", "", { returned: "always" }),
    complex("vault", "", [text("part", "")], { returned: "never" }),
    complex("slots", "", [
      text("value", "", { caseExact: true }),
      text("type", ""),
      flag("primary", ""),
      text("code", "", { mutability: "immutable" }),
      text("key", "", { returned: "never" }),
      text("hint", "", { returned: "request" }),
      text("state", "", { returned: "always" }),
      integer("width", ""),
    ], { multiValued: true }),
    complex("site", "", [
      text("value", ""),
      integer("floor", ""),
      text("room", "", { mutability: "immutable" }),
    ]),
    complex("owner", "", [
      text("value", "", { caseExact: true }),
      reference("$ref", "", ["User"]),
      readOnly(text("display", "")),
    ]),
  ],
};

/** An extension of Device. */
export const WARRANTY_SCHEMA: SchemaDefinition = {
  id: "urn:example:schemas:extension:warranty:2.0:Device",
  name: "Warranty",
  description: "What the vendor promises",
  attributes: [
    dateTime("until", ""),
    text("contract", "", { mutability: "immutable" }),
    complex("vendor", "", [text("value", ""), text("city", "")]),
    complex("visits", "", [text("value", ""), dateTime("on", "")], {
      multiValued: true,
    }),
  ],
};

export const DEVICE_URI = DEVICE_SCHEMA.id;
export const WARRANTY_URI = WARRANTY_SCHEMA.id;

function byName(name: string): ResourceType {
  const type = builtInRegistry().byName(name);
  assert.ok(type !== undefined);
  return type;
}

export const USER = byName("User");
export const GROUP = byName("Group");
export const DEVICE = compileResourceType(
  {
    name: "Device",
    description: "Things on a network",
    endpoint: "/Devices",
    schema: DEVICE_URI,
    schemaExtensions: [{ schema: WARRANTY_URI, required: false }],
  },
  [DEVICE_SCHEMA, WARRANTY_SCHEMA],
  {
    traits: {
      unstored: [],
      derived: [],
      label: ["label"],
      indexed: ["externalId", "label", "slots.value", "ports"],
      always: [],
    },
  },
);

/** The attribute with a path, such as `emails.value`. */
export function attributeOf(type: ResourceType, path: string): Attribute {
  const parsed = parseAttributePath(path);
  const target = parsed && resolvePath(type, parsed);
  assert.ok(target?.kind === "attribute", `no attribute ${path}`);
  return target.attribute;
}

/** Asserts that an action is refused, and that the message tells what the reader needs. */
export function refuses(
  action: () => unknown,
  status: number,
  scimType: ScimType | undefined,
  ...fragments: readonly (string | RegExp)[]
): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof ScimError, String(error));
    assert.deepEqual(
      { status: error.status, scimType: error.scimType },
      { status, scimType },
      error.message,
    );
    for (const fragment of fragments) {
      const found = typeof fragment === "string"
        ? error.message.includes(fragment)
        : fragment.test(error.message);
      assert.ok(found, `"${error.message}" does not say ${fragment}`);
    }
    return true;
  });
}

/** The body of a User with a user name and what else is given. */
export function userBody(attributes: JsonObject = {}): JsonObject {
  return {
    schemas: [USER_URI],
    userName: "ada@example.com",
    ...attributes,
  };
}

/** A PATCH message. */
export function patchBody(...operations: JsonObject[]): JsonObject {
  return { schemas: [PATCH_URI], Operations: operations };
}
