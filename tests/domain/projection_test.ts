import assert from "node:assert/strict";
import type { JsonObject } from "../../domain/json.ts";
import {
  compileProjection,
  type ProjectionRequest,
  splitNames,
} from "../../domain/projection.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import {
  attributeOf,
  DEVICE,
  DEVICE_URI,
  ENTERPRISE_URI,
  refuses,
  USER,
  USER_URI,
  WARRANTY_URI,
} from "./fixtures.ts";

const ADA: JsonObject = {
  schemas: [USER_URI],
  id: "u1",
  userName: "ada@example.com",
  name: { givenName: "Ada", familyName: "King" },
  emails: [
    { value: "a@example.com", type: "work", display: "A" },
    { display: "B" },
  ],
  password: "secret",
  meta: { resourceType: "User", created: "2024-05-06T07:08:09Z" },
  [ENTERPRISE_URI]: {
    department: "Engines",
    manager: { value: "m1", displayName: "M" },
  },
};

function show(
  request: ProjectionRequest,
  resource = ADA,
  type = USER,
): JsonObject {
  const { schemas: _, ...shown } = compileProjection(type, request).apply(
    resource,
  );
  return shown;
}

function without(resource: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => !names.includes(name)),
  );
}

const DEFAULT = without(ADA, "schemas", "password");
const ID = { id: "u1" };

for (
  const [names, expected] of [
    [["userName"], { userName: "ada@example.com" }],
    [["USERNAME"], { userName: "ada@example.com" }],
    [[`${USER_URI}:userName`], { userName: "ada@example.com" }],
    [["id"], {}],
    [["schemas"], {}],
    [["wat"], {}],
    [["not a name"], {}],
    [["password"], {}],
    [["nickName"], {}],
    [["name"], { name: { givenName: "Ada", familyName: "King" } }],
    [["name.familyName"], { name: { familyName: "King" } }],
    [["name.familyName", "name"], {
      name: { givenName: "Ada", familyName: "King" },
    }],
    [["name.middleName"], {}],
    [["emails.value"], { emails: [{ value: "a@example.com" }] }],
    [["emails.type", "emails.display"], {
      emails: [{ type: "work", display: "A" }, { display: "B" }],
    }],
    [["emails.primary"], {}],
    [["meta.created"], { meta: { created: "2024-05-06T07:08:09Z" } }],
    [[`${ENTERPRISE_URI}:department`], {
      [ENTERPRISE_URI]: { department: "Engines" },
    }],
    [[`${ENTERPRISE_URI}:manager.value`], {
      [ENTERPRISE_URI]: { manager: { value: "m1" } },
    }],
    [[ENTERPRISE_URI], {
      [ENTERPRISE_URI]: {
        department: "Engines",
        manager: { value: "m1", displayName: "M" },
      },
    }],
    [["department"], {}],
    [[USER_URI], without(DEFAULT, ENTERPRISE_URI, "id")],
  ] as const satisfies readonly (readonly [readonly string[], JsonObject])[]
) {
  Deno.test(`compileProjection() shows id and what "${names}" names`, () => {
    assert.deepEqual(show({ attributes: names }), { ...ID, ...expected });
  });
}

for (
  const [names, expected] of [
    [[], DEFAULT],
    [["userName"], without(DEFAULT, "userName")],
    [["id", "schemas"], DEFAULT],
    [["wat"], DEFAULT],
    [["meta"], without(DEFAULT, "meta")],
    [["name.givenName"], { ...DEFAULT, name: { familyName: "King" } }],
    [["name.givenName", "name.familyName"], without(DEFAULT, "name")],
    [["emails.display"], {
      ...DEFAULT,
      emails: [{ value: "a@example.com", type: "work" }],
    }],
    [["EMAILS"], without(DEFAULT, "emails")],
    [[ENTERPRISE_URI], without(DEFAULT, ENTERPRISE_URI)],
    [[`${ENTERPRISE_URI}:manager`], {
      ...DEFAULT,
      [ENTERPRISE_URI]: { department: "Engines" },
    }],
  ] as const satisfies readonly (readonly [readonly string[], JsonObject])[]
) {
  Deno.test(`compileProjection() hides what "${names}" names`, () => {
    assert.deepEqual(show({ excludedAttributes: names }), expected);
  });
}

for (
  const [what, request, expected] of [
    ["all that is shown by default", {}, [USER_URI, ENTERPRISE_URI]],
    ["no extension that is not shown", { attributes: ["userName"] }, [
      USER_URI,
    ]],
    ["no extension that is hidden", { excludedAttributes: [ENTERPRISE_URI] }, [
      USER_URI,
    ]],
    ["an extension shown in part", {
      attributes: [`${ENTERPRISE_URI}:department`],
    }, [USER_URI, ENTERPRISE_URI]],
  ] as const
) {
  Deno.test(`compileProjection() lists in schemas ${what}`, () => {
    assert.deepEqual(
      compileProjection(USER, request).apply(ADA)["schemas"],
      expected,
    );
  });
}

Deno.test("compileProjection() lists only the base schema without extension data", () => {
  const shown = compileProjection(USER, {}).apply({
    id: "u",
    userName: "x",
    [ENTERPRISE_URI]: {},
  });
  assert.deepEqual(shown, { schemas: [USER_URI], id: "u", userName: "x" });
});

Deno.test("compileProjection() refuses both lists at once", () => {
  refuses(
    () =>
      compileProjection(USER, { attributes: ["a"], excludedAttributes: ["b"] }),
    400,
    "invalidValue",
    "cannot be used together",
  );
});

