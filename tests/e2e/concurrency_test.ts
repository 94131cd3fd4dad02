/**
 * Clients that write the same thing at the same time, over the real server.
 * @module
 */

import assert from "node:assert/strict";
import { isJsonObject, type JsonObject } from "../../domain/json.ts";
import {
  type Answer,
  Client,
  issueToken,
  objectsIn,
} from "../faults/client.ts";
import { Server } from "../faults/server.ts";
import { checkStore, waitForJobs } from "../faults/store_check.ts";
import { processTest } from "./process.ts";

/** How many clients there are. */
const CLIENTS = 64;

/** How many times a race is run. */
const RACES = 20;

/** Attributes that clients change in parallel, each its own. */
const ATTRIBUTES = [
  "displayName",
  "nickName",
  "title",
  "userType",
  "preferredLanguage",
  "locale",
  "timezone",
  "externalId",
] as const;

/** A server with an empty store, which is checked at the end. */
function concurrencyTest(
  name: string,
  body: (client: Client) => Promise<void>,
): void {
  processTest(name, async () => {
    const folder = await Deno.makeTempDir();
    const kvPath = `${folder}/scim.db`;
    const server = await Server.start(kvPath);
    try {
      await body(new Client(server, await issueToken(server.origin)));
      await waitForJobs(kvPath);
      assert.deepEqual(await checkStore(kvPath), []);
    } finally {
      await server.end("SIGTERM");
      await Deno.remove(folder, { recursive: true });
    }
  });
}

function createUser(
  client: Client,
  userName: string,
): Promise<Answer | undefined> {
  return client.scim("POST", "/Users", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName,
  });
}

async function newUser(client: Client, userName: string): Promise<string> {
  const answer = await createUser(client, userName);
  assert.equal(answer?.status, 201);
  return String(answer.id);
}

async function newGroup(client: Client, displayName: string): Promise<string> {
  const answer = await client.scim("POST", "/Groups", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    displayName,
  });
  assert.equal(answer?.status, 201);
  return String(answer.id);
}

function patch(
  client: Client,
  path: string,
  operation: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer | undefined> {
  return client.scim("PATCH", path, {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    Operations: [operation],
  }, headers);
}

function addMember(
  client: Client,
  group: string,
  user: string,
): Promise<Answer | undefined> {
  return patch(client, `/Groups/${group}`, {
    op: "add",
    path: "members",
    value: [{ value: user }],
  });
}

/** The values of a multi-valued attribute. */
async function valuesOf(
  client: Client,
  path: string,
  attribute: string,
): Promise<string[]> {
  return objectsIn(await client.read(path), attribute)
    .map(({ value }) => String(value)).sort();
}

/** The entity tag of a resource. */
async function versionOf(client: Client, path: string): Promise<string> {
  const { meta } = await client.read(path);
  assert.ok(isJsonObject(meta) && typeof meta["version"] === "string");
  return meta["version"];
}

/** How often each status is among some answers. */
function statuses(
  answers: readonly (Answer | undefined)[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const status = String(answer?.status);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

concurrencyTest(
  "of 64 clients that create the same userName, one gets it and the others 409",
  async (client) => {
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, () => createUser(client, "everybody")),
    );
    assert.deepEqual(statuses(answers), { 201: 1, 409: CLIENTS - 1 });
    const list = await client.read("/Users");
    assert.equal(list["totalResults"], 1);
  },
);

concurrencyTest(
  "parallel PATCHes of different attributes of one user are all applied",
  async (client) => {
    const path = `/Users/${await newUser(client, "patched")}`;
    const answers = await Promise.all(
      ATTRIBUTES.map((attribute) =>
        patch(client, path, {
          op: "replace",
          path: attribute,
          value: `the ${attribute}`,
        })
      ),
    );
    assert.deepEqual(statuses(answers), { 200: ATTRIBUTES.length });
    const user = await client.read(path);
    for (const attribute of ATTRIBUTES) {
      assert.equal(user[attribute], `the ${attribute}`);
    }
  },
);

concurrencyTest(
  "of parallel PATCHes with the same If-Match one is applied, the others are 412",
  async (client) => {
    const path = `/Users/${await newUser(client, "matched")}`;
    const version = await versionOf(client, path);
    const answers = await Promise.all(
      ATTRIBUTES.map((attribute) =>
        patch(client, path, {
          op: "replace",
          path: attribute,
          value: `the ${attribute}`,
        }, { "If-Match": version })
      ),
    );
    assert.deepEqual(statuses(answers), { 200: 1, 412: ATTRIBUTES.length - 1 });
    const user = await client.read(path);
    const applied = ATTRIBUTES.filter((name) => user[name] !== undefined);
    const acknowledged = ATTRIBUTES.filter((_, index) =>
      answers[index]?.status === 200
    );
    assert.deepEqual(applied, acknowledged);
  },
);

concurrencyTest(
  "clients that read and write with If-Match until it works lose no update",
  async (client) => {
    const path = `/Users/${await newUser(client, "repeated")}`;
    const addresses = Array.from({ length: 16 }, (_, i) => `a${i}@example.com`);
    await Promise.all(addresses.map(async (address) => {
      for (;;) {
        const user = await client.read(path);
        const { meta } = user;
        const answer = await patch(client, path, {
          op: "replace",
          path: "emails",
          value: [...objectsIn(user, "emails"), { value: address }],
        }, {
          "If-Match": isJsonObject(meta) ? String(meta["version"]) : "",
        });
        if (answer?.status === 200) return;
        assert.equal(answer?.status, 412);
      }
    }));
    assert.deepEqual(
      await valuesOf(client, path, "emails"),
      addresses.toSorted(),
    );
  },
);

concurrencyTest(
  "64 parallel PATCHes that add one member each to one group are all applied",
  async (client) => {
    const group = await newGroup(client, "joined");
    const users = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => newUser(client, `joins-${i}`)),
    );
    const answers = await Promise.all(
      users.map((user) => addMember(client, group, user)),
    );
    assert.deepEqual(statuses(answers), { 204: CLIENTS });
    assert.deepEqual(
      await valuesOf(client, `/Groups/${group}`, "members"),
      users.toSorted(),
    );
  },
);

