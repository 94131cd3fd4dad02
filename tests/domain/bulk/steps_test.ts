import assert from "node:assert/strict";
import type { BulkOperation } from "../../../domain/bulk/message.ts";
import { creatorsIn, stepsOf } from "../../../domain/bulk/steps.ts";

function operation(method: string, bulkId?: string): BulkOperation {
  return {
    method,
    bulkId,
    path: "/Users",
    version: undefined,
    data: undefined,
    problem: undefined,
  };
}

/** The steps of creations with the bulkIds 0, 1, … */
function steps(...references: string[][]) {
  return stepsOf(
    references.map((bulkIds) => new Set(bulkIds)),
    new Map(references.map((_, index) => [String(index), index])),
  );
}

Deno.test("creatorsIn() finds creations only, and the first of those with one bulkId", () => {
  const operations = [
    operation("PUT", "a"),
    operation("POST", "a"),
    operation("POST"),
    operation("POST", "a"),
    operation("POST", "b"),
  ];
  assert.deepEqual([...creatorsIn(operations)], [["a", 1], ["b", 4]]);
});

Deno.test("stepsOf() makes a step of each operation that is in no circle", () => {
  const [first, second] = steps(["1"], []);
  assert.deepEqual(first?.indexes, [0]);
  assert.equal(first?.isCircle, false);
  assert.deepEqual([...first?.needs ?? []], [second]);
  assert.deepEqual([...second?.needs ?? []], []);
});

Deno.test("44-3.7-18 stepsOf() puts a circle into one step, which needs what any of it refers to", () => {
  const [a, b, c, d] = steps(["2"], [], ["0", "1"], ["2"]);
  assert.equal(a, c);
  assert.deepEqual(a?.indexes, [0, 2]);
  assert.equal(a?.isCircle, true);
  assert.deepEqual([...a?.needs ?? []], [b]);
  assert.deepEqual([...d?.needs ?? []], [a]);
});

Deno.test("44-3.7-18 An operation that refers to itself is a circle", () => {
  const [step] = steps(["0"]);
  assert.equal(step?.isCircle, true);
  assert.deepEqual([...step?.needs ?? []], []);
});
