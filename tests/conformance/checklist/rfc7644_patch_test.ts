import {
  deepStrictEqual,
  notStrictEqual,
  strictEqual,
} from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import {
  type Client,
  group,
  isScimError,
  object,
  URN,
  user,
  values,
  withClient,
} from "../../routes/harness.ts";

const PROFILES = ["rfc", "compatible"] as const;
type ProfileName = typeof PROFILES[number];

const DEPARTMENT = `${URN.enterprise}:department`;
const WORK = { value: "w@x", type: "work" };
const HOME = { value: "h@x", type: "home" };

/** What a user holds beside schemas, id, meta and userName. */
function content(resource: JsonObject): JsonObject {
  const { schemas: _, id: __, meta: ___, userName: ____, ...rest } = resource;
  return rest;
}

/** A PATCH of a user that succeeds. */
interface Change {
  readonly ids: string;
  readonly name: string;
  readonly before?: JsonObject;
  readonly operations: JsonObject[];
  /** The attributes after it; null: those before it. */
  readonly after: JsonObject | null;
  /** Without it, both. */
  readonly profile?: ProfileName;
}

const CHANGES: readonly Change[] = [
  // In general (section 3.5.2)
  {
    ids: "44-3.5.2-4",
    name: "Add, Replace and Remove with capitals are add, replace and remove",
    before: { nickName: "A" },
    operations: [
      { op: "Add", path: "title", value: "Dr." },
      { op: "REPLACE", path: "title", value: "Prof." },
      { op: "Remove", path: "nickName" },
    ],
    after: { title: "Prof." },
  },
  {
    ids: "44-3.5.2-6",
    name: "add and replace need no path",
    operations: [
      { op: "add", value: { title: "Dr.", nickName: "A" } },
      { op: "replace", value: { title: "Prof." } },
    ],
    after: { title: "Prof.", nickName: "A" },
  },
  {
    ids: "44-3.5.2-8",
    name:
      "a path is an attribute, a sub-attribute, or a filter with or without one",
    before: { emails: [WORK, HOME] },
    operations: [
      { op: "add", path: "title", value: "Dr." },
      { op: "add", path: "name.givenName", value: "Ada" },
      { op: "add", path: 'emails[type eq "work"].display', value: "W" },
      {
        op: "remove",
        path: 'emails[type eq "home" and not (value sw "x")]',
      },
    ],
    after: {
      title: "Dr.",
      name: { givenName: "Ada" },
      emails: [{ ...WORK, display: "W" }],
    },
  },
  {
    ids: "44-3.5.2-12",
    name: "paths have a schema URI or not, and are read in any case",
    operations: [
      { op: "add", path: `${URN.user}:TITLE`, value: "Dr." },
      { op: "add", path: "Name.GIVENNAME", value: "Ada" },
      { op: "add", path: `${URN.user}:name.familyName`, value: "King" },
      { op: "add", path: DEPARTMENT.toUpperCase(), value: "R" },
      { op: "add", path: URN.enterprise, value: { division: "D" } },
      { op: "add", path: 'EMAILS[TYPE EQ "work"].Value', value: "w@x" },
    ],
    after: {
      title: "Dr.",
      name: { givenName: "Ada", familyName: "King" },
      [URN.enterprise]: { department: "R", division: "D" },
      emails: [WORK],
    },
  },
  {
    ids: "44-3.5.2-13",
    name: "taking a URI out of schemas holds for the operations behind it",
    before: { [URN.enterprise]: { department: "R", costCenter: "1" } },
    operations: [
      { op: "remove", path: `schemas[value eq "${URN.enterprise}"]` },
      { op: "add", path: `${URN.enterprise}:division`, value: "D" },
    ],
    after: { [URN.enterprise]: { division: "D" } },
  },
  {
    ids: "44-3.5.2-13",
    name: "a URI put into schemas is in force for the operations behind it",
    operations: [
      { op: "add", path: "schemas", value: [URN.enterprise] },
      { op: "add", path: DEPARTMENT, value: "R" },
    ],
    after: { [URN.enterprise]: { department: "R" } },
  },
  {
    ids: "44-3.5.2-16",
    name: "each operation sees what the one before has done",
    operations: [
      { op: "add", path: "emails", value: [WORK] },
      { op: "replace", path: 'emails[value eq "w@x"].type', value: "home" },
      { op: "add", path: 'emails[type eq "home"].display', value: "H" },
      { op: "remove", path: 'emails[type eq "work"]' },
      { op: "add", path: "title", value: "first" },
      { op: "replace", path: "title", value: "last" },
    ],
    after: {
      emails: [{ value: "w@x", type: "home", display: "H" }],
      title: "last",
    },
  },
  {
    ids: "44-3.5.2-17",
    name: "a value that is made primary by its sub-attribute is the only one",
    before: { emails: [{ ...WORK, primary: true }, HOME] },
    operations: [
      { op: "replace", path: 'emails[type eq "home"].primary', value: true },
    ],
    after: {
      emails: [{ ...WORK, primary: false }, { ...HOME, primary: true }],
    },
  },
  {
    ids: "44-3.5.2-17",
    name: "a value that is added as primary is the only one",
    before: { emails: [{ ...WORK, primary: true }] },
    operations: [
      { op: "add", path: "emails", value: [{ ...HOME, primary: true }] },
    ],
    after: {
      emails: [{ ...WORK, primary: false }, { ...HOME, primary: true }],
    },
  },
  {
    ids: "44-3.5.2-17",
    name: "a value that is added again as primary is the only one",
    before: { emails: [{ ...WORK, primary: true }, HOME] },
    operations: [{
      op: "add",
      value: { emails: [{ ...HOME, primary: true }] },
    }],
    after: {
      emails: [{ ...WORK, primary: false }, { ...HOME, primary: true }],
    },
  },
  {
    ids: "44-3.5.2-24",
    name: "a required attribute may be missing between operations",
    operations: [
      { op: "remove", path: "userName" },
      { op: "add", path: "title", value: "Dr." },
      { op: "add", path: "userName", value: "ada" },
    ],
    after: { title: "Dr." },
  },
  {
    ids: "44-3.5.2-24",
    name: "a name that another user has may be passed through",
    operations: [
      { op: "replace", path: "userName", value: "taken" },
      { op: "replace", path: "userName", value: "ada" },
      { op: "add", path: "title", value: "Dr." },
    ],
    after: { title: "Dr." },
  },
  // add (section 3.5.2.1)
  {
    ids: "44-3.5.2.1-2",
    name: "add without a path merges an object into the user",
    before: {
      nickName: "A",
      name: { givenName: "Ada" },
      emails: [WORK],
      [URN.enterprise]: { department: "R" },
    },
    operations: [{
      op: "add",
      value: {
        title: "Dr.",
        name: { familyName: "King" },
        emails: [HOME],
        [URN.enterprise]: { division: "D" },
        [`${URN.enterprise}:costCenter`]: "1",
      },
    }],
    after: {
      nickName: "A",
      title: "Dr.",
      name: { givenName: "Ada", familyName: "King" },
      emails: [WORK, HOME],
      [URN.enterprise]: { department: "R", division: "D", costCenter: "1" },
    },
  },
  {
    ids: "44-3.5.2.1-3",
    name: "add makes attributes that are not there",
    operations: [
      { op: "add", path: "title", value: "Dr." },
      { op: "add", path: "name", value: { givenName: "Ada" } },
      { op: "add", path: "emails", value: [WORK] },
      { op: "add", path: DEPARTMENT, value: "R" },
    ],
    after: {
      title: "Dr.",
      name: { givenName: "Ada" },
      emails: [WORK],
      [URN.enterprise]: { department: "R" },
    },
  },
  {
    ids: "44-3.5.2.1-4",
    name: "add to a complex attribute sets what is given and leaves the rest",
    before: { name: { givenName: "Ada", familyName: "King" } },
    operations: [{
      op: "add",
      path: "name",
      value: { familyName: "Lovelace", honorificPrefix: "Lady" },
    }],
    after: {
      name: {
        givenName: "Ada",
        familyName: "Lovelace",
        honorificPrefix: "Lady",
      },
    },
  },
  {
    ids: "44-3.5.2.1-5",
    name: "add to a multi-valued attribute appends one value or an array",
    before: { emails: [WORK] },
    operations: [
      { op: "add", path: "emails", value: HOME },
      { op: "add", path: "emails", value: [{ value: "1" }, { value: "2" }] },
    ],
    after: { emails: [WORK, HOME, { value: "1" }, { value: "2" }] },
  },
  {
    ids: "44-3.5.2.1-6",
    name: "add to a single-valued attribute replaces its value",
    before: { title: "Dr.", active: true, name: { givenName: "Ada" } },
    operations: [
      { op: "add", path: "title", value: "Prof." },
      { op: "add", value: { active: false } },
      { op: "add", path: "name.givenName", value: "Augusta" },
    ],
    after: { title: "Prof.", active: false, name: { givenName: "Augusta" } },
  },
  {
    ids: "44-3.5.2.1-9",
    name: "a value is the same when value and type are, whatever it is called",
    before: { emails: [{ ...WORK, display: "W" }] },
    operations: [
      { op: "add", path: "emails", value: [WORK, WORK] },
      { op: "add", path: "emails", value: { ...WORK, type: "home" } },
    ],
    after: {
      emails: [{ ...WORK, display: "W" }, { value: "w@x", type: "home" }],
    },
  },
  {
    ids: "44-3.5.2.1-10",
    name: "add with a filter merges into the values that match",
    before: { emails: [WORK, { value: "2", type: "work" }, HOME] },
    operations: [
      { op: "add", path: 'emails[type eq "work"]', value: { display: "W" } },
    ],
    after: {
      emails: [
        { ...WORK, display: "W" },
        { value: "2", type: "work", display: "W" },
        HOME,
      ],
    },
  },
  {
    ids: "44-3.5.2.1-10",
    name: "add with a filter that nothing matches makes the value it describes",
    before: { emails: [HOME] },
    operations: [
      { op: "add", path: 'emails[type eq "work"].value', value: "w@x" },
      {
        op: "add",
        path: 'phoneNumbers[type eq "fax" and primary eq true]',
        value: { value: "1" },
      },
    ],
    after: {
      emails: [HOME, WORK],
      phoneNumbers: [{ value: "1", type: "fax", primary: true }],
    },
  },
  // remove (section 3.5.2.2)
  {
    ids: "44-3.5.2.2-2",
    name: "remove unassigns a single-valued attribute or sub-attribute",
    before: {
      title: "Dr.",
      nickName: "A",
      name: { givenName: "Ada", familyName: "King" },
      [URN.enterprise]: { department: "R", division: "D" },
    },
    operations: [
      { op: "remove", path: "title" },
      { op: "remove", path: "name.givenName" },
      { op: "remove", path: DEPARTMENT },
    ],
    after: {
      nickName: "A",
      name: { familyName: "King" },
      [URN.enterprise]: { division: "D" },
    },
  },
  {
    ids: "44-3.5.2.2-2",
    name: "remove unassigns a complex attribute with all that it holds",
    before: { title: "Dr.", name: { givenName: "Ada", familyName: "King" } },
    operations: [{ op: "remove", path: "name" }],
    after: { title: "Dr." },
  },
  {
    ids: "44-3.5.2.2-3",
    name: "remove without a filter takes all values",
    before: { emails: [WORK, HOME], roles: [{ value: "r" }] },
    operations: [{ op: "remove", path: "emails" }],
    after: { roles: [{ value: "r" }] },
  },
  {
    ids: "44-3.5.2.2-4",
    name: "remove with a filter takes the values that match",
    before: { emails: [WORK, HOME, { value: "2", type: "work" }] },
    operations: [{ op: "remove", path: 'emails[type eq "work"]' }],
    after: { emails: [HOME] },
  },
  {
    ids: "44-3.5.2.2-4",
    name: "remove with a filter that all match unassigns the attribute",
    before: { emails: [WORK, HOME] },
    operations: [{ op: "remove", path: "emails[value pr]" }],
    after: {},
  },
  {
    ids: "44-3.5.2.2-5",
    name: "remove with a filter and a sub-attribute takes that of each match",
    before: {
      emails: [
        { ...WORK, display: "1" },
        { value: "2", type: "work", display: "2" },
        { ...HOME, display: "3" },
      ],
    },
    operations: [{ op: "remove", path: 'emails[type eq "work"].display' }],
    after: {
      emails: [WORK, { value: "2", type: "work" }, { ...HOME, display: "3" }],
    },
  },
  {
    ids: "44-3.5.2.2-7",
    name: "removing what is not there changes nothing",
    before: { emails: [WORK] },
    operations: [
      { op: "remove", path: 'emails[type eq "home"]' },
      { op: "remove", path: 'emails[type eq "home"].value' },
      { op: "remove", path: "phoneNumbers" },
      { op: "remove", path: "title" },
      { op: "remove", path: "name.givenName" },
      { op: "remove", path: DEPARTMENT },
    ],
    after: null,
  },
  {
    ids: "44-3.5.2.2-8",
    name: "remove with values takes those and no others",
    before: { emails: [WORK, HOME, { value: "3" }] },
    operations: [
      { op: "remove", path: "emails", value: [{ value: "h@x" }] },
      { op: "remove", path: "emails", value: { value: "3" } },
    ],
    after: { emails: [WORK] },
  },
  {
    ids: "44-3.5.2.2-8",
    name: "remove with values that are not there, or none, takes nothing",
    before: { emails: [WORK, HOME] },
    operations: [
      { op: "remove", path: "emails", value: [{ value: "nobody" }] },
      { op: "remove", path: "emails", value: [{ ...WORK, type: "home" }] },
      { op: "remove", path: "emails", value: [] },
    ],
    after: null,
  },
  // replace (section 3.5.2.3)
  {
    ids: "44-3.5.2.3-1",
    name: "replace without a path replaces what it names and leaves the rest",
    before: {
      title: "Dr.",
      nickName: "A",
      emails: [WORK, HOME],
      [URN.enterprise]: { department: "R", division: "D" },
    },
    operations: [{
      op: "replace",
      value: {
        title: "Prof.",
        emails: [{ value: "new" }],
        [URN.enterprise]: { division: "E" },
      },
    }],
    after: {
      title: "Prof.",
      nickName: "A",
      emails: [{ value: "new" }],
      [URN.enterprise]: { department: "R", division: "E" },
    },
  },
  {
    ids: "44-3.5.2.3-2",
    name: "replace gives a single-valued attribute another value",
    before: { title: "Dr.", active: true, name: { givenName: "Ada" } },
    operations: [
      { op: "replace", path: "title", value: "Prof." },
      { op: "replace", path: "active", value: false },
      { op: "replace", path: "name.givenName", value: "Augusta" },
    ],
    after: { title: "Prof.", active: false, name: { givenName: "Augusta" } },
  },
  {
    ids: "44-3.5.2.3-3",
    name: "replace without a filter replaces the whole list",
    before: { emails: [WORK, HOME] },
    operations: [
      { op: "replace", path: "emails", value: [{ value: "1" }, HOME] },
    ],
    after: { emails: [{ value: "1" }, HOME] },
  },
  {
    ids: "44-3.5.2.3-4",
    name: "replace of what is not there adds it",
    operations: [
      { op: "replace", path: "title", value: "Dr." },
      { op: "replace", path: "name.givenName", value: "Ada" },
      { op: "replace", path: "emails", value: [WORK] },
      { op: "replace", path: DEPARTMENT, value: "R" },
      { op: "replace", value: { nickName: "A" } },
    ],
    after: {
      title: "Dr.",
      name: { givenName: "Ada" },
      emails: [WORK],
      [URN.enterprise]: { department: "R" },
      nickName: "A",
    },
  },
  {
    ids: "44-3.5.2.3-5",
    name:
      "replace of a complex attribute sets what is given and leaves the rest",
    before: { name: { givenName: "Ada", familyName: "King" } },
    operations: [
      { op: "replace", path: "name", value: { familyName: "Lovelace" } },
      { op: "replace", value: { name: { honorificPrefix: "Lady" } } },
    ],
    after: {
      name: {
        givenName: "Ada",
        familyName: "Lovelace",
        honorificPrefix: "Lady",
      },
    },
  },
  {
    ids: "44-3.5.2.3-6",
    name: "replace with a filter replaces each value that matches, as a whole",
    before: {
      emails: [{ ...WORK, display: "W" }, HOME, { ...WORK, value: "2" }],
    },
    operations: [
      {
        op: "replace",
        path: 'emails[value eq "w@x"]',
        value: { value: "1", type: "other" },
      },
      { op: "replace", path: 'emails[value eq "2"]', value: { value: "3" } },
    ],
    after: { emails: [{ value: "1", type: "other" }, HOME, { value: "3" }] },
  },
  {
    ids: "44-3.5.2.3-7",
    name: "replace with a filter and a sub-attribute sets that in each match",
    before: { emails: [WORK, HOME, { value: "2", type: "work" }] },
    operations: [
      { op: "replace", path: 'emails[type eq "work"].display', value: "W" },
    ],
    after: {
      emails: [
        { ...WORK, display: "W" },
        HOME,
        { value: "2", type: "work", display: "W" },
      ],
    },
  },
  {
    ids: "44-3.5.2.3-8",
    name:
      "replace with a filter that nothing matches makes the value for clients that expect it",
    before: { emails: [HOME] },
    operations: [
      { op: "replace", path: 'emails[type eq "work"].value', value: "w@x" },
    ],
    after: { emails: [HOME, WORK] },
    profile: "compatible",
  },
  {
    ids: "44-3.5.2.3-9",
    name: "replace with null or [] unassigns",
    before: {
      title: "Dr.",
      nickName: "A",
      name: { givenName: "Ada", familyName: "King" },
      emails: [WORK],
      phoneNumbers: [{ value: "1" }],
      roles: [{ value: "r" }],
      [URN.enterprise]: { department: "R" },
    },
    operations: [
      { op: "replace", path: "title", value: null },
      { op: "replace", path: "name.givenName", value: null },
      { op: "replace", path: "emails", value: [] },
      { op: "replace", path: "phoneNumbers", value: null },
      { op: "replace", path: DEPARTMENT, value: null },
      { op: "replace", value: { nickName: null } },
    ],
    after: { name: { familyName: "King" }, roles: [{ value: "r" }] },
  },
  // What no schema has
  {
    ids: "44-3.5.2-11",
    name: "what no schema has is left out for clients that send it",
    operations: [
      { op: "add", path: "nonsense", value: "x" },
      { op: "add", path: "name.nonsense", value: "x" },
      { op: "add", value: { title: "Dr.", nonsense: "x" } },
    ],
    after: { title: "Dr." },
    profile: "compatible",
  },
];

