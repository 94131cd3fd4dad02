/**
 * Walks the whole store and tells what does not fit together.
 *
 * Each entry is asked about (`resources.ts`, `edges.ts` …), and what answers the
 * questions is read in passing. Others write meanwhile, so whatever looks wrong is
 * looked at again after a pause, twice, in one snapshot each time: a commit never
 * shows as half done there. Mending is a commit that checks the whole snapshot.
 *
 * Kept in memory: one stretch of entries and what they refer to, a number for
 * each bucket of a tenant, and the disagreements that are told.
 * @module
 */

import { ScimError } from "../../domain/errors.ts";
import { Change } from "../change.ts";
import { listJobs } from "../jobs.ts";
import {
  allBelow,
  resourceTypePrefix,
  schemaPrefix,
  settingsKey,
  TENANT_PREFIX,
  tenantKey,
} from "../keys.ts";
import { refuseNewer, refuseUnfinished } from "../open.ts";
import { Registries } from "../registries.ts";
import type { Entry, MaybeEntry, Store } from "../store.ts";
import { DEFAULT_TENANT } from "../tenants.ts";
import { isRight, recount, Tally } from "./counters.ts";
import { askDefinitions, askInTenant, askShared, isWhole } from "./kinds.ts";
import {
  isExplained,
  Looks,
  nameOf,
  type Seen,
  type Suspect,
} from "./looks.ts";
import type { Ask, DisagreementKind, Finding, Rules } from "./question.ts";
import { askTenantOf, tenantOf } from "./shared_records.ts";
import { shownKey } from "./shown.ts";

/** Something that does not fit together. */
export interface Disagreement {
  readonly kind: DisagreementKind;
  /** undefined for what belongs to no tenant. */
  readonly tenant: string | undefined;
  /** The key that is wrong or missing; hidden values are left out. */
  readonly key: readonly string[];
  /** One sentence. */
  readonly detail: string;
  /** Whether it follows from what else is stored, and so can be mended. */
  readonly mendable: boolean;
  /** Whether it was mended. */
  readonly mended: boolean;
}

/** What a check came to. */
export interface CheckReport {
  /** The first of them; see `limit`. */
  readonly disagreements: readonly Disagreement[];
  /** How many there are that are not listed. */
  readonly more: number;
  /** How many were mended. */
  readonly mended: number;
  /** How many are left. */
  readonly left: number;
  /** How many jobs are not done. What they will see to is no disagreement. */
  readonly pending: number;
  /** How many entries of each kind were looked at, by the names of `keys.ts`. */
  readonly checked: Readonly<Record<string, number>>;
  /** In milliseconds. */
  readonly took: number;
}

/** What is checked, and how. */
export interface CheckOptions {
  /** Whether derived data is brought in line with the resources. */
  readonly mend?: boolean | undefined;
  /** Only what belongs to one tenant. */
  readonly tenant?: string | undefined;
  /** How many disagreements are listed. */
  readonly limit?: number;
  /** How long what looks wrong is left alone before each other look, in ms. */
  readonly pause?: number;
  readonly clock?: () => Date;
  /** Is told of each disagreement when it is found. */
  readonly onFound?: (found: Disagreement) => void;
}

/** How many disagreements are remembered, so that none is told twice. */
const MAX_TOLD = 10_000;

/** How many entries are looked at before others get their turn. */
const ENTRIES_PER_STEP = 100;

/** How often what looks wrong is looked at again before it is told. */
const LOOKS = 2;

/** How often mending is tried when others write meanwhile. */
const MAX_TRIES = 5;

/** How many disagreements are listed when nothing else is said. */
const LIMIT = 1_000;

/** How long what looks wrong is left alone when nothing else is said, in ms. */
const PAUSE = 250;

/** How the entries of a walk are asked about. */
interface Walk {
  readonly tenant: string | undefined;
  /** Gives the questions by what is in force at the moment. */
  readonly asking: () => Promise<Ask>;
  /** Is told of each entry. */
  readonly meet?: (entry: Entry) => void;
}

