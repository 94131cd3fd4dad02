/**
 * What is shown of a resource where others refer to it: its URI and its name.
 * @module
 */

import { type JsonObject, type JsonValue, own } from "../domain/json.ts";
import type { ResourceType, ResourceTypes } from "../domain/schema/compile.ts";
import { readByIds } from "./by_id.ts";
import type { Edge } from "./memberships.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import type { Store } from "./store.ts";

/** How much of a name is shown where it stands for a resource, in UTF-16 units. */
const MAX_LABEL = 4_096;

/** What is shown of another resource. */
export interface Shown {
  readonly type: ResourceType;
  readonly label: string | undefined;
  readonly generation: string;
}

/** The URI of a resource. */
export function locationOf(
  type: ResourceType,
  id: string,
  base: string,
): string {
  return `${base}${type.endpoint}/${id}`;
}

/** Reads the resources at the ends of references, as far as they exist, by id. */
export async function readShown(
  store: Store,
  tenant: string,
  types: ResourceTypes,
  edges: readonly Edge[],
): Promise<Map<string, Shown>> {
  const idsByType = new Map<string, Set<string>>();
  for (const { id, type } of edges) {
    const ids = idsByType.get(type) ?? new Set();
    idsByType.set(type, ids.add(id));
  }
  const shown = new Map<string, Shown>();
  await Promise.all([...idsByType].map(async ([name, ids]) => {
    const type = types.byName(name);
    if (type === undefined) return;
    for await (const entries of readByIds(store, tenant, name, [...ids])) {
      for (const record of entries.map(decodeRecord)) {
        if (record === undefined) continue;
        shown.set(record.id, {
          type,
          label: labelOf(type, record),
          generation: record.generation,
        });
      }
    }
  }));
  return shown;
}

/** A reference as `value`, `$ref` and `display`, the latter as far as they are known. */
export function referenceTo(
  id: string,
  shown: Pick<Shown, "type" | "label"> | undefined,
  base: string,
): JsonObject {
  return {
    value: id,
    ...(shown === undefined ? {} : { $ref: locationOf(shown.type, id, base) }),
    ...(shown?.label === undefined ? {} : { display: shown.label }),
  };
}

function labelOf(
  type: ResourceType,
  record: ResourceRecord,
): string | undefined {
  for (const name of type.traits.label) {
    const value: JsonValue | undefined = own(record.attributes, name);
    if (typeof value === "string" && value !== "") {
      return value.slice(0, MAX_LABEL).toWellFormed();
    }
  }
  return undefined;
}
