import {
  deepStrictEqual,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Client,
  group,
  isList,
  isScimError,
  object,
  objects,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";

const PROFILES = ["rfc", "compatible"] as const;
const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/** What a resource holds beside schemas, id and meta. */
function content(resource: JsonObject): JsonObject {
  const { schemas: _, id: __, meta: ___, ...attributes } = resource;
  return attributes;
}

const ADA: JsonObject = {
  schemas: [URN.user, URN.enterprise],
  externalId: "7",
  title: "Dr.",
  active: true,
  name: { givenName: "Ada", familyName: "King" },
  emails: [{ value: "a@b.c", type: "work" }, { value: "a@home" }],
  [URN.enterprise]: { department: "R" },
};

Deno.test(
  "44-3.5-1 44-3.5-2 PUT and PATCH change users and groups",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const staff = await client.group("staff");
    const put = [
      await client.put(`/Users/${ada.id}`, user("bob")),
      await client.put(`/Groups/${staff.id}`, group("team")),
    ];
    deepStrictEqual(put.map(({ status }) => status), [200, 200]);
    deepStrictEqual(await client.names(""), ["bob", "team"]);
    const patched = [
      await client.patch(`/Users/${ada.id}`, [
        { op: "replace", path: "userName", value: "cy" },
      ]),
      await client.patch(`/Groups/${staff.id}`, [
        { op: "replace", path: "displayName", value: "unit" },
      ]),
    ];
    deepStrictEqual(patched.map(({ status }) => status), [200, 204]);
    deepStrictEqual(await client.names(""), ["cy", "unit"]);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.1-1 PUT creates neither a user nor a group, at whatever URL",
  withClient(async (client, server) => {
    const { id } = await client.user("ada");
    await client.delete(`/Users/${id}`);
    const before = await server.dump();
    for (const path of [`/Users/${id}`, "/Users/new", "/Groups/new"]) {
      const body = path.startsWith("/Users") ? user("ada") : group("staff");
      isScimError(await client.put(path, body), 404);
    }
    isScimError(await client.put("/Users", user("ada")), 405);
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

for (const profile of PROFILES) {
  Deno.test(
    `44-3.5.1-2 PUT replaces single, complex and multi-valued attributes as a whole (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", ADA);
      const next = {
        userName: "ada.king",
        title: "Prof.",
        name: { familyName: "Lovelace" },
        emails: [{ value: "new@b.c", type: "work" }],
        [URN.enterprise]: { division: "D" },
      };
      const body = {
        schemas: [URN.user, URN.enterprise],
        ...next,
        password: "1mz050nq",
      };
      const answer = await client.put(`/Users/${id}`, body);
      strictEqual(answer.status, 200);
      deepStrictEqual(content(answer.json), next);
      deepStrictEqual((await client.get(`/Users/${id}`)).json, answer.json);
    }, { profile }),
  );

  Deno.test(
    `44-3.5.1-3 What a PUT leaves out is cleared (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", ADA);
      const answer = await client.put(`/Users/${id}`, user("ada"));
      strictEqual(answer.status, 200);
      deepStrictEqual(content(answer.json), { userName: "ada" });
      deepStrictEqual(answer.json["schemas"], [URN.user]);
      deepStrictEqual((await client.get(`/Users/${id}`)).json, answer.json);
      isList(await client.get('/Users?filter=externalId eq "7"'), { total: 0 });
    }, { profile }),
  );

  Deno.test(
    `44-3.5.1-4 null and [] in a PUT clear an attribute (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", ADA);
      const answer = await client.put(`/Users/${id}`, {
        schemas: [URN.user, URN.enterprise],
        userName: "ada",
        externalId: null,
        title: "Dr.",
        active: null,
        name: { givenName: null, familyName: "King" },
        emails: [],
        [URN.enterprise]: { department: null },
      });
      strictEqual(answer.status, 200, answer.text);
      deepStrictEqual(content(answer.json), {
        userName: "ada",
        title: "Dr.",
        name: { familyName: "King" },
      });
      deepStrictEqual((await client.get(`/Users/${id}`)).json, answer.json);
    }, { profile }),
  );

  Deno.test(
    `44-3.5.1-8 readOnly values in a PUT are ignored (${profile})`,
    withClient(async (client) => {
      const { id, json } = await client.user("ada");
      const other = await client.group("other");
      const answer = await client.put(
        `/Users/${id}`,
        user("ada", {
          id: "another",
          meta: { resourceType: "Group", created: "1999-01-01T00:00:00Z" },
          groups: [{ value: other.id }],
        }),
      );
      strictEqual(answer.status, 200, answer.text);
      deepStrictEqual(answer.json, json);
      isScimError(await client.get("/Users/another"), 404);
      const { json: group } = await client.get(`/Groups/${other.id}`);
      strictEqual(group["members"], undefined);
    }, { profile }),
  );

  Deno.test(
    `44-3.5.1-9 A PUT without a required attribute is 400 and changes nothing (${profile})`,
    withClient(async (client, server) => {
      const ada = await client.user("ada", ADA);
      const staff = await client.group("staff");
      const before = await server.dump();
      const detail = /"(userName|displayName)" is required/;
      for (const value of [undefined, null, "", " "]) {
        for (
          const [path, schema, name] of [
            [`/Users/${ada.id}`, URN.user, "userName"],
            [`/Groups/${staff.id}`, URN.group, "displayName"],
          ] as const
        ) {
          const answer = await client.put(path, {
            schemas: [schema],
            externalId: "x",
            ...(value === undefined ? {} : { [name]: value }),
          });
          isScimError(answer, 400, "invalidValue", detail);
        }
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}

Deno.test(
  "44-3.5.1-10 A PUT answers with the attributes that it asks for",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const path = `/Users/${id}?attributes=title`;
    const answer = await client.put(path, user("ada", { title: "Dr." }));
    strictEqual(answer.status, 200);
    deepStrictEqual(answer.json, { schemas: [URN.user], id, title: "Dr." });
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.1-11 A PUT of what was read keeps version and lastModified, of a group too",
  withClient(async (client, server) => {
    const ada = await client.user("ada", ADA);
    const { id } = await client.group("staff", [ada.id]);
    server.pass({ hours: 1 });
    const before = await server.dump();
    for (const path of [`/Users/${ada.id}`, `/Groups/${id}`]) {
      const read = await client.get(path);
      const answer = await client.put(path, read.json);
      deepStrictEqual(answer.json, read.json);
      strictEqual(answer.headers.get("ETag"), read.headers.get("ETag"));
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.1-12 A PUT that takes another's unique name is 409 and changes nothing",
  withClient(async (client, server) => {
    const ada = await client.user("ada");
    const staff = await client.group("staff");
    await client.user("bob");
    await client.group("team");
    const before = await server.dump();
    for (
      const answer of [
        await client.put(`/Users/${ada.id}`, user("BOB", { title: "x" })),
        await client.put(`/Groups/${staff.id}`, group("Team")),
      ]
    ) {
      isScimError(answer, 409, "uniqueness");
    }
    deepStrictEqual(await server.dump(), before);
    const own = await client.put(`/Users/${ada.id}`, user("ADA"));
    strictEqual(own.status, 200);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.6-1 Deleting destroys the data: the store keeps no value of a deleted user",
  withClient(async (client, server) => {
    const { id } = await client.user("ada", ADA);
    const holdsData = async () =>
      (await server.dump()).some((line) => /a@b\.c|King|"ada"/.test(line));
    strictEqual(await holdsData(), true);
    strictEqual((await client.delete(`/Users/${id}`)).status, 204);
    strictEqual(await holdsData(), false);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.6-2 Bulk operations on a deleted id are 404, and no search finds it",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    await client.delete(`/Users/${id}`);
    const path = `/Users/${id}`;
    const data = { schemas: [URN.patch], Operations: [] };
    const { json } = await client.post("/Bulk", {
      schemas: [BULK],
      Operations: [
        { method: "PUT", path, data: user("ada") },
        { method: "PATCH", path, data },
        { method: "DELETE", path },
      ],
    });
    const statuses = objects(json["Operations"]).map((o) => o["status"]);
    deepStrictEqual(statuses, ["404", "404", "404"]);
    for (const filter of [`id eq "${id}"`, 'userName eq "ada"']) {
      for (const place of ["", "/Users"]) {
        const body = { schemas: [SEARCH], filter };
        isList(await client.post(`${place}/.search`, body), { total: 0 });
      }
    }
  }),
);

/** The resources that queries of all kinds find. */
async function found(client: Client): Promise<number[]> {
  const totals: number[] = [];
  for (const place of ["", "/Users"]) {
    for (
      const query of [
        "?",
        "?sortBy=userName",
        "?filter=userName+pr",
        "?filter=title+eq+%22Dr.%22",
        "?filter=emails[type eq %22work%22]",
        "?filter=not+(title+eq+%22x%22)",
        "?count=0",
      ]
    ) {
      const { json } = await client.get(place + query);
      totals.push(Number(json["totalResults"]));
    }
  }
  return totals;
}

Deno.test(
  "44-3.6-3 No query finds a deleted user, sorted, filtered or counted",
  withClient(async (client) => {
    const { id } = await client.user("ada", ADA);
    const before = await found(client);
    deepStrictEqual(before, before.map(() => 1));
    await client.delete(`/Users/${id}`);
    deepStrictEqual(await found(client), before.map(() => 0));
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.6-4 A deleted resource takes part in no check of uniqueness",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const staff = await client.group("staff");
    await client.delete(`/Users/${ada.id}`);
    await client.delete(`/Groups/${staff.id}`);
    const bob = await client.user("bob");
    const renamed = await client.put(`/Users/${bob.id}`, user("ADA"));
    strictEqual(renamed.status, 200, renamed.text);
    const again = await client.group("staff");
    notStrictEqual(again.id, staff.id);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.6-5 DELETE of a group is 204 without a body",
  withClient(async (client) => {
    const { id } = await client.group("staff");
    const answer = await client.delete(`/Groups/${id}`);
    strictEqual(answer.status, 204);
    strictEqual(answer.text, "");
    strictEqual(answer.headers.get("Content-Type"), null);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.6-6 A deleted group leaves the groups that it was in, and its members stay",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const inner = await client.group("inner", [ada.id]);
    const outer = await client.group("outer", [inner.id]);
    await client.delete(`/Groups/${inner.id}`);
    const { json } = await client.get(`/Groups/${outer.id}`);
    strictEqual(json["members"], undefined);
    const { json: user } = await client.get(`/Users/${ada.id}`);
    strictEqual(user["groups"], undefined);
    strictEqual(object(user["meta"])["resourceType"], "User");
  }, { profile: "rfc" }),
);
