// RFC 7644 section 3.7, beyond what tests/routes/scim/bulk_test.ts shows.

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  BASE,
  type Client,
  group,
  isList,
  isScimError,
  object,
  objects,
  text,
  URN,
  user,
  values,
  withClient,
} from "../../routes/harness.ts";

const REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
const RFC = { profile: "rfc" } as const;

/** The results of operations; the request as a whole has to be processed. */
async function bulk(
  client: Client,
  ...operations: JsonObject[]
): Promise<JsonObject[]> {
  const body = { schemas: [REQUEST], Operations: operations };
  const answer = await client.post("/Bulk", body);
  strictEqual(answer.status, 200, answer.text);
  const { schemas, Operations, ...others } = answer.json;
  deepStrictEqual([schemas, others], [[RESPONSE], {}]);
  return objects(Operations);
}

function statuses(results: readonly JsonObject[]): string {
  return results.map(({ status }) => text(status)).join(" ");
}

function create(bulkId: string, data: JsonObject): JsonObject {
  const path = Object.hasOwn(data, "userName") ? "/Users" : "/Groups";
  return { method: "POST", path, bulkId, data };
}

function patch(path: string, operation: JsonObject): JsonObject {
  const data = { schemas: [URN.patch], Operations: [operation] };
  return { method: "PATCH", path, data };
}

function idOf(result: JsonObject | undefined): string {
  return text(result?.["location"]).split("/").at(-1) ?? "";
}

const NOBODY = { method: "DELETE", path: "/Users/nobody" };

Deno.test(
  "44-3.7-1 44-3.7-25 Bulk is announced with its limits, and POST /Bulk is there",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    deepStrictEqual(json["bulk"], {
      supported: true,
      maxOperations: 1_000,
      maxPayloadSize: 1_048_576,
    });
    deepStrictEqual(await bulk(client), []);
  }),
);

for (const schemas of [[], [RESPONSE], [URN.patch], ["BulkRequest"], REQUEST]) {
  Deno.test(
    `44-3.7-2 A bulk request with schemas ${
      JSON.stringify(schemas)
    } is 400 invalidSyntax`,
    withClient(async (client) => {
      const body = { schemas, Operations: [create("a", user("ada"))] };
      isScimError(await client.post("/Bulk", body), 400, "invalidSyntax");
      isList(await client.get("/Users"), { total: 0 });
    }, RFC),
  );
}

for (
  const [method, expected] of [
    ["POST", "201"],
    ["post", "201"],
    ["Post", "201"],
    ["GET", "400"],
    ["HEAD", "400"],
    ["", "400"],
    [null, "400"],
    [["POST"], "400"],
  ] as const
) {
  Deno.test(
    `44-3.7-4 An operation with the method ${
      JSON.stringify(method)
    } is ${expected}`,
    withClient(async (client) => {
      const operation = {
        ...create("a", user("ada")),
        method: typeof method === "object" && method !== null
          ? [...method]
          : method,
      };
      const results = await bulk(client, operation);
      strictEqual(statuses(results), expected);
      const total = expected === "201" ? 1 : 0;
      isList(await client.get("/Users"), { total });
      if (total === 1) return strictEqual(results[0]?.["method"], "POST");
      const { scimType } = object(results[0]?.["response"]);
      strictEqual(scimType, "invalidSyntax");
    }, RFC),
  );
}

Deno.test(
  "44-3.7-7 An operation reaches no discovery, no /Me and no other path of the server",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const me = await client.server.client({ userId: id });
    const paths = ["/Me", "/Schemas/x", "/../../../admin/tokens", "/../Users"];
    for (const path of paths) {
      const results = await bulk(
        me,
        { method: "PUT", path, data: user("eve") },
        { method: "DELETE", path },
      );
      ok(["404 404", "405 405"].includes(statuses(results)), path);
    }
    deepStrictEqual(await client.names("/Users"), ["ada"]);
  }),
);

Deno.test(
  "44-3.7-9 The location is that of the resource, which can be read there",
  withClient(async (client) => {
    const { id, location } = await client.user("ada");
    const [created, ...changed] = await bulk(
      client,
      create("b", user("bob")),
      { method: "PUT", path: `/Users/${id}`, data: user("ada2") },
      patch(`/Users/${id}`, { op: "add", path: "title", value: "x" }),
    );
    deepStrictEqual(changed.map((result) => result["location"]), [
      location,
      location,
    ]);
    const read = await client.send(text(created?.["location"]));
    strictEqual(read.json["userName"], "bob");
  }, RFC),
);

Deno.test(
  "44-3.7-12 A job of which every operation fails is HTTP 200",
  withClient(async (client) => {
    const results = await bulk(
      client,
      NOBODY,
      create("a", { schemas: [URN.user], userName: 5 }),
      { method: "GET", path: "/Users" },
    );
    strictEqual(statuses(results), "404 400 400");
  }, RFC),
);

