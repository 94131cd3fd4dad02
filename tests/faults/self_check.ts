/**
 * The check itself: it must notice what is taken out of a store.
 * @module
 */

import {
  indexPrefix,
  logPrefix,
  memberKey,
  memberOfKey,
  memberPrefix,
  resourceKey,
  resourcePrefix,
} from "../../storage/keys.ts";
import { decodeRecord, encodeRecord } from "../../storage/records.ts";
import { Random } from "../provisioning/random.ts";
import { findLosses } from "./check.ts";
import { Client } from "./client.ts";
import { Load } from "./load.ts";
import type { Model } from "./model.ts";
import type { Prepared } from "./prepared.ts";
import { pause, Server } from "./server.ts";

const TENANT = "default";

/** How long the load lasts, in milliseconds. */
const LOAD_TIME = 2_000;

/** A damage, and what must be said about it. */
interface Damage {
  readonly name: string;
  readonly noticed: RegExp;
  /** Does it to some user, each damage to another one, or to what it finds. */
  readonly inflict: (kv: Deno.Kv, user: string) => Promise<void>;
}

const DAMAGES: readonly Damage[] = [
  {
    name: "a user is gone",
    noticed: /^user \S+ is undefined/m,
    inflict: async (kv, user) => {
      await kv.delete(resourceKey(TENANT, "User", user));
    },
  },
  {
    name: "a user has another title",
    noticed: /^user \S+ is \{/m,
    inflict: async (kv, user) => {
      const key = resourceKey(TENANT, "User", user);
      const record = decodeRecord(await kv.get(key));
      if (record === undefined) throw new Error(`There is no user ${user}`);
      const attributes = { ...record.attributes, title: "another" };
      await kv.set(key, encodeRecord({ ...record, attributes }));
    },
  },
  {
    name: "a membership is gone",
    noticed: /is no member of|^group \S+ is "/m,
    inflict: async (kv) => {
      const { group, generation, member } = await edge(kv, -1);
      await kv.delete(memberKey(TENANT, group, generation, member));
      await kv.delete(memberOfKey(TENANT, member, group, generation));
    },
  },
  {
    name: "a membership is there one way only",
    noticed: /not vice versa/,
    inflict: async (kv) => {
      const { group, generation, member } = await edge(kv, 0);
      await kv.delete(memberKey(TENANT, group, generation, member));
    },
  },
  {
    name: "a record of the change log is gone",
    noticed: /the log has no record of/,
    inflict: async (kv) => {
      await kv.delete(await keyIn(kv, logPrefix(TENANT), true));
    },
  },
  {
    name: "an index key is gone",
    noticed: /^store: .* is missing/m,
    inflict: async (kv) => {
      const prefix = indexPrefix(TENANT, "User", "emails.value");
      await kv.delete(await keyIn(kv, prefix, false));
    },
  },
];

/** Damages a store in every way; says which damage the check has not seen. */
export async function checkTheCheck(
  prepared: Prepared,
  seed: number,
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "scim-faults-" });
  const { kvPath, model } = await prepared.copy(folder);
  const faults: string[] = [];
  const first = await Server.start(kvPath);
  const client = new Client(first, prepared.token);
  const load = new Load(model, client, new Random(seed), faults);
  const done = load.run();
  await pause(LOAD_TIME);
  load.stop();
  await done;
  await first.end("SIGTERM");
  await damage(kvPath, model);
  const second = await Server.start(kvPath);
  const found = await findLosses(
    model,
    new Client(second, prepared.token),
    kvPath,
  );
  await second.end("SIGTERM");
  await Deno.remove(folder, { recursive: true });
  const told = found.join("\n");
  for (const { name, noticed } of DAMAGES) {
    if (noticed.test(told)) continue;
    faults.push(`"${name}" was not noticed; told was: ${told.slice(0, 2_000)}`);
  }
  return faults;
}

async function damage(kvPath: string, model: Model): Promise<void> {
  const users = [...model.users.values()].filter(({ id, state }) =>
    id !== undefined && !state.isBusy && state.value !== undefined
  );
  using kv = await Deno.openKv(kvPath);
  for (const [index, { inflict }] of DAMAGES.entries()) {
    await inflict(kv, users[index]?.id ?? "");
  }
}

/** One of the memberships in force whose member is there. */
async function edge(
  kv: Deno.Kv,
  index: number,
): Promise<{ group: string; generation: string; member: string }> {
  const groups = await Array.fromAsync(
    kv.list({ prefix: resourcePrefix(TENANT, "Group") }),
  );
  const users = await Array.fromAsync(
    kv.list({ prefix: resourcePrefix(TENANT, "User") }),
  );
  const there = new Set(users.map(({ key }) => String(key.at(-1))));
  const edges = [];
  for (const entry of groups) {
    const { id: group, generation } = decodeRecord(entry) ?? {};
    if (group === undefined || generation === undefined) continue;
    const prefix = memberPrefix(TENANT, group, generation);
    for await (const { key } of kv.list({ prefix })) {
      const member = String(key.at(-1));
      if (there.has(member)) edges.push({ group, generation, member });
    }
  }
  const chosen = edges.at(index);
  if (chosen === undefined) throw new Error("There is no membership");
  return chosen;
}

/** The first or the last key that begins with some parts. */
async function keyIn(
  kv: Deno.Kv,
  prefix: Deno.KvKey,
  isLast: boolean,
): Promise<Deno.KvKey> {
  const [entry] = await Array.fromAsync(
    kv.list({ prefix }, { limit: 1, reverse: isLast }),
  );
  if (entry === undefined) throw new Error(`There is no key below ${prefix}`);
  return entry.key;
}
