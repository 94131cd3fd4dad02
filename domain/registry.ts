/**
 * The schemas and resource types in force.
 * @module
 */

import { compileResourceType, type ResourceType } from "./schema/compile.ts";
import type { SchemaDefinition } from "./schema/definition.ts";
import { ENTERPRISE_USER_SCHEMA } from "./schema/enterprise_user.ts";
import { GROUP_SCHEMA } from "./schema/group.ts";
import { RESOURCE_TYPE_SCHEMA } from "./schema/resource_type.ts";
import {
  GROUP_RESOURCE_TYPE,
  USER_RESOURCE_TYPE,
} from "./schema/built_in_types.ts";
import { SCHEMA_SCHEMA } from "./schema/schema.ts";
import { SERVICE_PROVIDER_CONFIG_SCHEMA } from "./schema/service_provider_config.ts";
import { GROUP_TRAITS, USER_TRAITS } from "./schema/traits.ts";
import { USER_SCHEMA } from "./schema/user.ts";

/** Finds schemas by URI and resource types by name or endpoint, without case. */
export class Registry {
  readonly schemas: readonly SchemaDefinition[];
  readonly resourceTypes: readonly ResourceType[];
  readonly #byEndpoint: ReadonlyMap<string, ResourceType>;
  readonly #byName: ReadonlyMap<string, ResourceType>;

  constructor(
    schemas: readonly SchemaDefinition[],
    resourceTypes: readonly ResourceType[],
  ) {
    this.schemas = schemas;
    this.resourceTypes = resourceTypes;
    this.#byEndpoint = new Map(
      resourceTypes.map((type) => [type.endpoint.slice(1).toLowerCase(), type]),
    );
    this.#byName = new Map(
      resourceTypes.map((type) => [type.name.toLowerCase(), type]),
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

/** The registry of a server without custom schemas: User, Group, EnterpriseUser. */
export function builtInRegistry(): Registry {
  const schemas = [
    USER_SCHEMA,
    GROUP_SCHEMA,
    ENTERPRISE_USER_SCHEMA,
    SERVICE_PROVIDER_CONFIG_SCHEMA,
    RESOURCE_TYPE_SCHEMA,
    SCHEMA_SCHEMA,
  ];
  return new Registry(schemas, [
    compileResourceType(USER_RESOURCE_TYPE, schemas, USER_TRAITS),
    compileResourceType(GROUP_RESOURCE_TYPE, schemas, GROUP_TRAITS),
  ]);
}
