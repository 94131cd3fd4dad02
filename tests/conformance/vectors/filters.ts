/**
 * Running filter vectors (RFC 7644 section 3.4.2.2).
 * @module
 */

import { z } from "zod";
import { ENDPOINTS, type Exchanged, textAt } from "./client.ts";
import {
  type FilterFile,
  type FilterOutcome,
  type FilterVector,
  levelOf,
  type SamplesFile,
} from "./format.ts";
import { fillText, placeholdersIn, sampleKeyOf } from "./placeholders.ts";
import { judge, type Stage, type Trial, type Verdict } from "./trial.ts";

/** More than any set of samples has, so that all matches come on one page. */
const COUNT = 200;

const page = z.looseObject({
  totalResults: z.int(),
  Resources: z.array(z.looseObject({ id: z.string() })).default([]),
});

/** The trials of a file of filter vectors. */
export function filterTrials(
  { vectors }: FilterFile,
  samples: SamplesFile,
): Trial[] {
  return vectors.map((vector) => ({
    subject: { name: `${vector.id} ${vector.filter}`, level: levelOf(vector) },
    needsExtension: vector.needs === "ext",
    samples: neededBy(vector, samples),
    ...vector.http ? {} : {
      unfit: "needs given times or stored states, which no client can create",
    },
    run: (stage) => run(vector, stage),
  }));
}

/** All that could match or be named: a missing one would look like no match. */
function neededBy(
  { on, filter, resources }: FilterVector,
  samples: SamplesFile,
): Set<string> {
  const ofType = Object.entries(samples.resources).flatMap(
    ([key, { resourceType, http }]) => resourceType === on && http ? [key] : [],
  );
  const named = [...placeholdersIn(filter)].flatMap((placeholder) =>
    sampleKeyOf(placeholder) ?? []
  );
  return new Set([...resources ?? ofType, ...named]);
}

async function run(vector: FilterVector, stage: Stage): Promise<Verdict> {
  const filter = encodeURIComponent(fillText(vector.filter, stage.values));
  const exchanged = await stage.call(
    "GET",
    `${ENDPOINTS[vector.on]}?filter=${filter}&count=${COUNT}`,
  );
  const found = matchesIn(exchanged, stage, vector.resources);
  const { request, answer } = exchanged;
  const judged = judge<FilterOutcome>(
    vector,
    vector.alternatives,
    (outcome) => [...mismatches(outcome, exchanged, found)],
    describe,
  );
  return { request, answer, ...judged };
}

/** The keys of what matched, or in words why the answer does not tell. */
function matchesIn(
  { document }: Exchanged,
  { keys }: Stage,
  among: readonly string[] | undefined,
): string[] | string {
  const { data } = page.safeParse(document);
  if (data === undefined) return "body: expected a list of resources";
  if (data.totalResults !== data.Resources.length) {
    return `totalResults: ${data.totalResults}, but ${data.Resources.length} resources came`;
  }
  return data.Resources.map(({ id }) => keys.get(id) ?? `(unknown) ${id}`)
    .filter((key) => among?.includes(key) ?? true)
    .sort();
}

function* mismatches(
  outcome: FilterOutcome,
  { answer, document }: Exchanged,
  found: string[] | string,
): Generator<string> {
  const status = outcome.valid ? 200 : outcome.error.status;
  if (answer.status !== status) {
    yield `status: expected ${status}, got ${answer.status}`;
    return;
  }
  if (!outcome.valid) {
    const scimType = textAt(document, "scimType");
    if (scimType !== outcome.error.scimType) {
      yield `scimType: expected ${outcome.error.scimType}, got ${
        scimType || "nothing"
      }`;
    }
    return;
  }
  if (typeof found === "string") {
    yield found;
    return;
  }
  const expected = list(outcome.matches.toSorted());
  if (expected !== list(found)) {
    yield `matches: expected ${expected}, got ${list(found)}`;
  }
}

function describe(outcome: FilterOutcome): string {
  return outcome.valid
    ? `matches ${list(outcome.matches)}`
    : `${outcome.error.status} ${outcome.error.scimType}`;
}

function list(keys: readonly string[]): string {
  return keys.length === 0 ? "nothing" : keys.join(", ");
}
