/**
 * A schema, resource types and moves for tests of what operators add.
 * @module
 */

import { keepsAttributes } from "../../domain/schema_change.ts";
import { notFound } from "../../domain/errors.ts";
import assert from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { COMPATIBLE } from "../../domain/profile.ts";
import type { Definitions } from "../../domain/registry.ts";
import { text } from "../../domain/schema/builders.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import type {
  AttributeDefinition,
  SchemaDefinition,
  Uniqueness,
} from "../../domain/schema/definition.ts";
import { validateResource } from "../../domain/validate.ts";
import { InUseError } from "../../storage/definitions.ts";
import { resourcePrefix } from "../../storage/keys.ts";
import { decodeRecord, type ResourceRecord } from "../../storage/records.ts";
import { Registries, type TenantRegistry } from "../../storage/registries.ts";
import { Store } from "../../storage/store.ts";
import { UniqueValues } from "../../storage/unique_values.ts";
import { type Call, observedKv } from "./fake_kv.ts";
import { Directory, TENANT } from "./fixture.ts";

/** The URI of an extension of users. */
export const BADGE = "urn:example:params:scim:schemas:extension:2.0:Badge";

/** The attribute of it that becomes unique. */
export const NUMBER = `${BADGE}:number`;

/** The extension; `number` is unique or not. */
export function badgeSchema(
  uniqueness: Uniqueness = "none",
  ...others: AttributeDefinition[]
): SchemaDefinition {
  return {
    id: BADGE,
    name: "Badge",
    attributes: [
      text("number", "", uniqueness === "none" ? {} : { uniqueness }),
      text("color", ""),
      ...others,
    ],
  };
}

/** The attributes of a user with a badge. */
export function badge(number: string, color?: string): JsonObject {
  return { [BADGE]: { number, ...(color === undefined ? {} : { color }) } };
}

/** A store whose users have badges. */
export async function withBadges(
  kv: Deno.Kv,
  schema: SchemaDefinition = badgeSchema(),
): Promise<Directory> {
  const directory = await Directory.open(kv);
  await directory.services.definitions.addSchema(TENANT, {
    definition: schema,
    extends: "User",
    required: false,
  });
  return directory;
}

/** Changes the extension. */
export function putBadges(
  { services }: Directory,
  schema: SchemaDefinition,
): Promise<void> {
  return services.definitions.replaceSchema(TENANT, schema);
}

/** What is in force. */
export async function inForce({ kv }: Directory): Promise<TenantRegistry> {
  return await new Registries(new Store(kv)).current(TENANT);
}

/** What has been added. */
export async function definitionsOf(
  directory: Directory,
): Promise<Definitions> {
  return (await inForce(directory)).definitions;
}

/** A type with what has been added to it. */
export async function typeInForce(
  { services }: Directory,
  name = "User",
): Promise<ResourceType> {
  const { registry } = await services.registries.current(TENANT);
  const type = registry.byName(name);
  assert.ok(type !== undefined);
  return type;
}

/**
 * Creates a resource as a request does: by what was in force when it came, and
 * again by what is in force now, as far as that reads it alike.
 */
export async function createAs(
  { services }: Directory,
  current: TenantRegistry,
  name: string,
  attributes: JsonObject,
): Promise<ResourceRecord> {
  const { resources, registries } = services;
  const type = current.registry.byName(name);
  assert.ok(type !== undefined);
  const draft = { attributes, members: [], ignored: [] };
  for (let known = current;;) {
    const seen = known.registry.byName(name);
    if (seen === undefined) throw notFound(`There is no ${name}`);
    try {
      validateResource(seen, attributes, COMPATIBLE);
      const writer = { tenant: TENANT, actor: "token-1", current: known };
      return await resources.create(writer, seen, draft);
    } catch (error) {
      known = await registries.current(TENANT);
      const now = known.registry.byName(name);
      if (now === seen || (now !== undefined && !keepsAttributes(type, now))) {
        throw error;
      }
    }
  }
}

/** Checks that every resource complies with what is in force. */
export async function allComply(
  directory: Directory,
  message: string,
): Promise<void> {
  const { registry } = await inForce(directory);
  for (const type of registry.resourceTypes) {
    const prefix = resourcePrefix(TENANT, type.name);
    for await (const entry of directory.kv.list({ prefix })) {
      const record = decodeRecord(entry);
      assert.ok(record !== undefined);
      assert.doesNotThrow(
        () => validateResource(type, record.attributes, COMPATIBLE),
        message,
      );
    }
  }
}

/** A second process that settles attributes of the same store. */
export function otherSettler(kv: Deno.Kv): UniqueValues {
  const store = new Store(kv);
  return new UniqueValues(store, new Registries(store));
}

/** A process on the same store in which something happens before a call of it. */
export async function interrupted(
  kv: Deno.Kv,
  call: Call,
  index: number,
  happens: () => Promise<unknown>,
): Promise<Directory> {
  let left = Infinity;
  const directory = await Directory.open(observedKv(kv, {
    before: async (each) => {
      if (each !== call || left-- !== 0) return;
      await happens();
    },
  }));
  left = index;
  return directory;
}

/** How a change was refused because of what resources hold. */
export async function inUse(promise: Promise<void>): Promise<InUseError> {
  const error = await promise.then(
    () => assert.fail("It was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InUseError, String(error));
  return error;
}
