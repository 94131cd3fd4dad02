/**
 * Programs that the benchmark starts: the server and the floor.
 * @module
 */

const ROOT = new URL("..", import.meta.url);

/** How long a program may take until it answers, in milliseconds. */
const START_WITHIN = 60_000;

/** How often the memory of a program is looked at, in milliseconds. */
const MEMORY_INTERVAL = 20;

/** A program that answers. */
export interface Program {
  readonly port: number;
  /** How long it took from the start to the first answer, in milliseconds. */
  readonly startedIn: number;
  /** The resident memory now, in bytes; 0 where the system does not tell. */
  memory(): Promise<number>;
  /** The processor time so far, in milliseconds; 0 where the system does not tell. */
  processorTime(): Promise<number>;
  /** Runs something and tells how much the resident memory grew meanwhile. */
  growth<T>(during: () => Promise<T>): Promise<{ result: T; grown: number }>;
  stop(): Promise<void>;
}

/** How a program is started. */
export interface Start {
  readonly module: "main.ts" | "bench/floor.ts";
  readonly environment: Readonly<Record<string, string>>;
  /** A request that it answers with 200 when it is ready. */
  readonly ready: { readonly path: string; readonly token: string };
}

/**
 * Starts a program on a free port and waits until it answers.
 *
 * @throws {Error} with what it has printed when it ends or does not answer
 */
export async function startProgram(
  { module, environment, ready }: Start,
): Promise<Program> {
  const port = freePort();
  const begun = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--unstable-kv", module],
    cwd: ROOT,
    env: { ...environment, PORT: String(port), HOST: "127.0.0.1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let printed = "";
  const collected = (async () => {
    for await (
      const text of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      printed += text;
    }
  })();
  let ended = false;
  const status = child.status.then((result) => {
    ended = true;
    return result;
  });
  while (!await answers(port, ready)) {
    if (!ended && performance.now() - begun < START_WITHIN) {
      await pause(1);
      continue;
    }
    if (!ended) child.kill("SIGKILL");
    await collected;
    throw new Error(`${module} did not start: ${printed}`);
  }
  const startedIn = performance.now() - begun;
  const memory = () => residentMemory(child.pid);
  return {
    port,
    startedIn,
    memory,
    processorTime: () => processorTime(child.pid),
    async growth(during) {
      const before = await memory();
      let most = before;
      const timer = setInterval(async () => {
        most = Math.max(most, await memory());
      }, MEMORY_INTERVAL);
      try {
        const result = await during();
        return { result, grown: Math.max(most, await memory()) - before };
      } finally {
        clearInterval(timer);
      }
    },
    async stop() {
      if (!ended) child.kill("SIGTERM");
      // The floor has nothing to finish and takes the signal's default.
      await status;
      await collected;
    },
  };
}

/** How many bytes a store takes on the disk, with what is not yet in its file. */
export async function storeSize(path: string): Promise<number> {
  const sizes = await Promise.all(["", "-wal", "-shm"].map(async (suffix) => {
    try {
      return (await Deno.stat(path + suffix)).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  }));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Waits. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

async function answers(port: number, ready: Start["ready"]): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${ready.path}`, {
      headers: { Authorization: `Bearer ${ready.token}` },
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function residentMemory(pid: number): Promise<number> {
  try {
    const text = await Deno.readTextFile(`/proc/${pid}/status`);
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

const NANOSECONDS = 1_000_000;

/** The time of all threads, as the scheduler counts it. */
async function processorTime(pid: number): Promise<number> {
  try {
    let sum = 0;
    for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
      const text = await Deno.readTextFile(
        `/proc/${pid}/task/${name}/schedstat`,
      );
      sum += Number(text.split(" ")[0]);
    }
    return sum / NANOSECONDS;
  } catch {
    return 0;
  }
}
