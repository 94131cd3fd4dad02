import assert from "node:assert/strict";
import {
  hashSecret,
  isTokenShaped,
  newToken,
  sameHash,
} from "../../storage/secrets.ts";

Deno.test("newToken() makes tokens that secret scanners recognise", () => {
  assert.match(newToken(), /^scim_[A-Za-z0-9_-]{49}$/);
  assert.notEqual(newToken(), newToken());
});

Deno.test("isTokenShaped() accepts what newToken() makes", () => {
  for (let i = 0; i < 100; i++) assert.ok(isTokenShaped(newToken()));
});

Deno.test("isTokenShaped() refuses a token with any one character changed", () => {
  const token = newToken();
  for (let i = 0; i < token.length; i++) {
    const other = token[i] === "A" ? "B" : "A";
    const changed = token.slice(0, i) + other + token.slice(i + 1);
    assert.ok(!isTokenShaped(changed), changed);
  }
});

Deno.test("isTokenShaped() refuses anything around a token", () => {
  const token = newToken();
  for (const text of [` ${token}`, `${token}\n`, `${token}A`, ""]) {
    assert.ok(!isTokenShaped(text));
  }
});

Deno.test("sameHash() compares whole hashes", () => {
  assert.ok(sameHash(hashSecret("a"), hashSecret("a")));
  assert.ok(!sameHash(hashSecret("a"), hashSecret("b")));
  assert.ok(!sameHash(hashSecret("a"), ""));
});
