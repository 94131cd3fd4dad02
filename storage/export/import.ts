/**
 * Fills a store from an export.
 *
 * The export is read twice: once to its end, before anything is changed, so that a
 * damaged one changes nothing; then to write it. From the first change to the last
 * the store is marked, and no server starts on it: what a crash cuts off is
 * imported again from the beginning.
 *
 * A write goes into a commit of its own, with the record of the change log and
 * what the resource became, so that the log is in the order in which it was.
 * @module
 */

import { ScimError } from "../../domain/errors.ts";
import { Change } from "../change.ts";
import { appendLog } from "../changelog.ts";
import { encode, FORMAT_VERSION } from "../codec.ts";
import {
  jobKey,
  memberKey,
  memberPrefix,
  membershipModifiedKey,
  membershipVersionKey,
  metaKey,
  resourceKey,
  resourceTypeKey,
  schemaKey,
  settingsKey,
  tenantKey,
  tokenIdKey,
  tokenKey,
  tokenUseKey,
} from "../keys.ts";
import { refuseNewer } from "../open.ts";
import { encodeRecord, FIRST_GENERATION } from "../records.ts";
import type { Store } from "../store.ts";
import { Batch } from "./batch.ts";
import {
  ExportError,
  type Header,
  type Line,
  type LineOf,
  readLines,
} from "./format.ts";
import { rebuild } from "./rebuild.ts";
import { clear, describeContent, type Scope } from "./target.ts";

/** How an import goes. */
export interface ImportOptions {
  /** The only tenant that is taken from the export; undefined: all of them. */
  readonly tenant?: string | undefined;
  /** Whether what is there goes away first. */
  readonly replace: boolean;
  /** Makes a short text that begins the entity tags of the store from now on. */
  readonly newEpoch: () => string;
}

/** What an import has written. */
export interface Imported {
  readonly tenants: readonly string[];
  /** By the names of their types. */
  readonly resources: ReadonlyMap<string, number>;
  readonly memberships: number;
  /** Records of the change log. */
  readonly writes: number;
  readonly tokens: number;
}

/**
 * Imports an export.
 *
 * @param texts opens the lines of the export, without line breaks; called twice
 * @throws {ExportError} when the export is not whole, does not have the tenant, or
 * holds what cannot be stored
 * @throws {Error} when there is something already, or a newer program has written
 * the store
 */
export async function importLines(
  store: Store,
  texts: () => AsyncIterable<string>,
  { tenant, replace, newEpoch }: ImportOptions,
): Promise<Imported> {
  await refuseNewer(store);
  const header = await verify(texts());
  const scope = scopeOf(header, tenant);
  await refuseContent(store, scope, replace);
  await store.write(
    new Change().set(metaKey("format"), FORMAT_VERSION)
      .set(metaKey("importing"), scope ?? ""),
  );
  await clear(store, scope);
  const writing = new Writing(store);
  for await (const read of readLines(texts())) {
    if (read.kind !== "line" || !isWanted(read.line, scope)) continue;
    await writing.write(read.line, read.number);
  }
  await writing.flush();
  const tenants = scope === undefined ? header.tenants : [scope];
  const resources = new Map<string, number>();
  let memberships = 0;
  for (const each of tenants) {
    const counts = await rebuild(store, each);
    for (const [name, count] of counts.resources) {
      resources.set(name, (resources.get(name) ?? 0) + count);
    }
    memberships += counts.memberships;
  }
  await finish(store, header, scope, newEpoch);
  const { writes, tokens } = writing;
  return { tenants, resources, memberships, writes, tokens };
}

/** Reads an export to its end; nobody who has got the header needs to doubt it. */
async function verify(texts: AsyncIterable<string>): Promise<Header> {
  let header: Header | undefined;
  for await (const read of readLines(texts)) {
    if (read.kind === "header") header = read.header;
  }
  // readLines() has thrown if there was none.
  if (header === undefined) throw new ExportError("The export has no header");
  return header;
}

function scopeOf(
  { scope, tenants }: Header,
  tenant: string | undefined,
): Scope {
  if (tenant === undefined) return scope === "store" ? undefined : tenants[0];
  if (tenants.includes(tenant)) return tenant;
  throw new ExportError(
    `The export does not have the tenant "${tenant}"; it has ` +
      tenants.join(", "),
  );
}

function isWanted(line: Line, scope: Scope): boolean {
  if (scope === undefined) return true;
  return line.kind !== "admin" && line.tenant === scope;
}

/** @throws {Error} when there is something that nobody has allowed to go */
async function refuseContent(
  store: Store,
  scope: Scope,
  replace: boolean,
): Promise<void> {
  const { value } = await store.get(metaKey("importing"));
  if (typeof value === "string") {
    // What an import has begun to write is worth nothing.
    if (scope === undefined || scope === value) return;
    throw new Error(
      `An import of ${value === "" ? "all tenants" : `the tenant ${value}`} ` +
        "into this store was cut off; run that one again first",
    );
  }
  if (replace) return;
  const found = await describeContent(store, scope);
  if (found === undefined) return;
  throw new Error(
    `The store is not empty (${found}); import into a new one, or give ` +
      "--replace, which deletes " +
      (scope === undefined ? "all of that first" : "that tenant first"),
  );
}

