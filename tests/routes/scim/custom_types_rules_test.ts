import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import {
  addSchema,
  addType,
  BADGE,
  create,
  CUSTOM,
  device,
  networked,
  registerDevices,
  schemaOf,
  withDevices,
} from "../custom_types.ts";
import {
  BASE,
  type Client,
  group,
  isList,
  isScimError,
  object,
  objects,
  TestServer,
  text,
  URN,
  user,
} from "../harness.ts";

const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const NET = CUSTOM.network;

/** The body of a user with a badge. */
function badged(userName: string, badge: JsonObject): JsonObject {
  return user(userName, {
    schemas: [URN.user, CUSTOM.badge],
    [CUSTOM.badge]: badge,
  });
}

// Mutability.

Deno.test(
  "43-7-12 44-3.5.1-5 44-3.5.2-9 What is immutable and has a value cannot be given another",
  withDevices(async (client, server) => {
    const slots = [{ value: "a", type: "x", code: "1" }];
    const more = { room: "r", asset: { origin: "DE" }, slots };
    const network = { address: "a", zone: "z" };
    const { path } = await create(
      client,
      "/Devices",
      networked("1", network, more),
    );
    const before = await server.dump();
    const otherSlots = [{ value: "a", type: "X", code: "2" }];
    for (
      const [serial, net, other] of [
        ["2", network, more],
        ["1", network, { ...more, room: "R" }],
        ["1", network, { ...more, asset: { origin: "FR" } }],
        ["1", { ...network, zone: "y" }, more],
        ["1", network, { ...more, slots: otherSlots }],
      ] as const
    ) {
      isScimError(
        await client.put(path, networked(serial, net, other)),
        400,
        "mutability",
        /is immutable and has a value already/,
      );
    }
    for (
      const [at, value] of [
        ["serialNumber", "2"],
        ["room", "s"],
        ["asset.origin", "FR"],
        ["asset", { origin: "FR" }],
        ['slots[value eq "a"].code', "2"],
        ["slots.code", "2"],
        [`${NET}:zone`, "y"],
      ] as const
    ) {
      for (const op of ["add", "replace"]) {
        isScimError(
          await client.patch(path, [{ op, path: at, value }]),
          400,
          "mutability",
          /is immutable and has a value already/,
        );
      }
    }
    for (
      const at of [
        "room",
        "asset",
        "asset.origin",
        "slots.code",
        NET,
        `${NET}:zone`,
      ]
    ) {
      isScimError(
        await client.patch(path, [{ op: "remove", path: at }]),
        400,
        "mutability",
      );
    }
    deepStrictEqual(await server.dump(), before);
    const same = await client.put(path, networked("1", network, more));
    strictEqual(same.status, 200, same.text);
  }),
);

Deno.test(
  "43-7-12 44-3.5.1-6 44-3.5.2-10 What is immutable gets its first value by PUT or by PATCH",
  withDevices(async (client) => {
    const values = {
      room: "r",
      asset: { origin: "DE" },
      slots: [{ value: "a", code: "1" }],
    };
    const network = { address: "a", zone: "z" };
    const bare = (serial: string) =>
      networked(serial, { address: "a" }, { slots: [{ value: "a" }] });
    const put = await create(client, "/Devices", bare("1"));
    const patch = await create(client, "/Devices", bare("2"));
    for (
      const { json, text } of [
        await client.put(put.path, networked("1", network, values)),
        await client.patch(patch.path, [
          { op: "add", path: "room", value: "r" },
          { op: "add", path: "asset.origin", value: "DE" },
          { op: "add", path: 'slots[value eq "a"].code', value: "1" },
          { op: "add", value: { [`${NET}:zone`]: "z" } },
        ]),
      ]
    ) {
      deepStrictEqual(
        [json["room"], json["asset"], json["slots"], json[NET]],
        ["r", { origin: "DE" }, [{ value: "a", code: "1" }], network],
        text,
      );
    }
  }),
);

