import assert from "node:assert/strict";
import { compileElementFilter } from "../../../domain/filter/compile.ts";
import { parsePatchPath } from "../../../domain/filter/parse.ts";
import type { JsonValue } from "../../../domain/json.ts";
import { Normalizer } from "../../../domain/normalize.ts";
import { ElementEditor } from "../../../domain/patch/elements.ts";
import { COMPATIBLE, type Profile, RFC } from "../../../domain/profile.ts";
import { attributeOf, DEVICE, refuses } from "../fixtures.ts";

type Op = "add" | "remove" | "replace";

const SLOTS: readonly JsonValue[] = [
  { value: "a", type: "x", primary: true },
  { value: "b", type: "y", code: "1" },
  { value: "c", type: "y" },
];

function editor(profile: Profile): ElementEditor {
  return new ElementEditor(new Normalizer(DEVICE, profile), profile);
}

function edit(
  op: Op,
  text: string,
  value: JsonValue | undefined,
  elements: readonly JsonValue[] = SLOTS,
  profile: Profile = RFC,
): JsonValue[] {
  const path = parsePatchPath(text);
  const attribute = attributeOf(DEVICE, path.attribute.name ?? "");
  const subName = path.subAttribute ?? path.attribute.subAttribute;
  const sub = attribute.subAttributes.get(subName ?? "");
  return editor(profile).edit(op, elements, {
    attribute,
    ...(path.filter === undefined ? {} : { filter: path.filter }),
    predicate: path.filter &&
      compileElementFilter(path.filter, attribute, DEVICE, profile),
    ...(sub === undefined ? {} : { sub }),
    text,
  }, value);
}

const [A, B, C] = SLOTS;
const A_NOT_PRIMARY = { value: "a", type: "x", primary: false };

