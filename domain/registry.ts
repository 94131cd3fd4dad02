/**
 * The schemas and resource types in force.
 * @module
 */

import {
  GROUP_RESOURCE_TYPE,
  USER_RESOURCE_TYPE,
} from "./schema/built_in_types.ts";
import {
  compileResourceType,
  type ResourceType,
  type ResourceTypes,
} from "./schema/compile.ts";
import type {
  ResourceTypeDefinition,
  SchemaDefinition,
} from "./schema/definition.ts";
import { ENTERPRISE_USER_SCHEMA } from "./schema/enterprise_user.ts";
import { GROUP_SCHEMA } from "./schema/group.ts";
import { RESOURCE_TYPE_SCHEMA } from "./schema/resource_type.ts";
import { SCHEMA_SCHEMA } from "./schema/schema.ts";
import { SERVICE_PROVIDER_CONFIG_SCHEMA } from "./schema/service_provider_config.ts";
import { USER_SCHEMA } from "./schema/user.ts";

/** A schema that an operator has added. */
export interface CustomSchema {
  readonly definition: SchemaDefinition;
  /** The name of the resource type that it extends. */
  readonly extends?: string | undefined;
  /** Whether each resource of that type must have the extension. */
  readonly required: boolean;
}

/** What an operator has added to the schemas and types that are built in. */
export interface Definitions {
  readonly schemas: readonly CustomSchema[];
  readonly resourceTypes: readonly ResourceTypeDefinition[];
  /** Whether no two groups may share a displayName. */
  readonly uniqueGroupNames: boolean;
  /** Names of attributes, with the URIs of their schemas, whose index is being built. */
  readonly incomplete: readonly string[];
}

/** The definitions of an operator who has added nothing. */
export const NO_DEFINITIONS: Definitions = {
  schemas: [],
  resourceTypes: [],
  uniqueGroupNames: true,
  incomplete: [],
};

/** The attribute whose uniqueness is a setting of the tenant, with the URI of its schema. */
export const GROUP_NAMES = `${GROUP_SCHEMA.id}:displayName`;

/** Finds schemas by URI and resource types by name or endpoint, without case. */
export class Registry implements ResourceTypes {
  readonly schemas: readonly SchemaDefinition[];
  readonly resourceTypes: readonly ResourceType[];
  readonly withMembers: readonly ResourceType[];
  readonly #byEndpoint: ReadonlyMap<string, ResourceType>;
  readonly #byName: ReadonlyMap<string, ResourceType>;

  /** @throws {TypeError} when a type names a schema that does not exist */
  constructor(definitions: Definitions) {
    this.schemas = [
      USER_SCHEMA,
      definitions.uniqueGroupNames
        ? GROUP_SCHEMA
        : withRepeatableNames(GROUP_SCHEMA),
      ENTERPRISE_USER_SCHEMA,
      ...definitions.schemas.map(({ definition }) => definition),
      SERVICE_PROVIDER_CONFIG_SCHEMA,
      RESOURCE_TYPE_SCHEMA,
      SCHEMA_SCHEMA,
    ];
    this.resourceTypes = [
      USER_RESOURCE_TYPE,
      GROUP_RESOURCE_TYPE,
      ...definitions.resourceTypes,
    ].map((type) =>
      compileResourceType(
        withExtensions(type, definitions.schemas),
        this.schemas,
        { types: this, incomplete: definitions.incomplete },
      )
    );
    this.withMembers = this.resourceTypes.filter((type) =>
      type.members !== undefined
    );
    this.#byEndpoint = new Map(
      this.resourceTypes.map((
        type,
      ) => [type.endpoint.slice(1).toLowerCase(), type]),
    );
    this.#byName = new Map(
      this.resourceTypes.map((type) => [type.name.toLowerCase(), type]),
    );
  }

  /** The type at an endpoint, such as `Users`. */
  byEndpoint(endpoint: string): ResourceType | undefined {
    return this.#byEndpoint.get(endpoint.toLowerCase());
  }

  /** The type with a name, such as `User`. */
  byName(name: string): ResourceType | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** The schema with a URI. */
  schema(uri: string): SchemaDefinition | undefined {
    return this.schemas.find((schema) =>
      schema.id.toLowerCase() === uri.toLowerCase()
    );
  }
}

/** The registry of a tenant without custom schemas: User, Group, EnterpriseUser. */
export function builtInRegistry(): Registry {
  return new Registry(NO_DEFINITIONS);
}

function withRepeatableNames(schema: SchemaDefinition): SchemaDefinition {
  return {
    ...schema,
    attributes: schema.attributes.map((attribute) =>
      attribute.name === "displayName"
        ? {
          ...attribute,
          description: "The name of the group.",
          uniqueness: "none",
        }
        : attribute
    ),
  };
}

/** A resource type with the extensions that were added to it. */
function withExtensions(
  type: ResourceTypeDefinition,
  schemas: readonly CustomSchema[],
): ResourceTypeDefinition {
  const added = schemas.filter((schema) =>
    schema.extends?.toLowerCase() === type.name.toLowerCase()
  );
  return {
    ...type,
    schemaExtensions: [
      ...type.schemaExtensions,
      ...added.map(({ definition, required }) => ({
        schema: definition.id,
        required,
      })),
    ],
  };
}
