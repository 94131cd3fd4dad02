/**
 * A tenant is deleted with all that belongs to it, whatever dies or writes
 * meanwhile, and the others stay as they are.
 */

import assert from "node:assert/strict";
import type { MembershipStep } from "../../domain/patch/membership.ts";
import { checkStore } from "../../storage/check/check.ts";
import { decode } from "../../storage/codec.ts";
import {
  jobKey,
  membershipVersionKey,
  settingsKey,
  tenantKey,
} from "../../storage/keys.ts";
import type { TenantRegistry } from "../../storage/registries.ts";
import type { Written } from "../../storage/resources.ts";
import { Store } from "../../storage/store.ts";
import { deletionJob } from "../../storage/tenants.ts";
import type { IssuedToken } from "../../storage/tokens.ts";
import { exported } from "./backup.ts";
import {
  Directory,
  GROUP,
  refused,
  TENANT,
  UNCONDITIONAL,
  USER,
} from "./fixture.ts";
import { Mortal, observedKv } from "./fake_kv.ts";
import { findDisagreements } from "./invariants.ts";

const ACME = "acme";
const NOW = new Date("2026-01-01T00:00:00Z");

/** The tenant that is deleted here, as one process sees it. */
class Acme {
  readonly directory: Directory;

  constructor(directory: Directory) {
    this.directory = directory;
  }

  static async open(
    kv: Deno.Kv,
    options: Parameters<typeof Directory.open>[1] = {},
  ): Promise<Acme> {
    return new Acme(await Directory.open(kv, options));
  }

  get services(): Directory["services"] {
    return this.directory.services;
  }

  /**
   * What is in force; a request reads it at its beginning, and is refused when
   * the tenant is gone, since its token is.
   */
  async current(): Promise<TenantRegistry> {
    const current = await this.services.registries.current(ACME);
    assert.notEqual(current.versionstamp, null, "The tenant is gone");
    return current;
  }

  async token(): Promise<IssuedToken> {
    return await this.services.tokens.issue({
      name: "test",
      tenant: ACME,
      scopes: ["scim"],
      profile: "compatible",
      expiresAt: null,
    });
  }

  async create(
    name: string,
    members?: readonly string[],
    current?: TenantRegistry,
  ): Promise<string> {
    const writer = {
      tenant: ACME,
      actor: "token-2",
      current: current ?? await this.current(),
    };
    const isGroup = members !== undefined;
    const { id } = await this.services.resources.create(
      writer,
      isGroup ? GROUP : USER,
      {
        attributes: { [isGroup ? "displayName" : "userName"]: name },
        members: members ?? [],
        ignored: [],
      },
    );
    return id;
  }

  async users(count: number): Promise<string[]> {
    return await Promise.all(
      Array.from({ length: count }, (_, i) => this.create(`user${i}`)),
    );
  }

  async change(
    group: string,
    membership: readonly MembershipStep[],
    ignored: readonly string[] = [],
  ): Promise<Written | undefined> {
    return await this.services.resources.update(
      { tenant: ACME, actor: "token-2", current: await this.current() },
      GROUP,
      group,
      {
        operation: "patch",
        ...UNCONDITIONAL,
        edit: ({ attributes }) => ({ attributes, membership, ignored }),
      },
    );
  }

  /** Makes some of everything; the ids of users and of a group with them. */
  async fill(count: number): Promise<{ users: string[]; group: string }> {
    const { tenants, definitions } = this.services;
    await tenants.ensure(ACME, NOW);
    await this.token();
    await this.token();
    await definitions.setRequestsPerSecond(ACME, 50);
    const users = await this.users(count);
    const group = await this.create("Sales", users);
    await this.create("All", [group]);
    return { users, group };
  }

  /** Begins to delete the tenant. */
  async begin(): Promise<void> {
    const begun = await this.services.tenants.beginDeletion(ACME, new Date());
    assert.ok(begun?.isNew === true);
  }

  /** Deletes the tenant to its end. */
  async delete(): Promise<void> {
    const { tenants, jobs } = this.services;
    const begun = await tenants.beginDeletion(ACME, new Date());
    assert.ok(begun !== undefined);
    jobs.runLater(begun.job);
    await jobs.idle();
  }
}

