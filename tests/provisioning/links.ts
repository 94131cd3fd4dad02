/** What a provisioning service remembers of the accounts it has linked. @module */

/** Ids on the server by ids of the directory. */
export class Links {
  readonly #ids = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #all = new Map<string, string>();
  readonly #gone = new Map<string, string>();

  /** Links a resource; `name` is what it is found by. */
  set(objectId: string, id: string, name: string): void {
    this.#ids.set(objectId, id);
    this.#all.set(objectId, id);
    this.#names.set(objectId, name);
    this.#gone.delete(id);
  }

  get(objectId: string): string | undefined {
    return this.#ids.get(objectId);
  }

  /** The id that was linked once, even if the resource is gone now. */
  everOf(objectId: string): string | undefined {
    return this.#all.get(objectId);
  }

  entries(): [string, string][] {
    return [...this.#ids];
  }

  /** Ends a link without a trace on the server. */
  unlink(objectId: string): void {
    this.#ids.delete(objectId);
  }

  /** Ends a link whose resource was deleted. */
  bury(objectId: string): void {
    const id = this.#ids.get(objectId);
    if (id === undefined) return;
    this.#ids.delete(objectId);
    this.#gone.set(id, this.#names.get(objectId) ?? "");
  }

  /** Deleted resources and the names they had. */
  gone(): { id: string; name: string }[] {
    return [...this.#gone].map(([id, name]) => ({ id, name }));
  }
}
