import { equal, notEqual, ok } from "node:assert/strict";
import { USER_SCHEMA } from "./attributes.ts";
import { compare } from "./compare.ts";
import { ConformingClient } from "./conforming.ts";
import { Directory, type DirectoryOptions } from "./directory.ts";
import { EntraClient } from "./entra.ts";
import { type Client, type Expectation, together } from "./expectation.ts";
import { OktaClient } from "./okta.ts";
import { Random } from "./random.ts";
import { Reader } from "./reader.ts";
import { TestServer } from "./server.ts";
import { slowKv } from "./slow_kv.ts";
import { objectOf, type Send, Wire } from "./wire.ts";
import { swapCase } from "./values.ts";

const PEOPLE = 60;
const GROUPS = 12;
const CYCLES = 6;
/** Random changes of a directory between two cycles. */
const CHANGES = 60;
/** How many resources of each kind every filter is tried with. */
const SAMPLES = 6;

interface Check {
  readonly send: Send;
  readonly random: Random;
  readonly compatible?: boolean;
  /** What somebody else has put on the server. */
  readonly others?: readonly Expectation[];
}

/** Compares a tenant and throws with all that a search for the cause needs. */
async function check(
  clients: readonly Client[],
  { send, random, compatible = true, others = [] }: Check,
): Promise<void> {
  const expected = together([
    ...clients.map((client) => client.expectation()),
    ...others,
  ]);
  const differences = await compare({
    send,
    random,
    expected,
    compatible,
    samples: SAMPLES,
  });
  const [first] = differences;
  if (first === undefined) return;
  throw new Error(
    `${differences.length} differences:\n` +
      differences.slice(0, 20).map(({ text }) => `  ${text}`).join("\n") +
      "\nRequests about the first:\n" +
      clients.map((client) => client.history(first.id || "/none")).join(""),
  );
}

/** Runs a simulation; an error tells the seed and the cycle. */
async function simulate(
  seed: number,
  run: (server: TestServer, inCycle: (cycle: number) => void) => Promise<void>,
  store?: (kv: Deno.Kv) => Deno.Kv,
): Promise<void> {
  await using server = await TestServer.start(store);
  let current = 0;
  try {
    await run(server, (cycle) => current = cycle);
    equal(server.reports.join("\n"), "");
  } catch (error) {
    throw new Error(`Seed ${seed}, cycle ${current}`, { cause: error });
  }
}

function directoryOf(
  seed: number,
  domain: string,
  options: Partial<DirectoryOptions> = {},
): Directory {
  return new Directory({
    seed,
    domain,
    people: PEOPLE,
    groups: GROUPS,
    ...options,
  });
}

for (
  const [seed, dialect] of [
    [101, "2017"],
    [102, "aadOptscim062020"],
    [103, "both"],
  ] as const
) {
  Deno.test(`Entra ID in dialect ${dialect} keeps a server in step (seed ${seed})`, async () => {
    await simulate(seed, async (server, inCycle) => {
      const send = await server.connect("contoso");
      const random = new Random(seed);
      const directory = directoryOf(seed, "contoso.example");
      const entra = new EntraClient({ send, directory, seed, dialect });
      await entra.testConnection();
      for (let cycle = 1; cycle <= CYCLES; cycle++) {
        inCycle(cycle);
        if (cycle > 1) directory.change(CHANGES);
        await entra.cycle();
        await check([entra], { send, random });
      }
    });
  });
}

for (const [seed, app] of [[201, "oin"], [202, "aiw"]] as const) {
  Deno.test(`Okta with an ${app} app keeps a server in step (seed ${seed})`, async () => {
    await simulate(seed, async (server, inCycle) => {
      const send = await server.connect("fabrikam");
      const random = new Random(seed);
      const directory = directoryOf(seed, "fabrikam.example");
      const okta = new OktaClient({ send, directory, seed, app });
      for (let cycle = 1; cycle <= CYCLES; cycle++) {
        inCycle(cycle);
        if (cycle > 1) directory.change(CHANGES);
        await okta.cycle();
        await check([okta], { send, random });
      }
    });
  });
}

Deno.test("a client that keeps to the RFC keeps a server in step (profile rfc, seed 301)", async () => {
  const seed = 301;
  await simulate(seed, async (server, inCycle) => {
    const send = await server.connect("strict", "rfc");
    const random = new Random(seed);
    const directory = directoryOf(seed, "strict.example", {
      strictFormats: true,
    });
    const client = new ConformingClient({ send, directory, seed });
    for (let cycle = 1; cycle <= CYCLES; cycle++) {
      inCycle(cycle);
      if (cycle > 1) directory.change(CHANGES);
      await client.cycle();
      await check([client], { send, random, compatible: false });
    }
  });
});

Deno.test("an Entra ID cycle without changes sends nothing but GET (seed 401)", async () => {
  const seed = 401;
  await simulate(seed, async (server) => {
    const send = await server.connect("contoso");
    const directory = directoryOf(seed, "contoso.example");
    const entra = new EntraClient({ send, directory, seed, dialect: "2017" });
    await entra.cycle();
    directory.change(CHANGES);
    await entra.cycle();
    const { writes } = entra;
    await entra.cycle();
    equal(entra.writes, writes);
  });
});

