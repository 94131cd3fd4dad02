/**
 * What a check asks about one entry: some keys to look at beside it, and a
 * judgement of what stands there. The judgement is pure, so that the same
 * question is asked of a quick read first, and of one snapshot afterwards.
 * @module
 */

import type { Change } from "../change.ts";
import type { StoredJob } from "../jobs.ts";
import type { TenantRegistry } from "../registries.ts";
import type { Entry, MaybeEntry } from "../store.ts";

/** What two parts of the store can disagree about. */
export type DisagreementKind =
  | "unknownKey"
  | "unreadable"
  | "unknownType"
  | "unknownAttribute"
  | "sharedId"
  | "missingUniqueKey"
  | "wrongUniqueKey"
  | "orphanedUniqueKey"
  | "uniqueConflict"
  | "missingIndexKey"
  | "wrongIndexKey"
  | "orphanedIndexKey"
  | "wrongCounter"
  | "missingEdge"
  | "wrongEdge"
  | "orphanedEdge"
  | "missingMembershipCounter"
  | "wrongMembershipCounter"
  | "orphanedMembershipCounter"
  | "missingNestedNote"
  | "missingSettings"
  | "missingJob"
  | "missingTenant"
  | "missingSecret"
  | "orphanedSecret"
  | "wrongSecret"
  | "orphanedUse";

/** A disagreement as a question finds it. */
export interface Finding {
  readonly kind: DisagreementKind;
  /** The key that is wrong or missing. */
  readonly key: Deno.KvKey;
  /** One sentence. Holds ids, and no values of attributes. */
  readonly detail: string;
  /** Adds what brings derived data in line to a commit that checks what was seen. */
  readonly mend?: (change: Change) => void;
  /** Whether a job that is not done will see to it. */
  readonly explains?: (job: StoredJob) => boolean;
}

/** Entries by their keys, as they were found. */
export class Snapshot {
  readonly #entries: ReadonlyMap<string, MaybeEntry>;

  /**
   * @param entries those without a value, too; or a map of them by `keyText`,
   * which may grow
   */
  constructor(
    entries: readonly MaybeEntry[] | ReadonlyMap<string, MaybeEntry>,
  ) {
    this.#entries = entries instanceof Map ? entries : new Map(
      [...entries.values()].map((entry) => [keyText(entry.key), entry]),
    );
  }

  /** All entries. */
  get entries(): Iterable<MaybeEntry> {
    return this.#entries.values();
  }

  /**
   * The entry of a key.
   *
   * @throws {RangeError} for a key that was not looked at
   */
  get(key: Deno.KvKey): MaybeEntry {
    const entry = this.#entries.get(keyText(key));
    if (entry === undefined) {
      throw new RangeError(`The key ${keyText(key)} was not looked at`);
    }
    return entry;
  }

  /** Whether a key has a value. */
  has(key: Deno.KvKey): boolean {
    return this.get(key).versionstamp !== null;
  }
}

/** Something to be found out about an entry. */
export interface Question {
  /** At most eight keys beside that of the entry. */
  readonly keys: readonly Deno.KvKey[];
  /** More keys, when what stands under the first ones makes them interesting. */
  readonly more?: (found: Snapshot) => readonly Deno.KvKey[];
  /** undefined when all is well. */
  readonly judge: (found: Snapshot) => Finding | undefined;
}

/** What questions about a tenant depend on. */
export interface Rules {
  readonly tenant: string;
  readonly current: TenantRegistry;
  readonly now: Date;
}

/** The questions about one entry. */
export type Ask = (entry: Entry) => Question[];

/** A question whose answer is known without another look. */
export function known(finding: Finding): Question {
  return { keys: [], judge: () => finding };
}

/** A value that cannot be read, and that nothing else could replace. */
export function unreadable(key: Deno.KvKey, what: string): Question {
  return known({
    kind: "unreadable",
    key,
    detail: `${what} cannot be read; restore it from a backup`,
  });
}

/** A text that stands for a key, and for no other. */
export function keyText(key: Deno.KvKey): string {
  return JSON.stringify(
    key.map((part) =>
      typeof part === "string" ? part : [typeof part, String(part)]
    ),
  );
}
