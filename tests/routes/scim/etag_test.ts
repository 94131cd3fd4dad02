import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  strictEqual,
} from "node:assert/strict";
import {
  type Answer,
  type Client,
  group,
  isScimError,
  object,
  user,
  withClient,
} from "../harness.ts";

function opaque(version: string): string {
  return version.replace(/^W\//, "");
}

Deno.test(
  "44-3.14-2 44-3.14-3 Every answer with one resource has its version as ETag and in meta",
  withClient(async (client) => {
    const { id } = await client.user("ada");
    const answers = [
      await client.post("/Users", user("bob")),
      await client.get(`/Users/${id}`),
      await client.put(`/Users/${id}`, user("ada", { title: "x" })),
      await client.patch(`/Users/${id}`, [{ op: "remove", path: "title" }]),
    ];
    for (const { headers, json } of answers) {
      const version = headers.get("ETag");
      match(version ?? "", /^W\/"[0-9a-f.]+"$/);
      strictEqual(object(json["meta"])["version"], version);
    }
  }),
);

type Write = (
  client: Client,
  id: string,
  headers: Record<string, string>,
) => Promise<Answer>;

const WRITES: Readonly<Record<string, Write>> = {
  PUT: (client, id, headers) =>
    client.put(`/Groups/${id}`, group("renamed"), headers),
  PATCH: (client, id, headers) =>
    client.patch(
      `/Groups/${id}`,
      [{ op: "replace", path: "displayName", value: "renamed" }],
      headers,
    ),
  "PATCH of members": (client, id, headers) =>
    client.patch(`/Groups/${id}`, [{ op: "remove", path: "members" }], headers),
  DELETE: (client, id, headers) => client.delete(`/Groups/${id}`, headers),
};

/** Values of If-Match that name the version, and some that do not. */
const MATCHING: readonly ((version: string) => string)[] = [
  (version) => version,
  (version) => opaque(version),
  (version) => opaque(version).replaceAll('"', ""),
  (version) => ` ${version} `,
  (version) => `W/"a", ${version}`,
  (version) => `"a",${opaque(version)},"b"`,
  () => "*",
];

const OTHER: readonly string[] = [
  'W/"other"',
  '"other"',
  '"a", "b"',
  '""',
  "",
  "W/",
  '"*"',
  "other",
];

for (const [name, write] of Object.entries(WRITES)) {
  MATCHING.forEach((header, index) => {
    Deno.test(
      `44-3.14-5 44-3.14-6 ${name} with If-Match that names the version succeeds (${
        header('W/"v"')
      }, ${index})`,
      withClient(async (client) => {
        const ada = await client.user("ada");
        const { id, version } = await client.group("staff", [ada.id]);
        const { status } = await write(client, id, {
          "If-Match": header(version),
        });
        strictEqual(status < 300, true);
      }),
    );
  });

  for (const header of OTHER) {
    Deno.test(
      `44-3.14-5 ${name} with If-Match: ${
        header || "(empty)"
      } is 412 and changes nothing`,
      withClient(async (client, server) => {
        const ada = await client.user("ada");
        const { id } = await client.group("staff", [ada.id]);
        const before = await server.dump();
        const answer = await write(client, id, { "If-Match": header });
        isScimError(answer, 412, undefined, /has changed since.*read it again/);
        deepStrictEqual(await server.dump(), before);
      }),
    );
  }

  Deno.test(
    `44-3.14-7 ${name} with If-None-Match that names the version is 412`,
    withClient(async (client) => {
      const ada = await client.user("ada");
      const { id, version } = await client.group("staff", [ada.id]);
      for (const header of [version, opaque(version), "*"]) {
        const answer = await write(client, id, { "If-None-Match": header });
        isScimError(answer, 412, undefined, /If-None-Match/);
      }
      const other = await write(client, id, { "If-None-Match": '"other"' });
      strictEqual(other.status < 300, true);
    }),
  );

  Deno.test(
    `${name} of an unknown id with If-Match is 404`,
    withClient(async (client) => {
      isScimError(await write(client, "nobody", { "If-Match": "*" }), 404);
    }),
  );
}

Deno.test(
  "44-3.14-4 GET with If-None-Match that names the version is 304 without a body",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    for (const header of [version, opaque(version), "*", `"a", ${version}`]) {
      const answer = await client.get(`/Users/${id}`, {
        "If-None-Match": header,
      });
      strictEqual(answer.status, 304);
      strictEqual(answer.text, "");
      strictEqual(answer.headers.get("ETag"), version);
    }
  }),
);

