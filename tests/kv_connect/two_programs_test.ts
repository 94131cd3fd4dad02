/**
 * Two server processes on one KV Connect server: what one does is in force on the
 * other, and what both do at once is not lost.
 * @module
 */

import assert from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { JOB_PREFIX } from "../../storage/keys.ts";
import { JOB_LEASE } from "../../storage/jobs.ts";
import { printedSecret, processTest, start } from "../e2e/process.ts";
import { Directory } from "../storage/fixture.ts";
import {
  adding,
  type Answer,
  checkStore,
  type Client,
  COMMAND,
  environmentOf,
  groupOf,
  openKv,
  Program,
  statuses,
  until,
  valuesOf,
} from "./fixture.ts";
import { KvConnectServer } from "./server.ts";

/** Two processes, and a client of each with the same token. */
interface Pair {
  readonly server: KvConnectServer;
  readonly programs: readonly [Program, Program];
  readonly clients: readonly [Client, Client];
}

/** A test with two processes on an empty store, which is checked at its end. */
function pairTest(name: string, body: (pair: Pair) => Promise<void>): void {
  processTest(name, async () => {
    await using server = KvConnectServer.start();
    await using first = await Program.start(server);
    await using second = await Program.start(server);
    const client = await first.client();
    const clients = [client, client.at(second)] as const;
    await body({ server, programs: [first, second], clients });
    await checkStore(server);
  });
}

/** Does something many times at once, by turns through each of the clients. */
async function byTurns(
  [first, second]: Pair["clients"],
  count: number,
  action: (client: Client, index: number) => Promise<Answer>,
): Promise<Answer[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => {
    return action(index % 2 === 0 ? first : second, index);
  }));
}

pairTest("of 64 creates of one userName one succeeds", async ({ clients }) => {
  const answers = await byTurns(
    clients,
    64,
    (client, index) => client.createUser(index % 3 === 0 ? "TWIN" : "twin"),
  );
  assert.deepEqual(statuses(answers), { 201: 1, 409: 63 });
  assert.equal(await clients[0].count('userName eq "twin"'), 1);
});

pairTest("of two users only one gets a name that both want", async (pair) => {
  const [first, second] = pair.clients;
  const ids = await first.users(2, "before");
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(
      [first, second].map((client, index) =>
        client.patch(`/Users/${ids[index]}`, {
          op: "replace",
          path: "userName",
          value: `wanted${round}`,
        })
      ),
    );
    assert.deepEqual(statuses(answers), { 200: 1, 409: 1 });
  }
});

pairTest("of many PATCHes of one user none is lost", async ({ clients }) => {
  const [client] = clients;
  const id = await client.user("hot");
  const answers = await byTurns(clients, 40, (client, index) => {
    const emails = [{ value: `e${index}@example.com` }];
    return client.patch(`/Users/${id}`, { op: "add", value: { emails } });
  });
  const { json } = await client.send("GET", `/Users/${id}`);
  const there = valuesOf(json["emails"]);
  for (const [index, { status }] of answers.entries()) {
    assert.ok([200, 409, 412, 503].includes(status), String(status));
    assert.equal(there.includes(`e${index}@example.com`), status === 200);
  }
  assert.ok(there.length > 0);
});

pairTest(
  "of the PATCHes with one version of a user only one is applied",
  async ({ clients }) => {
    const [client] = clients;
    const id = await client.user("versioned");
    const { headers } = await client.send("GET", `/Users/${id}`);
    const answers = await byTurns(clients, 16, (client, index) => {
      const Operations = [{ op: "add", path: "title", value: `t${index}` }];
      return client.send("PATCH", `/Users/${id}`, {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        Operations,
      }, { "If-Match": headers.get("ETag") ?? "" });
    });
    assert.deepEqual(statuses(answers), { 200: 1, 412: 15 });
  },
);