for (
  const [what, op, path, value, expected] of [
    ["adds one value", "add", "slots", { value: "d" }, [A, B, C, {
      value: "d",
    }]],
    ["adds several values", "add", "slots", [{ value: "d" }, { value: "e" }], [
      A,
      B,
      C,
      { value: "d" },
      { value: "e" },
    ]],
    [
      "does not add what is there",
      "add",
      "slots",
      [{ value: "c", type: "y" }],
      [A, B, C],
    ],
    ["completes what is there", "add", "slots", [{
      value: "c",
      type: "y",
      state: "on",
    }], [A, B, { value: "c", type: "y", state: "on" }]],
    ["adds the same value of another type", "add", "slots", {
      value: "c",
      type: "z",
    }, [A, B, C, { value: "c", type: "z" }]],
    ["adds nothing for null", "add", "slots", null, [A, B, C]],
    ["adds nothing for an empty array", "add", "slots", [], [A, B, C]],
    ["lets an added primary be the only one", "add", "slots", {
      value: "d",
      primary: true,
    }, [A_NOT_PRIMARY, B, C, { value: "d", primary: true }]],
    ["makes a present value primary", "add", "slots", {
      value: "c",
      type: "y",
      primary: true,
    }, [A_NOT_PRIMARY, B, { value: "c", type: "y", primary: true }]],
    ["replaces all values", "replace", "slots", [{ value: "d" }], [{
      value: "d",
    }]],
    ["replaces all values by one", "replace", "slots", { value: "d" }, [{
      value: "d",
    }]],
    ["replaces all values by none", "replace", "slots", [], []],
    ["replaces all values by null", "replace", "slots", null, []],
    ["removes all values", "remove", "slots", undefined, []],
    ["removes the values named", "remove", "slots", [{ value: "b" }, {
      value: "zz",
    }], [A, C]],
    ["removes a value that is named alone", "remove", "slots", { value: "b" }, [
      A,
      C,
    ]],
    ["removes a value of the type named", "remove", "slots", [{
      value: "c",
      type: "x",
    }, { value: "b", type: "y" }], [A, C]],
    ["removes by value whatever display and primary say", "remove", "slots", [{
      value: "a",
      primary: false,
      state: "off",
    }], [B, C]],
    ["removes by all that is said without a value", "remove", "slots", [{
      type: "y",
      code: "1",
    }], [A, C]],
    ["removes nothing for an empty array", "remove", "slots", [], [A, B, C]],
    ["removes by a filter", "remove", 'slots[type eq "y"]', undefined, [A]],
    [
      "removes nothing if a filter matches nothing",
      "remove",
      'slots[type eq "z"]',
      undefined,
      [A, B, C],
    ],
    [
      "removes a sub-attribute of chosen values",
      "remove",
      'slots[type eq "y"].type',
      undefined,
      [A, { value: "b", code: "1" }, { value: "c" }],
    ],
    [
      "removes a sub-attribute of all values",
      "remove",
      "slots.primary",
      undefined,
      [{ value: "a", type: "x" }, B, C],
    ],
    ["replaces a chosen value as a whole", "replace", 'slots[type eq "x"]', {
      value: "d",
    }, [{ value: "d" }, B, C]],
    [
      "takes an array of one for a chosen value",
      "replace",
      'slots[type eq "x"]',
      [{ value: "d" }],
      [{ value: "d" }, B, C],
    ],
    ["completes a chosen value", "add", 'slots[type eq "x"]', { state: "on" }, [
      { value: "a", type: "x", primary: true, state: "on" },
      B,
      C,
    ]],
    [
      "sets a sub-attribute of chosen values",
      "replace",
      'slots[type eq "y"].state',
      "on",
      [A, { value: "b", type: "y", code: "1", state: "on" }, {
        value: "c",
        type: "y",
        state: "on",
      }],
    ],
    ["sets a sub-attribute of all values", "replace", "slots.width", 3, [
      { value: "a", type: "x", primary: true, width: 3 },
      { value: "b", type: "y", code: "1", width: 3 },
      { value: "c", type: "y", width: 3 },
    ]],
    [
      "clears a sub-attribute with null",
      "replace",
      'slots[value eq "a"].type',
      null,
      [{ value: "a", primary: true }, B, C],
    ],
    [
      "removes a chosen value with null",
      "replace",
      'slots[value eq "a"]',
      null,
      [B, C],
    ],
    [
      "keeps values of which one says more than the other",
      "replace",
      'slots[type eq "y"].value',
      "d",
      [A, { value: "d", type: "y", code: "1" }, { value: "d", type: "y" }],
    ],
    [
      "keeps the primary one of values that become the same",
      "replace",
      "slots[value pr].type",
      "x",
      [A, { value: "b", type: "x", code: "1" }, { value: "c", type: "x" }],
    ],
    [
      "makes one value primary",
      "replace",
      'slots[value eq "c"].primary',
      true,
      [A_NOT_PRIMARY, B, { value: "c", type: "y", primary: true }],
    ],
    [
      "makes no value primary",
      "replace",
      'slots[value eq "a"].primary',
      false,
      [A_NOT_PRIMARY, B, C],
    ],
    [
      "gives an immutable sub-attribute its first value",
      "add",
      'slots[value eq "c"].code',
      "2",
      [A, B, { value: "c", type: "y", code: "2" }],
    ],
    [
      "lets an immutable sub-attribute keep its value",
      "replace",
      'slots[value eq "b"].code',
      "1",
      [A, B, C],
    ],
    [
      "adds the value that a filter describes",
      "add",
      'slots[type eq "z"].value',
      "d",
      [A, B, C, { type: "z", value: "d" }],
    ],
    [
      "adds the value that two terms describe",
      "add",
      'slots[type eq "z" and width eq 3].value',
      "d",
      [A, B, C, { type: "z", width: 3, value: "d" }],
    ],
    [
      "takes null in a filter as no value",
      "add",
      'slots[type eq "z" and state eq null].value',
      "d",
      [A, B, C, { type: "z", value: "d" }],
    ],
    [
      "adds a primary value that a filter describes",
      "add",
      'slots[primary eq true and type eq "z"].value',
      "d",
      [A_NOT_PRIMARY, B, C, { primary: true, type: "z", value: "d" }],
    ],
    [
      "adds a whole value to what a filter describes",
      "add",
      'slots[type eq "z"]',
      { value: "d" },
      [A, B, C, { type: "z", value: "d" }],
    ],
  ] as const satisfies readonly (readonly [
    string,
    Op,
    string,
    JsonValue | undefined,
    readonly (JsonValue | undefined)[],
  ])[]
) {
  Deno.test(`ElementEditor ${what}`, () => {
    const before = structuredClone(SLOTS);
    assert.deepEqual(edit(op, path, value), expected);
    assert.deepEqual(SLOTS, before, "the list that went in has changed");
  });
}

Deno.test("ElementEditor keeps the primary one of two values that become the same", () => {
  const slots = [{ value: "a", type: "x" }, {
    value: "b",
    type: "x",
    primary: true,
  }];
  assert.deepEqual(edit("replace", "slots.value", "c", slots), [
    { value: "c", type: "x", primary: true },
  ]);
});

Deno.test("ElementEditor sets a sub-attribute of a list without values by adding one", () => {
  assert.deepEqual(edit("replace", "slots.value", "a", []), [{ value: "a" }]);
});

Deno.test("ElementEditor removes nothing for a value that is just display text", () => {
  const slots = [{ value: "a", state: "on" }, { value: "b" }];
  assert.deepEqual(edit("remove", "slots", [{ state: "off" }], slots), slots);
});

