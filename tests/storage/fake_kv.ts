/**
 * Stores that count, stall or die, made from a real one.
 * @module
 */

/** A call that takes time. */
export type Call = "get" | "getMany" | "list" | "commit";

/** What happens around a call. */
export interface Observer {
  before?(call: Call): void | Promise<void>;
  after?(call: Call): void | Promise<void>;
}

/** A store that tells of every call. */
export function observedKv(kv: Deno.Kv, observer: Observer): Deno.Kv {
  const around = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
    await observer.before?.(call);
    const result = await work();
    await observer.after?.(call);
    return result;
  };
  const methods: Partial<Record<PropertyKey, unknown>> = {
    get: (...args: Parameters<Deno.Kv["get"]>) =>
      around("get", () => kv.get(...args)),
    getMany: (...args: Parameters<Deno.Kv["getMany"]>) =>
      around("getMany", () => kv.getMany(...args)),
    list: (...args: Parameters<Deno.Kv["list"]>) => {
      const iterator = kv.list(...args);
      const next = iterator.next.bind(iterator);
      let begun = false;
      iterator.next = async () => {
        if (begun) return await next();
        begun = true;
        return await around("list", next);
      };
      return iterator;
    },
    atomic: () => {
      const operation = kv.atomic();
      const commit = operation.commit.bind(operation);
      operation.commit = () => around("commit", commit);
      return operation;
    },
  };
  return new Proxy(kv, {
    get: (target, name) => {
      const method = methods[name];
      if (method !== undefined) return method;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What something costs, in calls. */
export interface Cost {
  readonly reads: number;
  readonly commits: number;
}

/** Counts calls. */
export class Counter implements Observer {
  #reads = 0;
  #commits = 0;

  before(call: Call): void {
    if (call === "commit") this.#commits++;
    else this.#reads++;
  }

  /** What an action costs. */
  async costOf(action: () => Promise<unknown>): Promise<Cost> {
    this.#reads = 0;
    this.#commits = 0;
    await action();
    return { reads: this.#reads, commits: this.#commits };
  }
}

/** Where a process dies. */
export interface Death {
  /** At which commit, counted from 0. */
  readonly commit: number;
  /** Whether that commit is still carried out. */
  readonly carriedOut: boolean;
}

/** A process that dies at a commit; from then on every call fails. */
export class Mortal implements Observer {
  dead = false;
  readonly #death: Death;
  #commits = 0;

  constructor(death: Death) {
    this.#death = death;
  }

  before(call: Call): void {
    if (this.dead) this.#die();
    if (call !== "commit") return;
    const isLast = this.#commits++ === this.#death.commit;
    if (isLast && !this.#death.carriedOut) this.#die();
  }

  after(call: Call): void {
    if (call === "commit" && this.#commits > this.#death.commit) this.#die();
  }

  #die(): never {
    this.dead = true;
    throw new Error("The process is dead");
  }
}
