/**
 * Many writers at once: in one process, and in two that share a store.
 * @module
 */

import assert from "node:assert/strict";
import { ScimError } from "../../domain/errors.ts";
import {
  Directory,
  GROUP,
  newSeed,
  random,
  sorted,
  turns,
  USER,
} from "./fixture.ts";
import { Counter, observedKv } from "./fake_kv.ts";

/** The statuses of what was refused; fails on anything that is not a ScimError. */
function statuses(results: readonly PromiseSettledResult<unknown>[]): number[] {
  return results.filter((result) => result.status === "rejected")
    .map(({ reason }) => {
      assert.ok(reason instanceof ScimError, String(reason));
      return reason.status;
    });
}

Deno.test("64 parallel additions of different members are all there", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(64);
  const { id } = await directory.group("Sales");
  await Promise.all(ids.map((member) => directory.add(id, member)));
  assert.deepEqual(await directory.membersOf(id), sorted(ids));
  const record = await directory.get(GROUP, id);
  assert.equal(record?.membershipVersion, 64n);
  await directory.check();
});

Deno.test("64 parallel additions and removals meet the renaming of the group", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = sorted(await directory.users(64));
  const { id } = await directory.group("Sales", ids.slice(0, 32));
  await Promise.all([
    ...ids.slice(0, 32).map((member) => directory.remove(id, member)),
    ...ids.slice(32).map((member) => directory.add(id, member)),
    ...[1, 2, 3].map((n) =>
      directory.update(GROUP, id, { set: { displayName: `Sales ${n}` } })
    ),
  ]);
  assert.deepEqual(await directory.membersOf(id), ids.slice(32));
  await directory.check();
});

Deno.test("of 64 parallel creations of one userName exactly one wins", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const results = await Promise.allSettled(
    Array.from(
      { length: 64 },
      (_, i) => directory.user(i % 2 === 0 ? "ada" : "ADA"),
    ),
  );
  assert.deepEqual(statuses(results), Array(63).fill(409));
  await directory.check();
});

Deno.test("of 64 parallel renamings to one name exactly one wins", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(64);
  const results = await Promise.allSettled(
    ids.map((id) => directory.update(USER, id, { set: { userName: "ada" } })),
  );
  assert.deepEqual(statuses(results), Array(63).fill(409));
  await directory.check();
});

Deno.test("parallel updates of one user on different attributes are all kept", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const { id } = await directory.user("ada");
  const names = Array.from({ length: 64 }, (_, i) => `attribute${i}`);
  await Promise.all(
    names.map((name) => directory.update(USER, id, { set: { [name]: name } })),
  );
  const record = await directory.get(USER, id);
  assert.deepEqual(record?.attributes, {
    userName: "ada",
    ...Object.fromEntries(names.map((name) => [name, name])),
  });
  await directory.check();
});

Deno.test("parallel updates of one resource take turns instead of conflicting", async () => {
  using kv = await Deno.openKv(":memory:");
  const counter = new Counter();
  const directory = await Directory.open(observedKv(kv, counter));
  const user = await directory.user("ada");
  const group = await directory.group("Sales");
  for (const [type, { id }] of [[USER, user], [GROUP, group]] as const) {
    const { commits } = await counter.costOf(() =>
      Promise.all(
        Array.from({ length: 64 }, (_, i) =>
          directory.update(type, id, { set: { externalId: `x${i}` } })),
      )
    );
    assert.equal(commits, 64);
  }
});

Deno.test("parallel additions of overlapping lists are all there", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(40);
  const { id } = await directory.group("Sales");
  await Promise.all(
    Array.from(
      { length: 31 },
      (_, i) => directory.add(id, ...ids.slice(i, i + 10)),
    ),
  );
  assert.deepEqual(await directory.membersOf(id), sorted(ids));
  await directory.check();
});

