/**
 * Wires storage and domain together for the routes.
 * @module
 */

import { Cursors } from "../storage/cursors.ts";
import { DefinitionRepository } from "../storage/definitions.ts";
import { MembershipJobs } from "../storage/membership_jobs.ts";
import { MembershipWriter } from "../storage/membership_writer.ts";
import { Memberships } from "../storage/memberships.ts";
import {
  type AdminSecret,
  prepareAdminSecret,
  prepareStore,
} from "../storage/open.ts";
import { Queries } from "../storage/queries.ts";
import { Registries } from "../storage/registries.ts";
import { ResourceRepository } from "../storage/resources.ts";
import { type ScanRules, Scans } from "../storage/scans.ts";
import { Store } from "../storage/store.ts";
import { DEFAULT_REQUESTS_PER_SECOND } from "../storage/tenant_settings.ts";
import { DEFAULT_TENANT, TenantRepository } from "../storage/tenants.ts";
import { TokenRepository } from "../storage/tokens.ts";
import { UniqueValues } from "../storage/unique_values.ts";
import { Views } from "../storage/views.ts";
import { Bodies, type BodyLimits } from "./middleware/bodies.ts";
import { Buckets } from "./middleware/buckets.ts";

/** What the program is made of outside of this repository. */
export interface ServiceOptions {
  readonly kv: Deno.Kv;
  readonly clock?: () => Date;
  readonly newId?: () => string;
  /** The admin secret; undefined: made at the first start and stored as a hash. */
  readonly adminToken?: string | undefined;
  /** Base of all URIs that are given out; undefined: the request's origin. */
  readonly publicUrl?: string | undefined;
  /** Nobody else writes to the store: a local file, not a remote KV. */
  readonly exclusive?: boolean;
  /** How much memory kept answers may take, in bytes; 0 keeps none. */
  readonly answerMemory?: number | undefined;
  /** How many resources a filter without an index may look at. */
  readonly scanLimit?: number;
  /** How queries that look at many resources take turns. */
  readonly scans?: Partial<ScanRules>;
  /** How many requests a second a token may send where its tenant has not decided. */
  readonly requestsPerSecond?: number | undefined;
  /** What request bodies may take. */
  readonly bodies?: Partial<BodyLimits>;
  /** How long one KV call may take, in milliseconds. */
  readonly deadline?: number;
  /** Receives what an operator should know. Never holds secrets or bodies. */
  readonly report?: (event: string, details: Record<string, unknown>) => void;
}

/** What keeps a few clients from taking everything. Each process counts for itself. */
export interface Limits {
  /** Where a tenant has not decided. */
  readonly requestsPerSecond: number;
  /** By the ids of tokens. */
  readonly rates: Buckets;
  /** By the addresses of clients. */
  readonly guesses: Buckets;
  readonly bodies: Bodies;
}

/** Everything the routes need. */
export interface Services {
  readonly registries: Registries;
  readonly definitions: DefinitionRepository;
  readonly resources: ResourceRepository;
  readonly queries: Queries;
  readonly cursors: Cursors;
  readonly views: Views;
  readonly answerMemory: number | undefined;
  readonly tokens: TokenRepository;
  readonly tenants: TenantRepository;
  readonly store: Store;
  readonly jobs: MembershipJobs;
  readonly limits: Limits;
  readonly adminSecret: AdminSecret;
  readonly publicUrl: string | undefined;
  readonly clock: () => Date;
  readonly report: (event: string, details: Record<string, unknown>) => void;
}

/**
 * Prepares the store and builds the services on it. Finishes the jobs that a
 * crash has cut off.
 *
 * @throws {Error} when a newer version of the program has written the store
 */
export async function createServices(
  options: ServiceOptions,
): Promise<Services> {
  const clock = options.clock ?? (() => new Date());
  const newId = options.newId ?? (() => crypto.randomUUID());
  const store = new Store(options.kv, options.deadline, options.exclusive);
  const { epoch, cursorSecret } = await prepareStore(store);
  const adminSecret = await prepareAdminSecret(store, options.adminToken);
  const registries = new Registries(store);
  const uniqueValues = new UniqueValues(store, registries);
  const tenants = new TenantRepository(store, registries);
  await tenants.ensure(DEFAULT_TENANT, clock());
  await tenants.complete();
  const memberships = new Memberships(store);
  const report = options.report ?? (() => {});
  const jobs = new MembershipJobs(
    store,
    memberships,
    registries,
    uniqueValues,
    clock,
    report,
  );
  const membershipWriter = new MembershipWriter({
    store,
    memberships,
    jobs,
    clock,
    newId,
  });
  const views = new Views(store, memberships, epoch);
  await jobs.resume(options.exclusive ?? false);
  return {
    registries,
    definitions: new DefinitionRepository(
      store,
      registries,
      uniqueValues,
      clock,
    ),
    tenants,
    views,
    answerMemory: options.answerMemory,
    store,
    jobs,
    limits: {
      requestsPerSecond: options.requestsPerSecond ??
        DEFAULT_REQUESTS_PER_SECOND,
      rates: new Buckets(),
      guesses: new Buckets(),
      bodies: new Bodies(options.bodies),
    },
    adminSecret,
    clock,
    resources: new ResourceRepository({
      store,
      memberships,
      membershipWriter,
      registries,
      clock,
      newId,
    }),
    cursors: new Cursors(cursorSecret, clock),
    queries: new Queries(
      store,
      memberships,
      views,
      registries,
      options.scanLimit,
      new Scans(options.scans),
    ),
    tokens: new TokenRepository(store, clock, newId),
    publicUrl: options.publicUrl,
    report,
  };
}
