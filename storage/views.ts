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
import { valuesOf } from "../domain/indexing.ts";
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

/** How much of a name is shown where it stands for a resource, in UTF-16 units. */
const MAX_LABEL = 4_096;

/** What is shown of another resource. */
interface Shown {
  readonly type: ResourceType;
  readonly label: string | undefined;
  readonly generation: string;
}

/** Makes representations. */
export class Views {
  readonly #store: Store;
  readonly #memberships: Memberships;
  readonly #epoch: string;

  /** @param epoch tells versions of this store from those of another */
  constructor(
    store: Store,
    memberships: Memberships,
    epoch: string,
  ) {
    this.#store = store;
    this.#memberships = memberships;
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
    const [groups, members, referenced] = await Promise.all([
      type.memberOf !== undefined && wants(type.memberOf)
        ? this.#groups(request)
        : undefined,
      this.#members(request, edges),
      this.#referenced({ ...request, records }),
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
      this.#fillReferences(resource, type, base, referenced);
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
  async #groups(request: ViewRequest): Promise<Map<string, JsonObject[]>> {
    const { tenant, records, base, contiguous = false } = request;
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
    const shown = await this.#show(request, edges);
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
    request: ViewRequest,
    each: ReadonlyMap<string, readonly Edge[]>,
  ): Promise<Map<string, JsonObject[]>> {
    const { base } = request;
    const shown = await this.#show(request, [...each.values()].flat());
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
    { id }: Edge,
    base: string,
    shown: ReadonlyMap<string, Shown>,
  ): JsonObject {
    const label = shown.get(id)?.label;
    const type = shown.get(id)?.type;
    return {
      value: id,
      ...(type === undefined ? {} : { $ref: this.location(type, id, base) }),
      ...(label === undefined ? {} : { display: label }),
    };
  }

  /** The resources at the ends of references, as far as they exist, by id. */
  async #show(
    { tenant, type: { types } }: ViewRequest,
    edges: readonly Edge[],
  ): Promise<Map<string, Shown>> {
    const keys = new Map(
      edges.map(({ id, type }) => [
        `${type} ${id}`,
        resourceKey(tenant, type, id),
      ]),
    );
    const shown = new Map<string, Shown>();
    for (const entry of await this.#store.getMany([...keys.values()])) {
      const record = decodeRecord(entry);
      const type = types.byName(String(entry.key[3]));
      if (record === undefined || type === undefined) continue;
      shown.set(record.id, {
        type,
        label: labelOf(type, record),
        generation: record.generation,
      });
    }
    return shown;
  }

  /** The resources that references lead to, as far as they exist, by id. */
  async #referenced(request: ViewRequest): Promise<Map<string, Shown>> {
    const { type, records, wants } = request;
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
    return edges.length === 0 ? new Map() : await this.#show(request, edges);
  }

  /** Adds `$ref` to references, and the names that are read from elsewhere. */
  #fillReferences(
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
          $ref: this.location(found.type, id, base),
          ...(label === undefined || found.label === undefined
            ? {}
            : { [label]: found.label }),
        };
      };
      const next = {
        ...holder,
        [name]: Array.isArray(value) ? value.map(filled) : filled(value),
      };
      // What the record holds is shared with others and stays as it is.
      if (extension === undefined) resource[name] = next[name] ?? value;
      else resource[extension] = next;
    }
  }
}

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

function setList(
  resource: JsonObject,
  attribute: Attribute,
  elements: readonly JsonObject[] | undefined,
): void {
  if (elements !== undefined && elements.length > 0) {
    resource[attribute.name] = [...elements];
  }
}
