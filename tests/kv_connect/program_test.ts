/**
 * The real program on a KV Connect server: that it works, and what it does when
 * the KV server does not.
 * @module
 */

import assert from "node:assert/strict";
import { processTest, run } from "../e2e/process.ts";
import {
  adding,
  type Answer,
  checkStore,
  COMMAND,
  environmentOf,
  finishJobs,
  groupOf,
  Program,
  statuses,
  until,
  URN,
  valuesOf,
} from "./fixture.ts";
import { KvConnectServer } from "./server.ts";

/** Longer than any answer may take that the KV server does not give, in milliseconds. */
const ANSWER_WITHIN = 20_000;

processTest("users are created, found, changed and deleted", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  const ids = await client.users(12, "worker");
  const [first = "", second = ""] = ids;

  const emails = [{ value: "first@example.com", type: "work" }];
  const changed = await client.patch(`/Users/${first}`, {
    op: "add",
    value: { emails, active: false },
  });
  assert.equal(changed.status, 200);
  assert.deepEqual(changed.json["emails"], emails);
  assert.equal(
    await client.count('emails[type eq "work"].value eq "FIRST@example.com"'),
    1,
  );
  assert.equal(await client.count('userName sw "worker1"'), 3);

  assert.equal((await client.send("DELETE", `/Users/${second}`)).status, 204);
  assert.equal((await client.send("GET", `/Users/${second}`)).status, 404);
  assert.equal(await client.count('userName eq "worker1"'), 0);
  await checkStore(server);
});

processTest("pages by index and by cursor meet every user once", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  const ids = (await client.users(23, "reader")).sort();

  const byIndex: string[] = [];
  for (let startIndex = 1; startIndex <= 23; startIndex += 10) {
    const { json } = await client.send(
      "GET",
      `/Users?startIndex=${startIndex}&count=10`,
    );
    assert.equal(json["totalResults"], 23);
    byIndex.push(...idsOf(json["Resources"]));
  }
  assert.deepEqual(byIndex.sort(), ids);

  const byCursor: string[] = [];
  let cursor: unknown = "";
  do {
    const { json } = await client.send(
      "GET",
      `/Users?count=10&sortBy=userName&cursor=${String(cursor)}`,
    );
    byCursor.push(...idsOf(json["Resources"]));
    cursor = json["nextCursor"];
  } while (cursor !== undefined);
  assert.deepEqual(byCursor.sort(), ids);
});

processTest("a group has 1,000 members, changes them, and goes", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  const ids = await client.users(1_000, "member");
  const group = await client.group("everybody", ids);
  assert.deepEqual(await client.membersOf(group), [...ids].sort());

  const one = await client.user("one-more");
  await client.patch(`/Groups/${group}`, adding(one));
  const { json } = await client.send("GET", `/Users/${one}`);
  assert.deepEqual(valuesOf(json["groups"]), [group]);

  const half = ids.slice(0, 500);
  const replaced = await client.send(
    "PUT",
    `/Groups/${group}`,
    groupOf("everybody", half),
  );
  assert.equal(replaced.status, 200);
  assert.deepEqual(await client.membersOf(group), [...half].sort());

  assert.equal((await client.send("DELETE", `/Groups/${group}`)).status, 204);
  const [member] = half;
  const left = await client.send("GET", `/Users/${member}`);
  assert.deepEqual(valuesOf(left.json["groups"]), []);
  await checkStore(server);
});

processTest("a bulk request creates users and their group", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  const users = Array.from({ length: 20 }, (_, i) => ({
    method: "POST",
    path: "/Users",
    bulkId: `u${i}`,
    data: { schemas: [URN.user], userName: `bulk${i}` },
  }));
  const { status, json } = await client.send("POST", "/Bulk", {
    schemas: [URN.bulk],
    Operations: [{
      method: "POST",
      path: "/Groups",
      bulkId: "g",
      data: groupOf("bulk", users.map(({ bulkId }) => `bulkId:${bulkId}`)),
    }, ...users],
  });
  assert.equal(status, 200);
  assert.ok(Array.isArray(json["Operations"]));
  assert.equal(json["Operations"].length, 21);
  const { json: found } = await client.send("GET", "/Groups");
  assert.ok(Array.isArray(found["Resources"]));
  const [group] = idsOf(found["Resources"]);
  assert.equal((await client.membersOf(String(group))).length, 20);
  await checkStore(server);
});