for (const { ids, name, before = {}, operations, after, profile } of CHANGES) {
  for (const used of profile === undefined ? PROFILES : [profile]) {
    Deno.test(
      `${ids} PATCH: ${name} (${used})`,
      withClient(async (client, server) => {
        await client.user("taken");
        const { id, json, version } = await client.user("ada", before);
        server.pass({ hours: 1 });
        const answer = await client.patch(`/Users/${id}`, operations);
        strictEqual(answer.status, 200, answer.text);
        deepStrictEqual(content(answer.json), after ?? content(json));
        strictEqual(answer.json["userName"], "ada");
        strictEqual(answer.headers.get("ETag") === version, after === null);
        deepStrictEqual((await client.get(`/Users/${id}`)).json, answer.json);
      }, { profile: used }),
    );
  }
}

/** A PATCH of a user that is refused with 400. */
interface Refusal {
  readonly ids: string;
  /** Each is refused by itself. */
  readonly operations: readonly JsonObject[];
  readonly scimType: string;
  readonly profile?: ProfileName;
}

/** The user that the refused operations are about. */
const STORED: JsonObject = {
  title: "Dr.",
  emails: [WORK],
  [URN.enterprise]: { department: "R" },
};

const REFUSALS: readonly Refusal[] = [
  {
    ids: "44-3.5.2-4",
    operations: [
      { op: "move", from: "title", path: "nickName" },
      { op: "copy", from: "title", path: "nickName" },
      { op: "test", path: "title", value: "Dr." },
      { op: "", path: "title", value: "x" },
      { op: null, path: "title", value: "x" },
      { op: ["add", "remove"], path: "title", value: "x" },
      { op: "add", OP: "remove", path: "title", value: "x" },
      { path: "title", value: "x" },
    ],
    scimType: "invalidSyntax",
  },
  {
    ids: "44-3.5.2-5",
    operations: [
      { op: "add", path: "emails[0]", value: HOME },
      { op: "replace", path: "emails[0].value", value: "x" },
      { op: "replace", path: "emails.0", value: HOME },
      { op: "replace", path: "emails.0.value", value: "x" },
      { op: "remove", path: "/emails/0" },
      { op: "add", path: "/emails/-", value: HOME },
    ],
    scimType: "invalidPath",
  },
  {
    ids: "44-3.5.2-7 44-3.5.2.2-1",
    operations: [
      { op: "remove" },
      { op: "remove", path: null },
      { op: "remove", value: { title: "Dr." } },
      { op: "remove", value: [{ value: "w@x" }] },
    ],
    scimType: "noTarget",
  },
  {
    ids: "44-3.5.2-8",
    operations: [
      { op: "replace", path: "", value: "x" },
      { op: "replace", path: "name.givenName.x", value: "x" },
      { op: "replace", path: "name..givenName", value: "x" },
      { op: "replace", path: 'title eq "Dr."', value: "x" },
      { op: "replace", path: 'emails[type eq "work"', value: HOME },
      { op: "replace", path: "emails[]", value: HOME },
      { op: "replace", path: 'emails[type eq "work"]value', value: "x" },
      { op: "replace", path: 'emails[type eq "work"].value.x', value: "x" },
      { op: "remove", path: 'emails[value xx "w@x"]' },
    ],
    scimType: "invalidPath",
  },
  {
    ids: "44-3.5.2-8",
    operations: [
      { op: "remove", path: "emails[value eq 5]" },
      { op: "remove", path: "emails[nonsense pr]" },
    ],
    scimType: "invalidFilter",
  },
  {
    ids: "44-3.5.2-9",
    operations: [
      { op: "replace", path: "id", value: "x" },
      { op: "add", path: "groups", value: [{ value: "x" }] },
      { op: "replace", path: "meta.created", value: "1999-01-01T00:00:00Z" },
      {
        op: "add",
        path: `${URN.enterprise}:manager.displayName`,
        value: "The Boss",
      },
    ],
    scimType: "mutability",
  },
  {
    ids: "44-3.5.2-9",
    operations: [
      { op: "replace", value: { id: "x" } },
      { op: "add", value: { groups: [{ value: "x" }] } },
    ],
    scimType: "mutability",
    profile: "rfc",
  },
  {
    ids: "44-3.5.2-11",
    operations: [
      { op: "replace", path: "title", value: 5 },
      { op: "replace", path: "title", value: ["Prof."] },
      { op: "replace", path: "active", value: "maybe" },
      { op: "replace", path: "name", value: "Ada" },
      { op: "replace", path: "name.givenName", value: { x: 1 } },
      { op: "add", path: "emails", value: [5] },
      { op: "add", value: { active: 1 } },
    ],
    scimType: "invalidValue",
  },
  {
    ids: "44-3.5.2-11",
    operations: [{ op: "replace", path: "active", value: "True" }],
    scimType: "invalidValue",
    profile: "rfc",
  },
  {
    ids: "44-3.5.2-11",
    operations: [
      { op: "add", path: "nonsense", value: "x" },
      { op: "remove", path: "nonsense" },
      { op: "replace", path: "name.nonsense", value: "x" },
      { op: "replace", path: 'emails[type eq "work"].nonsense', value: "x" },
      { op: "replace", path: `${URN.enterprise}:nonsense`, value: "x" },
      { op: "replace", path: "urn:example:none:title", value: "x" },
    ],
    scimType: "invalidPath",
    profile: "rfc",
  },
  {
    ids: "44-3.5.2-11",
    operations: [
      { op: "add", value: { nonsense: "x" } },
      { op: "add", path: "name", value: { nonsense: "x" } },
      { op: "add", path: URN.enterprise, value: { nonsense: "x" } },
    ],
    scimType: "invalidSyntax",
    profile: "rfc",
  },
  {
    ids: "44-3.5.2-18",
    operations: ["add", "replace"].flatMap((op) => {
      const emails = [
        { value: "1", primary: true },
        { value: "2", primary: true },
      ];
      return [{ op, path: "emails", value: emails }, { op, value: { emails } }];
    }),
    scimType: "invalidValue",
  },
  {
    ids: "44-3.5.2.1-1",
    operations: [
      { op: "add" },
      { op: "add", path: "title" },
      { op: "add", path: "emails" },
      { op: "replace", path: "title" },
    ],
    scimType: "invalidValue",
  },
  {
    ids: "44-3.5.2.1-2 44-3.5.2.3-1",
    operations: ["add", "replace"].flatMap((op) =>
      ["x", 5, null, [{ title: "x" }]].map((value) => ({ op, value }))
    ),
    scimType: "invalidValue",
  },
  {
    ids: "44-3.5.2.1-10",
    operations: [
      {
        op: "add",
        path: 'emails[type eq "home" or type eq "other"].value',
        value: "x",
      },
      { op: "add", path: 'emails[type sw "h"]', value: { value: "x" } },
    ],
    scimType: "noTarget",
  },
  {
    ids: "44-3.5.2.2-6",
    operations: [
      { op: "remove", path: "userName" },
      { op: "remove", path: `${URN.user}:USERNAME` },
      { op: "remove", path: URN.user },
      { op: "remove", path: "schemas" },
      { op: "remove", path: "id" },
      { op: "remove", path: "meta" },
      { op: "remove", path: "meta.created" },
      { op: "remove", path: "groups" },
      { op: "remove", path: `${URN.enterprise}:manager.displayName` },
    ],
    scimType: "mutability",
  },
  {
    ids: "44-3.5.2.3-8",
    operations: [
      { op: "replace", path: 'emails[type eq "home"]', value: HOME },
      { op: "replace", path: 'emails[type eq "home"].value', value: "x" },
      { op: "replace", path: 'phoneNumbers[value eq "1"].type', value: "fax" },
    ],
    scimType: "noTarget",
    profile: "rfc",
  },
  {
    ids: "44-3.5.2.3-9",
    operations: [
      { op: "replace", path: "userName", value: null },
      { op: "replace", path: "userName", value: [] },
      { op: "replace", value: { userName: null } },
    ],
    scimType: "invalidValue",
  },
];

