/**
 * The floor: what the same reads and writes of Deno KV cost behind Hono without
 * SCIM. A process of its own, with a store of its own that holds as many entries
 * with keys and values of the same size.
 *
 *     PORT=… FLOOR_STORE=… FLOOR_TOKEN=… FLOOR_ANSWER=… deno run -A --unstable-kv bench/floor.ts
 *
 * It is lower than any real program could be: values are bytes that it neither
 * compresses nor parses, and its answers are bytes that it does not put together.
 * It checks the token (one read, by the hash) and reads what is asked for, never
 * more than the server does. What the server reads only since it has SCIM's rules,
 * such as the settings of a tenant, it does not read.
 *
 * `/static` answers the same bytes without a token and without KV.
 * @module
 */

import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import { z } from "zod";
import {
  countKey,
  indexKey,
  indexValuePrefix,
  memberKey,
  memberOfKey,
  memberOfPrefix,
  membershipModifiedKey,
  membershipVersionKey,
  resourceKey,
  tokenKey,
  uniqueKey,
} from "../storage/keys.ts";
import {
  CHANGE_LOG_SIZE,
  CREATION_LOG_SIZE,
  MEMBER_LOG_SIZE,
  RECORD_SIZE,
} from "./sizes.ts";

const environment = z.object({
  PORT: z.coerce.number(),
  FLOOR_STORE: z.string(),
  FLOOR_TOKEN: z.string(),
  /** How long the answer with one user is, in bytes. */
  FLOOR_ANSWER: z.coerce.number(),
}).parse(Deno.env.toObject());

const newUser = z.looseObject({
  userName: z.string(),
  externalId: z.string(),
  displayName: z.string(),
  emails: z.array(z.object({ value: z.string() })),
});

const activeChange = z.looseObject({
  Operations: z.array(z.object({ op: z.string(), value: z.unknown() })),
});

const memberChange = z.looseObject({
  Operations: z.tuple([z.object({
    op: z.string(),
    value: z.tuple([z.object({ value: z.string() })]),
  })]),
});

const tokenRecord = z.object({ tenant: z.string() });

const TENANT = "default";
const HEADERS = { "Content-Type": "application/scim+json" };
const answer = new Uint8Array(environment.FLOOR_ANSWER).fill(0x20);
const record = new Uint8Array(RECORD_SIZE).fill(0x61);
const log = (size: number) => new Uint8Array(size).fill(0x62);

const kv = await Deno.openKv(environment.FLOOR_STORE);
const hash = createHash("sha256").update(environment.FLOOR_TOKEN)
  .digest("base64url");
await kv.set(tokenKey(hash), { tenant: TENANT, name: "a".repeat(200) });

const logKey = () => ["t", TENANT, "log", kv.commitVersionstamp()];

/** The answer with a user, beginning with what was stored. */
function userAnswer(value: unknown, status = 200): Response {
  if (!(value instanceof Uint8Array)) {
    return new Response(null, { status: 404 });
  }
  const bytes = answer.slice();
  bytes.set(value.subarray(0, bytes.length));
  return new Response(bytes, { status, headers: HEADERS });
}

const app = new Hono();

app.get("/static", () => new Response(answer, { headers: HEADERS }));

app.use(async function authenticate(c, next) {
  const secret = /^Bearer +(\S+)$/.exec(c.req.header("Authorization") ?? "")
    ?.[1] ?? "";
  const found = createHash("sha256").update(secret).digest("base64url");
  const { value } = await kv.get(tokenKey(found));
  const isKnown = tokenRecord.safeParse(value).success;
  if (isKnown) await next();
  return isKnown ? undefined : new Response(null, { status: 401 });
});

