import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { FORMAT_VERSION } from "../../storage/codec.ts";
import { metaKey } from "../../storage/keys.ts";
import { exportLines } from "../../storage/export/export.ts";
import { importLines } from "../../storage/export/import.ts";
import { prepareStore } from "../../storage/open.ts";
import { Store } from "../../storage/store.ts";
import { UniqueValues } from "../../storage/unique_values.ts";
import { Registries } from "../../storage/registries.ts";
import {
  assertSound,
  contentOf,
  each,
  exported,
  fill,
  importing,
  OTHER_TENANT,
  parsed,
} from "./backup.ts";
import {
  BADGE,
  badge,
  badgeSchema,
  createAs,
  inForce,
  putBadges,
  withBadges,
} from "./custom.ts";
import { observedKv } from "./fake_kv.ts";
import { Directory, GROUP, newSeed, sorted, TENANT, USER } from "./fixture.ts";

/** A small store: two users, a group, a token. */
async function small(kv: Deno.Kv): Promise<Directory> {
  const directory = await Directory.open(kv);
  await directory.group("Staff", await directory.users(2));
  return directory;
}

/** Lines with a footer that fits them, as if the program had written them. */
function sealed(lines: readonly string[]): string[] {
  const kinds = Map.groupBy(lines.slice(1), (line) => JSON.parse(line).kind);
  const footer = {
    "edge-scim": "end",
    lines: lines.length,
    counts: Object.fromEntries([...kinds].map(([k, v]) => [k, v.length])),
    sha256: createHash("sha256").update(lines.map((l) => `${l}\n`).join(""))
      .digest("hex"),
  };
  return [...lines, JSON.stringify(footer)];
}

/** Asserts that an import is refused and has changed nothing. */
async function assertRefused(
  lines: readonly string[],
  message: RegExp,
): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  const before = await Array.fromAsync(kv.list({ prefix: [] }));
  await assert.rejects(importing(kv, lines), message);
  assert.deepEqual(await Array.fromAsync(kv.list({ prefix: [] })), before);
}

async function smallExport(): Promise<string[]> {
  using kv = await Deno.openKv(":memory:");
  await small(kv);
  return await exported(kv);
}

Deno.test("an import brings back everything that an export has told", async () => {
  const seed = newSeed();
  console.log(`seed ${seed}`);
  using kv = await Deno.openKv(":memory:");
  await fill(kv, seed);
  using other = await Deno.openKv(":memory:");
  const imported = await importing(other, await exported(kv));
  assert.deepEqual(imported.tenants, [OTHER_TENANT, TENANT]);
  assert.deepEqual(
    Object.fromEntries(imported.resources),
    { User: 1_249 + 20, Group: 34 + 1, Device: 1 },
  );
  assert.equal(imported.tokens, 3);
  assert.deepEqual(await contentOf(other), await contentOf(kv), `seed ${seed}`);
  await assertSound(other, TENANT, OTHER_TENANT);
});

Deno.test("an export of what was imported is the same but for what names the store", async () => {
  using kv = await Deno.openKv(":memory:");
  await fill(kv, 1);
  const lines = await exported(kv);
  using other = await Deno.openKv(":memory:");
  await importing(other, lines);
  assert.deepEqual(parsed(await exported(other)), parsed(lines));
});

Deno.test("what was imported is found, shown and changed as before", async () => {
  using kv = await Deno.openKv(":memory:");
  const before = await small(kv);
  const [id = ""] = await before.idsOf(USER, 'userName eq "USER0"');
  const [group = ""] = await before.idsOf(GROUP, 'displayName eq "staff"');
  const shown = await before.show(USER, id);
  using other = await Deno.openKv(":memory:");
  await importing(other, await exported(kv));
  const after = await Directory.open(other);
  assert.deepEqual(await after.idsOf(USER, 'userName eq "USER0"'), [id]);
  const { version: _, ...meta } = Object(
    (await after.show(USER, id))?.["meta"],
  );
  const { version: __, ...expected } = Object(shown?.["meta"]);
  assert.deepEqual(meta, expected);
  assert.deepEqual(await after.groupsOf(id), [group]);
  await assert.rejects(after.user("User0"), /must be unique/);
  await after.remove(group, id);
  await after.delete(USER, id);
  await after.user("user0");
  await after.check();
});

