/**
 * Creating the samples of a set of vectors.
 * @module
 */

import type { JsonObject } from "../../../domain/json.ts";
import type { WireAnswer, WireRequest } from "../transport.ts";
import { type Call, ENDPOINTS, textAt } from "./client.ts";
import type { SamplesFile } from "./format.ts";
import type { PlaceholderValues } from "./placeholders.ts";

type SampleResource = SamplesFile["resources"][string]["resource"];

/** A sample that the server has not taken. */
export interface RefusedSample {
  readonly key: string;
  readonly request: WireRequest;
  readonly answer: WireAnswer;
}

/** The samples on a server. */
export interface CreatedSamples {
  readonly values: PlaceholderValues;
  readonly keys: ReadonlyMap<string, string>;
  readonly refused: readonly RefusedSample[];
}

/**
 * Creates the samples that a client can create, each after those that it
 * refers to, with the ids that the server gives in place of their own. A sample
 * that refers to one that was refused is not created.
 *
 * @param withExtension Whether the server knows the extension schema; if not,
 * samples go without its attributes.
 */
export async function createSamples(
  call: Call,
  { resources, extensionSchema }: SamplesFile,
  withExtension: boolean,
): Promise<CreatedSamples> {
  const samples = Object.entries(resources).filter(([, { http }]) => http);
  const values = new Map<string, string>();
  const keys = new Map<string, string>();
  const newIds = new Map<string, string>();
  const refused: RefusedSample[] = [];
  const uri = withExtension ? undefined : extensionSchema?.id;
  const isReady = (resource: SampleResource) => {
    const text = JSON.stringify(clientPart(resource));
    return samples.every(([, { resource: { id } }]) =>
      id === resource.id || newIds.has(id) || !text.includes(id)
    );
  };

  let waiting = samples;
  let ready = samples.filter(([, { resource }]) => isReady(resource));
  while (ready.length > 0) {
    for (const [key, { resourceType, resource }] of ready) {
      const { request, answer, document } = await call(
        "POST",
        ENDPOINTS[resourceType],
        withIds(withoutExtension(clientPart(resource), uri), newIds),
      );
      const id = textAt(document, "id");
      if (answer.status !== 201 || id === "") {
        refused.push({ key, request, answer });
        continue;
      }
      newIds.set(resource.id, id);
      keys.set(id, key);
      values.set(`id:${key}`, id);
      values.set(`ref:${key}`, answer.headers.get("location") ?? "");
      values.set(`userName:${key}`, textAt(document, "userName"));
    }
    const tried = new Set(ready.map(([key]) => key));
    waiting = waiting.filter(([key]) => !tried.has(key));
    ready = waiting.filter(([, { resource }]) => isReady(resource));
  }
  return { values, keys, refused };
}

/** A sample without what the server gives it. */
function clientPart(resource: JsonObject): JsonObject {
  const { id: _id, meta: _meta, ...rest } = resource;
  return rest;
}

function withoutExtension(
  resource: JsonObject,
  uri: string | undefined,
): JsonObject {
  if (uri === undefined) return resource;
  const { [uri]: _extension, schemas, ...rest } = resource;
  return {
    schemas: Array.isArray(schemas)
      ? schemas.filter((schema) => schema !== uri)
      : [],
    ...rest,
  };
}

/** A resource that refers to other samples by the ids they have got. */
function withIds(
  resource: JsonObject,
  newIds: ReadonlyMap<string, string>,
): JsonObject {
  let text = JSON.stringify(resource);
  for (const [id, newId] of newIds) text = text.replaceAll(id, newId);
  return JSON.parse(text);
}
