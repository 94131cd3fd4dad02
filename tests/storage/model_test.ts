/**
 * Arbitrary sequences of writes against a model in plain maps. fast-check prints
 * the seed and the shortest sequence that fails.
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ScimError } from "../../domain/errors.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { MembershipStep } from "../../domain/patch/membership.ts";
import { foldCase } from "../../domain/text.ts";
import {
  Directory,
  ENTERPRISE,
  GROUP,
  idsIn,
  sorted,
  USER,
} from "./fixture.ts";

/** Places for users and groups; a command means whoever is in a place then. */
const USERS = ["u0", "u1", "u2", "u3", "u4"];
const GROUPS = ["g0", "g1", "g2", "g3"];

type Command =
  | {
    readonly kind: "create" | "replace";
    readonly place: string;
    readonly name: string;
    readonly externalId: string | undefined;
    readonly members: readonly string[];
  }
  | { readonly kind: "rename"; readonly place: string; readonly name: string }
  | {
    readonly kind: "manager";
    readonly place: string;
    readonly target: string;
  }
  | {
    readonly kind: "members";
    readonly place: string;
    readonly steps: readonly {
      readonly kind: "add" | "remove" | "replaceAll";
      readonly places: readonly string[];
    }[];
  }
  | { readonly kind: "delete"; readonly place: string };

const user = fc.constantFrom(...USERS);
const group = fc.constantFrom(...GROUPS);
const anybody = fc.constantFrom(...USERS, ...GROUPS);
const name = fc.constantFrom("Ada", "ada", "ADA ", "Zoë", "ZOË", "\u{1f600}");
const members = fc.uniqueArray(anybody, { maxLength: 8 });

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: whole("create") },
  { weight: 1, arbitrary: whole("replace") },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("rename" as const),
      place: anybody,
      name,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("manager" as const),
      place: user,
      target: user,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("members" as const),
      place: group,
      steps: fc.array(
        fc.record({
          kind: fc.constantFrom(
            "add" as const,
            "remove" as const,
            "replaceAll" as const,
          ),
          places: members,
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("delete" as const),
      place: anybody,
    }),
  },
);

function whole(kind: "create" | "replace"): fc.Arbitrary<Command> {
  return fc.record({
    kind: fc.constant(kind),
    place: anybody,
    name,
    externalId: fc.constantFrom(undefined, "x", "X"),
    members,
  });
}

/** What should be in a place. */
interface Expected {
  readonly id: string;
  attributes: JsonObject;
  members: Set<string>;
}

/** The store as it should be. */
class Model {
  readonly places = new Map<string, Expected>();

  /** The status that a command ends with, or undefined when it succeeds. */
  refusal(command: Command): number | undefined {
    const { place } = command;
    if (command.kind === "create" || command.kind === "replace") {
      if (this.isTaken(place, command.name)) return 409;
    }
    if (command.kind === "rename" && this.places.has(place)) {
      if (this.isTaken(place, command.name)) return 409;
    }
    return undefined;
  }

  isTaken(place: string, name: string): boolean {
    return [...this.places].some(([other, { attributes }]) =>
      other !== place && other[0] === place[0] &&
      foldCase(nameOf(attributes)) === foldCase(name)
    );
  }

  delete(place: string): void {
    const id = this.places.get(place)?.id ?? "";
    this.places.delete(place);
    for (const { members } of this.places.values()) members.delete(id);
  }

  /** The groups that a resource is in, however deep. */
  groupsOf(id: string): string[] {
    const found = new Set<string>();
    let level = [id];
    while (level.length > 0) {
      level = [...this.places.values()]
        .filter((each) => level.some((member) => each.members.has(member)))
        .map((each) => each.id).filter((each) => !found.has(each));
      for (const each of level) found.add(each);
    }
    return sorted(found);
  }
}

function nameOf(attributes: JsonObject): string {
  return String(attributes["userName"] ?? attributes["displayName"]);
}

function typeOf(place: string) {
  return place.startsWith("u") ? USER : GROUP;
}

/** Runs commands on a store, and keeps the model in step. */
class Run {
  readonly directory: Directory;
  readonly model: Model;

  constructor(directory: Directory, model: Model = new Model()) {
    this.directory = directory;
    this.model = model;
  }

  async one(command: Command): Promise<void> {
    const { place } = command;
    const expected = this.model.places.get(place);
    if ((expected === undefined) !== (command.kind === "create")) return;
    const refusal = this.model.refusal(command);
    const status = await this.carryOut(command).then(
      () => undefined,
      (error) => error instanceof ScimError ? error.status : error,
    );
    assert.equal(status, refusal, JSON.stringify(command));
  }

