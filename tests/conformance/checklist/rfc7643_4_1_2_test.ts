import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { JsonValue } from "../../../domain/json.ts";
import {
  isList,
  isScimError,
  object,
  objects,
  URN,
  user,
  values,
  withClient,
} from "../../routes/harness.ts";
import { roundTrip } from "./round_trip.ts";

const PROFILES = ["rfc", "compatible"] as const;

for (const profile of PROFILES) {
  Deno.test(
    `43-4.1.2-2 display of an e-mail address or a phone number stands beside the value as it was sent (${profile})`,
    withClient(async (client) => {
      const id = await roundTrip(client, "ada", {
        emails: [{ value: "Ada@EXAMPLE.com", display: "Ada@example.com" }],
        phoneNumbers: [
          { value: "(202) 555-0143", display: "tel:+1-202-555-0143" },
        ],
      });
      for (const name of ["emails", "phoneNumbers"]) {
        const path = `${name}.display`;
        await client.patch(`/Users/${id}`, [{ op: "remove", path }]);
      }
      const { json } = await client.get(`/Users/${id}`);
      deepStrictEqual(json["emails"], [{ value: "Ada@EXAMPLE.com" }]);
      deepStrictEqual(json["phoneNumbers"], [{ value: "(202) 555-0143" }]);
    }, { profile }),
  );

  for (
    const [name, canonical] of [
      ["emails", "work"],
      ["phoneNumbers", "pager"],
      ["ims", "xmpp"],
      ["photos", "thumbnail"],
      ["addresses", "home"],
    ] as const
  ) {
    Deno.test(
      `43-4.1.2-3 43-7-7 type of ${name} takes "${canonical}" and any other value (${profile})`,
      withClient(async (client) => {
        const elements = [canonical, "Sommerhaus"].map((type) =>
          name === "addresses"
            ? { locality: "Bern", type }
            : { value: "v", type }
        );
        const id = await roundTrip(client, "ada", { [name]: elements });
        const filter = `filter=${name}[type eq "sommerhaus"]`;
        isList(await client.get(`/Users?${filter}`), { total: 1 });
        const path = `${name}[type eq "${canonical}"].type`;
        const { json } = await client.patch(`/Users/${id}`, [
          { op: "replace", path, value: "Büro" },
        ]);
        deepStrictEqual(
          objects(json[name]).map(({ type }) => type),
          ["Büro", "Sommerhaus"],
        );
      }, { profile }),
    );
  }
}

Deno.test(
  "43-4.1.2-7 Each part of an address may stand alone, and two of them may have line breaks",
  withClient(async (client) => {
    const address = {
      formatted: "7 Harbour Lane\nPorthaven PH1 2AB",
      streetAddress: "7 Harbour Lane\r\nSecond floor",
      locality: "Porthaven",
      region: "Kernow",
      postalCode: "PH1 2AB",
      country: "US",
      type: "work",
      primary: true,
    };
    await roundTrip(client, "whole", { addresses: [address] });
    for (const [name, value] of Object.entries(address)) {
      await roundTrip(client, name, { addresses: [{ [name]: value }] });
    }
  }, { profile: "rfc" }),
);

const NO_COUNTRIES = ["USA", "U", "", "Germany", "D1", "D E", "ÅÄ", "276"];

