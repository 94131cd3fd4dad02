/**
 * The command line.
 * @module
 */

import { parseArgs } from "node:util";
import { parseProfile, type Profile } from "./exchange.ts";

/** What the caller asked for. */
export interface Options {
  readonly base: string;
  readonly issuer?: string;
  readonly token?: string;
  /** Given if each file is to get a tenant of its own. */
  readonly admin?: { readonly url: string; readonly secret: string };
  readonly profile: Profile;
  readonly strict: boolean;
  readonly variables: ReadonlyMap<string, string>;
  /** Files and directories, at least one. */
  readonly paths: readonly string[];
}

/** How to call the program. */
export const USAGE = `Usage: deno task conformance --base URL [options] FILE…

  --base URL           SCIM base URL, such as http://localhost:8000/api/scim/v2
  --token T            a bearer token of an empty tenant
  --admin URL          origin of the admin API: each file gets a fresh tenant
  --admin-token A      the admin secret, with --admin
  --issuer URL         OAuth server, for exchanges that ask for tokens
  --profile P          compatible (default) or rfc: the tokens' profile where
                       a file does not say
  --var NAME=VALUE     a variable of the exchanges; may be repeated
  --strict             failures of level "may" count too
  FILE                 files of exchanges or vectors, or directories of them

Needs --token, or --admin and --admin-token.`;

/** A mistake on the command line. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Parses command line arguments.
 *
 * @throws {UsageError} If an argument is missing, unknown or malformed.
 */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const { base, issuer, token, admin, profile: name = "compatible" } = values;
  const secret = values["admin-token"];

  if (base === undefined) throw new UsageError("--base is missing");
  for (const [flag, url] of Object.entries({ base, issuer, admin })) {
    if (url !== undefined) requireUrl(`--${flag}`, url);
  }
  if ((admin === undefined) !== (secret === undefined)) {
    throw new UsageError("--admin and --admin-token go together");
  }
  if (admin === undefined && token === undefined) {
    throw new UsageError("Neither --token nor --admin is given");
  }
  const profile = parseProfile(name);
  if (profile === undefined) {
    throw new UsageError(`--profile is neither compatible nor rfc: ${name}`);
  }
  if (positionals.length === 0) throw new UsageError("No file is given");
  return {
    base,
    ...issuer === undefined ? {} : { issuer },
    ...token === undefined ? {} : { token },
    ...admin === undefined || secret === undefined
      ? {}
      : { admin: { url: admin, secret } },
    profile,
    strict: values.strict ?? false,
    variables: new Map((values.var ?? []).map(parseVariable)),
    paths: positionals,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "base": { type: "string" },
        "token": { type: "string" },
        "admin": { type: "string" },
        "admin-token": { type: "string" },
        "issuer": { type: "string" },
        "profile": { type: "string" },
        "var": { type: "string", multiple: true },
        "strict": { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : `${error}`);
  }
}

function requireUrl(flag: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${flag} is not an http or https URL: ${text}`);
  }
  // The path of an exchange is appended, and brings its own query.
  if (url.search !== "" || url.hash !== "") {
    throw new UsageError(`${flag} has a query or a fragment: ${text}`);
  }
}

function parseVariable(text: string): [string, string] {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError("--var is not of the form name=value");
  }
  return [name, value];
}
