import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Answer,
  type Client,
  isList,
  isScimError,
  object,
  objects,
  URN,
  user,
  withClient,
} from "../../routes/harness.ts";
import { roundTrip } from "./round_trip.ts";

const PROFILES = ["rfc", "compatible"] as const;
const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

const NO_USER_NAMES: readonly (readonly [string, JsonObject, string])[] = [
  ["missing", {}, "mutability"],
  ["null", { userName: null }, "invalidValue"],
  ["empty", { userName: "" }, "invalidValue"],
  ["blank", { userName: " \t" }, "invalidValue"],
];

for (const profile of PROFILES) {
  for (const [what, attributes, scimType] of NO_USER_NAMES) {
    Deno.test(
      `43-4.1.1-1 A userName that is ${what} is refused by POST, PUT and PATCH, and nothing changes (${profile})`,
      withClient(async (client, server) => {
        const { id } = await client.user("ada");
        const before = await server.dump();
        const body = { schemas: [URN.user], title: "x", ...attributes };
        const posted = await client.post("/Users", body);
        isScimError(posted, 400, "invalidValue", /"userName" is required/);
        const put = await client.put(`/Users/${id}`, body);
        isScimError(put, 400, "invalidValue", /"userName" is required/);
        const { userName: value } = attributes;
        const patched = await client.patch(`/Users/${id}`, [
          { op: "add", path: "title", value: "x" },
          value === undefined
            ? { op: "remove", path: "userName" }
            : { op: "replace", path: "userName", value },
        ]);
        isScimError(patched, 400, scimType, /"userName" is required/);
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }
}

Deno.test(
  "43-4.1.1-3 name comes back as it was sent: formatted only, parts only, or both",
  withClient(async (client) => {
    const formatted = "Dr. Ada M. King, Jr.";
    const parts = {
      familyName: "King",
      givenName: "Ada",
      middleName: "M.",
      honorificPrefix: "Dr.",
      honorificSuffix: "Jr.",
    };
    await roundTrip(client, "a", { name: { formatted } });
    await roundTrip(client, "b", { name: parts });
    await roundTrip(client, "c", { name: { formatted, ...parts } });
  }, { profile: "rfc" }),
);

Deno.test(
  "43-4.1.1-6 displayName is the label of a user as a member and as a manager",
  withClient(async (client) => {
    const { id } = await client.user("ada", {
      displayName: "Ada King",
      nickName: "Countess",
      name: { formatted: "Augusta Ada King" },
    });
    const { json: staff } = await client.group("staff", [id]);
    strictEqual(object(objects(staff["members"])[0])["display"], "Ada King");
    const manager = { value: id };
    const { json } = await client.user("bob", {
      [URN.enterprise]: { manager },
    });
    strictEqual(
      object(object(json[URN.enterprise])["manager"])["displayName"],
      "Ada King",
    );
  }, { profile: "rfc" }),
);

for (const profile of PROFILES) {
  Deno.test(
    `43-4.1.1-7 nickName is not taken for the userName (${profile})`,
    withClient(async (client) => {
      const body = { schemas: [URN.user], nickName: "Countess" };
      isScimError(await client.post("/Users", body), 400, "invalidValue");
      const { id } = await client.user("ada", { nickName: "Countess" });
      const filter = 'filter=userName eq "Countess"';
      isList(await client.get(`/Users?${filter}`), { total: 0 });
      const { json } = await client.group("staff", [id]);
      strictEqual(object(objects(json["members"])[0])["display"], "ada");
      await client.user("Countess");
    }, { profile }),
  );
}

// RFC 3986 section 6.2.1 compares as strings; what was sent is what comes back.
Deno.test(
  "43-4.1.1-8 profileUrl is a URL, kept as sent and compared as a string",
  withClient(async (client) => {
    const url = "https://example.com/%7Eada?tab=1#top";
    await roundTrip(client, "ada", { profileUrl: url });
    for (const [wanted, total] of [[url, 1], [url.toUpperCase(), 0]] as const) {
      const filter = encodeURIComponent(`profileUrl eq "${wanted}"`);
      isList(await client.get(`/Users?filter=${filter}`), { total });
    }
    for (const wrong of ["my page", "https://example.com/%zz", "a\nb", 5]) {
      const answer = await client.post(
        "/Users",
        user("b", { profileUrl: wrong }),
      );
      isScimError(answer, 400, "invalidValue", /"profileUrl" must be a/);
    }
    isList(await client.get("/Users"), { total: 1 });
  }, { profile: "rfc" }),
);

/** Legal values, and one of another JSON type. */
const LANGUAGES: readonly (readonly [string, string, readonly string[]])[] = [
  ["43-4.1.1-9", "preferredLanguage", [
    "en",
    "en-US, fr;q=0.8",
    "da, en-gb;q=0.8, *;q=0.1",
  ]],
  ["43-4.1.1-10", "locale", ["de-CH", "zh-Hant-TW", "sl-rozaj-biske", "en_US"]],
  ["43-4.1.1-11", "timezone", [
    "America/Los_Angeles",
    "Etc/GMT+12",
    "America/Argentina/Buenos_Aires",
  ]],
];

for (const profile of PROFILES) {
  for (const [item, name, legal] of LANGUAGES) {
    Deno.test(
      `${item} Every legal form of ${name} is kept and found (${profile})`,
      withClient(async (client) => {
        for (const [index, value] of legal.entries()) {
          const id = await roundTrip(client, `u${index}`, { [name]: value });
          const filter = encodeURIComponent(`${name} eq "${value}"`);
          const found = await client.get(`/Users?filter=${filter}`);
          strictEqual(isList(found, { total: 1 })[0]?.["id"], id);
        }
        const wrong = user("x", { [name]: [...legal] });
        isScimError(await client.post("/Users", wrong), 400, "invalidValue");
      }, { profile }),
    );
  }
}

Deno.test(
  "43-4.1.1-12 active is a boolean, and a user that is not active stays readable",
  withClient(async (client) => {
    const id = await roundTrip(client, "ada", { active: false });
    isList(await client.get("/Users?filter=active eq false"), { total: 1 });
    isList(await client.get("/Users?filter=active eq true"), { total: 0 });
    for (const wrong of ["True", "false", "yes", 0, 1, {}]) {
      const path = "active";
      const operation = { op: "replace", path, value: wrong };
      const answer = await client.patch(`/Users/${id}`, [operation]);
      isScimError(answer, 400, "invalidValue", /must be true or false/);
      const posted = await client.post("/Users", user("b", { active: wrong }));
      isScimError(posted, 400, "invalidValue", /must be true or false/);
    }
    strictEqual((await client.get(`/Users/${id}`)).json["active"], false);
  }, { profile: "rfc" }),
);

Deno.test(
  '43-4.1.1-12 A compatible client may send "True" and "False" for active',
  withClient(async (client) => {
    const { id, json } = await client.user("ada", { active: "False" });
    strictEqual(json["active"], false);
    const operation = { op: "Replace", path: "active", value: "True" };
    const patched = await client.patch(`/Users/${id}`, [operation]);
    strictEqual(patched.json["active"], true);
    const answer = await client.post(
      "/Users",
      user("b", { active: "perhaps" }),
    );
    isScimError(answer, 400, "invalidValue", /"active" must be true or false/);
  }),
);

// Passwords.

const SECRET = "1mz050nqZq7";

/** Requests that set a password, and requests that ask for it. */
async function passwordAnswers(client: Client): Promise<Answer[]> {
  const { id } = await client.user("ada", { password: SECRET });
  const body = user("bob", { password: SECRET });
  const set = { op: "replace", path: "password", value: SECRET };
  const whole = { op: "add", value: { password: SECRET, title: "x" } };
  return [
    await client.post("/Users", body),
    await client.post("/Users?attributes=password", { ...body, userName: "c" }),
    await client.put(`/Users/${id}`, body),
    await client.put(`/Users/${id}`, { ...body, userName: "ada" }),
    await client.patch(`/Users/${id}`, [set]),
    await client.patch(`/Users/${id}?attributes=password`, [whole]),
    await client.get(`/Users/${id}`),
    await client.get(`/Users/${id}?attributes=password,userName`),
    await client.get("/Users?attributes=password"),
    await client.get("/?excludedAttributes=userName"),
    await client.post("/.search", {
      schemas: [SEARCH],
      attributes: ["password"],
    }),
    await client.post("/Bulk", {
      schemas: [BULK],
      Operations: [{ method: "PUT", path: `/Users/${id}`, data: body }],
    }),
    await client.delete(`/Users/${id}`),
  ];
}

for (const profile of PROFILES) {
  Deno.test(
    `43-4.1.1-13 43-7-13 A password can be set by every write, and no answer, change record or report has it (${profile})`,
    withClient(async (client, server) => {
      const answers = await passwordAnswers(client);
      deepStrictEqual(
        answers.map(({ status }) => status),
        [201, 201, 409, 200, 200, 200, 200, 200, 200, 200, 200, 200, 204],
      );
      for (const { text, headers } of answers) {
        strictEqual(text.includes("password"), false, text);
        strictEqual((text + [...headers].join()).includes(SECRET), false);
      }
      const changes = await server.admin("GET", "/changes");
      ok(changes.text.includes('"title"'));
      strictEqual(changes.text.includes(SECRET), false);
      strictEqual(JSON.stringify(server.reports).includes(SECRET), false);
    }, { profile }),
  );

  Deno.test(
    `43-4.1.1-13 No error repeats a password (${profile})`,
    withClient(async (client) => {
      const { id } = await client.user("ada", { password: SECRET });
      for (
        const filter of [
          `password eq "${SECRET}"`,
          `password eq '${SECRET}'`,
          `password eq "${SECRET}`,
          `password eq "a"${SECRET}"`,
          `password eq "a" ${SECRET}`,
          `password[value eq "${SECRET}"]`,
          `pasword eq "${SECRET}"`,
        ]
      ) {
        const query = encodeURIComponent(filter);
        const answer = await client.get(`/Users?filter=${query}`);
        isScimError(answer, 400, "invalidFilter");
        strictEqual(answer.text.includes(SECRET), false, answer.text);
        const operation = { op: "replace", path: filter, value: SECRET };
        const patched = await client.patch(`/Users/${id}`, [operation]);
        strictEqual(patched.text.includes(SECRET), false, patched.text);
      }
      const body = `{"schemas":["${URN.user}"],"password":"${SECRET}`;
      const broken = await client.send("/Users", { method: "POST", body });
      isScimError(broken, 400, "invalidSyntax");
      strictEqual(broken.text.includes(SECRET), false);
    }, { profile }),
  );

  Deno.test(
    `43-4.1.1-18 43-7-18 A password cannot be searched or sorted by, not even the right one (${profile})`,
    withClient(async (client) => {
      await client.user("ada", { password: SECRET });
      for (
        const filter of [
          `password eq "${SECRET}"`,
          "password pr",
          'userName eq "ada" or PASSWORD sw "1"',
          `${URN.user}:password ne "x"`,
        ]
      ) {
        const query = encodeURIComponent(filter);
        const answer = await client.get(`/Users?filter=${query}`);
        isScimError(
          answer,
          400,
          "invalidFilter",
          /"password" is never returned/,
        );
        const body = { schemas: [SEARCH], filter };
        const searched = await client.post("/Users/.search", body);
        isScimError(searched, 400, "invalidFilter", /never returned/);
      }
      const sorted = await client.get("/Users?sortBy=password");
      strictEqual(sorted.status, 400, sorted.text);
    }, { profile }),
  );

  Deno.test(
    `43-4.1.1-19 A password that is no string is 400 invalidValue with a detail that does not repeat it (${profile})`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      for (const password of [[SECRET], { value: SECRET }, 7771234, true]) {
        const operation = { op: "add", path: "password", value: password };
        for (
          const answer of [
            await client.post("/Users", user("bob", { password })),
            await client.put(`/Users/${id}`, user("ada", { password })),
            await client.patch(`/Users/${id}`, [operation]),
          ]
        ) {
          isScimError(
            answer,
            400,
            "invalidValue",
            /"password" must be a string/,
          );
          strictEqual(/1mz050|7771234/.test(answer.text), false, answer.text);
        }
      }
      deepStrictEqual(await server.dump(), before);
    }, { profile }),
  );
}