/** Every entry that belongs to the tenant, as text. */
async function traces(kv: Deno.Kv): Promise<string[]> {
  const found: string[] = [];
  const tokens = new Set<string>();
  for await (const { key, value } of kv.list({ prefix: [] })) {
    if (key[0] === "tokid") tokens.add(String(key[1]));
    const isOwned = ["t", "tenant"].includes(String(key[0]))
      ? key[1] === ACME
      : value instanceof Uint8Array &&
        JSON.stringify(decode(value)).includes(`"tenant":"${ACME}"`);
    const isLost = key[0] === "tokuse" && !tokens.has(String(key[1]));
    if (isOwned || isLost) found.push(Deno.inspect(key));
  }
  return found;
}

/** What belongs to no tenant or to the default one, with versionstamps. */
async function others(kv: Deno.Kv): Promise<string[]> {
  const lines: string[] = [];
  for await (const { key, versionstamp } of kv.list({ prefix: [] })) {
    if (key[0] === "t" && key[1] === TENANT || key[1] === TENANT) {
      lines.push(`${Deno.inspect(key)} ${versionstamp}`);
    }
  }
  return lines;
}

Deno.test("a tenant is deleted with all that belongs to it, and no other is touched", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.directory.group("Sales", await acme.directory.users(5));
  const before = await others(kv);
  await acme.fill(300);
  assert.ok((await traces(kv)).length > 1_500);
  await acme.delete();
  assert.deepEqual(await traces(kv), []);
  assert.deepEqual(await others(kv), before);
  assert.equal(await acme.services.tenants.get(ACME), undefined);
  await acme.directory.check();
});

Deno.test("a deletion that a crash cuts off at any commit is finished by the next start", async () => {
  using kv = await Deno.openKv(":memory:");
  let deaths = 0;
  for (const carriedOut of [false, true]) {
    for (let commit = 0;; commit++) {
      const where = `dies ${carriedOut ? "behind" : "before"} commit ${commit}`;
      await (await Acme.open(kv)).fill(120);
      const mortal = new Mortal({ commit, carriedOut });
      const dying = await Acme.open(observedKv(kv, mortal));
      await dying.delete().catch(() => {});
      await dying.services.jobs.idle();
      const next = await Acme.open(kv, { exclusive: true });
      await next.services.jobs.idle();
      if (await next.services.tenants.get(ACME) !== undefined) {
        // Nothing had begun.
        assert.equal(commit, 0, where);
        assert.deepEqual(await findDisagreements(kv, ACME), [], where);
        await next.delete();
      }
      assert.deepEqual(await traces(kv), [], where);
      await next.directory.check(where);
      if (!mortal.dead) break;
      deaths++;
    }
  }
  assert.ok(deaths >= 10, `${deaths} deaths`);
});

Deno.test("a deletion finishes what a crash had left to other jobs of the tenant", async () => {
  using kv = await Deno.openKv(":memory:");
  let deaths = 0;
  for (;; deaths++) {
    const { users } = await (await Acme.open(kv)).fill(260);
    const mortal = new Mortal({ commit: deaths, carriedOut: true });
    const dying = await Acme.open(observedKv(kv, mortal));
    await dying.create("Large", users).catch(() => {});
    await dying.services.jobs.idle();
    const next = await Acme.open(kv);
    await next.delete();
    assert.deepEqual(await traces(kv), [], `dies behind commit ${deaths}`);
    if (!mortal.dead) break;
  }
  assert.ok(deaths >= 3, `${deaths} deaths`);
});

