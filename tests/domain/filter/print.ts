/**
 * Writes filters and PATCH paths.
 * @module
 */

import { printAttributePath } from "../../../domain/path.ts";
import type { Filter, Literal, PatchPath } from "../../../domain/filter/ast.ts";

/** Writes a filter so that parsing it gives the same tree again. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case "comparison": {
      const value = filter.unquoted === true
        ? String(filter.value)
        : printLiteral(filter.value);
      return `${printAttributePath(filter.path)} ${filter.operator} ${value}`;
    }
    case "presence":
      return `${printAttributePath(filter.path)} pr`;
    case "valuePath":
      return `${printAttributePath(filter.path)}[${
        printFilter(filter.filter)
      }]`;
    case "not":
      return `not (${printFilter(filter.operand)})`;
    case "and":
    case "or":
      return filter.operands.map((operand) => {
        const group = operand.kind === filter.kind ||
          (filter.kind === "and" && operand.kind === "or");
        return group ? `(${printFilter(operand)})` : printFilter(operand);
      }).join(` ${filter.kind} `);
  }
}

/** Writes a PATCH path. */
export function printPatchPath(path: PatchPath): string {
  const attribute = printAttributePath(path.attribute);
  if (path.filter === undefined) return attribute;
  const values = `${attribute}[${printFilter(path.filter)}]`;
  return path.subAttribute === undefined
    ? values
    : `${values}.${path.subAttribute}`;
}

/** JSON has no other form for minus zero than the one `JSON.stringify` loses. */
function printLiteral(value: Literal): string {
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}
