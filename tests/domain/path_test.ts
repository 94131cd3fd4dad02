import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AttributePath,
  parseAttributePath,
  printAttributePath,
} from "../../domain/path.ts";
import { nearestAttribute, resolvePath } from "../../domain/schema/compile.ts";
import { ENTERPRISE_URI, USER, USER_URI } from "./fixtures.ts";
import { holds } from "./property.ts";

const READ: readonly (readonly [string, AttributePath])[] = [
  ["userName", { name: "userName" }],
  ["name.givenName", { name: "name", subAttribute: "givenName" }],
  ["members.$ref", { name: "members", subAttribute: "$ref" }],
  ["a-b_c$1", { name: "a-b_c$1" }],
  [`${USER_URI}:userName`, { uri: USER_URI, name: "userName" }],
  [
    `${ENTERPRISE_URI}:manager.value`,
    { uri: ENTERPRISE_URI, name: "manager", subAttribute: "value" },
  ],
  [
    `${ENTERPRISE_URI}:manager.$ref`,
    { uri: ENTERPRISE_URI, name: "manager", subAttribute: "$ref" },
  ],
  ["urn:example:2.0", { uri: "urn:example:2.0" }],
  [
    "https://example.com/schemas/1.0/pet:name",
    { uri: "https://example.com/schemas/1.0/pet", name: "name" },
  ],
];

for (const [text, path] of READ) {
  Deno.test(`parseAttributePath() reads ${text}`, () => {
    assert.deepEqual(parseAttributePath(text), path);
  });
}

for (const [text, path] of READ) {
  Deno.test(`printAttributePath() writes ${text}`, () => {
    assert.equal(printAttributePath(path), text);
  });
}

for (
  const text of [
    "",
    ".",
    "a.",
    ".a",
    "a.b.c",
    "1a",
    "_a",
    "emails.0",
    "emails[0]",
    "a b",
    "ä",
    "a:",
    ":a",
    "urn:exa mple:a",
    'urn:"x":a',
    "urn:example:2.0:",
    "__proto__",
  ]
) {
  Deno.test(`parseAttributePath() refuses "${text}"`, () => {
    assert.equal(parseAttributePath(text), undefined);
  });
}

Deno.test("parseAttributePath() takes any text without throwing, and in time", () => {
  const start = performance.now();
  for (const part of ["a:", "a.", "a", ":", "a:!"]) {
    parseAttributePath(part.repeat(200_000));
  }
  assert.ok(performance.now() - start < 10_000);
});

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_$-]{0,8}$/);

Deno.test("parseAttributePath() reads back what printAttributePath() writes", () => {
  const path = fc.record({
    uri: fc.constantFrom(USER_URI, ENTERPRISE_URI, "urn:example:a.b:3"),
    name,
    subAttribute: fc.oneof(name, name.map((text) => `$${text}`)),
  }, { requiredKeys: ["name"], noNullPrototype: true });
  holds(fc.property(path, (path) => {
    assert.deepEqual(parseAttributePath(printAttributePath(path)), path);
  }));
});

function target(text: string, options = {}): string | undefined {
  const path = parseAttributePath(text);
  const found = path && resolvePath(USER, path, options);
  switch (found?.kind) {
    case "attribute":
      return found.attribute.path;
    case "extension":
      return `extension ${found.extension.uri}`;
    case "resource":
      return "resource";
    default:
      return undefined;
  }
}

for (
  const [text, expected] of [
    ["USERNAME", "userName"],
    ["Name.GIVENname", "name.givenName"],
    ["id", "id"],
    ["meta.lastModified", "meta.lastModified"],
    ["externalId", "externalId"],
    [`${USER_URI}:name.familyName`, "name.familyName"],
    [USER_URI.toUpperCase() + ":EMAILS", "emails"],
    [USER_URI, "resource"],
    [ENTERPRISE_URI.toUpperCase(), `extension ${ENTERPRISE_URI}`],
    [`${ENTERPRISE_URI}:manager.value`, `${ENTERPRISE_URI}:manager.value`],
    ["department", undefined],
    [`${ENTERPRISE_URI}.department`, undefined],
    [`${ENTERPRISE_URI}:userName`, undefined],
    [`${ENTERPRISE_URI}:manager.value.x`, undefined],
    [`${USER_URI}x:userName`, undefined],
    ["urn:example:other:userName", undefined],
    ["emails.nothing", undefined],
    ["constructor", undefined],
    ["emails.constructor", undefined],
  ] as const
) {
  Deno.test(`resolvePath() finds ${expected ?? "nothing"} for ${text}`, () => {
    assert.equal(target(text), expected);
  });
}

Deno.test("resolvePath() finds an extension's attribute without its URI if asked to", () => {
  const options = { unqualifiedExtensionAttributes: true };
  assert.equal(target("department", options), `${ENTERPRISE_URI}:department`);
  assert.equal(
    target("Manager.value", options),
    `${ENTERPRISE_URI}:manager.value`,
  );
  assert.equal(target("nothing", options), undefined);
});

Deno.test("resolvePath() takes a dot behind a schema URI if asked to", () => {
  const options = { dotAfterSchemaUri: true };
  assert.equal(
    target(`${ENTERPRISE_URI}.manager`, options),
    `${ENTERPRISE_URI}:manager`,
  );
  assert.equal(target(`${USER_URI}.userName`, options), "userName");
});

for (
  const [text, expected] of [
    ["emial", "emails"],
    ["name.givenNam", "name.givenName"],
    ["deparment", `${ENTERPRISE_URI}:department`],
    ["emials.value", "emails"],
    ["name.zzzzzzzzz", undefined],
    ["zzzzzzzzzzz", undefined],
    ["urn:example:2.0", undefined],
  ] as const
) {
  Deno.test(`nearestAttribute() suggests ${expected ?? "nothing"} for ${text}`, () => {
    const path = parseAttributePath(text);
    assert.ok(path !== undefined);
    assert.equal(nearestAttribute(USER, path), expected);
  });
}
