/**
 * Memberships as edges: one key downwards from the group, one upwards from the
 * member. Nothing here reads or writes a group's record.
 * @module
 */

import { invalidValue } from "../domain/errors.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { clip } from "../domain/text.ts";
import { readByIds } from "./by_id.ts";
import { Change, MAX_KEY_BYTES, MAX_MUTATIONS } from "./change.ts";
import {
  allMemberOfPrefix,
  idRange,
  memberKey,
  memberOfKey,
  memberOfPrefix,
  memberPrefix,
  membershipModifiedKey,
  membershipVersionKey,
  nestedKey,
  resourceKey,
} from "./keys.ts";
import type { ResourceRecord } from "./records.ts";
import type { Entry, Store } from "./store.ts";

/** The end of an edge. */
export interface Edge {
  readonly id: string;
  /** The name of the resource type at that end. */
  readonly type: string;
}

/** An edge upwards. It counts only while `generation` is the group's. */
export interface UpwardEdge extends Edge {
  readonly generation: string;
}

/** A resource that can become a member. */
export interface Candidate extends Edge {
  /** The versionstamp of its record when it was looked up. */
  readonly versionstamp: string;
}

/** How many ids of missing members an error names. */
const MAX_NAMED = 10;

/** How many mutations a commit may have beside edges and a record. */
const OTHER_MUTATIONS = 20;

/** How many bytes of keys a commit may have beside edges and a record. */
const OTHER_KEY_BYTES = 2_000;

/** The bytes of an id of ours, and of a generation. */
const ID_BYTES = 36;
const GENERATION_BYTES = 8;

/**
 * How many edges of a tenant one commit writes, both ways, when it writes no
 * record: what their keys leave room for, 393 for a tenant with a name of four
 * letters and 246 for one with the longest name.
 */
export function edgesPerCommit(tenant: string): number {
  const edge = new Change();
  const id = "0".repeat(ID_BYTES);
  const generation = "0".repeat(GENERATION_BYTES);
  edge.set(memberKey(tenant, id, generation, id), true)
    .set(memberOfKey(tenant, id, id, generation), true);
  return Math.min(
    Math.floor((MAX_MUTATIONS - OTHER_MUTATIONS) / edge.mutations),
    Math.floor((MAX_KEY_BYTES - OTHER_KEY_BYTES) / edge.keyBytes),
  );
}