for (const { ids, operations, scimType, profile } of REFUSALS) {
  for (const used of profile === undefined ? PROFILES : [profile]) {
    for (const operation of operations) {
      Deno.test(
        `44-3.5.2-19 44-3.5.2-20 ${ids} PATCH of a user with ${
          JSON.stringify(operation)
        } is 400 ${scimType} and changes nothing (${used})`,
        withClient(async (client, server) => {
          const { id } = await client.user("ada", STORED);
          const before = await server.dump();
          const answer = await client.patch(`/Users/${id}`, [
            { op: "replace", path: "nickName", value: "A" },
            operation,
          ]);
          isScimError(answer, 400, scimType);
          deepStrictEqual(await server.dump(), before);
        }, { profile: used }),
      );
    }
  }
}

Deno.test(
  "44-3.5.2-1 PATCH is announced, and no request with it is 501",
  withClient(async (client) => {
    const { json } = await client.get("/ServiceProviderConfig");
    strictEqual(object(json["patch"])["supported"], true);
    const ada = await client.user("ada");
    const staff = await client.group("staff");
    const operation = { op: "add", path: "externalId", value: "7" };
    for (const path of [`/Users/${ada.id}`, `/Groups/${staff.id}`]) {
      const { status } = await client.patch(path, [operation]);
      strictEqual(status < 300, true, path);
      strictEqual((await client.get(path)).json["externalId"], "7");
    }
  }, { profile: "rfc" }),
);

