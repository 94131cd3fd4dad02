/**
 * Keeps what was used lately, and forgets the rest.
 * @module
 */

/**
 * Values by name. Two generations of them: whoever is asked for moves to the young
 * one; when that is full, it becomes the old one, and the old one is forgotten. So
 * finding a value costs the same however many there are, and there are twice as
 * many as a generation holds, at the most.
 */
export class Recent<T> {
  readonly #most: number;
  readonly #weightOf: (value: T, name: string) => number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  /** What the young generation weighs. */
  #weight = 0;

  /**
   * @param most how much a generation weighs at the most
   * @param weightOf what a value weighs; each weighs 1 if it is left out, so that
   * `most` is their number
   */
  constructor(
    most: number,
    weightOf: (value: T, name: string) => number = () => 1,
  ) {
    this.#most = most;
    this.#weightOf = weightOf;
  }

  /** The value under a name, if it is still there. */
  get(name: string): T | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  /** Keeps a value under a name, unless it weighs more than a generation may. */
  set(name: string, value: T): void {
    const weight = this.#weightOf(value, name);
    this.delete(name);
    if (weight > this.#most) return;
    if (this.#weight + weight > this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    this.#young.set(name, value);
    this.#weight += weight;
  }

  /** Forgets a value. */
  delete(name: string): void {
    const young = this.#young.get(name);
    if (young !== undefined) {
      this.#weight -= this.#weightOf(young, name);
      this.#young.delete(name);
    }
    this.#old.delete(name);
  }

  /** Whether there is a value under a name. */
  has(name: string): boolean {
    return this.#young.has(name) || this.#old.has(name);
  }
}
