/**
 * What changes when a schema gets another form, and what that asks of the resources
 * that have it.
 * @module
 */

import {
  type CustomSchema,
  type Definitions,
  GROUP_NAMES,
} from "./registry.ts";
import { type Attribute, compileAttribute } from "./schema/attribute.ts";
import { isCommon } from "./schema/common.ts";
import { isUnique, type ResourceType } from "./schema/compile.ts";
import type {
  AttributeDefinition,
  SchemaDefinition,
  Uniqueness,
} from "./schema/definition.ts";

/** What a new form of a schema asks of the resources that have it. */
export interface SchemaChange {
  /**
   * Paths of attributes that are no longer there, that are of another kind, or
   * whose values would come out, so that no resource may have a value.
   */
  readonly abandoned: readonly string[];
  /** Paths of attributes whose values become unique. */
  readonly unique: readonly string[];
  /** Paths of attributes whose values may repeat from now on. */
  readonly repeatable: readonly string[];
  /** Paths of attributes that become required or take fewer values than before. */
  readonly tightened: readonly string[];
}

/** Compares two forms of a schema. Attributes that every resource has stay as they are. */
export function compareSchemas(
  before: SchemaDefinition,
  after: SchemaDefinition,
): SchemaChange {
  const now = byPath(after);
  const old = byPath(before);
  const abandoned: string[] = [];
  const unique: string[] = [];
  const repeatable: string[] = [];
  const tightened = [...now].filter(([key, attribute]) =>
    isTighter(attribute, old.get(key))
  ).map(([, { path }]) => path);
  for (const [key, attribute] of old) {
    const { path } = attribute;
    const next = now.get(key);
    const comesOut = next !== undefined && isHidden(attribute) &&
      !isHidden(next);
    if (next === undefined || comesOut || !isSameKind(attribute, next)) {
      abandoned.push(path);
      continue;
    }
    if (isUnique(next) && !isUnique(attribute)) unique.push(path);
    if (!isUnique(next) && isUnique(attribute)) repeatable.push(path);
  }
  return { abandoned, unique, repeatable, tightened };
}

/**
 * A resource type as it is with another form of a schema, or with a schema that
 * comes to extend it.
 *
 * @returns undefined when that is not a schema of the type
 */
export function withForm(
  type: ResourceType,
  { definition, extends: extended, required }: CustomSchema,
): ResourceType | undefined {
  const { id, attributes } = definition;
  const key = id.toLowerCase();
  const compiled = (extension: string | undefined) =>
    new Map(
      attributes.map((attribute) => [
        attribute.name.toLowerCase(),
        compileAttribute(attribute, extension),
      ]),
    );
  if (type.schema.toLowerCase() === key) {
    const common = [...type.attributes].filter(([name]) => isCommon(name));
    return {
      ...type,
      attributes: new Map([...compiled(undefined), ...common]),
    };
  }
  const known = type.extensions.get(key);
  const isExtended = extended?.toLowerCase() === type.name.toLowerCase();
  if (known === undefined && !isExtended) return undefined;
  const uri = known?.uri ?? id;
  return {
    ...type,
    extensions: new Map([...type.extensions, [key, {
      uri,
      required: isExtended ? required : known?.required ?? false,
      attributes: compiled(uri),
    }]]),
  };
}

/**
 * Definitions in which an attribute is not unique.
 *
 * @param name of the attribute, with the URI of its schema
 */
export function withoutUniqueness(
  definitions: Definitions,
  name: string,
): Definitions {
  return withUniqueness(definitions, name, "none");
}

/**
 * Definitions that differ in nothing but the uniqueness of one attribute.
 *
 * @param name of the attribute, with the URI of its schema
 */
export function withUniqueness(
  definitions: Definitions,
  name: string,
  uniqueness: Uniqueness,
): Definitions {
  if (name === GROUP_NAMES) {
    return { ...definitions, uniqueGroupNames: uniqueness !== "none" };
  }
  const changed = (
    prefix: string,
    attributes: readonly AttributeDefinition[],
  ): AttributeDefinition[] =>
    attributes.map((attribute) => {
      const path = `${prefix}${attribute.name}`;
      if (path === name) return { ...attribute, uniqueness };
      return attribute.subAttributes === undefined ? attribute : {
        ...attribute,
        subAttributes: changed(`${path}.`, attribute.subAttributes),
      };
    });
  return {
    ...definitions,
    schemas: definitions.schemas.map((schema) => ({
      ...schema,
      definition: {
        ...schema.definition,
        attributes: changed(
          `${schema.definition.id}:`,
          schema.definition.attributes,
        ),
      },
    })),
  };
}

/**
 * Whether a resource that was read by one form of its type can be stored by
 * another: all attributes are still there, and of the same kind.
 */
export function keepsAttributes(
  before: ResourceType,
  after: ResourceType,
): boolean {
  if (before === after) return true;
  const keeps = (
    old: ReadonlyMap<string, Attribute>,
    now: ReadonlyMap<string, Attribute> | undefined,
  ): boolean =>
    [...old].every(([name, attribute]) => {
      const next = now?.get(name);
      return next !== undefined && isSameKind(attribute, next) &&
        keeps(attribute.subAttributes, next.subAttributes);
    });
  return before.schema === after.schema &&
    keeps(before.attributes, after.attributes) &&
    [...before.extensions].every(([uri, { attributes }]) =>
      keeps(attributes, after.extensions.get(uri)?.attributes)
    );
}

/** Whether no answer shows an attribute. What was kept so is not to come out. */
function isHidden({ returned, parent }: Attribute): boolean {
  return returned === "never" || parent?.returned === "never";
}

/** Whether stored values and keys of one form are those of the other. */
function isSameKind(a: Attribute, b: Attribute): boolean {
  return a.name === b.name && a.type === b.type &&
    a.multiValued === b.multiValued && a.caseExact === b.caseExact;
}

/** Whether a resource can comply with one form of an attribute and not with the next. */
function isTighter(now: Attribute, before: Attribute | undefined): boolean {
  const isDemanded = now.required && now.mutability !== "readOnly";
  const wasDemanded = before?.required === true &&
    before.mutability !== "readOnly";
  if (isDemanded && !wasDemanded) return true;
  if (before === undefined || !now.canonicalValuesOnly) return false;
  return !before.canonicalValuesOnly ||
    before.canonicalValues.some((value) =>
      !now.canonicalValues.includes(value)
    );
}

/** Attributes and sub-attributes by lower-case path, but for common ones. */
function byPath({ attributes }: SchemaDefinition): Map<string, Attribute> {
  return new Map(
    attributes.filter(({ name }) => !isCommon(name))
      .map((definition) => compileAttribute(definition, undefined))
      .flatMap((attribute) => [attribute, ...attribute.subAttributes.values()])
      .map((attribute) => [attribute.path.toLowerCase(), attribute]),
  );
}