pairTest(
  "members added by both at once are all there, and nobody is sent back",
  async ({ clients }) => {
    const [client] = clients;
    const ids = await client.users(64, "member");
    const group = await client.group("team");
    const answers = await byTurns(
      clients,
      64,
      (client, index) =>
        client.patch(`/Groups/${group}`, adding(ids[index] ?? "")),
    );
    for (const { status } of answers) {
      assert.ok(status === 200 || status === 204);
    }
    assert.deepEqual(await client.membersOf(group), [...ids].sort());
  },
);

pairTest(
  "a member added by one while the other deletes it leaves nothing behind",
  async ({ clients: [first, second] }) => {
    const ids = await first.users(20, "leaving");
    const group = await first.group("team");
    await Promise.all(ids.flatMap((id) => [
      first.patch(`/Groups/${group}`, adding(id)),
      second.send("DELETE", `/Users/${id}`),
    ]));
    assert.deepEqual(await first.membersOf(group), []);
  },
);

pairTest(
  "members added to a group that the other deletes leave nothing behind",
  async ({ clients: [first, second] }) => {
    const ids = await first.users(20, "member");
    const group = await first.group("leaving", ids.slice(0, 10));
    const [deleted, ...added] = await Promise.all([
      second.send("DELETE", `/Groups/${group}`),
      ...ids.slice(10).map((id) => first.patch(`/Groups/${group}`, adding(id))),
    ]);
    assert.equal(deleted?.status, 204);
    for (const { status } of added) {
      assert.ok([200, 204, 404].includes(status), String(status));
    }
    for (const id of ids) {
      const { json } = await first.send("GET", `/Users/${id}`);
      assert.deepEqual(valuesOf(json["groups"]), []);
    }
  },
);

pairTest(
  "of two sets of members that both put, one is there as a whole",
  async ({ clients: [first, second] }) => {
    const ids = await first.users(600, "member");
    const sets = [ids.slice(0, 300), ids.slice(300)];
    const group = await first.group("team");
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        [first, second].map((client, index) =>
          client.send(
            "PUT",
            `/Groups/${group}`,
            groupOf("team", sets[index] ?? []),
          )
        ),
      );
      for (const { status } of answers) {
        assert.ok(status === 200 || status === 503, String(status));
      }
      const members = await second.membersOf(group);
      assert.ok(
        sets.some((set) => String([...set].sort()) === String(members)),
        `${members.length} members are there`,
      );
    }
  },
);

pairTest("a token revoked on one is dead on the other", async (pair) => {
  const [first, second] = pair.programs;
  const { id, token } = await first.issueToken();
  const look = async () => {
    const response = await fetch(`${second.origin}/api/scim/v2/Users?count=0`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await look(), 200);
  assert.equal((await first.admin("DELETE", `/tokens/${id}`)).status, 204);
  assert.equal(await look(), 401);
});

pairTest("a setting made on one is in force on the other", async (pair) => {
  const [first] = pair.programs;
  const [, client] = pair.clients;
  const create = () => client.send("POST", "/Groups", groupOf("same", []));
  assert.equal((await create()).status, 201);
  assert.equal((await create()).status, 409);
  const settings = { uniqueGroupNames: false };
  const { status } = await first.admin("PATCH", "/tenants/default", {
    settings,
  });
  assert.equal(status, 200);
  assert.equal((await create()).status, 201);
});

pairTest("a schema added on one is in force on the other", async (pair) => {
  const [first] = pair.programs;
  const [, client] = pair.clients;
  const urn = "urn:example:params:scim:schemas:extension:badge:2.0:User";
  const badge: JsonObject = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", urn],
    [urn]: { number: "1" },
  };
  const early = await client.createUser("early", badge);
  assert.equal(early.json[urn], undefined);
  const { status } = await first.admin("POST", "/schemas", {
    extends: "User",
    schema: {
      id: urn,
      name: "Badge",
      attributes: [{ name: "number", type: "string", uniqueness: "server" }],
    },
  });
  assert.equal(status, 201);
  assert.equal((await client.send("GET", `/Schemas/${urn}`)).status, 200);
  const { json } = await client.createUser("badged", badge);
  assert.deepEqual(json[urn], { number: "1" });
  assert.equal((await client.createUser("twice", badge)).status, 409);
});