for (
  const [op, path, value, expected] of [
    ["add", "tags", "blue", ["red", "green", "blue"]],
    ["add", "tags", ["red", "blue"], ["red", "green", "blue"]],
    ["replace", "tags", ["blue"], ["blue"]],
    ["remove", "tags", ["red"], ["green"]],
    ["remove", 'tags[value eq "RED"]', undefined, ["green"]],
    ["replace", 'tags[value eq "red"]', "blue", ["blue", "green"]],
    ["replace", 'tags[value eq "red"]', "green", ["green"]],
  ] as const
) {
  Deno.test(`ElementEditor knows simple values: ${op} ${path} ${JSON.stringify(value)}`, () => {
    assert.deepEqual(
      edit(op, path, structuredClone(value) as JsonValue, ["red", "green"]),
      expected,
    );
  });
}

for (
  const [what, op, path, value, scimType, fragment] of [
    [
      "two primary values at once",
      "add",
      "slots",
      [{ value: "d", primary: true }, { value: "e", primary: true }],
      "invalidValue",
      "would get 2 values with primary true",
    ],
    [
      "two primary values in a replacement",
      "replace",
      "slots",
      [{ value: "d", primary: true }, { value: "e", primary: true }],
      "invalidValue",
      "at most one may have it",
    ],
    [
      "to make several values primary",
      "replace",
      'slots[type eq "y"].primary',
      true,
      "invalidValue",
      "2 values with primary true",
    ],
    [
      "another value for an immutable sub-attribute",
      "replace",
      'slots[value eq "b"].code',
      "2",
      "mutability",
      '"slots.code" is immutable',
    ],
    [
      "to clear an immutable sub-attribute",
      "replace",
      'slots[value eq "b"].code',
      null,
      "mutability",
      '"slots.code" is immutable',
    ],
    [
      "to remove an immutable sub-attribute",
      "remove",
      "slots.code",
      undefined,
      "mutability",
      '"slots.code" is immutable',
    ],
    [
      "to replace a value that is not there",
      "replace",
      'slots[type eq "z"].value',
      "d",
      "noTarget",
      'selects no value of "slots"; add the value with the path "slots" first',
    ],
    [
      "to replace a whole value that is not there",
      "replace",
      'slots[type eq "z"]',
      { value: "d" },
      "noTarget",
      "selects no value",
    ],
    [
      "to add where a filter describes no one value",
      "add",
      'slots[type ne "x" and type ne "y"].value',
      "d",
      "noTarget",
      "selects no value",
    ],
    [
      "to add where a filter has a choice",
      "add",
      'slots[type eq "z" or type eq "w"].value',
      "d",
      "noTarget",
      "selects no value",
    ],
    [
      "to add where a filter contradicts itself",
      "add",
      'slots[type eq "z" and type eq "w"].value',
      "d",
      "noTarget",
      "selects no value",
    ],
    [
      "to add a simple value by a filter",
      "add",
      'tags[value eq "blue"]',
      "green",
      "noTarget",
      "selects no value",
    ],
  ] as const satisfies readonly (readonly [
    string,
    Op,
    string,
    JsonValue | undefined,
    "invalidValue" | "mutability" | "noTarget",
    string,
  ])[]
) {
  Deno.test(`ElementEditor refuses ${what}`, () => {
    refuses(() => edit(op, path, value), 400, scimType, fragment);
  });
}

Deno.test("ElementEditor leaves an immutable sub-attribute alone in values not chosen", () => {
  assert.deepEqual(edit("remove", 'slots[value eq "c"].code', undefined), [
    A,
    B,
    C,
  ]);
});

Deno.test("tidy() takes away empty values and repetitions", () => {
  const elements = [
    {},
    { value: "a" },
    { value: "a", primary: true },
    { type: "x" },
    "a",
    "a",
  ];
  assert.deepEqual(editor(RFC).tidy(elements), [{ value: "a", primary: true }, {
    type: "x",
  }, "a"]);
});

Deno.test("tidy() takes away values with nothing but a type if the profile drops them", () => {
  assert.deepEqual(
    editor(COMPATIBLE).tidy([{ type: "x", primary: true }, { value: "a" }]),
    [{ value: "a" }],
  );
});

for (const op of ["add", "remove", "replace"] as const) {
  Deno.test(`ElementEditor is done in time with 40,000 values to ${op}`, () => {
    const elements = Array.from(
      { length: 2_000 },
      (_, i) => ({ value: `e${i}`, type: "x" }),
    );
    const value = Array.from(
      { length: 40_000 },
      (_, i) => ({ value: `v${i}`, type: "x" }),
    );
    const start = performance.now();
    edit(op, "slots", value, elements);
    assert.ok(performance.now() - start < 10_000);
  });
}
