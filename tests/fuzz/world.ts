/**
 * What the fuzzer remembers of the server: tenants with their tokens, and the
 * resources that exist, so that many requests find what they ask for.
 * @module
 */

import type { Random } from "./random.ts";
import { type FuzzRequest, textOf } from "./request.ts";

/** A resource that exists, unless a request of the same moment deletes it. */
export interface Known {
  readonly id: string;
  /** `/Users`, `/Groups`, `/Devices` … */
  readonly endpoint: string;
  /** The last entity tag that was seen. */
  etag: string;
}

/** A tenant as the fuzzer knows it. */
export class Tenant {
  readonly name: string;
  /** The endpoints at which resources can be made. */
  readonly endpoints: readonly string[];
  readonly #known = new Map<string, Known>();
  #list: Known[] | undefined;

  constructor(name: string, endpoints: readonly string[]) {
    this.name = name;
    this.endpoints = endpoints;
  }

  /** How many resources are known. */
  get size(): number {
    return this.#known.size;
  }

  /** Remembers a resource. */
  add(known: Known): void {
    this.#known.set(known.id, known);
    this.#list = undefined;
  }

  /** Forgets a resource. */
  forget(id: string): void {
    if (this.#known.delete(id)) this.#list = undefined;
  }

  /** A resource by its id. */
  find(id: string): Known | undefined {
    return this.#known.get(id);
  }

  /** The ids of all resources. */
  ids(): string[] {
    return [...this.#known.keys()];
  }

  /** A resource, of one endpoint if one is named; undefined when there is none. */
  some(random: Random, endpoint?: string): Known | undefined {
    this.#list ??= [...this.#known.values()];
    if (this.#list.length === 0) return undefined;
    for (let tries = 0; tries < 20; tries++) {
      const known = random.pick(this.#list);
      if (endpoint === undefined || known.endpoint === endpoint) return known;
    }
    return undefined;
  }

  /** An id for a path or a reference; one that nobody has when nothing is known. */
  id(random: Random, endpoint?: string): string {
    return this.some(random, endpoint)?.id ??
      "00000000-0000-4000-8000-000000000000";
  }
}

/** Everything that is remembered. */
export class World {
  readonly tenants: readonly Tenant[];
  /** Ids of tokens that are there to be rotated and revoked. */
  readonly spareTokens: string[] = [];
  /** Cursors that answers have given out, the latest ones. */
  readonly cursors: string[] = [];
  readonly #inFlight = new Set<string>();

  constructor(tenants: readonly Tenant[]) {
    this.tenants = tenants;
  }

  /** @throws {RangeError} for a tenant that nobody has made */
  tenant(name: string): Tenant {
    for (const tenant of this.tenants) if (tenant.name === name) return tenant;
    throw new RangeError(`There is no tenant ${name}`);
  }

  /** Whether a request that is on its way names an id. */
  isBusy(id: string): boolean {
    for (const text of this.#inFlight) if (text.includes(id)) return true;
    return false;
  }

  /** Notes that a request is on its way; the answer says that it is no more. */
  enter(request: FuzzRequest): () => void {
    // A blank makes texts of equal requests two.
    let text = `${request.target} ${textOf(request.body)}`;
    while (this.#inFlight.has(text)) text += " ";
    this.#inFlight.add(text);
    return () => void this.#inFlight.delete(text);
  }
}
