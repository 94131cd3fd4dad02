import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import { GROUP_NAMES } from "../../domain/registry.ts";
import { text } from "../../domain/schema/builders.ts";
import { Change } from "../../storage/change.ts";
import { settingsKey } from "../../storage/keys.ts";
import type { Definitions } from "../../domain/registry.ts";
import type { DuplicateValue } from "../../storage/unique_values.ts";
import {
  BADGE,
  badge,
  badgeSchema,
  definitionsOf,
  inForce,
  interrupted,
  inUse,
  NUMBER,
  otherSettler,
  putBadges,
  typeInForce,
  withBadges,
} from "./custom.ts";
import { type Call, Mortal, observedKv } from "./fake_kv.ts";
import {
  Directory,
  GROUP,
  newSeed,
  random,
  refused,
  sorted,
  TENANT,
  turns,
  UNCONDITIONAL,
  USER,
} from "./fixture.ts";

/** Users with badges `<prefix>0`, `<prefix>1` and so on; their ids. */
async function badges(
  directory: Directory,
  count: number,
  prefix = "b",
): Promise<string[]> {
  const users = await Promise.all(
    Array.from(
      { length: count },
      (_, i) => directory.user(`${prefix} user ${i}`, badge(`${prefix}${i}`)),
    ),
  );
  return users.map(({ id }) => id);
}

/** Marks an attribute as one whose values are being entered, and nothing more. */
async function markIncomplete(
  directory: Directory,
  name: string,
): Promise<void> {
  const { registries, store } = directory.services;
  const current = await registries.current(TENANT);
  const change = registries.write(new Change(), TENANT, current, {
    ...current.definitions,
    incomplete: [name],
  });
  assert.ok(await store.commit(change) !== undefined);
}

function sortedIds(duplicates: readonly DuplicateValue[]): DuplicateValue[] {
  return duplicates.map((each) => ({ ...each, ids: sorted(each.ids) }));
}

Deno.test("values that are there become unique", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  await badges(directory, 250);
  await putBadges(directory, badgeSchema("server"));
  await refused(directory.user("x", badge("B249")), 409, "uniqueness", NUMBER);
  await directory.check();
});

Deno.test("values are unique in each resource type that has the schema", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const { definitions, resources } = directory.services;
  await definitions.addResourceType(TENANT, {
    name: "Guest",
    endpoint: "/Guests",
    schema: USER.schema,
    schemaExtensions: [{ schema: BADGE, required: false }],
  });
  const guests = await typeInForce(directory, "Guest");
  await directory.user("ada", badge("1"));
  const writer = { tenant: TENANT, actor: "token-1" };
  const draft = {
    attributes: { userName: "ada", ...badge("1") },
    members: [],
    ignored: [],
  };
  await resources.create(writer, guests, draft);
  await putBadges(directory, badgeSchema("server"));
  for (const type of [USER, guests]) {
    const again = { ...draft, attributes: { userName: "b", ...badge("1") } };
    await refused(resources.create(writer, type, again), 409, "uniqueness");
  }
  await directory.check();
});

Deno.test("values that resources share are told, and then nothing has changed", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const before = await definitionsOf(directory);
  const a = await directory.user("a", badge("1"));
  const b = await directory.user("b", badge("1"));
  const { duplicates } = await inUse(
    putBadges(directory, badgeSchema("server", text("more", ""))),
  );
  assert.deepEqual(sortedIds(duplicates), [{
    resourceType: "User",
    value: "1",
    ids: sorted([a.id, b.id]),
  }]);
  assert.deepEqual(await definitionsOf(directory), before);
  await directory.user("c", badge("1"));
  await directory.check();
});

Deno.test("of very many shared values a hundred are told", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  await badges(directory, 101);
  await Promise.all(
    Array.from(
      { length: 101 },
      (_, i) => directory.user(`twin ${i}`, badge(`b${i}`)),
    ),
  );
  const { duplicates } = await inUse(
    putBadges(directory, badgeSchema("server")),
  );
  assert.equal(duplicates.length, 100);
});

Deno.test("values that come to be shared just before the attribute becomes unique are told", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  const before = await definitionsOf(other);
  const directory = await interrupted(kv, "commit", 0, async () => {
    await other.user("a", badge("1"));
    await other.user("b", badge("1"));
  });
  const { duplicates } = await inUse(
    putBadges(directory, badgeSchema("server", text("more", ""))),
  );
  assert.deepEqual(duplicates.map(({ value }) => value), ["1"]);
  assert.equal(duplicates[0]?.ids.length, 2);
  const { schemas } = await definitionsOf(other);
  assert.deepEqual(
    schemas[0]?.definition.attributes.map(({ name }) => name),
    before.schemas[0]?.definition.attributes.map(({ name }) => name),
  );
  const number = (await typeInForce(other)).extensions.get(BADGE.toLowerCase())
    ?.attributes.get("number");
  assert.equal(number?.uniqueness, "none");
  await other.user("c", badge("1"));
  await other.check();
});

