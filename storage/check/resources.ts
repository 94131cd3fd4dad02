/**
 * Resources, the unique keys and index keys that follow from them, and back from
 * each key to its resource.
 * @module
 */

import { indexEntries, type IndexEntry } from "../../domain/indexing.ts";
import { isJsonObject } from "../../domain/json.ts";
import type { Attribute } from "../../domain/schema/attribute.ts";
import {
  attributeOf,
  hasUniqueKey,
  isUnique,
  type ResourceType,
} from "../../domain/schema/compile.ts";
import { indexKey, resourceKey, textPart, uniqueKey } from "../keys.ts";
import { decodeRecord, type ResourceRecord } from "../records.ts";
import type { Entry, MaybeEntry } from "../store.ts";
import {
  type Finding,
  known,
  type Question,
  type Rules,
  unreadable,
} from "./question.ts";

/** How many resource types one question looks into for the same id. */
const TYPES_PER_QUESTION = 7;

/** Records by their entries: many keys lead to one resource. */
const decoded = new WeakMap<
  MaybeEntry,
  { readonly record: ResourceRecord | undefined }
>();

/** Decodes a record; undefined when there is none or it cannot be read. */
export function readableRecord(entry: MaybeEntry): ResourceRecord | undefined {
  const known = decoded.get(entry) ?? { record: decodedRecord(entry) };
  decoded.set(entry, known);
  return known.record;
}

