/**
 * Running a file of vectors in a tenant that is empty.
 * @module
 */

import type { JsonObject } from "../../../domain/json.ts";
import type { Profile } from "../exchange.ts";
import type { Outcome, Subject } from "../outcome.ts";
import type { Send, WireAnswer, WireRequest } from "../transport.ts";
import { createCall, NoAnswerError } from "./client.ts";
import { filterTrials } from "./filters.ts";
import type { FilterFile, PatchFile, SamplesFile } from "./format.ts";
import { patchTrials } from "./patches.ts";
import { pathTrials } from "./paths.ts";
import { type CreatedSamples, createSamples } from "./samples.ts";
import { KnownSchemas } from "./schemas.ts";
import type { Stage, Trial } from "./trial.ts";

/** A file of vectors and the samples that they refer to. */
export interface VectorSet {
  readonly file: FilterFile | PatchFile;
  readonly samples: SamplesFile;
}

/** What a run needs besides the vectors. */
export interface VectorRunOptions {
  /** SCIM base URL. */
  readonly base: string;
  readonly send: Send;
  /** Tokens of one tenant; a vector whose profile has none is skipped. */
  readonly tokens: ReadonlyMap<Profile, string>;
  /** The profile of what does not ask for one. It has a token. */
  readonly profile: Profile;
  /** Makes the server know an extension of User; absent if nobody may. */
  readonly extendUser?: (schema: JsonObject) => Promise<{
    readonly request: WireRequest;
    readonly answer: WireAnswer;
  }>;
}

/**
 * Registers the extension schema, creates the samples, and runs the vectors one
 * after another. What goes wrong before the vectors is a failure of its own;
 * vectors that need it are skipped.
 *
 * @returns One outcome for each vector, in their order, after those of what
 * went wrong before.
 */
export async function runVectors(
  { file, samples }: VectorSet,
  options: VectorRunOptions,
): Promise<Outcome[]> {
  const { base, send, tokens, profile } = options;
  const variables = new Map(
    [...tokens].map(([name, token]) => [`token_${name}`, token]),
  );
  const calls = new Map(
    [...tokens].map(([name, token]) => [name, createCall(send, base, token)]),
  );
  const call = calls.get(profile);
  if (call === undefined) throw new TypeError(`No token for ${profile}`);
  const outcomes: Outcome[] = [];
  const fail = (
    name: string,
    { request, answer }: { request: WireRequest; answer: WireAnswer },
    mismatches: readonly string[],
  ) => {
    const subject: Subject = { name, level: "must" };
    outcomes.push(
      { kind: "failed", subject, variables, request, answer, mismatches },
    );
  };

  const { extensionSchema } = samples;
  if (extensionSchema !== undefined && options.extendUser !== undefined) {
    const registered = await options.extendUser(extensionSchema);
    const { status } = registered.answer;
    // 404 says that the server has no such endpoint, which it may not have.
    if (status !== 201 && status !== 404) {
      fail("extension schema", registered, [
        `status: expected 201, got ${status}`,
      ]);
    }
  }
  const schemas = await KnownSchemas.read(call);
  const isExtended = extensionSchema !== undefined &&
    schemas.has(extensionSchema.id);
  // Samples are not what is tested: they come in under the milder profile.
  const mild = calls.get("compatible") ?? call;
  const created = await createSamples(mild, samples, isExtended);
  for (const { key, request, answer } of created.refused) {
    fail(`sample ${key}`, { request, answer }, [
      `status: expected 201, got ${answer.status}`,
    ]);
  }

  for (const trial of trialsOf(file, samples)) {
    const { subject } = trial;
    const own = calls.get(trial.profile ?? profile);
    const reason = trial.unfit ?? whyNot(trial, created, isExtended);
    if (reason !== undefined) {
      outcomes.push({ kind: "skipped", subject, variables, reason });
    } else if (own === undefined) {
      const reason =
        `needs a token of profile ${trial.profile} (--admin, or --profile ${trial.profile})`;
      outcomes.push({ kind: "skipped", subject, variables, reason });
    } else {
      const stage = { ...created, schemas, call: own };
      outcomes.push(await runTrial(trial, stage, variables));
    }
  }
  return outcomes;
}

function trialsOf(
  file: FilterFile | PatchFile,
  samples: SamplesFile,
): Trial[] {
  return file.format === "scim-filter-vectors/1"
    ? filterTrials(file, samples)
    : [...patchTrials(file), ...pathTrials(file)];
}

/** Why a trial would say nothing about the server. */
function whyNot(
  { needsExtension, samples }: Trial,
  { values }: CreatedSamples,
  isExtended: boolean,
): string | undefined {
  if (needsExtension && !isExtended) {
    return "needs the extension schema of the samples, which the server does not know";
  }
  const missing = [...samples].filter((key) => !values.has(`id:${key}`));
  return missing.length === 0
    ? undefined
    : `needs samples that do not exist: ${missing.join(", ")}`;
}

async function runTrial(
  { subject, run }: Trial,
  stage: Stage,
  variables: ReadonlyMap<string, string>,
): Promise<Outcome> {
  try {
    const verdict = await run(stage);
    if (typeof verdict === "string") {
      return { kind: "skipped", subject, variables, reason: verdict };
    }
    const { request, answer, mismatches, choice } = verdict;
    if (mismatches.length > 0) {
      return {
        kind: "failed",
        subject,
        variables,
        request,
        answer,
        mismatches,
      };
    }
    return {
      kind: "passed",
      subject,
      variables,
      ...choice === undefined ? {} : { choice },
    };
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    const { request, message } = error;
    return {
      kind: "failed",
      subject,
      variables,
      request,
      mismatches: [message],
    };
  }
}
