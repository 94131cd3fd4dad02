/**
 * Circles among operations that refer to each other (RFC 7644 section 3.7.1).
 * @module
 */

/**
 * Finds what refers to each other in a circle: the strongly connected components
 * of a graph, by Tarjan's algorithm.
 *
 * @param edges the nodes that each node refers to
 * @returns the nodes of each component, ascending; a node in no circle is alone
 */
export function components(
  edges: readonly (readonly number[])[],
): number[][] {
  const found: number[][] = [];
  const order = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();

  function visit(node: number): number {
    const own = order.size;
    order.set(node, own);
    open.push(node);
    isOpen.add(node);
    let low = own;
    for (const next of edges[node] ?? []) {
      const seen = order.get(next);
      if (seen === undefined) low = Math.min(low, visit(next));
      else if (isOpen.has(next)) low = Math.min(low, seen);
    }
    if (low === own) {
      const component = open.splice(open.lastIndexOf(node));
      for (const member of component) isOpen.delete(member);
      found.push(component.sort((a, b) => a - b));
    }
    return low;
  }

  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}
