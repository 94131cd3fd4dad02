/**
 * Reads the ids that an index names.
 * @module
 */

import type { Access } from "../domain/filter/plan.ts";
import { hasUniqueKey, type ResourceType } from "../domain/schema/compile.ts";
import {
  indexPrefix,
  indexValuePrefix,
  rangeSelector,
  resourceKey,
  resourcePrefix,
  uniqueKey,
  uniquePrefix,
} from "./keys.ts";
import type { Edge, Memberships } from "./memberships.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import type { Store } from "./store.ts";

/** Follows access paths. */
export class AccessPaths {
  readonly #store: Store;
  readonly #memberships: Memberships;

  constructor(store: Store, memberships: Memberships) {
    this.#store = store;
    this.#memberships = memberships;
  }

  /** The ids of the resources that an access path names; some more than once. */
  async *ids(
    tenant: string,
    type: ResourceType,
    access: Access,
  ): AsyncGenerator<string> {
    switch (access.kind) {
      case "ids":
        yield* access.ids;
        return;
      case "union":
        for (const part of access.of) yield* this.ids(tenant, type, part);
        return;
      case "withMember":
        for (
          const edge of await this.#memberships.memberOf(tenant, access.id)
        ) {
          if (edge.type === type.name) yield edge.id;
        }
        return;
      case "membersOf":
        yield* this.#membersBelow(tenant, type, access.id);
        return;
      case "equal":
      case "range":
        yield* this.#indexed(tenant, type, access);
        return;
      case "all":
        yield* this.#everyId(tenant, type);
    }
  }

  async *#indexed(
    tenant: string,
    type: ResourceType,
    access: Extract<Access, { kind: "equal" | "range" }>,
  ): AsyncGenerator<string> {
    const { attribute } = access;
    const names = [tenant, type.name, attribute.path] as const;
    const unique = hasUniqueKey(type, attribute);
    if (access.kind === "equal" && unique) {
      const { value } = await this.#store.get(uniqueKey(...names, access.text));
      if (typeof value === "string") yield value;
      return;
    }
    const selector = access.kind === "equal"
      ? { prefix: indexValuePrefix(...names, access.text) }
      : rangeSelector(
        unique ? uniquePrefix(...names) : indexPrefix(...names),
        access,
      );
    for await (const batch of this.#store.batches(selector)) {
      for (const entry of batch) {
        yield String(unique ? entry.value : entry.key.at(-1));
      }
    }
  }

  async *#everyId(tenant: string, type: ResourceType): AsyncGenerator<string> {
    const prefix = resourcePrefix(tenant, type.name);
    for await (const batch of this.#store.batches({ prefix })) {
      for (const entry of batch) yield String(entry.key.at(-1));
    }
  }

  /** Members of a group and of the groups in it, which count as indirect ones. */
  async *#membersBelow(
    tenant: string,
    type: ResourceType,
    group: string,
  ): AsyncGenerator<string> {
    const names = type.types.withMembers.map(({ name }) => name);
    const seen = new Set([group]);
    let level = [group];
    while (level.length > 0) {
      const entries = await this.#store.getMany(
        level.flatMap((id) =>
          names.map((name) => resourceKey(tenant, name, id))
        ),
      );
      level = [];
      for (const entry of entries) {
        const record = decodeRecord(entry);
        if (record === undefined) continue;
        for (const edge of await this.#members(tenant, entry.key, record)) {
          if (edge.type === type.name) yield edge.id;
          if (
            seen.has(edge.id) ||
            type.types.byName(edge.type)?.members === undefined
          ) {
            continue;
          }
          seen.add(edge.id);
          level.push(edge.id);
        }
      }
    }
  }

  /** The members of a group, and those of a set that replaces theirs meanwhile. */
  async #members(
    tenant: string,
    key: Deno.KvKey,
    group: ResourceRecord,
  ): Promise<Edge[]> {
    const edges = await this.#memberships.members(tenant, group);
    const now = decodeRecord(await this.#store.get(key));
    return now === undefined || now.generation === group.generation
      ? edges
      : [...edges, ...await this.#memberships.members(tenant, now)];
  }
}