processTest(
  "without the KV server requests are 503 with Retry-After, and work again after",
  async () => {
    await using server = KvConnectServer.start();
    await using program = await Program.start(server);
    const client = await program.client();
    const id = await client.user("there");
    const group = await client.group("team");
    const before = Date.now();
    await server.stop();
    const answers = await Promise.all([
      client.send("GET", `/Users/${id}`),
      client.createUser("new"),
      client.patch(`/Groups/${group}`, adding(id)),
      client.send("GET", "/Users?count=5"),
      client.send("DELETE", `/Users/${id}`),
      program.admin("GET", "/tokens"),
    ]);
    assert.deepEqual(statuses(answers), { 503: 6 });
    for (const { headers } of answers) {
      assert.match(headers.get("Retry-After") ?? "", /^\d+$/);
    }
    assert.ok(Date.now() - before < ANSWER_WITHIN);
    assert.equal(await program.readiness(), 503);

    server.listen();
    await until(async () => await program.readiness() === 200, "it is ready");
    assert.equal((await client.send("GET", `/Users/${id}`)).status, 200);
    assert.equal((await client.createUser("newer")).status, 201);
    await checkStore(server);
  },
);

processTest(
  "writes that a lost KV server cuts off are whole or absent",
  async () => {
    await using server = KvConnectServer.start();
    await using program = await Program.start(server);
    const client = await program.client();
    const before = await client.users(8, "before");
    const group = await client.group("team");
    const names = Array.from({ length: 48 }, (_, i) => `cut${i}`);
    const writes: Promise<Answer>[] = names.map((name) =>
      client.createUser(name)
    );
    writes.push(
      ...before.map((id) => client.patch(`/Groups/${group}`, adding(id))),
    );
    // Some are done then, some under way, some not begun.
    await Promise.race(writes);
    await server.stop();
    const answers = await Promise.all(writes);
    for (const { status } of answers) {
      assert.ok([200, 201, 204, 503].includes(status), String(status));
    }
    server.listen();
    await until(async () => await program.readiness() === 200, "it is ready");
    for (const [index, name] of names.entries()) {
      const count = await client.count(`userName eq "${name}"`);
      if (answers[index]?.status === 201) assert.equal(count, 1, name);
    }
    const members = await client.membersOf(group);
    for (const [index, id] of before.entries()) {
      const { status } = answers[names.length + index] ?? {};
      if (status !== 503) assert.ok(members.includes(id));
    }
    await finishJobs(server);
    await checkStore(server);
  },
);

processTest(
  "a signal ends the program without the KV server, too",
  async () => {
    await using server = KvConnectServer.start();
    await using program = await Program.start(server);
    const client = await program.client();
    await server.stop();
    const before = Date.now();
    const [answer] = await Promise.all([
      // It is under way when the signal comes, or comes too late.
      client.send("GET", "/Users").catch(() => undefined),
      program.stop(),
    ]);
    assert.ok(answer === undefined || answer.status === 503);
    assert.ok(Date.now() - before < ANSWER_WITHIN);
  },
);

processTest("a slow KV server makes answers slow, not wrong", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  server.faults.delay = 300;
  const [a = "", b = "", again] = await Promise.all([
    client.user("slow-a"),
    client.user("slow-b"),
    client.createUser("slow-c").then(() => client.createUser("SLOW-C")),
  ]);
  assert.equal(again.status, 409);
  const group = await client.group("slow", [a]);
  await Promise.all([
    client.patch(`/Groups/${group}`, adding(b)),
    client.patch(`/Users/${a}`, { op: "replace", path: "title", value: "Dr" }),
  ]);
  assert.deepEqual(await client.membersOf(group), [a, b].sort());
  assert.equal(await client.count('title eq "Dr"'), 1);
  server.faults.delay = 0;
  await checkStore(server);
});

