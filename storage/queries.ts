/**
 * Finds resources: pages of all of them, and those that match a filter.
 * @module
 */

import { ScimError } from "../domain/errors.ts";
import type { Predicate } from "../domain/filter/compile.ts";
import {
  type Access,
  attributesNamed,
  membersNeeded,
  planAccess,
} from "../domain/filter/plan.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Attribute } from "../domain/schema/attribute.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { locate } from "./counters.ts";
import { hasUniqueKey } from "./indexes.ts";
import {
  indexPrefix,
  indexValuePrefix,
  isExactPrefix,
  rangeSelector,
  resourceKey,
  resourcePrefix,
  uniqueKey,
  uniquePrefix,
} from "./keys.ts";
import type { Memberships } from "./memberships.ts";
import { decodeRecord, type ResourceRecord } from "./records.ts";
import type { Store } from "./store.ts";
import type { Views } from "./views.ts";

/** A page of what a query finds (RFC 7644 section 3.4.2.4). */
export interface PageRequest {
  readonly tenant: string;
  readonly type: ResourceType;
  readonly predicate: Predicate | undefined;
  /** Counts from 1. */
  readonly startIndex: number;
  readonly count: number;
  /** The SCIM base URL, for filters that ask for URIs. */
  readonly base: string;
}

/** What a query found. */
export interface Page {
  readonly totalResults: number;
  readonly records: readonly ResourceRecord[];
  /** The records are all that lie between the first and the last. */
  readonly contiguous: boolean;
}

/** How many resources a query may look at before it is refused. */
export const DEFAULT_SCAN_LIMIT = 250_000;

/** How many resources are tested at a time. */
const BATCH = 100;

/** Runs queries. Results are in the order of ids, which is stable. */
export class Queries {
  readonly #store: Store;
  readonly #memberships: Memberships;
  readonly #views: Views;
  readonly #scanLimit: number;

  constructor(
    store: Store,
    memberships: Memberships,
    views: Views,
    scanLimit: number = DEFAULT_SCAN_LIMIT,
  ) {
    this.#store = store;
    this.#memberships = memberships;
    this.#views = views;
    this.#scanLimit = scanLimit;
  }

  /**
   * Finds a page.
   *
   * @throws {ScimError} 400 tooMany when a filter without an index would have to
   * look at more resources than the budget allows
   */
  async page(request: PageRequest): Promise<Page> {
    const { predicate, type } = request;
    if (predicate === undefined) return await this.#pageOfAll(request);
    const access = planAccess(predicate, type);
    if (access.kind === "all") return await this.#scan(request, predicate);
    const ids = await this.#ids(request.tenant, type, access);
    return isExact(predicate, access)
      ? await this.#pageOfIds(request, ids)
      : await this.#test(request, predicate, ids);
  }