Deno.test("eight writers of a tenant that is deleted leave nothing behind", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const wait of [0, 5, 30]) {
    const processes = [await Acme.open(kv), await Acme.open(kv)];
    const [first, second] = processes;
    assert.ok(first !== undefined && second !== undefined);
    const { users, group } = await first.fill(230);
    let failed = 0;
    const writer = async (acme: Acme, index: number): Promise<void> => {
      // A client's requests are refused when it is gone; what is under way is not.
      for (let i = 0; await acme.services.tenants.get(ACME); i++) {
        const name = `new ${index} ${i}`;
        const user = users[(index * 31 + i) % users.length] ?? "";
        const steps: (() => Promise<unknown>)[] = [
          () => acme.create(name),
          () => acme.change(group, [{ kind: "remove", ids: [user] }]),
          () => acme.change(group, [{ kind: "add", ids: [user] }]),
          () => acme.create(name, users.slice(0, 7)),
          () => acme.create(name, users),
          () => acme.change(group, [{ kind: "replaceAll", ids: users }]),
          () => acme.change(group, [], [`ignored ${name}`]),
          () =>
            acme.services.resources.delete(
              { tenant: ACME, actor: "token-2" },
              USER,
              user,
              UNCONDITIONAL,
            ),
        ];
        await steps[(index + i) % steps.length]?.().catch(() => failed++);
      }
    };
    const writers = Array.from(
      { length: 8 },
      (_, index) => writer(index % 2 === 0 ? first : second, index),
    );
    await new Promise((resolve) => setTimeout(resolve, wait));
    await first.delete();
    await Promise.all(writers);
    for (const { services } of processes) await services.jobs.idle();
    assert.deepEqual(await traces(kv), [], `after ${wait} ms`);
    assert.ok(failed > 0);
    await first.directory.check();
  }
});

Deno.test("a write that was under way does not fit a tenant that has got the name since", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  for (const isMadeAnew of [false, true]) {
    await acme.services.tenants.ensure(ACME, NOW);
    const current = await acme.current();
    await acme.delete();
    if (isMadeAnew) await acme.services.tenants.ensure(ACME, NOW);
    await refused(acme.create("ada", undefined, current), 503);
    assert.equal((await traces(kv)).length, isMadeAnew ? 2 : 0);
  }
});

/** Does something to the store before one of the next commits of a process. */
function beforeCommit(
  kv: Deno.Kv,
  index: number,
  act: () => Promise<void>,
  diesBehind: boolean,
): Deno.Kv {
  const mortal = new Mortal({
    commit: diesBehind ? index : Infinity,
    carriedOut: true,
  });
  let commits = 0;
  return observedKv(kv, {
    before: async (call) => {
      mortal.before(call);
      if (call === "commit" && commits++ === index) await act();
    },
    after: (call) => mortal.after(call),
  });
}

Deno.test("a note on a request does not come into a tenant that is gone", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  const { group } = await acme.fill(1);
  const late = await Acme.open(
    beforeCommit(kv, 0, () => acme.delete(), false),
  );
  await late.change(group, [], ["colour"]);
  assert.deepEqual(await traces(kv), []);
});

Deno.test("a large set of members is not planned for a tenant that is gone", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  const { users } = await acme.fill(260);
  const late = await Acme.open(beforeCommit(kv, 0, () => acme.delete(), true));
  await assert.rejects(late.create("Large", users));
  await late.services.jobs.idle();
  assert.deepEqual(await traces(kv), []);
});

/** A user who is in more groups than one commit takes, and is deleted. */
async function userOfMany(acme: Acme): Promise<{ id: string; group: string }> {
  const { users } = await acme.fill(1);
  const [id = ""] = users;
  const groups = await Promise.all(
    Array.from({ length: 160 }, (_, i) => acme.create(`g${i}`, [id])),
  );
  return { id, group: groups[0] ?? "" };
}

function deleteUser({ services }: Acme, id: string): Promise<boolean> {
  const writer = { tenant: ACME, actor: "token-2" };
  return services.resources.delete(writer, USER, id, UNCONDITIONAL);
}

Deno.test("the end of a user's memberships leaves nothing in a tenant that is gone", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  const { id } = await userOfMany(acme);
  // The first commit deletes the user, the second one memberships.
  const late = await Acme.open(beforeCommit(kv, 1, () => acme.delete(), true));
  assert.ok(await deleteUser(late, id));
  assert.deepEqual(await traces(kv), []);
});

Deno.test("groups of a tenant that is being deleted get no new versions", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  const { id, group } = await userOfMany(acme);
  const version = await kv.get(membershipVersionKey(ACME, group));
  const late = await Acme.open(beforeCommit(kv, 1, () => acme.begin(), false));
  assert.ok(await deleteUser(late, id));
  assert.deepEqual(
    await kv.get(membershipVersionKey(ACME, group)),
    version,
  );
});

