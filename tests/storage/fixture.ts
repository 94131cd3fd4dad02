/**
 * Services on a store, and short forms for what the tests do with them.
 * @module
 */

import assert from "node:assert/strict";
import { ScimError, type ScimType } from "../../domain/errors.ts";
import { compileFilter } from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import type { MembershipStep } from "../../domain/patch/membership.ts";
import { builtInRegistry } from "../../domain/registry.ts";
import type { Attribute } from "../../domain/schema/attribute.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import {
  createServices,
  type ServiceOptions,
  type Services,
} from "../../routes/services.ts";
import { type LoggedRecord, readLog } from "../../storage/changelog.ts";
import type { Page } from "../../storage/queries.ts";
import type { ResourceRecord } from "../../storage/records.ts";
import type {
  Precondition,
  UpdateRequest,
  Written,
} from "../../storage/resources.ts";
import { findDisagreements } from "./invariants.ts";

export const TENANT = "default";
export const WRITER = { tenant: TENANT, actor: "token-1" };
export const BASE = "https://scim.example/api/scim/v2";
export const ENTERPRISE =
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

export const USER = typeNamed("User");
export const GROUP = typeNamed("Group");

function typeNamed(name: string): ResourceType {
  const type = builtInRegistry().byName(name);
  assert.ok(type !== undefined);
  return type;
}

/** The indexed attribute of a type with a path. */
export function indexed(type: ResourceType, path: string): Attribute {
  const attribute = type.indexes.find((each) => each.path === path);
  assert.ok(attribute !== undefined, `${path} is not indexed`);
  return attribute;
}

/** A client that says nothing about the state that it expects. */
export const UNCONDITIONAL: Precondition = {
  precondition: () => {},
  conditional: false,
};

/** An update; what is left out changes nothing. */
export interface Update extends Partial<UpdateRequest> {
  readonly set?: JsonObject;
  readonly members?: readonly MembershipStep[];
  readonly ignored?: readonly string[];
}

/** What the services of all directories have that say nothing else. */
export const DEFAULTS: { deadline?: number } = {};

/** How long a check waits for jobs in the background, in milliseconds. */
const PATIENCE = 2_000;

/** Services on a store, with the moves that tests make. */
export class Directory {
  readonly kv: Deno.Kv;
  readonly services: Services;

  private constructor(kv: Deno.Kv, services: Services) {
    this.kv = kv;
    this.services = services;
  }

  static async open(
    kv: Deno.Kv,
    options: Omit<ServiceOptions, "kv"> = {},
  ): Promise<Directory> {
    const adminToken = "the-admin-secret-of-the-tests";
    const services = await createServices({
      kv,
      adminToken,
      ...DEFAULTS,
      ...options,
    });
    return new Directory(kv, services);
  }

  async user(
    userName: string,
    attributes: JsonObject = {},
  ): Promise<ResourceRecord> {
    return await this.services.resources.create(WRITER, USER, {
      attributes: { userName, ...attributes },
      members: [],
      ignored: [],
    });
  }

  /** The ids of new users with the names `<prefix>0`, `<prefix>1` and so on. */
  async users(count: number, prefix = "user"): Promise<string[]> {
    const records = await Promise.all(
      Array.from({ length: count }, (_, i) => this.user(`${prefix}${i}`)),
    );
    return records.map(({ id }) => id);
  }

  async group(
    displayName: string,
    members: readonly string[] = [],
    attributes: JsonObject = {},
  ): Promise<ResourceRecord> {
    return await this.services.resources.create(WRITER, GROUP, {
      attributes: { displayName, ...attributes },
      members,
      ignored: [],
    });
  }

  async get(
    type: ResourceType,
    id: string,
  ): Promise<ResourceRecord | undefined> {
    return await this.services.resources.get(TENANT, type, id);
  }

  async update(
    type: ResourceType,
    id: string,
    { set = {}, members = [], ignored = [], ...request }: Update,
  ): Promise<Written | undefined> {
    return await this.services.resources.update(WRITER, type, id, {
      operation: "patch",
      ...UNCONDITIONAL,
      edit: ({ attributes }) => ({
        attributes: { ...attributes, ...set },
        membership: members,
        ignored,
      }),
      ...request,
    });
  }

  async add(group: string, ...ids: string[]): Promise<Written | undefined> {
    return await this.update(GROUP, group, { members: [{ kind: "add", ids }] });
  }

