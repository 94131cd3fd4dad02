/** What a server should hold after a client has done its work. @module */

import type { JsonValue } from "../../domain/json.ts";

/** A group as it should be. */
export interface ExpectedGroup {
  readonly displayName: string;
  readonly externalId: string | undefined;
  /** Ids of the server: people and groups. */
  readonly members: ReadonlySet<string>;
}

/** A resource that is gone, and the name that it leaves free. */
export interface Gone {
  readonly id: string;
  readonly name: string;
}

/** Everything by its id on the server. */
export interface Expectation {
  /** Values by attribute path; see attributes.ts. */
  readonly users: ReadonlyMap<string, ReadonlyMap<string, JsonValue>>;
  readonly groups: ReadonlyMap<string, ExpectedGroup>;
  readonly goneUsers: readonly Gone[];
  readonly goneGroups: readonly Gone[];
}

/** What a tenant should hold that several clients write to. */
export function together(parts: readonly Expectation[]): Expectation {
  return {
    users: new Map(parts.flatMap(({ users }) => [...users])),
    groups: new Map(parts.flatMap(({ groups }) => [...groups])),
    goneUsers: parts.flatMap(({ goneUsers }) => goneUsers),
    goneGroups: parts.flatMap(({ goneGroups }) => goneGroups),
  };
}

/** A client that brings a server in step with a directory. */
export interface Client {
  /** One cycle: everything that has changed since the last one. */
  cycle(): Promise<void>;
  expectation(): Expectation;
  /** How many requests other than GET were sent so far. */
  readonly writes: number;
  /** The last requests that name something, such as an id. */
  history(name: string): string;
}