Deno.test("tokens and the admin secret work in the store that was imported into", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services } = await Directory.open(kv, { adminToken: undefined });
  const { token, id } = await services.tokens.issue({
    name: "a",
    tenant: TENANT,
    scopes: ["scim"],
    profile: "rfc",
    expiresAt: null,
  });
  const rotated = await services.tokens.rotate(id, 1);
  using other = await Deno.openKv(":memory:");
  await importing(other, await exported(kv));
  const after = await Directory.open(other, { adminToken: undefined });
  assert.equal(after.services.adminSecret.fresh, undefined);
  assert.ok(
    after.services.adminSecret.accepts(services.adminSecret.fresh ?? ""),
  );
  assert.equal((await after.services.tokens.find(token))?.id, id);
  assert.equal(
    (await after.services.tokens.find(rotated?.token ?? ""))?.id,
    id,
  );
});

Deno.test("no entity tag of the store that was exported means anything in the other", async () => {
  using kv = await Deno.openKv(":memory:");
  const before = await small(kv);
  const [id = ""] = await before.idsOf(USER, 'userName eq "user0"');
  using other = await Deno.openKv(":memory:");
  await importing(other, await exported(kv), { replace: true });
  const after = await Directory.open(other);
  const tags = await Promise.all(
    [before, after].map(async (directory) =>
      Object((await directory.show(USER, id))?.["meta"]).version
    ),
  );
  assert.notEqual(tags[0], tags[1]);
  const epochs = await Promise.all(
    [kv, other].map(async (each) => (await each.get(metaKey("epoch"))).value),
  );
  assert.notEqual(epochs[0], epochs[1]);
});

Deno.test("an import goes on until it has an epoch that neither store had", async () => {
  using kv = await Deno.openKv(":memory:");
  await small(kv);
  await kv.set(metaKey("epoch"), "aaaa");
  const lines = await exported(kv);
  using other = await Deno.openKv(":memory:");
  await Directory.open(other);
  await other.set(metaKey("epoch"), "bbbb");
  const epochs = ["aaaa", "bbbb", "cccc"].values();
  const newEpoch = () => epochs.next().value ?? assert.fail("asked too often");
  await importing(other, lines, { newEpoch });
  assert.equal((await other.get(metaKey("epoch"))).value, "cccc");
});

Deno.test("an import into a store that is not empty is refused and says what is there", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services } = await small(kv);
  await services.tokens.issue({
    name: "a",
    tenant: TENANT,
    scopes: ["scim"],
    profile: "rfc",
    expiresAt: null,
  });
  const lines = await exported(kv);
  const before = await contentOf(kv);
  await assert.rejects(
    importing(kv, lines),
    /not empty \(tenant default: 2 User, 1 Group; 1 token\); .*--replace/,
  );
  assert.deepEqual(await contentOf(kv), before);
});

Deno.test("an import into a store with nothing but settings is refused too", async () => {
  using kv = await Deno.openKv(":memory:");
  const { services } = await Directory.open(kv);
  await services.definitions.setUniqueGroupNames(TENANT, false);
  await assert.rejects(
    importing(kv, await smallExport()),
    /tenant default: settings or a change log/,
  );
});

Deno.test("a server that was started and never used leaves an empty store", async () => {
  using kv = await Deno.openKv(":memory:");
  await Directory.open(kv, { adminToken: undefined });
  const { resources } = await importing(kv, await smallExport());
  assert.equal(resources.get("User"), 2);
  await assertSound(kv, TENANT);
});

Deno.test("an import that replaces leaves nothing of what was there", async () => {
  using kv = await Deno.openKv(":memory:");
  await fill(kv, 2);
  const lines = await smallExport();
  await importing(kv, lines, { replace: true });
  using other = await Deno.openKv(":memory:");
  await importing(other, lines);
  const isNot = (key: Deno.KvKey) => key[0] !== "meta";
  assert.deepEqual(await contentOf(kv, isNot), await contentOf(other, isNot));
  await assertSound(kv, TENANT);
});

Deno.test("an import that is done again with --replace leads to the same", async () => {
  using kv = await Deno.openKv(":memory:");
  const lines = await smallExport();
  await importing(kv, lines);
  const once = await contentOf(kv);
  await importing(kv, lines, { replace: true });
  assert.deepEqual(await contentOf(kv), once);
  await assertSound(kv, TENANT);
});

