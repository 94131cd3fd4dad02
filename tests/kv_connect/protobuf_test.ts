import assert from "node:assert/strict";
import { fieldsOf, Message, MessageError } from "./protobuf.ts";

Deno.test("fieldsOf() reads what a message was made of", () => {
  const numbers = [0, 1, 127, 128, 300, 65_536, 2 ** 31, 2 ** 40 + 5];
  const message = new Message();
  for (const number of numbers) message.number(3, number);
  message.bytes(20, Uint8Array.of(1, 2, 3)).bytes(1, new Uint8Array(300));
  const fields = [...fieldsOf(message.encode())];
  assert.deepEqual(
    fields.slice(0, numbers.length),
    numbers.map((value) => ({
      number: 3,
      kind: "number",
      value: BigInt(value),
    })),
  );
  assert.deepEqual(
    fields.slice(numbers.length).map(({ number, value }) => [
      number,
      value instanceof Uint8Array ? value.length : undefined,
    ]),
    [[20, 3], [1, 300]],
  );
});

Deno.test("a message in a message is its bytes", () => {
  const inner = new Message().number(1, 5);
  const [field] = [...fieldsOf(new Message().message(2, inner).encode())];
  assert.ok(field?.kind === "bytes");
  assert.deepEqual([...field.value], [...inner.encode()]);
});

Deno.test("fieldsOf() reads a negative number as 64 bits", () => {
  const minusOne = [8, ...new Array<number>(9).fill(0xff), 1];
  const [field] = [...fieldsOf(Uint8Array.from(minusOne))];
  assert.deepEqual(field, { number: 1, kind: "number", value: 2n ** 64n - 1n });
});

for (
  const [name, bytes] of [
    ["a number that is cut off", [8, 0x80]],
    ["bytes that are cut off", [18, 5, 1, 2]],
    ["a kind of field that is not used", [13, 0, 0, 0, 0]],
    ["a number without an end", new Array<number>(12).fill(0xff)],
  ] as const
) {
  Deno.test(`fieldsOf() refuses ${name}`, () => {
    assert.throws(() => [...fieldsOf(Uint8Array.from(bytes))], MessageError);
  });
}
