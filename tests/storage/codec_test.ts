import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { decode, encode, fits, MAX_VALUE_SIZE } from "../../storage/codec.ts";
import { noise } from "./fixture.ts";

Deno.test("decode() gives back what encode() took", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const sent: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(decode(encode(sent)), sent);
    }),
  );
});

Deno.test("encode() writes names in one or two bytes, and the rest as it is", () => {
  const bytes = encode({ userName: "é", costCenter: "7" });
  assert.equal(
    new TextDecoder().decode(bytes),
    '\u0003{\u0004é",\u001f07"}',
  );
  assert.deepEqual(decode(bytes), { userName: "é", costCenter: "7" });
});

Deno.test("decode() gives back texts that look like phrases and codes", () => {
  const value = {
    a: '"userName":"',
    b: "\u0004\u001f0\u001f",
    userName: '{"path":"x"}',
    c: ["active", { active: true, primary: false }],
  };
  assert.deepEqual(decode(encode(value)), value);
});

Deno.test("decode() reads what the first format wrote", () => {
  const plain = new TextEncoder().encode('\u0001{"userName":"ann"}');
  assert.deepEqual(decode(plain), { userName: "ann" });
});

Deno.test("decode() refuses phrases that it does not know", () => {
  const unknown = new TextEncoder().encode('\u0003{"a":"\u001fz"}');
  assert.throws(() => decode(unknown), /unknown phrase/);
});

Deno.test("the record of a usual user takes no more bytes than deflated", () => {
  const user = {
    c: "2026-11-24T04:30:05.169Z",
    a: {
      userName: "user4945@example.com",
      externalId: "ede4f59b-c340-f52c-f445-5fd8a696730f",
      active: true,
      displayName: "Greta Yngve",
      name: { formatted: "Greta Yngve", givenName: "Greta" },
      emails: [{ type: "work", value: "user4945@example.com", primary: true }],
    },
  };
  const deflated = deflateRawSync(JSON.stringify(user)).length;
  assert.ok(encode(user).length <= deflated + 1);
});

Deno.test("encode() deflates long values", () => {
  const bytes = encode({ a: "x".repeat(10_000) });
  assert.equal(bytes[0], 2);
  assert.ok(bytes.length < 100);
  assert.deepEqual(decode(bytes), { a: "x".repeat(10_000) });
});

Deno.test("decode() refuses a format that is newer than the program", () => {
  assert.throws(() => decode(new Uint8Array([4, 123, 125])), {
    name: "TypeError",
    message: /its format 4 is newer than this program/,
  });
});

Deno.test("decode() refuses what is not bytes", () => {
  assert.throws(() => decode("{}"), { name: "TypeError" });
});

Deno.test("fits() says yes to nothing that the store refuses", async () => {
  using kv = await Deno.openKv(":memory:");
  for (let size = MAX_VALUE_SIZE - 80; size <= MAX_VALUE_SIZE; size++) {
    const bytes = new Uint8Array(size);
    if (fits(bytes)) await kv.set(["k"], bytes);
  }
});

Deno.test("fits() says no to values above 64 KiB", () => {
  assert.ok(!fits(encode(noise(80_000))));
});
