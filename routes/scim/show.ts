/**
 * Shows what a search found, as JSON.
 * @module
 */

import type { Projection } from "../../domain/projection.ts";
import type { ResourceType } from "../../domain/schema/compile.ts";
import type { ResourceRecord } from "../../storage/records.ts";
import type { Services } from "../services.ts";
import type { Found, Part } from "./find.ts";
import type { SearchScope } from "./search.ts";

/** How long a page becomes at the most, in characters; but one resource is always shown. */
const MAX_PAGE_LENGTH = 16_777_216;

/** How many resources are made ready at a time. */
const SHOWN_AT_ONCE = 100;

/**
 * Representations as the search asked for them, as JSON. A page that would become
 * too large ends early, as it may (RFC 7644 section 3.4.2.4).
 */
export async function show(
  { views }: Services,
  { client, base }: SearchScope,
  projections: ReadonlyMap<ResourceType, Projection>,
  { parts, nextCursor, cursorBehind }: Found,
): Promise<{ texts: string[]; nextCursor: string | undefined }> {
  const texts: string[] = [];
  let size = 0;
  let last: { record: ResourceRecord; type: ResourceType } | undefined;
  for (const batch of batchesOf(parts)) {
    const shown = await Promise.all(batch.map(async (part) => {
      const { type, records, contiguous } = part;
      const projection = projections.get(type);
      if (projection === undefined) return [];
      const resources = await views.represent({
        tenant: client.token.tenant,
        type,
        records,
        base,
        contiguous,
        wants: (attribute) => projection.shows(attribute),
      });
      return records.map((record, index) => ({
        record,
        type,
        resource: projection.apply(resources[index] ?? {}),
      }));
    }));
    for (const { record, type, resource } of shown.flat()) {
      const text = JSON.stringify(resource);
      if (last !== undefined && size + text.length > MAX_PAGE_LENGTH) {
        return { texts, nextCursor: cursorBehind?.(last.record, last.type) };
      }
      size += text.length;
      texts.push(text);
      last = { record, type };
    }
  }
  return { texts, nextCursor };
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