Deno.test("what else a PUT changes comes into force with the uniqueness", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  await badges(directory, 20);
  const wanted = {
    id: BADGE,
    name: "Renamed",
    attributes: [
      text("number", "", { uniqueness: "global" }),
      text("size", ""),
    ],
  };
  await putBadges(directory, wanted);
  const { schemas } = await definitionsOf(directory);
  assert.deepEqual(schemas.map(({ definition }) => definition), [wanted]);
  await directory.check();
});

Deno.test("a resource that changes in something else while values are entered keeps its value", async () => {
  for (const commit of [1, 2, 3]) {
    using kv = await Deno.openKv(":memory:");
    const other = await withBadges(kv);
    const ids = await badges(other, 12);
    const directory = await interrupted(kv, "commit", commit, async () => {
      for (const id of ids) {
        await other.update(USER, id, { set: { nickName: "changed" } });
      }
    });
    await putBadges(directory, badgeSchema("server"));
    await other.check(`changed before commit ${commit}`);
  }
});

Deno.test("a value that moves to another resource while values are entered stays with that one", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  const { id } = await other.user("a", badge("1"));
  const directory = await interrupted(kv, "commit", 1, async () => {
    await other.update(USER, id, { set: badge("2") });
    await other.user("b", badge("1"));
    await other.update(USER, id, { set: badge("3") });
  });
  await putBadges(directory, badgeSchema("server"));
  await refused(other.user("c", badge("1")), 409, "uniqueness");
  await other.user("d", badge("2"));
  await other.check();
});

Deno.test("a resource does not take a value with it that another has got while values are entered", async () => {
  for (const goes of ["renamed", "deleted"] as const) {
    using kv = await Deno.openKv(":memory:");
    const other = await Directory.open(kv);
    const { definitions } = other.services;
    await definitions.setUniqueGroupNames(TENANT, false);
    const { id } = await other.group("Sales");
    const directory = await interrupted(kv, "commit", 1, async () => {
      await other.group("Sales");
      if (goes === "deleted") await other.delete(GROUP, id);
      else await other.update(GROUP, id, { set: { displayName: "Legal" } });
    });
    await directory.services.definitions.setUniqueGroupNames(TENANT, true);
    await refused(other.group("SALES"), 409, "uniqueness");
    await other.check(goes);
  }
});

Deno.test("a value that is given up while values are entered is free", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  const [id = ""] = await badges(other, 1);
  const directory = await interrupted(kv, "commit", 1, async () => {
    await other.update(USER, id, { set: { [BADGE]: { color: "red" } } });
  });
  await putBadges(directory, badgeSchema("server"));
  await other.user("x", badge("b0"));
  await other.check();
});

Deno.test("an attribute that may repeat again leaves no unique keys behind", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv, badgeSchema("server"));
  await badges(directory, 230);
  await putBadges(directory, badgeSchema());
  await directory.user("twin", badge("b0"));
  await directory.check();
});

Deno.test("values that changed while an attribute was repeatable become unique as they are", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv, badgeSchema("server"));
  const ids = await badges(other, 8);
  const directory = await interrupted(kv, "commit", 1, async () => {
    for (const id of ids) {
      await other.update(USER, id, { set: badge(`new ${id}`) });
    }
  });
  await putBadges(directory, badgeSchema());
  await putBadges(directory, badgeSchema("server"));
  for (const [i, id] of ids.entries()) {
    await other.user(`x ${i}`, badge(`b${i}`));
    await refused(
      other.user(`y ${i}`, badge(`new ${id}`)),
      409,
      "uniqueness",
    );
  }
  await other.check();
});

Deno.test("what one process has begun to take out, another finishes before it makes values unique", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.group("Sales");
  const mortal = new Mortal({ commit: 0, carriedOut: true });
  const dying = await Directory.open(observedKv(kv, mortal));
  await assert.rejects(
    dying.services.definitions.setUniqueGroupNames(TENANT, false),
  );
  await directory.update(GROUP, id, { set: { displayName: "Legal" } });
  await directory.services.definitions.setUniqueGroupNames(TENANT, true);
  await directory.group("Sales");
  await directory.check();
});