const ROUTER: JsonObject = {
  id: "d1",
  serialNumber: "S1",
  pin: "0000",
  badge: "B",
  notes: "N",
  vault: { part: "P" },
  slots: [{ value: "s", key: "K", hint: "H", state: "on", type: "t" }],
  [WARRANTY_URI]: { contract: "C" },
};
const ALWAYS = { id: "d1", badge: "B" };

for (
  const [what, request, expected] of [
    ["never shows a secret by default", {}, {
      ...ALWAYS,
      serialNumber: "S1",
      slots: [{ value: "s", state: "on", type: "t" }],
      [WARRANTY_URI]: { contract: "C" },
    }],
    ["never shows a secret that is named", {
      attributes: ["pin", "vault", "vault.part", "slots.key"],
    }, ALWAYS],
    ["shows what is returned on request", { attributes: ["notes"] }, {
      ...ALWAYS,
      notes: "N",
    }],
    ["shows a sub-attribute on request", { attributes: ["slots.hint"] }, {
      ...ALWAYS,
      slots: [{ hint: "H", state: "on" }],
    }],
    ["shows a sub-attribute on request beside the whole", {
      attributes: ["slots", "slots.hint"],
    }, {
      ...ALWAYS,
      slots: [{ value: "s", hint: "H", state: "on", type: "t" }],
    }],
    ["shows what is always returned with its siblings", {
      attributes: ["slots.value"],
    }, {
      ...ALWAYS,
      slots: [{ value: "s", state: "on" }],
    }],
    ["cannot hide what is always returned", {
      excludedAttributes: [
        "badge",
        "slots.state",
        "slots.value",
        "slots.type",
        "serialNumber",
        WARRANTY_URI,
      ],
    }, { ...ALWAYS, slots: [{ state: "on" }] }],
  ] as const satisfies readonly (readonly [
    string,
    ProjectionRequest,
    JsonObject,
  ])[]
) {
  Deno.test(`compileProjection() ${what}`, () => {
    assert.deepEqual(show(request, ROUTER, DEVICE), expected);
  });
}

Deno.test("43-7-17 compileProjection() shows on-request attributes that the client sent", () => {
  const sent = new Set([
    attributeOf(DEVICE, "notes"),
    attributeOf(DEVICE, "pin"),
  ]);
  const shown = compileProjection(DEVICE, {}).apply(ROUTER, sent);
  assert.equal(shown["notes"], "N");
  assert.equal(Object.hasOwn(shown, "pin"), false);
});

Deno.test("43-7-17 compileProjection() shows on-request attributes of a query only when they are named", () => {
  for (
    const [request, isShown] of [
      [{}, false],
      [{ attributes: ["label"] }, false],
      [{ excludedAttributes: ["label"] }, false],
      [{ excludedAttributes: ["notes"] }, false],
      [{ attributes: ["NOTES"] }, true],
    ] as const
  ) {
    const shown = show(request, ROUTER, DEVICE);
    assert.equal(Object.hasOwn(shown, "notes"), isShown);
  }
});

Deno.test("compileProjection() lets the client hide what it sent", () => {
  const sent = new Set([attributeOf(DEVICE, "notes")]);
  const shown = compileProjection(DEVICE, { excludedAttributes: ["notes"] })
    .apply(ROUTER, sent);
  assert.equal(Object.hasOwn(shown, "notes"), false);
});

Deno.test("compileProjection() puts the base schema of the type into schemas", () => {
  assert.deepEqual(
    compileProjection(DEVICE, { attributes: ["label"] }).apply(
      ROUTER,
    )["schemas"],
    [DEVICE_URI],
  );
});

Deno.test("compileProjection() leaves the resource as it was", () => {
  const before = structuredClone(ADA);
  show({ attributes: ["emails.value"] });
  assert.deepEqual(ADA, before);
});

for (
  const [request, path, expected, type] of [
    [{}, "emails", true],
    [{}, "password", false],
    [{ attributes: ["userName"] }, "groups", false],
    [{ attributes: ["groups.value"] }, "groups", true],
    [{ excludedAttributes: ["groups"] }, "groups", false],
    [{ excludedAttributes: ["groups.display"] }, "groups", true],
    [{ attributes: ["userName"] }, "id", true],
    [{}, "groups.display", true],
    [{ attributes: ["groups"] }, "groups.display", true],
    [{ attributes: ["groups.value"] }, "groups.display", false],
    [{ attributes: ["groups.value"] }, "groups.value", true],
    [{ attributes: ["userName"] }, "groups.display", false],
    [{ excludedAttributes: ["groups"] }, "groups.display", false],
    [{ excludedAttributes: ["groups.display"] }, "groups.display", false],
    [{ excludedAttributes: ["groups.display"] }, "groups.value", true],
    [{ attributes: ["vault.part"] }, "vault", false, DEVICE],
    [{ attributes: ["slots.key"] }, "slots", false, DEVICE],
  ] as const satisfies readonly (readonly [
    ProjectionRequest,
    string,
    boolean,
    ResourceType?,
  ])[]
) {
  Deno.test(`shows() of ${path} is ${expected} for ${JSON.stringify(request)}`, () => {
    const projection = compileProjection(type ?? USER, request);
    assert.equal(projection.shows(attributeOf(type ?? USER, path)), expected);
  });
}

Deno.test("splitNames() splits at commas and drops blanks and empty names", () => {
  assert.deepEqual(splitNames(["a, b ,,c", " ", "d"]), ["a", "b", "c", "d"]);
});
