/**
 * Tells a tenant by following its change log, so that an export of a live store is
 * the state of one moment.
 *
 * Batches of a list are not one snapshot, but the log is in the order of the
 * commits, and a resource carries the versionstamp of the record that wrote it. So
 * each resource is told with the record that led to its present state; whoever has
 * changed it meanwhile stands further down in the log. Members are told group by
 * group, and what came and went since is taken from the log as well.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import type { Registry } from "../../domain/registry.ts";
import {
  type LoggedRecord,
  MAX_LOGGED_MEMBERS,
  readLog,
} from "../changelog.ts";
import { decode } from "../codec.ts";
import {
  allResourcesPrefix,
  JOB_PREFIX,
  logKey,
  logPrefix,
  memberPrefix,
  membershipModifiedKey,
  membershipVersionKey,
  resourceKey,
  resourceTypePrefix,
  schemaPrefix,
  settingsKey,
} from "../keys.ts";
import { readJob } from "../jobs.ts";
import { decodeRecord, numberOf, type ResourceRecord } from "../records.ts";
import { Registries } from "../registries.ts";
import type { Entry, Store } from "../store.ts";
import { type Line, type LineOf, readContent, readLine } from "./format.ts";

/** How many records of the log are read at a time. */
const LOG_BATCH = 500;

/** How many members stand in one line. */
const MEMBERS_PER_LINE = 200;

/** How often a group is read again because its members were replaced meanwhile. */
const MAX_READS = 50;

/** How often members that are read again may be ahead of the log. */
const MAX_REREADS = 5;

/** How often the log is followed further because it grows, before it is given up. */
const MAX_ROUNDS = 2_000;

/** Where a resource is. */
interface Place {
  readonly type: string;
  readonly id: string;
}

/** What operators have added, and the settings' versionstamp that it was seen with. */
interface Definitions {
  readonly versionstamp: string | null;
  readonly lines: readonly Line[];
}

/** Reads one tenant. Good for one use. */
export class TenantExport {
  readonly #store: Store;
  readonly #tenant: string;
  /** Up to where the log is told. */
  #position: string | undefined;
  /** States that stand further down in the log than it is told. */
  readonly #ahead = new Map<string, ResourceRecord>();
  /** Resources that are gone, of which the log has not told that yet. */
  readonly #gone = new Set<string>();
  /** Whether the members of the groups that are there are told. */
  #hasMembers = false;
  /** Where the log ended when members were last read: it has to be told so far. */
  #until = "";
  /** How often groups were told anew. */
  #rereads = 0;

  constructor(store: Store, tenant: string) {
    this.#store = store;
    this.#tenant = tenant;
  }

