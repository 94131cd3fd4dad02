import { deepStrictEqual, match, throws } from "node:assert/strict";
import { parseOptions, UsageError } from "./options.ts";

const BASE = ["--base", "http://localhost:8000/api/scim/v2"];
const TOKEN = ["--token", "T"];

Deno.test("parseOptions() reads a call with a token", () => {
  deepStrictEqual(parseOptions([...BASE, ...TOKEN, "a.json", "dir"]), {
    base: "http://localhost:8000/api/scim/v2",
    token: "T",
    profile: "compatible",
    strict: false,
    variables: new Map(),
    paths: ["a.json", "dir"],
  });
});

Deno.test("parseOptions() reads a call with the admin API", () => {
  const args = [
    ...BASE,
    ...["--admin", "http://localhost:8000", "--admin-token", "A"],
    ...[
      "--profile",
      "rfc",
      "--strict",
      "--issuer",
      "https://login.example.com",
    ],
    ...["--var", "client_id=x", "--var", "client_secret=a=b", "a.json"],
  ];
  deepStrictEqual(parseOptions(args), {
    base: "http://localhost:8000/api/scim/v2",
    issuer: "https://login.example.com",
    admin: { url: "http://localhost:8000", secret: "A" },
    profile: "rfc",
    strict: true,
    variables: new Map([["client_id", "x"], ["client_secret", "a=b"]]),
    paths: ["a.json"],
  });
});

const MISTAKES: [args: string[], message: RegExp][] = [
  [[...TOKEN, "a.json"], /--base is missing/],
  [["--base", "localhost", ...TOKEN, "a.json"], /not an http or https URL/],
  [["--base", "ftp://x/", ...TOKEN, "a.json"], /not an http or https URL/],
  [["--base", "http://x/?a=1", ...TOKEN, "a.json"], /has a query/],
  [[...BASE, "a.json"], /Neither --token nor --admin/],
  [[...BASE, "--admin", "http://x", "a.json"], /go together/],
  [[...BASE, ...TOKEN, "--admin-token", "A", "a.json"], /go together/],
  [[...BASE, ...TOKEN, "--profile", "x", "a.json"], /--profile/],
  [[...BASE, ...TOKEN, "--var", "x", "a.json"], /--var/],
  [[...BASE, ...TOKEN, "--wrong", "a.json"], /--wrong/],
  [[...BASE, ...TOKEN], /No file/],
];

for (const [args, message] of MISTAKES) {
  Deno.test(`parseOptions() refuses ${args.join(" ")}`, () => {
    throws(() => parseOptions(args), (error: Error) => {
      match(error.message, message);
      return error instanceof UsageError;
    });
  });
}