  /** Carries a command out and, when it has succeeded, notes it in the model. */
  async carryOut(command: Command): Promise<void> {
    const { directory, model } = this;
    const { place } = command;
    const type = typeOf(place);
    const expected = model.places.get(place);
    const id = expected?.id ?? "";
    switch (command.kind) {
      case "create": {
        const attributes = attributesOf(command);
        const members = type === GROUP ? this.#ids(command.members) : [];
        const record = await directory.services.resources.create(
          { tenant: "default", actor: "token-1" },
          type,
          { attributes, members, ignored: [] },
        );
        model.places.set(place, {
          id: record.id,
          attributes,
          members: new Set(members),
        });
        return;
      }
      case "replace": {
        const attributes = attributesOf(command);
        const ids = type === GROUP ? this.#ids(command.members) : [];
        const steps: MembershipStep[] = type === GROUP
          ? [{ kind: "replaceAll", ids }]
          : [];
        await this.#update(place, id, () => attributes, steps);
        return;
      }
      case "rename": {
        const key = type === USER ? "userName" : "displayName";
        const rename = (attributes: JsonObject) => ({
          ...attributes,
          [key]: command.name,
        });
        await this.#update(place, id, rename, []);
        return;
      }
      case "manager": {
        const value = model.places.get(command.target)?.id ?? "nobody";
        const assign = (attributes: JsonObject) => ({
          ...attributes,
          [ENTERPRISE]: { manager: { value } },
        });
        await this.#update(place, id, assign, []);
        return;
      }
      case "members": {
        const steps = command.steps.map(({ kind, places }) => ({
          kind,
          ids: this.#ids(places),
        }));
        await this.#update(place, id, (attributes) => attributes, steps);
        return;
      }
      case "delete":
        await directory.delete(type, id);
        if (expected === model.places.get(place)) model.delete(place);
    }
  }

  async #update(
    place: string,
    id: string,
    change: (attributes: JsonObject) => JsonObject,
    steps: readonly MembershipStep[],
  ): Promise<void> {
    const written = await this.directory.update(typeOf(place), id, {
      edit: ({ attributes }) => ({
        attributes: change(attributes),
        membership: steps,
        ignored: [],
      }),
    });
    const expected = this.model.places.get(place);
    if (written === undefined || expected === undefined) return;
    expected.attributes = change(expected.attributes);
    for (const { ids = [], kind } of steps.map(named)) {
      if (kind === "replaceAll") expected.members.clear();
      for (const each of ids) {
        if (kind === "remove") expected.members.delete(each);
        else expected.members.add(each);
      }
    }
  }

  #ids(places: readonly string[]): string[] {
    return places.map((place) => this.model.places.get(place)?.id)
      .filter((id) => id !== undefined);
  }

  /** Asserts that the store is as the model says. */
  async compare(): Promise<void> {
    const { directory, model } = this;
    for (const [place, { id, attributes, members }] of model.places) {
      const type = typeOf(place);
      const record = await directory.get(type, id);
      assert.deepEqual(record?.attributes, attributes, place);
      const shown = await directory.show(type, id);
      if (type === GROUP) {
        assert.deepEqual(idsIn(shown?.["members"]), sorted(members), place);
      } else {
        assert.deepEqual(idsIn(shown?.["groups"]), model.groupsOf(id), place);
        const filter = `userName eq ${JSON.stringify(nameOf(attributes))}`;
        assert.deepEqual(await directory.idsOf(USER, filter), [id]);
      }
    }
    for (const type of [USER, GROUP]) {
      const { totalResults, records } = await directory.find(type, undefined);
      const ids = [...model.places].filter(([place]) => typeOf(place) === type)
        .map(([, { id }]) => id);
      assert.equal(totalResults, ids.length);
      assert.deepEqual(records.map(({ id }) => id), sorted(ids));
    }
  }
}

/** A step that names ids, as all of the model's do. */
function named(
  step: MembershipStep,
): { readonly kind: string; readonly ids?: readonly string[] } {
  return step;
}

function attributesOf(
  { place, name, externalId }: Extract<Command, { kind: "create" | "replace" }>,
): JsonObject {
  return {
    [typeOf(place) === USER ? "userName" : "displayName"]: name,
    ...(externalId === undefined ? {} : { externalId }),
  };
}

Deno.test("any sequence of writes leaves what a model says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 5, maxLength: 40 }),
      async (commands) => {
        using kv = await Deno.openKv(":memory:");
        const run = new Run(await Directory.open(kv));
        for (const each of commands) await run.one(each);
        await run.compare();
        await run.directory.check();
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("any writes at once leave a store without contradictions", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 2, maxLength: 8 }), {
        minLength: 3,
        maxLength: 12,
      }),
      fc.boolean(),
      async (rounds, two) => {
        using kv = await Deno.openKv(":memory:");
        const run = new Run(await Directory.open(kv));
        const other = two ? new Run(await Directory.open(kv), run.model) : run;
        for (const commands of rounds) {
          const results = await Promise.allSettled(
            commands.map((each, i) =>
              (i % 2 === 0 ? run : other).carryOut(each)
            ),
          );
          for (const result of results) {
            if (result.status === "fulfilled") continue;
            const { reason } = result;
            assert.ok(reason instanceof ScimError, String(reason));
            // A name that another has, or a member that went away.
            assert.ok([400, 409].includes(reason.status), reason.message);
          }
          await other.directory.services.jobs.idle();
          await run.directory.check();
        }
      },
    ),
    { numRuns: 150 },
  );
});
