import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  type Config,
  ConfigError,
  DEFAULT_KV_PATH,
  readConfig,
  VARIABLES,
} from "../config.ts";

type Environment = Readonly<Record<string, string>>;

function read(environment: Environment, onDeploy = false): Config {
  return readConfig((name) => environment[name], onDeploy);
}

/** The lines of the error that an environment gives. */
function mistakes(environment: Environment): string[] {
  let lines: string[] = [];
  throws(() => read(environment), (error: unknown) => {
    if (!(error instanceof ConfigError)) return false;
    lines = error.message.split("\n");
    return true;
  });
  return lines;
}

Deno.test("readConfig() asks for the seven variables of the documentation and no other", () => {
  const asked: string[] = [];
  readConfig((name) => {
    asked.push(name);
    return undefined;
  }, false);
  deepStrictEqual(asked, [
    "PORT",
    "HOST",
    "KV_PATH",
    "PUBLIC_URL",
    "ADMIN_TOKEN",
    "REQUESTS_PER_SECOND",
    "ANSWER_MEMORY_MB",
  ]);
  deepStrictEqual([...VARIABLES], asked);
});

Deno.test("readConfig() has a default for everything", () => {
  deepStrictEqual(read({}), {
    port: 8000,
    host: "0.0.0.0",
    kvPath: DEFAULT_KV_PATH,
    publicUrl: undefined,
    adminToken: undefined,
    requestsPerSecond: 100,
    answerMemory: 134_217_728,
  });
});

Deno.test("readConfig() names no store on Deno Deploy unless it is told to", () => {
  strictEqual(read({}, true).kvPath, undefined);
  strictEqual(
    read({ KV_PATH: "https://kv.example" }, true).kvPath,
    "https://kv.example",
  );
});

/** Values that are taken, and what becomes of them. */
const TAKEN: readonly (readonly [string, string, Partial<Config>])[] = [
  ["PORT", "0", { port: 0 }],
  ["PORT", "1", { port: 1 }],
  ["PORT", "65535", { port: 65_535 }],
  ["PORT", "08080", { port: 8_080 }],
  ["HOST", "127.0.0.1", { host: "127.0.0.1" }],
  ["HOST", "::", { host: "::" }],
  ["KV_PATH", ":memory:", { kvPath: ":memory:" }],
  ["KV_PATH", "/var/lib/x y.db", { kvPath: "/var/lib/x y.db" }],
  ["PUBLIC_URL", "http://localhost:8000", {
    publicUrl: "http://localhost:8000",
  }],
  ["PUBLIC_URL", "https://id.example.org/", {
    publicUrl: "https://id.example.org",
  }],
  ["PUBLIC_URL", "https://id.example.org/a/b//", {
    publicUrl: "https://id.example.org/a/b",
  }],
  ["PUBLIC_URL", "HTTPS://ID.example.org/A", {
    publicUrl: "https://id.example.org/A",
  }],
  ["PUBLIC_URL", "https://id.example.org/a b", {
    publicUrl: "https://id.example.org/a%20b",
  }],
  ["PUBLIC_URL", "https://id.example.org/scim", {
    publicUrl: "https://id.example.org/scim",
  }],
  ["ADMIN_TOKEN", "!x~", { adminToken: "!x~" }],
  ["REQUESTS_PER_SECOND", "25", { requestsPerSecond: 25 }],
  ["ANSWER_MEMORY_MB", "0", { answerMemory: 0 }],
  ["ANSWER_MEMORY_MB", "1", { answerMemory: 1_048_576 }],
  ["REQUESTS_PER_SECOND", "1000000", { requestsPerSecond: 1_000_000 }],
];

for (const [name, value, expected] of TAKEN) {
  Deno.test(`readConfig() takes ${name}=${value}`, () => {
    const config = read({ [name]: value });
    deepStrictEqual(config, { ...read({}), ...expected });
  });
}

const PORT = "PORT must be a port number, such as 8000";
const URL =
  "PUBLIC_URL must be an http or https URL, such as https://scim.example.com";
const MEMORY = "ANSWER_MEMORY_MB must be a number of MiB from 0 to 65536";
const RATE = "REQUESTS_PER_SECOND must be an integer from 25 to 1000000";
const TOKEN =
  "ADMIN_TOKEN must be made of ASCII letters, digits and signs, without blanks";

