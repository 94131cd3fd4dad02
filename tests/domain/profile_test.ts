import assert from "node:assert/strict";
import {
  BULK_REQUEST_SCHEMA,
  readBulkRequest,
} from "../../domain/bulk/message.ts";
import type { ScimType } from "../../domain/errors.ts";
import { compileFilter } from "../../domain/filter/compile.ts";
import { parseFilter } from "../../domain/filter/parse.ts";
import type { JsonObject, JsonValue } from "../../domain/json.ts";
import { normalizeResource } from "../../domain/normalize.ts";
import { applyPatch } from "../../domain/patch/apply.ts";
import { foldMembership } from "../../domain/patch/membership.ts";
import { readPatchMessage } from "../../domain/patch/message.ts";
import {
  COMPATIBLE,
  type Profile,
  PROFILE_NAMES,
  PROFILES,
  RFC,
} from "../../domain/profile.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import { validateResource } from "../../domain/validate.ts";
import {
  DEVICE,
  DEVICE_URI,
  ENTERPRISE_URI,
  GROUP,
  GROUP_URI,
  patchBody,
  refuses,
  USER,
  USER_URI,
  WARRANTY_URI,
} from "./fixtures.ts";
import { QueryParameters } from "../../routes/scim/query.ts";

type Field = Exclude<keyof Profile, "name">;

/** What a profile makes of something that a client sends. */
interface Deviation {
  /** The client and what it sends, for the name of the test. */
  readonly client: string;
  readonly read: (profile: Profile) => unknown;
  readonly compatible: unknown;
  /** What the strict profile makes of it: an error, or another result. */
  readonly rfc: ScimType | { readonly result: unknown };
}

/** The attributes and members that a POST body describes, once it is valid. */
function created(
  attributes: JsonObject,
  type: ResourceType = USER,
): (profile: Profile) => JsonObject {
  return (profile) => {
    const draft = normalizeResource(type, attributes, profile);
    validateResource(type, draft.attributes, profile);
    return type.members === undefined
      ? draft.attributes
      : { ...draft.attributes, members: [...draft.members] };
  };
}

const USER_BODY = { schemas: [USER_URI], userName: "ada" };

/** What a PATCH makes of a user. */
function patched(
  before: JsonObject,
  ...operations: JsonObject[]
): (profile: Profile) => JsonObject {
  return (profile) => {
    const message = readPatchMessage(patchBody(...operations), profile);
    const { userName: _, ...rest } =
      applyPatch(USER, { userName: "ada", ...before }, message, profile)
        .attributes;
    return rest;
  };
}

/** Whether a filter matches a user. */
function found(
  text: string,
  resource: JsonObject,
): (profile: Profile) => boolean {
  return (profile) => {
    const filter = parseFilter(text, {
      unquotedValues: profile.unquotedFilterValues,
      singleQuotes: profile.singleQuotedFilters,
    });
    return compileFilter(filter, USER, profile).test(resource);
  };
}

/** The data of a PATCH in a bulk request. */
function patchedInBulk(data: JsonValue): (profile: Profile) => unknown {
  return (profile) => {
    const { operations: [operation] } = readBulkRequest({
      schemas: [BULK_REQUEST_SCHEMA],
      Operations: [{ method: "PATCH", path: "/Users/x", data }],
    }, profile);
    if (operation?.problem !== undefined) throw operation.problem;
    return operation?.data;
  };
}

const MANAGER = `${ENTERPRISE_URI}:manager`;

