/**
 * Creates, changes and deletes resources; each write is one commit.
 * @module
 */

import { keepsAttributes } from "../domain/schema_change.ts";
import { notFound, ScimError } from "../domain/errors.ts";
import { jsonEquals, type JsonObject } from "../domain/json.ts";
import type { MembershipStep } from "../domain/patch/membership.ts";
import type { ResourceType } from "../domain/schema/compile.ts";
import { clip } from "../domain/text.ts";
import { Change } from "./change.ts";
import {
  appendLog,
  attributeChanges,
  type LogRecord,
  MAX_LOGGED_MEMBERS,
} from "./changelog.ts";
import { KeyedLock, retrying } from "./concurrency.ts";
import { bucketKey } from "./counters.ts";
import {
  type Claim,
  readDoubtful,
  refuseTaken,
  writeIndexes,
} from "./indexes.ts";
import {
  membershipModifiedKey,
  membershipVersionKey,
  resourceKey,
  settingsKey,
} from "./keys.ts";
import { inMotion, refuseLeaving } from "./leaving.ts";
import {
  isLargeSet,
  type MembershipWriter,
  needsWholeSet,
} from "./membership_writer.ts";
import type { Memberships } from "./memberships.ts";
import {
  decodeRecord,
  encodeRecord,
  FIRST_GENERATION,
  type RecordContent,
  type ResourceRecord,
  withMembership,
} from "./records.ts";
import type { Registries, TenantRegistry } from "./registries.ts";
import type { MaybeEntry, Store } from "./store.ts";
import { tenantIsGoing } from "./tenant_settings.ts";

/** Who writes, and for whom. */
export interface Writer {
  readonly tenant: string;
  /** The id of the token, or `admin`. */
  readonly actor: string;
  /** What the request was read by. */
  readonly current?: TenantRegistry;
}

/** The state that an edit leads to. */
export interface Edit {
  readonly attributes: JsonObject;
  readonly membership: readonly MembershipStep[];
  /** What the client sent and no schema knows. */
  readonly ignored: readonly string[];
}

/** What a write came to. */
export interface Written {
  readonly record: ResourceRecord;
  readonly changed: boolean;
}

/** What a client says about the state that it expects. */
export interface Precondition {
  /** Throws when the current state is not one that the client accepts (If-Match). */
  readonly precondition: (record: ResourceRecord) => void;
  /** Whether the precondition looks at anything; then memberships are checked too. */
  readonly conditional: boolean;
}

/** How an existing resource is changed. */
export interface UpdateRequest extends Precondition {
  readonly operation: "replace" | "patch";
  /** Pure: it may run several times. */
  readonly edit: (record: ResourceRecord) => Edit;
}

/** How one try to change a resource ended, when it did not conflict. */
type Attempt =
  | { readonly kind: "done"; readonly written: Written }
  | { readonly kind: "gone" }
  /** The change needs the resource for itself. */
  | { readonly kind: "notAlone" };

/** What a repository needs from outside. */
export interface RepositoryOptions {
  readonly store: Store;
  readonly memberships: Memberships;
  readonly membershipWriter: MembershipWriter;
  readonly registries: Registries;
  readonly clock: () => Date;
  readonly newId: () => string;
}

/** How many notes are remembered, so that they are not written again. */
const MAX_NOTED = 10_000;

/** Keeps resources of all types. */
export class ResourceRepository {
  readonly #options: RepositoryOptions;
  readonly #locks = new KeyedLock();
  readonly #noted = new Set<string>();

  constructor(options: RepositoryOptions) {
    this.#options = options;
  }