Deno.test("nothing begins in a tenant that is being deleted", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.fill(3);
  await acme.begin();
  const { tenants, definitions } = acme.services;
  await refused(acme.create("new"), 409, undefined, "is being deleted");
  await refused(acme.token(), 409, undefined, "is being deleted");
  await refused(tenants.ensure(ACME, NOW), 409, undefined, "is being deleted");
  await refused(
    definitions.setUniqueGroupNames(ACME, false),
    409,
    undefined,
    "is being deleted",
  );
  const again = await tenants.beginDeletion(ACME, new Date());
  assert.equal(again?.isNew, false);
});

Deno.test("beginDeletion() knows no tenant that is not there, and keeps the default one", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services: { tenants } } = await Directory.open(kv);
  assert.equal(await tenants.beginDeletion(ACME, NOW), undefined);
  await assert.rejects(tenants.beginDeletion(TENANT, NOW), RangeError);
});

Deno.test("a tenant that was deleted can be made anew, and is empty", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.fill(3);
  await acme.services.definitions.setUniqueGroupNames(ACME, false);
  await acme.delete();
  await acme.token();
  const { settings, going } = await acme.current();
  assert.deepEqual({ settings, going }, {
    settings: { uniqueGroupNames: true },
    going: false,
  });
  await acme.create("user0");
  assert.deepEqual(await findDisagreements(kv, ACME), []);
});

Deno.test("a deletion that comes late leaves a tenant of the same name alone", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.fill(3);
  const before = await traces(kv);
  assert.ok(await acme.services.jobs.run(deletionJob(ACME, 0, NOW)));
  assert.deepEqual(await traces(kv), before);
});

Deno.test("a tenant without a record of settings gets one at the start", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.fill(1);
  await kv.delete(settingsKey(ACME));
  const next = await Acme.open(kv);
  await next.create("bob");
});

Deno.test("the store check leaves a tenant that is being deleted to its job", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  const { users } = await acme.fill(3);
  await acme.begin();
  await kv.delete(["t", ACME, "r", "User", users[0] ?? ""]);
  const options = { pause: 1, mend: true };
  const report = await checkStore(new Store(kv), options);
  assert.deepEqual(report.disagreements, []);
  assert.equal(report.pending, 1);
  assert.deepEqual(await findDisagreements(kv, TENANT), []);
  assert.deepEqual(await findDisagreements(kv, ACME), []);
});

Deno.test("the store check finds that a deletion has lost its job, and mends it", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.fill(3);
  await acme.begin();
  await kv.delete(jobKey(`deleteTenant.${ACME}`));
  assert.equal((await findDisagreements(kv, TENANT)).length, 1);
  const report = await checkStore(new Store(kv), { pause: 1, mend: true });
  assert.deepEqual(
    report.disagreements.map(({ kind, mended }) => ({ kind, mended })),
    [{ kind: "missingJob", mended: true }],
  );
  await acme.services.jobs.resume(false);
  await acme.services.jobs.idle();
  assert.deepEqual(await traces(kv), []);
});

Deno.test("the store check finds what is left of a tenant without a record", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.fill(1);
  await kv.delete(tenantKey(ACME));
  const { disagreements } = await checkStore(new Store(kv), { pause: 1 });
  assert.deepEqual(disagreements.map(({ kind }) => kind), ["missingTenant"]);
  const found = await findDisagreements(kv, TENANT);
  assert.ok(found.includes(`tenant ${ACME} has no record`), found.join("\n"));
});

Deno.test("the store check stays quiet while a tenant is deleted", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  for (const wait of [0, 3, 10, 30]) {
    await acme.fill(120);
    const checking = checkStore(new Store(kv), { pause: 20 });
    await new Promise((resolve) => setTimeout(resolve, wait));
    await acme.delete();
    assert.deepEqual((await checking).disagreements, [], `after ${wait} ms`);
  }
});

Deno.test("an export leaves out a tenant that is being deleted", async () => {
  using kv = await Deno.openKv(":memory:");
  const acme = await Acme.open(kv);
  await acme.fill(3);
  await acme.begin();
  const lines = await exported(kv);
  assert.deepEqual(JSON.parse(lines[0] ?? "").tenants, [TENANT]);
  assert.ok(!lines.some((line) => line.includes(ACME)));
  await assert.rejects(exported(kv, ACME), /There is no tenant "acme"/);
});
