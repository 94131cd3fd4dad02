/**
 * Whole representations: records with meta, groups, members and managers' names.
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
  /** Which attributes are wanted; what is not wanted is not read. */
  readonly wants: (attribute: Attribute) => boolean;
  /** The records are all that lie between the first and the last. */
  readonly contiguous?: boolean;
  /** Only these members are wanted, if they are members. */
  readonly onlyMembers?: readonly string[];
}

/** How often members are read again because they were replaced while being read. */
const MAX_READS = 10;

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
    const { type, base, wants } = request;
    const { records, edges } = await this.#withEdges(request);
    const [groups, members, referenced] = await Promise.all([
      type.memberOf !== undefined && wants(type.memberOf)
        ? this.#groups.of(request)
        : undefined,
      this.#members(request, edges),
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
        setList(resource, type.members, members?.get(record.id));
      }
      return resource;
    });
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
   */
  async #withEdges(request: ViewRequest): Promise<{
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
          ? await this.#memberships.members(tenant, record)
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

  /** `members` of each record, those that were deleted a moment ago left out. */
  async #members(
    request: ViewRequest,
    each: ReadonlyMap<string, readonly Edge[]>,
  ): Promise<Map<string, JsonObject[]>> {
    const { base } = request;
    const shown = await this.#show(request, [...each.values()].flat());
    return new Map(
      [...each].map(([id, edges]) => [
        id,
        edges.filter((edge) => shown.has(edge.id)).map((edge) => ({
          ...referenceTo(edge.id, shown.get(edge.id), base),
          type: edge.type,
        })),
      ]),
    );
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