Deno.test(
  "44-3.5.1-7 What is immutable and left out of a PUT keeps its value",
  withDevices(async (client) => {
    const { path } = await create(
      client,
      "/Devices",
      networked("1", { address: "a", zone: "z" }, {
        room: "r",
        asset: { origin: "DE", floor: 1, labels: ["a"] },
        slots: [{ value: "a", type: "x", code: "1", width: 5 }],
      }),
    );
    const { json, status } = await client.put(
      path,
      networked("1", { address: "b" }, {
        asset: { labels: ["b"] },
        slots: [{ value: "a", type: "X" }],
      }),
    );
    strictEqual(status, 200);
    deepStrictEqual(
      [json["room"], json["asset"], json["slots"], json[NET]],
      [
        "r",
        { labels: ["b"], origin: "DE" },
        [{ value: "a", type: "X", code: "1" }],
        { address: "b", zone: "z" },
      ],
    );
  }),
);

Deno.test(
  "A PUT does not leave a part of an extension that does not stand alone",
  withDevices(async (client, server) => {
    const { path } = await create(
      client,
      "/Devices",
      networked("1", { address: "a", zone: "z" }),
    );
    const before = await server.dump();
    isScimError(
      await client.put(path, device("1")),
      400,
      "invalidValue",
      /"urn:.*network.*:address" is required for Device/,
    );
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "44-3.5.1-3 A PUT clears what it leaves out, but not what no client can read",
  withDevices(async (client, server) => {
    const { path } = await create(
      client,
      "/Devices",
      networked("1", { address: "a", mac: "m" }, {
        label: "l",
        tags: ["t"],
        pin: "PIN-1",
        notes: "n",
        asset: { floor: 1, combination: "PIN-2" },
        slots: [
          { value: "a", key: "PIN-3", width: 1 },
          { value: "b", key: "PIN-4" },
        ],
      }),
    );
    const body = device("1", { slots: [{ value: "a" }] });
    const { json } = await client.put(path, body);
    const { id: _, meta: __, ...left } = json;
    deepStrictEqual(left, body);
    const dump = (await server.dump()).join("\n");
    deepStrictEqual(
      ["PIN-1", "PIN-2", "PIN-3", "PIN-4"].map((pin) => dump.includes(pin)),
      [true, true, true, false],
    );
    const notes = await client.get(`${path}?attributes=notes`);
    strictEqual(notes.json["notes"], undefined);
  }),
);

Deno.test(
  "44-3.5.2-9 What is readOnly is ignored in bodies and refused by name",
  withDevices(async (client) => {
    const { path, json } = await create(
      client,
      "/Devices",
      device("1", { state: "on", owner: { value: "x", display: "X" } }),
    );
    strictEqual(json["state"], undefined);
    deepStrictEqual(json["owner"], { value: "x" });
    const put = await client.put(path, device("1", { state: "off" }));
    strictEqual(put.json["state"], undefined);
    for (const op of ["add", "replace", "remove"]) {
      for (const at of ["state", "owner.display"]) {
        isScimError(
          await client.patch(path, [{ op, path: at, value: "x" }]),
          400,
          "mutability",
          /is readOnly and cannot be changed/,
        );
      }
    }
  }),
);

Deno.test("What becomes readOnly keeps the value that it has, whatever a PUT says", async () => {
  await using server = await TestServer.start();
  await registerDevices(server);
  const client = await server.client({ profile: "rfc" });
  const { path } = await create(
    client,
    "/Users",
    badged("ada", { number: "1", level: 5 }),
  );
  const attributes = objects(BADGE["attributes"]).map((attribute) =>
    attribute["name"] === "level"
      ? { ...attribute, mutability: "readOnly" }
      : attribute
  );
  const changed = await server.admin("PUT", `/schemas/${CUSTOM.badge}`, {
    schema: { ...BADGE, attributes },
  });
  strictEqual(changed.status, 200, changed.text);
  for (const badge of [{ number: "2" }, { number: "2", level: 6 }]) {
    const { json } = await client.put(path, badged("ada", badge));
    deepStrictEqual(json[CUSTOM.badge], { number: "2", level: 5 });
  }
});

// Uniqueness.

/** A unique attribute: how a value is sent, one, those like it, and others. */
const UNIQUE: readonly (readonly [
  string,
  (value: JsonValue) => JsonObject,
  JsonValue,
  readonly JsonValue[],
  readonly JsonValue[],
])[] = [
  ["serialNumber", (v) => device(String(v)), "Ab", ["Ab"], ["AB", "ab"]],
  [
    "hostName",
    (v) => device(crypto.randomUUID(), { hostName: v }),
    "Ab",
    ["Ab", "AB", "ab", "Ａｂ"],
    ["Abc"],
  ],
  [
    "inventoryNumber",
    (v) => device(crypto.randomUUID(), { inventoryNumber: v }),
    7,
    [7],
    [70, -7, 0],
  ],
  [
    "asset.code",
    (v) => device(crypto.randomUUID(), { asset: { code: v } }),
    "Ab",
    ["Ab"],
    ["AB"],
  ],
  [
    `${NET}:mac`,
    (v) => networked(crypto.randomUUID(), { address: "a", mac: v }),
    "Ab",
    ["Ab", "aB"],
    ["Abc"],
  ],
];

for (const [name, body, value, taken, free] of UNIQUE) {
  const id = name === "hostName" || name.endsWith("mac")
    ? "43-7-20 43-7-21"
    : "43-7-21";
  Deno.test(
    `${id} No two devices share a ${name}, compared by its caseExact, by POST, PUT and PATCH`,
    withDevices(async (client, server) => {
      const first = await create(client, "/Devices", body(value));
      const second = await create(client, "/Devices", body(free[0] ?? null));
      const before = await server.dump();
      for (const other of taken) {
        const same = body(other);
        const answers = [await client.post("/Devices", same)];
        if (name !== "serialNumber") {
          const { serialNumber = null } = second.json;
          answers.push(
            await client.put(second.path, { ...same, serialNumber }),
            await client.patch(second.path, [
              { op: "replace", path: name, value: other },
            ]),
          );
        }
        for (const answer of answers) {
          isScimError(
            answer,
            409,
            "uniqueness",
            new RegExp(`"${name}" must be unique, and Device "${first.id}"`),
          );
        }
      }
      deepStrictEqual(await server.dump(), before);
      for (const other of free.slice(1)) {
        await create(client, "/Devices", body(other));
      }
      const { serialNumber = null } = first.json;
      const again = await client.put(first.path, {
        ...body(value),
        serialNumber,
      });
      strictEqual(again.status, 200, again.text);
    }),
  );

  Deno.test(
    `A ${name} is free again when its device is deleted or has another`,
    withDevices(async (client) => {
      const first = await create(client, "/Devices", body(value));
      await client.delete(first.path);
      const second = await create(client, "/Devices", body(value));
      if (name === "serialNumber") return;
      const renamed = await client.patch(second.path, [
        { op: "replace", path: name, value: free[0] ?? null },
      ]);
      strictEqual(renamed.status, 200, renamed.text);
      const third = await create(client, "/Devices", body(value));
      const cleared = await client.patch(third.path, [
        { op: "remove", path: name },
      ]);
      strictEqual(cleared.status, 200, cleared.text);
      await create(client, "/Devices", body(value));
    }),
  );
}

Deno.test(
  "43-7-20 Values are unique among the resources of a type, in each tenant",
  withDevices(async (client, server) => {
    await registerDevices(server, { tenant: "acme" });
    const acme = await server.client({ tenant: "acme", profile: "rfc" });
    await create(client, "/Devices", device("1", { hostName: "a" }));
    await create(acme, "/Devices", device("1", { hostName: "a" }));
    await addType(server, {
      name: "Printer",
      endpoint: "/Printers",
      schema: CUSTOM.device,
    });
    const printer = {
      schemas: [CUSTOM.device],
      serialNumber: "1",
      hostName: "a",
    };
    await create(client, "/Printers", printer);
    strictEqual((await client.post("/Printers", printer)).status, 409);
  }),
);

Deno.test(
  "Many devices may be without a unique value",
  withDevices(async (client) => {
    for (const serial of ["1", "2", "3"]) {
      await create(client, "/Devices", device(serial, { asset: { floor: 1 } }));
    }
    isList(await client.get("/Devices"), { total: 3 });
  }),
);

// References.

Deno.test(
  "A reference gets its $ref from the resource that it leads to, of any type that it may name",
  withDevices(async (client) => {
    const ada = await client.user("ada");
    const staff = await client.group("staff");
    const other = await create(client, "/Devices", device("1"));
    const { json, path } = await create(
      client,
      "/Devices",
      device("2", {
        owner: { value: ada.id },
        contacts: [
          { value: ada.id, type: "work" },
          { $ref: `${BASE}/Groups/${staff.id}` },
          { value: other.id, $ref: "https://elsewhere.example.com/x" },
          { value: "nobody" },
        ],
      }),
    );
    deepStrictEqual(json["owner"], { value: ada.id, $ref: ada.location });
    deepStrictEqual(json["contacts"], [
      { value: ada.id, type: "work", $ref: ada.location },
      { value: staff.id, $ref: staff.location },
      { value: other.id, $ref: other.location },
      { value: "nobody" },
    ]);
    deepStrictEqual((await client.get(path)).json, json);
    await client.delete(`/Users/${ada.id}`);
    const { json: after } = await client.get(path);
    deepStrictEqual(after["owner"], { value: ada.id });
    deepStrictEqual(objects(after["contacts"])[0], {
      value: ada.id,
      type: "work",
    });
  }),
);

Deno.test(
  "A reference that may lead to users only does not lead to a group",
  withDevices(async (client) => {
    const staff = await client.group("staff");
    const { json } = await create(
      client,
      "/Devices",
      device("1", { owner: { value: staff.id } }),
    );
    deepStrictEqual(json["owner"], { value: staff.id });
  }),
);

Deno.test(
  "An extension of users refers to devices",
  withDevices(async (client) => {
    const { id, location } = await create(client, "/Devices", device("1"));
    const { json } = await create(
      client,
      "/Users",
      badged("ada", { device: { value: id } }),
    );
    deepStrictEqual(json[CUSTOM.badge], {
      device: { value: id, $ref: location },
    });
    const query = encodeURIComponent(`${CUSTOM.badge}:device.value eq "${id}"`);
    deepStrictEqual(await client.names(`/Users?filter=${query}`), ["ada"]);
  }),
);

// Searches over types.

Deno.test(
  "44-3.4.3-1 /Devices/.search is a query over devices, and /.search one over all types",
  withDevices(async (client) => {
    for (
      const [serial, ports, vlan, displayName] of [
        ["A", 10, 9, "Zed"],
        ["B", 9, 100, "Why"],
        ["C", 100, 1, "Ex"],
        ["D", 1, 1, "Double"],
      ] as const
    ) {
      const network = { address: "a", vlan };
      const more = { ports, displayName };
      await create(client, "/Devices", networked(serial, network, more));
    }
    await create(client, "/Users", badged("ada", { level: 10 }));
    const search = (more: JsonObject) => ({ schemas: [SEARCH], ...more });
    const { json } = await client.post(
      "/Devices/.search",
      search({
        filter: "ports ge 9",
        sortBy: "ports",
        sortOrder: "descending",
        attributes: ["serialNumber", `${NET}:vlan`],
        startIndex: 2,
        count: 1,
      }),
    );
    strictEqual(json["totalResults"], 3);
    deepStrictEqual(
      objects(json["Resources"]).map(({ serialNumber, [NET]: net }) => [
        serialNumber,
        net,
      ]),
      [["A", { vlan: 9 }]],
    );
    for (
      const [filter, total] of [
        ["ports gt 9", 2],
        ['displayName eq "zed"', 1],
        [`${NET}:vlan gt 9`, 1],
        [`${CUSTOM.badge}:level eq 10 or ${NET}:vlan eq 9`, 2],
        ['meta.resourceType eq "Device"', 4],
        ['serialNumber eq "A" or userName eq "ADA"', 2],
      ] as const
    ) {
      for (
        const answer of [
          await client.post("/.search", search({ filter })),
          await client.get(`/?filter=${encodeURIComponent(filter)}`),
        ]
      ) isList(answer, { total });
    }
    isScimError(
      await client.post("/.search", search({ filter: "nothing eq 1" })),
      400,
      "invalidFilter",
      /not defined for any resource type/,
    );
  }),
);

Deno.test(
  "A walk by cursor sees each device once, in order or not",
  withDevices(async (client) => {
    for (let i = 0; i < 5; i++) {
      await create(client, "/Devices", device(`${i}`, { ports: i * 7 % 5 }));
    }
    await client.user("ada");
    for (
      const [path, total, ordered] of [
        ["/Devices?count=2&cursor", 5, ""],
        ["/Devices?count=2&sortBy=ports&cursor", 5, "03142"],
        ["/?count=2&cursor", 6, ""],
      ] as const
    ) {
      const seen: string[] = [];
      let cursor: JsonValue | undefined = "";
      while (cursor !== undefined) {
        const { json } = await client.get(`${path}=${cursor}`);
        seen.push(
          ...objects(json["Resources"]).map(({ serialNumber, userName }) =>
            String(serialNumber ?? userName)
          ),
        );
        cursor = json["nextCursor"];
        ok(seen.length <= total);
      }
      strictEqual(new Set(seen).size, total);
      if (ordered !== "") strictEqual(seen.join(""), ordered);
    }
  }),
);

Deno.test("Resources of all types are in one order, also where a name is of several types", async () => {
  await using server = await TestServer.start();
  const schema = schemaOf("Rank", {
    name: "displayName",
    type: "integer",
    required: true,
  });
  await addSchema(server, schema);
  await addType(server, {
    name: "Rank",
    endpoint: "/Ranks",
    schema: text(schema["id"]),
  });
  const client = await server.client();
  for (const displayName of [10, 9, 100]) {
    await create(client, "/Ranks", {
      schemas: [text(schema["id"])],
      displayName,
    });
    await client.group(`group ${displayName}`);
  }
  const order = async (query: string) =>
    objects(
      (await client.get(`/?sortBy=displayName${query}`)).json["Resources"],
    )
      .map(({ displayName }) => displayName);
  const up = [9, 10, 100, "group 10", "group 100", "group 9"];
  deepStrictEqual(await order(""), up);
  deepStrictEqual(await order("&sortOrder=descending"), up.toReversed());
});

Deno.test(
  "What clients are known to send is understood for custom attributes, too",
  withDevices(async (client) => {
    const ada = await client.user("ada");
    const { json, path } = await create(
      client,
      "/Devices",
      device("1", {
        online: "True",
        owner: ada.id,
        tags: "a",
        label: "",
        sizes: [],
        "asset.floor": 3,
        [`${NET}:address`]: "a",
        unknown: { x: 1 },
      }),
    );
    const { schemas: _, id: __, meta: ___, ...shown } = json;
    deepStrictEqual(shown, {
      serialNumber: "1",
      online: true,
      owner: { value: ada.id, $ref: ada.location },
      tags: ["a"],
      asset: { floor: 3 },
      [CUSTOM.lease]: { contract: "C-1" },
      [NET]: { address: "a" },
    });
    const patched = await client.patch(path, [
      { op: "Replace", path: "online", value: "False" },
      { op: "Add", path: "vlan", value: 7 },
      { op: "Replace", path: 'slots[type eq "x"].value', value: "v" },
    ]);
    strictEqual(patched.json["online"], false);
    deepStrictEqual(patched.json[NET], { address: "a", vlan: 7 });
    deepStrictEqual(patched.json["slots"], [{ type: "x", value: "v" }]);
    const query = encodeURIComponent(
      `vlan eq 7 and online eq "false" and owner eq "${ada.id}"`,
    );
    isList(await client.get(`/Devices?filter=${query}`), { total: 1 });
  }, { profile: "compatible" }),
);

// Bulk, /Me, ETags, methods.

Deno.test(
  "A bulk request creates devices and refers to them by bulkId in attributes of any schema",
  withDevices(async (client) => {
    const { json } = await client.post("/Bulk", {
      schemas: [BULK],
      Operations: [
        {
          method: "POST",
          path: "/Users",
          bulkId: "u",
          data: badged("ada", { device: { value: "bulkId:d" } }),
        },
        {
          method: "POST",
          path: "/Devices",
          bulkId: "d",
          data: device("1", {
            owner: { value: "bulkId:u" },
            contacts: [{ value: "bulkId:u" }, { value: "bulkId:e" }],
          }),
        },
        {
          method: "POST",
          path: "/devices",
          bulkId: "e",
          data: device("2", { contacts: [{ value: "bulkId:d" }] }),
        },
        {
          method: "PATCH",
          path: "/Devices/bulkId:e",
          data: {
            schemas: [URN.patch],
            Operations: [
              { op: "add", path: "owner.value", value: "bulkId:u" },
            ],
          },
        },
      ],
    });
    const results = objects(json["Operations"]);
    deepStrictEqual(
      results.map(({ status }) => status),
      ["201", "201", "201", "200"],
      JSON.stringify(results),
    );
    const [ada = "", first = "", second = ""] = results.map(({ location }) =>
      text(location)
    );
    const reference = (location: string) => ({
      value: location.split("/").at(-1) ?? "",
      $ref: location,
    });
    const { json: user } = await client.get(ada);
    deepStrictEqual(user[CUSTOM.badge], { device: reference(first) });
    const { json: one } = await client.get(first);
    deepStrictEqual(one["owner"], reference(ada));
    deepStrictEqual(one["contacts"], [
      reference(ada),
      reference(second),
    ]);
    const { json: two } = await client.get(second);
    deepStrictEqual(two["owner"], reference(ada));
    deepStrictEqual(two["contacts"], [reference(first)]);
  }),
);

Deno.test(
  "/Me is a user with the extensions of users, whatever other types there are",
  withDevices(async (client, server) => {
    const { id, json } = await create(
      client,
      "/Users",
      badged("ada", { number: "1" }),
    );
    const me = await server.client({ userId: id, profile: "rfc" });
    deepStrictEqual((await me.get("/Me")).json, json);
    const { id: deviceId } = await create(client, "/Devices", device("1"));
    const refused = await server.admin("POST", "/tokens", {
      name: "x",
      userId: deviceId,
    });
    strictEqual(refused.status, 400, refused.text);
  }),
);

Deno.test(
  "A device has versions like a user",
  withDevices(async (client) => {
    const { path, version } = await create(client, "/Devices", device("1"));
    const unchanged = await client.get(path, { "If-None-Match": version });
    strictEqual(unchanged.status, 304);
    const changed = await client.patch(
      path,
      [{ op: "add", path: `${NET}:address`, value: "a" }],
      { "If-Match": version },
    );
    strictEqual(changed.status, 200, changed.text);
    const next = changed.headers.get("ETag") ?? "";
    ok(next !== version && next !== "");
    for (
      const answer of [
        await client.put(path, device("1"), { "If-Match": version }),
        await client.delete(path, { "If-Match": version }),
      ]
    ) isScimError(answer, 412);
    strictEqual((await client.get(path)).headers.get("ETag"), next);
    strictEqual((await client.delete(path, { "If-Match": next })).status, 204);
  }),
);

Deno.test(
  "Methods that a custom endpoint does not have are 405 with those that it has",
  withDevices(async (client, server) => {
    for (
      const [method, path, allowed] of [
        ["PUT", "/Devices", "GET, POST"],
        ["DELETE", "/Devices", "GET, POST"],
        ["PUT", "/Devices/.search", "POST"],
        ["POST", "/Devices/1", "GET, PUT, PATCH, DELETE"],
      ] as const
    ) {
      const answer = await client.send(path, { method, body: device("1") });
      isScimError(answer, 405);
      strictEqual(answer.headers.get("Allow"), allowed);
    }
    const reader = await server.client({ scopes: ["scim:read"] });
    isScimError(await reader.post("/Devices", device("1")), 403);
  }),
);

// Types with the schemas of users and groups.

/** Registers people outside, who are users, and teams, which are groups. */
async function withOutsiders(server: TestServer): Promise<Client> {
  await addType(server, {
    name: "Outsider",
    endpoint: "/Outsiders",
    schema: URN.user,
    schemaExtensions: [{ schema: URN.enterprise, required: false }],
  });
  await addType(server, {
    name: "Team",
    endpoint: "/Teams",
    schema: URN.group,
  });
  return await server.client();
}

Deno.test("A type with the User schema keeps no passwords, in any method", async () => {
  await using server = await TestServer.start();
  const client = await withOutsiders(server);
  const secret = { password: "S3CR3T-pw" };
  const { path, json } = await create(
    client,
    "/Outsiders",
    user("ada", secret),
  );
  const answers = [
    json,
    (await client.put(path, user("ada", { ...secret, title: "x" }))).json,
    (await client.patch(path, [{ op: "add", value: secret }])).json,
    (await client.patch(path, [
      { op: "replace", path: "password", value: "S3CR3T-pw" },
    ])).json,
    (await client.get(`${path}?attributes=password`)).json,
    (await server.admin("GET", "/changes")).json,
  ];
  for (const answer of answers) {
    strictEqual(JSON.stringify(answer).includes("S3CR3T"), false);
  }
  strictEqual((await server.dump()).join("").includes("S3CR3T"), false);
});

Deno.test("Users and outsiders are apart: names, managers and /Me", async () => {
  await using server = await TestServer.start();
  const client = await withOutsiders(server);
  const ada = await client.user("ada", { displayName: "Ada" });
  const other = await create(
    client,
    "/Outsiders",
    user("ADA", { [URN.enterprise]: { manager: { value: ada.id } } }),
  );
  strictEqual((await client.post("/Outsiders", user("ada"))).status, 409);
  deepStrictEqual(object(other.json[URN.enterprise])["manager"], {
    value: ada.id,
    $ref: ada.location,
    displayName: "Ada",
  });
  strictEqual((await client.get(`/Users/${other.id}`)).status, 404);
  deepStrictEqual(await client.names("/Users"), ["ada"]);
  deepStrictEqual(await client.names("/Outsiders"), ["ADA"]);
  deepStrictEqual(await client.names('/?filter=userName eq "ada"'), [
    "ADA",
    "ada",
  ]);
  const refused = await server.admin("POST", "/tokens", {
    name: "x",
    userId: other.id,
  });
  strictEqual(refused.status, 400);
});

Deno.test("A type with the Group schema has members, and the groups of users show it", async () => {
  await using server = await TestServer.start();
  const client = await withOutsiders(server);
  const ada = await client.user("ada");
  const team = await create(client, "/Teams", group("red", [ada.id]));
  deepStrictEqual(team.json["members"], [
    { value: ada.id, $ref: ada.location, type: "User", display: "ada" },
  ]);
  const red = {
    value: team.id,
    $ref: `${BASE}/Teams/${team.id}`,
    display: "red",
    type: "direct",
  };
  const groups = async () =>
    (await client.get(`/Users/${ada.id}`)).json["groups"];
  deepStrictEqual(await groups(), [red]);
  for (
    const [path, names] of [
      [`/Teams?filter=members.value eq "${ada.id}"`, ["red"]],
      [`/Groups?filter=members.value eq "${ada.id}"`, []],
      [`/Users?filter=groups.value eq "${team.id}"`, ["ada"]],
      ["/Teams", ["red"]],
      ["/Groups", []],
    ] as const
  ) deepStrictEqual(await client.names(path), names, path);
  const removed = await client.patch(team.path, [
    { op: "remove", path: `members[value eq "${ada.id}"]` },
  ]);
  strictEqual(removed.status, 204, removed.text);
  strictEqual(await groups(), undefined);
  await client.patch(team.path, [
    { op: "add", path: "members", value: [{ value: ada.id }] },
  ]);
  deepStrictEqual(await groups(), [red]);
  strictEqual((await client.delete(team.path)).status, 204);
  strictEqual(await groups(), undefined);
});

Deno.test("A group and a team may have the same name, two teams may not", async () => {
  await using server = await TestServer.start();
  const client = await withOutsiders(server);
  await client.group("red");
  await create(client, "/Teams", group("red"));
  strictEqual((await client.post("/Teams", group("RED"))).status, 409);
});

Deno.test(
  "A device cannot be a member of a group",
  withDevices(async (client) => {
    const { id } = await create(client, "/Devices", device("1"));
    isScimError(
      await client.post("/Groups", group("staff", [id])),
      400,
      "invalidValue",
      /names resources that cannot be members of Group: Device ".*"; members are/,
    );
  }),
);
