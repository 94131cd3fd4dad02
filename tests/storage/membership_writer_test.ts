import assert from "node:assert/strict";
import {
  Directory,
  GROUP,
  idsIn,
  refused,
  sorted,
  UNCONDITIONAL,
  USER,
} from "./fixture.ts";
import { Counter, observedKv } from "./fake_kv.ts";
import { edgesPerCommit } from "../../storage/memberships.ts";

/** Reads a group again and again; the sets that it had. */
async function watching(
  directory: Directory,
  id: string,
  work: Promise<unknown>,
): Promise<{ name: string; members: string[] }[]> {
  const seen: { name: string; members: string[] }[] = [];
  let done = false;
  const end = work.finally(() => done = true);
  while (!done) {
    const shown = await directory.show(GROUP, id);
    if (shown === undefined) break;
    const name = String(shown["displayName"]);
    seen.push({ name, members: idsIn(shown["members"]) });
  }
  await end;
  return seen;
}

Deno.test("a group can be created with any number of members", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(2_000);
  for (const count of [5, 6, 199, 200, 201, 400, 401, 2_000]) {
    const some = ids.slice(0, count);
    const { id } = await directory.group(`of ${count}`, some);
    assert.deepEqual(await directory.membersOf(id), sorted(some));
  }
  await directory.check();
});

Deno.test("large sets fit commits in a tenant with the longest name", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { resources, tenants, jobs } = directory.services;
  const writer = { tenant: "t".repeat(63), actor: "token-1" };
  await tenants.ensure(writer.tenant, new Date());
  const ids = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const attributes = { userName: `user${i}` };
      const draft = { attributes, members: [], ignored: [] };
      return (await resources.create(writer, USER, draft)).id;
    }),
  );
  const attributes = {
    displayName: "\u{1f600}".repeat(300),
    externalId: "\u{1f600}".repeat(300),
  };
  const draft = { attributes, members: ids, ignored: [] };
  const { id } = await resources.create(writer, GROUP, draft);
  assert.ok(await resources.delete(writer, GROUP, id, UNCONDITIONAL));
  await jobs.idle();
});

Deno.test("a large set for a name that is taken leaves nothing behind", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(450);
  await directory.group("Sales");
  await refused(directory.group("sales", ids), 409, "uniqueness");
  await directory.check();
});

Deno.test("replacing 2,000 members by others shows one set or the other, never a mixture", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(3_000);
  const before = sorted(ids.slice(0, 2_000));
  const after = sorted(ids.slice(1_000));
  const { id } = await directory.group("before", before);
  const work = directory.replaceAll(id, after, { displayName: "after" })
    .then(() => directory.services.jobs.idle());
  const seen = await watching(directory, id, work);
  assert.ok(seen.length > 1);
  for (const { name, members } of seen) {
    assert.deepEqual(members, name === "before" ? before : after);
  }
  assert.deepEqual(await directory.membersOf(id), after);
  await directory.check();
});

Deno.test("replacing a few of 1,200 members is never seen by half", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = sorted(await directory.users(1_300));
  const sets = [ids.slice(0, 1_200), ids.slice(100)].map(String);
  const { id } = await directory.group("Sales", ids.slice(0, 1_200));
  const work = (async () => {
    for (const start of [100, 0, 100, 0]) {
      await directory.replaceAll(id, ids.slice(start, start + 1_200));
    }
  })();
  const seen = await watching(directory, id, work);
  for (const { members } of seen) assert.ok(sets.includes(String(members)));
  await directory.check();
});

Deno.test("of two sets that replace each other one wins as a whole", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(8);
  const { id } = await directory.group("Sales");
  for (let round = 0; round < 20; round++) {
    const sets = [0, 2, 4, 6].map((i) => sorted(ids.slice(i, i + 2)));
    await Promise.all(sets.map((set) => directory.replaceAll(id, set)));
    const members = String(await directory.membersOf(id));
    assert.ok(sets.map(String).includes(members), members);
  }
  await directory.check();
});

