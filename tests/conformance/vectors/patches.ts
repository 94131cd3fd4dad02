/**
 * Running PATCH vectors (RFC 7644 section 3.5.2).
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  own,
} from "../../../domain/json.ts";
import { type Exchanged, textAt } from "./client.ts";
import {
  levelOf,
  type PatchFile,
  type PatchOutcome,
  type PatchVector,
  profileOf,
  type ResourceTypeName,
} from "./format.ts";
import { fill, placeholdersIn, sampleKeyOf } from "./placeholders.ts";
import { CORE_SCHEMAS, type KnownSchemas } from "./schemas.ts";
import { differences, stateOf, wholeOf } from "./state.ts";
import { judge, type Stage, type Trial, type Verdict } from "./trial.ts";
import { withResource } from "./resource.ts";

const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** What was seen of a PATCH. */
interface Observed {
  readonly type: ResourceTypeName;
  readonly before: JsonObject;
  readonly patched: Exchanged;
  readonly after: JsonObject;
  readonly schemas: KnownSchemas;
}

/** The trials of the operations in a file of PATCH vectors. */
export function patchTrials({ vectors }: PatchFile): Trial[] {
  return vectors.map((vector) => ({
    subject: { name: `${vector.id} ${vector.title}`, level: levelOf(vector) },
    profile: profileOf(vector),
    needsExtension: vector.needs === "ext",
    samples: neededBy(vector),
    run: (stage) => run(vector, stage),
  }));
}

/** A PATCH message with some operations. */
export function patchMessage(operations: JsonValue[]): JsonObject {
  return { schemas: [PATCH_OP], Operations: operations };
}

function neededBy(vector: PatchVector): Set<string> {
  const { before, operations = null, body = null } = vector;
  const named = [...placeholdersIn([before, operations, body])].flatMap(
    (placeholder) => sampleKeyOf(placeholder) ?? [],
  );
  return new Set([...vector.uses ?? [], ...named]);
}

async function run(vector: PatchVector, stage: Stage): Promise<Verdict> {
  const { on, operations, body } = vector;
  const before = fill<JsonObject>(vector.before, stage.values);
  return await withResource(stage, on, resource(on, before), async (made) => {
    const values = new Map([...stage.values, ["self", made.id]]);
    const message = operations === undefined
      ? body ?? null
      : patchMessage(operations);
    const patched = await stage.call("PATCH", made.path, fill(message, values));
    const read = await stage.call("GET", made.path);
    const observed: Observed = {
      type: on,
      before: made.document,
      patched,
      after: read.document,
      schemas: stage.schemas,
    };
    const permitted = (outcome: PatchOutcome) => [
      ...read.answer.status === 200
        ? []
        : [`GET afterwards: expected 200, got ${read.answer.status}`],
      ...mismatches(filled(outcome, values), observed),
    ];
    const { request, answer } = patched;
    const { expect, alternatives } = vector;
    return {
      request,
      answer,
      ...judge(expect, alternatives, permitted, describe),
    };
  });
}

/** A resource to create; its schemas follow from its attributes. */
function resource(type: ResourceTypeName, attributes: JsonObject): JsonObject {
  const extensions = Object.keys(attributes).filter((name) =>
    name.startsWith("urn:")
  );
  return { schemas: [CORE_SCHEMAS[type], ...extensions], ...attributes };
}

function filled(
  outcome: PatchOutcome,
  values: ReadonlyMap<string, string>,
): PatchOutcome {
  return outcome.after === undefined
    ? outcome
    : { ...outcome, after: fill<JsonObject>(outcome.after, values) };
}

function* mismatches(
  outcome: PatchOutcome,
  { type, before, patched, after, schemas }: Observed,
): Generator<string> {
  const { answer, document } = patched;
  if (!outcome.status.includes(answer.status)) {
    yield `status: expected ${
      outcome.status.join(" or ")
    }, got ${answer.status}`;
  }
  if (outcome.scimType !== undefined) {
    const scimType = textAt(document, "scimType");
    if (!outcome.scimType.includes(scimType)) {
      yield `scimType: expected ${outcome.scimType.join(" or ")}, got ${
        scimType || "nothing"
      }`;
    }
  }
  if (outcome.unchanged) {
    for (const line of differences(wholeOf(before), wholeOf(after))) {
      yield `changed: ${line}`;
    }
  }
  // 200 comes with the resource; what it shows is no other state than GET's.
  const views: [string, JsonObject][] = [
    ["GET afterwards", after],
    ...answer.status === 200
      ? [["answer", document] satisfies [string, JsonObject]]
      : [],
  ];
  for (const [name, view] of views) {
    for (const line of viewMismatches(outcome, view, type, schemas)) {
      yield `${name}: ${line}`;
    }
  }
  if (answer.status === 204 && answer.body !== "") {
    yield "body: expected nothing with 204";
  }
  if (outcome.lastModifiedUnchanged) {
    const [then, now] = [lastModifiedOf(before), lastModifiedOf(after)];
    if (then !== now) {
      yield `meta.lastModified: expected ${then} still, got ${now}`;
    }
  }
}

function* viewMismatches(
  outcome: PatchOutcome,
  view: JsonObject,
  type: ResourceTypeName,
  schemas: KnownSchemas,
): Generator<string> {
  if (outcome.after !== undefined) {
    yield* differences(
      stateOf(outcome.after, type, schemas),
      stateOf(view, type, schemas),
    );
  }
  const uris = own(view, "schemas");
  for (const uri of outcome.schemasContain ?? []) {
    if (!Array.isArray(uris) || !uris.includes(uri)) {
      yield `schemas: expected ${uri} among them`;
    }
  }
  for (const name of outcome.absent ?? []) {
    if (Object.hasOwn(view, name)) yield `${name}: expected nothing`;
  }
}

function lastModifiedOf(resource: JsonObject): string {
  const meta = own(resource, "meta");
  return isJsonObject(meta) ? textAt(meta, "lastModified") : "";
}

function describe({ status, scimType, unchanged }: PatchOutcome): string {
  const words = [status.join(" or "), ...scimType ?? []].join(" ");
  return `${words}, ${unchanged ? "nothing changed" : "changed as it may be"}`;
}
