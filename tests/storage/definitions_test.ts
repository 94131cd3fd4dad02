import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import { text } from "../../domain/schema/builders.ts";
import type {
  ResourceTypeDefinition,
  SchemaDefinition,
} from "../../domain/schema/definition.ts";
import {
  allComply,
  BADGE,
  badge,
  badgeSchema,
  createAs,
  definitionsOf,
  inForce,
  interrupted,
  inUse,
  NUMBER,
  putBadges,
  typeInForce,
  withBadges,
} from "./custom.ts";
import { Mortal, observedKv } from "./fake_kv.ts";
import {
  Directory,
  GROUP,
  newSeed,
  noise,
  random,
  refused,
  TENANT,
  turns,
  USER,
  WRITER,
} from "./fixture.ts";

const DEVICE: SchemaDefinition = {
  id: "urn:example:params:scim:schemas:core:2.0:Device",
  name: "Device",
  attributes: [text("serial", "", { uniqueness: "server" }), text("model", "")],
};

const DEVICES: ResourceTypeDefinition = {
  name: "Device",
  endpoint: "/Devices",
  schema: DEVICE.id,
  schemaExtensions: [],
};

/** A store with the type Device. */
async function withDevices(kv: Deno.Kv): Promise<Directory> {
  const directory = await Directory.open(kv);
  const { definitions } = directory.services;
  await definitions.addSchema(TENANT, {
    definition: DEVICE,
    required: false,
  });
  await definitions.addResourceType(TENANT, DEVICES);
  return directory;
}

/** The extension with a color for each badge. */
const STRICT: SchemaDefinition = {
  id: BADGE,
  attributes: [text("number", ""), text("color", "", { required: true })],
};

/** The moves that take something out, and data that uses it. */
const REMOVALS = [
  {
    name: "a schema",
    open: (kv: Deno.Kv) => withBadges(kv, badgeSchema("server")),
    remove: ({ services }: Directory) =>
      services.definitions.removeSchema(TENANT, BADGE.toUpperCase()),
    type: "User",
    attributes: { userName: "ada", ...badge("1") },
    status: 503,
  },
  {
    name: "an attribute",
    open: (kv: Deno.Kv) => withBadges(kv, badgeSchema("server")),
    remove: (directory: Directory) =>
      putBadges(directory, { id: BADGE, attributes: [text("color", "")] }),
    type: "User",
    attributes: { userName: "ada", ...badge("1") },
    status: 503,
  },
  {
    name: "the form of an attribute",
    open: (kv: Deno.Kv) => withBadges(kv, badgeSchema("server")),
    remove: (directory: Directory) =>
      putBadges(directory, {
        id: BADGE,
        attributes: [
          text("number", "", { uniqueness: "server", caseExact: true }),
          text("color", ""),
        ],
      }),
    type: "User",
    attributes: { userName: "ada", ...badge("A1") },
    status: 503,
  },
  {
    name: "a resource type",
    open: withDevices,
    remove: ({ services }: Directory) =>
      services.definitions.removeResourceType(TENANT, "device"),
    type: "Device",
    attributes: { serial: "1" },
    status: 404,
  },
  {
    name: "the looser form of a schema",
    open: (kv: Deno.Kv) => withBadges(kv),
    remove: (directory: Directory) => putBadges(directory, STRICT),
    type: "User",
    attributes: { userName: "ada", ...badge("1") },
    status: 400,
  },
  {
    name: "the freedom to lack an extension",
    open: (kv: Deno.Kv) => withBadges(kv),
    remove: ({ services }: Directory) =>
      services.definitions.replaceSchema(TENANT, badgeSchema(), true),
    type: "User",
    attributes: { userName: "ada" },
    status: 400,
  },
  {
    name: "the freedom to lack what is to become an extension",
    open: (kv: Deno.Kv) => Directory.open(kv),
    remove: ({ services }: Directory) =>
      services.definitions.addSchema(TENANT, {
        definition: badgeSchema(),
        extends: "User",
        required: true,
      }),
    type: "User",
    attributes: { userName: "ada" },
    status: 400,
  },
] as const;

