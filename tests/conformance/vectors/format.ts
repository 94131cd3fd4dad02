/**
 * The vector formats: filters with the samples that match, PATCH operations
 * with the state before and after, and the samples that both refer to.
 * ../README.md describes the fields.
 * @module
 */

import { z } from "zod";
import type { JsonValue } from "../../../domain/json.ts";
import type { Profile } from "../exchange.ts";
import type { Level } from "../outcome.ts";

const json: z.ZodType<JsonValue> = z.json();
const jsonObject = z.record(z.string(), json);
const identified = z.object({ id: z.string().min(1) }).catchall(json);
const keys = z.array(z.string().min(1));
const resourceType = z.enum(["User", "Group"]);

/** What every vector tells its reader. */
const common = {
  id: z.string().min(1),
  on: resourceType,
  /** The section that the expectation comes from. */
  rfc: z.string().optional(),
  tags: z.array(z.string()).optional(),
  note: z.string().optional(),
  /** Test suites and servers in which the case was met. */
  seenIn: z.array(z.string()).optional(),
  level: z.enum(["MUST", "SHOULD", "MAY"]).optional(),
  needs: z.literal("ext").optional(),
  ambiguous: z.boolean(),
};

const matching = { valid: z.literal(true), matches: keys };
const refused = {
  valid: z.literal(false),
  error: z.strictObject({
    status: z.int().min(400).max(599),
    scimType: z.string().min(1),
  }),
};

const filterOutcome = z.discriminatedUnion("valid", [
  z.strictObject(matching),
  z.strictObject(refused),
]);

const filterCommon = {
  ...common,
  filter: z.string().refine(
    (text) => text.isWellFormed(),
    "a lone surrogate cannot be part of a URL",
  ),
  http: z.boolean(),
  resources: keys.optional(),
  alternatives: z.array(filterOutcome).min(1).optional(),
};

const filterVector = z.discriminatedUnion("valid", [
  z.strictObject({ ...filterCommon, ...matching }),
  z.strictObject({ ...filterCommon, ...refused }),
]);

const patchOutcome = z.strictObject({
  status: z.array(z.int().min(100).max(599)).min(1),
  scimType: z.array(z.string()).min(1).optional(),
  after: jsonObject.optional(),
  unchanged: z.literal(true).optional(),
  lastModifiedUnchanged: z.literal(true).optional(),
  schemasContain: z.array(z.string()).min(1).optional(),
  absent: z.array(z.string()).min(1).optional(),
}).refine(
  ({ after, unchanged }) => (after === undefined) !== (unchanged === undefined),
  "needs one of after and unchanged",
);

const patchVector = z.strictObject({
  ...common,
  title: z.string().min(1),
  profile: z.enum(["rfc", "entra", "okta"]),
  before: jsonObject,
  operations: z.array(json).optional(),
  body: json.optional(),
  uses: keys.optional(),
  expect: patchOutcome,
  alternatives: z.array(patchOutcome).min(1).optional(),
}).refine(
  ({ operations, body }) => (operations === undefined) !== (body === undefined),
  "needs one of operations and body",
);

const pathCase = z.strictObject({
  path: z.string(),
  valid: z.boolean(),
  ambiguous: z.boolean(),
  note: z.string().optional(),
});

/** What a file tells its reader, and where its samples are. */
const header = {
  about: z.string().optional(),
  counts: z.record(z.string(), z.number()).optional(),
  samples: z.string().min(1).default("samples.json"),
};

const filterFile = z.strictObject({
  format: z.literal("scim-filter-vectors/1"),
  ...header,
  vectors: z.array(filterVector).min(1).superRefine(checkVectors),
});

const patchFile = z.strictObject({
  format: z.literal("scim-patch-vectors/1"),
  ...header,
  pathsRfc: z.string().optional(),
  vectors: z.array(patchVector).min(1).superRefine(checkVectors),
  paths: z.array(pathCase).default([]),
});

const samplesFile = z.strictObject({
  format: z.literal("scim-samples/1"),
  about: z.string().optional(),
  extensionSchema: identified.optional(),
  resources: z.record(
    z.string().min(1),
    z.strictObject({
      resourceType,
      http: z.boolean(),
      resource: identified,
    }),
  ),
});

const anyFile = z.discriminatedUnion("format", [
  filterFile,
  patchFile,
  samplesFile,
]);

/** The type of the resources that a vector is about. */
export type ResourceTypeName = z.infer<typeof resourceType>;

/** Which samples match a filter, or how it is refused. */
export type FilterOutcome = z.infer<typeof filterOutcome>;

/** A filter and what comes of it. */
export type FilterVector = z.infer<typeof filterVector>;

/** What comes of a PATCH. */
export type PatchOutcome = z.infer<typeof patchOutcome>;

/** A PATCH of a resource and what comes of it. */
export type PatchVector = z.infer<typeof patchVector>;

/** A PATCH path and whether it is one by the grammar. */
export type PathCase = z.infer<typeof pathCase>;

/** A file of filter vectors. */
export type FilterFile = z.infer<typeof filterFile>;

/** A file of PATCH vectors. */
export type PatchFile = z.infer<typeof patchFile>;

/** The resources, by key, that vectors refer to. */
export type SamplesFile = z.infer<typeof samplesFile>;

/**
 * Whether the content of a file says that it is in one of the formats here.
 * If not, it may be a file of exchanges.
 */
export function isVectorContent(content: unknown): boolean {
  return z.looseObject({ format: z.string() }).safeParse(content).success;
}

/**
 * Parses the content of a file of vectors or samples.
 *
 * @throws {SyntaxError} If the content is not in its format, with the place of
 * each mistake.
 */
export function parseVectorFile(
  content: unknown,
): FilterFile | PatchFile | SamplesFile {
  const result = anyFile.safeParse(content);
  if (!result.success) {
    throw new SyntaxError(
      `Cannot parse vectors: ${z.prettifyError(result.error)}`,
    );
  }
  return result.data;
}

/**
 * Parses the content of a file of samples.
 *
 * @throws {SyntaxError} If the content is not in the format.
 */
export function parseSamples(content: unknown): SamplesFile {
  const file = parseVectorFile(content);
  if (file.format !== "scim-samples/1") {
    throw new SyntaxError(`Cannot parse samples: the format is ${file.format}`);
  }
  return file;
}

/** How binding the outcome of a vector is: MUST unless it says otherwise. */
export function levelOf({ level }: { level?: FilterVector["level"] }): Level {
  switch (level) {
    case "MAY":
      return "may";
    case "SHOULD":
      return "should";
    case "MUST":
    case undefined:
      return "must";
  }
}

/** The profile of the token that a PATCH vector wants. */
export function profileOf({ profile }: PatchVector): Profile {
  return profile === "rfc" ? "rfc" : "compatible";
}

function checkVectors(
  vectors: readonly {
    readonly id: string;
    readonly ambiguous: boolean;
    readonly alternatives?: unknown;
  }[],
  context: z.RefinementCtx,
): void {
  const ids = new Set<string>();
  for (const [index, { id, ambiguous, alternatives }] of vectors.entries()) {
    const complain = (message: string) =>
      context.addIssue({ code: "custom", path: [index], message });
    if (ids.has(id)) complain(`two vectors have the id ${id}`);
    ids.add(id);
    if (ambiguous !== (alternatives !== undefined)) {
      complain("alternatives and ambiguous: true go together");
    }
  }
}