/** Rounds in which members are added while they, or the group, are deleted. */
async function race(
  first: Directory,
  second: Directory,
  rounds: number,
): Promise<void> {
  const seed = newSeed();
  const next = random(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  for (let round = 0; round < rounds; round++) {
    const where = `seed ${seed}, round ${round}`;
    const either = () => next() < 0.5 ? first : second;
    const size = [1, 3, 8, 30][below(4)] ?? 1;
    const ids = await first.users(size, `r${round}-`);
    const groups = await Promise.all(
      [0, 1].map((n) => first.group(`g${round}-${n}`, ids.slice(0, below(3)))),
    );
    const [a = "", b = ""] = groups.map((group) => group.id);
    const moves = [
      () => either().add(a, ...ids),
      () => either().add(b, ...ids, a),
      () => either().replaceAll(a, ids),
      () => either().remove(a, ids[0] ?? ""),
      () => either().delete(USER, ids[0] ?? ""),
      () => either().delete(USER, ids[below(size)] ?? ""),
      () => either().delete(GROUP, a),
    ].filter(() => next() < 0.7);
    const results = await Promise.allSettled(moves.map(async (move) => {
      await turns(below(3));
      return await move();
    }));
    // A member that is gone is 400.
    const other = statuses(results).filter((status) => status !== 400);
    assert.deepEqual(other, [], where);
    if (round % 5 === 4 || round === rounds - 1) {
      await first.services.jobs.idle();
      await second.check(where);
    }
  }
}

Deno.test("members that are added while they are deleted leave no edge", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await race(directory, directory, 120);
});

Deno.test("two processes leave no edge either", async () => {
  using kv = await Deno.openKv(":memory:");
  await race(await Directory.open(kv), await Directory.open(kv), 120);
});

Deno.test("large sets leave no edge of members that are deleted meanwhile", async () => {
  using kv = await Deno.openKv(":memory:");
  const seed = newSeed();
  const next = random(seed);
  const first = await Directory.open(kv);
  const second = await Directory.open(kv);
  for (let round = 0; round < 6; round++) {
    const ids = await first.users(260, `r${round}-`);
    const { id } = await first.group(`g${round}`);
    const write = [
      () => first.add(id, ...ids),
      () => first.replaceAll(id, ids),
      () => first.group(`other${round}`, ids),
    ][round % 3];
    const results = await Promise.allSettled([
      write?.(),
      ...ids.filter(() => next() < 0.1).map(async (member) => {
        await turns(Math.floor(next() * 30));
        await second.delete(USER, member);
      }),
    ]);
    const other = statuses(results).filter((status) => status !== 400);
    assert.deepEqual(other, [], `seed ${seed}`);
    await first.services.jobs.idle();
    await second.check(`seed ${seed}, round ${round}`);
  }
});

Deno.test("a group that is deleted while thousands are added leaves nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  const ids = await directory.users(600);
  for (const pause of [0, 1, 3, 6, 10, 20]) {
    const { id } = await directory.group("Sales", ids.slice(0, 10));
    const results = await Promise.allSettled([
      directory.add(id, ...ids),
      directory.replaceAll(id, ids.slice(0, 300)),
      turns(pause).then(() => directory.delete(GROUP, id)),
    ]);
    assert.deepEqual(statuses(results), [], `pause ${pause}`);
    await directory.check(`pause ${pause}`);
  }
});

Deno.test("a user is deleted while its groups are", async () => {
  using kv = await Deno.openKv(":memory:");
  const first = await Directory.open(kv);
  const second = await Directory.open(kv);
  for (let round = 0; round < 8; round++) {
    const user = await first.user(`user${round}`);
    const groups = await Promise.all(
      Array.from(
        { length: 30 },
        (_, i) => first.group(`g${round}-${i}`, [user.id]),
      ),
    );
    await Promise.all([
      ...groups.map(async ({ id }) => {
        await turns(round % 4);
        await second.delete(GROUP, id);
      }),
      first.delete(USER, user.id),
    ]);
    await first.services.jobs.idle();
    await second.check(`round ${round}`);
  }
});

Deno.test("uniqueness holds between two processes", async () => {
  using kv = await Deno.openKv(":memory:");
  const processes = [await Directory.open(kv), await Directory.open(kv)];
  for (let round = 0; round < 20; round++) {
    const results = await Promise.allSettled(
      processes.flatMap((directory) => [
        directory.user(`user${round}`),
        directory.user(`USER${round}`),
        directory.group(`group${round}`),
      ]),
    );
    assert.deepEqual(statuses(results), Array(4).fill(409));
  }
  await processes[0]?.check();
});

Deno.test("updates of one user by two processes are all kept", async () => {
  using kv = await Deno.openKv(":memory:");
  const processes = [await Directory.open(kv), await Directory.open(kv)];
  const user = await processes[0]?.user("ada");
  await Promise.all(
    processes.flatMap((directory, process) =>
      Array.from(
        { length: 16 },
        (_, i) =>
          directory.update(USER, user?.id ?? "", {
            set: { [`attribute${process}x${i}`]: i },
          }),
      )
    ),
  );
  const record = await processes[0]?.get(USER, user?.id ?? "");
  assert.equal(Object.keys(record?.attributes ?? {}).length, 33);
  await processes[0]?.check();
});