const DEVIATIONS: Readonly<Record<Field, readonly Deviation[]>> = {
  booleanStrings: [
    {
      client: 'Entra ID disables a user with "False"',
      read: patched({ active: true }, {
        op: "Replace",
        path: "active",
        value: "False",
      }),
      compatible: { active: false },
      rfc: "invalidValue",
    },
    {
      client: 'Entra ID creates a user with "True"',
      read: created({ ...USER_BODY, active: "True" }),
      compatible: { userName: "ada", active: true },
      rfc: "invalidValue",
    },
    {
      client: 'Entra ID looks for roles[primary eq "True"]',
      read: patched(
        { roles: [{ value: "Reader", primary: true }] },
        {
          op: "replace",
          path: 'roles[primary eq "True"].value',
          value: "Writer",
        },
      ),
      compatible: { roles: [{ value: "Writer", primary: true }] },
      rfc: "invalidFilter",
    },
    {
      client: 'Entra ID creates a role by roles[primary eq "True"]',
      read: patched({}, {
        op: "add",
        path: 'roles[primary eq "True"].value',
        value: "Writer",
      }),
      compatible: { roles: [{ primary: true, value: "Writer" }] },
      rfc: "invalidFilter",
    },
    {
      client: "a client filters by active eq True",
      read: found('active eq "True"', { active: true }),
      compatible: true,
      rfc: "invalidFilter",
    },
  ],
  emptyStringClears: [
    {
      client: 'the gallery tests of Entra ID clear a title with ""',
      read: patched({ title: "x" }, {
        op: "replace",
        path: "title",
        value: "",
      }),
      compatible: {},
      rfc: { result: { title: "" } },
    },
    {
      client: 'Entra ID clears a sub-attribute with ""',
      read: patched(
        { name: { givenName: "Ada", familyName: "King" } },
        { op: "replace", value: { name: { givenName: "" } } },
      ),
      compatible: { name: { familyName: "King" } },
      rfc: { result: { name: { givenName: "", familyName: "King" } } },
    },
    {
      client: 'Entra ID removes a manager with ""',
      read: patched(
        { [ENTERPRISE_URI]: { manager: { value: "m" } } },
        { op: "replace", path: MANAGER, value: "" },
      ),
      compatible: {},
      rfc: "invalidValue",
    },
    {
      client: 'a client sends "" among the values of a list',
      read: created({ ...USER_BODY, roles: ["", { value: "Reader" }] }),
      compatible: { userName: "ada", roles: [{ value: "Reader" }] },
      rfc: "invalidValue",
    },
    {
      client: 'a client sends "" for a list',
      read: created({ ...USER_BODY, emails: "" }),
      compatible: { userName: "ada" },
      rfc: "invalidValue",
    },
  ],
  dropsBareElements: [
    {
      client: "Entra ID clears the value of a work address",
      read: patched(
        { emails: [{ type: "work", primary: true, value: "a@example.com" }] },
        { op: "replace", path: 'emails[type eq "work"].value', value: null },
      ),
      compatible: {},
      rfc: { result: { emails: [{ type: "work", primary: true }] } },
    },
    {
      client: "a client creates an address that has nothing but a type",
      read: created({ ...USER_BODY, emails: [{ type: "work", value: null }] }),
      compatible: { userName: "ada" },
      rfc: { result: { userName: "ada", emails: [{ type: "work" }] } },
    },
  ],
  bareValues: [
    {
      client: "Entra ID sets a manager by the id alone",
      read: patched({}, { op: "Add", path: MANAGER, value: "m" }),
      compatible: { [ENTERPRISE_URI]: { manager: { value: "m" } } },
      rfc: "invalidValue",
    },
    {
      client: "Entra ID creates a user with the id of a manager",
      read: created({ ...USER_BODY, [ENTERPRISE_URI]: { manager: "m" } }),
      compatible: {
        userName: "ada",
        [ENTERPRISE_URI]: { manager: { value: "m" } },
      },
      rfc: "invalidValue",
    },
    {
      client: "Microsoft's sample creates a group with ids as members",
      read: created({
        schemas: [GROUP_URI],
        displayName: "Crew",
        members: ["u1"],
      }, GROUP),
      compatible: { displayName: "Crew", members: ["u1"] },
      rfc: "invalidValue",
    },
  ],
  arraysForSingleValues: [
    {
      client: "Entra ID sends a manager in an array",
      read: patched({}, {
        op: "Add",
        path: MANAGER,
        value: [{ $ref: "https://example.com/Users/m", value: "m" }],
      }),
      compatible: { [ENTERPRISE_URI]: { manager: { value: "m" } } },
      rfc: "invalidValue",
    },
    {
      client: "a client sends a manager in an empty array",
      read: created({ ...USER_BODY, [ENTERPRISE_URI]: { manager: [] } }),
      compatible: { userName: "ada" },
      rfc: "invalidValue",
    },
  ],
  singleValuesForArrays: [
    {
      client: "Entra ID creates a user with one role that is no array",
      read: created({ ...USER_BODY, roles: { value: "Admin", primary: true } }),
      compatible: {
        userName: "ada",
        roles: [{ value: "Admin", primary: true }],
      },
      rfc: "invalidValue",
    },
    {
      client: "a client sends one simple value for a list",
      read: created(
        { schemas: [DEVICE_URI], serialNumber: "S", tags: "red" },
        DEVICE,
      ),
      compatible: { serialNumber: "S", tags: ["red"] },
      rfc: "invalidValue",
    },
  ],
  anyFormat: [
    {
      client: "Entra ID sends a country by its name",
      read: created({ ...USER_BODY, addresses: [{ country: "Germany" }] }),
      compatible: { userName: "ada", addresses: [{ country: "Germany" }] },
      rfc: "invalidValue",
    },
    {
      client: "the gallery tests write random words as URLs",
      read: created({ ...USER_BODY, profileUrl: "upd 1a2b3c4d" }),
      compatible: { userName: "ada", profileUrl: "upd 1a2b3c4d" },
      rfc: "invalidValue",
    },
  ],
  unknownAttributes: [
    {
      client: "Entra ID creates a user with a role's displayName",
      read: created({
        ...USER_BODY,
        roles: [{ value: "Admin", displayName: "Admin" }],
      }),
      compatible: { userName: "ada", roles: [{ value: "Admin" }] },
      rfc: "invalidSyntax",
    },
    {
      client: "Okta sends an attribute of an unknown extension",
      read: created({ ...USER_BODY, "urn:example:none:2.0:User": { a: 1 } }),
      compatible: { userName: "ada" },
      rfc: "invalidSyntax",
    },
    {
      client: "Entra ID replaces an attribute that no schema has",
      read: patched(
        {},
        { op: "replace", path: "favouriteColour", value: "x" },
        { op: "add", path: "title", value: "x" },
      ),
      compatible: { title: "x" },
      rfc: "invalidPath",
    },
  ],
  unknownSchemas: [
    {
      client: "Entra ID creates a group with a schema of its own",
      read: created({
        schemas: [GROUP_URI, "urn:example:ADSCIM:2.0:Group"],
        displayName: "Crew",
      }, GROUP),
      compatible: { displayName: "Crew", members: [] },
      rfc: "invalidSyntax",
    },
    {
      client: "a client leaves the base schema out",
      read: created({ schemas: [ENTERPRISE_URI], userName: "ada" }),
      compatible: { userName: "ada" },
      rfc: "invalidSyntax",
    },
  ],
  pathsAsKeys: [
    {
      client: "Entra ID replaces name.givenName without a path",
      read: patched({ name: { familyName: "King" } }, {
        op: "replace",
        value: { "name.givenName": "Ada" },
      }),
      compatible: { name: { familyName: "King", givenName: "Ada" } },
      rfc: "invalidSyntax",
    },
    {
      client: "a client sends a value path as a name",
      read: patched({}, {
        op: "add",
        value: { 'emails[type eq "work"].value': "a" },
      }),
      compatible: { emails: [{ type: "work", value: "a" }] },
      rfc: "invalidSyntax",
    },
    {
      client: "a client creates a user with name.givenName",
      read: created({ ...USER_BODY, "name.givenName": "Ada" }),
      compatible: { userName: "ada", name: { givenName: "Ada" } },
      rfc: "invalidSyntax",
    },
  ],
  unqualifiedExtensionAttributes: [
    {
      client: "Entra ID adds a manager by its short path",
      read: patched({}, { op: "Add", path: "manager", value: { value: "m" } }),
      compatible: { [ENTERPRISE_URI]: { manager: { value: "m" } } },
      rfc: "invalidPath",
    },
    {
      client: "Entra ID looks for department without its schema",
      read: found('department eq "Engines"', {
        [ENTERPRISE_URI]: { department: "Engines" },
      }),
      compatible: true,
      rfc: "invalidFilter",
    },
  ],
  dotAfterSchemaUri: [
    {
      client: "Entra ID before 2018 writes a dot behind the schema",
      read: patched({}, {
        op: "add",
        path: `${ENTERPRISE_URI}.department`,
        value: "x",
      }),
      compatible: { [ENTERPRISE_URI]: { department: "x" } },
      rfc: "invalidPath",
    },
    {
      client: "Microsoft's inbound sample filters with a dot behind the schema",
      read: found(`${ENTERPRISE_URI}.department eq "x"`, {
        [ENTERPRISE_URI]: { department: "x" },
      }),
      compatible: true,
      rfc: "invalidFilter",
    },
  ],
  replaceCreates: [
    {
      client: "Entra ID replaces a work address that is not there",
      read: patched({}, {
        op: "Replace",
        path: 'emails[type eq "work"].value',
        value: "a",
      }),
      compatible: { emails: [{ type: "work", value: "a" }] },
      rfc: "noTarget",
    },
    {
      client: "Entra ID replaces two parts of an address that is not there",
      read: patched(
        {},
        {
          op: "Replace",
          path: 'addresses[type eq "work"].locality',
          value: "Bern",
        },
        {
          op: "Replace",
          path: 'addresses[type eq "work"].country',
          value: "CH",
        },
      ),
      compatible: {
        addresses: [{ type: "work", locality: "Bern", country: "CH" }],
      },
      rfc: "noTarget",
    },
  ],
  readOnlyInPatchValue: [
    {
      client: "Okta renames and sends the id",
      read: patched({}, {
        op: "replace",
        value: { id: "x", displayName: "Ada" },
      }),
      compatible: { displayName: "Ada" },
      rfc: "mutability",
    },
  ],
  emptyOperations: [
    {
      client: "the SCIM Validator sends no operations",
      read: (profile) => readPatchMessage(patchBody(), profile),
      compatible: [],
      rfc: "invalidSyntax",
    },
  ],
  patchArraysInBulk: [
    {
      client: "a client follows the example of RFC 7644 section 3.7.3",
      read: patchedInBulk([{ op: "remove", path: "nickName" }]),
      compatible: patchBody({ op: "remove", path: "nickName" }),
      rfc: "invalidSyntax",
    },
  ],
  complexByValue: [
    {
      client: "Entra ID checks a reference with manager eq",
      read: found(`${MANAGER} eq "m"`, {
        [ENTERPRISE_URI]: { manager: { value: "m" } },
      }),
      compatible: true,
      rfc: "invalidFilter",
    },
  ],
  unquotedFilterValues: [
    {
      client:
        "Entra ID's documentation filters by an id without quotation marks",
      read: found("externalId eq 54d382a4-1050", {
        externalId: "54d382a4-1050",
      }),
      compatible: true,
      rfc: "invalidFilter",
    },
    {
      client: "a client chooses values by an id without quotation marks",
      read: patched(
        { emails: [{ value: "a1" }, { value: "b2" }] },
        { op: "remove", path: "emails[value eq a1]" },
      ),
      compatible: { emails: [{ value: "b2" }] },
      rfc: "invalidPath",
    },
  ],
  singleQuotedFilters: [
    {
      client: "i-net puts the filter in single quotation marks",
      read: found(`'(userName eq "ada")'`, { userName: "ada" }),
      compatible: true,
      rfc: "invalidFilter",
    },
  ],
  queryNamesIgnoreCase: [
    {
      client: "Microsoft's inbound sample writes startindex",
      read: (profile) =>
        new QueryParameters("https://example.com/Users?startindex=3", profile)
          .first("startIndex"),
      compatible: "3",
      rfc: { result: undefined },
    },
  ],
};

