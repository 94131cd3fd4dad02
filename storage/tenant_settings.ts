/**
 * What a tenant can decide, and what stands beside it in the record that every
 * write checks.
 * @module
 */

import { z } from "zod";
import { ScimError } from "../domain/errors.ts";
import { clip } from "../domain/text.ts";
import type { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { settingsKey } from "./keys.ts";
import { type Leaving, leaving } from "./leaving.ts";
import type { MaybeEntry } from "./store.ts";

/** How many requests a second a token may send when nobody has decided. */
export const DEFAULT_REQUESTS_PER_SECOND = 100;

/** The bounds of the rate. Identity providers need 25 requests a second. */
const MIN_REQUESTS_PER_SECOND = 25;
const MAX_REQUESTS_PER_SECOND = 1_000_000;

const RATE_RULE = `must be an integer from ${MIN_REQUESTS_PER_SECOND} to ` +
  `${MAX_REQUESTS_PER_SECOND}`;

/** How many requests a second a token may send. */
export const requestsPerSecond = z.number({ error: RATE_RULE })
  .refine(Number.isInteger, RATE_RULE)
  .min(MIN_REQUESTS_PER_SECOND, RATE_RULE)
  .max(MAX_REQUESTS_PER_SECOND, RATE_RULE);

/** What a tenant can decide. */
export const tenantSettings = z.object({
  /** Whether two groups may not share a displayName. */
  uniqueGroupNames: z.boolean({ error: "must be a boolean: true or false" }),
  /** For each token; absent: as the server is configured. */
  requestsPerSecond: requestsPerSecond.optional(),
});

/** What a tenant can decide. */
export type TenantSettings = z.infer<typeof tenantSettings>;

const settingsRecord = tenantSettings.extend({
  incomplete: z.array(z.string()).default([]),
  leaving: z.array(leaving).default([]),
  going: z.boolean().default(false),
});

/**
 * The record that moves whenever the settings, the schemas or the resource types
 * of a tenant do. Writers check its versionstamp, which proves that they have
 * seen them.
 */
export interface SettingsRecord {
  readonly settings: TenantSettings;
  /** Names of attributes, with the URIs of their schemas, whose index is being built. */
  readonly incomplete: readonly string[];
  /** What nobody may begin to use. */
  readonly leaving: readonly Leaving[];
  /** Whether the tenant is being deleted; left out: it is not. */
  readonly going?: boolean;
}

/** The settings of a tenant that has decided nothing. */
export const DEFAULT_SETTINGS: TenantSettings = { uniqueGroupNames: true };

/** The record of a tenant that has decided and added nothing. */
export const DEFAULT_RECORD: SettingsRecord = {
  settings: DEFAULT_SETTINGS,
  incomplete: [],
  leaving: [],
};

/** 409: the tenant is being deleted, so that nothing is added to it. */
export function tenantIsGoing(tenant: string): ScimError {
  return new ScimError(
    409,
    undefined,
    `The tenant "${clip(tenant, 80)}" is being deleted; its name can be used ` +
      "anew when GET /admin/tenants does not list it any more",
  );
}

/** Reads the record from its entry; a tenant that has none has the defaults. */
export function decodeSettings(
  { value, versionstamp }: Pick<MaybeEntry, "value" | "versionstamp">,
): Required<SettingsRecord> {
  if (versionstamp === null) {
    return { ...DEFAULT_RECORD, going: false };
  }
  const { incomplete, leaving, going, ...settings } = settingsRecord.parse(
    decode(value),
  );
  return { settings, incomplete, leaving, going };
}

/** Adds the record to a commit, which moves its versionstamp. */
export function writeSettings(
  change: Change,
  tenant: string,
  { settings, incomplete, leaving, going = false }: SettingsRecord,
): Change {
  const record = {
    ...settings,
    ...(incomplete.length === 0 ? {} : { incomplete }),
    ...(leaving.length === 0 ? {} : { leaving }),
    ...(going ? { going } : {}),
  };
  return change.set(settingsKey(tenant), encode(record));
}
