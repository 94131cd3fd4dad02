/**
 * Finding and reading files of exchanges and vectors.
 * @module
 */

import { basename, dirname, join } from "node:path";
import { type ExchangeFile, parseExchangeFile } from "./exchange.ts";
import {
  isVectorContent,
  parseSamples,
  parseVectorFile,
} from "./vectors/format.ts";
import type { VectorSet } from "./vectors/run.ts";

/** An exchange file and the name it is reported by. */
export interface NamedFile {
  readonly name: string;
  readonly content: ExchangeFile;
}

/** A file of vectors with its samples and the name it is reported by. */
export interface NamedVectors {
  readonly name: string;
  readonly vectors: VectorSet;
}

/**
 * Reads files of exchanges and vectors. Files of samples are read along with
 * the vectors that name them.
 *
 * @param paths Files, or directories, of which all `*.json` are read by name.
 * @throws {Error} If a path cannot be read or is in none of the formats; the
 * message names it.
 */
export async function readFiles(
  paths: readonly string[],
): Promise<(NamedFile | NamedVectors)[]> {
  const files: (NamedFile | NamedVectors)[] = [];
  for (const path of paths) {
    const info = await Deno.stat(path);
    const found = info.isDirectory ? await listJson(path) : [path];
    if (found.length === 0) throw new Error(`No *.json file in ${path}`);
    for (const file of found) files.push(...await readNamedFile(file));
  }
  if (files.length === 0) {
    throw new Error(`Only samples, and no vectors, in ${paths.join(", ")}`);
  }
  return files;
}

async function listJson(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isFile && entry.name.endsWith(".json")) names.push(entry.name);
  }
  return names.sort().map((name) => `${directory.replace(/\/$/, "")}/${name}`);
}

/** A file of samples alone gives nothing to run. */
async function readNamedFile(
  path: string,
): Promise<(NamedFile | NamedVectors)[]> {
  const name = basename(path);
  const read = await readJson(
    path,
    (content) =>
      isVectorContent(content)
        ? { file: parseVectorFile(content) }
        : { content: parseExchangeFile(content) },
  );
  if (read.content !== undefined) return [{ name, content: read.content }];
  const { file } = read;
  if (file.format === "scim-samples/1") return [];
  const beside = join(dirname(path), file.samples);
  const samples = await readJson(beside, parseSamples);
  return [{ name, vectors: { file, samples } }];
}

async function readJson<T>(
  path: string,
  parse: (content: unknown) => T,
): Promise<T> {
  const text = await Deno.readTextFile(path);
  try {
    return parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${error}`, { cause: error });
  }
}
