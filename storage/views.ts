/**
 * Whole representations: records with meta, groups, members and managers' names.
 * Members that are too many to be held as objects are given bit by bit.
 * @module
 */

import type { JsonObject } from "../domain/json.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { unavailable } from "./concurrency.ts";
import { GroupsView } from "./groups_view.ts";
import {
  membershipModifiedKey,
  membershipVersionKey,
  resourceKey,
} from "./keys.ts";
import type { Edge, Memberships } from "./memberships.ts";
import {
  decodeRecord,
  type ResourceRecord,
  withMembership,
} from "./records.ts";
import { fillReferences, referencesFrom } from "./references.ts";
import { locationOf, readShown, referenceTo, type Shown } from "./shown.ts";
import type { Store } from "./store.ts";

/** Records that are to be shown. */
export interface ViewRequest {
  readonly tenant: string;
  readonly type: ResourceType;
  readonly records: readonly ResourceRecord[];
  /** The SCIM base URL, without a slash at its end. */
  readonly base: string;
  /**
   * Which attributes and sub-attributes are wanted; what is not wanted is not
   * read.
   */
  readonly wants: (attribute: Attribute) => boolean;
  /** The records are all that lie between the first and the last. */
  readonly contiguous?: boolean;
  /** They have just been created: nothing refers to them yet. */
  readonly isNew?: boolean;
  /** Only these members are wanted, if they are members. */
  readonly onlyMembers?: readonly string[];
}

/** A resource as a whole, or one that has too many members for that. */
export type View =
  | { readonly kind: "whole"; readonly resource: JsonObject }
  | { readonly kind: "large"; readonly record: ResourceRecord };

/** A resource with many members, as it was at one moment. */
export interface LargeView {
  /** The representation without the members. */
  readonly resource: JsonObject;
  /**
   * The members, some hundreds at a time. They are those of that moment, however
   * slowly they are taken; those that were deleted since then are left out when
   * their names are wanted.
   */
  readonly members: AsyncGenerator<JsonObject[]>;
}

/**
 * How many members a representation holds before it is given bit by bit. The
 * store reads so many, and one more, as they are at one moment.
 */
export const MAX_WHOLE_MEMBERS = 499;

/** How many members of a large set are made ready at a time. */
const MEMBERS_AT_ONCE = 500;

/** How often members are read again because they were replaced while being read. */
const MAX_READS = 10;

/** How often they are read again because some came or went one by one. */
const MAX_MOVES = 3;

/** Makes representations. */
export class Views {
  readonly #store: Store;
  readonly #memberships: Memberships;
  readonly #groups: GroupsView;
  readonly #epoch: string;

  /** @param epoch tells versions of this store from those of another */
  constructor(
    store: Store,
    memberships: Memberships,
    epoch: string,
  ) {
    this.#store = store;
    this.#memberships = memberships;
    this.#groups = new GroupsView(store, memberships);
    this.#epoch = epoch;
  }

  /**
   * The entity tag of a record (RFC 7644 section 3.14). It moves with every
   * change of the resource and of its members, and with nothing else: not with
   * the groups that a user is in, nor with the name of its manager.
   */
  version({ versionstamp, membershipVersion }: ResourceRecord): string {
    const stamp = versionstamp.replace(/^0+/, "");
    const members = membershipVersion === 0n ? "" : `.${membershipVersion}`;
    return `W/"${this.#epoch}${stamp}${members}"`;
  }

  /** Whole representations, in the order of the records. */
  async represent(request: ViewRequest): Promise<JsonObject[]> {
    const { records, edges } = await this.#withEdges(request, Infinity);
    return await this.#resources(request, records, edges);
  }

