/**
 * What belongs to no tenant alone: the tenants, tokens, jobs, and what the store
 * says of itself.
 * @module
 */

import { z } from "zod";
import { encode, FORMAT_VERSION } from "../codec.ts";
import { readJob } from "../jobs.ts";
import { settingsKey, tenantKey, tokenIdKey, tokenKey } from "../keys.ts";
import type { Entry } from "../store.ts";
import { DEFAULT_RECORD, writeSettings } from "../tenant_settings.ts";
import { DEFAULT_TENANT } from "../tenants.ts";
import { type Finding, known, type Question, unreadable } from "./question.ts";
import { readAs } from "./tenant_records.ts";

const tenantRecord = z.object({ createdAt: z.string() });

const token = z.looseObject({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  scopes: z.array(z.string()),
  profile: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  userId: z.string().optional(),
});

const tokenIndex = token.extend({
  secrets: z.array(z.looseObject({
    hash: z.string(),
    validUntil: z.string().optional(),
  })),
});

/** What a secret allows, and what its token says of it, must be the same. */
const RIGHTS = ["tenant", "scopes", "profile", "expiresAt", "userId"] as const;

/** The tenant that an entry is about; undefined when it is about none. */
export function tenantOf(entry: Entry): string | undefined {
  switch (entry.key[0]) {
    case "tenant":
      return String(entry.key[1]);
    case "tok":
    case "tokid":
    case "job":
      return readAs(z.looseObject({ tenant: z.string() }), entry)?.tenant;
    default:
      return undefined;
  }
}

/** Asks about a tenant's record. */
export function askTenant(entry: Entry): Question[] {
  return readAs(tenantRecord, entry) === undefined
    ? [
      unreadable(entry.key, `The record of the tenant ${String(entry.key[1])}`),
    ]
    : [];
}

/** Asks whether a tenant has a record, when something else shows that it should. */
export function askTenantOf(
  tenant: string,
  now: Date,
): Question {
  const key = tenantKey(tenant);
  const settings = settingsKey(tenant);
  return {
    keys: [key, settings],
    judge: (found) =>
      found.has(key) ? undefined : {
        kind: "missingTenant",
        key,
        detail: `The tenant ${tenant} has no record`,
        mend: (change) => {
          change.set(key, encode({ createdAt: now.toISOString() }));
          if (tenant === DEFAULT_TENANT || found.has(settings)) return;
          writeSettings(change, tenant, DEFAULT_RECORD);
        },
      },
  };
}

/** Asks about a token: each of its secrets is there. */
export function askToken(entry: Entry, now: Date): Question[] {
  const { key } = entry;
  const index = readAs(tokenIndex, entry);
  if (index === undefined || index.id !== key[1]) {
    return [unreadable(key, `The token ${String(key[1])}`)];
  }
  return [
    askTenantOf(index.tenant, now),
    ...index.secrets.map(({ hash }): Question => ({
      keys: [tokenKey(hash)],
      judge: (found) =>
        found.has(tokenKey(hash)) ? undefined : {
          kind: "missingSecret",
          key,
          detail: `The token ${index.id} names a secret that is not there; ` +
            "who has that secret is refused",
          mend: (change) =>
            change.set(
              key,
              encode({
                ...index,
                secrets: index.secrets.filter((each) => each.hash !== hash),
              }),
            ),
        },
    })),
  ];
}

/** Asks about a secret: its token names it, and says the same. */
export function askSecret(entry: Entry): Question[] {
  const { key } = entry;
  const secret = readAs(token, entry);
  if (secret === undefined) return [unreadable(key, "The secret of a token")];
  const { id } = secret;
  const indexKey = tokenIdKey(id);
  return [{
    keys: [indexKey],
    judge: (found) => {
      const index = readAs(tokenIndex, found.get(indexKey));
      if (index === undefined && found.has(indexKey)) return undefined;
      if (!index?.secrets.some(({ hash }) => hash === key[1])) {
        return {
          kind: "orphanedSecret",
          key,
          detail: `A secret of the token ${id} is valid, and nothing names ` +
            "it, so that it cannot be revoked",
          mend: (change) => change.delete(key),
        };
      }
      const differs = RIGHTS.filter((name) =>
        JSON.stringify(index[name]) !== JSON.stringify(secret[name])
      );
      if (differs.length === 0) return undefined;
      return {
        kind: "wrongSecret",
        key,
        detail: `A secret of the token ${id} has another ${
          differs.join(" and ")
        } than the token; revoke the token and issue another`,
      };
    },
  }];
}

/** Asks about the time when a token was last used. */
export function askUse({ key, value }: Entry): Question[] {
  const id = String(key[1]);
  const finding = (detail: string): Finding => ({
    kind: "orphanedUse",
    key,
    detail,
    mend: (change) => change.delete(key),
  });
  if (!(value instanceof Deno.KvU64)) {
    return [known(finding(`The last use of the token ${id} is no time`))];
  }
  return [{
    keys: [tokenIdKey(id)],
    judge: (found) =>
      found.has(tokenIdKey(id))
        ? undefined
        : finding(`There is a last use of the token ${id}, which is not there`),
  }];
}

/** Asks about a job. */
export function askJob(entry: Entry): Question[] {
  const { key } = entry;
  return readJob(entry) !== undefined ? [] : [known({
    kind: "unreadable",
    key,
    detail: `The job ${String(key[1])} cannot be read; a newer version of ` +
      "edge-scim may have stored it",
  })];
}

/** Asks about what the store says of itself. */
export function askMeta({ key, value }: Entry): Question[] {
  const isSound = key[1] === "format"
    ? typeof value === "number" && value <= FORMAT_VERSION
    : typeof value === "string" && value !== "";
  return isSound ? [] : [unreadable(key, `The ${String(key[1])} of the store`)];
}