pairTest("a walk by cursor goes on at the other", async ({ clients }) => {
  const [first, second] = clients;
  const ids = await first.users(5, "walk");
  const step = async (client: Client, cursor: string) => {
    const query = `?sortBy=userName&count=3&cursor=${cursor}`;
    const { status, json } = await client.send("GET", `/Users${query}`);
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  };
  const begun = await step(first, "");
  const ended = await step(second, String(begun["nextCursor"]));
  const found = [begun, ended].flatMap(({ Resources }) => {
    assert.ok(Array.isArray(Resources));
    return Resources.map((resource) => Object(resource).id);
  });
  assert.deepEqual(found, ids);
});

processTest(
  "two processes that start at once on an empty store have one admin secret",
  async () => {
    await using server = KvConnectServer.start();
    const { ADMIN_TOKEN: _, ...environment } = environmentOf(server);
    const running = await Promise.all([
      start(COMMAND, environment),
      start(COMMAND, environment),
    ]);
    try {
      const printed = running.map(({ output }) => printedSecret(output()))
        .filter((secret) => secret !== undefined);
      assert.equal(printed.length, 1);
      for (const { origin } of running) {
        const response = await fetch(`${origin}/admin/tokens`, {
          headers: { Authorization: `Bearer ${printed[0]}` },
        });
        await response.body?.cancel();
        assert.equal(response.status, 200);
      }
    } finally {
      for (const each of running) await each.stop();
    }
  },
);

pairTest(
  "what a killed process leaves behind is finished by one other after its lease",
  async ({ server, programs: [first, second], clients: [client, other] }) => {
    const ids = await client.users(5_000, "member");
    const before = ids.slice(0, 3);
    const group = await client.group("team", before);
    using kv = await openKv(server);
    const jobs = async () => (await keysOf(kv, JOB_PREFIX)).length;
    const edges = async () =>
      (await keysOf(kv, ["t", "default", "m", group])).length;

    const isUnderWay = async () => {
      const prefix = ["t", "default", "m", group];
      const limit = before.length + 1;
      return (await Array.fromAsync(kv.list({ prefix }, { limit }))).length ===
        limit;
    };
    // A pause between the steps, so that the end comes in the middle of them.
    server.faults.delay = 150;
    let now = Date.now();
    const cut = client.send("PUT", `/Groups/${group}`, groupOf("team", ids))
      .then(() => "answered", () => "cut off");
    await until(isUnderWay, "some members are written");
    await first.kill();
    assert.equal(await cut, "cut off");
    server.faults.delay = 0;
    assert.deepEqual(await other.membersOf(group), [...before].sort());
    const left = await jobs();
    assert.ok(left > 0, "the plan is there");

    // From here on the time is that of the test.
    await second.kill();
    const clock = () => new Date(now);
    const [a, b] = await Promise.all([
      Directory.open(kv, { clock }),
      Directory.open(kv, { clock }),
    ]);
    const resume = () =>
      Promise.all([a, b].map(({ services }) => services.jobs.resume(false)));
    assert.deepEqual(await resume(), [0, 0], "the lease is not over");
    assert.equal(await jobs(), left);

    now += 10 * JOB_LEASE;
    const [byA = 0, byB = 0] = await resume();
    await Promise.all([a, b].map(({ services }) => services.jobs.idle()));
    assert.equal(byA + byB, left, "each job was done by one of them");
    assert.equal(await jobs(), 0);
    assert.equal(await edges(), before.length);
    await using third = await Program.start(server);
    const later = client.at(third);
    const again = await later.send(
      "PUT",
      `/Groups/${group}`,
      groupOf("team", ids.slice(0, 500)),
    );
    assert.equal(again.status, 200);
    assert.equal((await later.membersOf(group)).length, 500);
  },
);

async function keysOf(kv: Deno.Kv, prefix: Deno.KvKey): Promise<Deno.KvKey[]> {
  const entries = kv.list({ prefix }, { batchSize: 500 });
  return (await Array.fromAsync(entries)).map(({ key }) => key);
}