  /**
   * Representations in the order of the records; those with more members than one
   * holds are only named.
   */
  async open(request: ViewRequest): Promise<View[]> {
    const { records, edges } = await this.#withEdges(
      request,
      MAX_WHOLE_MEMBERS + 1,
    );
    const isLarge = ({ id }: ResourceRecord) =>
      (edges.get(id)?.length ?? 0) > MAX_WHOLE_MEMBERS;
    const whole = records.filter((record) => !isLarge(record));
    const resources = await this.#resources(
      request,
      whole,
      edges,
    );
    const byId = new Map(
      whole.map(({ id }, index) => [id, resources[index] ?? {}]),
    );
    return records.map((record): View => {
      const resource = byId.get(record.id);
      return resource === undefined
        ? { kind: "large", record }
        : { kind: "whole", resource };
    });
  }

  /**
   * Reads a resource with many members. All edges are read before the first one
   * is given, and again if the record was written meanwhile, so that the members
   * are one set and belong to what the resource says beside them; up to three
   * times when members only came or went, so that a change of several is seen as a
   * whole, unless changes never stop. Nothing is held in the store for whoever
   * takes the members slowly.
   *
   * @param request its one record may be outdated
   * @returns undefined when there is no such resource any more
   * @throws {ScimError} 503 when the resource is written again and again
   */
  async openLarge(
    request: Omit<ViewRequest, "records" | "onlyMembers"> & {
      readonly record: ResourceRecord;
    },
  ): Promise<LargeView | undefined> {
    const { tenant, type, record: { id } } = request;
    let record = await this.#latest(tenant, type, id);
    for (let reads = 1;; reads++) {
      if (record === undefined) return undefined;
      if (reads > MAX_READS) throw unavailable();
      const edges = await this.#memberships.members(tenant, record);
      const now = await this.#latest(tenant, type, id);
      if (
        now?.versionstamp === record.versionstamp &&
        (now.membershipVersion === record.membershipVersion ||
          reads >= MAX_MOVES)
      ) {
        const whole = { ...request, records: [record] };
        const [resource] = await this.#resources(whole, [record], new Map());
        const members = this.#elements(whole, edges);
        return { resource: resource ?? {}, members };
      }
      record = now;
    }
  }

  /** Many members as elements, some hundreds at a time. */
  async *#elements(
    request: ViewRequest,
    edges: readonly Edge[],
  ): AsyncGenerator<JsonObject[]> {
    for (let i = 0; i < edges.length; i += MEMBERS_AT_ONCE) {
      const some = edges.slice(i, i + MEMBERS_AT_ONCE);
      yield await this.#references(request, some);
    }
  }

  async #resources(
    request: ViewRequest,
    records: readonly ResourceRecord[],
    edges: ReadonlyMap<string, readonly Edge[]>,
  ): Promise<JsonObject[]> {
    const { type, base, wants } = request;
    const [groups, members, referenced] = await Promise.all([
      type.memberOf !== undefined && wants(type.memberOf) && !request.isNew
        ? this.#groups.of(request)
        : undefined,
      this.#members(request, records, edges),
      this.#show(request, referencesFrom(type, records, wants)),
    ]);
    return records.map((record) => {
      const resource: JsonObject = {
        id: record.id,
        ...record.attributes,
        meta: {
          resourceType: type.name,
          created: record.created,
          lastModified: record.lastModified,
          location: locationOf(type, record.id, base),
          version: this.version(record),
        },
      };
      resource["schemas"] = [
        type.schema,
        ...[...type.extensions.values()].map(({ uri }) => uri)
          .filter((uri) => Object.hasOwn(record.attributes, uri)),
      ];
      fillReferences(resource, type, base, referenced);
      if (type.memberOf !== undefined) {
        setList(resource, type.memberOf, groups?.get(record.id));
      }
      if (type.members !== undefined) {
        setList(resource, type.members, members.get(record.id));
      }
      return resource;
    });
  }

  /** A record as it is now, with the state of its memberships. */
  async #latest(
    tenant: string,
    type: ResourceType,
    id: string,
  ): Promise<ResourceRecord | undefined> {
    const [entry, version, modified] = await this.#store.getMany([
      resourceKey(tenant, type.name, id),
      membershipVersionKey(tenant, id),
      membershipModifiedKey(tenant, id),
    ]);
    const record = entry === undefined ? undefined : decodeRecord(entry);
    return record && withMembership(record, version, modified);
  }

  /** Versions and times of groups that come from a list, where they are not known. */
  async #withMembershipState(
    { tenant, type, records, wants }: ViewRequest,
  ): Promise<readonly ResourceRecord[]> {
    const meta = type.attributes.get("meta");
    if (
      type.members === undefined || meta === undefined || !wants(meta) ||
      records.every((record) => record.membershipVersion > 0n)
    ) return records;
    const states = await this.#store.getMany(records.flatMap(({ id }) => [
      membershipVersionKey(tenant, id),
      membershipModifiedKey(tenant, id),
    ]));
    return records.map((record, index) =>
      withMembership(record, states[index * 2], states[index * 2 + 1])
    );
  }

  /**
   * Records with the edges of their members. Replacing the members of a group
   * rewrites its record. Whoever finds that it was rewritten while they read takes
   * the new one and reads its set, so that nobody sees the beginning of one set
   * and the end of the next, or the name of one and the members of the other.
   *
   * @param limit how many edges of a record are read at the most
   */
  async #withEdges(request: ViewRequest, limit: number): Promise<{
    records: readonly ResourceRecord[];
    edges: ReadonlyMap<string, readonly Edge[]>;
  }> {
    const { tenant, type, wants, onlyMembers } = request;
    const records = await this.#withMembershipState(request);
    const edges = new Map<string, readonly Edge[]>();
    if (type.members === undefined || !wants(type.members)) {
      return { records, edges };
    }
    const latest = new Map(records.map((record) => [record.id, record]));
    let left = records;
    for (let reads = 0; left.length > 0; reads++) {
      if (reads === MAX_READS) throw unavailable();
      await Promise.all(left.map(async (record) => {
        const list = onlyMembers === undefined
          ? await this.#memberships.members(tenant, record, limit)
          : await this.#memberships.present(tenant, record, onlyMembers);
        edges.set(record.id, list);
      }));
      const entries = await this.#store.getMany(
        left.map(({ id }) => resourceKey(tenant, type.name, id)),
      );
      const changed = entries.map(decodeRecord)
        .filter((record) => record !== undefined)
        .filter(({ id, versionstamp }) =>
          latest.get(id)?.versionstamp !== versionstamp
        );
      left = await this.#withMembershipState({ ...request, records: changed });
      for (const record of left) latest.set(record.id, record);
    }
    return {
      records: records.map((record) => latest.get(record.id) ?? record),
      edges,
    };
  }

  /** `members` of each record. */
  async #members(
    request: ViewRequest,
    records: readonly ResourceRecord[],
    edges: ReadonlyMap<string, readonly Edge[]>,
  ): Promise<Map<string, JsonObject[]>> {
    const each = records.map(({ id }) => [id, edges.get(id) ?? []] as const);
    const elements = await this.#references(
      request,
      each.flatMap(([, list]) => list),
    );
    const byId = new Map(
      elements.map((element) => [element["value"], element]),
    );
    return new Map(each.map(([id, list]) => [
      id,
      list.map((edge) => byId.get(edge.id))
        .filter((element) => element !== undefined),
    ]));
  }

  /**
   * Edges as elements of `members`. Their records are read when names are wanted;
   * members that were deleted a moment ago are left out then.
   */
  async #references(
    request: ViewRequest,
    edges: readonly Edge[],
  ): Promise<JsonObject[]> {
    const { type: { members, types }, base, wants } = request;
    const display = members?.subAttributes.get("display");
    const shown = display === undefined || wants(display)
      ? await this.#show(request, edges)
      : undefined;
    const elements: JsonObject[] = [];
    for (const { id, type } of edges) {
      const known = types.byName(type);
      const member = shown === undefined
        ? known && { type: known, label: undefined }
        : shown.get(id);
      if (member === undefined) continue;
      elements.push({ ...referenceTo(id, member, base), type });
    }
    return elements;
  }

  async #show(
    { tenant, type }: ViewRequest,
    edges: readonly Edge[],
  ): Promise<Map<string, Shown>> {
    return await readShown(this.#store, tenant, type.types, edges);
  }
}

function setList(
  resource: JsonObject,
  attribute: Attribute,
  elements: readonly JsonObject[] | undefined,
): void {
  if (elements !== undefined && elements.length > 0) {
    resource[attribute.name] = [...elements];
  }
}
