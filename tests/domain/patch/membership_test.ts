import assert from "node:assert/strict";
import fc from "fast-check";
import { compileElementFilter } from "../../../domain/filter/compile.ts";
import { parseFilter } from "../../../domain/filter/parse.ts";
import {
  foldMembership,
  type MembershipStep,
  needsAllMembers,
} from "../../../domain/patch/membership.ts";
import { attributeOf, GROUP } from "../fixtures.ts";
import { holds } from "../property.ts";

const MEMBERS = attributeOf(GROUP, "members");

function matching(text: string): MembershipStep {
  const predicate = compileElementFilter(parseFilter(text), MEMBERS, GROUP);
  return { kind: "removeMatching", predicate };
}

function fold(
  steps: readonly MembershipStep[],
  present: readonly string[] = [],
) {
  const { replacesAll, add, remove } = foldMembership(
    steps,
    present.map((value) => ({
      value,
      type: value.startsWith("g") ? "Group" : "User",
    })),
  );
  return { replacesAll, add: [...add], remove: [...remove] };
}

for (
  const [what, steps, expected] of [
    ["nothing", [], {}],
    ["an addition", [{ kind: "add", ids: ["a", "b"] }], { add: ["a", "b"] }],
    ["a removal", [{ kind: "remove", ids: ["a"] }], { remove: ["a"] }],
    ["an addition and its removal", [{ kind: "add", ids: ["a"] }, {
      kind: "remove",
      ids: ["a"],
    }], { remove: ["a"] }],
    ["a removal and its addition", [{ kind: "remove", ids: ["a"] }, {
      kind: "add",
      ids: ["a"],
    }], { add: ["a"] }],
    ["a replacement", [{ kind: "add", ids: ["a"] }, {
      kind: "remove",
      ids: ["c"],
    }, { kind: "replaceAll", ids: ["b"] }], { replacesAll: true, add: ["b"] }],
    ["additions after a replacement", [{ kind: "replaceAll", ids: [] }, {
      kind: "add",
      ids: ["a"],
    }], { replacesAll: true, add: ["a"] }],
    ["removals after a replacement", [{ kind: "replaceAll", ids: ["a", "b"] }, {
      kind: "remove",
      ids: ["a", "z"],
    }], { replacesAll: true, add: ["b"] }],
    ["a filter that names an id", [matching('value eq "a"')], {
      remove: ["a"],
    }],
    ["a filter that names several ids", [
      matching('value eq "a" or (value eq "b" or value eq "c")'),
    ], { remove: ["a", "b", "c"] }],
    ["such a filter after an addition", [
      { kind: "add", ids: ["a", "b"] },
      matching('value eq "a"'),
    ], { add: ["b"], remove: ["a"] }],
  ] as const satisfies readonly (readonly [
    string,
    readonly MembershipStep[],
    object,
  ])[]
) {
  Deno.test(`foldMembership() folds ${what} without knowing the members`, () => {
    assert.equal(needsAllMembers(steps), false);
    assert.deepEqual(fold(steps), {
      replacesAll: false,
      add: [],
      remove: [],
      ...expected,
    });
  });
}

for (
  const text of [
    'type eq "User"',
    'value sw "a"',
    'value eq "a" and type eq "User"',
    'value eq "a" or type eq "User"',
    'not (value eq "a")',
    "value pr",
    "value eq null",
  ]
) {
  Deno.test(`needsAllMembers() is true for ${text}`, () => {
    assert.equal(
      needsAllMembers([{ kind: "add", ids: ["a"] }, matching(text)]),
      true,
    );
  });
}

Deno.test("foldMembership() removes the present members that a filter matches", () => {
  assert.deepEqual(fold([matching('type eq "User"')], ["a", "b", "g"]).remove, [
    "a",
    "b",
  ]);
});

Deno.test("foldMembership() applies a filter to members added before it", () => {
  const steps: MembershipStep[] = [
    { kind: "add", ids: ["ab", "c"] },
    matching('value sw "a"'),
  ];
  assert.deepEqual(fold(steps, ["a", "c"]), {
    replacesAll: false,
    add: ["c"],
    remove: ["a", "ab"],
  });
});

Deno.test("foldMembership() forgets the present members after a replacement", () => {
  const steps: MembershipStep[] = [
    { kind: "replaceAll", ids: ["ab", "c"] },
    matching('value sw "a"'),
  ];
  assert.deepEqual(fold(steps, ["a"]), {
    replacesAll: true,
    add: ["c"],
    remove: [],
  });
});

Deno.test("foldMembership() skips a member without an id", () => {
  const change = foldMembership([matching("value eq null")], [{
    display: "x",
  }]);
  assert.equal(change.remove.size, 0);
});

Deno.test("foldMembership() folds 20,000 additions and removals in time", () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `m${i}`);
  const start = performance.now();
  foldMembership([{ kind: "add", ids }, { kind: "remove", ids }, {
    kind: "add",
    ids,
  }]);
  assert.ok(performance.now() - start < 10_000);
});

/** What a store does with the outcome. */
function outcome(
  present: readonly string[],
  steps: readonly MembershipStep[],
): string[] {
  const { replacesAll, add, remove } = fold(steps, present);
  const kept = replacesAll ? [] : present.filter((id) => !remove.includes(id));
  return [...new Set([...kept, ...add])].sort();
}

/** The same, one step after another on a list of ids. */
function outcomeStepByStep(
  present: readonly string[],
  steps: readonly MembershipStep[],
): string[] {
  let ids = [...present];
  for (const step of steps) {
    switch (step.kind) {
      case "add":
        ids = [...ids, ...step.ids];
        break;
      case "remove":
        ids = ids.filter((id) => !step.ids.includes(id));
        break;
      case "replaceAll":
        ids = [...step.ids];
        break;
      case "removeMatching":
        ids = ids.filter((value) => !step.predicate.test({ value }));
    }
  }
  return [...new Set(ids)].sort();
}

Deno.test("foldMembership() comes to the same as one step after another", () => {
  const id = fc.constantFrom("a", "ab", "b", "g", "x");
  const ids = fc.array(id, { maxLength: 3 });
  const step: fc.Arbitrary<MembershipStep> = fc.oneof(
    fc.record({
      kind: fc.constantFrom("add" as const, "remove" as const),
      ids,
    }),
    fc.record({ kind: fc.constant("replaceAll" as const), ids }),
    fc.constantFrom(
      'value eq "a"',
      'value sw "a"',
      'not (value eq "b")',
      'value eq "a" or value eq "x"',
    ).map(matching),
  );
  holds(
    fc.property(
      fc.uniqueArray(id),
      fc.array(step, { maxLength: 6 }),
      (present, steps) => {
        assert.deepEqual(
          outcome(present, steps),
          outcomeStepByStep(present, steps),
        );
      },
    ),
    1_000,
  );
});
