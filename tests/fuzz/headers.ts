/**
 * Headers that are unusual, wrong or lies.
 * @module
 */

import type { Random } from "./random.ts";
import type { FuzzRequest } from "./request.ts";

const VALUES: Readonly<Record<string, readonly string[]>> = {
  "Content-Type": [
    "application/scim+json; charset=utf-8",
    'application/json;charset="UTF-8"',
    "application/json; charset=latin1",
    "text/plain",
    "",
    ";",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json, application/json",
    "APPLICATION/SCIM+JSON",
  ],
  Accept: ["application/json", "text/html", ";", "*/*;q=0", "", "image/png"],
  "If-Match": ["*", '"x"', 'W/"x", "y"', "", ",", 'W/"', 'W/"a", *', "\\"],
  "If-None-Match": ["*", '"x"', "W/", 'W/"x",,W/"y"', ",,,"],
  "Content-Length": ["0", "5", "-1", "99999999999", "x", "1e9", "0x10"],
  "Content-Encoding": ["gzip", "br"],
  "Transfer-Encoding": ["chunked"],
  Host: ["", "elsewhere.example", "a b", "[", "a:99999"],
  Prefer: ["return=minimal"],
  Origin: ["https://elsewhere.example", "null"],
  Range: ["bytes=0-1", "items=-5"],
  "X-HTTP-Method-Override": ["DELETE"],
  "X-Forwarded-Host": ["elsewhere.example"],
  Authorization: [
    "",
    "Bearer",
    "Bearer ",
    "Basic YTpi",
    "Bearer x y",
    "Bearer \u00e9",
    `Bearer ${"x".repeat(5_000)}`,
    `Bearer scim_${"A".repeat(49)}`,
    "bearer  scim_",
    "Digest username=a",
  ],
};

/** A header or two. */
export function noisyHeaders(
  random: Random,
  { headers }: FuzzRequest,
): Record<string, string> {
  const noise: Record<string, string> = {};
  for (let i = 0; i <= random.int(2); i++) {
    const name = random.weighted<string>([
      [6, random.pick(Object.keys(VALUES))],
      [1, Object.keys(headers)[0] ?? "Accept"],
      [2, "If-Match"],
    ]);
    noise[name] = random.pick(VALUES[name] ?? [""]);
  }
  return noise;
}
