import assert from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import { checkImmutable, keepUnsent } from "../../domain/mutability.ts";
import { DEVICE, GROUP, refuses, WARRANTY_URI } from "./fixtures.ts";

Deno.test("keepUnsent() keeps what stays of values that are there before and after", () => {
  const before = {
    slots: [
      { value: "a", type: "x", code: "1", width: 1 },
      { value: "b", code: "2" },
      { value: "c", code: "3" },
    ],
  };
  const after = {
    slots: [{ value: "a", type: "X" }, { value: "b", code: "4" }, {
      value: "d",
    }],
  };
  assert.deepEqual(keepUnsent(DEVICE, before, after), {
    slots: [
      { value: "a", type: "X", code: "1" },
      { value: "b", code: "4" },
      { value: "d" },
    ],
  });
});

const BEFORE: JsonObject = {
  serialNumber: "S1",
  label: "Router",
  pin: "1234",
  site: { value: "Zürich", room: "A1" },
  [WARRANTY_URI]: { contract: "C1", until: "2030-01-01T00:00:00Z" },
};

for (
  const [what, after] of [
    ["another value", { serialNumber: "S2" }],
    ["no value", {}],
    ["the value in another case", { serialNumber: "s1" }],
  ] as const
) {
  Deno.test(`43-7-12 checkImmutable() refuses ${what} for an immutable attribute that has one`, () => {
    const before = { serialNumber: "S1" };
    refuses(
      () => checkImmutable(DEVICE, before, after),
      400,
      "mutability",
      '"serialNumber" is immutable and has a value already',
    );
  });
}

Deno.test("43-7-12 checkImmutable() lets an immutable attribute get its first value", () => {
  checkImmutable(DEVICE, {}, { serialNumber: "S1" });
});

Deno.test("checkImmutable() lets an equal value pass", () => {
  checkImmutable(DEVICE, BEFORE, { ...BEFORE, label: "Switch" });
});

Deno.test("checkImmutable() looks into complex attributes", () => {
  const after = { ...BEFORE, site: { value: "Zürich", room: "B2" } };
  refuses(
    () => checkImmutable(DEVICE, BEFORE, after),
    400,
    "mutability",
    '"site.room"',
  );
});

Deno.test("checkImmutable() looks into extensions", () => {
  const after = { ...BEFORE, [WARRANTY_URI]: { contract: "C2" } };
  refuses(
    () => checkImmutable(DEVICE, BEFORE, after),
    400,
    "mutability",
    `"${WARRANTY_URI}:contract"`,
  );
});

Deno.test("checkImmutable() refuses that an extension with an immutable value goes", () => {
  const { [WARRANTY_URI]: _, ...after } = BEFORE;
  refuses(() => checkImmutable(DEVICE, BEFORE, after), 400, "mutability");
});

Deno.test("checkImmutable() leaves whole members alone, for they come and go", () => {
  checkImmutable(GROUP, { members: [{ value: "a" }] }, {
    members: [{ value: "b" }],
  });
});

Deno.test("43-7-12 keepUnsent() keeps immutable and writeOnly values that a PUT leaves out", () => {
  assert.deepEqual(keepUnsent(DEVICE, BEFORE, { label: "Switch" }), {
    label: "Switch",
    serialNumber: "S1",
    pin: "1234",
    site: { room: "A1" },
    [WARRANTY_URI]: { contract: "C1" },
  });
});

Deno.test("keepUnsent() takes a writeOnly value that the PUT has", () => {
  const kept = keepUnsent(DEVICE, BEFORE, { ...BEFORE, pin: "9999" });
  assert.equal(kept["pin"], "9999");
});

Deno.test("keepUnsent() clears readWrite values that the PUT leaves out", () => {
  assert.equal(Object.hasOwn(keepUnsent(DEVICE, BEFORE, {}), "label"), false);
});

Deno.test("keepUnsent() puts a kept sub-attribute beside the new ones", () => {
  const kept = keepUnsent(DEVICE, BEFORE, { site: { value: "Bern" } });
  assert.deepEqual(kept["site"], { value: "Bern", room: "A1" });
});

Deno.test("keepUnsent() leaves what it was given as it was", () => {
  const after = { label: "Switch" };
  keepUnsent(DEVICE, BEFORE, after);
  assert.deepEqual(after, { label: "Switch" });
});
