/**
 * Writes a store, or one tenant of it, as lines of JSON, also while servers write
 * to it.
 * @module
 */

import { decode } from "../codec.ts";
import {
  metaKey,
  TENANT_PREFIX,
  TOKEN_ID_PREFIX,
  tokenUseKey,
} from "../keys.ts";
import { refuseNewer, refuseUnfinished } from "../open.ts";
import { numberOf } from "../records.ts";
import type { Entry, Store } from "../store.ts";
import {
  EXPORT_FORMAT,
  type Line,
  readContent,
  readLine,
  writeLines,
} from "./format.ts";
import { TenantExport } from "./tenant.ts";

/** What is exported, and what its header says. */
export interface ExportOptions {
  /** The only tenant; undefined: the whole store. */
  readonly tenant?: string | undefined;
  /** The version of the program. */
  readonly program: string;
  readonly date: Date;
}

/**
 * The lines of an export, without line breaks. Few are in memory at once.
 *
 * @throws {Error} when the store cannot be read by this version, has no such
 * tenant, or is written faster than it can be read
 */
export async function* exportLines(
  store: Store,
  { tenant, program, date }: ExportOptions,
): AsyncGenerator<string> {
  if (await refuseNewer(store) === undefined) {
    throw new Error(
      "The store is empty: edge-scim was never started on it; KV_PATH names " +
        "the store",
    );
  }
  await refuseUnfinished(store);
  const records = await store.listAll({ prefix: TENANT_PREFIX });
  const there = records.filter((entry) => !isGoing(entry));
  const all = there.map(({ key }) => String(key.at(-1)));
  if (tenant !== undefined && !all.includes(tenant)) {
    throw new Error(
      `There is no tenant "${tenant}"; there are ${all.join(", ")}`,
    );
  }
  const exported = tenant === undefined
    ? there
    : there.filter(({ key }) => key.at(-1) === tenant);
  const tenants = exported.map(({ key }) => String(key.at(-1)));
  const epoch = await store.get(metaKey("epoch"));
  yield* writeLines({
    "edge-scim": "export",
    format: EXPORT_FORMAT,
    program,
    date: date.toISOString(),
    epoch: String(epoch.value ?? ""),
    scope: tenant === undefined ? "store" : "tenant",
    tenants,
  }, content(store, exported, tenant === undefined));
}

async function* content(
  store: Store,
  tenants: readonly Entry[],
  isWhole: boolean,
): AsyncGenerator<Line> {
  if (isWhole) yield* adminSecret(store);
  for (const { key, value } of tenants) {
    const tenant = String(key.at(-1));
    const record = readContent(decode(value));
    yield { kind: "tenant", tenant, record };
    yield* new TenantExport(store, tenant).lines();
  }
  yield* tokens(store, new Set(tenants.map(({ key }) => String(key.at(-1)))));
  await refuseDeleted(store, tenants);
}

/** @throws {Error} when a tenant has begun to go while it was read */
async function refuseDeleted(
  store: Store,
  tenants: readonly Entry[],
): Promise<void> {
  const now = await store.getMany(tenants.map(({ key }) => key));
  const changed = tenants.find(({ versionstamp }, index) =>
    now[index]?.versionstamp !== versionstamp
  );
  if (changed === undefined) return;
  throw new Error(
    `The tenant ${String(changed.key.at(-1))} was deleted while it was ` +
      "exported; export again",
  );
}

/** Whether a tenant is being deleted. */
function isGoing({ value }: Entry): boolean {
  return readContent(decode(value))["deleting"] === true;
}

async function* adminSecret(store: Store): AsyncGenerator<Line> {
  const { value } = await store.get(metaKey("adminSecret"));
  if (typeof value === "string") yield { kind: "admin", secret: value };
}

/** Tokens come last: each record is whole, and a tenant is there before them. */
async function* tokens(
  store: Store,
  tenants: ReadonlySet<string>,
): AsyncGenerator<Line> {
  for await (const entries of store.batches({ prefix: TOKEN_ID_PREFIX })) {
    const uses = await store.getMany(
      entries.map(({ key }) => tokenUseKey(String(key.at(-1)))),
    );
    for (const [index, { value }] of entries.entries()) {
      const record = readContent(decode(value));
      const tenant = String(record["tenant"]);
      const lastUsed = Number(numberOf(uses[index]));
      if (!tenants.has(tenant)) continue;
      yield readLine({
        kind: "token",
        tenant,
        record,
        ...(lastUsed === 0 ? {} : { lastUsed }),
      });
    }
  }
}
