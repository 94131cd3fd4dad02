/**
 * What a tenant can decide.
 * @module
 */

import { z } from "zod";
import type { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { settingsKey } from "./keys.ts";
import type { Store } from "./store.ts";

/** What a tenant can decide. */
export const tenantSettings = z.object({
  /** Whether two groups may not share a displayName. */
  uniqueGroupNames: z.boolean(),
});

/** What a tenant can decide. */
export type TenantSettings = z.infer<typeof tenantSettings>;

/** The settings of a tenant that has decided nothing. */
export const DEFAULT_SETTINGS: TenantSettings = { uniqueGroupNames: true };

/** Settings and the versionstamp that proves a write has seen them. */
export interface SettingsEntry {
  readonly settings: TenantSettings;
  readonly versionstamp: string | null;
}

/** Reads the settings of a tenant. */
export async function readSettings(
  store: Store,
  tenant: string,
): Promise<SettingsEntry> {
  const { value, versionstamp } = await store.get(settingsKey(tenant));
  return {
    settings: versionstamp === null
      ? DEFAULT_SETTINGS
      : tenantSettings.parse(decode(value)),
    versionstamp,
  };
}

/** Adds settings to a commit. */
export function writeSettings(
  change: Change,
  tenant: string,
  settings: TenantSettings,
): Change {
  return change.set(settingsKey(tenant), encode(settings));
}
