import { strictEqual } from "node:assert/strict";
import { Recent } from "../../storage/recent.ts";

Deno.test("A value that was asked for stays while others come", () => {
  const recent = new Recent<number>(3);
  recent.set("a", 1);
  for (let i = 0; i < 100; i++) {
    recent.set(`other ${i}`, i);
    strictEqual(recent.get("a"), 1);
  }
});

Deno.test("A value that nobody asks for is forgotten, and not before it must", () => {
  const recent = new Recent<number>(3);
  recent.set("a", 1);
  for (let i = 0; i < 3; i++) recent.set(`other ${i}`, i);
  strictEqual(recent.has("a"), true);
  for (let i = 3; i < 6; i++) recent.set(`other ${i}`, i);
  strictEqual(recent.has("a"), false);
});

Deno.test("Two generations never weigh more than both may", () => {
  const recent = new Recent<number>(10, (value) => value);
  const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
  for (const [i, name] of names.entries()) {
    recent.set(name, i % 7 + 1);
    const weight = names.filter((each) => recent.has(each))
      .reduce((sum, each) => sum + names.indexOf(each) % 7 + 1, 0);
    strictEqual(weight <= 20, true, `${weight} behind ${name}`);
  }
});

Deno.test("A value that weighs more than a generation is not kept, and ends the one before", () => {
  const recent = new Recent<number>(10, (value) => value);
  recent.set("a", 5);
  recent.set("a", 11);
  strictEqual(recent.get("a"), undefined);
});

Deno.test("A value that is set anew weighs once", () => {
  const recent = new Recent<number>(10, (value) => value);
  recent.set("b", 4);
  for (let i = 0; i < 20; i++) recent.set("a", 6);
  strictEqual(recent.has("b"), true);
  recent.delete("a");
  recent.set("c", 6);
  strictEqual(recent.has("b"), true);
  strictEqual(recent.has("a"), false);
});