Deno.test("two processes settle one attribute at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  await badges(directory, 60);
  const [one, two] = [otherSettler(kv), otherSettler(kv)];
  const interruptedByBoth = await interrupted(kv, "commit", 1, async () => {
    const settled = await Promise.all([
      one.settle(TENANT, NUMBER),
      two.settle(TENANT, NUMBER),
    ]);
    assert.deepEqual(settled, [[], []]);
  });
  await putBadges(interruptedByBoth, badgeSchema("server"));
  await directory.check();
});

Deno.test("who makes an attribute unique is told of duplicates that another process has found", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  let commits = 0;
  let opened = false;
  const directory = await Directory.open(observedKv(kv, {
    before: async (call) => {
      if (call !== "commit" || !opened) return;
      if (commits++ === 0) {
        await other.user("a", badge("1"));
        await other.user("b", badge("1"));
      } else if (commits === 2) {
        const found = await otherSettler(kv).settle(TENANT, NUMBER);
        assert.equal(found.length, 1);
      }
    },
  }));
  opened = true;
  const { duplicates } = await inUse(
    putBadges(directory, badgeSchema("server")),
  );
  assert.deepEqual(duplicates.map(({ value }) => value), ["1"]);
  await other.check();
});

Deno.test("a change of uniqueness that a crash cuts off is there as a whole or not at all after the next start", async () => {
  for (const carriedOut of [false, true]) {
    for (let commit = 0; commit < 8; commit++) {
      for (const on of [true, false]) {
        using kv = await Deno.openKv(":memory:");
        const before = badgeSchema(on ? "none" : "server");
        const after = {
          ...badgeSchema(on ? "server" : "none", text("more", "")),
          name: "Other",
        };
        const directory = await withBadges(kv, before);
        await badges(directory, 13);
        const mortal = new Mortal({ commit, carriedOut });
        const dying = await Directory.open(observedKv(kv, mortal));
        await putBadges(dying, after).catch(() => {});
        const next = await Directory.open(kv, { exclusive: true });
        const told = `${on} dies at commit ${commit}, ${carriedOut}`;
        await next.check(told);
        const { schemas } = await definitionsOf(next);
        const isBegun = commit > 0 || carriedOut;
        assert.deepEqual(
          schemas.map(({ definition }) => definition),
          [isBegun ? after : before],
          told,
        );
      }
    }
  }
});

Deno.test("a PUT that also takes an attribute away is there as a whole or not at all after a crash", async () => {
  for (const carriedOut of [false, true]) {
    for (let commit = 0; commit < 7; commit++) {
      using kv = await Deno.openKv(":memory:");
      const directory = await withBadges(kv);
      await badges(directory, 13);
      const after = {
        id: BADGE,
        attributes: [text("number", "", { uniqueness: "server" })],
      };
      const mortal = new Mortal({ commit, carriedOut });
      const dying = await Directory.open(observedKv(kv, mortal));
      await putBadges(dying, after).catch(() => {});
      const next = await Directory.open(kv, { exclusive: true });
      const told = `dies at commit ${commit}, ${carriedOut}`;
      await next.check(told);
      const { schemas } = await definitionsOf(next);
      // The first commit announces, the second one decides.
      const isTaken = commit > 1 || commit === 1 && carriedOut;
      assert.deepEqual(
        schemas.map(({ definition }) => definition),
        [isTaken ? after : badgeSchema()],
        told,
      );
    }
  }
});

Deno.test("a crash while duplicates are taken back leaves nothing unique behind", async () => {
  for (const carriedOut of [false, true]) {
    for (let commit = 1; commit < 8; commit++) {
      using kv = await Deno.openKv(":memory:");
      const other = await withBadges(kv);
      await badges(other, 6);
      const mortal = new Mortal({ commit, carriedOut });
      let first = true;
      const dying = await Directory.open(observedKv(kv, {
        before: async (call) => {
          mortal.before(call);
          if (call !== "commit" || !first) return;
          first = false;
          await other.user("x", badge("b0"));
        },
        after: (call) => mortal.after(call),
      }));
      await putBadges(dying, badgeSchema("server")).catch(() => {});
      const next = await Directory.open(kv, { exclusive: true });
      await next.check(`dies at commit ${commit}, ${carriedOut}`);
      await next.user("y", badge("b0"));
    }
  }
});

