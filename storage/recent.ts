/**
 * Keeps what was used lately, and forgets the rest.
 * @module
 */

/**
 * Values by name. Two generations of them: whoever is asked for moves to the young
 * one; when that is full, it becomes the old one, and the old one is forgotten.
 */
export class Recent<T> {
  readonly #most: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** @param most how many values a generation has at the most */
  constructor(most: number) {
    this.#most = most;
  }

  /** The value under a name, if it is still there. */
  get(name: string): T | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  /** Keeps a value under a name. */
  set(name: string, value: T): void {
    if (this.#young.size >= this.#most && !this.#young.has(name)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, value);
  }

  /** Whether there is a value under a name. */
  has(name: string): boolean {
    return this.#young.has(name) || this.#old.has(name);
  }
}
