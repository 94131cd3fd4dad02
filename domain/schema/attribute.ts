/**
 * Attributes as the engine sees them: definitions with nothing left open.
 * @module
 */

import type {
  AttributeDefinition,
  AttributeType,
  Mutability,
  Returned,
  Uniqueness,
  ValueFormat,
} from "./definition.ts";

/** An attribute with all its characteristics (RFC 7643 section 2.2 and 7). */
export interface Attribute {
  /** The spelling of the schema, which answers use. */
  readonly name: string;
  readonly type: AttributeType;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly canonicalValues: readonly string[];
  /** Whether no other values are accepted. */
  readonly canonicalValuesOnly: boolean;
  /** Whether filters on it are kept out of URLs. */
  readonly sensitive: boolean;
  readonly caseExact: boolean;
  readonly mutability: Mutability;
  readonly returned: Returned;
  readonly uniqueness: Uniqueness;
  readonly referenceTypes: readonly string[];
  readonly format: ValueFormat | undefined;
  /** The complex attribute that this one is part of. */
  readonly parent: Attribute | undefined;
  /** The URI of the extension that holds the attribute; undefined in the core. */
  readonly extension: string | undefined;
  /** The full name, as in `name.givenName` or `urn:…:User:manager.value`. */
  readonly path: string;
  /** By lower-case name. Empty unless the type is complex. */
  readonly subAttributes: ReadonlyMap<string, Attribute>;
}

/** Fills in the defaults of RFC 7643 section 2.2. */
export function compileAttribute(
  definition: AttributeDefinition,
  extension: string | undefined,
  parent?: Attribute,
): Attribute {
  const type = definition.type ?? "string";
  const prefix = parent !== undefined
    ? `${parent.path}.`
    : extension !== undefined
    ? `${extension}:`
    : "";
  const subAttributes = new Map<string, Attribute>();
  const attribute: Attribute = {
    name: definition.name,
    type,
    multiValued: definition.multiValued ?? false,
    required: definition.required ?? false,
    canonicalValues: definition.canonicalValues ?? [],
    canonicalValuesOnly: definition.canonicalValuesOnly ?? false,
    sensitive: definition.sensitive ?? parent?.sensitive ?? false,
    // References and binaries are case-exact whatever a schema says
    // (RFC 7643 sections 2.3.6 and 2.3.7).
    caseExact: type === "reference" || type === "binary" ||
      (definition.caseExact ?? false),
    mutability: definition.mutability ?? "readWrite",
    // What only the client knows is shown to nobody (RFC 7643 section 7).
    returned: definition.mutability === "writeOnly"
      ? "never"
      : definition.returned ?? "default",
    uniqueness: definition.uniqueness ?? "none",
    referenceTypes: definition.referenceTypes ?? [],
    format: definition.format,
    parent,
    extension,
    path: prefix + definition.name,
    subAttributes,
  };
  for (const sub of definition.subAttributes ?? []) {
    subAttributes.set(
      sub.name.toLowerCase(),
      compileAttribute(sub, extension, attribute),
    );
  }
  return attribute;
}