Deno.test("1,500 members can be added and removed by one update", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(1_510);
  const { id } = await directory.group("Sales", ids.slice(0, 20));
  await directory.add(id, ...ids.slice(10));
  assert.deepEqual(await directory.membersOf(id), sorted(ids));
  await directory.check();
  await directory.remove(id, ...ids.slice(5));
  assert.deepEqual(await directory.membersOf(id), sorted(ids.slice(0, 5)));
  await directory.check();
});

Deno.test("a large update that fails leaves no part of its plan", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(300);
  await directory.group("Legal");
  const { id } = await directory.group("Sales");
  const update = directory.update(GROUP, id, {
    set: { displayName: "legal" },
    members: [{ kind: "add", ids }],
  });
  await refused(update, 409, "uniqueness");
  assert.deepEqual(await directory.membersOf(id), []);
  await directory.check();
});

Deno.test("2,000 members can be replaced by none", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(2_000);
  const { id } = await directory.group("Sales", ids);
  await directory.replaceAll(id, []);
  assert.deepEqual(await directory.membersOf(id), []);
  await directory.check();
});

Deno.test("deleting a group of 3,000 answers before its members are swept", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids = await directory.users(3_000);
  const { id } = await directory.group("Sales", ids);
  const edges = () =>
    Array.fromAsync(kv.list({ prefix: ["t", "default", "m", id] }));
  assert.equal((await edges()).length, 3_000);
  assert.ok(await directory.delete(GROUP, id));
  assert.ok((await edges()).length > 0);
  assert.equal(await directory.get(GROUP, id), undefined);
  assert.deepEqual(await directory.groupsOf(ids[0] ?? ""), []);
  await directory.check();
  assert.equal((await edges()).length, 0);
});

Deno.test("a user in 400 groups can be deleted", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const [gone = "", other = ""] = await directory.users(2);
  const groups = await Promise.all(
    Array.from(
      { length: 400 },
      (_, i) => directory.group(`g${i}`, [gone, other]),
    ),
  );
  const { views } = directory.services;
  const before = groups.map((group) => views.version(group));
  await directory.delete(USER, gone);
  for (const [i, { id }] of groups.entries()) {
    assert.deepEqual(await directory.membersOf(id), [other]);
    const record = await directory.get(GROUP, id);
    assert.notEqual(record && views.version(record), before[i]);
  }
  await directory.check();
});

Deno.test("whoever reads members while they are replaced gets the new group", async () => {
  using kv = await Deno.openKv(":memory:");
  const writer = await Directory.open(kv);
  const ids = sorted(await writer.users(600));
  const { id } = await writer.group("before", ids.slice(0, 550));
  let isReplaced = true;
  const reader = await Directory.open(observedKv(kv, {
    before: async (call) => {
      if (call !== "list" || isReplaced) return;
      isReplaced = true;
      await writer.replaceAll(id, ids.slice(50), { displayName: "after" });
      await writer.services.jobs.idle();
    },
  }));
  isReplaced = false;
  const shown = await reader.show(GROUP, id);
  assert.equal(shown?.["displayName"], "after");
  assert.deepEqual(idsIn(shown?.["members"]), ids.slice(50));
  const now = await writer.get(GROUP, id);
  const version = now && writer.services.views.version(now);
  assert.equal(Object(shown?.["meta"]).version, version);
});

const later = () => new Date(Date.now() + 3_600_000);

Deno.test("a set that was taken for abandoned is written again", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await Directory.open(kv);
  const ids = sorted(await other.users(450));
  const { id } = await other.group("Sales");
  let commits = -Infinity;
  // The maker is so slow that another start finishes its job in the meantime.
  const slow = await Directory.open(observedKv(kv, {
    before: async (call) => {
      if (call !== "commit" || ++commits !== 4) return;
      await Directory.open(kv, { clock: later });
    },
  }));
  commits = 0;
  await slow.replaceAll(id, ids);
  assert.ok(commits > 5);
  assert.deepEqual(await other.membersOf(id), ids);
  await slow.check();
});