  /**
   * The lines of the tenant but for its record and its tokens.
   *
   * @throws {Error} when the store is written faster than it can be read
   */
  async *lines(): AsyncGenerator<Line> {
    while ((yield* this.#follow()) === LOG_BATCH);
    yield* this.#sweep();
    this.#hasMembers = true;
    this.#until = await this.#end();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const definitions = await this.#definitions();
      const read = yield* this.#follow();
      const isSettled = this.#ahead.size === 0 && this.#gone.size === 0 &&
        (this.#position ?? "") >= this.#until;
      if (read > 0 && !isSettled) continue;
      const { versionstamp } = await this.#store.get(settingsKey(this.#tenant));
      if (versionstamp !== definitions.versionstamp) continue;
      yield* definitions.lines;
      return;
    }
    throw tooBusy(this.#tenant);
  }

  /**
   * Tells the next records of the log, with the states that they led to.
   *
   * @returns how many records there were
   */
  async *#follow(): AsyncGenerator<Line, number> {
    const tenant = this.#tenant;
    const records = await readLog(
      this.#store,
      tenant,
      this.#position,
      LOG_BATCH,
    );
    const states = await this.#states(records);
    for (const { position, ...log } of records) {
      const key = textOf({ type: log.resourceType, id: log.id });
      const state = states.get(key);
      const isFinal = state?.versionstamp === position;
      yield readLine({
        kind: "write",
        tenant,
        log,
        ...(isFinal ? { resource: stateOf(state) } : {}),
      });
      if (this.#hasMembers) {
        this.#note(key, log.operation === "delete", state, position);
        yield* this.#moved(log);
      }
      this.#position = position;
    }
    return records.length;
  }

  /** Remembers what the log has to tell yet so that it agrees with what was read. */
  #note(
    key: string,
    isDeletion: boolean,
    state: ResourceRecord | undefined,
    position: string,
  ): void {
    if (isDeletion) this.#gone.delete(key);
    else if (state === undefined) this.#gone.add(key);
    if (state !== undefined && state.versionstamp > position) {
      this.#ahead.set(key, state);
    } else this.#ahead.delete(key);
  }

  /** The present states of what records are about; one state for each resource. */
  async #states(
    records: readonly LoggedRecord[],
  ): Promise<Map<string, ResourceRecord>> {
    const last = new Map<string, { place: Place; position: string }>();
    for (const { resourceType: type, id, position } of records) {
      last.set(textOf({ type, id }), { place: { type, id }, position });
    }
    const states = new Map<string, ResourceRecord>();
    const unknown: Place[] = [];
    for (const [key, { place, position }] of last) {
      const known = this.#ahead.get(key);
      // One that is ahead of all of these needs no other look.
      if (known !== undefined && known.versionstamp >= position) {
        states.set(key, known);
      } else unknown.push(place);
    }
    const entries = await this.#store.getMany(
      unknown.map(({ type, id }) => resourceKey(this.#tenant, type, id)),
    );
    unknown.forEach((place, index) => {
      const entry = entries[index];
      const record = entry && decodeRecord(entry);
      if (record !== undefined) states.set(textOf(place), record);
    });
    return states;
  }

  /** Tells all groups, and the resources of which the log does not tell. */
  async *#sweep(): AsyncGenerator<Line> {
    const tenant = this.#tenant;
    const { registry } = await new Registries(this.#store).current(tenant);
    const prefix = allResourcesPrefix(tenant);
    for await (const entries of this.#store.batches({ prefix })) {
      yield* this.#unlogged(entries);
      for (const { key } of entries) {
        const place = placeOf(key);
        if (hasMembers(registry, place)) yield* this.#group(place);
      }
    }
  }

  async *#unlogged(entries: readonly Entry[]): AsyncGenerator<Line> {
    const tenant = this.#tenant;
    const logged = await this.#store.getMany(
      entries.map(({ versionstamp }) => logKey(tenant, versionstamp)),
    );
    for (const [index, entry] of entries.entries()) {
      if (logged[index]?.versionstamp !== null) continue;
      const record = decodeRecord(entry);
      if (record === undefined) continue;
      const place = placeOf(entry.key);
      yield { kind: "resource", tenant, ...place, resource: stateOf(record) };
    }
  }

  /** Tells a group with all of its members; nothing when it never had any. */
  async *#group({ type, id }: Place): AsyncGenerator<Line> {
    const tenant = this.#tenant;
    for (let reads = 0; reads < MAX_READS; reads++) {
      const key = resourceKey(tenant, type, id);
      const [entry, version, modified] = await this.#store.getMany([
        key,
        membershipVersionKey(tenant, id),
        membershipModifiedKey(tenant, id),
      ]);
      const record = entry && decodeRecord(entry);
      const changes = Number(numberOf(version));
      if (record === undefined || changes === 0) return;
      const group = { tenant, type, id };
      const prefix = memberPrefix(tenant, id, record.generation);
      // Read before any is told, so that whoever takes the lines keeps nobody up.
      const members: Line[] = [];
      for await (const edges of this.#store.batches({ prefix })) {
        members.push(...memberLines(group, edges));
      }
      const after = decodeRecord(await this.#store.get(key));
      if (after === undefined) return;
      if (after.generation !== record.generation) continue;
      yield {
        kind: "group",
        ...group,
        version: changes,
        modified: Number(numberOf(modified)),
      };
      return yield* members;
    }
    throw tooBusy(tenant);
  }

  /** Tells the members that came and went with a record of the log. */
  async *#moved(log: Omit<LoggedRecord, "position">): AsyncGenerator<Line> {
    const place = { type: log.resourceType, id: log.id };
    if (log.operation === "delete") return;
    const { members } = log;
    if (members === undefined) {
      // A record that was too long lists no members, and no values either.
      const isShort = log.changes.every((change) =>
        change.from === undefined && change.to === undefined
      );
      const { registry } = await new Registries(this.#store)
        .current(this.#tenant);
      if (isShort && hasMembers(registry, place)) yield* this.#again(place);
      return;
    }
    const { added, removed } = members;
    if (Math.max(added.length, removed.length) >= MAX_LOGGED_MEMBERS) {
      return yield* this.#again(place);
    }
    yield {
      kind: "moved",
      tenant: this.#tenant,
      ...place,
      added: [...added],
      removed: [...removed],
      modified: Date.parse(log.at),
    };
  }

  /**
   * Tells the members of a group anew. They may be ahead of the log then, which is
   * told so far; but not for ever where whole sets follow each other all the time:
   * such a group is told as it was a moment later than the rest.
   */
  async *#again(place: Place): AsyncGenerator<Line> {
    yield* this.#group(place);
    if (this.#rereads++ < MAX_REREADS) this.#until = await this.#end();
  }

  /** Where the log ends. */
  async #end(): Promise<string> {
    const prefix = logPrefix(this.#tenant);
    const [last] = await this.#store.listAll({ prefix }, 1, true);
    return last === undefined ? "" : String(last.key.at(-1));
  }

  /** What operators have added, as it is in force at one moment. */
  async #definitions(): Promise<Definitions> {
    const tenant = this.#tenant;
    for (let reads = 0; reads < MAX_READS; reads++) {
      const key = settingsKey(tenant);
      const { value, versionstamp } = await this.#store.get(key);
      if (versionstamp === null) return { versionstamp, lines: [] };
      const lines: Line[] = [settingsLine(tenant, contentOf(value))];
      const schemas = { prefix: schemaPrefix(tenant) };
      for (const entry of await this.#store.listAll(schemas)) {
        lines.push(definitionLine("schema", tenant, contentOf(entry.value)));
      }
      const types = { prefix: resourceTypePrefix(tenant) };
      for (const entry of await this.#store.listAll(types)) {
        lines.push(
          definitionLine("resourceType", tenant, contentOf(entry.value)),
        );
      }
      for (const entry of await this.#store.listAll({ prefix: JOB_PREFIX })) {
        const job = readJob(entry);
        if (job?.kind !== "settleUnique" || job.tenant !== tenant) continue;
        const record = contentOf(entry.value);
        lines.push({ kind: "job", tenant, id: job.id, record });
      }
      const after = await this.#store.get(key);
      if (after.versionstamp === versionstamp) return { versionstamp, lines };
    }
    throw tooBusy(tenant);
  }
}

