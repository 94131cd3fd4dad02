import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compileFilter,
  type Predicate,
} from "../../../domain/filter/compile.ts";
import { parseFilter } from "../../../domain/filter/parse.ts";
import {
  type Access,
  attributesNamed,
  membersNeeded,
  planAccess,
} from "../../../domain/filter/plan.ts";
import { printFilter } from "./print.ts";
import { indexEntries } from "../../../domain/indexing.ts";
import type { JsonObject, JsonValue } from "../../../domain/json.ts";
import type { ResourceType } from "../../../domain/schema/compile.ts";
import { compareText } from "../../../domain/text.ts";
import { DEVICE, ENTERPRISE_URI, GROUP, USER } from "../fixtures.ts";
import { holds } from "../property.ts";
import { anyFilterFor, anyResource } from "../resources.ts";

function compile(text: string, type: ResourceType): Predicate {
  return compileFilter(parseFilter(text), type);
}

/** A short form of an access, to compare by. */
function show(access: Access): string {
  switch (access.kind) {
    case "ids":
      return `ids ${access.ids.join()}`;
    case "equal":
      return `${access.attribute.path} = ${access.text}`;
    case "range": {
      const { attribute, prefix, atLeast, atMost } = access;
      const bounds = [
        prefix === undefined ? "" : ` ^${prefix}`,
        atLeast === undefined ? "" : ` >=${atLeast}`,
        atMost === undefined ? "" : ` <=${atMost}`,
      ];
      return attribute.path + bounds.join("");
    }
    case "union":
      return `(${access.of.map(show).join(" | ")})`;
    case "withMember":
    case "membersOf":
      return `${access.kind} ${access.id}`;
    case "all":
      return "all";
  }
}

for (
  const [text, expected] of [
    ['userName eq "ADA@example.com"', "userName = ada@example.com"],
    ['externalId eq "AbC"', "externalId = AbC"],
    ['id eq "5f9d"', "ids 5f9d"],
    ['emails.value eq "A@x"', "emails.value = a@x"],
    ['emails eq "a@x"', "emails.value = a@x"],
    ['emails[type eq "work" and value eq "a@x"]', "emails.value = a@x"],
    ['emails[type eq "work"].value eq "a@x"', "emails.value = a@x"],
    ['userName sw "A"', "userName ^a"],
    ['userName gt "a"', "userName >=a"],
    ['userName ge "a"', "userName >=a"],
    ['userName lt "b"', "userName <=b"],
    ['userName ge "a" and userName le "b"', "userName >=a <=b"],
    ['emails.value ge "a" and emails.value le "b"', "emails.value >=a"],
    ['groups.value eq "g1"', "membersOf g1"],
    ['groups eq "g1"', "membersOf g1"],
    ['groups[value eq "g1"]', "membersOf g1"],
    ['title eq "x" and userName eq "a"', "userName = a"],
    ['userName sw "a" and externalId eq "x"', "externalId = x"],
    ['userName eq "a" and id eq "i"', "ids i"],
    ['userName eq "a" or userName eq "b"', "(userName = a | userName = b)"],
    ['userName eq "a" or title eq "b"', "all"],
    [
      '(userName eq "a" or id eq "i") and displayName sw "x"',
      "(userName = a | ids i)",
    ],
    [
      'groups.value eq "g" and (userName eq "a" or id eq "i")',
      "(userName = a | ids i)",
    ],
    ['groups.value eq "g" and userName sw "a"', "membersOf g"],
    ['not (userName eq "a")', "all"],
    ['userName ne "a"', "all"],
    ['userName co "a"', "all"],
    ['userName ew "a"', "all"],
    ["userName pr", "all"],
    ['userName eq ""', "all"],
    ['userName sw ""', "all"],
    ["userName eq null", "all"],
    ["userName ne null", "all"],
    ['title eq "x"', "all"],
    ["active eq true", "all"],
    ['meta.created gt "2024-01-01T00:00:00Z"', "all"],
    [`${ENTERPRISE_URI}:manager.value eq "m"`, "all"],
    // The empty string is less than "b", and indexes do not hold it.
    ['displayName lt "b"', "all"],
    ['displayName gt "b"', "displayName >=b"],
  ] as const
) {
  Deno.test(`planAccess() reads ${expected} for ${text}`, () => {
    assert.equal(show(planAccess(compile(text, USER), USER)), expected);
  });
}

for (
  const [text, expected] of [
    ['members.value eq "u1"', "withMember u1"],
    ['members eq "u1"', "withMember u1"],
    ['members[value eq "u1" and type eq "User"]', "withMember u1"],
    ['id eq "g" and members eq "u1"', "ids g"],
    ['members eq "u1" or members eq "u2"', "(withMember u1 | withMember u2)"],
    ['members.value sw "u"', "all"],
    ['displayName eq "Crew" and members eq "u1"', "displayName = crew"],
  ] as const
) {
  Deno.test(`planAccess() reads ${expected} for ${text} of groups`, () => {
    assert.equal(show(planAccess(compile(text, GROUP), GROUP)), expected);
  });
}

Deno.test("planAccess() does not look numbers up as text", () => {
  assert.equal(show(planAccess(compile("ports eq 8", DEVICE), DEVICE)), "all");
});

