/**
 * Attributes that refer to resources by `value` and `$ref`, memberships aside: the
 * manager, and those of custom schemas. The URI and the name of the other resource
 * are read for each answer.
 * @module
 */

import { isResourceReference } from "../domain/elements.ts";
import { valuesOf } from "../domain/indexing.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "../domain/json.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import type { Edge } from "./memberships.ts";
import type { ResourceRecord } from "./records.ts";
import { locationOf, type Shown } from "./shown.ts";

/** An attribute that refers to resources by `value` and `$ref`. */
interface Reference {
  readonly attribute: Attribute;
  /** The types of the resources that it can lead to. */
  readonly types: readonly ResourceType[];
  /** The sub-attribute that shows the label of the resource, if one does. */
  readonly label: string | undefined;
}

const references = new WeakMap<ResourceType, readonly Reference[]>();

/** The references of a type, memberships not among them. */
function referencesOf(type: ResourceType): readonly Reference[] {
  const known = references.get(type);
  if (known !== undefined) return known;
  const attributes = [
    ...type.attributes.values(),
    ...[...type.extensions.values()].flatMap((e) => [...e.attributes.values()]),
  ];
  const found = attributes.filter((attribute) =>
    attribute !== type.members && attribute !== type.memberOf &&
    isResourceReference(attribute)
  ).map((attribute): Reference => ({
    attribute,
    types: (attribute.subAttributes.get("$ref")?.referenceTypes ?? [])
      .map((name) => type.types.byName(name))
      .filter((target) => target !== undefined),
    label: type.traits.derived.find(({ reference }) =>
      reference === attribute.path
    )?.label,
  }));
  references.set(type, found);
  return found;
}

/** Where the references of some records lead to. */
export function referencesFrom(
  type: ResourceType,
  records: readonly ResourceRecord[],
  wants: (attribute: Attribute) => boolean,
): Edge[] {
  const edges: Edge[] = [];
  for (const { attribute, types } of referencesOf(type)) {
    if (!wants(attribute)) continue;
    for (const { attributes } of records) {
      for (const value of valuesOf(attribute, attributes)) {
        const id = isJsonObject(value) ? own(value, "value") : undefined;
        if (typeof id !== "string") continue;
        for (const { name } of types) edges.push({ id, type: name });
      }
    }
  }
  return edges;
}

/** Adds `$ref` to the references of a resource, and the names of what they lead to. */
export function fillReferences(
  resource: JsonObject,
  type: ResourceType,
  base: string,
  referenced: ReadonlyMap<string, Shown>,
): void {
  for (const { attribute, label } of referencesOf(type)) {
    const { extension, name } = attribute;
    const holder = extension === undefined
      ? resource
      : own(resource, extension);
    const value = isJsonObject(holder) ? own(holder, name) : undefined;
    if (!isJsonObject(holder) || value === undefined) continue;
    const filled = (reference: JsonValue): JsonValue => {
      if (!isJsonObject(reference)) return reference;
      const id = own(reference, "value");
      const found = typeof id === "string" ? referenced.get(id) : undefined;
      if (found === undefined || typeof id !== "string") return reference;
      return {
        ...reference,
        $ref: locationOf(found.type, id, base),
        ...(label === undefined || found.label === undefined
          ? {}
          : { [label]: found.label }),
      };
    };
    const next = Array.isArray(value) ? value.map(filled) : filled(value);
    // What the record holds is shared with others and stays as it is.
    if (extension === undefined) resource[name] = next;
    else resource[extension] = { ...holder, [name]: next };
  }
}
