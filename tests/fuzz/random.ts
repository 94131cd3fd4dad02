/**
 * Choices that a seed repeats: every request draws from a source of its own, so
 * that one request's choices do not depend on how many others were made before.
 * @module
 */

/** A source of choices (mulberry32). */
export class Random {
  #state: number;

  /**
   * @param seed of the whole run
   * @param part the number of what is made with this source
   */
  constructor(seed: number, part = 0) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^
      Math.imul(part + 1, 0xc2b2ae35)) >>> 0;
    this.#next();
    this.#next();
  }

  /** An integer from 0 to below a limit. */
  int(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  /** Whether something with this probability happens. */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /**
   * One of some items, all alike.
   *
   * @throws {RangeError} when there are none
   */
  pick<T>(items: readonly T[]): T {
    for (const item of items.slice(this.int(items.length))) return item;
    throw new RangeError("There is nothing to choose from");
  }

  /**
   * One of some items; each comes as often as its weight says.
   *
   * @throws {RangeError} when there are none
   */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let rest = this.#next() *
      items.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of items) {
      rest -= weight;
      if (rest < 0) return item;
    }
    throw new RangeError("There is nothing to choose from");
  }

  /** So many values, made one after the other. */
  times<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }
}