processTest("answers 500 of the KV server become 503", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  server.faults.status = 500;
  const answer = await client.createUser("nobody");
  assert.equal(answer.status, 503);
  assert.match(answer.headers.get("Retry-After") ?? "", /^\d+$/);
  server.faults.status = undefined;
  await until(async () => await program.readiness() === 200, "it is ready");
  assert.equal((await client.createUser("somebody")).status, 201);
  await checkStore(server);
});

processTest("a read whose answer is lost is made again", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  const id = await client.user("read");
  server.faults.lostReads = 3;
  assert.equal((await client.send("GET", `/Users/${id}`)).status, 200);
});

processTest("a commit whose answer is lost is not made twice", async () => {
  await using server = KvConnectServer.start();
  await using program = await Program.start(server);
  const client = await program.client();
  const id = await client.user("member");
  const group = await client.group("team");
  for (let i = 0; i < 5; i++) {
    server.faults.lostCommits = 1;
    const { status } = await client.createUser(`lost${i}`);
    // The commit that Deno repeats finds that the first one has been here.
    assert.equal(status, 201);
    assert.equal(await client.count(`userName eq "lost${i}"`), 1);
  }
  server.faults.lostCommits = 1;
  const added = await client.patch(`/Groups/${group}`, adding(id));
  assert.ok(added.status === 200 || added.status === 204);
  assert.deepEqual(await client.membersOf(group), [id]);
  server.faults.lostCommits = 1;
  const gone = await client.send("DELETE", `/Users/${id}`);
  assert.ok(gone.status === 204 || gone.status === 404, String(gone.status));
  await finishJobs(server);
  assert.deepEqual(await client.membersOf(group), []);
  await checkStore(server);
});

processTest(
  "a KV server that takes the token back makes requests 503",
  async () => {
    await using server = KvConnectServer.start();
    await using program = await Program.start(server);
    const client = await program.client();
    const { accessToken } = server;
    server.accessToken = "another one";
    const answer = await client.createUser("nobody");
    assert.equal(answer.status, 503);
    assert.match(answer.headers.get("Retry-After") ?? "", /^\d+$/);
    server.accessToken = accessToken;
    await until(async () => await program.readiness() === 200, "it is ready");
    assert.equal((await client.createUser("somebody")).status, 201);
  },
);

processTest(
  "a wrong access token stops the start, and it says so",
  async () => {
    await using server = KvConnectServer.start();
    const { code, output } = await run(COMMAND, {
      ...environmentOf(server),
      DENO_KV_ACCESS_TOKEN: "wrong",
    });
    assert.equal(code, 1);
    assert.match(output, /Cannot start: .*401 Unauthorized.*access token/);
  },
);

processTest("without a KV server the start stops, and says so", async () => {
  const server = KvConnectServer.start();
  await server.stop();
  const { code, output } = await run(COMMAND, environmentOf(server));
  assert.equal(code, 1);
  assert.match(output, /Cannot start: .*failed to connect to 'http:/);
  assert.ok(output.includes(server.url()));
});

processTest(
  "a KV server that never answers does not hold the start up for ever",
  async () => {
    await using server = KvConnectServer.start();
    server.faults.delay = 120_000;
    const { code, output } = await run(COMMAND, environmentOf(server));
    assert.equal(code, 1);
    assert.match(output, /Cannot start: .*does not answer/);
    assert.ok(output.includes(server.url()));
  },
);

function idsOf(resources: unknown): string[] {
  assert.ok(Array.isArray(resources));
  return resources.map(({ id }) => String(id));
}
