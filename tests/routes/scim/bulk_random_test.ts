// Random bulk requests. A failure tells its seed.

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  BASE,
  type Client,
  group,
  object,
  objects,
  TestServer,
  text,
  URN,
  user,
  values,
} from "../harness.ts";

const REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/** How often each property is tried. */
const RUNS = 40;

/** A random operation; numbers choose names and what it refers to. */
interface Step {
  readonly kind: "user" | "group" | "rename" | "members" | "delete" | "wrong";
  readonly name: number;
  /** The indexes of operations. */
  readonly targets: readonly number[];
}

const KINDS: readonly Step["kind"][] = [
  "user",
  "user",
  "user",
  "group",
  "group",
  "group",
  "rename",
  "members",
  "delete",
  "wrong",
];

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom(...KINDS),
    name: fc.nat(5),
    targets: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 10 },
);

const failOnErrors = fc.option(fc.integer({ min: 1, max: 3 }), {
  nil: undefined,
});

/** The members of a group, or the manager of a user, by the targets of a step. */
function linked({ kind, name, targets }: Step): readonly number[] {
  if (kind === "user") return name % 2 === 0 ? [] : targets.slice(0, 1);
  return kind === "group" && name % 3 > 0 ? targets : [];
}

/** An operation; `reference` makes the text for the id of a creation. */
function operationOf(
  step: Step,
  index: number,
  reference: (target: number) => string,
): JsonObject {
  const { kind, name, targets: [first = 0, ...others] } = step;
  const bulkId = String(index);
  const links = linked(step).map((target) => ({ value: reference(target) }));
  const post = (path: string, data: JsonObject): JsonObject => ({
    method: "POST",
    path,
    bulkId,
    data,
  });
  const patch = (path: string, operation: JsonObject): JsonObject => ({
    method: "PATCH",
    path,
    bulkId,
    data: { schemas: [URN.patch], Operations: [operation] },
  });
  switch (kind) {
    case "user": {
      const [manager] = links;
      return post("/Users", {
        ...user(`user${name}`),
        schemas: [URN.user, URN.enterprise],
        ...(manager === undefined ? {} : { [URN.enterprise]: { manager } }),
      });
    }
    case "group":
      return post("/Groups", { ...group(`group${name}`), members: links });
    case "rename":
      return patch(`/Users/${reference(first)}`, {
        op: "replace",
        path: "userName",
        value: `user${name}`,
      });
    case "members":
      return patch(`/Groups/${reference(first)}`, {
        op: name % 2 === 0 ? "add" : "replace",
        path: "members",
        value: others.map((target) => ({ value: reference(target) })),
      });
    case "delete": {
      const endpoint = name % 2 === 0 ? "Users" : "Groups";
      const path = `/${endpoint}/${reference(first)}`;
      return { method: "DELETE", path, bulkId };
    }
    case "wrong":
      return post("/Users", { schemas: [URN.user], userName: 5 });
  }
}

function creates({ kind }: Step): boolean {
  return kind === "user" || kind === "group" || kind === "wrong";
}

/** What is known of the answer to one operation. */
interface Result {
  readonly status: string;
  readonly location: JsonValue;
  readonly error: JsonValue;
}

async function bulk(
  client: Client,
  operations: readonly JsonObject[],
  failOnErrors: number | undefined,
): Promise<JsonObject[]> {
  const answer = await client.post("/Bulk", {
    schemas: [REQUEST],
    Operations: [...operations],
    ...(failOnErrors === undefined ? {} : { failOnErrors }),
  });
  strictEqual(answer.status, 200, answer.text);
  return objects(answer.json["Operations"]);
}

/** All resources, without their versions, which differ from store to store. */
async function resourcesOf(client: Client): Promise<JsonObject[]> {
  const { json } = await client.get("/?count=1000");
  return objects(json["Resources"]).map((resource) => {
    const meta = { ...object(resource["meta"]) };
    delete meta["version"];
    return { ...resource, meta };
  });
}

/** A server whose ids are a sequence, with a user and a group. */
async function start() {
  let count = 0;
  const server = await TestServer.start({
    newId: () => `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`,
  });
  const client = await server.client();
  const fixed = [
    (await client.user("user0")).id,
    (await client.group("group0")).id,
  ];
  return { server, client, fixed };
}