Deno.test("a schema is in force for the next write of every process", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await Directory.open(kv);
  await other.user("ada");
  const directory = await withBadges(kv, badgeSchema("server"));
  await other.user("bob", badge("1"));
  await refused(directory.user("eve", badge("1")), 409, "uniqueness", NUMBER);
  await directory.check();
});

Deno.test("a write that was read before an attribute became unique follows the new rule", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const before = await inForce(directory);
  const { id } = await directory.user("ada", badge("1"));
  await putBadges(directory, badgeSchema("server"));
  const late = (name: string, number: string) =>
    createAs(directory, before, "User", { userName: name, ...badge(number) });
  await refused(late("bob", "1"), 409, "uniqueness", id);
  await late("eve", "2");
  await directory.check();
});

Deno.test("an update and a deletion that were read before a schema was added are refused", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const current = await inForce(directory);
  const type = current.registry.byName("User");
  assert.ok(type !== undefined);
  await withBadges(kv, badgeSchema("server"));
  const one = await directory.user("ada", badge("1"));
  const two = await directory.user("bob", badge("2"));
  const writer = { ...WRITER, current };
  const { resources } = directory.services;
  const update = resources.update(writer, type, one.id, {
    operation: "replace",
    precondition: () => {},
    conditional: false,
    edit: () => ({
      attributes: { userName: "ada" },
      membership: [],
      ignored: [],
    }),
  });
  await refused(update, 503);
  const deletion = resources.delete(writer, type, two.id, {
    precondition: () => {},
    conditional: false,
  });
  await refused(deletion, 503);
  await refused(directory.user("x", badge("1")), 409, "uniqueness");
  await refused(directory.user("y", badge("2")), 409, "uniqueness");
  await directory.check();
});

