/**
 * Reads many resources of one type by their ids. A stretch of neighbouring keys
 * is read several times as fast as the same keys one by one, so that many ids are
 * looked for in the stretch that they lie in, as long as they are a good part of
 * it.
 * @module
 */

import { compareText } from "../domain/text.ts";
import { idRange, resourceKey, resourcePrefix, textPart } from "./keys.ts";
import type { Entry, Store } from "./store.ts";

/** From how many ids on it is worth a look at the stretch that they lie in. */
const MIN_NEIGHBOURS = 100;

/** How many ids are looked for in one stretch. */
const IDS_PER_STRETCH = 400;

/** How many entries of a stretch are read at the most. */
const MAX_STRETCH = 1_000;

/** How many stretches are read at once: a remote store takes its time for each. */
const STRETCHES_AT_ONCE = 4;

/** How many ids are read one by one at a time. */
const READ_EACH = 500;

/**
 * The entries of the resources with some ids, as far as they exist, in no
 * particular order; some hundreds at a time, since their values add up.
 *
 * @throws {ScimError} 503
 */
export async function* readByIds(
  store: Store,
  tenant: string,
  type: string,
  ids: readonly string[],
): AsyncGenerator<readonly Entry[]> {
  if (ids.length < MIN_NEIGHBOURS) {
    yield await readEach(store, tenant, type, ids);
    return;
  }
  const sorted = [...new Set(ids)].sort(compareText);
  const left: string[] = [];
  let done = 0;
  while (left.length === 0 && done < sorted.length) {
    const stretches: Promise<Stretch>[] = [];
    // The first one shows whether the others are worth it.
    const most = done === 0 ? 1 : STRETCHES_AT_ONCE;
    for (let i = 0; i < most && done < sorted.length; i++) {
      const some = sorted.slice(done, done + IDS_PER_STRETCH);
      stretches.push(readStretch(store, tenant, type, some));
      done += some.length;
    }
    for (const stretch of await Promise.all(stretches)) {
      yield stretch.found;
      left.push(...stretch.left);
    }
  }
  const others = left.concat(sorted.slice(done));
  for (let i = 0; i < others.length; i += READ_EACH) {
    const some = others.slice(i, i + READ_EACH);
    yield await readEach(store, tenant, type, some);
  }
}

/** What a look at a stretch of keys has found, and what lies beyond it. */
interface Stretch {
  readonly found: readonly Entry[];
  readonly left: readonly string[];
}

async function readStretch(
  store: Store,
  tenant: string,
  type: string,
  ids: readonly string[],
): Promise<Stretch> {
  const prefix = resourcePrefix(tenant, type);
  const range = idRange(
    prefix,
    textPart(ids[0] ?? ""),
    textPart(ids.at(-1) ?? ""),
  );
  const entries = await store.listAll(range, MAX_STRETCH);
  const wanted = new Set(ids);
  const found = entries.filter(({ key }) => wanted.delete(String(key.at(-1))));
  // What was not met in a stretch that was read to its end does not exist.
  return { found, left: entries.length < MAX_STRETCH ? [] : [...wanted] };
}

async function readEach(
  store: Store,
  tenant: string,
  type: string,
  ids: readonly string[],
): Promise<Entry[]> {
  const entries = await store.getMany(
    ids.map((id) => resourceKey(tenant, type, id)),
  );
  return entries.filter((entry) => entry.versionstamp !== null);
}