/** The operations as single requests, one after another. */
async function oneByOne(
  client: Client,
  operations: readonly Step[],
  failOnErrors: number,
  otherwise: (target: number) => string,
): Promise<Result[]> {
  const ids = new Map<number, string>();
  const results: Result[] = [];
  let errors = 0;
  for (const [index, step] of operations.entries()) {
    if (errors >= failOnErrors) break;
    const missing: number[] = [];
    const { method, path, data } = operationOf(step, index, (target) => {
      const created = operations[target];
      if (created === undefined || target >= index || !creates(created)) {
        return otherwise(target);
      }
      if (!ids.has(target)) missing.push(target);
      return ids.get(target) ?? `bulkId:${target}`;
    });
    const place = method === "POST" ? null : `${BASE}${path}`;
    if (missing.length > 0) {
      errors++;
      const detail = `"bulkId:${
        missing[0]
      }" was not created: its operation failed`;
      const error = { schemas: [URN.error], status: "409", detail };
      results.push({ status: "409", location: place, error });
      continue;
    }
    const answer = await client.send(text(path), {
      method: text(method),
      ...(data === undefined ? {} : { body: data }),
    });
    const failed = answer.status >= 400;
    if (failed) errors++;
    else if (method === "POST") ids.set(index, text(answer.json["id"]));
    results.push({
      status: String(answer.status),
      location: answer.headers.get("Location") ?? place,
      error: failed ? answer.json : null,
    });
  }
  return results;
}

Deno.test("44-3.7-17 Without references to later operations, operations do what single requests do one after another", async () => {
  await fc.assert(
    fc.asyncProperty(steps, failOnErrors, async (operations, stopAfter) => {
      const [single, many] = [await start(), await start()];
      await using _single = single.server;
      await using _many = many.server;
      const otherwise = (target: number) => single.fixed[target % 2] ?? "";
      const expected = await oneByOne(
        single.client,
        operations,
        stopAfter ?? Infinity,
        otherwise,
      );
      const results = await bulk(
        many.client,
        operations.map((step, index) =>
          operationOf(step, index, (target) => {
            const created = operations[target];
            return created === undefined || target >= index || !creates(created)
              ? otherwise(target)
              : `bulkId:${target}`;
          })
        ),
        stopAfter,
      );
      deepStrictEqual(
        results.map(({ status, location, response }) => ({
          status,
          location: location ?? null,
          error: response ?? null,
        })),
        expected,
      );
      deepStrictEqual(
        await resourcesOf(many.client),
        await resourcesOf(single.client),
      );
    }),
    { numRuns: RUNS },
  );
});

Deno.test("44-3.7-18 44-3.7-21 Whatever refers to whatever, nothing is left unlinked, unanswered or behind", async () => {
  await fc.assert(
    fc.asyncProperty(steps, failOnErrors, async (operations, stopAfter) => {
      await using server = await TestServer.start();
      const client = await server.client();
      const results = await bulk(
        client,
        operations.map((step, index) =>
          operationOf(step, index, (target) => `bulkId:${target}`)
        ),
        stopAfter,
      );
      // Each operation is answered once, in order; all of them, if nothing stops.
      const answered = results.map(({ bulkId }) => Number(bulkId));
      deepStrictEqual(answered, [...new Set(answered)].sort((a, b) => a - b));
      const succeeded = new Map<number, string>();
      for (const { bulkId, status, location } of results) {
        if (Number(status) >= 400) continue;
        succeeded.set(Number(bulkId), text(location).split("/").at(-1) ?? "");
      }
      const errors = results.length - succeeded.size;
      if (errors < (stopAfter ?? Infinity)) {
        strictEqual(results.length, operations.length);
      }
      // Members come and go by other operations.
      const changed = new Set<string>();
      const deleted = new Set<string>();
      for (const [index, id] of succeeded) {
        const step = operations[index];
        if (step?.kind === "members") changed.add(id);
        if (step?.kind === "delete") deleted.add(id);
      }
      // There is what was created, linked as it was sent, and nothing else.
      const resources = new Map(
        (await resourcesOf(client)).map((resource) => [
          text(resource["id"]),
          resource,
        ]),
      );
      const created = [...succeeded].filter(([index]) => {
        const step = operations[index];
        return step !== undefined && creates(step);
      });
      deepStrictEqual(
        [...resources.keys()].sort(),
        created.map(([, id]) => id).filter((id) => !deleted.has(id)).sort(),
      );
      for (const [index, id] of created) {
        const step = operations[index];
        const resource = resources.get(id);
        if (step === undefined || resource === undefined) continue;
        const targets = linked(step).map((target) => succeeded.get(target));
        ok(targets.every((target) => target !== undefined), `${index}`);
        if (step.kind === "user") {
          const { manager } = object(resource[URN.enterprise] ?? {});
          deepStrictEqual(
            manager === undefined ? [] : [object(manager)["value"]],
            targets,
          );
        } else if (!changed.has(id)) {
          deepStrictEqual(
            values(resource["members"]).sort(),
            targets.filter((target) => !deleted.has(target ?? "")).sort(),
          );
        }
      }
      ok((await server.dump()).every((line) => !line.includes("bulkId:")));
    }),
    { numRuns: RUNS },
  );
});
