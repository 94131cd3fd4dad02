/**
 * Tells whether what was read is still what is stored, where one process owns the
 * store and each of its commits passes here. So that answers can be kept.
 *
 * Each key has one of a fixed number of stripes, with a counter that each commit
 * of one of its keys moves. What was read is current while the counters of its
 * stripes stand where they stood before it was read, and no commit is under way on
 * them. Keys that share a stripe by chance make each other seem changed, no more.
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

/** How many stripes there are; a power of two. */
const STRIPES = 1 << 20;

/** How much work may read so that it is followed, in keys. */
const MAX_READS = 1_000;

/** How much a commit may write so that its values are followed, in keys. */
const MAX_WRITES = 100;

/** What some work has read. */
export interface Reads {
  /** Stripes, each followed by its counter before the read. */
  readonly seen: number[];
  /** Something was read that is being written, or too much to remember. */
  unsettled: boolean;
  /** The work has ended; what still goes on behind it does not count. */
  ended: boolean;
}

/** A commit under way. */
export interface Writing {
  /** Whether it writes little enough to be followed. */
  readonly isFollowed: boolean;
  /**
   * What knowing the new value of a key depends on when the commit has been
   * carried out; undefined when others were writing it meanwhile, or the commit
   * writes too much to be followed.
   */
  readsOf(key: Deno.KvKey): Reads | undefined;
  /** To be called when it has ended, however it ended. */
  end(): void;
}

/** Keeps count of the commits of one process. */
export class Coherence {
  readonly #versions = new Uint32Array(STRIPES);
  /** How many writes are under way on a stripe. */
  readonly #writers = new Uint32Array(STRIPES);
  readonly #reads = new AsyncLocalStorage<Reads>();

  /** Runs work that reads, and says what it has read. */
  async following<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly reads: Reads }> {
    const reads = nothingRead();
    try {
      return { value: await this.#reads.run(reads, work), reads };
    } finally {
      reads.ended = true;
    }
  }

  /** Notes that keys are about to be read: each one, and all that begin with it. */
  reading(keys: readonly Deno.KvKey[]): void {
    const reads = this.#reads.getStore();
    if (reads === undefined || reads.ended || reads.unsettled) return;
    if (reads.seen.length + 2 * keys.length > 2 * MAX_READS) {
      reads.unsettled = true;
      return;
    }
    for (const key of keys) {
      // What begins with nothing is everything.
      if (key.length === 0) reads.unsettled = true;
      this.#note(reads, stripeOf(key));
    }
  }

  /** What reading one key depends on, from now on. */
  readsOf(key: Deno.KvKey): Reads {
    const reads = nothingRead();
    this.#note(reads, stripeOf(key));
    return reads;
  }

  /** Whether nothing of it was written since, nor is being written now. */
  isCurrent({ seen, unsettled }: Reads): boolean {
    if (unsettled) return false;
    for (let i = 0; i < seen.length; i += 2) {
      const stripe = seen[i] ?? 0;
      if (
        this.#versions[stripe] !== seen[i + 1] || this.#writers[stripe] !== 0
      ) return false;
    }
    return true;
  }

  /** Notes that keys are about to be written. */
  writing(keys: readonly Deno.KvKey[]): Writing {
    const stripes: number[] = [];
    for (const key of keys) addStripes(stripes, key);
    for (const stripe of stripes) move(this.#writers, stripe, 1);
    const followed = keys.length > MAX_WRITES ? [] : keys;
    const before = new Map(followed.map((key) => {
      const stripe = stripeOf(key);
      return [stripe, this.#versions[stripe] ?? 0];
    }));
    const mine = (stripe: number) =>
      stripes.reduce((count, each) => each === stripe ? count + 1 : count, 0);
    return {
      isFollowed: keys.length <= MAX_WRITES,
      readsOf: (key) => {
        const stripe = stripeOf(key);
        const writes = mine(stripe);
        const version = before.get(stripe);
        if (
          version === undefined || this.#writers[stripe] !== writes ||
          this.#versions[stripe] !== version
        ) return undefined;
        const after = (version + writes) >>> 0;
        return { seen: [stripe, after], unsettled: false, ended: true };
      },
      end: () => {
        for (const stripe of stripes) {
          move(this.#writers, stripe, -1);
          move(this.#versions, stripe, 1);
        }
      },
    };
  }

  #note(reads: Reads, stripe: number): void {
    if (this.#writers[stripe] !== 0) reads.unsettled = true;
    reads.seen.push(stripe, this.#versions[stripe] ?? 0);
  }
}

function nothingRead(): Reads {
  return { seen: [], unsettled: false, ended: false };
}

function move(counters: Uint32Array, stripe: number, by: number): void {
  counters[stripe] = (counters[stripe] ?? 0) + by;
}

/** The stripe of a key, or of all keys that begin with its parts. */
function stripeOf(key: Deno.KvKey): number {
  let hash = OFFSET;
  for (const part of key) hash = hashPart(hash, part);
  return hash & (STRIPES - 1);
}

/** Adds the stripes of a key and of everything that it begins with. */
function addStripes(stripes: number[], key: Deno.KvKey): void {
  let hash = OFFSET;
  for (const part of key) {
    hash = hashPart(hash, part);
    stripes.push(hash & (STRIPES - 1));
  }
}

/** FNV-1a, 32 bits. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

function hashPart(hash: number, part: Deno.KvKeyPart): number {
  const text = typeof part === "string" ? part : String(part);
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  }
  // So that ["a", "b"] and ["ab"] differ.
  hash = Math.imul(hash ^ 0x1_0000, PRIME);
  return hash ^ (hash >>> 15);
}