/** Reads edges and writes them into commits. */
export class Memberships {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Looks up resources that are to become members, whatever their type.
   *
   * @throws {ScimError} 400 invalidValue naming the ids that do not exist, or that
   * are of types whose resources cannot be members
   */
  async candidates(
    tenant: string,
    type: ResourceType,
    ids: readonly string[],
  ): Promise<Candidate[]> {
    const found = await this.existing(tenant, type, ids);
    if (found.length === ids.length) return found;
    const known = new Set(found.map(({ id }) => id));
    const missing = ids.filter((id) => !known.has(id));
    const others = await this.#ofOtherTypes(
      tenant,
      type,
      missing.slice(0, MAX_NAMED),
    );
    if (others.length > 0) {
      throw invalidValue(
        `Attribute "${type.members?.path}" names resources that cannot be ` +
          `members of ${type.name}: ` +
          others.map((other) => `${other.type} "${clip(other.id)}"`)
            .join(", ") +
          `; members are ${memberTypes(type).join(" and ")} resources`,
      );
    }
    const named = missing.slice(0, MAX_NAMED).map((id) => `"${clip(id)}"`);
    const more = missing.length - named.length;
    throw invalidValue(
      `Attribute "${type.members?.path}" names resources that do not exist: ` +
        named.join(", ") + (more > 0 ? ` and ${more} more` : ""),
    );
  }

  /** Those of some ids that are resources which can be members of a type. */
  async existing(
    tenant: string,
    type: ResourceType,
    ids: readonly string[],
  ): Promise<Candidate[]> {
    const found: Candidate[] = [];
    let missing = ids;
    for (const name of memberTypes(type)) {
      if (missing.length === 0) break;
      const stamps = new Map<string, string>();
      for await (
        const entries of readByIds(this.#store, tenant, name, missing)
      ) {
        for (const { key, versionstamp } of entries) {
          stamps.set(String(key.at(-1)), versionstamp);
        }
      }
      const left: string[] = [];
      for (const id of missing) {
        const versionstamp = stamps.get(id);
        if (versionstamp === undefined) left.push(id);
        else found.push({ id, type: name, versionstamp });
      }
      missing = left;
    }
    return found;
  }

  /** Those of some ids that are resources which cannot be members of a type. */
  async #ofOtherTypes(
    tenant: string,
    type: ResourceType,
    ids: readonly string[],
  ): Promise<Edge[]> {
    const names = type.types.resourceTypes.map(({ name }) => name)
      .filter((name) => !memberTypes(type).includes(name));
    const edges = names.flatMap((name) =>
      ids.map((id) => ({ id, type: name }))
    );
    const entries = await this.#store.getMany(
      edges.map((edge) => resourceKey(tenant, edge.type, edge.id)),
    );
    return edges.filter((_, index) =>
      (entries[index]?.versionstamp ?? null) !== null
    );
  }

  /** Those of some ids that are members of a group. */
  async present(
    tenant: string,
    group: ResourceRecord,
    ids: readonly string[],
  ): Promise<Edge[]> {
    const entries = await this.#store.getMany(
      ids.map((id) => memberKey(tenant, group.id, group.generation, id)),
    );
    return entries.filter((entry) => entry.versionstamp !== null)
      .map((entry) => downward(entry));
  }

  /** All members of a group, or the first `limit` of them, by id. */
  async members(
    tenant: string,
    group: Pick<ResourceRecord, "id" | "generation">,
    limit?: number,
  ): Promise<Edge[]> {
    const edges: Edge[] = [];
    // One text for each type, and not one for each of 100,000 edges.
    const names = new Map<string, string>();
    for await (
      const entries of this.#store.batches(
        { prefix: memberPrefix(tenant, group.id, group.generation) },
        limit,
      )
    ) {
      for (const { id, type } of entries.map(downward)) {
        const name = names.get(type) ?? type;
        names.set(name, name);
        edges.push({ id, type: name });
      }
    }
    return edges;
  }

  /** The edges upwards from one resource, or the first `limit` of them. */
  async memberOf(
    tenant: string,
    member: string,
    limit?: number,
  ): Promise<UpwardEdge[]> {
    const prefix = memberOfPrefix(tenant, member);
    const entries = limit === undefined
      ? await this.#store.listOften(prefix)
      : await this.#store.listAll({ prefix }, limit);
    return entries.map(upward);
  }

  /**
   * The edges upwards from several resources.
   *
   * @param contiguous the ids are all that lie between the first and the last, in
   * order, so that one read finds the edges of all
   */
  async memberOfEach(
    tenant: string,
    members: readonly string[],
    contiguous: boolean,
  ): Promise<Map<string, UpwardEdge[]>> {
    const [first, last] = [members[0], members.at(-1)];
    if (!contiguous || first === undefined || last === undefined) {
      const each = await Promise.all(
        members.map(async (id) =>
          [id, await this.memberOf(tenant, id)] as const
        ),
      );
      return new Map(each);
    }
    const edges = new Map<string, UpwardEdge[]>(
      members.map((id) => [id, []]),
    );
    const prefix = allMemberOfPrefix(tenant);
    for (
      const entry of await this.#store.listAll(idRange(prefix, first, last))
    ) edges.get(String(entry.key[3]))?.push(upward(entry));
    return edges;
  }

  /** Whether some group of the tenant was ever a member of another. */
  async hasNested(tenant: string): Promise<boolean> {
    return (await this.#store.getOften(nestedKey(tenant))).value === true;
  }

  /** Adds edges to a commit, both ways. */
  addEdges(
    change: Change,
    tenant: string,
    type: ResourceType,
    group: string,
    generation: string,
    members: readonly Edge[],
  ): void {
    for (const { id, type: memberType } of members) {
      change.set(memberKey(tenant, group, generation, id), memberType);
      change.set(memberOfKey(tenant, id, group, generation), type.name);
    }
    const nests = members.some((member) =>
      type.types.byName(member.type)?.members !== undefined
    );
    if (nests) {
      change.set(nestedKey(tenant), true);
    }
  }

  /** Adds the removal of edges to a commit, both ways. */
  removeEdges(
    change: Change,
    tenant: string,
    group: string,
    generation: string,
    ids: readonly string[],
  ): void {
    for (const id of ids) {
      change.delete(memberKey(tenant, group, generation, id));
      change.delete(memberOfKey(tenant, id, group, generation));
    }
  }

  /** Moves a group's version and lastModified without touching its record. */
  touch(change: Change, tenant: string, group: string, now: Date): void {
    change.sum(membershipVersionKey(tenant, group), 1);
    change.max(membershipModifiedKey(tenant, group), now.getTime());
  }
}

/** The names of the types whose resources can be members. */
function memberTypes({ members, types }: ResourceType): readonly string[] {
  const named = members?.subAttributes.get("$ref")?.referenceTypes ?? [];
  return named.filter((name) => types.byName(name) !== undefined);
}

function downward(entry: Pick<Entry, "key" | "value">): Edge {
  return { id: String(entry.key.at(-1)), type: String(entry.value) };
}

function upward(entry: Entry): UpwardEdge {
  return {
    id: String(entry.key[4]),
    generation: String(entry.key[5]),
    type: String(entry.value),
  };
}
