/**
 * Finding and reading exchange files.
 * @module
 */

import { basename } from "node:path";
import { type ExchangeFile, parseExchangeFile } from "./exchange.ts";

/** An exchange file and the name it is reported by. */
export interface NamedFile {
  readonly name: string;
  readonly content: ExchangeFile;
}

/**
 * Reads exchange files.
 *
 * @param paths Files, or directories, of which all `*.json` are read by name.
 * @throws {Error} If a path cannot be read or is not an exchange file; the
 * message names it.
 */
export async function readFiles(
  paths: readonly string[],
): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for (const path of paths) {
    const info = await Deno.stat(path);
    const found = info.isDirectory ? await listJson(path) : [path];
    if (found.length === 0) throw new Error(`No *.json file in ${path}`);
    for (const file of found) files.push(await readExchangeFile(file));
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

async function readExchangeFile(path: string): Promise<NamedFile> {
  const text = await Deno.readTextFile(path);
  try {
    return {
      name: basename(path),
      content: parseExchangeFile(JSON.parse(text)),
    };
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${error}`, { cause: error });
  }
}