for (const profile of PROFILES) {
  for (
    const schemas of [undefined, null, [], URN.patch, [URN.user], [
      `${URN.patch}s`,
    ]]
  ) {
    Deno.test(
      `44-3.5.2-2 A PATCH with schemas ${
        JSON.stringify(schemas)
      } is 400 invalidSyntax and changes nothing (${profile})`,
      withClient(async (client, server) => {
        const { id } = await client.user("ada");
        const before = await server.dump();
        const answer = await client.send(`/Users/${id}`, {
          method: "PATCH",
          body: {
            ...(schemas === undefined ? {} : { schemas }),
            Operations: [{ op: "add", path: "title", value: "Dr." }],
          },
        });
        isScimError(answer, 400, "invalidSyntax", /schemas/);
        deepStrictEqual(await server.dump(), before);
      }, { profile }),
    );
  }
}

for (const operations of [undefined, null, {}, "add", [], [1], [null], [[]]]) {
  Deno.test(
    `44-3.5.2-3 A PATCH with Operations ${
      JSON.stringify(operations)
    } is 400 invalidSyntax`,
    withClient(async (client, server) => {
      const { id } = await client.user("ada");
      const before = await server.dump();
      const answer = await client.send(`/Users/${id}`, {
        method: "PATCH",
        body: {
          schemas: [URN.patch],
          ...(operations === undefined ? {} : { Operations: operations }),
        },
      });
      isScimError(answer, 400, "invalidSyntax", /[Oo]perations/);
      deepStrictEqual(await server.dump(), before);
    }, { profile: "rfc" }),
  );
}

