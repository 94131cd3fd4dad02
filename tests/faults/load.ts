/**
 * Mixed load from several clients, every write of which the model knows.
 * @module
 */

import type { JsonObject } from "../../domain/json.ts";
import type { Random } from "../provisioning/random.ts";
import type { Client } from "./client.ts";
import { asGroup, asUser, BADGE, badgeSchema, patch } from "./messages.ts";
import {
  type Model,
  ModelGroup,
  ModelUser,
  type SchemaState,
} from "./model.ts";
import { type Step, Steps } from "./steps.ts";

/** How many clients write at once. */
const CLIENTS = 12;

/** How many groups of each kind there are at the most. */
const MAX_GROUPS = 6;

/** How many clients want the same name at once. */
const RIVALS = 6;

/** What the counter of all loads has come to: every written value is a new one. */
let serial = 0;

function fresh(prefix: string): string {
  return `${prefix}-${++serial}`;
}

/** Writes until it is stopped or the server is gone. */
export class Load {
  readonly #model: Model;
  readonly #client: Client;
  readonly #random: Random;
  readonly #steps: Steps;
  readonly #faults: string[];
  #isStopped = false;
  /** Called when the PUT of a large set of members has been sent. */
  onLargeSet: () => void = () => {};

  /** @param faults takes a sentence for each answer that must not be */
  constructor(model: Model, client: Client, random: Random, faults: string[]) {
    this.#model = model;
    this.#client = client;
    this.#random = random;
    this.#faults = faults;
    this.#steps = new Steps(model, faults);
  }

  /** How many changes were acknowledged, refused and not answered. */
  get counts(): Readonly<Steps["counts"]> {
    return this.#steps.counts;
  }

