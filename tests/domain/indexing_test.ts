import assert from "node:assert/strict";
import { indexEntries, valuesOf } from "../../domain/indexing.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import {
  attributeOf,
  DEVICE,
  ENTERPRISE_URI,
  GROUP,
  USER,
} from "./fixtures.ts";

function entries(type: ResourceType, attributes: JsonObject): string[] {
  return indexEntries(type, attributes).map(({ attribute, text }) =>
    `${attribute.path}=${text}`
  );
}

Deno.test("indexEntries() folds values of attributes that ignore case", () => {
  assert.deepEqual(entries(USER, { userName: "Ada@Example.COM" }), [
    "userName=ada@example.com",
  ]);
});

Deno.test("indexEntries() keeps the case of values that are exact", () => {
  assert.deepEqual(entries(USER, { externalId: "AbC" }), ["externalId=AbC"]);
});

Deno.test("indexEntries() has one entry for each value of a multi-valued attribute", () => {
  const emails = [{ value: "a@example.com" }, { value: "b@example.com" }];
  assert.deepEqual(entries(USER, { emails }), [
    "emails.value=a@example.com",
    "emails.value=b@example.com",
  ]);
});

Deno.test("indexEntries() has one entry for values that are equal when folded", () => {
  const emails = [{ value: "A@example.com" }, {
    value: "a@EXAMPLE.com",
    type: "x",
  }];
  assert.deepEqual(entries(USER, { emails }), ["emails.value=a@example.com"]);
});

Deno.test("indexEntries() leaves out empty values", () => {
  const emails = [{ value: "" }, { display: "x" }];
  assert.deepEqual(entries(USER, { displayName: "", emails }), []);
});

Deno.test("indexEntries() writes numbers as text", () => {
  assert.deepEqual(entries(DEVICE, { ports: 8 }), ["ports=8"]);
});

Deno.test("43-7-21 indexEntries() compares unique values as caseExact says", () => {
  const serial = (serialNumber: string) => entries(DEVICE, { serialNumber });
  const login = (userName: string) => entries(USER, { userName });
  assert.notDeepEqual(serial("s1"), serial("S1"));
  assert.deepEqual(login("ada"), login("ADA"));
});

Deno.test("indexEntries() names the unique attributes first", () => {
  const values = { label: "Router", serialNumber: "S1", externalId: "x" };
  assert.equal(entries(DEVICE, values)[0], "serialNumber=S1");
});

Deno.test("indexEntries() indexes a group by its name", () => {
  assert.deepEqual(entries(GROUP, { displayName: "Crew" }), [
    "displayName=crew",
  ]);
});

for (
  const [path, expected] of [
    ["userName", ["ada"]],
    ["emails.value", ["a@example.com", "b@example.com"]],
    ["emails.type", ["work"]],
    ["name.givenName", ["Ada"]],
    ["name.familyName", []],
    ["title", []],
    [`${ENTERPRISE_URI}:department`, ["R&D"]],
    [`${ENTERPRISE_URI}:manager.value`, ["m1"]],
    [`${ENTERPRISE_URI}:division`, []],
  ] as const
) {
  Deno.test(`valuesOf() reads ${path} as ${JSON.stringify(expected)}`, () => {
    const user: JsonObject = {
      userName: "ada",
      name: { givenName: "Ada" },
      emails: [{ value: "a@example.com", type: "work" }, {
        value: "b@example.com",
      }],
      [ENTERPRISE_URI]: { department: "R&D", manager: { value: "m1" } },
    };
    assert.deepEqual(valuesOf(attributeOf(USER, path), user), expected);
  });
}

Deno.test("valuesOf() finds nothing in an extension that is not there", () => {
  const attribute = attributeOf(USER, `${ENTERPRISE_URI}:department`);
  assert.deepEqual(valuesOf(attribute, { userName: "ada" }), []);
});
