/**
 * Opens a store: its format, its epoch, the admin secret.
 * @module
 */

import { Change } from "./change.ts";
import { FORMAT_VERSION } from "./codec.ts";
import { metaKey } from "./keys.ts";
import { hashSecret, newToken, sameHash } from "./secrets.ts";
import type { Store } from "./store.ts";

/** What a store says of itself. */
export interface StoreFacts {
  /** Tells entity tags of this store from those of one restored later. */
  readonly epoch: string;
}

/**
 * Reads what the store says of itself; writes it if the store is new.
 *
 * @throws {Error} when a newer version of the program has written the store
 */
export async function prepareStore(store: Store): Promise<StoreFacts> {
  const [format, epoch] = await store.getMany([
    metaKey("format"),
    metaKey("epoch"),
  ]);
  if (typeof format?.value === "number" && format.value > FORMAT_VERSION) {
    throw new Error(
      `The store has format ${format.value}, and this version of edge-scim ` +
        `reads formats up to ${FORMAT_VERSION}; start the newer version that ` +
        "wrote it",
    );
  }
  if (typeof epoch?.value === "string") return { epoch: epoch.value };
  const fresh = crypto.randomUUID().slice(0, 4);
  await store.commit(
    new Change().check(metaKey("epoch"), null)
      .set(metaKey("epoch"), fresh)
      .set(metaKey("format"), FORMAT_VERSION),
  );
  const { value } = await store.get(metaKey("epoch"));
  return { epoch: String(value) };
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
  const fresh = newToken().replace(/^scim_/, "scimadmin_");
  const key = metaKey("adminSecret");
  const made = await store.commit(
    new Change().check(key, null).set(key, hashSecret(fresh)),
  );
  if (made !== undefined) {
    return { accepts: matcher(hashSecret(fresh)), fresh };
  }
  const { value } = await store.get(key);
  return {
    accepts: matcher(typeof value === "string" ? value : ""),
    fresh: undefined,
  };
}

function matcher(hash: string): (secret: string) => boolean {
  return (secret) => hash !== "" && sameHash(hashSecret(secret), hash);
}