Deno.test("a set cannot come into force while it is swept away", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await Directory.open(kv);
  const ids = sorted(await other.users(450));
  const { id } = await other.group("Sales");
  const swept = Promise.withResolvers<void>();
  const decided = Promise.withResolvers<void>();
  let sweeps = 0;
  const sweeping = observedKv(kv, {
    before: async (call) => {
      if (call !== "commit" || ++sweeps !== 3) return;
      swept.resolve();
      await decided.promise;
    },
  });
  let commits = -Infinity;
  let sweeper: Promise<unknown> | undefined;
  const slow = await Directory.open(observedKv(kv, {
    before: async (call) => {
      if (call !== "commit" || ++commits !== 5) return;
      sweeper = Directory.open(sweeping, { clock: later })
        .then(({ services }) => services.jobs.idle());
      await swept.promise;
    },
    after: (call) => {
      if (call === "commit" && commits >= 5) decided.resolve();
    },
  }));
  commits = 0;
  await slow.replaceAll(id, ids);
  await sweeper;
  assert.ok(sweeps > 3);
  assert.deepEqual(await other.membersOf(id), ids);
  await slow.check();
});

Deno.test("a member that is deleted between the steps of a large addition is taken out", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await Directory.open(kv);
  const ids = sorted(await other.users(800));
  for (const [round, gone] of ids.slice(0, 5).entries()) {
    const { id } = await other.group(`Sales ${round}`);
    let commits = -Infinity;
    const adding = await Directory.open(observedKv(kv, {
      before: async (call) => {
        if (call !== "commit" || ++commits !== round + 1) return;
        await other.delete(USER, gone);
      },
    }));
    commits = 0;
    await adding.add(id, ...ids.slice(round));
    await adding.services.jobs.idle();
    assert.deepEqual(await other.membersOf(id), ids.slice(round + 1));
    await other.check(`deleted before commit ${round + 1}`);
  }
});

Deno.test("a group that is deleted before its member leaves no counters", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = await Directory.open(kv);
  for (const count of [1, 160]) {
    const { id } = await other.user(`user of ${count}`);
    const groups = await Promise.all(
      Array.from({ length: count }, (_, i) => other.group(`g${i}`, [id])),
    );
    let commits = -Infinity;
    const deleting = await Directory.open(observedKv(kv, {
      before: async (call) => {
        // Of many groups a step behind the first commit takes the member out.
        if (call !== "commit" || ++commits !== (count === 1 ? 1 : 2)) return;
        for (const group of groups) await other.delete(GROUP, group.id);
        await other.services.jobs.idle();
      },
    }));
    commits = 0;
    await deleting.delete(USER, id);
    await deleting.check(`of ${count}`);
  }
});

Deno.test("a change of one member costs the same in a group of 10 and of 3,000", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids = await directory.users(3_001);
  const [one = "", ...others] = ids;
  const groups = [
    await directory.group("small", others.slice(0, 10)),
    await directory.group("large", others),
  ];
  await directory.services.jobs.idle();
  for (const move of ["add", "remove"] as const) {
    const [small, large] = await Array.fromAsync(
      groups,
      ({ id }) => counter.costOf(() => directory[move](id, one)),
    );
    assert.deepEqual(large, small, move);
  }
});

Deno.test("of 64 changes of one large group at once none is refused and none is lost", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(1_064);
  const { id } = await directory.group("Sales", ids.slice(0, 1_032));
  await Promise.all(
    Array.from(
      { length: 64 },
      (_, i) =>
        i % 2 === 0
          ? directory.remove(id, ids[i / 2] ?? "")
          : directory.add(id, ids[1_032 + (i - 1) / 2] ?? ""),
    ),
  );
  assert.deepEqual(await directory.membersOf(id), sorted(ids.slice(32)));
  await directory.check();
});