concurrencyTest(
  "a user who is deleted while it becomes a member is no member afterwards",
  async (client) => {
    const group = await newGroup(client, "left");
    for (let i = 0; i < RACES; i++) {
      const user = await newUser(client, `goes-${i}`);
      const [added, deleted] = await Promise.all([
        addMember(client, group, user),
        client.scim("DELETE", `/Users/${user}`),
      ]);
      assert.equal(deleted?.status, 204);
      assert.ok([204, 400].includes(added?.status ?? 0), Deno.inspect(added));
      assert.deepEqual(
        await valuesOf(client, `/Groups/${group}`, "members"),
        [],
      );
    }
  },
);

concurrencyTest(
  "a group that is deleted while a user becomes its member is none of its groups",
  async (client) => {
    const user = await newUser(client, "stays");
    for (let i = 0; i < RACES; i++) {
      const group = await newGroup(client, `goes-${i}`);
      const [added, deleted] = await Promise.all([
        addMember(client, group, user),
        client.scim("DELETE", `/Groups/${group}`),
      ]);
      assert.equal(deleted?.status, 204);
      assert.ok([204, 404].includes(added?.status ?? 0), Deno.inspect(added));
      assert.deepEqual(await valuesOf(client, `/Users/${user}`, "groups"), []);
    }
  },
);

concurrencyTest(
  "a group that is deleted while many users become its members leaves no edge",
  async (client) => {
    const users = await Promise.all(
      Array.from({ length: 20 }, (_, i) => newUser(client, `many-${i}`)),
    );
    for (let i = 0; i < RACES; i++) {
      const group = await newGroup(client, `crowd-${i}`);
      const [deleted, ...added] = await Promise.all([
        client.scim("DELETE", `/Groups/${group}`),
        ...users.map((user) => addMember(client, group, user)),
      ]);
      assert.equal(deleted?.status, 204);
      for (const answer of added) {
        assert.ok(
          [204, 404].includes(answer?.status ?? 0),
          Deno.inspect(answer),
        );
      }
    }
    for (const user of users) {
      assert.deepEqual(await valuesOf(client, `/Users/${user}`, "groups"), []);
    }
  },
);
