/**
 * What the schema language cannot say about a resource type: the named hooks of
 * User and Group, and which attributes have an index. Data, like the schemas.
 * @module
 */

/** A sub-attribute that is read from the resource that a reference names. */
export interface DerivedAttribute {
  /** A complex attribute whose `value` is an id, as a path (`urn:…:User:manager`). */
  readonly reference: string;
  /** The name of the resource type that the id belongs to. */
  readonly resourceType: string;
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
  /** Attributes with an index, as paths. Unique ones have one anyhow. */
  readonly indexed: readonly string[];
  /** Attributes whose uniqueness a tenant can switch off. */
  readonly optionallyUnique: readonly string[];
}

/** The traits of a resource type that has none. */
export const NO_TRAITS: ResourceTypeTraits = {
  unstored: [],
  derived: [],
  label: ["displayName"],
  indexed: ["externalId", "displayName"],
  optionallyUnique: [],
};

/** Users: groups are a view, the manager's name is looked up, passwords are dropped. */
export const USER_TRAITS: ResourceTypeTraits = {
  memberOf: "groups",
  unstored: ["password"],
  derived: [{
    reference:
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    resourceType: "User",
    label: "displayName",
  }],
  label: ["displayName", "userName"],
  indexed: ["userName", "externalId", "displayName", "emails.value"],
  optionallyUnique: [],
};

/** Groups: members are a view, and names are unique unless a tenant says otherwise. */
export const GROUP_TRAITS: ResourceTypeTraits = {
  members: "members",
  unstored: [],
  derived: [],
  label: ["displayName"],
  indexed: ["externalId", "displayName"],
  optionallyUnique: ["displayName"],
};
