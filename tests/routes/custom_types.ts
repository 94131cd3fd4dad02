/**
 * Schemas and a resource type that an operator adds, with every data type and
 * every characteristic, and ways to register them.
 * @module
 */

import { strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import {
  type Answer,
  type Client,
  type Created,
  TestServer,
  text,
  type TokenOptions,
  URN,
} from "./harness.ts";

/** URIs of the schemas here. */
export const CUSTOM = {
  device: "urn:example:params:scim:schemas:core:2.0:Device",
  lease: "urn:example:params:scim:schemas:extension:lease:2.0:Device",
  network: "urn:example:params:scim:schemas:extension:network:2.0:Device",
  badge: "urn:example:params:scim:schemas:extension:badge:2.0:User",
} as const;

/** The base schema of devices. */
export const DEVICE: JsonObject = {
  id: CUSTOM.device,
  name: "Device",
  description: "A thing that belongs to somebody",
  attributes: [
    {
      name: "serialNumber",
      type: "string",
      required: true,
      caseExact: true,
      mutability: "immutable",
      uniqueness: "server",
    },
    { name: "displayName" },
    { name: "label" },
    { name: "inventoryNumber", type: "integer", uniqueness: "server" },
    { name: "hostName", type: "string", uniqueness: "global" },
    { name: "ports", type: "integer" },
    { name: "weight", type: "decimal" },
    { name: "boughtAt", type: "dateTime" },
    { name: "online", type: "boolean" },
    { name: "firmware", type: "binary" },
    { name: "manual", type: "reference", referenceTypes: ["external"] },
    {
      name: "policy",
      type: "reference",
      referenceTypes: ["uri"],
      canonicalValues: ["urn:policy:strict", "urn:policy:open"],
      canonicalValuesOnly: true,
    },
    { name: "tags", type: "string", multiValued: true },
    { name: "sizes", type: "integer", multiValued: true },
    {
      name: "kind",
      type: "string",
      canonicalValues: ["Phone", "Laptop"],
      canonicalValuesOnly: true,
    },
    { name: "colour", type: "string", canonicalValues: ["red", "blue"] },
    { name: "pin", type: "string", mutability: "writeOnly" },
    { name: "notes", type: "string", returned: "request" },
    { name: "sticker", type: "string", returned: "always" },
    { name: "vault", type: "string", returned: "never" },
    { name: "state", type: "string", mutability: "readOnly" },
    { name: "room", type: "string", mutability: "immutable" },
    {
      name: "asset",
      type: "complex",
      subAttributes: [
        { name: "code", caseExact: true, uniqueness: "server" },
        { name: "floor", type: "integer" },
        { name: "since", type: "dateTime" },
        { name: "origin", mutability: "immutable" },
        { name: "labels", multiValued: true },
        { name: "combination", mutability: "writeOnly" },
      ],
    },
    {
      name: "slots",
      type: "complex",
      multiValued: true,
      subAttributes: [
        { name: "value", caseExact: true },
        { name: "type" },
        { name: "primary", type: "boolean" },
        { name: "code", mutability: "immutable" },
        { name: "key", mutability: "writeOnly" },
        { name: "hint", returned: "request" },
        { name: "state", returned: "always" },
        { name: "width", type: "integer" },
      ],
    },
    {
      name: "owner",
      type: "complex",
      subAttributes: [
        { name: "value", caseExact: true },
        { name: "$ref", type: "reference", referenceTypes: ["User"] },
        { name: "display", mutability: "readOnly" },
      ],
    },
    {
      name: "contacts",
      type: "complex",
      multiValued: true,
      subAttributes: [
        { name: "value", caseExact: true },
        {
          name: "$ref",
          type: "reference",
          referenceTypes: ["User", "Group", "Device"],
        },
        { name: "type" },
      ],
    },
    { name: "constructor", type: "string" },
    { name: "hasOwnProperty", type: "string", multiValued: true },
    {
      name: "toString",
      type: "complex",
      subAttributes: [{ name: "valueOf" }, { name: "constructor" }],
    },
  ],
};

/** The extension that every device needs. */
export const LEASE: JsonObject = {
  id: CUSTOM.lease,
  name: "Lease",
  description: "What a device costs",
  attributes: [
    { name: "contract", type: "string", required: true },
    { name: "monthly", type: "decimal" },
    { name: "until", type: "dateTime" },
  ],
};

/** An extension that a device can do without. */
export const NETWORK: JsonObject = {
  id: CUSTOM.network,
  name: "Network",
  description: "How a device is reached",
  attributes: [
    { name: "address", type: "string", required: true },
    { name: "mac", type: "string", uniqueness: "global" },
    { name: "vlan", type: "integer" },
    { name: "zone", type: "string", mutability: "immutable" },
    { name: "secret", type: "string", returned: "never" },
    {
      name: "links",
      type: "complex",
      multiValued: true,
      subAttributes: [
        { name: "value" },
        { name: "speed", type: "decimal" },
        { name: "up", type: "boolean" },
      ],
    },
  ],
};

/** An extension of users. */
export const BADGE: JsonObject = {
  id: CUSTOM.badge,
  name: "Badge",
  description: "What opens doors to a user",
  attributes: [
    { name: "number", caseExact: true, uniqueness: "server" },
    { name: "level", type: "integer" },
    { name: "expires", type: "dateTime" },
    { name: "code", mutability: "writeOnly" },
    {
      name: "device",
      type: "complex",
      subAttributes: [
        { name: "value", caseExact: true },
        { name: "$ref", type: "reference", referenceTypes: ["Device"] },
      ],
    },
  ],
};

/** The resource type of devices. */
export const DEVICE_TYPE: JsonObject = {
  name: "Device",
  description: "Things that belong to somebody",
  endpoint: "/Devices",
  schema: CUSTOM.device,
  schemaExtensions: [
    { schema: CUSTOM.lease, required: true },
    { schema: CUSTOM.network, required: false },
  ],
};

/** Adds a schema that has to be accepted. */
export async function addSchema(
  server: TestServer,
  schema: JsonObject,
  more: JsonObject = {},
): Promise<Answer> {
  return added(await server.admin("POST", "/schemas", { schema, ...more }));
}

/** Adds a resource type that has to be accepted. */
export async function addType(
  server: TestServer,
  resourceType: JsonObject,
  more: JsonObject = {},
): Promise<Answer> {
  const request = { resourceType, ...more };
  return added(await server.admin("POST", "/resource-types", request));
}

/** A schema with some attributes; its URI ends in the name. */
export function schemaOf(name: string, ...attributes: JsonValue[]): JsonObject {
  return { id: `urn:example:params:scim:schemas:2.0:${name}`, attributes };
}

/** A schema with one attribute. */
export function one(attribute: JsonValue): JsonObject {
  return schemaOf("Thing", attribute);
}

/** A resource type that is in order. */
export function thing(more: JsonObject = {}): JsonObject {
  return { name: "Thing", endpoint: "/Things", schema: URN.user, ...more };
}

/** BADGE with other attributes. */
export function badge(...attributes: JsonObject[]): JsonObject {
  return { ...BADGE, attributes };
}

/** Registers devices with their extensions, and the badges of users. */
export async function registerDevices(
  server: TestServer,
  more: JsonObject = {},
): Promise<void> {
  for (const schema of [DEVICE, LEASE, NETWORK]) {
    await addSchema(server, schema, more);
  }
  await addType(server, DEVICE_TYPE, more);
  await addSchema(server, BADGE, { extends: "User", ...more });
}

/** Runs a test with a server that knows devices. */
export function withDevices(
  run: (client: Client, server: TestServer) => Promise<void>,
  options: TokenOptions = { profile: "rfc" },
): () => Promise<void> {
  return async () => {
    await using server = await TestServer.start();
    await registerDevices(server);
    await run(await server.client(options), server);
  };
}

/** The body of a device. */
export function device(
  serialNumber: string,
  more: JsonObject = {},
): JsonObject {
  return {
    schemas: [CUSTOM.device, CUSTOM.lease],
    serialNumber,
    [CUSTOM.lease]: { contract: "C-1" },
    ...more,
  };
}

/** The body of a device that is in a network. */
export function networked(
  serialNumber: string,
  network: JsonObject,
  more: JsonObject = {},
): JsonObject {
  return device(serialNumber, {
    schemas: [CUSTOM.device, CUSTOM.lease, CUSTOM.network],
    [CUSTOM.network]: network,
    ...more,
  });
}

/** Creates a resource that has to be accepted. */
export async function create(
  client: Client,
  endpoint: string,
  body: JsonObject,
): Promise<Created & { readonly path: string }> {
  const answer = await client.post(endpoint, body);
  strictEqual(answer.status, 201, answer.text);
  const id = text(answer.json["id"]);
  return {
    id,
    version: answer.headers.get("ETag") ?? "",
    location: answer.headers.get("Location") ?? "",
    json: answer.json,
    path: `${endpoint}/${id}`,
  };
}

function added(answer: Answer): Answer {
  strictEqual(answer.status, 201, answer.text);
  return answer;
}
