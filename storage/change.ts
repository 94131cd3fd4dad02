/**
 * One commit in the making.
 * @module
 */

/** The most mutations that Deno KV takes in one commit. */
export const MAX_MUTATIONS = 1_000;

/** The most bytes of keys that are set in one commit: the limit of 81,920, with room. */
export const MAX_KEY_BYTES = 80_000;

/** The most checks that every kind of KV takes in one commit. */
export const MAX_CHECKS = 10;

/** The least and the most of a KvU64. */
const MODULUS = 1n << 64n;

/**
 * Collects the parts of one commit and puts them in a safe order: sums and
 * maxima first, since a commit that throws on one of them keeps what stands
 * before it (measured on SQLite).
 */
export class Change {
  readonly #checks: Deno.AtomicCheck[] = [];
  readonly #counters: Deno.KvMutation[] = [];
  readonly #values: Deno.KvMutation[] = [];
  #keyBytes = 0;

  /** The commit fails unless the key has this versionstamp; null: has no value. */
  check(key: Deno.KvKey, versionstamp: string | null): this {
    this.#checks.push({ key, versionstamp });
    return this;
  }

  /** Adds to a counter; a negative number takes away. */
  sum(key: Deno.KvKey, amount: number): this {
    const value = (BigInt(amount) + MODULUS) % MODULUS;
    this.#counters.push({ type: "sum", key, value: new Deno.KvU64(value) });
    return this.#count(key);
  }

  /** Raises a number to at least this one. */
  max(key: Deno.KvKey, value: number): this {
    this.#counters.push({
      type: "max",
      key,
      value: new Deno.KvU64(BigInt(value)),
    });
    return this.#count(key);
  }

  set(key: Deno.KvKey, value: unknown): this {
    this.#values.push({ type: "set", key, value });
    return this.#count(key);
  }

  delete(key: Deno.KvKey): this {
    this.#values.push({ type: "delete", key });
    return this;
  }

  /** A commit with nothing but the checks: it fails when this one would. */
  onlyChecks(): Change {
    const copy = new Change();
    for (const { key, versionstamp } of this.#checks) {
      copy.check(key, versionstamp);
    }
    return copy;
  }

  get checks(): number {
    return this.#checks.length;
  }

  get mutations(): number {
    return this.#counters.length + this.#values.length;
  }

  /** The bytes of the keys that are set. */
  get keyBytes(): number {
    return this.#keyBytes;
  }

  /** Whether Deno KV takes the commit. */
  get fits(): boolean {
    return this.mutations <= MAX_MUTATIONS &&
      this.#keyBytes <= MAX_KEY_BYTES && this.#checks.length <= MAX_CHECKS;
  }

  /** The keys that it writes. */
  get keys(): Deno.KvKey[] {
    return [...this.#counters, ...this.#values].map(({ key }) => key);
  }

  /** What it sets and deletes, in order. */
  get writes(): readonly Deno.KvMutation[] {
    return this.#values;
  }

  /** The atomic operation, not yet committed. */
  on(kv: Deno.Kv): Deno.AtomicOperation {
    return kv.atomic().check(...this.#checks)
      .mutate(...this.#counters, ...this.#values);
  }

  #count(key: Deno.KvKey): this {
    for (const part of key) {
      this.#keyBytes += 2 +
        (typeof part === "string" ? utf8Length(part) : 20);
    }
    return this;
  }
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0) length += 1;
    else if (unit > 0x7ff) length += 2;
    else if (unit > 0x7f) length += 1;
  }
  return length;
}
