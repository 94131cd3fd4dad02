/**
 * What the schema language cannot say about resources: the named hooks of the
 * core schemas, and which attributes have an index. Data, like the schemas. Hooks
 * belong to a schema, so that every resource type with that schema has them.
 * @module
 */

import type { ResourceTypeDefinition } from "./definition.ts";
import { ENTERPRISE_USER_SCHEMA } from "./enterprise_user.ts";
import { GROUP_SCHEMA } from "./group.ts";
import { USER_SCHEMA } from "./user.ts";

/** A sub-attribute that is read from the resource that a reference names. */
export interface DerivedAttribute {
  /** A complex attribute whose `value` is an id, as a path (`urn:…:User:manager`). */
  readonly reference: string;
  /** The sub-attribute that shows the other resource's label. */
  readonly label: string;
}

/** The hooks and indexes of one resource type. */
export interface ResourceTypeTraits {
  /** The attribute that is a view of the membership edges that leave the resource. */
  readonly members?: string;
  /** The attribute that is a view of the membership edges that reach the resource. */
  readonly memberOf?: string;
  /** Attributes that are accepted and not kept. */
  readonly unstored: readonly string[];
  readonly derived: readonly DerivedAttribute[];
  /** Attributes whose values name the resource to people; the first that is there. */
  readonly label: readonly string[];
  /**
   * Attributes with an index, as paths, whether or not they are unique. Others
   * that are unique are found by their unique keys.
   */
  readonly indexed: readonly string[];
  /** Attributes that every resource has had from the beginning, as paths. */
  readonly always: readonly string[];
}

const COMMON_TRAITS: ResourceTypeTraits = {
  unstored: [],
  derived: [],
  label: ["displayName"],
  indexed: ["externalId", "displayName"],
  always: [],
};

/** By the URI of the schema; references of `derived` are names within it. */
const TRAITS: ReadonlyMap<string, Partial<ResourceTypeTraits>> = new Map([
  /** Groups are a view, and passwords are dropped. */
  [USER_SCHEMA.id, {
    memberOf: "groups",
    unstored: ["password"],
    label: ["displayName", "userName"],
    indexed: ["externalId", "displayName", "emails.value"],
    always: ["userName"],
  }],
  /** The manager's name is looked up. */
  [ENTERPRISE_USER_SCHEMA.id, {
    derived: [{
      reference: "manager",
      label: "displayName",
    }],
  }],
  /** Members are a view. */
  [GROUP_SCHEMA.id, { members: "members", always: ["displayName"] }],
]);

/** The traits that a resource type has from its schemas. */
export function traitsOf(
  { schema, schemaExtensions }: ResourceTypeDefinition,
): ResourceTypeTraits {
  const own = TRAITS.get(schema);
  const derived = schemaExtensions.flatMap((extension) =>
    (TRAITS.get(extension.schema)?.derived ?? []).map((each) => ({
      ...each,
      reference: `${extension.schema}:${each.reference}`,
    }))
  );
  return {
    ...COMMON_TRAITS,
    ...own,
    derived: [...own?.derived ?? [], ...derived],
  };
}
