import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type JsonObject, type JsonValue, own } from "../../../domain/json.ts";
import {
  addSchema,
  addType,
  create,
  CUSTOM,
  device,
  networked,
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

/** The serial numbers of what a path finds, in its order. */
async function serials(client: Client, path: string): Promise<string[]> {
  const answer = await client.get(path);
  strictEqual(answer.status, 200, answer.text);
  return objects(answer.json["Resources"]).map(({ serialNumber }) =>
    text(serialNumber)
  );
}

/** The serial numbers of the devices that a filter finds, sorted. */
async function found(client: Client, filter: string): Promise<string[]> {
  const query = encodeURIComponent(filter);
  return (await serials(client, `/Devices?filter=${query}`)).sort();
}

// Discovery.

Deno.test(
  "43-3.2-1 A new resource type and its schemas are in /ResourceTypes and /Schemas at once",
  withDevices(async (client) => {
    const types = isList(await client.get("/ResourceTypes"), { total: 3 });
    const type = object(types.find(({ name }) => name === "Device"));
    const one = await client.get("/ResourceTypes/device");
    deepStrictEqual(one.json, type);
    deepStrictEqual(
      [type["endpoint"], type["schema"], type["schemaExtensions"]],
      ["/Devices", CUSTOM.device, [
        { schema: CUSTOM.lease, required: true },
        { schema: CUSTOM.network, required: false },
      ]],
    );
    const listed = isList(await client.get("/Schemas"), { total: 10 });
    for (const uri of Object.values(CUSTOM)) {
      const schema = await client.get(`/Schemas/${uri.toUpperCase()}`);
      deepStrictEqual(
        schema.json,
        listed.find(({ id }) => id === uri),
      );
    }
    const { json: user } = await client.get("/ResourceTypes/User");
    deepStrictEqual(user["schemaExtensions"], [
      { schema: URN.enterprise, required: false },
      { schema: CUSTOM.badge, required: false },
    ]);
  }),
);

Deno.test(
  "43-2.2-1 An attribute that says nothing but its name gets every default",
  withDevices(async (client) => {
    const { json } = await client.get(`/Schemas/${CUSTOM.device}`);
    const label = objects(json["attributes"]).find(({ name }) =>
      name === "label"
    );
    deepStrictEqual(label, {
      name: "label",
      type: "string",
      multiValued: false,
      description: "",
      required: false,
      caseExact: false,
      mutability: "readWrite",
      returned: "default",
      uniqueness: "none",
    });
    const first = await create(
      client,
      "/Devices",
      device("1", { label: "Aa" }),
    );
    await create(client, "/Devices", device("2", { label: "aA" }));
    strictEqual(first.json["label"], "Aa");
    deepStrictEqual(await found(client, 'label eq "AA"'), ["1", "2"]);
    const put = await client.put(first.path, device("1", { label: "b" }));
    strictEqual(put.json["label"], "b");
    isScimError(
      await client.put(first.path, device("1", { label: ["b"] })),
      400,
      "invalidValue",
      /"label" must be a string/,
    );
  }),
);

Deno.test(
  "A closed list of values is published as such, in words",
  withDevices(async (client) => {
    const { json } = await client.get(`/Schemas/${CUSTOM.device}`);
    const kind = objects(json["attributes"]).find(({ name }) =>
      name === "kind"
    );
    deepStrictEqual(kind?.["canonicalValues"], ["Phone", "Laptop"]);
    strictEqual(
      kind?.["description"],
      "No values but the canonical ones are accepted.",
    );
  }),
);

// The life of a resource.

/** Every attribute of a device that a client can set and see. */
const WHOLE: JsonObject = {
  externalId: "E",
  displayName: "Router",
  label: "x",
  inventoryNumber: 7,
  hostName: "r1",
  ports: 0,
  weight: -1.5,
  boughtAt: "2026-01-31T08:00:00+01:00",
  online: false,
  firmware: "AAEC",
  manual: "https://example.com/manual",
  policy: "urn:policy:open",
  tags: ["a", "b"],
  sizes: [1, 2],
  kind: "phone",
  colour: "green",
  sticker: "s",
  room: "r",
  asset: {
    code: "A",
    floor: 3,
    labels: ["a", "b"],
    since: "2026-01-01T00:00:00Z",
    origin: "DE",
  },
  slots: [{ value: "a", type: "work", primary: true, code: "1", width: 5 }],
  constructor: "c",
  hasOwnProperty: ["h"],
  toString: { valueOf: "v", constructor: "k" },
};

for (const profile of ["rfc", "compatible"] as const) {
  Deno.test(
    `A device is created, read, replaced, changed and deleted like a user (${profile})`,
    withDevices(async (client) => {
      const network = {
        address: "10.0.0.1",
        links: [{ speed: 2.5, up: true }],
      };
      const made = await create(
        client,
        "/Devices",
        networked("1", network, WHOLE),
      );
      const { id, meta, schemas, ...shown } = made.json;
      deepStrictEqual(shown, {
        serialNumber: "1",
        ...WHOLE,
        [CUSTOM.lease]: { contract: "C-1" },
        [CUSTOM.network]: network,
      });
      deepStrictEqual(schemas, [CUSTOM.device, CUSTOM.lease, CUSTOM.network]);
      strictEqual(made.location, `${BASE}/Devices/${id}`);
      deepStrictEqual(object(meta), {
        resourceType: "Device",
        created: "2026-06-01T08:00:00.000Z",
        lastModified: "2026-06-01T08:00:00.000Z",
        location: made.location,
        version: made.version,
      });
      deepStrictEqual((await client.get(made.path)).json, made.json);
      const put = await client.put(made.path, device("1", { room: "r" }));
      strictEqual(put.status, 200, put.text);
      const { id: _, meta: __, schemas: ___, ...left } = put.json;
      deepStrictEqual(left, {
        serialNumber: "1",
        room: "r",
        asset: { origin: "DE" },
        [CUSTOM.lease]: { contract: "C-1" },
      });
      const patched = await client.patch(made.path, [
        { op: "add", path: "tags", value: ["c"] },
        { op: "replace", value: { weight: 2, [CUSTOM.network]: network } },
        {
          op: "add",
          path: `${CUSTOM.network}:links[up eq true].speed`,
          value: 5,
        },
        { op: "add", path: "asset.floor", value: 1 },
      ]);
      strictEqual(patched.status, 200, patched.text);
      deepStrictEqual(patched.json["tags"], ["c"]);
      deepStrictEqual(patched.json["asset"], { origin: "DE", floor: 1 });
      deepStrictEqual(patched.json[CUSTOM.network], {
        address: "10.0.0.1",
        links: [{ speed: 5, up: true }],
      });
      strictEqual((await client.delete(made.path)).status, 204);
      strictEqual((await client.get(made.path)).status, 404);
      isList(await client.get("/Devices"), { total: 0 });
    }, { profile }),
  );
}

Deno.test(
  "43-3.1-1 Resources of a custom type have id, externalId and meta, and are found by them",
  withDevices(async (client) => {
    const { id, json } = await create(
      client,
      "/Devices",
      device("1", { externalId: "AbC" }),
    );
    strictEqual(json["id"], id);
    strictEqual(object(json["meta"])["resourceType"], "Device");
    deepStrictEqual(await found(client, 'externalId eq "AbC"'), ["1"]);
    deepStrictEqual(await found(client, 'externalId eq "abc"'), []);
    deepStrictEqual(await found(client, `id eq "${id}"`), ["1"]);
    deepStrictEqual(await found(client, 'meta.resourceType eq "Device"'), [
      "1",
    ]);
    deepStrictEqual(
      await found(client, 'meta.created lt "2026-06-01T09:00:00Z"'),
      ["1"],
    );
  }),
);

Deno.test("43-3.1-3 A schema that lists id, externalId and meta does not change what they are", async () => {
  await using server = await TestServer.start();
  const schema = schemaOf(
    "Thing",
    { name: "ID", type: "integer", mutability: "readWrite" },
    { name: "externalId", uniqueness: "server", returned: "never" },
    { name: "meta", type: "string", required: true },
    { name: "schemas", multiValued: true, returned: "never" },
    { name: "displayName" },
  );
  const uri = text(schema["id"]);
  await addSchema(server, schema);
  await addType(server, { name: "Thing", endpoint: "/Things", schema: uri });
  const client = await server.client({ profile: "rfc" });
  const thing = { schemas: [uri], externalId: "Ab", id: 5, meta: "x" };
  const first = await create(client, "/Things", thing);
  const second = await create(client, "/Things", thing);
  for (const { id, json } of [first, second]) {
    strictEqual(json["id"], id);
    ok(id !== "5");
    deepStrictEqual(json["schemas"], [uri]);
    strictEqual(json["externalId"], "Ab");
    strictEqual(object(json["meta"])["resourceType"], "Thing");
  }
  const query = encodeURIComponent('externalId eq "ab"');
  isList(await client.get(`/Things?filter=${query}`), { total: 0 });
});

Deno.test(
  "43-3.2-6 An extension adds to its type only; the attributes of the type stay as they are",
  withDevices(async (client) => {
    const plain = await client.get(`/Schemas/${URN.user}`);
    const other = await (await TestServer.start()).client();
    const { json } = await other.get(`/Schemas/${URN.user}`);
    await other.server[Symbol.asyncDispose]();
    deepStrictEqual(plain.json, json);
    isScimError(
      await client.post("/Users", user("ada", { number: "1" })),
      400,
      "invalidSyntax",
      /"number" is not defined for User/,
    );
    isScimError(
      await client.post(
        "/Groups",
        group("a", [], {
          schemas: [URN.group, CUSTOM.badge],
          [CUSTOM.badge]: { number: "1" },
        }),
      ),
      400,
      "invalidSyntax",
    );
    const { json: ada } = await create(
      client,
      "/Users",
      user("ada", {
        schemas: [URN.user, CUSTOM.badge],
        [CUSTOM.badge]: { number: "1" },
      }),
    );
    deepStrictEqual(ada["schemas"], [URN.user, CUSTOM.badge]);
    deepStrictEqual(ada[CUSTOM.badge], { number: "1" });
  }),
);

// Validation.

/** Values that are refused, in both profiles or in the strict one, and what is said. */
const REFUSED: readonly (readonly [string, JsonValue, RegExp, boolean?])[] = [
  ["ports", "1", /"ports" must be an integer, not a string/],
  ["ports", 1.5, /"ports" must be an integer without fraction/],
  ["ports", 1e300, /"ports" (must be an integer without|is too large)/],
  ["ports", true, /"ports" must be an integer, not a boolean/],
  ["weight", "1.5", /"weight" must be a number, not a string/],
  ["weight", {}, /"weight" must be a number, not an object/],
  [
    "boughtAt",
    "2026-01-31",
    /"boughtAt" must be a dateTime with date and time/,
  ],
  ["boughtAt", 5, /"boughtAt" must be a string with a dateTime, not a number/],
  ["online", 1, /"online" must be true or false, not a number/],
  ["online", "true", /"online" must be true or false, not a string/, true],
  ["firmware", "?", /"firmware" must be base64/, true],
  ["firmware", 5, /"firmware" must be a string in base64, not a number/],
  ["manual", "a b", /"manual" must be an absolute or relative URI/, true],
  ["manual", 5, /"manual" must be a string with a URI, not a number/],
  [
    "policy",
    "urn:policy:none",
    /"policy" must be one of urn:policy:strict, ur/,
  ],
  ["kind", "Car", /"kind" must be one of Phone, Laptop/],
  ["tags", [1], /"tags\[0\]" must be a string, not a number/],
  ["sizes", [1, 2.5], /"sizes(\[1\])?" must be an integer without/],
  ["label", 5, /"label" must be a string, not a number/],
  ["label", {}, /"label" must be a string, not an object/],
  ["asset", 5, /"asset" must be an object, not a number/],
  ["asset", { floor: "1" }, /"asset.floor" must be an integer, not a string/],
  ["asset", { since: "x" }, /"asset.since" must be a dateTime/],
  ["slots", [{ width: "1" }], /"slots\[0\].width" must be an integer/],
  [
    "slots",
    [{ value: "a", primary: true }, { value: "b", primary: true }],
    /"slots" (has more than one value|would get 2 values) with primary true/,
  ],
  ["toString", { valueOf: 1 }, /"toString.valueOf" must be a string/],
  ["constructor", {}, /"constructor" must be a string/],
];

for (const [name, value, detail, strictOnly = false] of REFUSED) {
  const profiles = strictOnly
    ? ["rfc"] as const
    : ["rfc", "compatible"] as const;
  for (const profile of profiles) {
    Deno.test(
      `A device with ${name} ${
        JSON.stringify(value)
      } is 400 invalidValue by POST, PUT and PATCH (${profile})`,
      withDevices(async (client, server) => {
        const { path } = await create(client, "/Devices", device("1"));
        const before = await server.dump();
        for (
          const answer of [
            await client.post("/Devices", device("2", { [name]: value })),
            await client.put(path, device("1", { [name]: value })),
            await client.patch(path, [{ op: "add", value: { [name]: value } }]),
            await client.patch(path, [{ op: "replace", path: name, value }]),
          ]
        ) isScimError(answer, 400, "invalidValue", detail);
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }
}

Deno.test(
  "A number that no computer keeps is refused as too large",
  withDevices(async (client) => {
    for (const name of ["ports", "weight"]) {
      const body = JSON.stringify(device("1")).replace(
        "{",
        `{"${name}":1e999,`,
      );
      isScimError(
        await client.send("/Devices", { method: "POST", body }),
        400,
        "invalidValue",
        name === "ports" ? /integer/ : /must be a number, not one that is too/,
      );
    }
  }),
);

Deno.test(
  "A body has an array where several values go, which a PATCH need not",
  withDevices(async (client) => {
    isScimError(
      await client.post("/Devices", device("1", { tags: "a" })),
      400,
      "invalidValue",
      /"tags" must be an array, not a string/,
    );
    const { path } = await create(client, "/Devices", device("1"));
    const { json } = await client.patch(path, [
      { op: "add", path: "tags", value: "a" },
    ]);
    deepStrictEqual(json["tags"], ["a"]);
  }),
);

Deno.test(
  "Values that suggestions do not name are accepted, those of a closed list in any case",
  withDevices(async (client) => {
    const { json } = await create(
      client,
      "/Devices",
      device("1", { colour: "green", kind: "LAPTOP" }),
    );
    deepStrictEqual([json["colour"], json["kind"]], ["green", "LAPTOP"]);
  }),
);

for (const number of ["1.0", "1e3", "1.5", "-0.0", "1E0"]) {
  Deno.test(
    `43-2.3-6 ${number} is no integer, wherever it stands`,
    withDevices(async (client, server) => {
      const { path } = await create(
        client,
        "/Devices",
        device("1", { slots: [{ value: "a" }] }),
      );
      const before = await server.dump();
      const refused = async (method: string, at: string, body: JsonObject) => {
        const sent = JSON.stringify(body).replaceAll('"#"', number);
        isScimError(
          await client.send(at, { method, body: sent }),
          400,
          "invalidValue",
          /must be an integer without fraction or exponent/,
        );
      };
      for (
        const more of [
          { ports: "#" },
          { sizes: [1, "#"] },
          { asset: { floor: "#" } },
          { slots: [{ width: "#" }] },
          { [`${CUSTOM.device}:ports`]: "#" },
          {
            schemas: [CUSTOM.device, CUSTOM.lease, CUSTOM.network],
            [CUSTOM.network]: { address: "a", vlan: "#" },
          },
        ]
      ) {
        await refused("POST", "/Devices", device("2", more));
        await refused("PUT", path, device("1", more));
        await refused("PATCH", path, {
          schemas: [URN.patch],
          Operations: [{ op: "add", value: more }],
        });
      }
      for (
        const [at, value] of [
          ["ports", "#"],
          ["sizes", ["#"]],
          ["sizes", "#"],
          ["asset", { floor: "#" }],
          ["asset.floor", "#"],
          ['slots[value eq "a"].width', "#"],
          ["slots", [{ width: "#" }]],
          [CUSTOM.network, { vlan: "#" }],
          [`${CUSTOM.network}:vlan`, "#"],
        ] as const
      ) {
        await refused("PATCH", path, {
          schemas: [URN.patch],
          Operations: [{
            op: "add",
            path: at,
            value: Array.isArray(value)
              ? [...value]
              : Object(value) === value
              ? { ...Object(value) }
              : String(value),
          }],
        });
      }
      deepStrictEqual(await server.dump(), before);
    }),
  );
}

Deno.test(
  "43-2.3-6 Decimals take fractions and exponents, and so does the text that looks like one",
  withDevices(async (client) => {
    const body = JSON.stringify(device("1", { label: "[1.0]" }))
      .replace("{", '{"weight":1.50e1,"ports":-7,');
    const { json, status } = await client.send("/Devices", {
      method: "POST",
      body,
    });
    strictEqual(status, 201);
    deepStrictEqual([json["weight"], json["ports"], json["label"]], [
      15,
      -7,
      "[1.0]",
    ]);
  }),
);

Deno.test(
  "43-6-8 A device without its required extension, or without what that requires, is refused",
  withDevices(async (client, server) => {
    const { path } = await create(client, "/Devices", device("1"));
    const before = await server.dump();
    const { [CUSTOM.lease]: _, ...bare } = device("2");
    for (
      const [body, detail] of [
        [bare, /"urn:.*lease.*" is required for Device/],
        [{ ...bare, [CUSTOM.lease]: {} }, /"urn:.*lease.*" is required/],
        [{ ...bare, [CUSTOM.lease]: null }, /"urn:.*lease.*" is required/],
        [
          { ...bare, [CUSTOM.lease]: { monthly: 1 } },
          /"urn:.*lease.*:contract" is required/,
        ],
        [
          { ...bare, [CUSTOM.lease]: { contract: " " } },
          /contract" is required and must not be empty/,
        ],
      ] as const
    ) {
      isScimError(
        await client.post("/Devices", body),
        400,
        "invalidValue",
        detail,
      );
      isScimError(
        await client.put(path, { ...body, serialNumber: "1" }),
        400,
        "invalidValue",
        detail,
      );
    }
    for (const at of [CUSTOM.lease, `${CUSTOM.lease}:contract`]) {
      const answer = await client.patch(path, [{ op: "remove", path: at }]);
      strictEqual(answer.status, 400, answer.text);
    }
    deepStrictEqual(await server.dump(), before);
  }),
);

Deno.test(
  "43-6-9 An optional extension may be left out, and is whole when it is there",
  withDevices(async (client) => {
    const { json, path } = await create(client, "/Devices", device("1"));
    deepStrictEqual(json["schemas"], [CUSTOM.device, CUSTOM.lease]);
    const detail = /"urn:.*network.*:address" is required for Device/;
    isScimError(
      await client.post("/Devices", networked("2", { vlan: 1 })),
      400,
      "invalidValue",
      detail,
    );
    const add = { op: "add", path: `${CUSTOM.network}:vlan`, value: 1 };
    isScimError(await client.patch(path, [add]), 400, "invalidValue", detail);
    const patched = await client.patch(path, [add, {
      op: "add",
      path: `${CUSTOM.network}:address`,
      value: "a",
    }]);
    deepStrictEqual(patched.json[CUSTOM.network], { vlan: 1, address: "a" });
    const removed = await client.patch(path, [
      { op: "remove", path: CUSTOM.network },
    ]);
    deepStrictEqual(removed.json["schemas"], [CUSTOM.device, CUSTOM.lease]);
  }),
);

Deno.test("43-4.1.1-5 displayName may be left out of any type with the User schema, and is not empty", async () => {
  await using server = await TestServer.start();
  await addType(server, {
    name: "Outsider",
    endpoint: "/Outsiders",
    schema: URN.user,
  });
  const client = await server.client({ profile: "rfc" });
  for (const endpoint of ["/Users", "/Outsiders"]) {
    const { path } = await create(client, endpoint, user("ada"));
    const empty = user("bob", { displayName: "" });
    for (
      const answer of [
        await client.post(endpoint, empty),
        await client.put(path, empty),
        await client.patch(path, [
          { op: "add", path: "displayName", value: "" },
        ]),
      ]
    ) {
      isScimError(
        answer,
        400,
        "invalidValue",
        /"displayName" must not be empty/,
      );
    }
    const { json } = await client.put(
      path,
      user("ada", { displayName: "Ada" }),
    );
    strictEqual(json["displayName"], "Ada");
  }
});

// Filters.

/** Four devices: A has everything, B has other values, C has a little, D nothing. */
async function devices(client: Client): Promise<void> {
  for (
    const body of [
      networked("A", {
        address: "10.0.0.1",
        mac: "AA:BB",
        vlan: 9,
        secret: "s",
        links: [{ value: "eth0", speed: 2.5, up: true }, {
          value: "eth1",
          speed: 10,
          up: false,
        }],
      }, {
        label: "Alpha",
        inventoryNumber: 10,
        hostName: "Host-A",
        ports: 10,
        weight: 1.5,
        boughtAt: "2026-01-01T12:00:00Z",
        online: true,
        firmware: "AAEC",
        manual: "https://example.com/A",
        tags: ["Red", "blue"],
        sizes: [1, 20],
        notes: "n",
        pin: "p",
        vault: "v",
        asset: {
          code: "Code",
          floor: 3,
          since: "2026-01-01T00:00:00+02:00",
          combination: "c",
        },
        slots: [
          { value: "x", type: "work", primary: true, width: 5, key: "k" },
          { value: "y", type: "home", width: 50, hint: "h" },
        ],
        constructor: "Ctor",
        toString: { valueOf: "vo" },
        displayName: "Zed",
      }),
      networked("B", { address: "10.0.0.2", vlan: 100 }, {
        label: "beta",
        inventoryNumber: 9,
        ports: 9,
        weight: -2,
        boughtAt: "2026-01-01T12:00:00+01:00",
        online: false,
        firmware: "zz==",
        tags: ["green"],
        sizes: [3],
        asset: { floor: 10 },
        slots: [{ value: "x", type: "home", width: 5 }],
      }),
      device("C", { ports: 100, weight: 1e3, label: "ALPHA", tags: ["RED"] }),
      device("D"),
    ]
  ) await create(client, "/Devices", body);
}

const NET = CUSTOM.network;

/** Filters, and whom they find. */
const FILTERS: readonly (readonly [string, string])[] = [
  ['serialNumber eq "A"', "A"],
  ['serialNumber eq "a"', ""],
  ['serialNumber ne "A"', "BCD"],
  ['label eq "alpha"', "AC"],
  ['label sw "AL"', "AC"],
  ['label co "ET"', "B"],
  ['label gt "alpha"', "B"],
  ['label le "alpha"', "AC"],
  ['hostName eq "HOST-a"', "A"],
  ['hostName sw "host"', "A"],
  ['hostName lt "z"', "A"],
  ["label eq null", "D"],
  ["not (label pr)", "D"],
  ["ports gt 9", "AC"],
  ["ports ge 10", "AC"],
  ["ports lt 10", "B"],
  ["ports le 10", "AB"],
  ["ports eq 10.0", "A"],
  ["ports ne 10", "BC"],
  ["inventoryNumber eq 10", "A"],
  ["inventoryNumber gt 9", "A"],
  ["weight lt 0", "B"],
  ["weight gt 1.5", "C"],
  ["weight eq 1000", "C"],
  ["weight eq 1e3", "C"],
  ['boughtAt lt "2026-01-01T12:00:00Z"', "B"],
  ['boughtAt eq "2026-01-01T13:00:00+01:00"', "A"],
  ["online eq true", "A"],
  ["online ne true", "B"],
  ["online pr", "AB"],
  ['firmware eq "AAEC"', "A"],
  ['firmware eq "aaec"', ""],
  ['manual eq "https://example.com/A"', "A"],
  ['manual ew "/a"', ""],
  ['tags eq "red"', "AC"],
  ['tags[value sw "r"]', "AC"],
  ["sizes gt 2", "AB"],
  ["sizes[value gt 2 and value lt 10]", "B"],
  ["asset.floor gt 3", "B"],
  ['asset.code eq "Code"', "A"],
  ['asset.code eq "code"', ""],
  ['asset.since lt "2026-01-01T00:00:00Z"', "A"],
  ["asset pr", "AB"],
  ['asset[floor eq 3 and code eq "Code"]', "A"],
  ['slots eq "x"', "AB"],
  ['slots[type eq "HOME" and width eq 5]', "B"],
  ['slots.type eq "home" and slots.width eq 5', "AB"],
  ["slots[primary eq true]", "A"],
  ["slots.primary eq false", "AB"],
  ['slots.hint eq "h"', "A"],
  ['notes eq "n"', "A"],
  [`${NET} pr`, "AB"],
  [`not (${NET} pr)`, "CD"],
  [`${NET}:address sw "10."`, "AB"],
  [`${NET}:mac eq "aa:bb"`, "A"],
  [`${NET}:vlan gt 9`, "B"],
  [`${NET}:links.speed gt 2.5`, "A"],
  [`${NET}:links[speed gt 2.5 and up eq true]`, ""],
  [`${NET}:links[value eq "ETH1" and up eq false]`, "A"],
  [`${NET.toUpperCase()}:LINKS.Value sw "eth"`, "A"],
  [`${CUSTOM.device}:asset.floor eq 3`, "A"],
  ['constructor eq "ctor"', "A"],
  ['toString.valueOf eq "VO"', "A"],
  ["toString.constructor pr", ""],
  ["hasOwnProperty pr", ""],
  ['displayName eq "zed"', "A"],
];

Deno.test(
  "44-3.4.2.2-10 44-3.10-4 Filters compare attributes of every type, of extensions and within values",
  withDevices(async (client) => {
    await devices(client);
    for (const [filter, expected] of FILTERS) {
      strictEqual((await found(client, filter)).join(""), expected, filter);
    }
  }),
);

for (const operator of ["co", "sw", "ew"]) {
  Deno.test(
    `44-3.4.2.2-12 ${operator} on a number, boolean or dateTime is 400 invalidFilter`,
    withDevices(async (client) => {
      await devices(client);
      for (
        const [name, literal] of [
          ["ports", "1"],
          ["ports", '"1"'],
          ["sizes", "1"],
          ["weight", "1"],
          ["online", "true"],
          ["boughtAt", '"2026"'],
          ["asset.floor", "1"],
          ["asset.since", '"2026"'],
          [`${NET}:vlan`, "1"],
          [`${NET}:links.speed`, "1"],
        ]
      ) {
        const filter = encodeURIComponent(`${name} ${operator} ${literal}`);
        isScimError(
          await client.get(`/Devices?filter=${filter}`),
          400,
          "invalidFilter",
          new RegExp(`"${operator}" is not defined for ".*", which is of type`),
        );
      }
    }),
  );
}

for (
  const [filter, detail] of [
    ['ports eq "10"', /of type integer; compare it with a number/],
    ["label eq 5", /of type string; compare it with a string/],
    ["online gt true", /"gt" is not defined for "online"/],
    ['firmware gt "A"', /is binary and has no order/],
    ['boughtAt gt "yesterday"', /of type dateTime; compare it with/],
    ["asset eq 5", /"asset" is complex.*compare a sub-attribute/],
    ['vlan eq "x"', /"vlan" is not defined for Device; did you mean "urn:/],
    [`${NET}:vlna eq 1`, /did you mean "urn:.*:vlan"/],
    ["portz eq 1", /did you mean "ports"/],
    ['pin eq "p"', /"pin" is never returned and cannot be searched/],
    ["vault pr", /"vault" is never returned and cannot be searched/],
    ['asset.combination eq "c"', /never returned/],
    ['slots[key eq "k"]', /never returned/],
    ["slots.key pr", /never returned/],
    [`${NET}:secret pr`, /never returned/],
  ] as const
) {
  Deno.test(
    `/Devices?filter=${filter} is 400 invalidFilter`,
    withDevices(async (client) => {
      await devices(client);
      isScimError(
        await client.get(`/Devices?filter=${encodeURIComponent(filter)}`),
        400,
        "invalidFilter",
        detail,
      );
    }),
  );
}

Deno.test("What is never shown does not make an attribute or an extension present", async () => {
  await using server = await TestServer.start();
  const schema = schemaOf(
    "Hidden",
    { name: "code", mutability: "writeOnly" },
    {
      name: "box",
      type: "complex",
      subAttributes: [{ name: "seen" }, { name: "key", returned: "never" }],
    },
  );
  const uri = text(schema["id"]);
  await addSchema(server, schema, { extends: "User" });
  const client = await server.client({ profile: "rfc" });
  const holder = (userName: string, hidden: JsonObject) =>
    user(userName, { schemas: [URN.user, uri], [uri]: hidden });
  await create(client, "/Users", holder("code", { code: "1" }));
  await create(client, "/Users", holder("key", { box: { key: "1" } }));
  await create(
    client,
    "/Users",
    holder("seen", { box: { key: "1", seen: "s" } }),
  );
  for (
    const [filter, names] of [
      [`${uri} pr`, ["seen"]],
      [`${uri}:box pr`, ["seen"]],
      [`${uri}:box ne null`, ["seen"]],
      [`${uri}:box eq null`, ["code", "key"]],
    ] as const
  ) {
    const query = encodeURIComponent(filter);
    deepStrictEqual(
      await client.names(`/Users?filter=${query}`),
      names,
      filter,
    );
  }
});

// Sorting.

for (
  const [sortBy, up] of [
    ["serialNumber", "ABCD"],
    ["ports", "BACD"],
    ["weight", "BACD"],
    ["boughtAt", "BA"],
    ["online", "BA"],
    ["firmware", "AB"],
    ["inventoryNumber", "BA"],
    ["asset.floor", "AB"],
    ["slots.width", "AB"],
    [`${NET}:vlan`, "AB"],
    [`${NET}:address`, "AB"],
    ["sizes", "AB"],
  ] as const
) {
  Deno.test(
    `44-3.4.2.3-6 /Devices?sortBy=${sortBy} orders by the type of the values`,
    withDevices(async (client) => {
      await devices(client);
      // Width 5 and 50 are those of A; its primary value counts.
      await client.patch(
        `/Devices/${
          object(
            objects(
              (await client.get('/Devices?filter=serialNumber eq "B"'))
                .json["Resources"],
            )[0],
          )["id"]
        }`,
        [{ op: "replace", path: 'slots[type eq "home"].width', value: 6 }],
      );
      const ascending = (await serials(client, `/Devices?sortBy=${sortBy}`))
        .join("");
      strictEqual(ascending.slice(0, up.length), up);
      const path = `/Devices?sortBy=${sortBy}&sortOrder=descending`;
      const descending = (await serials(client, path)).join("");
      strictEqual(
        descending.slice(-up.length),
        [...up].reverse().join(""),
      );
    }),
  );
}

for (
  const sortBy of [
    "pin",
    "vault",
    "slots.key",
    "asset.combination",
    `${NET}:secret`,
  ]
) {
  Deno.test(
    `/Devices?sortBy=${sortBy} is 400, since nobody is shown it`,
    withDevices(async (client) => {
      isScimError(
        await client.get(`/Devices?sortBy=${sortBy}`),
        400,
        "invalidValue",
        /is never returned and cannot be sorted by/,
      );
    }),
  );
}

// Projection.

const EVERYTHING = {
  notes: "n",
  sticker: "s",
  vault: "v",
  pin: "1",
  label: "l",
  slots: [{ value: "a", hint: "h", state: "st", key: "k", width: 1 }],
};

/** The names of what an answer shows, but for the common ones. */
function shown(resource: JsonObject): string[] {
  const common = ["schemas", "id", "meta", "serialNumber", CUSTOM.lease, NET];
  return Object.keys(resource).filter((name) => !common.includes(name)).sort();
}

/** The names of what is shown of the first slot. */
function slot(resource: JsonObject): string[] {
  const [first = {}] = objects(resource["slots"] ?? []);
  return Object.keys(first).sort();
}

Deno.test(
  "43-7-17 What is returned on request comes with answers to who sent it, and else by name only",
  withDevices(async (client) => {
    const sent = await create(client, "/Devices", device("1", EVERYTHING));
    const { path } = sent;
    strictEqual(sent.json["notes"], "n");
    ok(slot(sent.json).includes("hint"));
    const put = await client.put(path, device("1", EVERYTHING));
    strictEqual(put.json["notes"], "n");
    ok(slot(put.json).includes("hint"));
    const patched = await client.patch(path, [
      { op: "replace", path: "notes", value: "m" },
    ]);
    strictEqual(patched.json["notes"], "m");
    ok(!slot(patched.json).includes("hint"));
    const within = await client.patch(path, [
      { op: "replace", path: 'slots[value eq "a"].hint', value: "i" },
    ]);
    strictEqual(within.json["notes"], undefined);
    ok(slot(within.json).includes("hint"));
    const other = await client.patch(path, [
      { op: "replace", path: "label", value: "m" },
    ]);
    for (
      const json of [
        other.json,
        (await client.get(path)).json,
        isList(await client.get("/Devices"), { total: 1 })[0] ?? {},
        (await client.get(`${path}?excludedAttributes=label`)).json,
      ]
    ) {
      strictEqual(json["notes"], undefined);
      ok(!slot(json).includes("hint"));
    }
    const { json } = await client.get(`${path}?attributes=NOTES,slots.hint`);
    deepStrictEqual(shown(json), ["notes", "slots", "sticker"]);
    deepStrictEqual(slot(json), ["hint", "state"]);
    const without = await client.put(
      `${path}?excludedAttributes=notes,slots.hint`,
      device("1", EVERYTHING),
    );
    strictEqual(without.json["notes"], undefined);
    ok(!slot(without.json).includes("hint"));
  }),
);

Deno.test(
  "43-7-13 What is writeOnly or never returned is in no answer and in no change log, and stays",
  withDevices(async (client, server) => {
    const secrets = {
      pin: "SECRET-1",
      vault: "SECRET-2",
      asset: { floor: 1, combination: "SECRET-3" },
      slots: [{ value: "a", key: "SECRET-4" }],
    };
    const body = networked("1", { address: "a", secret: "SECRET-5" }, secrets);
    const names =
      `attributes=pin,vault,asset,asset.combination,slots,slots.key,${NET}:secret`;
    const made = await client.post(`/Devices?${names}`, body);
    strictEqual(made.status, 201, made.text);
    const path = `/Devices/${made.json["id"]}`;
    const answers = [
      made,
      await client.get(path),
      await client.get(`${path}?${names}`),
      await client.get(`${path}?attributes=${CUSTOM.device},${NET}`),
      await client.put(`${path}?${names}`, body),
      await client.patch(path, [
        { op: "replace", path: "pin", value: "SECRET-6" },
        { op: "replace", path: 'slots[value eq "a"].key', value: "SECRET-7" },
        { op: "replace", path: `${NET}:secret`, value: "SECRET-8" },
        { op: "replace", path: "asset.combination", value: "SECRET-9" },
      ]),
      await client.get(`/Devices?${names}`),
      await client.get("/"),
      await server.admin("GET", "/changes"),
    ];
    for (const { status, text } of answers) {
      ok(status < 300, text);
      strictEqual(text.includes("SECRET"), false, text);
    }
    const { label: _, ...unsent } = networked("1", { address: "a" }, {
      asset: { floor: 2 },
      slots: [{ value: "a" }],
    });
    strictEqual((await client.put(path, unsent)).status, 200);
    const kept = (await server.dump()).join("\n");
    for (const secret of ["SECRET-6", "SECRET-7", "SECRET-9"]) {
      ok(kept.includes(secret), secret);
    }
    ok(!kept.includes("SECRET-8"));
    await client.patch(path, [
      { op: "remove", path: "pin" },
      { op: "remove", path: "asset.combination" },
      { op: "remove", path: 'slots[value eq "a"].key' },
    ]);
    ok(!(await server.dump()).join("\n").includes("SECRET"));
  }),
);

Deno.test(
  "What is always returned is so in every answer, whatever is asked for",
  withDevices(async (client) => {
    const { path } = await create(client, "/Devices", device("1", EVERYTHING));
    for (
      const query of [
        "attributes=label",
        "attributes=nothing",
        "excludedAttributes=sticker,label",
        `excludedAttributes=${CUSTOM.device}`,
      ]
    ) {
      const { json } = await client.get(`${path}?${query}`);
      strictEqual(json["sticker"], "s", query);
      deepStrictEqual(
        json["schemas"]?.toString().includes(CUSTOM.device),
        true,
      );
    }
    const { json } = await client.get(`${path}?attributes=slots.width`);
    deepStrictEqual(slot(json), ["state", "width"]);
  }),
);

Deno.test(
  "Attributes of extensions are shown and hidden one by one, by the URI of the schema, or all",
  withDevices(async (client) => {
    const { path } = await create(
      client,
      "/Devices",
      networked("1", {
        address: "a",
        vlan: 1,
        links: [{ value: "e", up: true }],
      }),
    );
    for (
      const [query, network, schemas] of [
        [`attributes=${NET}:vlan`, { vlan: 1 }, [CUSTOM.device, NET]],
        [
          `attributes=${NET.toUpperCase()}:links.up`,
          { links: [{ up: true }] },
          [
            CUSTOM.device,
            NET,
          ],
        ],
        [
          `attributes=${NET}`,
          { address: "a", vlan: 1, links: [{ value: "e", up: true }] },
          [CUSTOM.device, NET],
        ],
        [`attributes=serialNumber`, undefined, [CUSTOM.device]],
        [`excludedAttributes=${NET}:links`, { address: "a", vlan: 1 }, [
          CUSTOM.device,
          CUSTOM.lease,
          NET,
        ]],
        [`excludedAttributes=${NET}`, undefined, [
          CUSTOM.device,
          CUSTOM.lease,
        ]],
      ] as const
    ) {
      const { json } = await client.get(`${path}?${query}`);
      deepStrictEqual(json[NET], network, query);
      deepStrictEqual(json["schemas"], schemas, query);
    }
  }),
);

// Paths.

Deno.test("44-3.10-4 Of two schemas whose URIs begin alike, a path names the one with the longest", async () => {
  await using server = await TestServer.start();
  const short = "urn:example:2.0:Thing";
  const long = "urn:example:2.0:Thing:part:more";
  const part = {
    name: "part",
    type: "complex",
    subAttributes: [{ name: "a" }],
  };
  await addSchema(server, { id: short, attributes: [part] });
  await addSchema(server, { id: long, attributes: [{ name: "b" }] });
  await addType(server, {
    name: "Thing",
    endpoint: "/Things",
    schema: short,
    schemaExtensions: [{ schema: long, required: false }],
  });
  const client = await server.client({ profile: "rfc" });
  const whole = { part: { a: "core" }, [long]: { b: "extension" } };
  const { path } = await create(client, "/Things", {
    schemas: [short, long],
    ...whole,
  });
  for (
    const [name, value] of [
      [`${short}:part.a`, "core"],
      [`${short.toUpperCase()}:PART.A`, "core"],
      [`${long}:b`, "extension"],
      [`${long.toUpperCase()}:B`, "extension"],
    ] as const
  ) {
    const query = encodeURIComponent(`${name} eq "${value}"`);
    isList(await client.get(`/Things?filter=${query}`), { total: 1 });
    const { json } = await client.get(`${path}?attributes=${name}`);
    const shown = value === "core"
      ? { part: { a: "core" } }
      : { [long]: { b: "extension" } };
    deepStrictEqual([json["part"], json[long]], [
      own(shown, "part"),
      own(shown, long),
    ]);
    const patched = await client.patch(path, [
      { op: "replace", path: name, value },
    ]);
    strictEqual(patched.status, 200, patched.text);
  }
  const wrong = await client.patch(path, [
    { op: "replace", path: `${short}:part:b.c`, value: "x" },
  ]);
  isScimError(wrong, 400, "invalidPath");
});