Deno.test("as many members as one commit takes are changed without the others", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { resources, tenants, jobs, views } = directory.services;
  for (const tenant of ["default", "t".repeat(63)]) {
    await tenants.ensure(tenant, new Date());
    const writer = { tenant, actor: "token-1" };
    const most = edgesPerCommit(tenant);
    assert.ok(most > 240, `${most}`);
    const create = async (members: readonly string[], name: string) =>
      await resources.create(writer, members.length > 0 ? GROUP : USER, {
        attributes: members.length > 0
          ? { displayName: name }
          : { userName: name },
        members,
        ignored: [],
      });
    const ids = await Array.fromAsync(
      Array.from({ length: most + 501 }, (_, i) => i),
      async (i) => (await create([], `user${i}`)).id,
    );
    const group = await create(ids.slice(0, 501), "Sales");
    const patch = (kind: "add" | "remove", some: readonly string[]) =>
      resources.update(writer, GROUP, group.id, {
        operation: "patch",
        ...UNCONDITIONAL,
        edit: ({ attributes }) => ({
          attributes,
          membership: [{ kind, ids: some }],
          ignored: [],
        }),
      });
    for (const kind of ["add", "remove"] as const) {
      const written = await patch(kind, ids.slice(501));
      // The set is not written anew, and neither is the record.
      assert.equal(written?.record.generation, group.generation);
      assert.equal(written?.record.versionstamp, group.versionstamp);
    }
    await patch("remove", ids.slice(250, 501));
    await jobs.idle();
    const now = await resources.get(tenant, GROUP, group.id);
    assert.ok(now !== undefined);
    const [shown] = await views.represent({
      tenant,
      type: GROUP,
      records: [now],
      base: "",
      wants: () => true,
    });
    assert.deepEqual(idsIn(shown?.["members"]), sorted(ids.slice(0, 250)));
  }
});

Deno.test("a change of 300 members is never seen by half", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = sorted(await directory.users(450));
  const { id } = await directory.group("Sales", ids.slice(0, 150));
  const sets = [ids, ids.slice(0, 150)].map(String);
  const work = (async () => {
    for (let round = 0; round < 8; round++) {
      if (round % 2 === 0) await directory.add(id, ...ids.slice(150));
      else await directory.remove(id, ...ids.slice(150));
    }
  })();
  const seen = await watching(directory, id, work);
  assert.ok(seen.length > 1);
  for (const { members } of seen) {
    assert.ok(sets.includes(String(members)), `${members.length} members`);
  }
  await directory.check();
});

Deno.test("the end of all memberships costs no look at each of them", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids = await directory.users(3_000);
  const { id } = await directory.group("Sales", ids);
  await directory.services.jobs.idle();
  const { records } = await directory.find(GROUP, undefined);
  assert.equal(records.length, 1);
  let answered = Promise.resolve<string[]>([]);
  const cost = await counter.costOf(async () => {
    await directory.replaceAll(id, []);
    answered = directory.membersOf(id);
  });
  assert.ok(cost.reads + cost.commits <= 12, JSON.stringify(cost));
  assert.deepEqual(await answered, []);
  await directory.check();
  const last = (await directory.log()).at(-1);
  assert.equal(last?.members?.removed.length, 500);
});

Deno.test("an end of all memberships still refuses members that do not exist", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(3);
  const { id } = await directory.group("Sales", ids);
  const update = directory.update(GROUP, id, {
    members: [{ kind: "add", ids: ["nobody"] }, {
      kind: "replaceAll",
      ids: [],
    }],
  });
  await refused(update, 400, "invalidValue", "nobody");
  assert.deepEqual(await directory.membersOf(id), sorted(ids));
});

Deno.test("a replacement looks up new members only", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const ids = await directory.users(2_001);
  const { id } = await directory.group("Sales", ids.slice(0, 2_000));
  await directory.services.jobs.idle();
  const cost = await counter.costOf(() =>
    directory.replaceAll(id, ids.slice(1))
  );
  assert.ok(cost.reads <= 10, JSON.stringify(cost));
  assert.deepEqual(await directory.membersOf(id), sorted(ids.slice(1)));
  await directory.check();
});