Deno.test("an import of one tenant leaves the others as they are", async () => {
  using kv = await Deno.openKv(":memory:");
  await fill(kv, 3);
  const whole = await exported(kv);
  const before = await contentOf(kv);
  await importing(kv, whole, { tenant: OTHER_TENANT, replace: true });
  assert.deepEqual(await contentOf(kv), before);
  await assertSound(kv, TENANT, OTHER_TENANT);
});

Deno.test("a tenant moves to another store by an export of it alone", async () => {
  using kv = await Deno.openKv(":memory:");
  await fill(kv, 4);
  const lines = await exported(kv, OTHER_TENANT);
  using other = await Deno.openKv(":memory:");
  const directory = await small(other);
  const epoch = (await other.get(metaKey("epoch"))).value;
  const { tenants, tokens } = await importing(other, lines);
  assert.deepEqual({ tenants, tokens }, { tenants: [OTHER_TENANT], tokens: 1 });
  assert.equal((await other.get(metaKey("epoch"))).value, epoch);
  assert.equal((await directory.find(USER, undefined)).totalResults, 2);
  await assertSound(other, TENANT, OTHER_TENANT);
  const { uniqueGroupNames } = (await inForce(directory)).settings;
  assert.equal(uniqueGroupNames, true);
});

Deno.test("an import of a tenant that the export does not have is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  await assert.rejects(
    importing(kv, await smallExport(), { tenant: "acme" }),
    /does not have the tenant "acme"; it has default/,
  );
});

Deno.test("an import into a store that a newer program has written is refused", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(metaKey("format"), FORMAT_VERSION + 1);
  await assert.rejects(
    importing(kv, await smallExport(), { replace: true }),
    /reads formats up to 2/,
  );
});

Deno.test("an empty file is refused", () =>
  assertRefused([], /nothing to import; give an export on standard input/));

Deno.test("a file that is no export is refused", async () => {
  await assertRefused(["user,name"], /no export of edge-scim: line 1/);
  await assertRefused(['{"kind":"tenant"}'], /no export of edge-scim/);
});

Deno.test("an export of a newer format is refused", () =>
  assertRefused(
    ['{"edge-scim":"export","format":2,"new":true}'],
    /has format 2, .* reads formats up to 1; import it with the newer version/,
  ));

Deno.test("an export that was cut off is refused wherever that was", async () => {
  const lines = await smallExport();
  for (let length = 1; length < lines.length; length++) {
    await assertRefused(
      lines.slice(0, length),
      new RegExp(`cut off after line ${length}: its footer is missing`),
    );
  }
});

Deno.test("an export whose last line was cut off is refused", async () => {
  const lines = await smallExport();
  const footer = lines.pop() ?? "";
  await assertRefused(
    [...lines, footer.slice(0, -5)],
    new RegExp(`Line ${lines.length + 1} is not JSON`),
  );
});

Deno.test("an export that lost a line is refused", async () => {
  const lines = await smallExport();
  await assertRefused(lines.toSpliced(2, 1), /footer counts \d+ lines/);
});

Deno.test("an export that was edited is refused", async () => {
  const lines = await smallExport();
  const edited = lines.map((line) => line.replace("user0", "user9"));
  await assertRefused(edited, /damaged or was edited: .*SHA-256/);
});

Deno.test("an export whose lines change places is refused", async () => {
  const [header = "", first = "", second = "", ...rest] = await smallExport();
  await assertRefused(
    [header, second, first, ...rest],
    /damaged or was edited/,
  );
});

Deno.test("lines behind the footer are refused", async () => {
  const lines = await smallExport();
  await assertRefused([...lines, "{}"], /comes after the end of the export/);
});

Deno.test("a line that is not as it should be is named, with what is wrong", async () => {
  const lines = await smallExport();
  for (
    const [line, message] of [
      ["[]", /Line 3 is not as it should be: must be an object/],
      ["{", /Line 3 is not JSON: it begins with "\{"/],
      ['{"kind":"new"}', /Line 3 is not as it should be: kind: /],
      [
        '{"kind":"members","tenant":"default","type":"Group","id":"1",' +
        '"memberType":"User","members":[7]}',
        /Line 3 is not as it should be: members\.0: .*string/,
      ],
      [
        '{"kind":"tenant","tenant":"acme","record":{}}',
        /Line 3 belongs to the tenant "acme", which the header does not name/,
      ],
    ] as const
  ) await assertRefused(lines.toSpliced(2, 0, line), message);
});

