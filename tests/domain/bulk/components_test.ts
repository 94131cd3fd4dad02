import assert from "node:assert/strict";
import fc from "fast-check";
import { components } from "../../../domain/bulk/components.ts";
import { holds } from "../property.ts";

for (
  const [edges, expected] of [
    [[], []],
    [[[]], [[0]]],
    [[[0]], [[0]]],
    [[[1], []], [[0], [1]]],
    [[[1], [0]], [[0, 1]]],
    [[[2], [], [1]], [[0], [1], [2]]],
    [[[1], [2], [0], [0]], [[0, 1, 2], [3]]],
    [[[1, 2], [0], [3], [2]], [[0, 1], [2, 3]]],
  ]
) {
  Deno.test(`components() of ${JSON.stringify(edges)} are ${JSON.stringify(expected)}`, () => {
    const found = components(edges ?? []);
    assert.deepEqual(
      found.sort(([a = 0], [b = 0]) => a - b),
      expected,
    );
  });
}

/** The nodes that can be reached from a node. */
function reachable(edges: readonly (readonly number[])[], from: number) {
  const found = new Set<number>();
  const left = [...edges[from] ?? []];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    left.push(...edges[node] ?? []);
  }
  return found;
}

Deno.test("components() puts nodes together that reach each other, and no others", () => {
  const graphs = fc.integer({ min: 1, max: 9 }).chain((size) =>
    fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }), {
      minLength: size,
      maxLength: size,
    })
  );
  holds(fc.property(graphs, (edges) => {
    const found = components(edges);
    const reached = edges.map((_, node) => reachable(edges, node));
    for (const [a] of edges.entries()) {
      for (const [b] of edges.entries()) {
        const together = found.some((nodes) =>
          nodes.includes(a) && nodes.includes(b)
        );
        const expected = a === b ||
          (reached[a]?.has(b) === true && reached[b]?.has(a) === true);
        assert.equal(together, expected, `${a} and ${b}`);
      }
    }
  }));
});

Deno.test("components() manages a circle of a thousand nodes", () => {
  const edges = Array.from(
    { length: 1_000 },
    (_, node) => [(node + 1) % 1_000],
  );
  assert.equal(components(edges).length, 1);
});
