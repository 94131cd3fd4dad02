/**
 * The store check: each kind of damage is found, told, and mended where it can be.
 * @module
 */

import assert from "node:assert/strict";
import {
  type CheckOptions,
  type CheckReport,
  checkStore,
} from "../../storage/check/check.ts";
import type { DisagreementKind } from "../../storage/check/question.ts";
import { decode, encode } from "../../storage/codec.ts";
import {
  countKey,
  indexKey,
  jobKey,
  memberKey,
  memberOfKey,
  membershipModifiedKey,
  membershipVersionKey,
  metaKey,
  nestedKey,
  resourceKey,
  tenantKey,
  tokenIdKey,
  tokenKey,
  tokenUseKey,
  uniqueKey,
} from "../../storage/keys.ts";
import { Store } from "../../storage/store.ts";
import { Directory, TENANT } from "./fixture.ts";
import { findDisagreements } from "./invariants.ts";

/** A check of a test: it does not wait long, for nobody writes. */
function check(kv: Deno.Kv, options: CheckOptions = {}): Promise<CheckReport> {
  return checkStore(new Store(kv), { pause: 1, ...options });
}

/** What a store looks like before the damage. */
interface Scene {
  readonly kv: Deno.Kv;
  readonly directory: Directory;
  readonly ada: string;
  readonly bob: string;
  readonly sales: string;
  /** A group with the group Sales as its member. */
  readonly all: string;
  readonly token: string;
  readonly hash: string;
}

async function scene(kv: Deno.Kv): Promise<Scene> {
  const directory = await Directory.open(kv);
  const ada = await directory.user("ada", { externalId: "e-1" });
  const bob = await directory.user("bob");
  const sales = await directory.group("Sales", [ada.id, bob.id]);
  const all = await directory.group("All", [sales.id]);
  const { id: token } = await directory.services.tokens.issue({
    name: "test",
    tenant: TENANT,
    scopes: ["scim"],
    profile: "compatible",
    expiresAt: null,
  });
  const [secret] = await Array.fromAsync(kv.list({ prefix: ["tok"] }));
  return {
    kv,
    directory,
    ada: ada.id,
    bob: bob.id,
    sales: sales.id,
    all: all.id,
    token,
    hash: String(secret?.key[1]),
  };
}

/** Some damage, and what the check says to it. */
interface Damage {
  readonly name: string;
  readonly harm: (scene: Scene) => Promise<unknown>;
  readonly kinds: readonly DisagreementKind[];
  /** Whether mending leaves nothing to find. */
  readonly mendable: boolean;
  /** The test oracle does not look at it. */
  readonly unseenByOracle?: true;
}

const name = (text: string) => uniqueKey(TENANT, "User", "userName", text);

const external = (id: string, text = "e-1") =>
  indexKey(TENANT, "User", "externalId", text, id);

