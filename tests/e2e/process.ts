/**
 * Starts the real program for a test, on a free port and a store of its own.
 * @module
 */

/** Says why a test that needs the real program cannot run; undefined when it can. */
export async function missingPermission(): Promise<string | undefined> {
  const needed: Deno.PermissionDescriptor[] = [
    { name: "run" },
    { name: "net" },
    { name: "read" },
    { name: "write" },
    { name: "env" },
  ];
  for (const descriptor of needed) {
    if ((await Deno.permissions.query(descriptor)).state !== "granted") {
      return `needs --allow-${descriptor.name}, as in deno task test`;
    }
  }
  return undefined;
}

const reason = await missingPermission();
if (reason !== undefined) {
  console.log(`tests of the real program are left out: ${reason}`);
}

/** A test of the real program; left out without the permissions to start it. */
export function processTest(
  name: string,
  body: () => Promise<void>,
): void {
  Deno.test({ name, ignore: reason !== undefined, fn: body });
}

/** A port that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** The program, running. */
export interface Running {
  readonly origin: string;
  /** What it has printed so far. */
  output(): string;
  /** Sends a signal and waits for the end. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** How long the program may take until it answers, in milliseconds. */
const START_WITHIN = 60_000;

/**
 * Starts a command in the project's folder and waits until it answers.
 *
 * @throws {Error} with its output when it ends or does not answer in time
 */
export async function start(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Running> {
  const port = freePort();
  const [program = "deno", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: { PORT: String(port), HOST: "127.0.0.1", ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // A process group of its own: npm does not pass signals on to what it runs.
    detached: true,
  }).spawn();
  let output = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
    }
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  let ended = false;
  child.status.then(() => ended = true);
  const origin = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_WITHIN;
  for (;;) {
    if (await answers(`${origin}/readyz`)) break;
    if (ended || Date.now() > deadline) {
      if (!ended) await signalGroup(child.pid, "SIGKILL");
      await collected;
      throw new Error(`The program did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    origin,
    output: () => output,
    async stop(signal = "SIGTERM") {
      await signalGroup(child.pid, signal);
      const status = await child.status;
      await collected;
      return status;
    },
  };
}

/** Runs a command to its end; what it printed is one text. */
export async function run(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly output: string }> {
  const [program = "deno", ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { ...environment },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** The admin secret that a start has printed. */
export function printedSecret(output: string): string | undefined {
  return /scimadmin_[A-Za-z0-9_-]+/.exec(output)?.[0];
}

/** Sends a signal to a process and to all that it has started. */
async function signalGroup(pid: number, signal: Deno.Signal): Promise<void> {
  // "--" matters: without it some versions of kill read -123 as -1, everybody.
  const name = signal.slice("SIG".length);
  await run(["sh", "-c", 'kill -s "$0" -- "-$1"', name, String(pid)], {});
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
