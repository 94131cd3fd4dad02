import { strictEqual } from "node:assert/strict";
import { maskSecrets } from "./mask.ts";

Deno.test("maskSecrets() hides variables that sound like secrets", () => {
  const variables = new Map([
    ["token", "scim_abcdef"],
    ["client_secret", "p&ssw0rd"],
    ["id", "1234-5678"],
  ]);
  strictEqual(
    maskSecrets("/U?t=scim_abcdef&s=p%26ssw0rd p&ssw0rd 1234-5678", variables),
    "/U?t=[token]&s=[client_secret] [client_secret] 1234-5678",
  );
});

Deno.test("maskSecrets() hides members that hold secrets", () => {
  strictEqual(
    maskSecrets(
      '{"access_token": "a\\"b", "token_type":"Bearer","password":"x","id":"1"}',
      new Map(),
    ),
    '{"access_token": "[secret]", "token_type":"Bearer","password":"[secret]","id":"1"}',
  );
});

Deno.test("maskSecrets() leaves words alone that contain a very short value", () => {
  strictEqual(maskSecrets("Total", new Map([["token", "T"]])), "Total");
});