  async remove(group: string, ...ids: string[]): Promise<Written | undefined> {
    return await this.update(GROUP, group, {
      members: [{ kind: "remove", ids }],
    });
  }

  async replaceAll(
    group: string,
    ids: readonly string[],
    set: JsonObject = {},
  ): Promise<Written | undefined> {
    return await this.update(GROUP, group, {
      operation: "replace",
      set,
      members: [{ kind: "replaceAll", ids }],
    });
  }

  async delete(type: ResourceType, id: string): Promise<boolean> {
    return await this.services.resources.delete(
      WRITER,
      type,
      id,
      UNCONDITIONAL,
    );
  }

  /** The whole representation, or undefined. */
  async show(type: ResourceType, id: string): Promise<JsonObject | undefined> {
    const record = await this.get(type, id);
    return record === undefined ? undefined : await this.represent(
      type,
      record,
    );
  }

  async represent(
    type: ResourceType,
    record: ResourceRecord,
  ): Promise<JsonObject> {
    const [shown] = await this.services.views.represent({
      tenant: TENANT,
      type,
      records: [record],
      base: BASE,
      wants: () => true,
    });
    assert.ok(shown !== undefined);
    return shown;
  }

  /** The ids of the members of a group, sorted. */
  async membersOf(id: string): Promise<string[]> {
    return idsIn((await this.show(GROUP, id))?.["members"]);
  }

  /** The ids of the groups of a user, sorted. */
  async groupsOf(id: string): Promise<string[]> {
    return idsIn((await this.show(USER, id))?.["groups"]);
  }

  async find(
    type: ResourceType,
    filter: string | undefined,
    startIndex = 1,
    count = 1_000,
  ): Promise<Page> {
    return await this.services.queries.page({
      tenant: TENANT,
      type,
      predicate: filter === undefined
        ? undefined
        : compileFilter(parseFilter(filter), type),
      startIndex,
      count,
      base: BASE,
    });
  }

  /** The ids that a filter finds. */
  async idsOf(type: ResourceType, filter: string): Promise<string[]> {
    const { records } = await this.find(type, filter);
    return records.map(({ id }) => id);
  }

  async log(): Promise<LoggedRecord[]> {
    return await readLog(this.services.store, TENANT, undefined, 10_000);
  }

  /** Asserts that nothing in the store contradicts anything else. */
  async check(message?: string): Promise<void> {
    await this.services.jobs.idle();
    // Other processes of the test may still be sweeping.
    const deadline = Date.now() + PATIENCE;
    let found = await findDisagreements(this.kv, TENANT);
    while (found.length > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      found = await findDisagreements(this.kv, TENANT);
    }
    assert.deepEqual(found, [], message);
  }
}

/** The `value`s of a list of references, sorted. */
export function idsIn(list: JsonValue | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return (list as JsonObject[]).map(({ value }) => String(value)).sort();
}

/** A copy in the order of text. */
export function sorted(texts: Iterable<string>): string[] {
  return [...texts].sort();
}

/** Asserts that a promise is refused; `fragments` are parts of the message. */
export async function refused(
  promise: Promise<unknown>,
  status: number,
  scimType?: ScimType,
  ...fragments: string[]
): Promise<ScimError> {
  const error = await promise.then(
    () => assert.fail("It was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ScimError, String(error));
  assert.deepEqual(
    { status: error.status, scimType: error.scimType },
    { status, scimType },
    error.message,
  );
  for (const fragment of fragments) {
    assert.ok(error.message.includes(fragment), error.message);
  }
  return error;
}

/** Numbers from 0 up to 1 that a seed determines (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed for one run of a test, which names it when it fails. */
export function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** Ids that fall into buckets by turns. */
export function newIds(...buckets: string[]): () => string {
  let count = 0;
  return () => {
    const bucket = buckets[count % buckets.length] ?? "";
    return `${bucket}${String(count++).padStart(6, "0")}`;
  };
}

/** A text of so many characters that hardly compresses below one byte each. */
export function noise(length: number): string {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65_536) {
    crypto.getRandomValues(bytes.subarray(i, i + 65_536));
  }
  return Array.from(bytes, (byte) => String.fromCharCode(0x400 + byte))
    .join("");
}

/** Lets a few turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