Deno.test(
  "44-3.5.2-9 What a member refers to is immutable",
  withClient(async (client, server) => {
    const ada = await client.user("ada");
    const bob = await client.user("bob");
    const { id } = await client.group("staff", [ada.id]);
    const before = await server.dump();
    const member = `members[value eq "${ada.id}"]`;
    for (
      const operation of [
        { op: "replace", path: `${member}.value`, value: bob.id },
        { op: "replace", path: `${member}.type`, value: "Group" },
        { op: "remove", path: `${member}.value` },
        { op: "replace", path: member, value: { value: bob.id } },
      ]
    ) {
      const answer = await client.patch(`/Groups/${id}`, [operation]);
      isScimError(answer, 400, "mutability");
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.2-14 An attribute that is replaced, or set without a path, brings its schema along",
  withClient(async (client) => {
    for (
      const [name, operation] of [
        ["a", { op: "replace", path: DEPARTMENT, value: "R" }],
        ["b", { op: "add", value: { [DEPARTMENT]: "R" } }],
        ["c", { op: "replace", value: { [DEPARTMENT]: "R" } }],
        ["d", { op: "add", path: URN.enterprise, value: { department: "R" } }],
        ["e", { op: "add", value: { [URN.enterprise]: { department: "R" } } }],
      ] as const
    ) {
      const { id } = await client.user(name);
      const { json } = await client.patch(`/Users/${id}`, [operation]);
      deepStrictEqual(json["schemas"], [URN.user, URN.enterprise], name);
      deepStrictEqual(json[URN.enterprise], { department: "R" });
    }
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.2-15 A schema stays with the last of its attributes and goes with it",
  withClient(async (client) => {
    const { id } = await client.user("ada", {
      schemas: [URN.user, URN.enterprise],
      [URN.enterprise]: { department: "R", division: "D" },
    });
    const schemas = async (operation: JsonObject) =>
      (await client.patch(`/Users/${id}`, [operation])).json["schemas"];
    deepStrictEqual(
      await schemas({ op: "remove", path: DEPARTMENT }),
      [URN.user, URN.enterprise],
    );
    deepStrictEqual(
      await schemas({
        op: "replace",
        path: `${URN.enterprise}:division`,
        value: null,
      }),
      [URN.user],
    );
    strictEqual(
      (await client.get(`/Users/${id}`)).json[URN.enterprise],
      undefined,
    );
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.2-19 A member that does not exist undoes the rename before it",
  withClient(async (client, server) => {
    const ada = await client.user("ada");
    const { id } = await client.group("staff");
    const before = await server.dump();
    const answer = await client.patch(`/Groups/${id}`, [
      { op: "replace", path: "displayName", value: "team" },
      { op: "add", path: "members", value: [{ value: ada.id }] },
      { op: "add", path: "members", value: [{ value: "nobody" }] },
    ]);
    isScimError(answer, 400, "invalidValue", /"nobody"/);
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.2-20 A PATCH that fails answers with the status and a SCIM error",
  withClient(async (client) => {
    await client.user("bob");
    const { id } = await client.user("ada");
    const rename = [{ op: "replace", path: "userName", value: "bob" }];
    const stale = { "If-Match": 'W/"stale"' };
    isScimError(await client.patch("/Users/nobody", rename), 404);
    isScimError(await client.patch(`/Users/${id}`, rename), 409, "uniqueness");
    isScimError(await client.patch(`/Users/${id}`, rename, stale), 412);
    const many = Array.from({ length: 1_001 }, () => ({ op: "remove" }));
    isScimError(await client.patch(`/Users/${id}`, many), 413);
    strictEqual((await client.get(`/Users/${id}`)).json["userName"], "ada");
  }, { profile: "rfc" }),
);

/** PUT and PATCH of a user and of a group under a condition. */
const WRITES: readonly (readonly [
  string,
  (client: Client, id: string, ifMatch: string) => Promise<{ status: number }>,
])[] = [
  [
    "PUT /Users",
    (client, id, ifMatch) =>
      client.put(`/Users/${id}`, user("ada", { externalId: "7" }), {
        "If-Match": ifMatch,
      }),
  ],
  ["PATCH /Users", (client, id, ifMatch) =>
    client.patch(
      `/Users/${id}`,
      [{ op: "add", path: "externalId", value: "7" }],
      { "If-Match": ifMatch },
    )],
  [
    "PUT /Groups",
    (client, id, ifMatch) =>
      client.put(`/Groups/${id}`, group("staff", [], { externalId: "7" }), {
        "If-Match": ifMatch,
      }),
  ],
  ["PATCH /Groups", (client, id, ifMatch) =>
    client.patch(
      `/Groups/${id}`,
      [{ op: "add", path: "externalId", value: "7" }],
      { "If-Match": ifMatch },
    )],
];

for (const [name, write] of WRITES) {
  Deno.test(
    `44-3.5.2-23 ${name} succeeds with the present version, gives a new one, and is 412 with the old`,
    withClient(async (client) => {
      const { id, version } = name.endsWith("Users")
        ? await client.user("ada")
        : await client.group("staff");
      const path = `${name.split(" ")[1]}/${id}`;
      strictEqual((await write(client, id, 'W/"other"')).status, 412);
      strictEqual((await client.get(path)).headers.get("ETag"), version);
      strictEqual((await write(client, id, version)).status < 300, true);
      const read = await client.get(path);
      strictEqual(read.json["externalId"], "7");
      notStrictEqual(read.headers.get("ETag"), version);
      strictEqual((await write(client, id, version)).status, 412);
    }, { profile: "rfc" }),
  );
}

Deno.test(
  "44-3.5.2-24 A unique name that is taken in the end is 409 and changes nothing",
  withClient(async (client, server) => {
    await client.user("bob");
    const { id } = await client.user("ada");
    const before = await server.dump();
    const answer = await client.patch(`/Users/${id}`, [
      { op: "add", path: "title", value: "Dr." },
      { op: "remove", path: "userName" },
      { op: "add", path: "userName", value: "BOB" },
    ]);
    isScimError(answer, 409, "uniqueness");
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);

const SAME: JsonObject = {
  title: "Dr.",
  active: true,
  name: { givenName: "Ada", familyName: "King" },
  emails: [{ ...WORK, primary: true }, HOME],
  [URN.enterprise]: { department: "R" },
};

/** The op, the items of the checklist, and operations that say what is so already. */
const NO_OPS: readonly (readonly [string, string])[] = [
  ["add", "44-3.5.2.1-7 44-3.5.2.1-8"],
  ["replace", "44-3.5.2.3-10"],
];

for (const [op, ids] of NO_OPS) {
  for (
    const operation of [
      { op, path: "title", value: "Dr." },
      { op, path: "active", value: true },
      { op, path: "name", value: { familyName: "King" } },
      { op, path: "name.givenName", value: "Ada" },
      { op, path: "emails", value: [{ ...WORK, primary: true }, HOME] },
      { op, path: 'emails[type eq "home"].value', value: "h@x" },
      { op, path: DEPARTMENT, value: "R" },
      { op, value: SAME },
    ]
  ) {
    Deno.test(
      `${ids} PATCH with ${
        JSON.stringify(operation)
      } of a user who is so already keeps version and lastModified`,
      withClient(async (client, server) => {
        const { id, json, version } = await client.user("ada", {
          schemas: [URN.user, URN.enterprise],
          ...SAME,
        });
        server.pass({ hours: 1 });
        const before = await server.dump();
        const answer = await client.patch(`/Users/${id}`, [operation]);
        strictEqual(answer.status, 200, answer.text);
        deepStrictEqual(answer.json, json);
        strictEqual(answer.headers.get("ETag"), version);
        deepStrictEqual(await server.dump(), before);
      }, { profile: "rfc" }),
    );
  }
}

Deno.test(
  "44-3.5.2.1-8 lastModified moves when another operation of the message changes something",
  withClient(async (client, server) => {
    const { id, version } = await client.user("ada", { title: "Dr." });
    server.pass({ hours: 1 });
    const answer = await client.patch(`/Users/${id}`, [
      { op: "add", path: "title", value: "Dr." },
      { op: "add", path: "nickName", value: "A" },
    ]);
    notStrictEqual(answer.headers.get("ETag"), version);
    strictEqual(
      object(answer.json["meta"])["lastModified"],
      "2026-06-01T09:00:00.000Z",
    );
  }, { profile: "rfc" }),
);

Deno.test(
  "44-3.5.2.1-7 44-3.5.2.1-8 44-3.5.2.1-9 A member that is there already is there once, and the group keeps its version",
  withClient(async (client, server) => {
    const ada = await client.user("ada");
    const { id, version } = await client.group("staff", [ada.id]);
    server.pass({ hours: 1 });
    const before = await server.dump();
    const value = [
      { value: ada.id },
      { value: ada.id, display: "someone", $ref: "https://elsewhere/x" },
    ];
    const answer = await client.patch(`/Groups/${id}`, [
      { op: "add", path: "members", value },
    ]);
    strictEqual(answer.status, 204, answer.text);
    strictEqual(answer.headers.get("ETag"), version);
    deepStrictEqual(await server.dump(), before);
    const { json } = await client.get(`/Groups/${id}`);
    deepStrictEqual(values(json["members"]), [ada.id]);
  }, { profile: "rfc" }),
);

/** Operations on the members of a group of a and b, and who is left. */
const MEMBERSHIP: readonly (readonly [
  string,
  string,
  (a: string, b: string, c: string) => JsonObject,
  string,
])[] = [
  ["44-3.5.2.1-5", "add appends a member", (_a, _b, c) => ({
    op: "add",
    path: "members",
    value: [{ value: c }],
  }), "abc"],
  ["44-3.5.2.2-3", "remove without a filter takes all members", () => ({
    op: "remove",
    path: "members",
  }), ""],
  ["44-3.5.2.2-4", "remove with a filter takes the member", (a) => ({
    op: "remove",
    path: `members[value eq "${a}"]`,
  }), "b"],
  ["44-3.5.2.2-4", "remove with a filter for two takes both", (a, b) => ({
    op: "remove",
    path: `members[value eq "${a}" or value eq "${b}"]`,
  }), ""],
  ["44-3.5.2.2-7", "remove takes no stranger", (_a, _b, c) => ({
    op: "remove",
    path: `members[value eq "${c}"]`,
  }), "ab"],
  ["44-3.5.2.2-8", "remove with values takes the listed members", (a) => ({
    op: "remove",
    path: "members",
    value: [{ value: a }],
  }), "b"],
  ["44-3.5.2.2-8", "remove with a stranger takes nobody", (_a, _b, c) => ({
    op: "remove",
    path: "members",
    value: [{ value: c }],
  }), "ab"],
  ["44-3.5.2.2-8", "remove with an empty list takes nobody", () => ({
    op: "remove",
    path: "members",
    value: [],
  }), "ab"],
  ["44-3.5.2.3-3", "replace gives the group other members", (_a, b, c) => ({
    op: "replace",
    path: "members",
    value: [{ value: b }, { value: c }],
  }), "bc"],
  ["44-3.5.2.3-9", "replace with [] leaves no member", () => ({
    op: "replace",
    path: "members",
    value: [],
  }), ""],
];

for (const [id, name, operation, left] of MEMBERSHIP) {
  for (const profile of PROFILES) {
    Deno.test(
      `${id} PATCH of a group: ${name} (${profile})`,
      withClient(async (client) => {
        const [a, b, c] = [
          (await client.user("a")).id,
          (await client.user("b")).id,
          (await client.user("c")).id,
        ];
        const staff = await client.group("staff", [a, b]);
        const path = `/Groups/${staff.id}`;
        const answer = await client.patch(path, [operation(a, b, c)]);
        strictEqual(answer.status, 204, answer.text);
        const names = new Map([[a, "a"], [b, "b"], [c, "c"]]);
        const { json } = await client.get(path);
        const members = values(json["members"]).map((id) => names.get(id));
        strictEqual(members.sort().join(""), left);
      }, { profile }),
    );
  }
}

Deno.test(
  "44-3.5.2.2-6 44-3.5.2.3-9 The name of a group cannot go",
  withClient(async (client, server) => {
    const { id } = await client.group("staff");
    const path = "displayName";
    const before = await server.dump();
    for (
      const [scimType, operation] of [
        ["mutability", { op: "remove", path }],
        ["invalidValue", { op: "replace", path, value: null }],
        ["invalidValue", { op: "replace", value: { displayName: "" } }],
      ] as const
    ) {
      const answer = await client.patch(`/Groups/${id}`, [operation]);
      isScimError(answer, 400, scimType, /"displayName" is required/);
    }
    deepStrictEqual(await server.dump(), before);
  }, { profile: "rfc" }),
);