Deno.test("each field of a profile has a test", () => {
  assert.deepEqual(
    ["name", ...Object.keys(DEVIATIONS)].sort(),
    Object.keys(COMPATIBLE).sort(),
  );
});

for (const [field, deviations] of Object.entries(DEVIATIONS)) {
  for (const { client, read, compatible, rfc } of deviations) {
    Deno.test(`${field}: ${client} (compatible)`, () => {
      assert.deepEqual(read(COMPATIBLE), compatible);
    });

    Deno.test(`${field}: ${client} (rfc)`, () => {
      if (typeof rfc === "string") refuses(() => read(RFC), 400, rfc);
      else assert.deepEqual(read(RFC), rfc.result);
    });

    Deno.test(`${field}: ${client}, which no other field allows`, () => {
      const others = { ...COMPATIBLE, [field]: false };
      assert.throws(() => assert.deepEqual(read(others), compatible));
    });
  }
}

for (const name of PROFILE_NAMES) {
  Deno.test(`the profile ${name} goes by its name`, () => {
    assert.equal(PROFILES[name].name, name);
  });
}

Deno.test("compatible accepts every deviation, and rfc accepts none", () => {
  const flags = (profile: Profile) =>
    new Set(
      Object.values(profile).filter((value) => typeof value === "boolean"),
    );
  assert.deepEqual(flags(COMPATIBLE), new Set([true]));
  assert.deepEqual(flags(RFC), new Set([false]));
});

for (const profile of [COMPATIBLE, RFC]) {
  Deno.test(`a request by the letter means the same to ${profile.name}`, () => {
    const body = {
      schemas: [USER_URI, ENTERPRISE_URI],
      userName: "ada",
      active: true,
      emails: [{ value: "a@example.com", type: "work", primary: true }],
      [ENTERPRISE_URI]: { manager: { value: "m" } },
    };
    const { schemas: _, ...expected } = body;
    assert.deepEqual(created(body)(profile), expected);
  });

  Deno.test(`members are changed in the same way by ${profile.name}`, () => {
    const message = readPatchMessage(
      patchBody({ op: "Remove", path: "members", value: [{ value: "u1" }] }),
      profile,
    );
    const { membership } = applyPatch(
      GROUP,
      { displayName: "Crew" },
      message,
      profile,
    );
    assert.deepEqual([...foldMembership(membership).remove], ["u1"]);
  });

  Deno.test(`an extension of a custom type is known to ${profile.name}`, () => {
    const body = { schemas: [DEVICE_URI, WARRANTY_URI], serialNumber: "S" };
    assert.deepEqual(created(body, DEVICE)(profile), { serialNumber: "S" });
  });
}
