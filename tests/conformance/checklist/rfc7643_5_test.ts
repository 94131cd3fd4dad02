import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Answer,
  BASE,
  type Client,
  isList,
  object,
  objects,
  send,
  TestServer,
  text,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

const CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

async function publicly(path: string): Promise<Answer> {
  await using server = await TestServer.start();
  const answer = await send(server, `${BASE}${path}`, {});
  strictEqual(answer.status, 200, answer.text);
  return answer;
}

/** Attributes of a schema with their sub-attributes, all the way down. */
function all(attributes: JsonObject[]): JsonObject[] {
  return attributes.flatMap((attribute) => [
    attribute,
    ...(attribute["subAttributes"] === undefined
      ? []
      : all(objects(attribute["subAttributes"]))),
  ]);
}

for (
  const [item, uri] of [
    ["43-5-1", CONFIG],
    ["43-6-1", RESOURCE_TYPE],
    ["43-7-2", SCHEMA],
  ] as const
) {
  Deno.test(`${item} Every attribute of ${uri} is published as readOnly`, async () => {
    const { json } = await publicly(`/Schemas/${uri}`);
    const attributes = all(objects(json["attributes"]));
    ok(attributes.length > 5);
    for (const { name, mutability } of attributes) {
      strictEqual(mutability, "readOnly", String(name));
    }
  });
}

// Section 5: ServiceProviderConfig.

Deno.test("43-5-2 43-5-3 The ServiceProviderConfig has no id, and documentationUri is a URL", async () => {
  const { json } = await publicly("/ServiceProviderConfig");
  deepStrictEqual(json["schemas"], [CONFIG]);
  strictEqual("id" in json, false);
  deepStrictEqual(json["meta"], {
    resourceType: "ServiceProviderConfig",
    location: `${BASE}/ServiceProviderConfig`,
  });
  strictEqual(new URL(text(json["documentationUri"])).protocol, "https:");
});

const FEATURES: readonly (readonly [string, string, JsonObject])[] = [
  ["43-5-4", "patch", { supported: true }],
  ["43-5-5", "bulk", {
    supported: true,
    maxOperations: 1_000,
    maxPayloadSize: 1_048_576,
  }],
  ["43-5-6", "filter", { supported: true, maxResults: 1_000 }],
  ["43-5-7", "changePassword", { supported: false }],
  ["43-5-7", "sort", { supported: true }],
  ["43-5-7", "etag", { supported: true }],
];

for (const [item, name, expected] of FEATURES) {
  Deno.test(`${item} The ServiceProviderConfig tells all there is to tell of ${name}`, async () => {
    const { json } = await publicly("/ServiceProviderConfig");
    deepStrictEqual(json[name], expected);
  });
}

/** Creates more users than a page may hold. */
async function crowd(client: Client): Promise<void> {
  for (const [start, count] of [[0, 1_000], [1_000, 5]] as const) {
    const Operations = Array.from({ length: count }, (_, i) => ({
      method: "POST",
      path: "/Users",
      bulkId: `b${i}`,
      data: user(`u${start + i}`),
    }));
    await client.post("/Bulk", { schemas: [BULK], Operations });
  }
}

Deno.test(
  "43-5-6 No list is longer than filter.maxResults, whichever way it is asked for",
  withClient(async (client) => {
    await crowd(client);
    const { json } = await client.get("/ServiceProviderConfig");
    const { maxResults } = object(json["filter"]);
    const count = 100_000;
    const body = { schemas: [SEARCH], count, filter: "userName pr" };
    for (
      const answer of [
        await client.get(`/Users?count=${count}`),
        await client.get(`/Users?count=${count}&filter=userName sw "u"`),
        await client.get(`/Users?count=${count}&sortBy=userName`),
        await client.get(`/Users?count=${count}&cursor`),
        await client.get(`/?count=${count}`),
        await client.post("/Users/.search", body),
        await client.post("/.search", body),
      ]
    ) {
      strictEqual(answer.json["totalResults"], 1_005, answer.text);
      strictEqual(objects(answer.json["Resources"]).length, maxResults);
      strictEqual(answer.json["itemsPerPage"], maxResults);
    }
  }),
);

Deno.test("43-5-8 43-5-9 Each authentication scheme has type, name and description, and one at most is primary", async () => {
  const { json } = await publicly("/ServiceProviderConfig");
  const schemes = objects(json["authenticationSchemes"]);
  ok(schemes.length > 0);
  const types = [
    "oauth",
    "oauth2",
    "oauthbearertoken",
    "httpbasic",
    "httpdigest",
  ];
  for (
    const { type, name, description, specUri, documentationUri } of schemes
  ) {
    ok(types.includes(text(type)));
    ok(text(name).trim() !== "" && text(description).trim() !== "");
    for (const uri of [specUri, documentationUri]) {
      if (uri !== undefined) ok(URL.canParse(text(uri)));
    }
  }
  ok(schemes.filter(({ primary }) => primary === true).length <= 1);
});

// Section 6: resource types.

async function resourceTypes(): Promise<JsonObject[]> {
  return isList(await publicly("/ResourceTypes"), { total: 2 });
}

Deno.test("43-6-1 43-6-2 A ResourceType has the schema of its kind and its name as id", async () => {
  for (const type of await resourceTypes()) {
    deepStrictEqual(type["schemas"], [RESOURCE_TYPE]);
    strictEqual(type["id"], type["name"]);
    deepStrictEqual(type["meta"], {
      resourceType: "ResourceType",
      location: `${BASE}/ResourceTypes/${type["id"]}`,
    });
    const { json } = await publicly(`/ResourceTypes/${type["id"]}`);
    deepStrictEqual(json, type);
  }
});

Deno.test("43-6-3 43-6-4 43-6-5 A ResourceType has name, description, schema and an endpoint that begins with a slash", async () => {
  deepStrictEqual(
    (await resourceTypes()).map((
      { name, endpoint, schema },
    ) => [name, endpoint, schema]),
    [["User", "/Users", URN.user], ["Group", "/Groups", URN.group]],
  );
  for (const { description } of await resourceTypes()) {
    ok(text(description).trim() !== "");
  }
});

Deno.test("43-6-7 Each schema extension is named by the id of a schema, with required", async () => {
  const [userType, groupType] = await resourceTypes();
  deepStrictEqual(userType?.["schemaExtensions"], [
    { schema: URN.enterprise, required: false },
  ]);
  strictEqual(groupType?.["schemaExtensions"], undefined);
  const { json } = await publicly(`/Schemas/${URN.enterprise}`);
  strictEqual(json["id"], URN.enterprise);
});

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(
    `43-6-9 An extension that is not required may be left out, by POST, PUT and PATCH (${profile})`,
    withClient(async (client) => {
      const { id, json } = await client.user("ada");
      deepStrictEqual(json["schemas"], [URN.user]);
      const body = user("ada", { [URN.enterprise]: { department: "R" } });
      const { json: extended } = await client.put(`/Users/${id}`, body);
      deepStrictEqual(extended["schemas"], [URN.user, URN.enterprise]);
      const { json: patched } = await client.patch(`/Users/${id}`, [
        { op: "remove", path: URN.enterprise },
      ]);
      deepStrictEqual(patched["schemas"], [URN.user]);
      strictEqual(URN.enterprise in patched, false);
    }, { profile }),
  );
}
