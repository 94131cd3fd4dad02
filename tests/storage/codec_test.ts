import assert from "node:assert/strict";
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

Deno.test("encode() keeps short values readable", () => {
  const bytes = encode({ a: "é" });
  assert.equal(bytes[0], 1);
  assert.equal(new TextDecoder().decode(bytes.subarray(1)), '{"a":"é"}');
});

Deno.test("encode() deflates long values", () => {
  const bytes = encode({ a: "x".repeat(10_000) });
  assert.equal(bytes[0], 2);
  assert.ok(bytes.length < 100);
  assert.deepEqual(decode(bytes), { a: "x".repeat(10_000) });
});

Deno.test("decode() refuses a format that is newer than the program", () => {
  assert.throws(() => decode(new Uint8Array([3, 123, 125])), {
    name: "TypeError",
    message: /its format 3 is newer than this program/,
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