Deno.test("a resource is found by its value at each step on which the attribute becomes unique and repeatable again", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  const ids = await badges(other, 40);
  let looks = 0;
  const look = async () => {
    const i = looks++ % ids.length;
    const type = await typeInForce(other);
    const filter = `${NUMBER} eq "b${i}"`;
    assert.deepEqual(await other.idsOf(type, filter), [ids[i]], filter);
  };
  const onCommit = (call: Call) => call === "commit" ? look() : undefined;
  const directory = await Directory.open(
    observedKv(kv, { before: onCommit, after: onCommit }),
  );
  for (const uniqueness of ["server", "none", "server", "none"] as const) {
    await putBadges(directory, badgeSchema(uniqueness));
  }
  // 40 values are entered twice, four by each commit.
  assert.ok(looks > 40, `${looks}`);
  await other.check();
});

Deno.test("a resource is found by its value by readers that do not wait for changes of uniqueness", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const ids = await badges(directory, 40);
  let done = false;
  const toggle = async () => {
    try {
      for (const uniqueness of ["server", "none", "server", "none"] as const) {
        await putBadges(directory, badgeSchema(uniqueness));
      }
    } finally {
      done = true;
    }
  };
  const look = async () => {
    for (let i = 0; !done; i = (i + 1) % ids.length) {
      const type = await typeInForce(directory);
      const filter = `${NUMBER} eq "b${i}"`;
      assert.deepEqual(await directory.idsOf(type, filter), [ids[i]], filter);
    }
  };
  await Promise.all([toggle(), look(), look()]);
});

Deno.test("a filter that was read by an attribute's unique keys finds its match when they go meanwhile", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv, badgeSchema("server"));
  const { id } = await directory.user("a", badge("1"));
  const type = await typeInForce(directory);
  await putBadges(directory, badgeSchema());
  for (const filter of [`${NUMBER} eq "1"`, `${NUMBER} sw "1"`]) {
    assert.deepEqual(await directory.idsOf(type, filter), [id], filter);
  }
});

Deno.test("writers in two processes and changes of uniqueness leave exactly one owner for each value", async () => {
  const seed = newSeed();
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  using kv = await Deno.openKv(":memory:");
  const first = await withBadges(kv);
  const second = await Directory.open(kv);
  const ids = await badges(first, 80);
  let users = 0;
  const write = async (directory: Directory) => {
    const id = ids[below(ids.length)] ?? "";
    const number = badge(`b${below(next() < 0.01 ? 80 : 100_000)}`);
    const dice = next();
    if (dice < 0.2) {
      ids.push((await directory.user(`user ${users++}`, number)).id);
    } else if (dice < 0.5) {
      await directory.update(USER, id, { set: number });
    } else if (dice < 0.85) {
      await directory.update(USER, id, { set: { nickName: `${next()}` } });
    } else {
      await directory.delete(USER, id);
    }
  };
  const allowed = (error: unknown) => {
    assert.ok(error instanceof ScimError, `seed ${seed}: ${error}`);
    assert.ok([409, 503].includes(error.status), `seed ${seed}: ${error}`);
  };
  let successes = 0;
  for (let round = 0; successes < 4 && round < 80; round++) {
    const uniqueness = round % 2 === 0 ? "server" : "none";
    let done = false;
    const change = async () => {
      try {
        await turns(below(3));
        const directory = next() < 0.5 ? first : second;
        await putBadges(directory, badgeSchema(uniqueness));
        if (uniqueness === "server") successes++;
      } catch (error) {
        allowed(error);
      } finally {
        done = true;
      }
    };
    const writer = async (directory: Directory) => {
      while (!done) await write(directory).catch(allowed);
    };
    await Promise.all([
      change(),
      ...[first, second, first, second].map(writer),
      otherSettler(kv).settle(TENANT, NUMBER),
    ]);
    // A PUT that met too many writers has left its job.
    await first.services.jobs.resume(true);
    await first.services.jobs.idle();
    await first.check(`seed ${seed}, round ${round}`);
    if (uniqueness === "server") continue;
    // Nobody shares a value when the next round begins.
    for (const [i, id] of ids.entries()) {
      await first.update(USER, id, { set: badge(`b${i}`) });
    }
  }
  assert.equal(successes, 4, `seed ${seed}`);
});