  async #pageOfAll(
    { tenant, type, startIndex, count }: PageRequest,
  ): Promise<Page> {
    const place = await locate(this.#store, tenant, type.name, startIndex - 1);
    if (count === 0 || place.bucket === undefined) {
      return { totalResults: place.total, records: [], contiguous: true };
    }
    const prefix = resourcePrefix(tenant, type.name);
    const entries = await this.#store.listAll(
      { prefix, start: [...prefix, place.bucket] },
      place.skip + count,
    );
    return {
      totalResults: place.total,
      records: entries.slice(place.skip).map(decodeRecord)
        .filter((record) => record !== undefined),
      contiguous: true,
    };
  }

  async #pageOfIds(
    { tenant, type, startIndex, count }: PageRequest,
    ids: readonly string[],
  ): Promise<Page> {
    const wanted = ids.slice(startIndex - 1, startIndex - 1 + count);
    return {
      totalResults: ids.length,
      records: await this.#records(tenant, type, wanted),
      contiguous: false,
    };
  }

  /** Tests the resources with some ids. */
  async #test(
    request: PageRequest,
    predicate: Predicate,
    ids: readonly string[],
  ): Promise<Page> {
    const sieve = new Sieve(request);
    for (let i = 0; i < ids.length; i += BATCH) {
      const records = await this.#records(
        request.tenant,
        request.type,
        ids.slice(i, i + BATCH),
      );
      sieve.take(records, await this.#matching(request, predicate, records));
    }
    return sieve.page();
  }

  /** Tests every resource of the type. */
  async #scan(request: PageRequest, predicate: Predicate): Promise<Page> {
    const sieve = new Sieve(request);
    const prefix = resourcePrefix(request.tenant, request.type.name);
    let seen = 0;
    for await (const batch of this.#store.batches({ prefix })) {
      seen += batch.length;
      this.#checkBudget(seen);
      const records = batch.map(decodeRecord)
        .filter((record) => record !== undefined);
      sieve.take(records, await this.#matching(request, predicate, records));
    }
    return sieve.page();
  }

  /** Whether each of some records matches. */
  async #matching(
    { tenant, type, base }: PageRequest,
    predicate: Predicate,
    records: readonly ResourceRecord[],
  ): Promise<boolean[]> {
    const named = [...attributesNamed(predicate)];
    const sources = new Set(
      named.map((attribute) => sourceOf(type, attribute)),
    );
    if (!sources.has("view")) {
      return records.map((record) =>
        predicate.test(
          sources.has("meta") ? withMeta(type, record) : record.attributes,
        )
      );
    }
    const tops = new Set(
      named.map((attribute) => attribute.parent ?? attribute),
    );
    const ids = membersNeeded(predicate, type.members);
    const resources = await this.#views.represent({
      tenant,
      type,
      records,
      base,
      wants: (attribute) => tops.has(attribute),
      ...(ids === "all" ? {} : { onlyMembers: ids }),
    });
    return resources.map((resource) => predicate.test(resource));
  }

  async #records(
    tenant: string,
    type: ResourceType,
    ids: readonly string[],
  ): Promise<ResourceRecord[]> {
    const entries = await this.#store.getMany(
      ids.map((id) => resourceKey(tenant, type.name, id)),
    );
    return entries.map(decodeRecord).filter((record) => record !== undefined);
  }

  /** The ids that an index names, in order and without repetitions. */
  async #ids(
    tenant: string,
    type: ResourceType,
    access: Access,
  ): Promise<string[]> {
    const ids = new Set<string>();
    for await (const id of this.#namedBy(tenant, type, access)) {
      ids.add(id);
      this.#checkBudget(ids.size);
    }
    return [...ids].sort();
  }

  async *#namedBy(
    tenant: string,
    type: ResourceType,
    access: Access,
  ): AsyncGenerator<string> {
    switch (access.kind) {
      case "ids":
        yield* access.ids;
        return;
      case "union":
        for (const part of access.of) yield* this.#namedBy(tenant, type, part);
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
    const names = type.memberOf?.subAttributes.get("$ref")?.referenceTypes ??
      [];
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
        for (const edge of await this.#memberships.members(tenant, record)) {
          if (edge.type === type.name) yield edge.id;
          if (seen.has(edge.id) || !this.#memberships.hasMembers(edge.type)) {
            continue;
          }
          seen.add(edge.id);
          level.push(edge.id);
        }
      }
    }
  }

  #checkBudget(seen: number): void {
    if (seen <= this.#scanLimit) return;
    throw new ScimError(
      400,
      "tooMany",
      `The filter would have to look at more than ${this.#scanLimit} resources; ` +
        "compare an indexed attribute (userName, externalId, displayName, " +
        "emails.value) with eq or sw as one side of an and",
    );
  }
}

/** Counts matches and keeps those of the page. */
class Sieve {
  readonly #first: number;
  readonly #end: number;
  readonly #kept: ResourceRecord[] = [];
  #matches = 0;

  constructor({ startIndex, count }: PageRequest) {
    this.#first = startIndex - 1;
    this.#end = startIndex - 1 + count;
  }

  take(
    records: readonly ResourceRecord[],
    matching: readonly boolean[],
  ): void {
    records.forEach((record, index) => {
      if (matching[index] !== true) return;
      if (this.#matches >= this.#first && this.#matches < this.#end) {
        this.#kept.push(record);
      }
      this.#matches++;
    });
  }

  page(): Page {
    return {
      totalResults: this.#matches,
      records: this.#kept,
      contiguous: false,
    };
  }
}

/** Whether an index names the matches and nothing else. */
function isExact(predicate: Predicate, access: Access): boolean {
  return predicate.kind === "comparison" && predicate.operator === "sw" &&
    access.kind === "range" && access.prefix !== undefined &&
    isExactPrefix(access.prefix);
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
