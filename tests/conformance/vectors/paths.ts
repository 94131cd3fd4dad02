/**
 * Running cases of the grammar of PATCH paths (RFC 7644 section 3.5.2, figure 7).
 *
 * Only the answer tells how a server has read a path. A path outside of the
 * grammar has to be refused as invalidPath. One within it may still lead
 * nowhere, which other keywords say; but the keyword for an attribute that no
 * schema has is invalidPath as well, so that such a case proves nothing.
 * @module
 */

import type { JsonObject } from "../../../domain/json.ts";
import { textAt } from "./client.ts";
import type { PatchFile, PathCase, ResourceTypeName } from "./format.ts";
import { patchMessage } from "./patches.ts";
import { withResource } from "./resource.ts";
import { CORE_SCHEMAS, type KnownSchemas } from "./schemas.ts";
import { differences, wholeOf } from "./state.ts";
import { judge, type Stage, type Trial, type Verdict } from "./trial.ts";

/** A path within the grammar may still name nothing that can be replaced so. */
const MEANINGLESS: ReadonlySet<string> = new Set([
  "noTarget",
  "mutability",
  "invalidValue",
]);

const PATH =
  /^(?:(?<uri>urn:[^\[]+):)?(?<name>[a-z$][\w$-]*)(?:\[.*\])?(?:\.(?<sub>[\w$-]+))?$/i;

const RESOURCES: Readonly<Record<ResourceTypeName, JsonObject>> = {
  User: { schemas: [CORE_SCHEMAS.User], userName: "path-case" },
  Group: { schemas: [CORE_SCHEMAS.Group], displayName: "path-case" },
};

/** The trials of the paths in a file of PATCH vectors. */
export function pathTrials({ paths }: PatchFile): Trial[] {
  return paths.map((pathCase) => ({
    subject: {
      name: `path ${JSON.stringify(pathCase.path)}`,
      level: "must",
    },
    needsExtension: false,
    samples: new Set(),
    run: (stage) => run(pathCase, stage),
  }));
}

async function run(
  { path, valid, ambiguous }: PathCase,
  stage: Stage,
): Promise<Verdict | string> {
  const type = typeFor(path, stage.schemas);
  const verdict = await withResource(stage, type, RESOURCES[type], async (
    made,
  ) => {
    const { request, answer, document } = await stage.call(
      "PATCH",
      made.path,
      patchMessage([{ op: "replace", path, value: "replaced" }]),
    );
    const keyword = textAt(document, "scimType");
    const { document: after } = await stage.call("GET", made.path);
    const changes = [...differences(wholeOf(made.document), wholeOf(after))]
      .map((line) => `changed: ${line}`);
    const mismatchesOf = (isPath: boolean) =>
      isPath
        ? acceptance(answer.status, keyword)
        : [...refusal(path, answer.status, keyword), ...changes];
    return {
      request,
      answer,
      ...judge(
        valid,
        ambiguous ? [!valid] : undefined,
        mismatchesOf,
        (isPath) => isPath ? "read as a path" : "refused as no path",
      ),
    };
  });
  const isRefused = verdict.answer.status === 400 &&
    verdict.mismatches.length > 0;
  return valid && isRefused && !isDefined(path, type, stage.schemas)
    ? "names an attribute that no schema of the server has: refused for that, whether or not it is a path"
    : verdict;
}

function acceptance(status: number, keyword: string): string[] {
  if (status === 200 || status === 204) return [];
  if (status !== 400) {
    return [`status: expected 200, 204 or 400, got ${status}`];
  }
  return MEANINGLESS.has(keyword)
    ? []
    : [`scimType: expected ${list(MEANINGLESS)}, got ${keyword || "nothing"}`];
}

function* refusal(
  path: string,
  status: number,
  keyword: string,
): Generator<string> {
  if (status !== 400) yield `status: expected 400, got ${status}`;
  // A broken filter between the brackets may be called one.
  const keywords = path.includes("[")
    ? ["invalidPath", "invalidFilter"]
    : ["invalidPath"];
  if (!keywords.includes(keyword)) {
    yield `scimType: expected ${list(keywords)}, got ${keyword || "nothing"}`;
  }
}

/** The type whose attribute a path names, if it is not one of User. */
function typeFor(path: string, schemas: KnownSchemas): ResourceTypeName {
  const { uri, name = "" } = PATH.exec(path)?.groups ?? {};
  const isOf = (type: ResourceTypeName) =>
    schemas.defines(CORE_SCHEMAS[type], name);
  return uri === CORE_SCHEMAS.Group ||
      (uri === undefined && !isOf("User") && isOf("Group"))
    ? "Group"
    : "User";
}

function isDefined(
  path: string,
  type: ResourceTypeName,
  schemas: KnownSchemas,
): boolean {
  const { uri, name = "", sub } = PATH.exec(path)?.groups ?? {};
  return schemas.defines(uri ?? CORE_SCHEMAS[type], name, sub);
}

function list(words: Iterable<string>): string {
  return [...words].join(" or ");
}
