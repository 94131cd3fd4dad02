/**
 * The form of an export: lines of JSON between a header, which says what they are,
 * and a footer, which proves that none is missing.
 *
 * Lines tell what clients and operators have put in. What the program derives from
 * that (unique values, indexes, counters, memberships seen from the members) is
 * made anew by an import.
 * @module
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import type { JsonObject } from "../../domain/json.ts";
import { storedResourceType, storedSchema } from "../../domain/schema/read.ts";

/** The form that this program writes, and the newest that it reads. */
export const EXPORT_FORMAT = 1;

/** Stored content that is carried as it is. */
const content = z.custom<JsonObject>(
  (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);

const header = z.object({
  "edge-scim": z.literal("export"),
  format: z.int(),
  /** The version of the program that wrote the export. */
  program: z.string(),
  /** When, in ISO 8601. */
  date: z.string(),
  /** Of the store: entity tags begin with it. */
  epoch: z.string(),
  scope: z.enum(["store", "tenant"]),
  tenants: z.array(z.string()),
});

/** The first line of an export. */
export type Header = z.infer<typeof header>;

const footer = z.object({
  "edge-scim": z.literal("end"),
  /** How many lines come before this one. */
  lines: z.int(),
  /** How many of them are of which kind. */
  counts: z.record(z.string(), z.int()),
  /** Of all bytes before this line, in hexadecimal digits. */
  sha256: z.string(),
});

/** The last line of an export. */
export type Footer = z.infer<typeof footer>;

const state = z.object({
  created: z.string(),
  lastModified: z.string(),
  attributes: content,
});

const names = z.array(z.string());

/** A record of the change log. What a later version adds to it is kept. */
const log = z.looseObject({
  at: z.iso.datetime(),
  actor: z.string(),
  operation: z.enum(["create", "replace", "patch", "delete", "note"]),
  resourceType: z.string(),
  id: z.string(),
  changes: z.array(z.looseObject({ path: z.string() })),
  members: z.object({ added: names, removed: names }).exactOptional(),
  ignored: names.exactOptional(),
});

const group = { tenant: z.string(), type: z.string(), id: z.string() };

const line = z.discriminatedUnion("kind", [
  z.object({
    /** The hash of the admin secret. */
    kind: z.literal("admin"),
    secret: z.string(),
  }),
  z.object({
    kind: z.literal("tenant"),
    tenant: z.string(),
    record: content,
  }),
  z.object({
    /** A write, in the order of the commits. */
    kind: z.literal("write"),
    tenant: z.string(),
    log,
    /** What the resource became; left out where a later line says it. */
    resource: state.exactOptional(),
  }),
  z.object({
    /** A resource of whose writing the change log does not tell. */
    kind: z.literal("resource"),
    ...group,
    resource: state,
  }),
  z.object({
    /** A group, which has the members of the lines that follow, and no others. */
    kind: z.literal("group"),
    ...group,
    /** How often its members have changed. */
    version: z.int(),
    /** When they last did, in milliseconds since 1970. */
    modified: z.int(),
  }),
  z.object({
    kind: z.literal("members"),
    ...group,
    /** The resource type of the members. */
    memberType: z.string(),
    members: names,
  }),
  z.object({
    /** Members that came and went after those of the group were told. */
    kind: z.literal("moved"),
    ...group,
    added: names,
    removed: names,
    modified: z.int(),
  }),
  z.object({
    kind: z.literal("settings"),
    tenant: z.string(),
    record: content,
  }),
  z.object({
    kind: z.literal("schema"),
    tenant: z.string(),
    record: z.looseObject({
      definition: storedSchema,
      required: z.boolean(),
      position: z.number(),
    }),
  }),
  z.object({
    kind: z.literal("resourceType"),
    tenant: z.string(),
    record: z.looseObject({
      definition: storedResourceType,
      position: z.number(),
    }),
  }),
  z.object({
    /** A change of a schema that has begun and is to be finished. */
    kind: z.literal("job"),
    tenant: z.string(),
    id: z.string(),
    record: content,
  }),
  z.object({
    kind: z.literal("token"),
    tenant: z.string(),
    record: z.looseObject({
      id: z.string(),
      secrets: z.array(z.looseObject({ hash: z.string() })),
    }),
    /** In milliseconds since 1970. */
    lastUsed: z.int().exactOptional(),
  }),
]);

/** A line between the header and the footer. */
export type Line = z.infer<typeof line>;

/** A line of one kind. */
export type LineOf<K extends Line["kind"]> = Extract<Line, { kind: K }>;

/**
 * A line made of what is stored.
 *
 * @throws {z.ZodError} when it does not have the form of one
 */
export function readLine(value: unknown): Line {
  return line.parse(value);
}

/**
 * The content of a stored record.
 *
 * @throws {z.ZodError} when it is no object
 */
export function readContent(value: unknown): JsonObject {
  return content.parse(value);
}

/** An export that cannot be read. The message names the line. */
export class ExportError extends Error {
  override readonly name = "ExportError";
}

/** Counts lines and hashes them. */
class Seal {
  readonly #hash = createHash("sha256");
  readonly #counts = new Map<string, number>();
  lines = 0;

  add(text: string, kind?: string): void {
    this.lines++;
    this.#hash.update(text).update("\n");
    if (kind === undefined) return;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  footer(): Footer {
    return {
      "edge-scim": "end",
      lines: this.lines,
      counts: Object.fromEntries(this.#counts),
      sha256: this.#hash.digest("hex"),
    };
  }
}

/** The texts of an export, without line breaks. */
export async function* writeLines(
  header: Header,
  lines: AsyncIterable<Line>,
): AsyncGenerator<string> {
  const seal = new Seal();
  const first = JSON.stringify(header);
  seal.add(first);
  yield first;
  for await (const line of lines) {
    const text = JSON.stringify(line);
    seal.add(text, line.kind);
    yield text;
  }
  yield JSON.stringify(seal.footer());
}

/** What `readLines` finds, one after the other. */
export type Read =
  | { readonly kind: "header"; readonly header: Header }
  | {
    readonly kind: "line";
    readonly line: Line;
    /** Counts from 1. */
    readonly number: number;
  }
  | { readonly kind: "footer"; readonly footer: Footer };

/**
 * Reads an export. Whoever has read it to its end knows that it is whole.
 *
 * @param texts its lines, without line breaks
 * @throws {ExportError} naming the line, when it is not an export, was written in
 * a newer form, or is damaged
 */
export async function* readLines(
  texts: AsyncIterable<string>,
): AsyncGenerator<Read> {
  const seal = new Seal();
  let tenants: ReadonlySet<string> | undefined;
  let ended = false;
  for await (const text of texts) {
    const number = seal.lines + 1;
    if (ended) {
      throw new ExportError(
        `Line ${number + 1} comes after the end of the export; cut off what ` +
          "follows its footer",
      );
    }
    if (tenants === undefined) {
      const read = readHeader(text);
      tenants = new Set(read.tenants);
      seal.add(text);
      yield { kind: "header", header: read };
      continue;
    }
    const value = readJson(text, number);
    if (value["edge-scim"] === "end") {
      ended = true;
      yield { kind: "footer", footer: checked(footer, value, number, seal) };
      continue;
    }
    const read = parse(line, value, number);
    if (read.kind !== "admin" && !tenants.has(read.tenant)) {
      throw new ExportError(
        `Line ${number} belongs to the tenant "${read.tenant}", which the ` +
          "header does not name",
      );
    }
    seal.add(text, read.kind);
    yield { kind: "line", line: read, number };
  }
  if (ended) return;
  throw new ExportError(
    tenants === undefined
      ? "There is nothing to import; give an export on standard input: " +
        "deno task import < file"
      : `The export is cut off after line ${seal.lines}: its footer is ` +
        "missing; take a whole copy",
  );
}

function readHeader(text: string): Header {
  let value: JsonObject;
  try {
    value = readJson(text, 1);
  } catch {
    value = {};
  }
  if (value["edge-scim"] !== "export") {
    throw new ExportError(
      "This is no export of edge-scim: line 1 is not its header; deno task " +
        "export writes one",
    );
  }
  const { format } = value;
  if (typeof format === "number" && format > EXPORT_FORMAT) {
    throw new ExportError(
      `The export has format ${format}, and this version of edge-scim reads ` +
        `formats up to ${EXPORT_FORMAT}; import it with the newer version ` +
        "that wrote it",
    );
  }
  return parse(header, value, 1);
}

function checked(
  schema: typeof footer,
  value: JsonObject,
  number: number,
  seal: Seal,
): Footer {
  const found = parse(schema, value, number);
  const expected = seal.footer();
  if (found.lines !== expected.lines) {
    throw new ExportError(
      `The export is damaged: its footer counts ${found.lines} lines, and ` +
        `there are ${expected.lines}; take a whole copy`,
    );
  }
  if (found.sha256 !== expected.sha256) {
    throw new ExportError(
      "The export is damaged or was edited: its lines do not have the SHA-256 " +
        `of line ${number}; take an unchanged copy`,
    );
  }
  return found;
}

function readJson(text: string, number: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ExportError(
      `Line ${number} is not JSON: it begins with ` +
        JSON.stringify(text.slice(0, 20)),
    );
  }
  return parse(content, value, number);
}

function parse<T>(schema: z.ZodType<T>, value: unknown, number: number): T {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  const [issue] = error.issues;
  const path = issue?.path.map(String).join(".") ?? "";
  throw new ExportError(
    `Line ${number} is not as it should be: ${path === "" ? "" : `${path}: `}${
      issue?.message ?? "it cannot be read"
    }`,
  );
}
