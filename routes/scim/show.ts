/**
 * Shows what a search found, as JSON: pages of a bounded length, whatever is in them.
 * @module
 */

import type { Projection } from "../../domain/projection.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import type { ResourceRecord } from "../../storage/records.ts";
import type { View } from "../../storage/views.ts";
import type { Services } from "../services.ts";
import type { Found, Part } from "./find.ts";
import { DeletedMeanwhile, largeText } from "./large.ts";
import type { SearchScope } from "./search.ts";

/** How long a page becomes at the most, in characters; but one resource is always shown. */
const MAX_PAGE_LENGTH = 16_777_216;

/** How many resources are made ready at a time. */
const SHOWN_AT_ONCE = 100;

/** A page as JSON: its resources, or the one whose JSON is made while it is sent. */
export interface Page {
  readonly texts: readonly string[];
  /** A resource that is a whole page by itself, or more than one. */
  readonly alone?: AsyncGenerator<string>;
  readonly nextCursor: string | undefined;
}

/** A resource of a page. */
interface Item {
  readonly record: ResourceRecord;
  readonly type: ResourceType;
  readonly projection: Projection;
  readonly view: View;
}

/**
 * Representations as the search asked for them, as JSON. A page that would become
 * too large ends early, as it may (RFC 7644 section 3.4.2.4). A resource that is
 * too large for any page is the only one of its page.
 */
export async function show(
  services: Services,
  scope: SearchScope,
  projections: ReadonlyMap<ResourceType, Projection>,
  { parts, nextCursor, cursorBehind }: Found,
): Promise<Page> {
  const texts: string[] = [];
  let left = MAX_PAGE_LENGTH;
  let last: Item | undefined;
  const count = parts.reduce((sum, { records }) => sum + records.length, 0);
  for (const batch of batchesOf(parts)) {
    for (const item of await itemsOf(services, scope, projections, batch)) {
      const { record, type, view, projection } = item;
      const text = view.kind === "whole"
        ? JSON.stringify(projection.apply(view.resource))
        : await textWithin(largeTextOf(services, scope, item), left);
      if (text === "") continue;
      if (last === undefined && text === undefined) {
        return {
          texts,
          alone: largeTextOf(services, scope, item),
          nextCursor: count === 1 ? nextCursor : cursorBehind?.(record, type),
        };
      }
      if (last !== undefined && (text === undefined || text.length > left)) {
        return { texts, nextCursor: cursorBehind?.(last.record, last.type) };
      }
      left -= text?.length ?? 0;
      texts.push(text ?? "");
      last = item;
    }
  }
  return { texts, nextCursor };
}

async function itemsOf(
  { views }: Services,
  { client, base }: SearchScope,
  projections: ReadonlyMap<ResourceType, Projection>,
  batch: readonly Part[],
): Promise<Item[]> {
  const items = await Promise.all(batch.map(async (part) => {
    const { type, records, contiguous } = part;
    const projection = projections.get(type);
    if (projection === undefined) return [];
    const opened = await views.open({
      tenant: client.token.tenant,
      type,
      records,
      base,
      contiguous,
      wants: (attribute) => projection.shows(attribute),
    });
    return records.flatMap((record, index): Item[] => {
      const view = opened[index];
      return view === undefined ? [] : [{ record, type, projection, view }];
    });
  }));
  return items.flat();
}

function largeTextOf(
  { views }: Services,
  { client, base }: SearchScope,
  { record, type, projection }: Item,
): AsyncGenerator<string> {
  const { tenant } = client.token;
  return largeText(views, { tenant, type, record, base, projection });
}

/**
 * A resource as a whole; undefined when it is longer than so many characters, and
 * empty when it is there no longer.
 */
async function textWithin(
  pieces: AsyncGenerator<string>,
  most: number,
): Promise<string | undefined> {
  let text = "";
  try {
    for await (const piece of pieces) {
      text += piece;
      if (text.length > most) return undefined;
    }
  } catch (error) {
    if (error instanceof DeletedMeanwhile) return "";
    throw error;
  }
  return text;
}

/** Cuts parts into batches of no more than so many records as are shown at once. */
function* batchesOf(parts: readonly Part[]): Generator<Part[]> {
  let batch: Part[] = [];
  let size = 0;
  for (const part of parts) {
    for (let i = 0; i < part.records.length; i += SHOWN_AT_ONCE) {
      const records = part.records.slice(i, i + SHOWN_AT_ONCE);
      if (size + records.length > SHOWN_AT_ONCE) {
        yield batch;
        batch = [];
        size = 0;
      }
      batch.push({ ...part, records });
      size += records.length;
    }
  }
  if (batch.length > 0) yield batch;
}