Deno.test("a user with as many unique attributes as there can be is written and deleted while one is incomplete", async () => {
  using kv = await Deno.openKv(":memory:");
  const tenant = "t".repeat(63);
  const uri = `urn:example:${"x".repeat(188)}`;
  const names = Array.from(
    { length: 6 },
    (_, i) => `a${i}${"n".repeat(62)}`,
  );
  const directory = await Directory.open(kv);
  const { definitions, registries, resources, store, tenants } =
    directory.services;
  await tenants.ensure(tenant, new Date());
  await definitions.addSchema(tenant, {
    definition: {
      id: uri,
      attributes: names.map((name) =>
        text(name, "", { uniqueness: "server", caseExact: true })
      ),
    },
    extends: "User",
    required: false,
  });
  const current = await registries.current(tenant);
  const incomplete = [`${uri}:${names[0]}`];
  const marked = registries.write(new Change(), tenant, current, {
    ...current.definitions,
    incomplete,
  });
  assert.ok(await store.commit(marked) !== undefined);
  const type = (await registries.current(tenant)).registry.byName("User");
  assert.ok(type !== undefined);
  assert.equal(type.incomplete.size, 1);
  const writer = { tenant, actor: "token-1" };
  const state = (start: string) => ({
    userName: start + "\u{1f600}".repeat(500),
    [uri]: Object.fromEntries(
      names.map((name) => [name, start + "界".repeat(500)]),
    ),
  });
  const { id } = await resources.create(writer, type, {
    attributes: state("a"),
    members: [],
    ignored: [],
  });
  const written = await resources.update(writer, type, id, {
    operation: "replace",
    ...UNCONDITIONAL,
    conditional: true,
    edit: () => ({ attributes: state("b"), membership: [], ignored: [] }),
  });
  assert.equal(written?.changed, true);
  assert.equal(
    await resources.delete(writer, type, id, {
      ...UNCONDITIONAL,
      conditional: true,
    }),
    true,
  );
});

Deno.test("a group with as many unique attributes as there can be takes a name and members while one is incomplete", async () => {
  for (const count of [0, 3, 5, 300]) {
    using kv = await Deno.openKv(":memory:");
    const directory = await Directory.open(kv);
    const { definitions } = directory.services;
    await definitions.addSchema(TENANT, {
      definition: badgeSchema("server"),
      extends: "Group",
      required: false,
    });
    await markIncomplete(directory, GROUP_NAMES);
    const members = await directory.users(count);
    const { id } = await directory.group("a", members, badge("1"));
    await directory.update(GROUP, id, {
      set: { displayName: "b", ...badge("2") },
      conditional: true,
      members: [{ kind: "remove", ids: members }],
    });
    await directory.update(GROUP, id, {
      set: { displayName: "c", ...badge("3") },
      conditional: true,
      members: [{ kind: "add", ids: members }],
    });
    const record = await directory.get(GROUP, id);
    assert.equal(record?.attributes["displayName"], "c");
    await otherSettler(kv).settle(TENANT, GROUP_NAMES);
    assert.deepEqual(await directory.membersOf(id), sorted(members));
    await directory.check(`${count} members`);
  }
});

Deno.test("numbers become unique by their values", async () => {
  using kv = await Deno.openKv(":memory:");
  const size = (uniqueness: "none" | "server") => ({
    id: BADGE,
    attributes: [{ name: "size", type: "integer" as const, uniqueness }],
  });
  const directory = await withBadges(kv, size("none"));
  await directory.user("a", { [BADGE]: { size: 10 } });
  await directory.user("b", { [BADGE]: { size: 1 } });
  await putBadges(directory, size("server"));
  const twin = directory.user("c", { [BADGE]: { size: 10 } });
  await refused(twin, 409, "uniqueness");
  await directory.check();
});

Deno.test("a sub-attribute becomes unique", async () => {
  using kv = await Deno.openKv(":memory:");
  const holder = (uniqueness: "none" | "server") => ({
    id: BADGE,
    attributes: [{
      name: "card",
      type: "complex" as const,
      subAttributes: [text("number", "", { uniqueness })],
    }],
  });
  const directory = await withBadges(kv, holder("none"));
  await directory.user("a", { [BADGE]: { card: { number: "1" } } });
  await putBadges(directory, holder("server"));
  const twin = directory.user("b", { [BADGE]: { card: { number: "1" } } });
  await refused(twin, 409, "uniqueness", "card.number");
  await directory.check();
});

Deno.test("settling an attribute that nobody has begun changes nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv, badgeSchema("server"));
  await badges(directory, 5);
  const before: Definitions = await definitionsOf(directory);
  const { versionstamp } = await kv.get(settingsKey(TENANT));
  assert.deepEqual(await otherSettler(kv).settle(TENANT, NUMBER), []);
  assert.equal((await inForce(directory)).versionstamp, versionstamp);
  assert.deepEqual(await definitionsOf(directory), before);
  await directory.check();
});