function tooBusy(tenant: string): Error {
  return new Error(
    `The tenant ${tenant} is written faster than it can be read; export it ` +
      "when it is less busy, or from a copy (deno task copy-store)",
  );
}

/** The settings without what is about to go: that stays. */
function settingsLine(tenant: string, settings: JsonObject): Line {
  const { leaving: _, ...record } = settings;
  return { kind: "settings", tenant, record };
}

/** A definition as it is stored; an import looks at its form. */
function definitionLine(
  kind: "schema" | "resourceType",
  tenant: string,
  record: JsonObject,
): Line {
  return readLine({ kind, tenant, record });
}

function memberLines(
  group: Pick<LineOf<"members">, "tenant" | "type" | "id">,
  edges: readonly Entry[],
): Line[] {
  const byType = Map.groupBy(edges, ({ value }) => String(value));
  return [...byType].flatMap(([memberType, some]) => {
    const lines: Line[] = [];
    for (let i = 0; i < some.length; i += MEMBERS_PER_LINE) {
      const members = some.slice(i, i + MEMBERS_PER_LINE)
        .map(({ key }) => String(key.at(-1)));
      lines.push({ kind: "members", ...group, memberType, members });
    }
    return lines;
  });
}

function stateOf(
  { created, lastModified, attributes }: ResourceRecord,
): LineOf<"resource">["resource"] {
  return { created, lastModified, attributes };
}

/** The content of a stored value. */
function contentOf(value: unknown): JsonObject {
  return readContent(decode(value));
}

function hasMembers(registry: Registry, { type }: Place): boolean {
  return registry.byName(type)?.members !== undefined;
}

function placeOf(key: Deno.KvKey): Place {
  return { type: String(key.at(-2)), id: String(key.at(-1)) };
}

function textOf({ type, id }: Place): string {
  return JSON.stringify([type, id]);
}
