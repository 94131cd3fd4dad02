/**
 * Opens a store: its format, its epoch, the admin secret.
 * @module
 */

import { Change } from "./change.ts";
import { FORMAT_VERSION } from "./codec.ts";
import { retrying } from "./concurrency.ts";
import { metaKey } from "./keys.ts";
import { hashSecret, newToken, sameHash } from "./secrets.ts";
import type { Store } from "./store.ts";

/** What a store says of itself. */
export interface StoreFacts {
  /** Tells entity tags of this store from those of one restored later. */
  readonly epoch: string;
  /** Signs the cursors that the store's servers give out. */
  readonly cursorSecret: string;
}

/**
 * Refuses a store that a newer version of the program has written.
 *
 * @returns the format of the store; undefined when it is new
 * @throws {Error} that says which version is needed
 */
export async function refuseNewer(store: Store): Promise<number | undefined> {
  const { value } = await store.get(metaKey("format"));
  if (typeof value !== "number") return undefined;
  if (value <= FORMAT_VERSION) return value;
  throw new Error(
    `The store has format ${value}, and this version of edge-scim ` +
      `reads formats up to ${FORMAT_VERSION}; start the newer version that ` +
      "wrote it",
  );
}

/**
 * Refuses a store that an import has not filled to its end.
 *
 * @throws {Error} that says what to do
 */
export async function refuseUnfinished(store: Store): Promise<void> {
  const { versionstamp } = await store.get(metaKey("importing"));
  if (versionstamp === null) return;
  throw new Error(
    "The store is not complete: an import into it is under way or was cut off; " +
      "run the import again and let it end",
  );
}

/**
 * Reads what the store says of itself; writes it if the store is new.
 *
 * @throws {Error} when a newer version of the program has written the store, or
 * an import has not filled it to its end
 */
export async function prepareStore(store: Store): Promise<StoreFacts> {
  const format = await refuseNewer(store);
  await refuseUnfinished(store);
  if (format !== FORMAT_VERSION) {
    await store.write(new Change().set(metaKey("format"), FORMAT_VERSION));
  }
  return {
    epoch: await fact(store, "epoch", () => crypto.randomUUID().slice(0, 4)),
    cursorSecret: await fact(store, "cursorSecret", newToken),
  };
}

/** Reads a text; the first process on a new store makes it. */
async function fact(
  store: Store,
  name: "epoch" | "cursorSecret",
  make: () => string,
): Promise<string> {
  const key = metaKey(name);
  return await retrying(async () => {
    const { value } = await store.get(key);
    if (typeof value === "string") return value;
    const fresh = make();
    const made = await store.commit(
      new Change().check(key, null).set(key, fresh),
    );
    return made === undefined ? undefined : fresh;
  });
}

/** Decides whether somebody is the administrator. */
export interface AdminSecret {
  /** Whether a secret is the right one. */
  accepts(secret: string): boolean;
  /** The secret itself, if it was made just now. */
  readonly fresh: string | undefined;
}

/**
 * The admin secret: the configured one, or one that is made at the first start
 * and stored as a hash.
 */
export async function prepareAdminSecret(
  store: Store,
  configured: string | undefined,
): Promise<AdminSecret> {
  if (configured !== undefined) {
    return { accepts: matcher(hashSecret(configured)), fresh: undefined };
  }
  const key = metaKey("adminSecret");
  return await retrying(async () => {
    const { value } = await store.get(key);
    if (typeof value === "string") {
      return { accepts: matcher(value), fresh: undefined };
    }
    const fresh = newToken().replace(/^scim_/, "scimadmin_");
    const hash = hashSecret(fresh);
    const made = await store.commit(
      new Change().check(key, null).set(key, hash),
    );
    return made === undefined ? undefined : { accepts: matcher(hash), fresh };
  });
}

function matcher(hash: string): (secret: string) => boolean {
  return (secret) => sameHash(hashSecret(secret), hash);
}