for (const removal of REMOVALS) {
  const { name, open, remove, type, attributes, status } = removal;
  const scimType = status === 400 ? "invalidValue" : undefined;

  Deno.test(`${name} that a resource uses stays, and all is as before`, async () => {
    using kv = await Deno.openKv(":memory:");
    const directory = await open(kv);
    const { id } = await createAs(
      directory,
      await inForce(directory),
      type,
      attributes,
    );
    const before = await definitionsOf(directory);
    const { message } = await inUse(remove(directory));
    assert.ok(message.includes(id), message);
    assert.deepEqual(await definitionsOf(directory), before);
    await directory.check();
    await directory.delete(await typeInForce(directory, type), id);
    await remove(directory);
    assert.notDeepEqual(await definitionsOf(directory), before);
    await directory.check();
  });

  Deno.test(`a resource that uses ${name} is refused while that is about to go`, async () => {
    using kv = await Deno.openKv(":memory:");
    const other = await open(kv);
    const before = await inForce(other);
    // Behind the commit that announces it: the removal itself.
    const directory = await interrupted(kv, "commit", 1, async () => {
      await refused(createAs(other, before, type, attributes), 503);
    });
    await remove(directory);
    const late = createAs(other, before, type, attributes);
    await refused(late, status, scimType);
    await other.check();
  });

  Deno.test(`a resource that is written just before ${name} is about to go keeps it`, async () => {
    using kv = await Deno.openKv(":memory:");
    const other = await open(kv);
    const before = await inForce(other);
    const directory = await interrupted(kv, "commit", 0, async () => {
      await createAs(other, before, type, attributes);
    });
    await inUse(remove(directory));
    assert.deepEqual(await definitionsOf(other), before.definitions);
    await other.check();
  });

  Deno.test(`a write that was read before ${name} went leaves nothing of it behind`, async () => {
    using kv = await Deno.openKv(":memory:");
    const other = await open(kv);
    const before = await inForce(other);
    const directory = await interrupted(
      kv,
      "commit",
      0,
      () => remove(other),
    );
    const late = createAs(directory, before, type, attributes);
    await refused(late, status, scimType);
    await other.check();
  });

  Deno.test(`${name} stays or goes as a whole when a crash cuts its removal off`, async () => {
    for (const used of [false, true]) {
      for (const carriedOut of [false, true]) {
        for (let commit = 0; commit < 4; commit++) {
          using kv = await Deno.openKv(":memory:");
          const directory = await open(kv);
          const before = await inForce(directory);
          if (used) await createAs(directory, before, type, attributes);
          const mortal = new Mortal({ commit, carriedOut });
          const dying = await Directory.open(observedKv(kv, mortal));
          await remove(dying).catch(() => {});
          const next = await Directory.open(kv, { exclusive: true });
          const told = `${used} ${carriedOut} ${commit}`;
          await next.check(told);
          const gone = !used && (commit > 1 || commit === 1 && carriedOut);
          const after = await definitionsOf(next);
          if (gone) assert.notDeepEqual(after, before.definitions, told);
          else {
            assert.deepEqual(after, before.definitions, told);
            if (!used) await createAs(next, before, type, attributes);
          }
          await next.check(told);
        }
      }
    }
  });

  Deno.test(`creations in two processes and the removal of ${name} leave nothing orphaned`, async () => {
    const seed = newSeed();
    const next = random(seed);
    for (let round = 0; round < 10; round++) {
      using kv = await Deno.openKv(":memory:");
      const first = await open(kv);
      const second = await Directory.open(kv);
      const create = async (directory: Directory, i: number) => {
        const current = await directory.services.registries.current(TENANT);
        await turns(Math.floor(next() * 6));
        const key = Object.keys(attributes)[0] ?? "";
        await createAs(directory, current, type, {
          ...attributes,
          [key]: `${i}`,
          ...(BADGE in attributes ? badge(`${i}`) : {}),
        });
      };
      const removeLater = async () => {
        await turns(Math.floor(next() * 6));
        await remove(first);
      };
      const results = await Promise.allSettled([
        removeLater(),
        ...Array.from({ length: 6 }, (_, i) => create(first, i)),
        ...Array.from({ length: 6 }, (_, i) => create(second, i + 6)),
      ]);
      for (const result of results) {
        if (result.status === "fulfilled") continue;
        const { reason } = result;
        assert.ok(reason instanceof ScimError, `seed ${seed}: ${reason}`);
        const { status } = reason;
        assert.ok(
          [400, 404, 409, 503].includes(status),
          `seed ${seed}: ${reason}`,
        );
      }
      const told = `seed ${seed}, round ${round}`;
      await allComply(first, told);
      await first.check(told);
    }
  });
}

Deno.test("what a resource has already can be changed while it is looked whether it can go", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv, badgeSchema("server"));
  const { id } = await other.user("ada", badge("1"));
  const directory = await interrupted(kv, "commit", 1, async () => {
    await other.update(USER, id, { set: badge("2") });
    await other.user("bob");
  });
  await inUse(directory.services.definitions.removeSchema(TENANT, BADGE));
  await other.user("x", badge("1"));
  await other.check();
});

Deno.test("what complies with a stricter form is written while it is looked whether all does", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  const { id } = await other.user("ada", badge("1", "red"));
  const directory = await interrupted(kv, "commit", 1, async () => {
    const current = await inForce(other);
    await createAs(other, current, "User", { userName: "bob" });
    const one = { userName: "cyd", ...badge("2", "blue") };
    await createAs(other, current, "User", one);
    await refused(other.update(USER, id, { set: badge("1") }), 503);
  });
  await putBadges(directory, STRICT);
  await allComply(other, "by the stricter form");
  await other.check();
});

Deno.test("a form that some resource broke before does not stay because of it", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  await directory.user("ada", { [BADGE]: { number: 7 } });
  await putBadges(directory, STRICT);
  const { schemas } = await definitionsOf(directory);
  assert.deepEqual(schemas.map(({ definition }) => definition), [STRICT]);
  await directory.check();
});