Deno.test(
  "43-4.1.2-8 A country that is no code of two letters is 400 invalidValue by the strict profile",
  withClient(async (client, server) => {
    const id = await roundTrip(client, "ada", {
      addresses: [{ country: "CH", type: "work" }],
    });
    const before = await server.dump();
    for (const country of NO_COUNTRIES) {
      const body = user("bob", { addresses: [{ country }] });
      const path = 'addresses[type eq "work"].country';
      for (
        const answer of [
          await client.post("/Users", body),
          await client.put(`/Users/${id}`, body),
          await client.patch(`/Users/${id}`, [{
            op: "replace",
            path,
            value: country,
          }]),
        ]
      ) {
        isScimError(
          answer,
          400,
          "invalidValue",
          /ISO 3166-1 code of two letters/,
        );
      }
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "43-4.1.2-8 A country of another form is kept as sent by the compatible profile",
  withClient(async (client) => {
    for (const country of NO_COUNTRIES.filter((code) => code !== "")) {
      await roundTrip(client, `u${country}`, { addresses: [{ country }] });
    }
  }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-4.1.2-9 groups in the body of a POST or PUT is ignored (${profile})`,
    withClient(async (client) => {
      const staff = await client.group("staff");
      const { id: mine } = await client.group("mine");
      const groups = [{ value: staff.id, display: "x", type: "direct" }];
      const { id, json } = await client.user("ada", { groups });
      strictEqual(json["groups"], undefined);
      await client.patch(`/Groups/${mine}`, [
        { op: "add", path: "members", value: [{ value: id }] },
      ]);
      for (const sent of [{ groups }, { groups: [] }, { groups: null }, {}]) {
        const put = await client.put(`/Users/${id}`, user("ada", sent));
        strictEqual(put.status, 200);
        deepStrictEqual(values(put.json["groups"]), [mine]);
      }
      const { json: read } = await client.get(`/Groups/${staff.id}`);
      strictEqual(read["members"], undefined);
    }, { profile }),
  );

  for (
    const operation of [
      { op: "add", path: "groups", value: [{ value: "x" }] },
      { op: "replace", path: "groups", value: [] },
      { op: "remove", path: "groups" },
      { op: "remove", path: 'groups[display eq "staff"]' },
      {
        op: "replace",
        path: 'groups[display eq "staff"].type',
        value: "indirect",
      },
      { op: "replace", path: "groups.display", value: "x" },
    ]
  ) {
    Deno.test(
      `43-4.1.2-9 PATCH ${operation.op} of ${operation.path} of a user is 400 mutability (${profile})`,
      withClient(async (client, server) => {
        const { id } = await client.user("ada");
        await client.group("staff", [id]);
        const before = await server.dump();
        const title = { op: "add", path: "title", value: "x" };
        const answer = await client.patch(`/Users/${id}`, [title, operation]);
        isScimError(answer, 400, "mutability", /"groups" is readOnly/);
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }
}

Deno.test(
  "43-4.1.2-10 groups.value is the id of the group and groups.$ref its URI",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const staff = await client.group("staff", [ada.id]);
    const outer = await client.group("outer", [staff.id]);
    const { json } = await client.get(`/Users/${ada.id}`);
    const groups = objects(json["groups"]);
    deepStrictEqual(groups.map(({ value, $ref }) => [value, $ref]), [
      [staff.id, staff.location],
      [outer.id, outer.location],
    ]);
    for (const { value, $ref } of groups) {
      const { json: read } = await client.send(String($ref));
      strictEqual(read["id"], value);
      strictEqual(object(read["meta"])["resourceType"], "Group");
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "43-4.1.2-11 groups of a user follows every change of a group at once",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const isIn = async (...groups: string[]) => {
      const { json } = await client.get(`/Users/${id}`);
      deepStrictEqual(values(json["groups"]).sort(), groups.sort());
    };
    await isIn();
    const a = await client.group("a", [id]);
    const b = await client.group("b");
    await isIn(a.id);
    const path = `/Groups/${b.id}`;
    const value = [{ value: id }];
    await client.patch(path, [{ op: "add", path: "members", value }]);
    await isIn(a.id, b.id);
    await client.patch(path, [{
      op: "remove",
      path: `members[value eq "${id}"]`,
    }]);
    await isIn(a.id);
    await client.put(path, {
      schemas: [URN.group],
      displayName: "b",
      members: value,
    });
    await isIn(a.id, b.id);
    await client.delete(`/Groups/${a.id}`);
    await isIn(b.id);
    await client.put(path, { schemas: [URN.group], displayName: "b" });
    await isIn();
  }, { profile: "rfc" }),
);

for (const name of ["entitlements", "roles"]) {
  for (const profile of PROFILES) {
    Deno.test(
      `43-4.1.2-14 ${name} takes any strings, with or without type, display and primary (${profile})`,
      withClient(async (client) => {
        await roundTrip(client, "ada", {
          [name]: [
            { value: "Éditeur en chef" },
            {
              value: '{"id":"8f1c","value":"Admin"}',
              type: "WindowsAzureActiveDirectoryRole",
            },
            { value: "x", type: "my own", display: "X", primary: true },
          ],
        });
        const schema = await client.get(`/Schemas/${URN.user}`);
        const attribute = objects(schema.json["attributes"])
          .find((a) => a["name"] === name);
        for (const sub of objects(attribute?.["subAttributes"])) {
          strictEqual(sub["canonicalValues"], undefined);
          strictEqual(sub["required"], false);
        }
      }, { profile }),
    );
  }
}

/** A certificate that OpenSSL made for CN=a, with an Ed25519 key. */
const CERTIFICATE =
  "MIIBLDCB36ADAgECAhQENMSzNRhzs8KHurCC96rvu7wgzzAFBgMrZXAwDDEKMAgGA1UEAwwBYTAeFw0yNjExMjQwMDI2MzJaFw0yNjExMjUwMDI2MzJaMAwxCjAIBgNVBAMMAWEwKjAFBgMrZXADIQBwJtMmbPXtHhKduyq6wTITk1xHEawYOB0889xkXHogkaNTMFEwHQYDVR0OBBYEFENI13khj7ujZXg9ZyVZ1HE55utzMB8GA1UdIwQYMBaAFENI13khj7ujZXg9ZyVZ1HE55utzMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA3fYFr4Kn0OHauwp44z1SNvAb4Dr5Ld84EK37cEWpArEIiVMvpV1mgofE4PPLgNer78RHB+OGPVkRh+HGfs2jDw==";
const DER = atob(CERTIFICATE);

/** A DER SEQUENCE OF of more than 255 bytes. */
function sequenceOf(content: string): string {
  const { length } = content;
  return btoa(
    `\x30\x82${String.fromCharCode(length >> 8, length & 0xff)}${content}`,
  );
}

const NO_CERTIFICATES: readonly (readonly [string, string])[] = [
  [
    "A PEM text",
    `-----BEGIN CERTIFICATE-----\n${CERTIFICATE}\n-----END CERTIFICATE-----\n`,
  ],
  ["Base64 with line breaks", CERTIFICATE.replace(/.{64}/g, "$&\n")],
  ["Two certificates", btoa(DER + DER)],
  ["A sequence of one certificate", sequenceOf(DER)],
  ["A sequence of two certificates", sequenceOf(DER + DER)],
  ["A sequence of three certificates", sequenceOf(DER + DER + DER)],
  ["A certificate cut short", btoa(DER.slice(0, -3))],
  ["Other bytes", btoa("hello")],
  ["What is no base64", "%%%"],
];

Deno.test(
  "43-4.1.2-15 A DER certificate in base64 is taken and comes back as sent",
  withClient(async (client) => {
    await roundTrip(client, "ada", {
      x509Certificates: [{ value: CERTIFICATE, type: "login" }],
    });
  }, { profile: "rfc" }),
);

for (const [what, value] of NO_CERTIFICATES) {
  Deno.test(
    `43-4.1.2-15 ${what} in place of a certificate is 400 invalidValue by the strict profile`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      const x509Certificates: JsonValue = [{ value }];
      const operation = {
        op: "add",
        path: "x509Certificates",
        value: x509Certificates,
      };
      for (
        const answer of [
          await client.post("/Users", user("bob", { x509Certificates })),
          await client.put(`/Users/${id}`, user("ada", { x509Certificates })),
          await client.patch(`/Users/${id}`, [operation]),
        ]
      ) isScimError(answer, 400, "invalidValue", /exactly one certificate/);
      deepStrictEqual(await server.dump(), before);
    }, { profile: "rfc" }),
  );
}

Deno.test(
  "43-4.1.2-15 Certificates of other forms are kept as sent by the compatible profile",
  withClient(async (client) => {
    const x509Certificates = NO_CERTIFICATES.map(([, value]) => ({ value }));
    await roundTrip(client, "ada", { x509Certificates });
  }),
);
