/**
 * The configuration from the environment.
 * @module
 */

import { z } from "zod";
import {
  DEFAULT_REQUESTS_PER_SECOND,
  requestsPerSecond,
} from "./storage/tenant_settings.ts";

/** Where the store is when nothing else is said. */
export const DEFAULT_KV_PATH = "./data/scim.db";

const nonEmpty = z.string().min(1, "must not be empty");

/** The most memory that answers can be given, in MiB. */
const MOST_MEMORY = 65_536;

const MEMORY_RULE = `must be a number of MiB from 0 to ${MOST_MEMORY}`;

const environment = z.object({
  PORT: z.string().regex(/^\d{1,5}$/, "must be a port number, such as 8000")
    .transform(Number)
    .refine((port) => port <= 65_535, "must be at most 65535")
    .default(8000),
  HOST: nonEmpty.default("0.0.0.0"),
  KV_PATH: nonEmpty.optional(),
  PUBLIC_URL: z.url({
    protocol: /^https?$/,
    error: "must be an http or https URL, such as https://scim.example.com",
    abort: true,
  }).refine((url) => !/[?#]/.test(url), {
    error: "must have no query and no fragment",
    abort: true,
  }).transform((url) => new URL(url))
    .refine(({ username, password }) => username === "" && password === "", {
      error: "must have no user name and no password",
      abort: true,
    })
    .refine(({ pathname }) => !/\/scim\/v2\/*$/i.test(pathname), {
      error: "must end before the SCIM base path, which the server adds",
    })
    .transform(({ href }) => href.replace(/\/+$/, "")).optional(),
  ADMIN_TOKEN: z.string()
    .min(1, {
      error: "must not be empty; leave it unset to have a secret made",
      abort: true,
    })
    .regex(
      /^[!-~]+$/,
      "must be made of ASCII letters, digits and signs, without blanks",
    ).optional(),
  REQUESTS_PER_SECOND: z.string()
    .transform((text) => /^\d+$/.test(text) ? Number(text) : NaN)
    .pipe(requestsPerSecond).default(DEFAULT_REQUESTS_PER_SECOND),
  ANSWER_MEMORY_MB: z.string().regex(/^\d{1,5}$/, MEMORY_RULE)
    .transform(Number).refine((size) => size <= MOST_MEMORY, MEMORY_RULE)
    .default(128),
});

/** The configuration of the server. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** A file, or the URL of a KV Connect server; undefined on Deno Deploy. */
  readonly kvPath: string | undefined;
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined;
  readonly adminToken: string | undefined;
  /** How many requests a second a token may send where its tenant has not decided. */
  readonly requestsPerSecond: number;
  /** How much memory kept answers may take, in bytes. */
  readonly answerMemory: number;
}

/** The names of the environment variables that are read. */
export const VARIABLES = Object.keys(environment.shape);

/** A configuration that cannot be used. One line for each mistake. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the configuration.
 *
 * @param get reads an environment variable
 * @param onDeploy whether the platform provides the store
 * @throws {ConfigError} with a line for each wrong value; values are not shown
 */
export function readConfig(
  get: (name: string) => string | undefined,
  onDeploy: boolean,
): Config {
  const result = environment.safeParse(
    Object.fromEntries(VARIABLES.map((name) => [name, get(name)])),
  );
  if (!result.success) {
    throw new ConfigError(
      result.error.issues.map((issue) =>
        `${issue.path.join(".")} ${issue.message}`
      ).join("\n"),
    );
  }
  const {
    PORT,
    HOST,
    KV_PATH,
    PUBLIC_URL,
    ADMIN_TOKEN,
    REQUESTS_PER_SECOND,
    ANSWER_MEMORY_MB,
  } = result.data;
  return {
    port: PORT,
    host: HOST,
    kvPath: KV_PATH ?? (onDeploy ? undefined : DEFAULT_KV_PATH),
    publicUrl: PUBLIC_URL,
    adminToken: ADMIN_TOKEN,
    requestsPerSecond: REQUESTS_PER_SECOND,
    answerMemory: ANSWER_MEMORY_MB * 1_048_576,
  };
}