Deno.test("a stricter form with an attribute that becomes unique counts until all values are entered", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  await other.user("ada", badge("1", "red"));
  const both: SchemaDefinition = {
    id: BADGE,
    attributes: [
      text("number", "", { uniqueness: "server" }),
      text("color", "", { required: true }),
    ],
  };
  // Behind the commits that announce and begin it: the first that enters values.
  const directory = await interrupted(kv, "commit", 2, async () => {
    const current = await inForce(other);
    const late = createAs(other, current, "User", {
      userName: "bob",
      ...badge("2"),
    });
    await refused(late, 503);
  });
  await putBadges(directory, both);
  await allComply(other, "by the stricter form");
  await other.check();
});

Deno.test("an extension becomes required with the uniqueness of an attribute, also after a crash", async () => {
  using kv = await Deno.openKv(":memory:");
  const before = await withBadges(kv);
  await before.user("ada", badge("1"));
  const mortal = new Mortal({ commit: 1, carriedOut: true });
  const dying = await Directory.open(observedKv(kv, mortal));
  const { definitions } = dying.services;
  await assert.rejects(
    definitions.replaceSchema(TENANT, badgeSchema("server"), true),
  );
  assert.equal((await definitionsOf(before)).schemas[0]?.required, false);
  const next = await Directory.open(kv, { exclusive: true });
  await next.check();
  assert.equal((await definitionsOf(next)).schemas[0]?.required, true);
  await refused(next.user("bob", badge("1")), 409, "uniqueness");
});

Deno.test("another process does not change definitions while something is about to go", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  const directory = await interrupted(kv, "commit", 1, async () => {
    await refused(
      other.services.definitions.setUniqueGroupNames(TENANT, false),
      503,
    );
  });
  await directory.services.definitions.removeSchema(TENANT, BADGE);
  await other.services.definitions.setUniqueGroupNames(TENANT, false);
  await other.check();
});

Deno.test("what a dead process was about to take away stays when its lease is over", async () => {
  using kv = await Deno.openKv(":memory:");
  const now = new Date("2026-01-01T00:00:00Z");
  await withBadges(kv);
  const mortal = new Mortal({ commit: 0, carriedOut: true });
  const dying = await Directory.open(observedKv(kv, mortal), {
    clock: () => now,
  });
  await assert.rejects(dying.services.definitions.removeSchema(TENANT, BADGE));
  let time = now.getTime();
  const other = await Directory.open(kv, { clock: () => new Date(time) });
  await refused(other.user("ada", badge("1")), 503);
  assert.equal(await other.services.jobs.resume(false), 0);
  time += 61_000;
  assert.equal(await other.services.jobs.resume(false), 1);
  await other.user("ada", badge("1"));
  await other.check();
});

Deno.test("a removal that loses its announcement on the way starts again", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  const directory = await interrupted(kv, "commit", 1, async () => {
    await other.services.registries.keepLeaving(TENANT);
    await other.user("ada", badge("1"));
  });
  await inUse(directory.services.definitions.removeSchema(TENANT, BADGE));
  await other.check();
});

Deno.test("an announcement is not taken back when its step is taken", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await withBadges(kv);
  await other.user("ada", badge("1"));
  const directory = await interrupted(kv, "commit", 2, async () => {
    await other.services.registries.keepLeaving(TENANT);
    const current = await inForce(other);
    const late = createAs(other, current, "User", {
      userName: "bob",
      [BADGE]: { color: "red" },
    });
    await refused(late, 503);
  });
  await putBadges(directory, {
    id: BADGE,
    attributes: [text("number", "", { uniqueness: "server" })],
  });
  await other.check();
});

Deno.test("the first of a hundred large schemas can be removed, and the others keep their order", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { definitions } = directory.services;
  const uri = (i: number) => `urn:example:s${i}`;
  for (let i = 0; i < 100; i++) {
    await definitions.addSchema(TENANT, {
      definition: {
        id: uri(i),
        attributes: [text("a", noise(15_000))],
      },
      required: false,
    });
  }
  await definitions.removeSchema(TENANT, uri(0));
  await definitions.removeSchema(TENANT, uri(50));
  await definitions.addSchema(TENANT, {
    definition: { id: uri(0), attributes: [text("a", "")] },
    required: false,
  });
  const left = (await definitionsOf(directory)).schemas;
  assert.deepEqual(
    left.map(({ definition }) => definition.id),
    [
      ...Array.from({ length: 99 }, (_, i) => uri(i + 1))
        .filter((id) => id !== uri(50)),
      uri(0),
    ],
  );
  await directory.check();
});