for (
  const [text, expected] of [
    ['members.value eq "u1"', ["u1"]],
    ['members eq "u1" and members eq "u2"', ["u1", "u2"]],
    ['members[value eq "u1"]', ["u1"]],
    ['not (members eq "u1")', ["u1"]],
    ['displayName eq "x"', []],
    ["members pr", "all"],
    ["members eq null", "all"],
    ['members.type eq "User"', "all"],
    ['members.value ne "u1"', "all"],
    ['members[value eq "u1" and type eq "User"]', "all"],
    ['members eq "u1" or members.display co "x"', "all"],
  ] as const
) {
  Deno.test(`membersNeeded() is ${JSON.stringify(expected)} for ${text}`, () => {
    assert.deepEqual(
      membersNeeded(compile(text, GROUP), GROUP.members),
      expected,
    );
  });
}

Deno.test("membersNeeded() is nothing for a type without members", () => {
  assert.deepEqual(membersNeeded(compile("label pr", DEVICE), undefined), []);
});

Deno.test("attributesNamed() names what stands in brackets, too", () => {
  const text =
    'emails[type eq "work" or value pr] and not (name.givenName pr or title eq "x")';
  const named = [...attributesNamed(compile(text, USER))].map(({ path }) =>
    path
  );
  assert.deepEqual(named, [
    "emails",
    "emails.type",
    "emails.value",
    "name.givenName",
    "title",
  ]);
});

Deno.test("attributesNamed() has no attribute for a whole extension", () => {
  assert.equal(attributesNamed(compile(`${ENTERPRISE_URI} pr`, USER)).size, 0);
});

/** Whether a store that carries an access out reads a resource. */
function reads(
  access: Access,
  resource: JsonObject,
  type: ResourceType,
): boolean {
  switch (access.kind) {
    case "all":
      return true;
    case "ids":
      return access.ids.some((id) => id === resource["id"]);
    case "union":
      return access.of.some((part) => reads(part, resource, type));
    case "withMember":
      return elementIds(resource["members"]).includes(access.id);
    case "membersOf":
      return elementIds(resource["groups"]).includes(access.id);
    case "equal":
      return indexEntries(type, resource).some(({ attribute, text }) =>
        attribute === access.attribute && text === access.text
      );
    case "range": {
      const { prefix = "", atLeast, atMost } = access;
      return indexEntries(type, resource).some(({ attribute, text }) =>
        attribute === access.attribute && text.startsWith(prefix) &&
        (atLeast === undefined || compareText(text, atLeast) >= 0) &&
        (atMost === undefined || compareText(text, atMost) <= 0)
      );
    }
  }
}

function elementIds(elements: JsonValue | undefined): JsonValue[] {
  return Array.isArray(elements)
    ? elements.map((element) =>
      typeof element === "object" && element !== null && "value" in element
        ? element["value"] ?? null
        : null
    )
    : [];
}

for (const type of [USER, GROUP, DEVICE]) {
  // A stored resource has its required attributes, and they say something.
  const required = [...type.attributes.values()]
    .filter((attribute) => attribute.required && !attribute.multiValued)
    .map(({ name }) => name);
  const stored = fc.tuple(
    anyResource(type),
    fc.constantFrom("a", "A", "é", "b"),
  )
    .map(([resource, text]): JsonObject => ({
      ...resource,
      ...Object.fromEntries(required.map((name) => [name, text])),
    }));
  // Conditions on attributes with an index, so that most filters have a plan.
  const texts = fc.constantFrom(
    "a",
    "A",
    "ab",
    "b@example.com",
    "é",
    "\u{1f600}",
    "ΣΑΣ",
  );
  const paths = type.indexes.map(({ path }) => path).filter((path) =>
    path !== "ports"
  );
  const named = fc.constantFrom(
    "id",
    ...paths,
    ...(type === USER ? ["groups"] : type === GROUP ? ["members"] : []),
  );
  const planned = fc.tuple(
    named,
    fc.constantFrom("eq", "sw", "gt", "ge", "lt", "le"),
    texts,
  )
    .map(([path, operator, text]) =>
      parseFilter(`${path} ${operator} ${JSON.stringify(text)}`)
    );
  const joined = fc.record({
    kind: fc.constantFrom("and" as const, "or" as const),
    operands: fc.array(planned, { minLength: 2, maxLength: 3 }),
  });
  const filters = fc.oneof(
    anyFilterFor(type),
    planned,
    joined,
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      operands: fc.tuple(joined, fc.oneof(planned, anyFilterFor(type))),
    }),
  );

  Deno.test(`planAccess() reads every ${type.name} that matches`, () => {
    holds(
      fc.property(
        filters,
        fc.array(stored, { minLength: 1, maxLength: 4 }),
        (filter, resources) => {
          const predicate = compileFilter(filter, type);
          const access = planAccess(predicate, type);
          for (const resource of resources) {
            if (!predicate.test(resource)) continue;
            assert.ok(
              reads(access, resource, type),
              `${printFilter(filter)} matches ${
                JSON.stringify(resource)
              }, but ${show(access)} does not read it`,
            );
          }
        },
      ),
      1_500,
    );
  });
}
