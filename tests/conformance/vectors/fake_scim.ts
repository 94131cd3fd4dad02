/**
 * A small SCIM server in the same process, for the runner's own tests: it keeps
 * what it is given, and filters and changes as a test tells it to.
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "../../../domain/json.ts";
import { type FakeAnswer, fakeServer } from "../fake_server.ts";
import type { Send, WireRequest } from "../transport.ts";
import {
  type FilterFile,
  parseSamples,
  parseVectorFile,
  type PatchFile,
  type SamplesFile,
} from "./format.ts";
import { CORE_SCHEMAS } from "./schemas.ts";

/** An answer to a PATCH and what the resource is from then on. */
export interface Patched extends FakeAnswer {
  readonly state?: JsonObject;
}

/** How a fake differs from a server that matches nothing and changes nothing. */
export interface Behaviour {
  readonly filter?: (
    filter: string,
    resources: readonly JsonObject[],
  ) => FakeAnswer;
  readonly patch?: (resource: JsonObject, message: JsonValue) => Patched;
  /** Comes before everything else if it answers. */
  readonly instead?: (request: WireRequest) => FakeAnswer | undefined;
  /** Beside those of User and Group. */
  readonly schemas?: readonly JsonObject[];
}

/** The time of every creation. */
export const CREATED = "2030-01-01T00:00:00.000Z";

const SCHEMAS: readonly JsonObject[] = [
  {
    id: CORE_SCHEMAS.User,
    attributes: [
      { name: "userName" },
      { name: "title" },
      { name: "groups", mutability: "readOnly" },
      {
        name: "emails",
        subAttributes: [{ name: "value" }, {
          name: "proof",
          mutability: "readOnly",
        }],
      },
    ],
  },
  {
    id: CORE_SCHEMAS.Group,
    attributes: [{ name: "displayName" }, { name: "members" }],
  },
];

/** Starts a fake. */
export function fakeScim(
  behaviour: Behaviour = {},
): { send: Send; sent: WireRequest[] } {
  const { filter, patch, instead, schemas = [] } = behaviour;
  const resources = new Map<string, JsonObject>();
  let created = 0;

  const answer = (request: WireRequest): FakeAnswer => {
    const { method, target, body = "null" } = request;
    const url = new URL(target, "http://localhost");
    const given = url.searchParams.get("filter");
    const content: JsonValue = JSON.parse(body);
    if (url.pathname.endsWith("/Schemas")) {
      return { body: { Resources: [...SCHEMAS, ...schemas] } };
    }
    if (method === "POST" && isJsonObject(content)) {
      const id = `new-${++created}`;
      const meta = { lastModified: CREATED };
      resources.set(url.pathname + "/" + id, { ...content, id, meta });
      return {
        status: 201,
        headers: { location: `http://localhost${url.pathname}/${id}` },
        body: { ...content, id, meta },
      };
    }
    if (given !== null) {
      const ofType = [...resources].filter(([path]) =>
        path.startsWith(url.pathname + "/")
      ).map(([, resource]) => resource);
      return filter?.(given, ofType) ?? list([]);
    }
    const resource = resources.get(url.pathname);
    if (resource === undefined) return { status: 404 };
    if (method === "DELETE") {
      resources.delete(url.pathname);
      return { status: 204 };
    }
    if (method === "PATCH") {
      const { state, ...patched } = patch?.(resource, content) ??
        { status: 204 };
      if (state !== undefined) resources.set(url.pathname, state);
      return patched;
    }
    return { body: resource };
  };
  return fakeServer((request) => instead?.(request) ?? answer(request));
}

/** A list of resources as an answer. */
export function list(resources: readonly JsonObject[]): FakeAnswer {
  return {
    body: { totalResults: resources.length, Resources: [...resources] },
  };
}

/** The resources whose userName or displayName is among some names. */
export function named(
  resources: readonly JsonObject[],
  ...names: readonly string[]
): JsonObject[] {
  return resources.filter((resource) => {
    const name = own(resource, "userName") ?? own(resource, "displayName");
    return typeof name === "string" && names.includes(name);
  });
}

/** A SCIM error as an answer. */
export function scimError(status: number, scimType: string): FakeAnswer {
  return { status, body: { status: String(status), scimType } };
}

/** The URI of the extension in {@linkcode SAMPLES}. */
export const EXTENSION = "urn:example:schemas:Extra";

/** Two users and a group that refer to each other. */
export const SAMPLES: SamplesFile = parseSamples({
  format: "scim-samples/1",
  extensionSchema: { id: EXTENSION, attributes: [{ name: "size" }] },
  resources: {
    team: {
      resourceType: "Group",
      http: true,
      resource: {
        id: "sample-group",
        displayName: "Team",
        members: [{ value: "sample-ann", $ref: "../Users/sample-ann" }],
      },
    },
    ann: {
      resourceType: "User",
      http: true,
      resource: {
        schemas: [CORE_SCHEMAS.User, EXTENSION],
        id: "sample-ann",
        userName: "ann",
        [EXTENSION]: { size: 4, boss: "sample-ben" },
        meta: { created: "2001-01-01T00:00:00Z" },
      },
    },
    ben: {
      resourceType: "User",
      http: true,
      resource: {
        schemas: [CORE_SCHEMAS.User],
        id: "sample-ben",
        userName: "ben",
      },
    },
  },
});

/** Filter vectors that match ann, with changes. */
export function filterFile(
  ...changes: readonly Readonly<Record<string, unknown>>[]
): FilterFile {
  const file = parseVectorFile({
    format: "scim-filter-vectors/1",
    vectors: changes.map((change, index) => ({
      id: `F${index + 1}`,
      filter: 'userName eq "ann"',
      on: "User",
      http: true,
      ambiguous: "alternatives" in change,
      ...("error" in change
        ? { valid: false }
        : { valid: true, matches: ["ann"] }),
      ...change,
    })),
  });
  if (file.format !== "scim-filter-vectors/1") throw new TypeError(file.format);
  return file;
}

/** PATCH vectors that set a title, with changes. */
export function patchFile(
  ...changes: readonly Readonly<Record<string, unknown>>[]
): PatchFile {
  return parsedPatchFile({
    vectors: changes.map((change, index) => ({
      id: `P${index + 1}`,
      title: "sets a title",
      on: "User",
      profile: "rfc",
      before: { userName: "pia" },
      ...("body" in change ? {} : {
        operations: [{ op: "add", path: "title", value: "Cook" }],
      }),
      expect: { status: [200, 204], after: { userName: "pia", title: "Cook" } },
      ambiguous: "alternatives" in change,
      ...change,
    })),
  });
}

/** Cases of paths without operations worth a word. */
export function pathFile(
  ...paths: readonly Readonly<Record<string, unknown>>[]
): PatchFile {
  const { vectors: [vector] } = patchFile({ needs: "ext" });
  return parsedPatchFile({
    vectors: [vector],
    paths: paths.map((path) => ({ valid: true, ambiguous: false, ...path })),
  });
}

function parsedPatchFile(content: Readonly<Record<string, unknown>>) {
  const file = parseVectorFile({ format: "scim-patch-vectors/1", ...content });
  if (file.format !== "scim-patch-vectors/1") throw new TypeError(file.format);
  return file;
}