/** Values that are refused, and the one line that says so. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ["PORT", "", PORT],
  ["PORT", "eighty", PORT],
  ["PORT", "-1", PORT],
  ["PORT", "8000.5", PORT],
  ["PORT", " 8000", PORT],
  ["PORT", "0x1F40", PORT],
  ["PORT", "123456", PORT],
  ["PORT", "65536", "PORT must be at most 65535"],
  ["HOST", "", "HOST must not be empty"],
  ["KV_PATH", "", "KV_PATH must not be empty"],
  ["PUBLIC_URL", "", URL],
  ["PUBLIC_URL", "scim.example.com", URL],
  ["PUBLIC_URL", "scim.example.com?x", URL],
  ["PUBLIC_URL", "ftp://scim.example.com", URL],
  ["PUBLIC_URL", "javascript:alert(1)", URL],
  ["PUBLIC_URL", "https:scim.example.com", URL],
  ["PUBLIC_URL", "https://", URL],
  ["PUBLIC_URL", "https://x:99999", URL],
  [
    "PUBLIC_URL",
    "https://x/?tenant=a",
    "PUBLIC_URL must have no query and no fragment",
  ],
  [
    "PUBLIC_URL",
    "https://x/#",
    "PUBLIC_URL must have no query and no fragment",
  ],
  [
    "PUBLIC_URL",
    "https://ann:pw@x?q",
    "PUBLIC_URL must have no query and no fragment",
  ],
  [
    "PUBLIC_URL",
    "https://ann:pw@x",
    "PUBLIC_URL must have no user name and no password",
  ],
  [
    "PUBLIC_URL",
    "https://ann@x",
    "PUBLIC_URL must have no user name and no password",
  ],
  [
    "PUBLIC_URL",
    "https://x/scim/v2",
    "PUBLIC_URL must end before the SCIM base path, which the server adds",
  ],
  [
    "PUBLIC_URL",
    "https://x/a/api/SCIM/v2/",
    "PUBLIC_URL must end before the SCIM base path, which the server adds",
  ],
  [
    "ADMIN_TOKEN",
    "",
    "ADMIN_TOKEN must not be empty; leave it unset to have a secret made",
  ],
  ["ADMIN_TOKEN", "two words", TOKEN],
  ["REQUESTS_PER_SECOND", "", RATE],
  ["REQUESTS_PER_SECOND", "24", RATE],
  ["REQUESTS_PER_SECOND", "1000001", RATE],
  ["REQUESTS_PER_SECOND", "30.5", RATE],
  ["REQUESTS_PER_SECOND", "1e3", RATE],
  ["REQUESTS_PER_SECOND", "-100", RATE],
  ["REQUESTS_PER_SECOND", "many", RATE],
  ["ANSWER_MEMORY_MB", "-1", MEMORY],
  ["ANSWER_MEMORY_MB", "65537", MEMORY],
  ["ANSWER_MEMORY_MB", "1.5", MEMORY],
  ["ADMIN_TOKEN", "line\n", TOKEN],
  ["ADMIN_TOKEN", "schlüssel", TOKEN],
  ["ADMIN_TOKEN", "a\u0000", TOKEN],
];

for (const [name, value, line] of REFUSED) {
  const id = line.includes("user name") ? "44-7-1 " : "";
  Deno.test(`${id}readConfig() refuses ${name}=${JSON.stringify(value)} with one line`, () => {
    deepStrictEqual(mistakes({ [name]: value }), [line]);
  });
}

Deno.test("readConfig() says everything that is wrong, a line for each", () => {
  const lines = mistakes({
    PORT: "eighty",
    HOST: "",
    KV_PATH: "",
    PUBLIC_URL: "nope?x",
    ADMIN_TOKEN: "",
    REQUESTS_PER_SECOND: "",
  });
  deepStrictEqual(
    lines.map((line) => line.split(" ")[0]),
    [
      "PORT",
      "HOST",
      "KV_PATH",
      "PUBLIC_URL",
      "ADMIN_TOKEN",
      "REQUESTS_PER_SECOND",
    ],
  );
});

Deno.test("readConfig() never repeats a value", () => {
  const secret = "geheim sesam";
  for (const name of ["PORT", "PUBLIC_URL", "ADMIN_TOKEN"]) {
    const [line = ""] = mistakes({ [name]: secret });
    strictEqual(/geheim|sesam/.test(line), false);
  }
  const [line = ""] = mistakes({ PUBLIC_URL: "https://geheim:sesam@x" });
  strictEqual(/geheim|sesam/.test(line), false);
});
