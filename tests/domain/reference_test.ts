import assert from "node:assert/strict";
import { referenceTarget } from "../../domain/reference.ts";

for (
  const uri of [
    "Users/a1",
    "/Users/a1",
    "/v2/Users/a1",
    "../Users/a1",
    "https://example.com/Users/a1",
    "HTTPS://EXAMPLE.COM:443/scim/v2/Users/a1",
    "https://example.com/v2/Users/a1/",
    "https://example.com/v2//Users/./a1",
    "https://example.com/v2/Users/b/../a1",
    "https://example.com/v2/Groups/b/../../Users/a1",
    "https://example.com/v2/%55sers/%61%31",
    "https://example.com/v2/Users/a1?attributes=id#top",
  ]
) {
  Deno.test(`referenceTarget() finds Users/a1 at the end of ${uri}`, () => {
    assert.equal(referenceTarget(uri), "Users/a1");
  });
}

for (
  const [uri, target] of [
    ["https://example.com/v2/users/a1", "users/a1"],
    ["https://example.com/v2/Users/A1", "Users/A1"],
    ["https://example.com/v2/Groups/a1", "Groups/a1"],
    ["https://example.com/v2/Users/a%2f1", "Users/a%2F1"],
    ["https://example.com/v2/Users/a%", "Users/a%"],
    ["a1", "a1"],
    ["../..", ""],
    ["", ""],
  ] as const
) {
  Deno.test(`referenceTarget() of "${uri}" is "${target}"`, () => {
    assert.equal(referenceTarget(uri), target);
  });
}