function decodedRecord(entry: MaybeEntry): ResourceRecord | undefined {
  try {
    const record = decodeRecord(entry);
    return isJsonObject(record?.attributes) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Asks about a resource. */
export function askResource(rules: Rules, entry: Entry): Question[] {
  const { tenant, current: { registry } } = rules;
  const { key } = entry;
  const [, , , name = "", id = ""] = key.map(String);
  const type = registry.byName(name);
  if (type?.name !== name) {
    return [known({
      kind: "unknownType",
      key,
      detail: `The resource ${id} is of the type ${name}, which is not there`,
    })];
  }
  const record = readableRecord(entry);
  if (record === undefined) return [unreadable(key, `${name} ${id}`)];
  const questions = [
    ...askAttributes(type, record, key),
    ...askOthersWithId(rules, type, id, key),
  ];
  for (const indexed of indexEntries(type, record.attributes)) {
    const { attribute } = indexed;
    if (isUnique(attribute)) {
      questions.push(askOwner(tenant, type, id, indexed));
    }
    if (!hasUniqueKey(type, attribute)) {
      questions.push(askIndexed(tenant, type, id, indexed));
    }
  }
  return questions;
}

/** Extensions must be those of the type, with their attributes. */
function askAttributes(
  type: ResourceType,
  { id, attributes }: ResourceRecord,
  key: Deno.KvKey,
): Question[] {
  const unknown = (name: string): Question =>
    known({
      kind: "unknownAttribute",
      key,
      detail: `${type.name} ${id} has data of ${name}, which no schema knows`,
    });
  return Object.entries(attributes).flatMap(([name, content]) => {
    if (!name.includes(":")) {
      return type.attributes.has(name.toLowerCase()) ? [] : [unknown(name)];
    }
    const extension = type.extensions.get(name.toLowerCase());
    if (extension === undefined) return [unknown(name)];
    return Object.keys(isJsonObject(content) ? content : {})
      .filter((each) => !extension.attributes.has(each.toLowerCase()))
      .map((each) => unknown(`${name}:${each}`));
  });
}

function askOthersWithId(
  { tenant, current: { registry } }: Rules,
  type: ResourceType,
  id: string,
  key: Deno.KvKey,
): Question[] {
  // Of two resources, one tells it.
  const others = registry.resourceTypes.map(({ name }) => name)
    .filter((name) => name > type.name);
  const questions: Question[] = [];
  for (let i = 0; i < others.length; i += TYPES_PER_QUESTION) {
    const names = others.slice(i, i + TYPES_PER_QUESTION);
    questions.push({
      keys: names.map((name) => resourceKey(tenant, name, id)),
      judge: (found) => {
        const other = names.find((name) =>
          found.has(resourceKey(tenant, name, id))
        );
        return other === undefined ? undefined : {
          kind: "sharedId",
          key,
          detail: `${type.name} ${id} and a ${other} have the same id; ` +
            "delete one of them",
        };
      },
    });
  }
  return questions;
}

function askOwner(
  tenant: string,
  type: ResourceType,
  id: string,
  { attribute, text }: IndexEntry,
): Question {
  const key = uniqueKey(tenant, type.name, attribute.path, text);
  const what = `the value of ${attribute.path} of ${type.name} ${id}`;
  const rival = ({ value }: MaybeEntry): string | undefined =>
    typeof value === "string" && value !== id ? value : undefined;
  return {
    keys: [key],
    more: (found) => {
      const other = rival(found.get(key));
      return other === undefined ? [] : [resourceKey(tenant, type.name, other)];
    },
    judge: (found) => {
      const entry = found.get(key);
      if (entry.value === id) return undefined;
      // A job is entering the values, and says itself which are shared.
      if (type.incomplete.has(attribute)) return undefined;
      const mend: Finding["mend"] = (change) => change.set(key, id);
      if (entry.versionstamp === null) {
        return {
          kind: "missingUniqueKey",
          key,
          detail: `There is no unique key for ${what}`,
          mend,
        };
      }
      const other = rival(entry);
      const owner = other === undefined
        ? undefined
        : readableRecord(found.get(resourceKey(tenant, type.name, other)));
      if (owner !== undefined && hasText(type, attribute, owner, text)) {
        return {
          kind: "uniqueConflict",
          key,
          detail: `${type.name} ${id} and ${type.name} ${other} both have ` +
            `the same value of ${attribute.path}, which must be unique; ` +
            "change one of them",
        };
      }
      return {
        kind: "wrongUniqueKey",
        key,
        detail: `The unique key for ${what} names ` +
          (other === undefined ? "no resource" : `${other}, which has another`),
        mend,
      };
    },
  };
}

function askIndexed(
  tenant: string,
  type: ResourceType,
  id: string,
  { attribute, text }: IndexEntry,
): Question {
  const key = indexKey(tenant, type.name, attribute.path, text, id);
  const what = `a value of ${attribute.path} of ${type.name} ${id}`;
  return {
    keys: [key],
    judge: (found) => {
      const { value, versionstamp } = found.get(key);
      if (value === 0) return undefined;
      const isMissing = versionstamp === null;
      return {
        kind: isMissing ? "missingIndexKey" : "wrongIndexKey",
        key,
        detail: isMissing
          ? `There is no index key for ${what}`
          : `The index key for ${what} holds something else than 0`,
        mend: (change) => change.set(key, 0),
      };
    },
  };
}

/** Asks about a unique key. */
export function askUniqueKey(rules: Rules, { key, value }: Entry): Question[] {
  const [, , , name = "", path = "", text = ""] = key.map(String);
  const id = typeof value === "string" ? value : undefined;
  return [askBack(rules, key, name, path, text, id, "unique")];
}

/** Asks about an index key. */
export function askIndexKey(rules: Rules, { key }: Entry): Question[] {
  const [, , , name = "", path = "", text = "", id = ""] = key.map(String);
  return [askBack(rules, key, name, path, text, id, "index")];
}

/** Asks whether a key belongs to a resource with its value. */
function askBack(
  { tenant, current: { registry, definitions } }: Rules,
  key: Deno.KvKey,
  name: string,
  path: string,
  text: string,
  id: string | undefined,
  index: "unique" | "index",
): Question {
  const kind = index === "unique" ? "orphanedUniqueKey" : "orphanedIndexKey";
  const type = registry.byName(name);
  if (type?.name !== name) {
    // Its resources are told of one by one; without them nobody needs the key.
    const owner = resourceKey(tenant, name, id ?? "");
    return {
      keys: [owner],
      judge: (found) => ({
        kind,
        key,
        detail: `A key of the ${index} ${path} is of the type ${name}, which ` +
          "is not there",
        ...(found.has(owner) ? {} : {
          mend: (change) => change.delete(key),
        }),
      }),
    };
  }
  const attribute = type.indexes.find((each) => each.path === path);
  const isKept = attribute !== undefined &&
    (index === "unique" ? isUnique(attribute) : !hasUniqueKey(type, attribute));
  const orphan: Finding = {
    kind,
    key,
    detail: isKept
      ? `A key of ${path} names ${name} ${id}, which has no such value`
      : `A key of ${path} is there, which is no ${index} of ${name}`,
    mend: (change) => change.delete(key),
    // When an attribute is unique no longer, a job takes its keys out.
    explains: (job) =>
      job.kind === "settleUnique" && job.tenant === tenant &&
      definitions.incomplete.includes(job.attribute) &&
      attributeOf(type, job.attribute)?.path === path,
  };
  if (!isKept || id === undefined) return known(orphan);
  const owner = resourceKey(tenant, name, id);
  return {
    keys: [owner],
    judge: (found) => {
      const entry = found.get(owner);
      if (entry.versionstamp === null) return orphan;
      const record = readableRecord(entry);
      // One that cannot be read is told of by itself.
      return record === undefined || hasText(type, attribute, record, text)
        ? undefined
        : orphan;
    },
  };
}

/** @param text a value in comparable form, or its part of a key */
function hasText(
  type: ResourceType,
  attribute: Attribute,
  { attributes }: ResourceRecord,
  text: string,
): boolean {
  return indexEntries(type, attributes).some((entry) =>
    entry.attribute.path === attribute.path &&
    (entry.text === text || textPart(entry.text) === text)
  );
}
