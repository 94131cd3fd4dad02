/**
 * Bearer tokens: issued, listed, rotated and revoked; found by one read.
 * @module
 */

import { z } from "zod";
import { PROFILE_NAMES, type ProfileName } from "../domain/profile.ts";
import { Change } from "./change.ts";
import { decode, encode } from "./codec.ts";
import { retrying } from "./concurrency.ts";
import { TOKEN_ID_PREFIX, tokenIdKey, tokenKey, tokenUseKey } from "./keys.ts";
import { Recent } from "./recent.ts";
import { numberOf } from "./records.ts";
import { hashSecret, isTokenShaped, newToken } from "./secrets.ts";
import type { MaybeEntry, Store } from "./store.ts";
import { withTenant } from "./tenants.ts";

/** What a token allows. `scim` reads and writes, `scim:read` reads. */
export const SCOPES = ["scim", "scim:read"] as const;

/** What a token allows. */
export type Scope = typeof SCOPES[number];

const tokenRecord = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  profile: z.enum(PROFILE_NAMES),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  /** The user that the token is bound to, who is /Me. */
  userId: z.string().optional(),
});

/** A token without its secret. Times are in ISO 8601. */
export type Token = z.infer<typeof tokenRecord>;

/** A token as the admin API lists it. */
export interface ListedToken extends Token {
  readonly lastUsedAt: string | null;
}

/** A token whose secret is shown this once. */
export interface IssuedToken extends Token {
  readonly token: string;
}

/** What decides about a new token. */
export interface TokenRequest {
  readonly name: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  readonly profile: ProfileName;
  readonly expiresAt: string | null;
  readonly userId?: string | undefined;
}

/** A live secret of a token; `validUntil` is set by a rotation. */
const secretEntry = tokenRecord.extend({ validUntil: z.string().optional() });

const tokenIndex = tokenRecord.extend({
  secrets: z.array(
    z.object({ hash: z.string(), validUntil: z.string().optional() }),
  ),
});

type TokenIndex = z.infer<typeof tokenIndex>;

/** How often the last use of a token is written, in milliseconds. */
const USE_INTERVAL = 60_000;

/** Of how many tokens it is remembered, in each of two generations. */
const MAX_NOTED = 10_000;

/** How many secrets are remembered to be well shaped. */
const MAX_SHAPED = 1_000;

/** How many secrets of a token live at once; rotations end the oldest beyond that. */
const MAX_SECRETS = 10;

/** Keeps tokens. A revoked token is dead for the next request. */
export class TokenRepository {
  readonly #store: Store;
  readonly #clock: () => Date;
  readonly #newId: () => string;
  readonly #noted = new Recent<number>(MAX_NOTED);
  /** Hashes of secrets whose checksum is right. */
  readonly #shaped = new Recent<true>(MAX_SHAPED);
  readonly #decoded = new WeakMap<MaybeEntry, Token>();

  constructor(store: Store, clock: () => Date, newId: () => string) {
    this.#store = store;
    this.#clock = clock;
    this.#newId = newId;
  }

  /**
   * Issues a token; the tenant is made if it does not exist.
   *
   * @throws {ScimError} 409 while the tenant is being deleted
   */
  async issue(request: TokenRequest): Promise<IssuedToken> {
    const secret = newToken();
    const token: Token = {
      id: this.#newId(),
      name: request.name,
      tenant: request.tenant,
      scopes: [...request.scopes],
      profile: request.profile,
      createdAt: this.#clock().toISOString(),
      expiresAt: request.expiresAt,
      ...(request.userId === undefined ? {} : { userId: request.userId }),
    };
    const hash = hashSecret(secret);
    await retrying(async () => {
      const change = new Change().check(tokenKey(hash), null)
        .set(tokenKey(hash), encode(token))
        .set(tokenIdKey(token.id), encode({ ...token, secrets: [{ hash }] }));
      await withTenant(change, this.#store, token.tenant, this.#clock());
      return await this.#store.commit(change);
    });
    return { ...token, token: secret };
  }

  /**
   * Finds the token that a secret belongs to. A text without the right checksum
   * is refused without a look into the store.
   *
   * @returns undefined when there is none, or it is expired; `expiresAt` is the end
   * of the secret, be it that of the token or of its grace time
   */
  async find(secret: string): Promise<Token | undefined> {
    const hash = hashSecret(secret);
    if (!this.#shaped.has(hash)) {
      if (!isTokenShaped(secret)) return undefined;
      this.#shaped.set(hash, true);
    }
    const entry = await this.#store.getOften(tokenKey(hash));
    if (entry.versionstamp === null) return undefined;
    const token = this.#read(entry);
    return this.use(token) ? token : undefined;
  }

  /**
   * Notes the use of a token that was found.
   *
   * @returns false when it has expired since
   */
  use({ id, expiresAt }: Token): boolean {
    const now = this.#clock();
    if (expiresAt !== null && expiresAt <= now.toISOString()) return false;
    this.#noteUse(id, now.getTime());
    return true;
  }

  /**
   * Whether a token that was found is still there. Who asks this after a look at
   * its tenant has seen the tenant that the token belongs to, and not another one
   * that has got the name since: the tokens of a tenant go before it.
   */
  async isLive({ id }: Token): Promise<boolean> {
    const { versionstamp } = await this.#store.getOften(tokenIdKey(id));
    return versionstamp !== null;
  }

  /** Reads an entry once, as long as the store keeps it. */
  #read(entry: MaybeEntry): Token {
    const known = this.#decoded.get(entry);
    if (known !== undefined) return known;
    const { validUntil, ...token } = secretEntry.parse(decode(entry.value));
    const ends = [token.expiresAt, validUntil ?? null]
      .filter((end) => end !== null).sort();
    const found = { ...token, expiresAt: ends[0] ?? null };
    this.#decoded.set(entry, found);
    return found;
  }

