/**
 * The figures as a table.
 * @module
 */

/** Whether an aim is met, and which it is. */
export interface Aim {
  readonly text: string;
  readonly met: boolean;
}

/** One line of the table. */
export interface Row {
  /** The name of the work, as `--only` takes it. */
  readonly work: string;
  readonly what: string;
  /** How many requests are under way at once. */
  readonly concurrency?: number;
  /** The server's figure, and what it was measured against. */
  readonly server: number;
  readonly against?: number;
  /** `req/s`, `ms`, `MB` and the like. */
  readonly unit: string;
  /** The server's figure by the other one: the median over the runs. */
  readonly ratio?: number;
  /**
   * The ratio from the processor time that each spends on a request (or a start),
   * which other programs on the machine hardly change.
   */
  readonly processorRatio?: number;
  /** Latencies in milliseconds, where the figure is not one itself. */
  readonly p50?: number;
  readonly p99?: number;
  readonly aim?: Aim;
  readonly note?: string;
}

const HEADINGS = [
  "work",
  "at once",
  "server",
  "against",
  "unit",
  "ratio",
  "by CPU",
  "p50 ms",
  "p99 ms",
  "aim",
];

/** The rows as lines of a Markdown table. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0))
  );
  const render = (line: readonly string[]) =>
    `| ${
      line.map((cell, column) =>
        column === 0 || column === HEADINGS.length - 1
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0)
      ).join(" | ")
    } |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  const [head = [], ...body] = lines;
  return [render(head), rule, ...body.map(render)].join("\n");
}

function cells(row: Row): string[] {
  const { aim, note } = row;
  return [
    note === undefined ? row.what : `${row.what} (${note})`,
    row.concurrency === undefined ? "" : String(row.concurrency),
    figure(row.server),
    figure(row.against),
    row.unit,
    row.ratio === undefined ? "" : row.ratio.toFixed(2),
    row.processorRatio === undefined || !isFinite(row.processorRatio)
      ? ""
      : row.processorRatio.toFixed(2),
    figure(row.p50),
    figure(row.p99),
    aim === undefined ? "" : `${aim.met ? "met" : "MISSED"}: ${aim.text}`,
  ];
}

/** A figure with three digits that mean something. */
export function figure(value: number | undefined): string {
  if (value === undefined) return "";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
