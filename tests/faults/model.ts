/**
 * What a store may hold, as far as its client can know: what was acknowledged is
 * there, what was not is whole or absent.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";

/** A value that one client changes at a time, and what it may have become. */
export class Cell<T> {
  #before: T;
  #after: readonly T[] = [];
  /** A change is under way, or its outcome is not known. */
  isBusy = false;

  constructor(value: T) {
    this.#before = value;
  }

  /** The values that it may have; the first is the one before the change. */
  get possible(): readonly T[] {
    return [this.#before, ...this.#after];
  }

  /**
   * The value.
   *
   * @throws {Error} when it is not known
   */
  get value(): T {
    if (this.#after.length > 0) throw new Error("The value is not known");
    return this.#before;
  }

  /** A change to one of some values begins. */
  begin(...after: readonly T[]): void {
    this.isBusy = true;
    this.#after = after;
  }

  /** The value is known again. */
  settle(value: T): void {
    this.isBusy = false;
    this.#before = value;
    this.#after = [];
  }
}

/** A user: all attributes but those that the server sets; undefined: absent. */
export class ModelUser {
  /** Known when a creation was acknowledged, or found after a restart. */
  id: string | undefined;
  /** A deletion was sent once. */
  isDoomed = false;
  readonly userName: string;
  readonly state: Cell<JsonObject | undefined>;

  constructor(userName: string, state?: JsonObject, id?: string) {
    this.userName = userName;
    this.state = new Cell(state);
    this.id = id;
  }
}

/** What one PUT of a group sets together. */
export interface GroupState {
  readonly name: string;
  readonly members: ReadonlySet<ModelUser>;
}

/**
 * A group. Of a shared one, members come and go one by one, in parallel; of any
 * other, one client at a time changes the name, all members, or both.
 */
export class ModelGroup {
  id: string | undefined;
  isDoomed = false;
  readonly isShared: boolean;
  readonly state = new Cell<GroupState | undefined>(undefined);
  /** Of a shared group; who is not here was never a member. */
  readonly edges = new Map<ModelUser, Cell<boolean>>();

  constructor(isShared: boolean) {
    this.isShared = isShared;
  }

  /** Whether a user is a member of a shared group. */
  edge(user: ModelUser): Cell<boolean> {
    const cell = this.edges.get(user) ?? new Cell(false);
    this.edges.set(user, cell);
    return cell;
  }
}

/** A write that the change log must tell of once, or not at all. */
export class Write {
  /** The resource that is written. */
  readonly target: { readonly id: string | undefined };
  /** Tells it from other writes of the resource; see `markOf` in check.ts. */
  readonly mark: string;
  /** When it was sent, on the clock of the model. */
  readonly sent: number;
  /** When it was acknowledged; Infinity: it was not. */
  acked = Infinity;
  /** Whether it has happened; undefined: nobody can tell. */
  hasHappened: () => boolean | undefined;

  constructor(
    target: { readonly id: string | undefined },
    mark: string,
    sent: number,
    hasHappened: () => boolean | undefined,
  ) {
    this.target = target;
    this.mark = mark;
    this.sent = sent;
    this.hasHappened = hasHappened;
  }
}

/** Whether a schema that was added is there, and its attribute unique. */
export type SchemaState = "absent" | "plain" | "unique";

/** A user of the prepared store. */
export interface PreparedUser {
  readonly id: string;
  readonly userName: string;
  readonly attributes: JsonObject;
}

/** Everything that a client knows of one store. */
export class Model {
  readonly users = new Map<string, ModelUser>();
  readonly groups = new Set<ModelGroup>();
  readonly uniqueGroupNames = new Cell<boolean>(true);
  readonly schema = new Cell<SchemaState>("absent");
  /** The writes since the last check. */
  writes: Write[] = [];
  /** Up to where the change log was checked. */
  position: string | undefined;
  #clock = 0;

  /** @param position the last record of the prepared store's log */
  constructor(prepared: readonly PreparedUser[], position: string) {
    this.position = position;
    for (const { id, userName, attributes } of prepared) {
      this.users.set(userName, new ModelUser(userName, attributes, id));
    }
  }

  /** A moment that is later than all before. */
  tick(): number {
    return ++this.#clock;
  }

  /** Notes a write that is about to be sent. */
  note(
    target: { readonly id: string | undefined },
    mark: string,
    hasHappened: () => boolean | undefined,
  ): Write {
    const write = new Write(target, mark, this.tick(), hasHappened);
    this.writes.push(write);
    return write;
  }

  /** Notes that a write was acknowledged. */
  acknowledge(write: Write): void {
    write.acked = this.tick();
  }
}
