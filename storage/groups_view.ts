/**
 * `groups` of resources: the groups that they are in, and those that contain these
 * (RFC 7643 section 4.1.2).
 * @module
 */

import type { JsonObject } from "../domain/json.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { memberOfKey, resourceKey } from "./keys.ts";
import type { Memberships, UpwardEdge } from "./memberships.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import { readShown, referenceTo, type Shown } from "./shown.ts";
import type { Store } from "./store.ts";

/** The resources whose groups are asked for. */
export interface GroupsRequest {
  readonly tenant: string;
  readonly type: ResourceType;
  readonly records: readonly ResourceRecord[];
  /** The SCIM base URL, without a slash at its end. */
  readonly base: string;
  /** The records are all that lie between the first and the last. */
  readonly contiguous?: boolean;
}

/** How deep memberships of groups in groups are followed. */
const MAX_NESTING = 20;

/** How often an edge is read again because its group was given other members. */
const MAX_READS = 10;

/** Makes `groups`. */
export class GroupsView {
  readonly #store: Store;
  readonly #memberships: Memberships;

  constructor(store: Store, memberships: Memberships) {
    this.#store = store;
    this.#memberships = memberships;
  }

  /** `groups` of each record, by its id. */
  async of(request: GroupsRequest): Promise<Map<string, JsonObject[]>> {
    const { tenant, type, records, base, contiguous = false } = request;
    const ids = records.map(({ id }) => id);
    const direct = await this.#memberships.memberOfEach(
      tenant,
      ids,
      contiguous,
    );
    const parents = await this.#memberships.hasNested(tenant)
      ? await this.#ancestors(tenant, [...direct.values()].flat())
      : new Map<string, UpwardEdge[]>();
    const edges = [...direct.values(), ...parents.values()].flat();
    const shown = await readShown(this.#store, tenant, type.types, edges);
    const [mine, above] = await Promise.all([
      this.#inForce(tenant, direct, shown),
      this.#inForce(tenant, parents, shown),
    ]);
    const result = new Map<string, JsonObject[]>();
    for (const [id, own] of mine) {
      const seen = new Set<string>([id]);
      const list: JsonObject[] = [];
      let level = own;
      for (let depth = 0; level.length > 0 && depth < MAX_NESTING; depth++) {
        const next: UpwardEdge[] = [];
        for (const edge of level) {
          if (seen.has(edge.id)) continue;
          seen.add(edge.id);
          list.push({
            ...referenceTo(edge.id, shown.get(edge.id), base),
            type: depth === 0 ? "direct" : "indirect",
          });
          next.push(...(above.get(edge.id) ?? []));
        }
        level = next;
      }
      result.set(id, list);
    }
    return result;
  }

  /**
   * The upward edges that count. When a group has been given a whole new set of
   * members since its edges were read, the edge of that set is looked up, so that
   * nobody seems to be out of a group for a moment.
   */
  async #inForce(
    tenant: string,
    each: ReadonlyMap<string, readonly UpwardEdge[]>,
    shown: ReadonlyMap<string, Shown>,
  ): Promise<Map<string, UpwardEdge[]>> {
    const result = new Map<string, UpwardEdge[]>();
    const doubtful: { member: string; edge: UpwardEdge }[] = [];
    for (const [member, edges] of each) {
      const current = edges.filter(({ id, generation }) =>
        shown.get(id)?.generation === generation
      );
      result.set(member, current);
      const known = new Set(current.map(({ id }) => id));
      for (const edge of edges) {
        if (known.has(edge.id) || !shown.has(edge.id)) continue;
        known.add(edge.id);
        doubtful.push({ member, edge });
      }
    }
    await Promise.all(doubtful.map(async ({ member, edge }) => {
      const found = await this.#currentEdge(tenant, member, edge);
      if (found !== undefined) result.get(member)?.push(found);
    }));
    return result;
  }

  /** The edge from a member to a group in the set that is in force. */
  async #currentEdge(
    tenant: string,
    member: string,
    edge: UpwardEdge,
  ): Promise<UpwardEdge | undefined> {
    const key = resourceKey(tenant, edge.type, edge.id);
    let generation = "";
    for (let reads = 0; reads < MAX_READS; reads++) {
      const [group, found] = await this.#store.getMany([
        key,
        memberOfKey(tenant, member, edge.id, generation),
      ]);
      const record = group && decodeRecord(group);
      if (record === undefined) return undefined;
      if (record.generation === generation) {
        return found?.versionstamp === null
          ? undefined
          : { ...edge, generation };
      }
      generation = record.generation;
    }
    return undefined;
  }

  /** The upward edges of groups, of the groups above them, and so on. */
  async #ancestors(
    tenant: string,
    edges: readonly UpwardEdge[],
  ): Promise<Map<string, UpwardEdge[]>> {
    const known = new Map<string, UpwardEdge[]>();
    let level = new Set(edges.map((edge) => edge.id));
    for (let depth = 0; level.size > 0 && depth < MAX_NESTING; depth++) {
      const above = await this.#memberships.memberOfEach(
        tenant,
        [...level],
        false,
      );
      for (const [id, parents] of above) known.set(id, parents);
      level = new Set(
        [...above.values()].flat().map((edge) => edge.id)
          .filter((id) => !known.has(id)),
      );
    }
    return known;
  }
}
