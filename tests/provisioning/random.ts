/** A generator of random numbers that a seed determines. @module */

/** Random choices; the same seed makes the same ones (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** An integer from 0 up to, but not including, `limit`. */
  integer(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of some items. */
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.integer(items.length)] ?? items[0];
  }

  /** One of some items, or undefined if there is none. */
  pickFrom<T>(items: Iterable<T>): T | undefined {
    const list = [...items];
    return list[this.integer(list.length)];
  }

  /** A copy in random order. */
  shuffled<T>(items: Iterable<T>): T[] {
    const rest = [...items];
    const result: T[] = [];
    while (rest.length > 0) {
      result.push(...rest.splice(this.integer(rest.length), 1));
    }
    return result;
  }

  /** Some of some items, in random order. */
  sample<T>(items: Iterable<T>, count: number): T[] {
    return this.shuffled(items).slice(0, count);
  }

  /** An identifier in the form of a GUID. */
  guid(): string {
    const digits = Array.from(
      { length: 32 },
      () => this.integer(16).toString(16),
    ).join("");
    return digits.replace(
      /^(.{8})(.{4})(.{4})(.{4})(.{12})$/,
      "$1-$2-$3-$4-$5",
    );
  }

  /**
   * A generator of its own for a task that runs beside others: what it draws
   * does not depend on whose turn it is.
   */
  fork(): Random {
    return new Random(this.integer(4_294_967_296));
  }
}