Deno.test(
  "44-3.7-12 A job that cannot be processed is an HTTP error, and nothing happens",
  withClient(async (client) => {
    const operation = create("a", user("ada"));
    const body = JSON.stringify({
      schemas: [REQUEST],
      Operations: [operation],
    });
    const send = (body: string, type = "application/scim+json") =>
      client.send("/Bulk", {
        method: "POST",
        body,
        headers: { "Content-Type": type },
      });
    isScimError(await send(body.slice(0, -1)), 400, "invalidSyntax");
    isScimError(await send(`[${body}]`), 400, "invalidSyntax");
    isScimError(await send(body, "text/plain"), 415);
    isScimError(await send(body.padEnd(1_048_577)), 413);
    const anonymous = { method: "POST", body, token: null };
    isScimError(await client.send("/Bulk", anonymous), 401);
    isList(await client.get("/Users"), { total: 0 });
  }),
);

Deno.test(
  "44-3.7-16 44-3.7-17 A creation goes before its turn when an operation before it refers to it",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const title = (value: string) =>
      patch(`/Users/${id}`, { op: "replace", path: "title", value });
    const results = await bulk(
      client,
      title("first"),
      create("g", group("crew", ["bulkId:late"])),
      title("second"),
      create("late", user("late")),
      title("third"),
    );
    strictEqual(statuses(results), "200 201 200 201 200");
    deepStrictEqual(results.map(({ bulkId }) => bulkId), [
      undefined,
      "g",
      undefined,
      "late",
      undefined,
    ]);
    strictEqual((await client.get(`/Users/${id}`)).json["title"], "third");
    const { json } = await client.get(`/Groups/${idOf(results[1])}`);
    deepStrictEqual(values(json["members"]), [idOf(results[3])]);
  }, RFC),
);

Deno.test(
  "44-3.7-17 Operations without references are carried out in their order",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const results = await bulk(
      client,
      create("early", user("ADA")),
      { method: "DELETE", path: `/Users/${id}` },
      create("late", user("Ada")),
      { method: "PUT", path: `/Users/${id}`, data: user("ada") },
    );
    strictEqual(statuses(results), "409 204 201 404");
    deepStrictEqual(await client.names("/Users"), ["Ada"]);
  }, RFC),
);

/** Operations before the creation of `new`, which has the name of `ada`. */
const EARLY: readonly (readonly [string, (crew: string) => JsonObject])[] = [
  ["POST", () => create("g", group("new crew", ["bulkId:new"]))],
  ["PUT", (crew) => ({
    method: "PUT",
    path: `/Groups/${crew}`,
    data: group("crew", ["bulkId:new"]),
  })],
  ["PATCH", (crew) =>
    patch(`/Groups/${crew}`, {
      op: "add",
      path: "members",
      value: [{ value: "bulkId:new" }],
    })],
];

for (const [method, refer] of EARLY) {
  Deno.test(
    `44-3.7-17 What a ${method} refers to finds the room that a deletion before it makes`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const crew = await client.group("crew");
      const results = await bulk(
        client,
        refer(crew.id),
        { method: "DELETE", path: `/Users/${ada.id}` },
        create("new", user("ADA")),
      );
      const first = { POST: "201", PUT: "200", PATCH: "204" }[method];
      strictEqual(statuses(results), `${first} 204 201`);
      const { json } = await client.send(text(results[0]?.["location"]));
      deepStrictEqual(values(json["members"]), [idOf(results[2])]);
      deepStrictEqual(await client.names("/Users"), ["ADA"]);
    }, RFC),
  );
}

Deno.test(
  "44-3.7-17 Groups in a circle wait for the room that one of them needs",
  withClient(async (client) => {
    const { id } = await client.group("B");
    const results = await bulk(
      client,
      create("a", group("A", ["bulkId:b"])),
      { method: "DELETE", path: `/Groups/${id}` },
      create("b", group("B", ["bulkId:a"])),
    );
    strictEqual(statuses(results), "201 204 201");
    for (const [index, other] of [[0, 2], [2, 0]] as const) {
      const { json } = await client.send(text(results[index]?.["location"]));
      deepStrictEqual(values(json["members"]), [idOf(results[other])]);
    }
  }, RFC),
);

Deno.test(
  "44-3.7-14 What still waits when failOnErrors is reached is neither done nor answered",
  withClient(async (client) => {
    await client.user("ada");
    const answer = await client.post("/Bulk", {
      schemas: [REQUEST],
      failOnErrors: 1,
      Operations: [
        create("g", group("crew", ["bulkId:h", "bulkId:new"])),
        create("h", group("staff", ["bulkId:g"])),
        NOBODY,
        create("new", user("ada")),
      ],
    });
    const results = objects(answer.json["Operations"]);
    strictEqual(results.at(-1)?.["status"], "404", answer.text);
    ok(results.every(({ status }) => status !== "201"));
    isList(await client.get("/Groups"), { total: 0 });
    isList(await client.get("/Users"), { total: 1 });
  }, RFC),
);