Deno.test("resources that share a unique value are refused by name, and no server starts", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await small(kv);
  const ids = sorted((await directory.find(USER, undefined)).records
    .map(({ id }) => id));
  const lines = (await exported(kv)).slice(0, -1)
    .map((line) => line.replace("user1", "User0"));
  using other = await Deno.openKv(":memory:");
  await assert.rejects(importing(other, sealed(lines)), (error: Error) => {
    assert.match(error.message, /have the same userName, which must be unique/);
    for (const id of ids) assert.ok(error.message.includes(id));
    return true;
  });
  await assert.rejects(prepareStore(new Store(other)), /import/);
});

Deno.test("an import that was cut off keeps servers away until it is done again", async () => {
  const lines = await smallExport();
  using kv = await Deno.openKv(":memory:");
  let commits = 0;
  const total = await countCommits(lines);
  for (let cut = 1; cut < total; cut++) {
    commits = 0;
    const dying = observedKv(kv, {
      before: (call) => {
        if (call !== "commit" || commits++ < cut) return;
        throw new Error("the power is gone");
      },
    });
    await assert.rejects(importing(dying, lines), /the power is gone/);
    await assert.rejects(
      prepareStore(new Store(kv)),
      /not complete: an import into it is under way or was cut off/,
    );
  }
  await importing(kv, lines);
  await assertSound(kv, TENANT);
  const { totalResults } = await (await Directory.open(kv)).find(
    USER,
    undefined,
  );
  assert.equal(totalResults, 2);
});

async function countCommits(lines: readonly string[]): Promise<number> {
  using kv = await Deno.openKv(":memory:");
  let commits = 0;
  const counting = observedKv(kv, {
    before: (call) => {
      if (call === "commit") commits++;
    },
  });
  await importing(counting, lines);
  assert.ok(commits > 5);
  return commits;
}

Deno.test("an import of one tenant does not end one of all tenants that was cut off", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(metaKey("importing"), "");
  await assert.rejects(
    importing(kv, await smallExport(), { tenant: TENANT, replace: true }),
    /An import of all tenants into this store was cut off; run that one again/,
  );
});

Deno.test("a value that is being made unique is unique after an import and a start", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await withBadges(kv);
  const current = await inForce(directory);
  for (const number of ["1", "2", "3"]) {
    const attributes = { userName: number, ...badge(number) };
    await createAs(directory, current, "User", attributes);
  }
  // The process dies behind the commit that begins it.
  const settle = UniqueValues.prototype.settle;
  UniqueValues.prototype.settle = () => Promise.reject(new Error("dead"));
  try {
    await assert.rejects(putBadges(directory, badgeSchema("server")), /dead/);
  } finally {
    UniqueValues.prototype.settle = settle;
  }
  const name = `${BADGE}:number`;
  const incomplete = async (each: Deno.Kv) =>
    (await new Registries(new Store(each)).current(TENANT)).definitions
      .incomplete;
  assert.deepEqual(await incomplete(kv), [name]);
  using other = await Deno.openKv(":memory:");
  await importing(other, await exported(kv));
  assert.deepEqual(await incomplete(other), [name]);
  const after = await Directory.open(other, { exclusive: true });
  await after.services.jobs.idle();
  assert.deepEqual(await incomplete(other), []);
  await after.check();
  await assert.rejects(
    createAs(after, await inForce(after), "User", {
      userName: "4",
      ...badge("3"),
    }),
    /must be unique/,
  );
});

Deno.test("an export is read again for writing, so that its lines need not be in memory", async () => {
  const lines = await smallExport();
  using kv = await Deno.openKv(":memory:");
  let readings = 0;
  await importLines(new Store(kv), () => {
    readings++;
    return each(lines);
  }, { replace: false, newEpoch: () => "e" });
  assert.equal(readings, 2);
});

Deno.test("an export has one line in memory at a time, whatever the number of members", async () => {
  using kv = await Deno.openKv(":memory:");
  const directory = await Directory.open(kv);
  await directory.group("Everybody", await directory.users(1_100));
  const lengths: number[] = [];
  const lines = exportLines(new Store(kv), {
    program: "1.2.3",
    date: new Date(0),
  });
  for await (const line of lines) lengths.push(line.length);
  assert.ok(Math.max(...lengths) < 30_000, `${Math.max(...lengths)}`);
});