  /** All tokens, the newest first. */
  async list(): Promise<ListedToken[]> {
    const entries = await this.#store.listAll({ prefix: TOKEN_ID_PREFIX });
    const tokens = entries.map((entry) =>
      tokenIndex.parse(decode(entry.value))
    );
    const uses = await this.#store.getMany(
      tokens.map(({ id }) => tokenUseKey(id)),
    );
    return tokens.map(({ secrets: _, ...token }, index) => ({
      ...token,
      lastUsedAt: timeOf(uses[index]),
    })).sort((a, b) => a.createdAt < b.createdAt ? 1 : -1);
  }

  /** Revokes a token with all its secrets; false when there is none. */
  async revoke(id: string): Promise<boolean> {
    return await retrying(async () => {
      const entry = await this.#store.get(tokenIdKey(id));
      if (entry.versionstamp === null) return false;
      const change = addRevocation(new Change(), entry);
      return await this.#store.commit(change) === undefined ? undefined : true;
    });
  }

  /**
   * Gives a token a new secret. The present ones stay valid for a while.
   *
   * @param graceHours how long; 0 ends them at once
   * @returns undefined when there is no such token
   */
  async rotate(
    id: string,
    graceHours: number,
  ): Promise<IssuedToken | undefined> {
    const result = await retrying(async () => {
      const found = await this.#index(id);
      if (found === undefined) return null;
      const { secrets, ...token } = found.index;
      const now = this.#clock();
      const end = new Date(now.getTime() + graceHours * 3_600_000)
        .toISOString();
      const secret = newToken();
      const hash = hashSecret(secret);
      const change = new Change().check(tokenIdKey(id), found.versionstamp);
      const kept: TokenIndex["secrets"] = [];
      for (const [index, old] of secrets.entries()) {
        const validUntil = old.validUntil !== undefined && old.validUntil < end
          ? old.validUntil
          : end;
        const excess = secrets.length - index >= MAX_SECRETS;
        if (excess || validUntil <= now.toISOString()) {
          change.delete(tokenKey(old.hash));
        } else {
          kept.push({ hash: old.hash, validUntil });
          change.set(tokenKey(old.hash), encode({ ...token, validUntil }));
        }
      }
      change.set(tokenKey(hash), encode(token))
        .set(
          tokenIdKey(id),
          encode({ ...token, secrets: [...kept, { hash }] }),
        );
      return await this.#store.commit(change) === undefined
        ? undefined
        : { ...token, token: secret };
    });
    return result ?? undefined;
  }

  async #index(
    id: string,
  ): Promise<{ index: TokenIndex; versionstamp: string } | undefined> {
    const { value, versionstamp } = await this.#store.get(tokenIdKey(id));
    return versionstamp === null
      ? undefined
      : { index: tokenIndex.parse(decode(value)), versionstamp };
  }

  /** Writes the time of use now and then, behind the request. */
  #noteUse(id: string, now: number): void {
    const before = this.#noted.get(id);
    if (before !== undefined && now - before < USE_INTERVAL) return;
    this.#noted.set(id, now);
    // Losing a note is harmless; a failing store shows in the request itself.
    this.#writeUse(id, now).catch(() => {});
  }

  async #writeUse(id: string, time: number): Promise<void> {
    const { versionstamp } = await this.#store.get(tokenIdKey(id));
    if (versionstamp === null) return;
    await this.#store.commit(
      new Change().check(tokenIdKey(id), versionstamp)
        .max(tokenUseKey(id), time),
    );
  }
}

/** The tenant of a token, by its entry among the tokens by id. */
export function tenantOfToken({ value }: Pick<MaybeEntry, "value">): string {
  return tokenIndex.parse(decode(value)).tenant;
}

/** Adds the end of a token, found by its id, to a commit that fails if it changes. */
export function addRevocation(
  change: Change,
  { key, value, versionstamp }: MaybeEntry,
): Change {
  const { id, secrets } = tokenIndex.parse(decode(value));
  change.check(key, versionstamp).delete(key).delete(tokenUseKey(id));
  for (const { hash } of secrets) change.delete(tokenKey(hash));
  return change;
}

function timeOf(entry: MaybeEntry | undefined): string | null {
  const time = Number(numberOf(entry));
  return time === 0 ? null : new Date(time).toISOString();
}
