/**
 * Looks at entries: many at once in passing, or one and all that its questions
 * name in one snapshot.
 * @module
 */

import { listJobs, type StoredJob } from "../jobs.ts";
import { settingsKey } from "../keys.ts";
import type { Entry, MaybeEntry, Store } from "../store.ts";
import {
  type Ask,
  type Finding,
  keyText,
  type Question,
  Snapshot,
} from "./question.ts";

/** How often a look is taken anew when others write meanwhile. */
const MAX_TRIES = 5;

/** A key that is looked at, and how. */
export interface Suspect {
  readonly key: Deno.KvKey;
  readonly tenant: string | undefined;
  /** Asks by what is in force at the moment. */
  readonly ask: (entry: MaybeEntry) => Promise<Question[]>;
}

/** A finding and all that was seen when it was made. */
export interface Seen {
  readonly finding: Finding;
  readonly snapshot: Snapshot;
}

/** Looks at the entries of a store. */
export class Looks {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what the questions about some entries name, in passing; what looks wrong. */
  async over(
    entries: readonly Entry[],
    ask: Ask,
  ): Promise<Map<Entry, Finding[]>> {
    const asked = entries.flatMap((entry) =>
      ask(entry).map((question) => ({ entry, question }))
    );
    const known = new Map<string, MaybeEntry>(
      entries.map((entry) => [keyText(entry.key), entry]),
    );
    const read = async (keys: readonly Deno.KvKey[]) => {
      const fresh = new Map(
        keys.map((key) => [keyText(key), key] as const)
          .filter(([text]) => !known.has(text)),
      );
      for (const entry of await this.#store.getMany([...fresh.values()])) {
        known.set(keyText(entry.key), entry);
      }
    };
    await read(asked.flatMap(({ question }) => question.keys));
    const found = new Snapshot(known);
    await read(asked.flatMap(({ question }) => question.more?.(found) ?? []));
    const wrong = new Map<Entry, Finding[]>();
    for (const { entry, question } of asked) {
      const finding = question.judge(found);
      if (finding === undefined) continue;
      wrong.set(entry, [...wrong.get(entry) ?? [], finding]);
    }
    return wrong;
  }

  /** What is wrong with a key by one snapshot for each question. */
  async at({ key, tenant, ask }: Suspect): Promise<Seen[]> {
    const rules = tenant === undefined ? [] : [settingsKey(tenant)];
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const first = new Snapshot(await this.#store.getMany([key, ...rules]));
      const questions = await ask(first.get(key));
      const seen: Seen[] = [];
      let hasChanged = false;
      for (const question of questions) {
        const snapshot = await this.#snapshot([key, ...rules], question);
        hasChanged ||= [key, ...rules].some((each) =>
          snapshot?.get(each).versionstamp !== first.get(each).versionstamp
        );
        const finding = snapshot && question.judge(snapshot);
        if (snapshot === undefined || finding === undefined) continue;
        seen.push({ finding, snapshot });
      }
      if (!hasChanged) return seen;
    }
    // What changes all the time is alive.
    return [];
  }

  /** Reads all that a question names at one moment. */
  async #snapshot(
    keys: readonly Deno.KvKey[],
    question: Question,
  ): Promise<Snapshot | undefined> {
    let all = unique([...keys, ...question.keys]);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = new Snapshot(await this.#store.getMany(all));
      const more = unique([...all, ...question.more?.(found) ?? []]);
      if (more.length === all.length) return found;
      all = more;
    }
    return undefined;
  }

  /** The jobs that are not done and can be read. */
  async jobs(): Promise<StoredJob[]> {
    const jobs = await listJobs(this.#store);
    return jobs.map(({ job }) => job).filter((job) => job !== undefined);
  }
}

/** Whether one of the jobs will see to it. */
export function isExplained(
  { explains }: Finding,
  jobs: readonly StoredJob[],
): boolean {
  return explains !== undefined && jobs.some(explains);
}

/** A text that stands for what is wrong. */
export function nameOf({ kind, key }: Finding): string {
  return `${kind} ${keyText(key)}`;
}

function unique(keys: readonly Deno.KvKey[]): Deno.KvKey[] {
  return [...new Map(keys.map((key) => [keyText(key), key])).values()];
}
