/**
 * The benchmark's side of a measuring client.
 * @module
 */

import type { Outcome, Plan } from "./plan.ts";

/** A measuring client, running. It carries out one plan at a time. */
export class Driver {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  constructor() {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-net", new URL("client.ts", import.meta.url).href],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  /** @throws {Error} when the client has ended, with a reason on its error output */
  async run(plan: Plan): Promise<Outcome> {
    await this.#writer.write(
      new TextEncoder().encode(`${JSON.stringify(plan)}\n`),
    );
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("The measuring client has ended");
    return JSON.parse(value);
  }

  async stop(): Promise<void> {
    await this.#writer.close();
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}

async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let rest: string[] = [];
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const [first = "", ...others] = text.split("\n");
    rest.push(first);
    for (const other of others) {
      yield rest.join("");
      rest = [other];
    }
  }
}
