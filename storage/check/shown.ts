/**
 * Keys as reports show them: without what nobody should read.
 * @module
 */

import type { Registry } from "../../domain/registry.ts";
import { attributeOf } from "../../domain/schema/compile.ts";

/** Stands for what is not shown. */
const HIDDEN = "…";

/** How much of the hash of a secret is shown, which is enough to find it. */
const HASH_SHOWN = 8;

/**
 * A key as texts. Values of attributes that are sensitive or never returned, or
 * that no schema knows, are left out, and so is most of the hash of a secret.
 */
export function shownKey(
  key: Deno.KvKey,
  registry: Registry | undefined,
): string[] {
  const parts = key.map(String);
  if (parts[0] === "tok") {
    return ["tok", `${parts[1]?.slice(0, HASH_SHOWN)}${HIDDEN}`];
  }
  const [first, , kind, name = "", path = ""] = parts;
  const holdsValue = first === "t" && (kind === "u" || kind === "i");
  if (!holdsValue || isOpen(registry, name, path)) return parts;
  return parts.map((part, index) => index === 5 ? HIDDEN : part);
}

function isOpen(
  registry: Registry | undefined,
  name: string,
  path: string,
): boolean {
  const type = registry?.byName(name);
  const attribute = type && (attributeOf(type, path) ??
    attributeOf(type, `${type.schema}:${path}`));
  return attribute !== undefined && !attribute.sensitive &&
    attribute.returned !== "never" && attribute.parent?.returned !== "never";
}