/** A user with the edges of its groups and the record of its manager, if any. */
async function showUser(c: Context, id: string): Promise<Response> {
  const manager = c.req.query("manager");
  const [user] = await Promise.all([
    kv.get(resourceKey(TENANT, "User", id)),
    Array.fromAsync(kv.list({ prefix: memberOfPrefix(TENANT, id) })),
    manager && kv.get(resourceKey(TENANT, "User", manager)),
  ]);
  return userAnswer(user.value);
}

app.get("/Users/:id", (c) => showUser(c, c.req.param("id")));

app.get("/Users", async (c) => {
  const attribute = c.req.query("attribute") ?? "";
  const value = c.req.query("value") ?? "";
  if (attribute === "userName") {
    const key = uniqueKey(TENANT, "User", attribute, value);
    return await showUser(c, String((await kv.get(key)).value));
  }
  const [entry] = await Array.fromAsync(kv.list({
    prefix: indexValuePrefix(TENANT, "User", attribute, value),
  }));
  return await showUser(c, String(entry?.key.at(-1)));
});

app.post("/Users", async (c) => {
  const user = newUser.parse(await c.req.json());
  const id = crypto.randomUUID();
  const key = resourceKey(TENANT, "User", id);
  const unique = uniqueKey(TENANT, "User", "userName", user.userName);
  const index = (attribute: string, text: string) =>
    indexKey(TENANT, "User", attribute, text.toLowerCase(), id);
  const settings = ["t", TENANT, "settings"];
  const { ok } = await kv.atomic()
    .check({ key, versionstamp: null }, { key: unique, versionstamp: null }, {
      key: settings,
      versionstamp: null,
    })
    .sum(countKey(TENANT, "User", id.slice(0, 2)), 1n)
    .set(key, record)
    .set(unique, id)
    .set(index("externalId", user.externalId), 0)
    .set(index("displayName", user.displayName), 0)
    .set(index("emails.value", user.emails[0]?.value ?? ""), 0)
    .set(logKey(), log(CREATION_LOG_SIZE))
    .commit();
  return ok ? userAnswer(record, 201) : new Response(null, { status: 409 });
});

app.patch("/Users/:id", async (c) => {
  activeChange.parse(await c.req.json());
  const key = resourceKey(TENANT, "User", c.req.param("id"));
  for (;;) {
    const { value, versionstamp } = await kv.get(key);
    if (versionstamp === null) return new Response(null, { status: 404 });
    const { ok } = await kv.atomic()
      .check({ key, versionstamp }, {
        key: ["t", TENANT, "settings"],
        versionstamp: null,
      })
      .set(key, value).set(logKey(), log(CHANGE_LOG_SIZE)).commit();
    if (ok) return userAnswer(value);
  }
});

app.patch("/Groups/:id", async (c) => {
  const { Operations: [{ op, value: [{ value }] }] } = memberChange
    .parse(await c.req.json());
  const group = c.req.param("id");
  const key = resourceKey(TENANT, "Group", group);
  const down = memberKey(TENANT, group, "0", value);
  const up = memberOfKey(TENANT, value, group, "0");
  const member = resourceKey(TENANT, "User", value);
  const [found, , user] = await kv.getMany([key, down, member]);
  const change = kv.atomic().check(found)
    .sum(membershipVersionKey(TENANT, group), 1n)
    .max(membershipModifiedKey(TENANT, group), BigInt(Date.now()))
    .set(logKey(), log(MEMBER_LOG_SIZE));
  if (op === "add") change.check(user).set(down, "User").set(up, "Group");
  else change.delete(down).delete(up);
  const { ok } = await change.commit();
  return new Response(null, { status: ok ? 204 : 409 });
});

app.get("/Groups/:id", async (c) => {
  const id = c.req.param("id");
  const [group] = await kv.getMany([
    resourceKey(TENANT, "Group", id),
    membershipVersionKey(TENANT, id),
    membershipModifiedKey(TENANT, id),
  ]);
  return userAnswer(group.value);
});

Deno.serve(
  { port: environment.PORT, hostname: "127.0.0.1", onListen() {} },
  app.fetch,
);