  /** Reads a resource with the state of its memberships. */
  async get(
    tenant: string,
    type: ResourceType,
    id: string,
  ): Promise<ResourceRecord | undefined> {
    return (await this.#read(tenant, type, id)).record;
  }

  /**
   * Creates a resource.
   *
   * @throws {ScimError} 409 uniqueness, 400 invalidValue for members that do not
   * exist, 413, 503
   */
  async create(
    writer: Writer,
    type: ResourceType,
    draft: {
      readonly attributes: JsonObject;
      readonly members: readonly string[];
      readonly ignored: readonly string[];
    },
  ): Promise<ResourceRecord> {
    const { store, memberships, membershipWriter, clock } = this.#options;
    const { tenant, actor } = writer;
    const id = this.#options.newId();
    const current = this.#currentFor(writer);
    const now = clock();
    const content: RecordContent = {
      created: now.toISOString(),
      lastModified: now.toISOString(),
      attributes: draft.attributes,
      generation: FIRST_GENERATION,
    };
    return await retrying(async () => {
      const members = await memberships.candidates(tenant, type, draft.members);
      const change = new Change();
      const claims = await this.#index(
        change,
        writer,
        await current(),
        type,
        id,
        undefined,
        draft.attributes,
      );
      change.check(resourceKey(tenant, type.name, id), null)
        .sum(bucketKey(tenant, type.name, id), 1);
      if (members.length > 0) memberships.touch(change, tenant, id, now);
      appendLog(change, store, tenant, {
        at: now.toISOString(),
        actor,
        operation: "create",
        resourceType: type.name,
        id,
        changes: attributeChanges(type, {}, draft.attributes)
          .map(({ path }) => ({ path })),
        ...loggedMembers(draft.members, []),
        ...loggedIgnored(draft.ignored),
      });
      const key = resourceKey(tenant, type.name, id);
      // Before many edges are written in vain.
      if (isLargeSet(members)) await refuseTaken(store, type, id, claims);
      const done = await membershipWriter.commitNewSet(change, {
        tenant,
        type,
        group: id,
        members,
        rewrite: (generation) => {
          change.set(key, encodeRecord({ ...content, generation }));
        },
      });
      if (done === undefined) {
        // A remote KV repeats a commit whose answer was lost, which then finds
        // what it has written.
        const mine = await this.get(tenant, type, id);
        if (mine !== undefined) return mine;
        await refuseTaken(store, type, id, claims);
        return undefined;
      }
      return {
        ...content,
        generation: done.generation,
        versionstamp: done.versionstamp,
        id,
        membershipVersion: members.length > 0 ? 1n : 0n,
      };
    });
  }

