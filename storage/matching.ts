/**
 * Gives filters and sort orders what they look at.
 * @module
 */

import { isResourceReference } from "../domain/elements.ts";
import type { Predicate } from "../domain/filter/compile.ts";
import { attributesNamed, membersNeeded } from "../domain/filter/plan.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { type SortKey, sortKey, type SortOrder } from "../domain/sorting.ts";
import type { ResourceRecord } from "./records.ts";
import type { Views } from "./views.ts";

/** Resources of one type that are looked at. */
export interface Subject {
  readonly tenant: string;
  readonly type: ResourceType;
  /** The SCIM base URL, for filters that ask for URIs. */
  readonly base: string;
}

/** Tests and orders records, reading no more than that takes. */
export class Matching {
  readonly #views: Views;

  constructor(views: Views) {
    this.#views = views;
  }

  /** Those of some records that match. */
  async matching(
    subject: Subject,
    predicate: Predicate,
    records: readonly ResourceRecord[],
  ): Promise<ResourceRecord[]> {
    const named = [...attributesNamed(predicate)];
    const ids = membersNeeded(predicate, subject.type.members);
    const resources = await this.#look(subject, named, records, ids);
    return records.filter((_, index) => {
      const resource = resources[index];
      return resource !== undefined && predicate.test(resource);
    });
  }

  /** The sort keys of some records. */
  async sortKeys(
    subject: Subject,
    order: SortOrder,
    records: readonly ResourceRecord[],
  ): Promise<SortKey[]> {
    const resources = await this.#look(
      subject,
      [order.attribute],
      records,
      "all",
    );
    return resources.map((resource) => sortKey(order, resource));
  }

  /** Records with the attributes that are asked for. */
  async #look(
    { tenant, type, base }: Subject,
    named: readonly Attribute[],
    records: readonly ResourceRecord[],
    members: readonly string[] | "all",
  ): Promise<readonly JsonObject[]> {
    const sources = new Set(
      named.map((attribute) => sourceOf(type, attribute)),
    );
    if (!sources.has("view")) {
      return sources.has("meta")
        ? records.map((record) => withMeta(type, record))
        : records.map(({ attributes }) => attributes);
    }
    const tops = new Set(
      named.map((attribute) => attribute.parent ?? attribute),
    );
    return await this.#views.represent({
      tenant,
      type,
      records,
      base,
      wants: (attribute) => tops.has(attribute.parent ?? attribute),
      ...(members === "all" ? {} : { onlyMembers: members }),
    });
  }
}

/** Whether an attribute is found in the stored attributes themselves. */
export function isStored(type: ResourceType, attribute: Attribute): boolean {
  return sourceOf(type, attribute) === "record";
}

/**
 * What is needed to test an attribute: the stored attributes, what the record
 * knows beside them, or a view for which other records are read.
 */
function sourceOf(
  type: ResourceType,
  attribute: Attribute,
): "record" | "meta" | "view" {
  const top = attribute.parent ?? attribute;
  if (top === type.members || top === type.memberOf) return "view";
  if (type.traits.derived.some(({ reference }) => reference === top.path)) {
    return attribute === top || attribute.name === "value" ? "record" : "view";
  }
  // Both ways to a resource are shown as URIs that are made for the answer.
  if (attribute.name === "$ref" && isResourceReference(top)) return "view";
  switch (attribute.path) {
    case "id":
    case "schemas":
    case "meta.resourceType":
    case "meta.created":
      return "meta";
    case "meta.lastModified":
      return type.members === undefined ? "meta" : "view";
    default:
      return top.name === "meta" && top.extension === undefined
        ? "view"
        : "record";
  }
}

function withMeta(type: ResourceType, record: ResourceRecord): JsonObject {
  return {
    ...record.attributes,
    id: record.id,
    schemas: [
      type.schema,
      ...[...type.extensions.values()].map(({ uri }) => uri)
        .filter((uri) => Object.hasOwn(record.attributes, uri)),
    ],
    meta: {
      resourceType: type.name,
      created: record.created,
      lastModified: record.lastModified,
    },
  };
}