/** Changes the JSON of a stored value. */
async function alter(
  kv: Deno.Kv,
  key: Deno.KvKey,
  change: (content: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const content = decode((await kv.get(key)).value);
  assert.ok(typeof content === "object" && content !== null);
  await kv.set(key, encode(change({ ...content })));
}

const bucket = (id: string) => countKey(TENANT, "User", id.slice(0, 2));

const DAMAGES: readonly Damage[] = [
  {
    name: "a unique key that is missing",
    harm: ({ kv }) => kv.delete(name("ada")),
    kinds: ["missingUniqueKey"],
    mendable: true,
  },
  {
    name: "a unique key that names nobody",
    harm: ({ kv }) => kv.set(name("ada"), 7),
    kinds: ["wrongUniqueKey", "orphanedUniqueKey"],
    mendable: true,
  },
  {
    name: "a unique key that names a resource with another value",
    harm: ({ kv, bob }) => kv.set(name("ada"), bob),
    kinds: ["wrongUniqueKey", "orphanedUniqueKey"],
    mendable: true,
  },
  {
    name: "a unique key of a value that nobody has",
    harm: ({ kv, ada }) => kv.set(name("eve"), ada),
    kinds: ["orphanedUniqueKey"],
    mendable: true,
  },
  {
    name: "a unique key of a resource that is gone",
    harm: ({ kv }) => kv.set(name("eve"), "gone"),
    kinds: ["orphanedUniqueKey"],
    mendable: true,
  },
  {
    name: "a unique key of a type that is not there",
    harm: ({ kv }) => kv.set(uniqueKey(TENANT, "Tree", "height", "9"), "x"),
    kinds: ["orphanedUniqueKey"],
    mendable: true,
  },
  {
    name: "two resources with one unique value",
    harm: ({ kv, bob }) =>
      alter(kv, resourceKey(TENANT, "User", bob), (record) => ({
        ...record,
        a: { userName: "ada" },
      })),
    kinds: ["uniqueConflict", "orphanedUniqueKey"],
    mendable: false,
  },
  {
    name: "an index key that is missing",
    harm: ({ kv, ada }) => kv.delete(external(ada)),
    kinds: ["missingIndexKey"],
    mendable: true,
  },
  {
    name: "an index key with another value",
    harm: ({ kv, ada }) => kv.set(external(ada), 1),
    kinds: ["wrongIndexKey"],
    mendable: true,
  },
  {
    name: "an index key of a value that the resource does not have",
    harm: ({ kv, bob }) => kv.set(external(bob), 0),
    kinds: ["orphanedIndexKey"],
    mendable: true,
  },
  {
    name: "an index key of an attribute without an index",
    harm: ({ kv, ada }) =>
      kv.set(indexKey(TENANT, "User", "nickName", "a", ada), 0),
    kinds: ["orphanedIndexKey"],
    mendable: true,
  },
  {
    name: "a counter that is too high",
    harm: ({ kv, ada }) => kv.atomic().sum(bucket(ada), 2n).commit(),
    kinds: ["wrongCounter"],
    mendable: true,
  },
  {
    name: "a counter that is missing",
    harm: ({ kv, ada }) => kv.delete(bucket(ada)),
    kinds: ["wrongCounter"],
    mendable: true,
  },
  {
    name: "a counter that is no number",
    harm: ({ kv, ada }) => kv.set(bucket(ada), "many"),
    kinds: ["wrongCounter"],
    mendable: true,
  },
  {
    name: "a counter of a bucket without resources",
    harm: ({ kv }) =>
      kv.set(countKey(TENANT, "User", "zz"), new Deno.KvU64(3n)),
    kinds: ["wrongCounter"],
    mendable: true,
  },
  {
    name: "a membership that stands below the group only",
    harm: ({ kv, ada, sales }) =>
      kv.delete(memberOfKey(TENANT, ada, sales, "0")),
    kinds: ["missingEdge"],
    mendable: true,
  },
  {
    name: "a membership that stands below the member only",
    harm: ({ kv, ada, sales }) => kv.delete(memberKey(TENANT, sales, "0", ada)),
    kinds: ["orphanedEdge"],
    mendable: true,
  },
  {
    name: "a membership of a member that is gone",
    harm: async ({ kv, sales }) => {
      await kv.set(memberKey(TENANT, sales, "0", "gone"), "User");
      await kv.set(memberOfKey(TENANT, "gone", sales, "0"), "Group");
    },
    kinds: ["orphanedEdge"],
    mendable: true,
  },
  {
    name: "a membership in a group that is gone",
    harm: async ({ kv, ada }) => {
      await kv.set(memberKey(TENANT, "gone", "0", ada), "User");
      await kv.set(memberOfKey(TENANT, ada, "gone", "0"), "Group");
    },
    kinds: ["orphanedEdge"],
    mendable: true,
  },
  {
    name: "a membership of a set that is not in force",
    harm: async ({ kv, ada, sales }) => {
      await kv.set(memberKey(TENANT, sales, "old", ada), "User");
      await kv.set(memberOfKey(TENANT, ada, sales, "old"), "Group");
    },
    kinds: ["orphanedEdge"],
    mendable: true,
  },
  {
    name: "a membership that names another type of its member",
    harm: ({ kv, ada, sales }) =>
      kv.set(memberKey(TENANT, sales, "0", ada), "Group"),
    kinds: ["wrongEdge"],
    mendable: true,
  },
  {
    name: "a membership that names another type of its group",
    harm: ({ kv, ada, sales }) =>
      kv.set(memberOfKey(TENANT, ada, sales, "0"), "User"),
    kinds: ["wrongEdge"],
    mendable: true,
  },
  {
    name: "a count of membership changes that is missing",
    harm: ({ kv, sales }) => kv.delete(membershipVersionKey(TENANT, sales)),
    kinds: ["missingMembershipCounter"],
    mendable: true,
  },
  {
    name: "a time of membership changes that is missing",
    harm: ({ kv, sales }) => kv.delete(membershipModifiedKey(TENANT, sales)),
    kinds: ["missingMembershipCounter"],
    mendable: true,
  },
  {
    name: "a count of membership changes that is no number",
    harm: ({ kv, sales }) => kv.set(membershipVersionKey(TENANT, sales), "x"),
    kinds: ["wrongMembershipCounter"],
    mendable: true,
  },
  {
    name: "counts of the membership changes of a group that is gone",
    harm: ({ kv }) =>
      kv.atomic().sum(membershipVersionKey(TENANT, "gone"), 1n)
        .max(membershipModifiedKey(TENANT, "gone"), 1n).commit(),
    kinds: ["orphanedMembershipCounter", "orphanedMembershipCounter"],
    mendable: true,
  },
  {
    name: "the note of nested groups that is missing",
    harm: ({ kv }) => kv.delete(nestedKey(TENANT)),
    kinds: ["missingNestedNote"],
    mendable: true,
  },
  {
    name: "the note of nested groups that is not true",
    harm: ({ kv }) => kv.set(nestedKey(TENANT), "yes"),
    kinds: ["missingNestedNote"],
    mendable: true,
    unseenByOracle: true,
  },
  {
    name: "a resource that cannot be read",
    harm: ({ kv, ada }) =>
      kv.set(resourceKey(TENANT, "User", ada), new Uint8Array([1, 2, 3])),
    kinds: ["unreadable"],
    mendable: false,
  },
  {
    name: "a resource of a type that is not there",
    harm: async ({ kv }) => {
      await kv.set(
        resourceKey(TENANT, "Tree", "x"),
        encode({ c: "2026-01-01T00:00:00.000Z", a: {} }),
      );
      await kv.set(countKey(TENANT, "Tree", "x"), new Deno.KvU64(1n));
    },
    kinds: ["unknownType"],
    mendable: false,
  },
  {
    name: "a resource with data of a schema that is not there",
    harm: ({ kv, ada }) =>
      alter(kv, resourceKey(TENANT, "User", ada), (record) => ({
        ...record,
        a: { userName: "ada", externalId: "e-1", "urn:example:x": { y: 1 } },
      })),
    kinds: ["unknownAttribute"],
    mendable: false,
  },
  {
    name: "two resources of different types with one id",
    harm: async ({ kv, sales }) => {
      const record = { c: "2026-01-01T00:00:00.000Z", a: {} };
      await kv.set(resourceKey(TENANT, "User", sales), encode(record));
      await kv.atomic().sum(bucket(sales), 1n).commit();
    },
    kinds: ["sharedId"],
    mendable: false,
  },
  {
    name: "a key of no known kind",
    harm: ({ kv }) => kv.set(["t", TENANT, "future", "x"], 1),
    kinds: ["unknownKey"],
    mendable: false,
  },
  {
    name: "a key outside of the tenants of no known kind",
    harm: ({ kv }) => kv.set(["future", "x"], 1),
    kinds: ["unknownKey"],
    mendable: false,
  },
  {
    name: "keys with too many parts or other than texts",
    harm: async ({ kv, ada }) => {
      await kv.set([...resourceKey(TENANT, "User", ada), "x"], 1);
      await kv.set(["t", TENANT, "r", "User", 5], 1);
      await kv.set(["t", TENANT, 5n], 1);
      await kv.set(["t", 5n], 1);
      await kv.set(["t", new Uint8Array([1])], 1);
      await kv.set(["tenant"], 1);
    },
    kinds: Array(6).fill("unknownKey"),
    mendable: false,
    unseenByOracle: true,
  },
  {
    name: "a record of the change log that cannot be read",
    harm: async ({ kv }) => {
      const log = kv.list({ prefix: ["t", TENANT, "log"] }, { limit: 1 });
      for await (const { key } of log) await kv.set(key, encode({ at: 1 }));
    },
    kinds: ["unreadable"],
    mendable: false,
  },
  {
    name: "a tenant without a record",
    harm: ({ kv }) => kv.delete(tenantKey(TENANT)),
    kinds: ["missingTenant"],
    mendable: true,
  },
  {
    name: "a tenant's record that cannot be read",
    harm: ({ kv }) => kv.set(tenantKey(TENANT), encode({})),
    kinds: ["unreadable"],
    mendable: false,
    unseenByOracle: true,
  },
  {
    name: "a secret that no token names",
    harm: ({ kv, token }) => kv.delete(tokenIdKey(token)),
    kinds: ["orphanedSecret"],
    mendable: true,
  },
  {
    name: "a token whose secret is not there",
    harm: ({ kv, hash }) => kv.delete(tokenKey(hash)),
    kinds: ["missingSecret"],
    mendable: true,
  },
  {
    name: "a secret that allows more than its token",
    harm: ({ kv, token }) =>
      alter(kv, tokenIdKey(token), (content) => ({
        ...content,
        scopes: ["scim:read"],
      })),
    kinds: ["wrongSecret"],
    mendable: false,
    unseenByOracle: true,
  },
  {
    name: "a token that cannot be read",
    harm: ({ kv, token }) => kv.set(tokenIdKey(token), encode({ id: token })),
    kinds: ["unreadable"],
    mendable: false,
  },
  {
    name: "the last use of a token that is gone",
    harm: ({ kv }) => kv.set(tokenUseKey("gone"), new Deno.KvU64(1n)),
    kinds: ["orphanedUse"],
    mendable: true,
  },
  {
    name: "a job that cannot be read",
    harm: ({ kv }) => kv.set(jobKey("x"), encode({ kind: "future" })),
    kinds: ["unreadable"],
    mendable: false,
  },
  {
    name: "a fact of the store that cannot be",
    harm: ({ kv }) => kv.set(metaKey("epoch"), 5),
    kinds: ["unreadable"],
    mendable: false,
    unseenByOracle: true,
  },
];

for (const { name, harm, kinds, mendable, unseenByOracle } of DAMAGES) {
  Deno.test(`a check finds ${name}${mendable ? " and mends it" : ""}`, async () => {
    using kv = await Deno.openKv(":memory:");
    const before = await scene(kv);
    await before.directory.check();
    assert.deepEqual((await check(kv)).disagreements, []);
    await harm(before);
    const report = await check(kv);
    assert.deepEqual(report.disagreements.map(({ kind }) => kind), kinds);
    assert.equal(report.left, kinds.length);
    assert.equal(report.mended, 0);
    if (unseenByOracle === undefined) {
      assert.notDeepEqual(await findDisagreements(kv, TENANT), []);
    }
    const mending = await check(kv, { mend: true });
    assert.ok(mending.disagreements.length >= 1);
    const after = await check(kv);
    if (mendable) {
      assert.equal(mending.left, 0);
      assert.deepEqual(after.disagreements, []);
      await before.directory.check();
    } else {
      assert.ok(after.disagreements.length >= 1);
      assert.ok(after.disagreements.every((each) => !each.mendable));
    }
  });
}