  /**
   * Changes a resource. Attributes and memberships change together or not at
   * all; what changes nothing writes nothing.
   *
   * Writers of one record take turns within the process. Members that come and go
   * do not touch the record, so that such changes run together and never conflict;
   * the order of their commits decides. Whoever depends on all members takes turns
   * with everybody, and conflicts with changes by other processes.
   *
   * @returns undefined when there is no such resource
   * @throws {ScimError} whatever the precondition or the edit throws; 409
   * uniqueness, 400 invalidValue for members that do not exist, 413, 503
   */
  async update(
    writer: Writer,
    type: ResourceType,
    id: string,
    request: UpdateRequest,
  ): Promise<Written | undefined> {
    const lock = `${writer.tenant} ${type.name} ${id}`;
    const inForce = this.#currentFor(writer);
    const attempt = async (alone: boolean): Promise<Attempt | undefined> => {
      const current = await this.#read(writer.tenant, type, id);
      const { record } = current;
      if (record === undefined) return { kind: "gone" };
      request.precondition(record);
      const edit = request.edit(record);
      const rewrites = !jsonEquals(record.attributes, edit.attributes);
      if (
        !alone &&
        (rewrites || needsWholeSet(writer.tenant, edit.membership, false))
      ) {
        return { kind: "notAlone" };
      }
      const written = await this.#write(
        writer,
        type,
        { ...current, record },
        { ...edit, rewrites },
        request,
        inForce,
      );
      return written && { kind: "done", written };
    };
    const first: Attempt = type.members === undefined
      ? { kind: "notAlone" }
      : await this.#locks.share(lock, () => retrying(() => attempt(false)));
    const last = first.kind === "notAlone"
      ? await this.#locks.run(lock, () => retrying(() => attempt(true)))
      : first;
    return last.kind === "done" ? last.written : undefined;
  }

  /**
   * Deletes a resource and its memberships in both directions.
   *
   * @returns false when there is no such resource
   * @throws {ScimError} whatever the precondition throws; 503
   */
  async delete(
    writer: Writer,
    type: ResourceType,
    id: string,
    { precondition, conditional }: Precondition,
  ): Promise<boolean> {
    const { store, membershipWriter, clock } = this.#options;
    const { tenant, actor } = writer;
    const current = this.#currentFor(writer);
    const lock = `${tenant} ${type.name} ${id}`;
    return await this.#locks.run(lock, () =>
      retrying(async () => {
        const { record, version } = await this.#read(tenant, type, id);
        if (record === undefined) return false;
        precondition(record);
        const now = clock();
        const key = resourceKey(tenant, type.name, id);
        const change = new Change().check(key, record.versionstamp)
          .sum(bucketKey(tenant, type.name, id), -1)
          .delete(key)
          .delete(membershipVersionKey(tenant, id))
          .delete(membershipModifiedKey(tenant, id));
        if (conditional && version !== undefined) {
          change.check(version.key, version.versionstamp);
        }
        await this.#index(
          change,
          writer,
          await current(),
          type,
          id,
          record.attributes,
          undefined,
        );
        appendLog(change, store, tenant, {
          at: now.toISOString(),
          actor,
          operation: "delete",
          resourceType: type.name,
          id,
          changes: [],
        });
        const sweep = await membershipWriter.addRemovals(
          change,
          tenant,
          type,
          record,
        );
        if (await store.commit(change) === undefined) return undefined;
        await sweep();
        return true;
      }));
  }

  /**
   * Notes for the administrator what a request that changed nothing sent in vain;
   * once in the life of the process, since clients repeat themselves.
   */
  async #note(
    { tenant, actor }: Writer,
    type: ResourceType,
    { id, versionstamp }: ResourceRecord,
    ignored: readonly string[],
  ): Promise<void> {
    const { store, clock } = this.#options;
    const known = JSON.stringify([tenant, type.name, ignored]);
    if (ignored.length === 0 || this.#noted.has(known)) return;
    if (this.#noted.size >= MAX_NOTED) this.#noted.clear();
    this.#noted.add(known);
    const change = new Change();
    appendLog(change, store, tenant, {
      at: clock().toISOString(),
      actor,
      operation: "note",
      resourceType: type.name,
      id,
      changes: [],
      ...loggedIgnored(ignored),
    });
    // Nothing is noted of what has changed or gone meanwhile.
    change.check(resourceKey(tenant, type.name, id), versionstamp);
    if (await store.commit(change) === undefined) this.#noted.delete(known);
  }

  async #read(
    tenant: string,
    type: ResourceType,
    id: string,
  ): Promise<
    { record: ResourceRecord | undefined; version: MaybeEntry | undefined }
  > {
    const { store } = this.#options;
    const key = resourceKey(tenant, type.name, id);
    if (type.members === undefined) {
      return {
        record: decodeRecord(await store.getOften(key)),
        version: undefined,
      };
    }
    const [entry, version, modified] = await store.getMany([
      key,
      membershipVersionKey(tenant, id),
      membershipModifiedKey(tenant, id),
    ]);
    const record = entry === undefined ? undefined : decodeRecord(entry);
    return {
      record: record && withMembership(record, version, modified),
      version,
    };
  }

  async #write(
    writer: Writer,
    type: ResourceType,
    { record, version }: {
      readonly record: ResourceRecord;
      readonly version: MaybeEntry | undefined;
    },
    { rewrites, ...edit }: Edit & { readonly rewrites: boolean },
    { operation, conditional }: UpdateRequest,
    inForce: () => Promise<TenantRegistry>,
  ): Promise<Written | undefined> {
    const { store, memberships, membershipWriter, clock } = this.#options;
    const { tenant, actor } = writer;
    const now = clock();
    const moved = await membershipWriter.movement(
      tenant,
      type,
      record,
      edit.membership,
      rewrites,
    );
    const { added, removed } = moved;
    if (!rewrites && added.length === 0 && removed.length === 0) {
      await this.#note({ tenant, actor }, type, record, edit.ignored);
      return { record, changed: false };
    }
    const key = resourceKey(tenant, type.name, record.id);
    const change = new Change().check(key, record.versionstamp);
    if ((conditional || moved.all !== undefined) && version !== undefined) {
      change.check(version.key, version.versionstamp);
    }
    const claims = rewrites
      ? await this.#index(
        change,
        writer,
        await inForce(),
        type,
        record.id,
        record.attributes,
        edit.attributes,
      )
      : [];
    const movesMembers = added.length > 0 || removed.length > 0;
    if (movesMembers) memberships.touch(change, tenant, record.id, now);
    const log: LogRecord = {
      at: now.toISOString(),
      actor,
      operation,
      resourceType: type.name,
      id: record.id,
      changes: attributeChanges(type, record.attributes, edit.attributes),
      ...loggedMembers(added, removed),
      ...loggedIgnored(edit.ignored),
    };
    appendLog(change, store, tenant, log);
    const lastModified = laterOf(record.lastModified, now.toISOString());
    const content = (generation: string): RecordContent => ({
      created: record.created,
      lastModified,
      attributes: edit.attributes,
      generation,
    });
    const rewritesRecord = rewrites || moved.all !== undefined;
    const done = await membershipWriter.commitMovement(change, {
      tenant,
      type,
      record,
      ...moved,
      rewrite: (generation) => {
        change.set(key, encodeRecord(content(generation)));
      },
      rewrites: rewritesRecord,
    });
    if (done === undefined) {
      await refuseTaken(store, type, record.id, claims);
      return undefined;
    }
    return {
      changed: true,
      record: {
        ...content(done.generation),
        id: record.id,
        versionstamp: rewritesRecord ? done.versionstamp : record.versionstamp,
        // What others have changed meanwhile is not part of the version: the
        // client has not seen it, and must not overwrite it with If-Match.
        membershipVersion: record.membershipVersion +
          (movesMembers ? 1n : 0n),
      },
    };
  }

  /**
   * Adds index keys for the change from one state to another. The commit checks
   * the registry that they follow, so that none is written by outdated rules.
   *
   * @param seen the resource type as the client's request was read by it
   * @throws {ScimError} 404 when the resource type is there no longer; 409 while
   * the tenant is being deleted; 503 when
   * the state holds what schemas do not have any more, or are about to lose
   */
  async #index(
    change: Change,
    { tenant }: Writer,
    { registry, versionstamp, leaving, going }: TenantRegistry,
    seen: ResourceType,
    id: string,
    before: JsonObject | undefined,
    after: JsonObject | undefined,
  ): Promise<Claim[]> {
    if (going) throw tenantIsGoing(tenant);
    const type = registry.byName(seen.name);
    if (type === undefined) throw notFound(`There is no ${seen.name} any more`);
    if (after !== undefined && !keepsAttributes(seen, type)) throw inMotion();
    refuseLeaving(leaving, type, before, after);
    change.check(settingsKey(tenant), versionstamp);
    const { store } = this.#options;
    const doubtful = await readDoubtful(store, tenant, type, before);
    return writeIndexes(change, tenant, type, id, before, after, doubtful);
  }

  /**
   * What is in force, read anew for each try.
   *
   * @throws {ScimError} 503 when it is not what the writer has read the request
   * by; the request is to be read again
   */
  #currentFor({ tenant, current }: Writer): () => Promise<TenantRegistry> {
    let isFirst = true;
    return async () => {
      if (isFirst && current !== undefined) {
        isFirst = false;
        return current;
      }
      const now = await this.#options.registries.current(tenant);
      if (current !== undefined && current.versionstamp !== now.versionstamp) {
        throw inMotion();
      }
      return now;
    };
  }
}

function laterOf(a: string, b: string): string {
  return a > b ? a : b;
}

function loggedMembers(
  added: readonly string[],
  removed: readonly string[],
): Pick<LogRecord, "members"> {
  if (added.length === 0 && removed.length === 0) return {};
  return {
    members: {
      added: added.slice(0, MAX_LOGGED_MEMBERS),
      removed: removed.slice(0, MAX_LOGGED_MEMBERS),
    },
  };
}

function loggedIgnored(ignored: readonly string[]): Pick<LogRecord, "ignored"> {
  return ignored.length === 0 ? {} : { ignored };
}

/** 404 for a resource that is not there. */
export function noSuchResource(type: ResourceType, id: string): ScimError {
  return notFound(`${type.name} "${clip(id, 80)}" does not exist`);
}