Deno.test("an Entra ID job that starts anew finds everything and changes no version (seed 402)", async () => {
  const seed = 402;
  await simulate(seed, async (server) => {
    const send = await server.connect("contoso");
    const random = new Random(seed);
    const directory = directoryOf(seed, "contoso.example");
    const entra = new EntraClient({ send, directory, seed, dialect: "both" });
    await entra.cycle();
    directory.change(CHANGES);
    await entra.cycle();
    const before = await versions(send);
    const { writes } = entra;
    entra.restart();
    await entra.cycle();
    notEqual(entra.writes, writes);
    equal(await versions(send), before);
    await check([entra], { send, random });
  });
});

Deno.test("Entra ID takes over accounts that are there already, whatever the case of their names (seed 403)", async () => {
  const seed = 403;
  await simulate(seed, async (server) => {
    const send = await server.connect("contoso");
    const wire = new Wire(send);
    const random = new Random(seed);
    const directory = directoryOf(seed, "contoso.example");
    const people = random.sample(directory.people.values(), 20);
    for (const { userName } of people) {
      await wire.request("POST", "/Users", [201], {
        schemas: [USER_SCHEMA],
        userName: swapCase(userName),
        nickName: "by hand",
        emails: [{ value: "old@example.com", type: "work" }],
      });
    }
    const entra = new EntraClient({ send, directory, seed, dialect: "both" });
    await entra.cycle();
    await check([entra], { send, random });
  });
});

Deno.test("Entra ID keeps a slow server in step, where requests overtake each other (seed 404)", async () => {
  const seed = 404;
  await simulate(seed, async (server, inCycle) => {
    const send = await server.connect("contoso");
    const random = new Random(seed);
    // Few groups, so that many of the one-member requests meet at one group.
    const directory = directoryOf(seed, "contoso.example", { groups: 4 });
    const entra = new EntraClient({ send, directory, seed, dialect: "both" });
    for (let cycle = 1; cycle <= 4; cycle++) {
      inCycle(cycle);
      if (cycle > 1) directory.change(2 * CHANGES);
      await entra.cycle();
      await check([entra], { send, random });
    }
  }, slowKv);
});

for (const seed of [501, 502]) {
  Deno.test(`Entra ID, Okta and readers share a server without getting in each other's way (seed ${seed})`, async () => {
    await simulate(seed, async (server, inCycle) => {
      const contoso = await server.connect("contoso");
      const fabrikam = await server.connect("fabrikam");
      const random = new Random(seed);
      // The tenants have the same people, so that nothing but the tenant keeps
      // them apart; the two jobs in one tenant have different ones.
      const directories = [
        directoryOf(seed, "one.example"),
        directoryOf(seed + 1, "two.example", { people: 30 }),
        directoryOf(seed, "one.example"),
      ] as const;
      const [one, two, three] = directories;
      const old = new EntraClient({
        send: contoso,
        directory: one,
        seed,
        dialect: "2017",
      });
      const flagged = new EntraClient({
        send: contoso,
        directory: two,
        seed: seed + 1,
        dialect: "aadOptscim062020",
      });
      const okta = new OktaClient({
        send: fabrikam,
        directory: three,
        seed,
        app: seed % 2 === 0 ? "aiw" : "oin",
      });
      const readers = [new Reader(contoso), new Reader(fabrikam)] as const;
      for (const reader of readers) await reader.prepare();

      for (let cycle = 1; cycle <= CYCLES; cycle++) {
        inCycle(cycle);
        if (cycle > 1) directories.forEach((d) => d.change(CHANGES));
        const enough = new AbortController();
        const reading = Promise.allSettled(
          readers.map((reader) => reader.run(enough.signal)),
        );
        const writing = [old, flagged, okta].map((client) => client.cycle());
        const written = await Promise.allSettled(writing);
        enough.abort();
        const read = await reading;
        for (const result of [...written, ...read]) {
          if (result.status === "rejected") throw result.reason;
        }
        await check([old, flagged], {
          send: contoso,
          random,
          others: [readers[0].expectation()],
        });
        await check([okta], {
          send: fabrikam,
          random,
          others: [readers[1].expectation()],
        });
      }
      ok(readers.every(({ rounds }) => rounds >= 6));
    });
  });
}

/** All ids with their versions. */
async function versions(send: Send): Promise<string> {
  const wire = new Wire(send);
  const lines: string[] = [];
  for (const endpoint of ["/Users", "/Groups"]) {
    const { resources } = await wire.list(`${endpoint}?count=1000`);
    for (const resource of resources) {
      const path = `${endpoint}/${resource["id"]}`;
      const answer = await wire.request("GET", path, [200]);
      lines.push(`${path} ${JSON.stringify(objectOf(answer)["meta"])}`);
    }
  }
  return lines.join("\n");
}
