/**
 * Whole representations: records with meta, groups, members and managers' names.
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "../domain/json.ts";
import { isResourceReference } from "../domain/elements.ts";
import type { Registry } from "../domain/registry.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import {
  memberOfKey,
  membershipModifiedKey,
  membershipVersionKey,
  resourceKey,
} from "./keys.ts";
import type { Edge, Memberships, UpwardEdge } from "./memberships.ts";
import {
  decodeRecord,
  type ResourceRecord,
  withMembership,
} from "./records.ts";
import { unavailable } from "./concurrency.ts";
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

/** How deep memberships of groups in groups are followed. */
const MAX_NESTING = 20;

/** How often members are read again because they were replaced while being read. */
const MAX_READS = 10;

/** What is shown of another resource. */
interface Shown {
  readonly label: string | undefined;
  readonly generation: string;
}

/** Makes representations. */
export class Views {
  readonly #store: Store;
  readonly #memberships: Memberships;
  readonly #registry: Registry;
  readonly #epoch: string;

  /** @param epoch tells versions of this store from those of another */
  constructor(
    store: Store,
    memberships: Memberships,
    registry: Registry,
    epoch: string,
  ) {
    this.#store = store;
    this.#memberships = memberships;
    this.#registry = registry;
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

  /** The URI of a resource. */
  location(type: ResourceType, id: string, base: string): string {
    return `${base}${type.endpoint}/${id}`;
  }

  /** Whole representations, in the order of the records. */
  async represent(request: ViewRequest): Promise<JsonObject[]> {
    const { type, base, wants } = request;
    const { records, edges } = await this.#withEdges(request);
    const [groups, members, derived] = await Promise.all([
      type.memberOf !== undefined && wants(type.memberOf)
        ? this.#groups(request)
        : undefined,
      this.#members(request, edges),
      this.#derived({ ...request, records }),
    ]);
    return records.map((record) => {
      const resource: JsonObject = {
        id: record.id,
        ...record.attributes,
        meta: {
          resourceType: type.name,
          created: record.created,
          lastModified: record.lastModified,
          location: this.location(type, record.id, base),
          version: this.version(record),
        },
      };
      resource["schemas"] = [
        type.schema,
        ...[...type.extensions.values()].map(({ uri }) => uri)
          .filter((uri) => Object.hasOwn(record.attributes, uri)),
      ];
      this.#fillReferences(resource, type, base, derived);
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

  /** `groups` of each record: direct ones, and those that contain them. */
  async #groups(
    { tenant, records, base, contiguous = false }: ViewRequest,
  ): Promise<Map<string, JsonObject[]>> {
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
    const shown = await this.#show(tenant, edges);
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
            ...this.#reference(edge, base, shown),
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
    { tenant, base }: ViewRequest,
    each: ReadonlyMap<string, readonly Edge[]>,
  ): Promise<Map<string, JsonObject[]>> {
    const shown = await this.#show(tenant, [...each.values()].flat());
    return new Map(
      [...each].map(([id, edges]) => [
        id,
        edges.filter((edge) => shown.has(edge.id)).map((edge) => ({
          ...this.#reference(edge, base, shown),
          type: edge.type,
        })),
      ]),
    );
  }

  #reference(
    { id, type }: Edge,
    base: string,
    shown: ReadonlyMap<string, Shown>,
  ): JsonObject {
    const label = shown.get(id)?.label;
    const target = this.#registry.byName(type);
    return {
      value: id,
      ...(target === undefined
        ? {}
        : { $ref: this.location(target, id, base) }),
      ...(label === undefined ? {} : { display: label }),
    };
  }

  /** The resources at the ends of references, as far as they exist, by id. */
  async #show(
    tenant: string,
    edges: readonly Edge[],
  ): Promise<Map<string, Shown>> {
    const types = new Map(edges.map((edge) => [edge.id, edge.type]));
    const entries = await this.#store.getMany(
      [...types].map(([id, type]) => resourceKey(tenant, type, id)),
    );
    const shown = new Map<string, Shown>();
    for (const entry of entries) {
      const record = decodeRecord(entry);
      const type = this.#registry.byName(String(entry.key[3]));
      if (record === undefined || type === undefined) continue;
      shown.set(record.id, {
        label: labelOf(type, record),
        generation: record.generation,
      });
    }
    return shown;
  }

  /** The resources that derived attributes are read from. */
  async #derived(
    { tenant, type, records, wants }: ViewRequest,
  ): Promise<Map<string, Shown>> {
    const edges: Edge[] = [];
    for (const { reference, resourceType } of type.traits.derived) {
      const place = placeOf(type, reference);
      if (place === undefined || !wants(place.attribute)) continue;
      for (const { attributes } of records) {
        const id = own(place.in(attributes) ?? {}, "value");
        if (typeof id === "string") edges.push({ id, type: resourceType });
      }
    }
    return edges.length === 0 ? new Map() : await this.#show(tenant, edges);
  }

  /** Adds `$ref` to references, and the names that are read from elsewhere. */
  #fillReferences(
    resource: JsonObject,
    type: ResourceType,
    base: string,
    derived: ReadonlyMap<string, Shown>,
  ): void {
    for (const { reference, resourceType, label } of type.traits.derived) {
      const place = placeOf(type, reference);
      const value = place?.in(resource);
      const id = value === undefined ? undefined : own(value, "value");
      if (place === undefined || value === undefined) continue;
      const found = typeof id === "string" ? derived.get(id) : undefined;
      const target = this.#registry.byName(resourceType);
      place.set(resource, {
        ...value,
        ...(found === undefined || target === undefined ||
            typeof id !== "string"
          ? {}
          : { $ref: this.location(target, id, base) }),
        ...(found?.label === undefined ? {} : { [label]: found.label }),
      });
    }
  }
}

/** Where a single-valued reference stands in a resource. */
interface Place {
  readonly attribute: Attribute;
  in(resource: JsonObject): JsonObject | undefined;
  set(resource: JsonObject, value: JsonObject): void;
}

function placeOf(type: ResourceType, path: string): Place | undefined {
  for (const { uri, attributes } of type.extensions.values()) {
    for (const attribute of attributes.values()) {
      if (attribute.path !== path || !isResourceReference(attribute)) continue;
      return {
        attribute,
        in: (resource) => objectAt(objectAt(resource, uri), attribute.name),
        set: (resource, value) => {
          resource[uri] = {
            ...objectAt(resource, uri),
            [attribute.name]: value,
          };
        },
      };
    }
  }
  const attribute = type.attributes.get(path.toLowerCase());
  return attribute && {
    attribute,
    in: (resource) => objectAt(resource, attribute.name),
    set: (resource, value) => {
      resource[attribute.name] = value;
    },
  };
}

function objectAt(
  holder: JsonObject | undefined,
  name: string,
): JsonObject | undefined {
  const value = holder === undefined ? undefined : own(holder, name);
  return isJsonObject(value) ? value : undefined;
}

function labelOf(
  type: ResourceType,
  record: ResourceRecord,
): string | undefined {
  for (const name of type.traits.label) {
    const value: JsonValue | undefined = own(record.attributes, name);
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
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