/**
 * Checks a store. It may be in use.
 *
 * @throws {Error} when there is no store, one of a newer program, or one that an
 * import has not filled to its end
 * @throws {ScimError} 503 when the store does not answer
 */
export async function checkStore(
  store: Store,
  options: CheckOptions = {},
): Promise<CheckReport> {
  if (await refuseNewer(store) === undefined) {
    throw new Error("there is no store of edge-scim at this place");
  }
  await refuseUnfinished(store);
  return await new Check(store, options).run();
}

/** One check of one store. */
class Check {
  readonly #store: Store;
  readonly #registries: Registries;
  readonly #looks: Looks;
  readonly #options: CheckOptions;
  readonly #clock: () => Date;
  readonly #found: Disagreement[] = [];
  readonly #checked = new Map<string, number>();
  /** Names of what was told last, since several entries can lead to one thing. */
  readonly #told = new Set<string>();
  #count = 0;
  #mended = 0;

  constructor(store: Store, options: CheckOptions) {
    this.#store = store;
    this.#registries = new Registries(store);
    this.#looks = new Looks(store);
    this.#options = options;
    this.#clock = options.clock ?? (() => new Date());
  }

  async run(): Promise<CheckReport> {
    const begin = performance.now();
    const { tenant } = this.#options;
    await this.#checkShared();
    for (const each of await this.#tenants()) {
      if (tenant === undefined || tenant === each) {
        await this.#checkTenant(each);
      }
    }
    const jobs = await listJobs(this.#store);
    return {
      disagreements: this.#found,
      more: this.#count - this.#found.length,
      mended: this.#mended,
      left: this.#count - this.#mended,
      pending:
        jobs.filter(({ job }) => tenant === undefined || job?.tenant === tenant)
          .length,
      checked: Object.fromEntries(
        [...this.#checked].sort(([a], [b]) => a < b ? -1 : 1),
      ),
      took: Math.round(performance.now() - begin),
    };
  }

  /** The tenants that have a record, and those that have anything else. */
  async #tenants(): Promise<string[]> {
    const records = await this.#store.listAll({ prefix: TENANT_PREFIX });
    const tenants = new Set(records.map(({ key }) => String(key[1])));
    tenants.add(DEFAULT_TENANT);
    const { end } = allBelow(["t"]);
    let start: Deno.KvKey = ["t", ""];
    for (;;) {
      const [first] = await this.#store.listAll({ start, end }, 1);
      const name = first?.key[1];
      if (typeof name !== "string") return [...tenants].sort();
      tenants.add(name);
      start = ["t", `${name}\u0000`];
    }
  }

  /** Checks what stands before and behind the tenants. */
  async #checkShared(): Promise<void> {
    const { tenant } = this.#options;
    const ask: Ask = (entry) =>
      tenant === undefined || tenantOf(entry) === tenant
        ? askShared(entry, this.#clock())
        : [];
    const walk: Walk = {
      tenant: undefined,
      asking: () => Promise.resolve(ask),
      meet: ({ key }) => this.#meet(String(key[0])),
    };
    await this.#walk({ prefix: [], end: ["t", ""] }, walk);
    await this.#walk({ prefix: [], start: allBelow(["t"]).end }, walk);
  }

  async #checkTenant(tenant: string): Promise<void> {
    // One that was deleted since it was listed has left nothing.
    if (tenant !== DEFAULT_TENANT && await this.#isEmpty(tenant)) return;
    const now = this.#clock();
    const record = tenantKey(tenant);
    await this.#settle([{
      key: record,
      tenant,
      ask: () => Promise.resolve([askTenantOf(tenant, now)]),
    }]);
    // First, since all else is judged by what is in force.
    const settings = settingsKey(tenant);
    const definitions: Walk = {
      tenant,
      asking: () =>
        Promise.resolve((entry) => askDefinitions(tenant, entry, now)),
    };
    await this.#walk({ start: settings, end: [...settings, ""] }, definitions);
    await this.#walk({ prefix: schemaPrefix(tenant) }, definitions);
    await this.#walk({ prefix: resourceTypePrefix(tenant) }, definitions);
    if (!await this.#isJudgeable(tenant) || await this.#isGoing(tenant)) return;
    const tally = new Tally();
    await this.#walk({ prefix: ["t", tenant] }, {
      tenant,
      asking: async () => {
        const rules = await this.#rules(tenant);
        if (rules.current.going) return () => [];
        return (entry) => askInTenant(rules, entry);
      },
      meet: (entry) => {
        const [, , kind, type = "", id = ""] = entry.key.map(String);
        this.#meet(String(kind));
        if (!isWhole(entry.key)) return;
        if (kind === "r") tally.addResource(type, id);
        else if (kind === "n") tally.addCounter(entry);
      },
    });
    await this.#checkCounters(tenant, tally);
  }

  /** Whether a tenant has neither a record nor anything else. */
  async #isEmpty(tenant: string): Promise<boolean> {
    const { versionstamp } = await this.#store.get(tenantKey(tenant));
    if (versionstamp !== null) return false;
    const all = { prefix: ["t", tenant] };
    return (await this.#store.listAll(all, 1)).length === 0;
  }

  /** Whether a tenant is being deleted, or was: then nothing of it is to agree. */
  async #isGoing(tenant: string): Promise<boolean> {
    const { going } = await this.#registries.current(tenant);
    if (going) return true;
    return tenant !== DEFAULT_TENANT && await this.#isEmpty(tenant);
  }

  async #rules(tenant: string): Promise<Rules> {
    const current = await this.#registries.current(tenant);
    return { tenant, current, now: this.#clock() };
  }

  /** Whether what is in force can be read; what is wrong is told. */
  async #isJudgeable(tenant: string): Promise<boolean> {
    try {
      await this.#registries.current(tenant);
      return true;
    } catch (error) {
      if (error instanceof ScimError && error.status === 503) throw error;
      await this.#tell(tenant, {
        kind: "unreadable",
        key: settingsKey(tenant),
        detail: `The settings, schemas and resource types of the tenant ` +
          `${tenant} cannot be read together, so that nothing of it can be ` +
          "checked",
      }, false);
      return false;
    }
  }

  async #checkCounters(tenant: string, tally: Tally): Promise<void> {
    for (const { type, bucket } of tally.wrong()) {
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        const counted = await recount(this.#store, tenant, type, bucket);
        if (counted === undefined || isRight(counted)) break;
        if (await this.#isGoing(tenant)) return;
        const { entry: { key, versionstamp }, resources } = counted;
        const finding: Finding = {
          kind: "wrongCounter",
          key,
          detail: `The counter of the ${type} resources whose ids begin with ` +
            `${bucket} is wrong: there are ${resources}`,
          mend: (change) => change.set(key, new Deno.KvU64(BigInt(resources))),
        };
        const entries = [{ key, value: null, versionstamp }];
        if (await this.#mend(finding, entries)) {
          await this.#tell(tenant, finding, true);
          break;
        }
        if (this.#options.mend === true && tries < MAX_TRIES) continue;
        await this.#tell(tenant, finding, false);
        break;
      }
    }
  }

  /** Asks about all entries of a stretch of keys. */
  async #walk(
    selector: Deno.KvListSelector,
    { tenant, asking, meet }: Walk,
  ): Promise<void> {
    for await (const batch of this.#store.batches(selector)) {
      for (let i = 0; i < batch.length; i += ENTRIES_PER_STEP) {
        const entries = batch.slice(i, i + ENTRIES_PER_STEP);
        const wrong = await this.#unexplained(entries, await asking());
        for (const entry of entries) meet?.(entry);
        await this.#settle(wrong.map(({ key }) => ({
          key,
          tenant,
          ask: async (entry) =>
            entry.versionstamp === null ? [] : (await asking())(entry),
        })));
        await pause(0);
      }
    }
  }

  /** The entries that look wrong, and that neither a job explains nor was told. */
  async #unexplained(entries: readonly Entry[], ask: Ask): Promise<Entry[]> {
    const wrong = await this.#looks.over(entries, ask);
    if (wrong.size === 0) return [];
    const jobs = await this.#looks.jobs();
    return [...wrong].filter(([, findings]) =>
      findings.some((finding) =>
        !isExplained(finding, jobs) && !this.#told.has(nameOf(finding))
      )
    ).map(([entry]) => entry);
  }

  /** Looks again at what looks wrong; mends it, or tells what is left. */
  async #settle(suspects: readonly Suspect[]): Promise<void> {
    let left = suspects;
    let before: ReadonlySet<string> | undefined;
    let certain: { suspect: Suspect; seen: Seen }[] = [];
    for (let look = 0; look < LOOKS && left.length > 0; look++) {
      // What no writer has to do with looks right at once.
      if (before !== undefined) await pause(this.#options.pause ?? PAUSE);
      const jobs = await this.#looks.jobs();
      const looked: typeof certain = [];
      for (const suspect of left) {
        for (const seen of await this.#looks.at(suspect)) {
          looked.push({ suspect, seen });
        }
      }
      // One that ended meanwhile is in the first list, one that began in the other.
      if (looked.length > 0) jobs.push(...await this.#looks.jobs());
      certain = looked.filter(({ seen: { finding } }) =>
        !isExplained(finding, jobs) &&
        before?.has(nameOf(finding)) !== false
      );
      before = new Set(certain.map(({ seen }) => nameOf(seen.finding)));
      left = [...new Set(certain.map(({ suspect }) => suspect))];
    }
    for (const { suspect, seen } of certain) await this.#close(suspect, seen);
  }

  /** Mends a disagreement or tells it. */
  async #close(suspect: Suspect, first: Seen): Promise<void> {
    let seen: Seen | undefined = first;
    for (let tries = 1; tries <= MAX_TRIES && seen !== undefined; tries++) {
      const { finding, snapshot }: Seen = seen;
      if (await this.#mend(finding, snapshot.entries)) {
        return await this.#tell(suspect.tenant, finding, true);
      }
      if (this.#options.mend !== true || finding.mend === undefined) break;
      // Somebody wrote meanwhile.
      seen = (await this.#looks.at(suspect))
        .find((other) => nameOf(other.finding) === nameOf(finding));
    }
    if (seen !== undefined) {
      await this.#tell(suspect.tenant, seen.finding, false);
    }
  }

  /** Mends, if that is wanted and nothing has changed since it was seen. */
  async #mend(
    { mend }: Finding,
    entries: Iterable<MaybeEntry>,
  ): Promise<boolean> {
    if (this.#options.mend !== true || mend === undefined) return false;
    const change = new Change();
    for (const { key, versionstamp } of entries) {
      change.check(key, versionstamp);
    }
    mend(change);
    return await this.#store.commit(change) !== undefined;
  }

  #meet(kind: string): void {
    this.#checked.set(kind, (this.#checked.get(kind) ?? 0) + 1);
  }

  async #tell(
    tenant: string | undefined,
    finding: Finding,
    mended: boolean,
  ): Promise<void> {
    const { kind, key, detail, mend } = finding;
    const name = nameOf(finding);
    if (this.#told.has(name)) return;
    this.#told.add(name);
    if (this.#told.size > MAX_TOLD) {
      const [oldest] = this.#told;
      if (oldest !== undefined) this.#told.delete(oldest);
    }
    const registry = tenant === undefined
      ? undefined
      : await this.#registries.current(tenant).then(
        (current) => current.registry,
        () => undefined,
      );
    const found: Disagreement = {
      kind,
      tenant,
      key: shownKey(key, registry),
      detail,
      mendable: mend !== undefined,
      mended,
    };
    this.#count++;
    if (mended) this.#mended++;
    if (this.#found.length < (this.#options.limit ?? LIMIT)) {
      this.#found.push(found);
    }
    this.#options.onFound?.(found);
  }
}

function pause(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration));
}