/** Lets servers start on the store. */
async function finish(
  store: Store,
  header: Header,
  scope: Scope,
  newEpoch: () => string,
): Promise<void> {
  const change = new Change().delete(metaKey("importing"));
  const { value } = await store.get(metaKey("epoch"));
  // Versionstamps begin anew, and no entity tag may mean two states. A store that
  // goes on with its other tenants keeps its epoch, unless both have the same.
  if (scope === undefined || value === header.epoch) {
    let epoch = newEpoch();
    while (epoch === value || epoch === header.epoch) epoch = newEpoch();
    change.set(metaKey("epoch"), epoch);
  }
  await store.write(change);
}

/** Writes the lines of an export. */
class Writing {
  readonly #store: Store;
  readonly #batch: Batch;
  writes = 0;
  tokens = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#batch = new Batch(store);
  }

  /** @throws {ExportError} when it cannot be stored */
  async write(line: Line, number: number): Promise<void> {
    try {
      await this.#write(line);
    } catch (error) {
      const isTooLarge = error instanceof RangeError ||
        error instanceof ScimError && error.status === 413;
      if (!isTooLarge) throw error;
      throw new ExportError(
        `Line ${number} cannot be stored: ${error.message}`,
        { cause: error },
      );
    }
  }

  async flush(): Promise<void> {
    await this.#batch.flush();
  }

  async #write(line: Line): Promise<void> {
    switch (line.kind) {
      case "admin":
        return await this.#batch.set(metaKey("adminSecret"), line.secret);
      case "tenant":
        return await this.#batch.set(
          tenantKey(line.tenant),
          encode(line.record),
        );
      case "write":
        return await this.#logged(line);
      case "resource":
        return await this.#batch.set(
          resourceKey(line.tenant, line.type, line.id),
          encodeState(line.resource),
        );
      case "group":
        return await this.#group(line);
      case "members":
        return await this.#members(line);
      case "moved":
        return await this.#moved(line);
      case "settings":
        return await this.#batch.set(
          settingsKey(line.tenant),
          encode(line.record),
        );
      case "schema":
        return await this.#batch.set(
          schemaKey(line.tenant, line.record.definition.id),
          encode(line.record),
        );
      case "resourceType":
        return await this.#batch.set(
          resourceTypeKey(line.tenant, line.record.definition.name),
          encode(line.record),
        );
      case "job":
        return await this.#batch.set(jobKey(line.id), encode(line.record));
      case "token":
        return await this.#token(line);
    }
  }

  async #logged({ tenant, log, resource }: LineOf<"write">): Promise<void> {
    await this.#batch.flush();
    this.writes++;
    const change = new Change();
    const key = resourceKey(tenant, log.resourceType, log.id);
    if (resource !== undefined) change.set(key, encodeState(resource));
    if (log.operation === "delete") change.delete(key);
    appendLog(change, this.#store, tenant, log);
    await this.#store.write(change);
  }

  /** Begins the members of a group, whatever was told of them before. */
  async #group(line: LineOf<"group">): Promise<void> {
    const { tenant, id } = line;
    await this.#batch.flush();
    await this.#batch.deleteAll(memberPrefix(tenant, id, FIRST_GENERATION));
    await this.#batch.set(membershipVersionKey(tenant, id), u64(line.version));
    await this.#batch.set(
      membershipModifiedKey(tenant, id),
      u64(line.modified),
    );
  }

  async #members(line: LineOf<"members">): Promise<void> {
    const { tenant, id, memberType, members } = line;
    for (const member of members) {
      const key = memberKey(tenant, id, FIRST_GENERATION, member);
      await this.#batch.set(key, memberType);
    }
  }

  /** The types of members are found out when all resources are there. */
  async #moved(line: LineOf<"moved">): Promise<void> {
    const { tenant, id, added, removed, modified } = line;
    for (const member of added) {
      await this.#batch.set(
        memberKey(tenant, id, FIRST_GENERATION, member),
        "",
      );
    }
    for (const member of removed) {
      await this.#batch.delete(
        memberKey(tenant, id, FIRST_GENERATION, member),
      );
    }
    await this.#batch.flush();
    await this.#store.write(
      new Change().sum(membershipVersionKey(tenant, id), 1)
        .max(membershipModifiedKey(tenant, id), modified),
    );
  }

  async #token({ record, lastUsed }: LineOf<"token">): Promise<void> {
    this.tokens++;
    const { secrets, ...token } = record;
    await this.#batch.set(tokenIdKey(record.id), encode(record));
    for (const { hash, ...secret } of secrets) {
      await this.#batch.set(tokenKey(hash), encode({ ...token, ...secret }));
    }
    if (lastUsed !== undefined) {
      await this.#batch.set(tokenUseKey(record.id), u64(lastUsed));
    }
  }
}

function encodeState(state: LineOf<"resource">["resource"]): Uint8Array {
  return encodeRecord({ ...state, generation: FIRST_GENERATION });
}

function u64(value: number): Deno.KvU64 {
  return new Deno.KvU64(BigInt(value));
}
