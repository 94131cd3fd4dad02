/**
 * The real server as a process that can be killed at any moment.
 * @module
 */

import { freePort } from "../e2e/process.ts";

const ROOT = new URL("../../", import.meta.url);

/** The admin secret of the servers here. */
export const ADMIN_SECRET = "the-admin-secret-of-the-crash-tests";

/** How long a server may take until it answers, in milliseconds. */
const START_WITHIN = 60_000;

/** How much of its output is kept, in UTF-16 units. */
const MAX_OUTPUT = 100_000;

/** The processes that have not ended. */
const children = new Set<Deno.ChildProcess>();

/** Ends all servers at once, when the tests themselves are told to end. */
export function killServers(): void {
  for (const child of children) child.kill("SIGKILL");
}

/** A server that was started, and may still be on its way. */
export class Server {
  readonly origin: string;
  readonly #child: Deno.ChildProcess;
  readonly #collected: Promise<unknown>;
  #output = "";
  #ended = false;

  private constructor(port: number, child: Deno.ChildProcess) {
    this.origin = `http://127.0.0.1:${port}`;
    this.#child = child;
    this.#collected = Promise.all([
      this.#collect(child.stdout),
      this.#collect(child.stderr),
    ]);
    children.add(child);
    child.status.then(() => {
      children.delete(child);
      this.#ended = true;
    });
  }

  /** Starts a server on a store; does not wait until it answers. */
  static spawn(kvPath: string): Server {
    const port = freePort();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-kv", "main.ts"],
      cwd: ROOT,
      env: {
        PORT: String(port),
        HOST: "127.0.0.1",
        KV_PATH: kvPath,
        ADMIN_TOKEN: ADMIN_SECRET,
        REQUESTS_PER_SECOND: "1000000",
        DENO_NO_UPDATE_CHECK: "1",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new Server(port, child);
  }

  /** Starts a server on a store and waits until it answers. */
  static async start(kvPath: string): Promise<Server> {
    const server = Server.spawn(kvPath);
    await server.ready();
    return server;
  }

  /** What the server has printed so far. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits until the server answers.
   *
   * @throws {Error} with its output when it ends or does not answer in time
   */
  async ready(): Promise<void> {
    const deadline = Date.now() + START_WITHIN;
    while (!await this.#answers()) {
      if (this.#ended || Date.now() > deadline) {
        await this.end("SIGKILL");
        throw new Error(`The server did not start:\n${this.#output}`);
      }
      await pause(20);
    }
  }

  /** Sends a signal and waits for the end of the process. */
  async end(signal: Deno.Signal): Promise<Deno.CommandStatus> {
    if (!this.#ended) {
      try {
        this.#child.kill(signal);
      } catch (error) {
        // It was faster.
        if (!(error instanceof TypeError)) throw error;
      }
    }
    const status = await this.#child.status;
    await this.#collected;
    return status;
  }

  /** Waits for the end of a process that ends by itself. */
  async ended(): Promise<Deno.CommandStatus> {
    const status = await this.#child.status;
    await this.#collected;
    return status;
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`${this.origin}/readyz`);
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text).slice(-MAX_OUTPUT);
    }
  }
}

/** What a server says of its own failures. */
export function failuresIn(output: string): string[] {
  return output.split("\n").filter((line) =>
    /"internal error"|"job failed"|"jobs failed"|"unknown job"|panicked|Uncaught/
      .test(line)
  ).map((line) => `the server says: ${line.slice(0, 600)}`);
}

/** Waits. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