Deno.test("a definition that is too large is refused, and all is as before", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const before = await definitionsOf(directory);
  const large = (uniqueness: "none" | "server") => ({
    ...badgeSchema(uniqueness),
    description: noise(100_000),
  });
  await refused(putBadges(directory, large("none")), 413);
  await refused(putBadges(directory, large("server")), 413);
  assert.deepEqual(await definitionsOf(directory), before);
  await directory.check();
});

Deno.test("the uniqueness of two attributes does not change at once", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const { message } = await inUse(putBadges(directory, {
    id: BADGE,
    attributes: [
      text("number", "", { uniqueness: "server" }),
      text("color", "", { uniqueness: "server" }),
    ],
  }));
  assert.match(message, /number and color/);
  await directory.check();
});

Deno.test("group names do not become unique beside as many unique attributes as groups can have", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { definitions } = directory.services;
  await definitions.setUniqueGroupNames(TENANT, false);
  await definitions.addSchema(TENANT, {
    definition: {
      id: BADGE,
      attributes: ["a", "b"].map((name) =>
        text(name, "", { uniqueness: "server" })
      ),
    },
    extends: "Group",
    required: false,
  });
  await refused(definitions.setUniqueGroupNames(TENANT, true), 400);
  await directory.group("Sales");
  await directory.group("Sales");
  await directory.check();
});

Deno.test("group names that are as wished already cost no commit", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.services.definitions.setUniqueGroupNames(TENANT, true);
  assert.equal((await inForce(directory)).versionstamp, null);
  await refused(
    Promise.all([directory.group("a"), directory.group("A")]),
    409,
    "uniqueness",
  );
});

Deno.test("several operators change definitions at once, and each change is there", async () => {
  using kv = await Deno.openKv(":memory:");
  const first = await Directory.open(kv);
  const second = await Directory.open(kv);
  await Promise.all(
    Array.from({ length: 12 }, (_, i) => {
      const { definitions } = (i % 2 === 0 ? first : second).services;
      return definitions.addSchema(TENANT, {
        definition: { id: `urn:example:s${i}`, attributes: [text("a", "")] },
        extends: i % 3 === 0 ? "Group" : "User",
        required: false,
      });
    }),
  );
  for (const directory of [first, second]) {
    const { extensions } = await typeInForce(directory, "User");
    const groups = await typeInForce(directory, "Group");
    // The enterprise extension is one of them.
    assert.equal(extensions.size + groups.extensions.size, 13);
  }
  await first.check();
});

Deno.test("a type that goes and comes back starts empty", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withDevices(kv);
  const { definitions } = directory.services;
  const device = await createAs(
    directory,
    await inForce(directory),
    "Device",
    { serial: "1", model: "d" },
  );
  await directory.delete(await typeInForce(directory, "Device"), device.id);
  await definitions.removeResourceType(TENANT, "Device");
  await definitions.addResourceType(TENANT, DEVICES);
  const type = await typeInForce(directory, "Device");
  assert.equal((await directory.find(type, undefined)).totalResults, 0);
  await createAs(directory, await inForce(directory), "Device", {
    serial: "1",
  });
  await directory.check();
});

Deno.test("members that leave a group whose extension is about to go are not refused", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await Directory.open(kv);
  await other.services.definitions.addSchema(TENANT, {
    definition: badgeSchema(),
    extends: "Group",
    required: false,
  });
  const ids = await other.users(2);
  const { id } = await other.group("Sales", ids);
  const directory = await interrupted(kv, "commit", 1, async () => {
    await other.remove(id, ...ids);
    await other.update(GROUP, id, { set: { displayName: "Legal" } });
  });
  await directory.services.definitions.removeSchema(TENANT, BADGE);
  await other.check();
});
