/**
 * What a tenant has beside its resources: settings, schemas, resource types and
 * the change log.
 * @module
 */

import { z } from "zod";
import { storedResourceType, storedSchema } from "../../domain/schema/read.ts";
import { decode } from "../codec.ts";
import { addJob, type StoredJob } from "../jobs.ts";
import { jobKey, settingsKey, textPart } from "../keys.ts";
import type { Entry } from "../store.ts";
import {
  decodeSettings,
  DEFAULT_RECORD,
  type SettingsRecord,
  writeSettings,
} from "../tenant_settings.ts";
import { deletionJob } from "../tenants.ts";
import { settleJob } from "../unique_values.ts";
import { known, type Question, type Rules, unreadable } from "./question.ts";

const schemaRecord = z.object({
  definition: storedSchema,
  required: z.boolean(),
  position: z.number(),
});

const typeRecord = z.object({
  definition: storedResourceType,
  position: z.number(),
});

const logRecord = z.object({
  at: z.string(),
  actor: z.string(),
  operation: z.enum(["create", "replace", "patch", "delete", "note"]),
  resourceType: z.string(),
  id: z.string(),
  changes: z.array(z.object({ path: z.string() })),
});

/** Twenty hexadecimal digits: where a record stands in the change log. */
const POSITION = /^[0-9a-f]{20}$/;

/** Reads a stored value; undefined when it is not of a shape. */
export function readAs<T>(
  shape: z.ZodType<T>,
  { value }: Pick<Entry, "value">,
): T | undefined {
  try {
    return shape.safeParse(decode(value)).data;
  } catch {
    return undefined;
  }
}

/** Asks about the settings of a tenant: what is under way there has its job. */
export function askSettings(
  { tenant, now }: Pick<Rules, "tenant" | "now">,
  entry: Entry,
): Question[] {
  let settings;
  try {
    settings = decodeSettings(entry);
  } catch {
    return [unreadable(entry.key, `The settings of the tenant ${tenant}`)];
  }
  return jobsOf(tenant, settings, now).map(({ job, what }) => ({
    keys: [jobKey(job.id)],
    judge: (found) =>
      found.has(jobKey(job.id)) ? undefined : {
        kind: "missingJob",
        key: jobKey(job.id),
        detail: `${what}, and there is no job that does it`,
        mend: (change) => addJob(change, job),
      },
  }));
}

/** The jobs that the settings say are there, and why. */
function jobsOf(
  tenant: string,
  { incomplete, leaving, going }: SettingsRecord,
  now: Date,
): { job: StoredJob; what: string }[] {
  if (going === true) {
    // The other jobs go with the tenant.
    const job = deletionJob(tenant, 0, now);
    return [{ job, what: `The tenant ${tenant} is being deleted` }];
  }
  const createdAt = now.toISOString();
  const jobs: { job: StoredJob; what: string }[] = incomplete.map((name) => ({
    job: settleJob(tenant, name, undefined, undefined, createdAt),
    what: `The unique values of ${name} are being entered or taken out`,
  }));
  if (leaving.length > 0) {
    const id = `leaving.${tenant}`;
    jobs.push({
      job: { id, kind: "keepLeaving", tenant, notBefore: 0, createdAt },
      what: "Something is announced to go",
    });
  }
  return jobs;
}

/** Asks about a schema or a resource type that was added. */
export function askDefinition(tenant: string, entry: Entry): Question[] {
  const { key } = entry;
  const [, , kind, name = ""] = key.map(String);
  const what = `The ${
    kind === "schema" ? "schema" : "resource type"
  } ${name} of the tenant ${tenant}`;
  const named = kind === "schema"
    ? readAs(schemaRecord, entry)?.definition.id
    : readAs(typeRecord, entry)?.definition.name;
  if (named === undefined) return [unreadable(key, what)];
  if (textPart(named) !== name) {
    return [known({
      kind: "unreadable",
      key,
      detail: `${what} holds another one, ${named}`,
    })];
  }
  const settings = settingsKey(tenant);
  return [{
    keys: [settings],
    judge: (found) =>
      found.has(settings) ? undefined : {
        kind: "missingSettings",
        key: settings,
        detail: `${what} is not in force, because the settings are missing`,
        mend: (change) => writeSettings(change, tenant, DEFAULT_RECORD),
      },
  }];
}

/** Asks about a record of the change log. */
export function askLog(entry: Entry): Question[] {
  const position = String(entry.key[3]);
  return POSITION.test(position) && readAs(logRecord, entry) !== undefined
    ? []
    : [unreadable(entry.key, `The record ${position} of the change log`)];
}