  /** No new request is sent. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Writes from several clients; ends when all of them have stopped. */
  async run(): Promise<void> {
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        while (!this.#isStopped) await this.#writeOnce();
      }),
    );
  }

  async #writeOnce(): Promise<void> {
    const writes: readonly (readonly [number, () => Promise<void>])[] = [
      [16, () => this.#send(this.#createUser())],
      [14, () => this.#send(this.#patchUser())],
      [8, () => this.#send(this.#putUser())],
      [8, () => this.#send(this.#deleteUser())],
      [28, () => this.#send(this.#moveMember())],
      [4, () => this.#send(this.#createGroup())],
      [4, () => this.#send(this.#renameGroup())],
      [3, () => this.#send(this.#deleteGroup())],
      [7, () => this.#send(this.#putGroup())],
      [4, () => this.#bulk()],
      [3, () => this.#race()],
      [2, () => this.#changeSettings()],
      [2, () => this.#changeSchema()],
    ];
    let left = this.#random.next() *
      writes.reduce((sum, [weight]) => sum + weight, 0);
    const [, write] = writes.find(([weight]) => (left -= weight) < 0) ??
      writes[0] ?? [];
    await write?.();
  }

  /** Sends a step, if there is one; a server that is gone ends the load. */
  async #send(step: Step | undefined): Promise<void> {
    if (step === undefined) return;
    const status = await this.#steps.send(this.#client, step);
    if (status === undefined) this.stop();
  }

  #createUser(): Step {
    const user = new ModelUser(fresh("user"));
    this.#model.users.set(user.userName, user);
    const after = this.#attributes(user.userName);
    return this.#steps.begin({
      cell: user.state,
      after,
      target: user,
      mark: "create",
      request: { method: "POST", path: "/Users", data: asUser(after) },
    });
  }

  #patchUser(): Step | undefined {
    const user = this.#liveUser();
    const before = user?.state.value;
    if (user === undefined || before === undefined) return undefined;
    const values: JsonObject = {
      title: fresh("title"),
      nickName: fresh("nick"),
      active: this.#random.chance(0.5),
    };
    const badge = this.#badge();
    return this.#steps.begin({
      cell: user.state,
      after: { ...before, ...values, ...badge },
      target: user,
      mark: `=${values["title"]}`,
      request: {
        method: "PATCH",
        path: `/Users/${user.id}`,
        data: patch({ op: "replace", value: { ...values, ...badge } }),
      },
    });
  }

  #putUser(): Step | undefined {
    const user = this.#liveUser();
    if (user === undefined) return undefined;
    const after = this.#attributes(user.userName);
    return this.#steps.begin({
      cell: user.state,
      after,
      target: user,
      mark: `=${after["title"]}`,
      request: {
        method: "PUT",
        path: `/Users/${user.id}`,
        data: asUser(after),
      },
    });
  }

  #deleteUser(): Step | undefined {
    const user = this.#liveUser();
    if (user === undefined) return undefined;
    user.isDoomed = true;
    return this.#steps.begin<JsonObject | undefined>({
      cell: user.state,
      after: undefined,
      target: user,
      mark: "delete",
      request: {
        method: "DELETE",
        path: `/Users/${user.id}`,
        data: undefined,
      },
    });
  }

  /** One member comes or goes; others do so at the same time. */
  #moveMember(): Step | undefined {
    const group = this.#random.pickFrom(
      [...this.#model.groups].filter((group) =>
        group.isShared && group.id !== undefined && !group.isDoomed
      ),
    );
    if (group === undefined) return this.#createGroup(true);
    const known = this.#random.chance(0.4)
      ? this.#random.pickFrom(group.edges.keys())
      : undefined;
    const user = known ?? this.#liveUser();
    if (user === undefined || !isThere(user)) return undefined;
    const cell = group.edge(user);
    if (cell.isBusy) return undefined;
    const adds = !cell.value;
    return this.#steps.begin({
      cell,
      after: adds,
      target: group,
      mark: `${adds ? "+" : "-"}${user.id}`,
      request: {
        method: "PATCH",
        path: `/Groups/${group.id}`,
        data: patch(
          adds
            ? { op: "add", path: "members", value: [{ value: user.id ?? "" }] }
            : { op: "remove", path: `members[value eq "${user.id}"]` },
        ),
      },
      refusals: () => [
        ...(group.isDoomed ? [404] : []),
        ...(user.isDoomed ? [400] : []),
      ],
      isHidden: () => group.isDoomed || user.isDoomed,
      // The deletion of the user has taken it out already.
      isMoot: () => !adds && user.isDoomed,
    });
  }

  #createGroup(isShared: boolean = this.#random.chance(0.3)): Step | undefined {
    const alike = [...this.#model.groups].filter((group) =>
      group.isShared === isShared && group.state.possible.at(-1) !== undefined
    );
    if (alike.length >= MAX_GROUPS) return undefined;
    const group = new ModelGroup(isShared);
    this.#model.groups.add(group);
    const after = {
      name: fresh("group"),
      members: isShared ? new Set<ModelUser>() : this.#someUsers(),
    };
    return this.#steps.begin({
      cell: group.state,
      after,
      target: group,
      mark: "create",
      request: { method: "POST", path: "/Groups", data: asGroup(after) },
      refusals: () => refusalsOf(after.members),
    });
  }

  #renameGroup(): Step | undefined {
    const group = this.#restingGroup();
    const before = group?.state.value;
    if (group === undefined || before === undefined) return undefined;
    const after = { ...before, name: fresh("group") };
    return this.#steps.begin({
      cell: group.state,
      after,
      target: group,
      mark: `=${after.name}`,
      request: {
        method: "PATCH",
        path: `/Groups/${group.id}`,
        data: patch({ op: "replace", path: "displayName", value: after.name }),
      },
    });
  }

  #deleteGroup(): Step | undefined {
    const group = this.#restingGroup();
    if (group === undefined) return undefined;
    group.isDoomed = true;
    return this.#steps.begin({
      cell: group.state,
      after: undefined,
      target: group,
      mark: "delete",
      request: {
        method: "DELETE",
        path: `/Groups/${group.id}`,
        data: undefined,
      },
    });
  }

  /** Name and members of a group change together. */
  #putGroup(): Step | undefined {
    const group = this.#restingGroup(false);
    if (group === undefined) return this.#createGroup(false);
    const after = { name: fresh("group"), members: this.#someUsers() };
    if (after.members.size > 200) queueMicrotask(() => this.onLargeSet());
    return this.#steps.begin({
      cell: group.state,
      after,
      target: group,
      mark: `=${after.name}`,
      request: {
        method: "PUT",
        path: `/Groups/${group.id}`,
        data: asGroup(after),
      },
      refusals: () => refusalsOf(after.members),
    });
  }

  async #bulk(): Promise<void> {
    const makers = [
      () => this.#createUser(),
      () => this.#createUser(),
      () => this.#patchUser(),
      () => this.#putUser(),
      () => this.#deleteUser(),
      () => this.#moveMember(),
      () => this.#createGroup(true),
      () => this.#renameGroup(),
    ] as const;
    const steps = Array.from(
      { length: 3 + this.#random.integer(20) },
      () => this.#random.pick<() => Step | undefined>([...makers])(),
    ).filter((step) => step !== undefined);
    if (steps.length > 0) await this.#steps.sendBulk(this.#client, steps);
  }

  /** Several clients create a user of the same name: one gets it. */
  async #race(): Promise<void> {
    const user = new ModelUser(fresh("rival"));
    this.#model.users.set(user.userName, user);
    const tries = Array.from(
      { length: RIVALS },
      () => this.#attributes(user.userName),
    );
    user.state.begin(...tries);
    const outcomes = await Promise.all(tries.map(async (after) => {
      const write = this.#model.note(
        user,
        "create",
        () => user.state.isBusy ? undefined : user.state.value === after,
      );
      const answer = await this.#client.scim("POST", "/Users", asUser(after));
      if (answer?.status === 201) {
        this.#model.acknowledge(write);
        user.id = answer.id;
        user.state.settle(after);
        write.hasHappened = () => true;
      } else if (answer?.status === 409) write.hasHappened = () => false;
      return answer?.status;
    }));
    const winners = outcomes.filter((status) => status === 201).length;
    const losers = outcomes.filter((status) => status === 409).length;
    if (winners > 1 || winners === 0 && losers === RIVALS) {
      this.#faults.push(
        `${RIVALS} creations of "${user.userName}" are answered ${outcomes}`,
      );
    }
    if (outcomes.includes(undefined)) this.stop();
  }

  async #changeSettings(): Promise<void> {
    const { uniqueGroupNames: cell } = this.#model;
    if (cell.isBusy) return;
    const after = !cell.value;
    cell.begin(after);
    const answer = await this.#client.admin("PATCH", "/tenants/default", {
      settings: { uniqueGroupNames: after },
    });
    if (answer?.status === 200) cell.settle(after);
    else if (answer !== undefined && answer.status !== 503) {
      this.#faults.push(`The settings are answered ${answer.status}`);
    }
  }

  /** A schema is added; its attribute becomes unique, and ceases to be. */
  async #changeSchema(): Promise<void> {
    const { schema: cell } = this.#model;
    if (cell.isBusy) return;
    const before = cell.value;
    const after: SchemaState = before === "plain" ? "unique" : "plain";
    cell.begin(after);
    const body = badgeSchema(after === "unique");
    const answer = before === "absent"
      ? await this.#client.admin("POST", "/schemas", body)
      : await this.#client.admin("PUT", `/schemas/${BADGE}`, body);
    if (answer?.status === 200 || answer?.status === 201) cell.settle(after);
    else if (answer !== undefined && answer.status !== 503) {
      this.#faults.push(`The schema is answered ${Deno.inspect(answer)}`);
    }
  }

  #liveUser(): ModelUser | undefined {
    const users = [...this.#model.users.values()];
    for (let tries = 0; tries < 20; tries++) {
      const user = this.#random.pickFrom(users);
      if (user !== undefined && isThere(user)) return user;
    }
    return undefined;
  }

  #restingGroup(isShared?: boolean): ModelGroup | undefined {
    return this.#random.pickFrom(
      [...this.#model.groups].filter((group) =>
        group.id !== undefined && !group.state.isBusy &&
        group.state.value !== undefined &&
        (isShared === undefined || group.isShared === isShared)
      ),
    );
  }

  /** A few users, or some hundreds, or some thousands. */
  #someUsers(): ReadonlySet<ModelUser> {
    const users = [...this.#model.users.values()].filter(isThere);
    const count = this.#random.pick([
      this.#random.integer(5),
      this.#random.integer(200),
      300 + this.#random.integer(700),
      300 + this.#random.integer(2_700),
    ]);
    const from = this.#random.integer(Math.max(1, users.length));
    return new Set([...users.slice(from), ...users].slice(0, count));
  }

  #attributes(userName: string): JsonObject {
    return {
      userName,
      title: fresh("title"),
      nickName: fresh("nick"),
      active: this.#random.chance(0.5),
      emails: [{ value: `${fresh("mail")}@example.com`, type: "work" }],
      name: { familyName: fresh("family"), givenName: "x".repeat(200) },
      ...this.#badge(),
    };
  }

  #badge(): JsonObject {
    const { schema } = this.#model;
    if (schema.possible[0] === "absent" || this.#random.chance(0.5)) return {};
    return { [BADGE]: { number: fresh("badge") } };
  }
}

function isThere({ id, isDoomed, state }: ModelUser): boolean {
  return id !== undefined && !isDoomed && !state.isBusy &&
    state.value !== undefined;
}

/** A set that names a user who is deleted meanwhile may be refused. */
function refusalsOf(members: ReadonlySet<ModelUser>): readonly number[] {
  return members.values().some(({ isDoomed }) => isDoomed) ? [400] : [];
}
