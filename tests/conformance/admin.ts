/**
 * Fresh tenants and tokens by the server's admin API.
 * @module
 */

import { z } from "zod";
import type { JsonObject } from "../../domain/json.ts";
import type { Profile } from "./exchange.ts";
import type { Send, WireAnswer, WireRequest } from "./transport.ts";

/** What a token is asked for. */
export interface TokenRequest {
  readonly name: string;
  readonly tenant: string;
  readonly profile?: Profile;
  readonly scopes?: readonly string[];
}

/** A token and the id to revoke it by. */
export interface IssuedToken {
  readonly id: string;
  readonly token: string;
}

/** The part of the admin API that the runner uses. */
export interface AdminApi {
  /** Issues a token that may send requests as fast as the runner does. */
  issue(request: TokenRequest): Promise<IssuedToken>;
  revoke(id: string): Promise<void>;
  /** Asks for a schema that extends User in a tenant; the answer may be a no. */
  extendUser(schema: JsonObject, tenant: string): Promise<{
    readonly request: WireRequest;
    readonly answer: WireAnswer;
  }>;
}

/** The variables of one file, and how to give them back. */
export interface Provision {
  readonly variables: ReadonlyMap<string, string>;
  release(): Promise<void>;
}

/** More requests a second than any file has. */
const MANY_REQUESTS = 1_000_000;

const issuedSchema = z.object({ id: z.string(), token: z.string() });

/**
 * An admin API over HTTP.
 *
 * @param url For example `http://localhost:8000`; `/admin/…` follows it.
 * @param secret The admin secret.
 */
export function createAdminApi(
  send: Send,
  url: string,
  secret: string,
): AdminApi {
  const { origin, pathname } = new URL(url);
  const root = `${pathname.replace(/\/$/, "")}/admin`;
  const endpoint = `${root}/tokens`;
  /** A server without such a setting may refuse it. */
  const raiseRate = async (tenant: string) => {
    await send({
      method: "PATCH",
      origin,
      target: `${root}/tenants/${encodeURIComponent(tenant)}`,
      headers,
      body: JSON.stringify({
        settings: { requestsPerSecond: MANY_REQUESTS },
      }),
    });
  };
  const headers = {
    "Authorization": `Bearer ${secret}`,
    "Content-Type": "application/json",
  };
  return {
    async issue(request) {
      const answer = await send({
        method: "POST",
        origin,
        target: endpoint,
        headers,
        body: JSON.stringify(request),
      });
      if (answer.status !== 201) {
        throw new Error(`Cannot issue a token: status ${answer.status}`);
      }
      await raiseRate(request.tenant);
      return issuedSchema.parse(JSON.parse(answer.body));
    },
    async revoke(id) {
      const target = `${endpoint}/${encodeURIComponent(id)}`;
      const answer = await send({ method: "DELETE", origin, target, headers });
      if (answer.status !== 204) {
        throw new Error(`Cannot revoke a token: status ${answer.status}`);
      }
    },
    async extendUser(schema, tenant) {
      const request: WireRequest = {
        method: "POST",
        origin,
        target: `${root}/schemas`,
        headers,
        body: JSON.stringify({ schema, extends: "User", tenant }),
      };
      return { request, answer: await send(request) };
    },
  };
}

/**
 * Issues the tokens that a file needs: `token` always, the others if wanted.
 *
 * @param wanted The variables that the file mentions.
 * @param request The file's own token; the others derive from it.
 * @param newTenant Names a tenant that was never used.
 */
export async function provision(
  admin: AdminApi,
  wanted: ReadonlySet<string>,
  request: TokenRequest,
  newTenant: () => string,
): Promise<Provision> {
  const ids: string[] = [];
  const variables = new Map<string, string>();
  const issue = async (variable: string, change: Partial<TokenRequest>) => {
    const { id, token } = await admin.issue({ ...request, ...change });
    variables.set(variable, token);
    return id;
  };
  ids.push(await issue("token", {}));
  if (wanted.has("read_token")) {
    ids.push(await issue("read_token", { scopes: ["scim:read"] }));
  }
  if (wanted.has("other_tenant_token")) {
    ids.push(await issue("other_tenant_token", { tenant: newTenant() }));
  }
  if (wanted.has("expired_token")) {
    // No token can be issued expired, but a revoked one is as dead.
    await admin.revoke(await issue("expired_token", {}));
  }
  return {
    variables,
    async release() {
      // A token that stays behind is untidy, but no reason to lose a report.
      await Promise.allSettled(ids.map((id) => admin.revoke(id)));
    },
  };
}