Deno.test(
  "HEAD with If-None-Match that names the version is 304",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    const { status } = await client.send(`/Users/${id}`, {
      method: "HEAD",
      headers: { "If-None-Match": version },
    });
    strictEqual(status, 304);
  }),
);

Deno.test(
  "GET with If-None-Match of another version is 200",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    await client.patch(`/Users/${id}`, [{
      op: "add",
      path: "title",
      value: "x",
    }]);
    for (const header of [version, 'W/"other"', "", '""']) {
      const { status } = await client.get(`/Users/${id}`, {
        "If-None-Match": header,
      });
      strictEqual(status, 200);
    }
  }),
);

Deno.test(
  "GET of an unknown id with If-None-Match: * is 404",
  withClient(async (client) => {
    isScimError(await client.get("/Users/x", { "If-None-Match": "*" }), 404);
  }),
);

Deno.test(
  "44-3.14-7 POST ignores If-Match and If-None-Match",
  withClient(async (client) => {
    for (const name of ["If-Match", "If-None-Match"]) {
      const { status } = await client.send("/Users", {
        method: "POST",
        headers: { [name]: "*" },
        body: user(name),
      });
      strictEqual(status, 201);
    }
  }),
);

Deno.test(
  "44-3.14-8 The version of a group moves with its members, that of a user not with its groups",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id, version } = await client.group("staff");
    await client.patch(`/Groups/${id}`, [
      { op: "add", path: "members", value: [{ value: ada.id }] },
    ]);
    const group = await client.get(`/Groups/${id}`);
    notStrictEqual(group.headers.get("ETag"), version);
    const user = await client.get(`/Users/${ada.id}`);
    strictEqual(user.headers.get("ETag"), ada.version);
  }),
);

Deno.test(
  "Of parallel writes with one If-Match exactly one succeeds",
  withClient(async (client) => {
    const { id, version } = await client.user("ada");
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        client.patch(
          `/Users/${id}`,
          [{ op: "replace", path: "title", value: `t${i}` }],
          { "If-Match": version },
        )),
    );
    deepStrictEqual(
      answers.map(({ status }) => status).sort(),
      [200, 412, 412, 412, 412, 412, 412, 412],
    );
  }),
);

Deno.test(
  "Of parallel changes of members with one If-Match exactly one succeeds",
  withClient(async (client) => {
    const members = [];
    for (let i = 0; i < 6; i++) members.push(await client.user(`u${i}`));
    const { id, version } = await client.group("staff");
    const answers = await Promise.all(members.map((member) =>
      client.patch(
        `/Groups/${id}`,
        [{ op: "add", path: "members", value: [{ value: member.id }] }],
        { "If-Match": version },
      )
    ));
    deepStrictEqual(
      answers.map(({ status }) => status).sort(),
      [204, 412, 412, 412, 412, 412],
    );
  }),
);

Deno.test(
  "44-3.14-5 DELETE with If-Match is 412 when the members have changed",
  withClient(async (client) => {
    const ada = await client.user("ada");
    const { id } = await client.group("Sales");
    const { headers } = await client.get(`/Groups/${id}`);
    const version = headers.get("ETag") ?? "";
    const operation = {
      op: "add",
      path: "members",
      value: [{ value: ada.id }],
    };
    await client.patch(`/Groups/${id}`, [operation]);
    const deletion = await client.send(`/Groups/${id}`, {
      method: "DELETE",
      headers: { "If-Match": version },
    });
    strictEqual(deletion.status, 412);
  }),
);

Deno.test(
  "The ETag of a group is the version in its body, whenever a member comes",
  withClient(async (client, { kv }) => {
    const { getMany } = kv;
    let count = 1;
    let turn = 0;
    for (; turn < count; turn++) {
      const { id } = await client.user(`user${turn}`);
      const staff = await client.group(`staff${turn}`);
      let added = false;
      count = 0;
      Object.assign(kv, {
        // Adds a member in front of one of the reads.
        getMany: async (...args: Parameters<typeof getMany>) => {
          const isTurn = count === turn && !added;
          if (isTurn) {
            added = true;
            await client.patch(`/Groups/${staff.id}`, [
              { op: "add", path: "members", value: [{ value: id }] },
            ]);
            count = turn;
          }
          count++;
          return await getMany.apply(kv, args);
        },
      });
      const { json, headers } = await client.get(`/Groups/${staff.id}`);
      Object.assign(kv, { getMany });
      strictEqual(object(json["meta"])["version"], headers.get("ETag"));
    }
    ok(turn > 1, "a group is read in several steps");
  }),
);
