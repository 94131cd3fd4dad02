/**
 * The store that an import goes into: what is there already, and how it goes away.
 * @module
 */

import { decode } from "../codec.ts";
import {
  allOfTenantPrefix,
  countPrefix,
  JOB_PREFIX,
  jobKey,
  TENANT_PREFIX,
  tenantKey,
  TENANTS_PREFIX,
  TOKEN_ID_PREFIX,
  TOKEN_PREFIX,
  TOKEN_USE_PREFIX,
  tokenIdKey,
  tokenKey,
  tokenUseKey,
} from "../keys.ts";
import { numberOf } from "../records.ts";
import { Registries } from "../registries.ts";
import type { Store } from "../store.ts";
import { Batch } from "./batch.ts";
import { readContent, readLine } from "./format.ts";

/** What an import is about: one tenant, or the whole store if it is undefined. */
export type Scope = string | undefined;

/** A token as it stands in the index. */
interface FoundToken {
  readonly id: string;
  readonly tenant: string;
  readonly hashes: readonly string[];
}

/**
 * Says what an import would meet, such as `tenant default: 3 User, 1 Group`.
 *
 * @returns undefined when there is nothing: a server that was started and never
 * used leaves nothing
 */
export async function describeContent(
  store: Store,
  scope: Scope,
): Promise<string | undefined> {
  const tenants = scope === undefined
    ? (await store.listAll({ prefix: TENANT_PREFIX }))
      .map(({ key }) => String(key.at(-1)))
    : [scope];
  const parts: string[] = [];
  for (const tenant of tenants) {
    const found = await describeTenant(store, tenant);
    if (found !== undefined) parts.push(`tenant ${tenant}: ${found}`);
  }
  const tokens = (await tokensOf(store, scope)).length;
  if (tokens > 0) parts.push(`${tokens} token${tokens === 1 ? "" : "s"}`);
  if (parts.length > 0) return parts.join("; ");
  const prefix = scope === undefined
    ? TENANTS_PREFIX
    : allOfTenantPrefix(scope);
  const [other] = await store.listAll({ prefix }, 1);
  return other === undefined ? undefined : "data of no known tenant";
}

async function describeTenant(
  store: Store,
  tenant: string,
): Promise<string | undefined> {
  const prefix = allOfTenantPrefix(tenant);
  const [first] = await store.listAll({ prefix }, 1);
  if (first === undefined) return undefined;
  const { registry } = await new Registries(store).current(tenant);
  const counts: string[] = [];
  for (const { name } of registry.resourceTypes) {
    const entries = await store.listAll({ prefix: countPrefix(tenant, name) });
    const count = entries.reduce((sum, entry) => sum + numberOf(entry), 0n);
    if (count > 0n) counts.push(`${count} ${name}`);
  }
  return counts.length === 0 ? "settings or a change log" : counts.join(", ");
}

/** Deletes everything that an import would meet. */
export async function clear(store: Store, scope: Scope): Promise<void> {
  const batch = new Batch(store);
  if (scope === undefined) {
    for (
      const prefix of [
        TENANTS_PREFIX,
        TOKEN_PREFIX,
        TOKEN_ID_PREFIX,
        TOKEN_USE_PREFIX,
        JOB_PREFIX,
        TENANT_PREFIX,
      ]
    ) await batch.deleteAll(prefix);
    return await batch.flush();
  }
  await batch.deleteAll(allOfTenantPrefix(scope));
  for (const { id, hashes } of await tokensOf(store, scope)) {
    for (const hash of hashes) await batch.delete(tokenKey(hash));
    await batch.delete(tokenUseKey(id));
    await batch.delete(tokenIdKey(id));
  }
  for (const { key, value } of await store.listAll({ prefix: JOB_PREFIX })) {
    if (readContent(decode(value))["tenant"] !== scope) continue;
    await batch.delete(jobKey(String(key.at(-1))));
  }
  await batch.delete(tenantKey(scope));
  await batch.flush();
}

async function tokensOf(store: Store, scope: Scope): Promise<FoundToken[]> {
  const entries = await store.listAll({ prefix: TOKEN_ID_PREFIX });
  return entries.flatMap(({ value }) => {
    const record = readContent(decode(value));
    const tenant = String(record["tenant"]);
    if (scope !== undefined && scope !== tenant) return [];
    const line = readLine({ kind: "token", tenant, record });
    if (line.kind !== "token") return [];
    const { id, secrets } = line.record;
    return [{ id, tenant, hashes: secrets.map(({ hash }) => hash) }];
  });
}
