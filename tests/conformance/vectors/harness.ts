/**
 * Running vectors against a fake server, for the runner's own tests.
 * @module
 */

import { strictEqual } from "node:assert/strict";
import type { JsonObject } from "../../../domain/json.ts";
import type { Choice, Outcome } from "../outcome.ts";
import type { WireRequest } from "../transport.ts";
import {
  type Behaviour,
  fakeScim,
  list,
  named,
  SAMPLES,
  scimError,
} from "./fake_scim.ts";
import type { FilterFile, PatchFile } from "./format.ts";
import { runVectors, type VectorRunOptions } from "./run.ts";

const TOKENS = new Map([
  ["compatible", "token-c"] as const,
  ["rfc", "token-r"] as const,
]);

/** Runs vectors on their samples with tokens of both profiles. */
export async function run(
  file: FilterFile | PatchFile,
  behaviour: Behaviour = {},
  options: Partial<VectorRunOptions> = {},
): Promise<{ outcomes: Outcome[]; sent: WireRequest[] }> {
  const { send, sent } = fakeScim(behaviour);
  const outcomes = await runVectors({ file, samples: SAMPLES }, {
    base: "http://localhost/scim/v2",
    send,
    tokens: TOKENS,
    profile: "compatible",
    ...options,
  });
  return { outcomes, sent };
}

/** What is wrong with the last vector, which must not be skipped. */
export async function complaints(
  file: FilterFile | PatchFile,
  behaviour: Behaviour = {},
): Promise<readonly string[]> {
  const { outcomes } = await run(file, behaviour);
  const last = outcomes.at(-1);
  strictEqual(last?.kind === "skipped", false);
  return last?.kind === "failed" ? last.mismatches : [];
}

/** Why an outcome is a skip. */
export function reasonOf(outcome: Outcome | undefined): string {
  return outcome?.kind === "skipped" ? outcome.reason : "not skipped";
}

/** What a vector that passed has chosen. */
export function choiceOf(outcome: Outcome | undefined): Choice | undefined {
  return outcome?.kind === "passed" ? outcome.choice : undefined;
}

/** How vectors came out. */
export function kinds(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ kind }) => kind);
}

/** A fake that finds users of these names whatever it is asked. */
export function finding(...names: readonly string[]): Behaviour {
  return { filter: (_, resources) => list(named(resources, ...names)) };
}

/** A fake that makes this of a resource. */
export function making(
  change: (resource: JsonObject) => JsonObject,
  status = 204,
): Behaviour {
  return {
    patch: (resource) => {
      const state = change(resource);
      return { status, state, body: status === 200 ? state : "" };
    },
  };
}

/** What the PATCH vectors ask for. */
export const COOK = (resource: JsonObject) => ({ ...resource, title: "Cook" });

/** A fake that refuses all PATCHes alike. */
export function refusing(scimType: string): Behaviour {
  return { patch: () => scimError(400, scimType) };
}