Deno.test(
  "44-3.7-19 What is stored and answered holds the new id and no bulkId",
  withClient(async (client) => {
    const results = await bulk(
      client,
      create("outer", group("outer", ["bulkId:inner", "bulkId:ada"])),
      create("inner", group("inner", ["bulkId:ada"])),
      create("ada", user("ada")),
    );
    const [outer = "", inner = "", ada = ""] = results.map(idOf);
    const { json } = await client.get(`/Groups/${outer}`);
    deepStrictEqual(values(json["members"]).sort(), [ada, inner].sort());
    const lines = [...await client.server.dump(), JSON.stringify(json)];
    ok(lines.every((line) => !line.includes("bulkId:")));
  }, RFC),
);

for (const method of ["PUT", "PATCH"] as const) {
  Deno.test(
    `44-3.7-20 A reference in an extension is replaced in a ${method}`,
    withClient(async (client) => {
      const { id } = await client.user("ada");
      const path = `/Users/${id}`;
      const manager = { value: "bulkId:boss" };
      const results = await bulk(
        client,
        method === "PATCH"
          ? patch(path, {
            op: "add",
            path: `${URN.enterprise}:manager`,
            value: manager,
          })
          : {
            method,
            path,
            data: user("ada", {
              schemas: [URN.user, URN.enterprise],
              [URN.enterprise]: { manager },
            }),
          },
        create("boss", user("boss")),
      );
      strictEqual(statuses(results), "200 201");
      const { json } = await client.get(path);
      const shown = object(object(json[URN.enterprise])["manager"]);
      strictEqual(shown["value"], idOf(results[1]));
      strictEqual(shown["$ref"], results[1]?.["location"]);
    }, RFC),
  );
}

Deno.test(
  "44-3.7-23 44-3.7-24 Every operation has its result, in order, and each failure its reason",
  withClient(async (client) => {
    const results = await bulk(
      client,
      create("a", user("ada")),
      create("b", user("ada")),
      { method: "POST", path: "/Nope", bulkId: "c", data: {} },
      { method: "GET", path: "/Users", bulkId: "d" },
      { ...NOBODY, bulkId: "e" },
      { ...create("f", user("eve")), method: "DELETE", path: "/Users" },
      create("g", group("crew", ["bulkId:b"])),
      create("h", user("eve")),
    );
    strictEqual(results.map(({ bulkId }) => bulkId).join(""), "abcdefgh");
    strictEqual(statuses(results), "201 409 404 400 404 405 409 201");
    for (const { status, response } of results) {
      if (status === "201") strictEqual(response, undefined);
      else {
        const { schemas, status: inside, detail } = object(response);
        deepStrictEqual(schemas, [URN.error]);
        strictEqual(inside, status);
        match(text(detail), /\w+ \w+ \w+/);
      }
    }
    deepStrictEqual(await client.names("/Users"), ["ada", "eve"]);
  }, RFC),
);

Deno.test(
  "44-3.7-10 A failed operation answers with the error of the single request",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const path = `/Users/${ada.id}`;
    const data = user("ada", { emial: "x" });
    const [post, put, deletion] = await bulk(
      client,
      create("a", data),
      { method: "PUT", path, data },
      { method: "DELETE", path, version: 'W/"old"' },
    );
    deepStrictEqual(
      post?.["response"],
      (await client.post("/Users", data)).json,
    );
    deepStrictEqual(put?.["response"], (await client.put(path, data)).json);
    deepStrictEqual(
      deletion?.["response"],
      (await client.delete(path, { "If-Match": 'W/"old"' })).json,
    );
    strictEqual(put?.["location"], `${BASE}${path}`);
    strictEqual((await client.get(path)).headers.get("ETag"), ada.version);
  }, RFC),
);

Deno.test(
  "44-3.7-27 A body without Content-Length is measured while it is read",
  withClient(async (client) => {
    const body = JSON.stringify({
      schemas: [REQUEST],
      Operations: [create("a", user("ada"))],
    });
    for (
      const [size, status] of [[1_048_577, 413], [1_048_576, 200]] as const
    ) {
      const bytes = new TextEncoder().encode(body.padEnd(size));
      const answer = await client.send("/Bulk", {
        method: "POST",
        body: ReadableStream.from([bytes.slice(0, 999), bytes.slice(999)]),
      });
      if (status === 200) strictEqual(answer.status, 200, answer.text);
      else isScimError(answer, 413, undefined, /larger than 1048576 bytes/);
      isList(await client.get("/Users"), { total: status === 200 ? 1 : 0 });
    }
  }),
);
