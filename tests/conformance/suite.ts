/**
 * Runs files of exchanges and vectors one after another, each in its tenant.
 * @module
 */

import { createAdminApi, provision } from "./admin.ts";
import { type ExchangeFile, type Profile, PROFILES } from "./exchange.ts";
import type { NamedFile, NamedVectors } from "./files.ts";
import type { Options } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import {
  countOutcomes,
  describeChoices,
  describeOutcome,
  describeTotals,
  type Totals,
} from "./report.ts";
import { runFile } from "./runner.ts";
import { type Variables, variablesIn } from "./substitute.ts";
import type { Send } from "./transport.ts";
import { runVectors } from "./vectors/run.ts";

/** What a suite needs from outside. */
export interface SuiteDeps {
  readonly send: Send;
  readonly print: (line: string) => void;
  /** Names a tenant that was never used, of `[a-z0-9-]{1,40}`. */
  readonly newTenant: () => string;
}

/**
 * Runs all files, prints what did not pass and, last, the totals.
 *
 * @throws {Error} If the admin API does not issue a token.
 */
export async function runSuite(
  files: readonly (NamedFile | NamedVectors)[],
  options: Options,
  deps: SuiteDeps,
): Promise<Totals> {
  const all: Outcome[] = [];
  for (const file of files) {
    const outcomes = "vectors" in file
      ? await runVectorsInTenant(file, options, deps)
      : await runInTenant(file, options, deps);
    for (const outcome of outcomes) {
      for (const line of describeOutcome(file.name, outcome)) deps.print(line);
    }
    for (const line of describeChoices(file.name, outcomes)) deps.print(line);
    all.push(...outcomes);
  }
  const totals = countOutcomes(all, options.strict);
  for (const line of describeTotals(totals)) deps.print(line);
  return totals;
}

async function runInTenant(
  { name, content }: NamedFile,
  options: Options,
  { send, newTenant }: SuiteDeps,
): Promise<Outcome[]> {
  const run = (variables: Variables) =>
    runFile(content.exchanges, { ...options, send, variables });

  if (options.admin === undefined) {
    const reason = unfit(content, options);
    if (reason !== undefined) return skipAll(content, reason);
    const credential: [string, string][] = options.token === undefined
      ? []
      : [["token", options.token]];
    return await run(new Map([...options.variables, ...credential]));
  }
  const { url, secret } = options.admin;
  const { variables, release } = await provision(
    createAdminApi(send, url, secret),
    variablesIn(content.exchanges),
    {
      name: tokenName(name),
      tenant: newTenant(),
      profile: content.profile ?? options.profile,
    },
    newTenant,
  );
  try {
    return await run(new Map([...options.variables, ...variables]));
  } finally {
    await release();
  }
}

async function runVectorsInTenant(
  { name, vectors }: NamedVectors,
  options: Options,
  { send, newTenant }: SuiteDeps,
): Promise<Outcome[]> {
  const { base, profile } = options;
  const tokens = new Map<Profile, string>();
  if (options.admin === undefined) {
    if (options.token !== undefined) tokens.set(profile, options.token);
    return await runVectors(vectors, { base, send, tokens, profile });
  }
  const admin = createAdminApi(send, options.admin.url, options.admin.secret);
  const tenant = newTenant();
  const ids: string[] = [];
  try {
    for (const wanted of PROFILES) {
      const { id, token } = await admin.issue(
        { name: tokenName(name), tenant, profile: wanted },
      );
      ids.push(id);
      tokens.set(wanted, token);
    }
    return await runVectors(vectors, {
      base,
      send,
      tokens,
      profile,
      extendUser: (schema) => admin.extendUser(schema, tenant),
    });
  } finally {
    await Promise.allSettled(ids.map((id) => admin.revoke(id)));
  }
}

function tokenName(file: string): string {
  return `conformance ${file}`.slice(0, 60);
}

/** Why a file cannot run with a token that was given, not issued for it. */
function unfit(
  { profile }: ExchangeFile,
  options: Options,
): string | undefined {
  return profile === undefined || profile === options.profile
    ? undefined
    : `needs a token of profile ${profile} (--admin, or --profile ${profile})`;
}

function skipAll({ exchanges }: ExchangeFile, reason: string): Outcome[] {
  const variables = new Map<string, string>();
  return exchanges.map((subject) => (
    { kind: "skipped", subject, variables, reason }
  ));
}
