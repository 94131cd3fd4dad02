/**
 * Reads the raw key space and says what does not fit together. It shares the
 * shapes of keys and values with the program, and none of its logic.
 * @module
 */

import { indexEntries } from "../../domain/indexing.ts";
import { isJsonObject, type JsonObject } from "../../domain/json.ts";
import type { Registry } from "../../domain/registry.ts";
import { hasUniqueKey, isUnique } from "../../domain/schema/compile.ts";
import { decode } from "../../storage/codec.ts";
import { indexKey, tenantKey, uniqueKey } from "../../storage/keys.ts";
import { Registries } from "../../storage/registries.ts";
import { Store } from "../../storage/store.ts";

/** The kinds of keys: the first part, or `t` and the third. */
const KINDS: ReadonlySet<string> = new Set([
  ..."r u i n m of mv mm nested settings schema type log".split(" ").map((k) =>
    `t ${k}`
  ),
  ..."tenant tok tokid tokuse job meta".split(" "),
]);

interface FoundResource {
  readonly type: string;
  readonly attributes: JsonObject;
  readonly generation: string;
  readonly versionstamp: string;
}

/** Entries by a text that stands for their key. */
type Entries = Map<string, Deno.KvEntry<unknown>>;

/**
 * Every disagreement between primaries, unique keys, index keys, counters, edges,
 * membership counters, the log and tokens; every job that is not done; what there
 * is of tenants without a record. A tenant that is being deleted is left alone
 * while there is a job for it.
 *
 * Nobody may write meanwhile. Each answer is one sentence; none means all is well.
 */
export async function findDisagreements(
  kv: Deno.Kv,
  tenant: string,
): Promise<string[]> {
  const { registry, definitions, leaving, going } = await new Registries(
    new Store(kv),
  ).current(tenant);
  const reader = new Reader(tenant, registry);
  for (const name of definitions.incomplete) {
    reader.say(`the unique values of ${name} are not complete`);
  }
  for (const item of leaving) {
    reader.say(`${Deno.inspect(item)} is still about to go`);
  }
  for await (const entry of kv.list({ prefix: [] })) reader.take(entry);
  return going ? reader.judgeGoing() : reader.judge();
}

class Reader {
  readonly #tenant: string;
  readonly #registry: Registry;
  readonly #found: string[] = [];
  readonly #resources = new Map<string, FoundResource>();
  readonly #kinds = new Map<string, Entries>();
  /** All that have anything. */
  readonly #tenants = new Set<string>();

  constructor(tenant: string, registry: Registry) {
    this.#tenant = tenant;
    this.#registry = registry;
  }

  say(sentence: string): void {
    this.#found.push(sentence);
  }

  take(entry: Deno.KvEntry<unknown>): void {
    const [first, tenant, kind] = entry.key;
    if (first === "t") this.#tenants.add(String(tenant));
    if (first === "t" && tenant !== this.#tenant) return;
    const name = first === "t" ? `t ${String(kind)}` : String(first);
    if (!KINDS.has(name)) this.#say(entry.key, "is of no known kind");
    const entries: Entries = this.#kinds.get(name) ?? new Map();
    entries.set(textOf(entry.key), entry);
    this.#kinds.set(name, entries);
    if (name === "t r") this.#takeResource(entry);
  }

  judge(): string[] {
    this.#judgeIndexes();
    this.#judgeCounters();
    this.#judgeEdges();
    this.#judgeMembershipCounters();
    this.#judgeLog();
    this.#judgeTokens();
    for (const { key, value } of this.#of("job")) {
      const { kind } = this.#decoded(key, value);
      if (kind !== "deleteTenant") this.#say(key, "was left behind");
    }
    this.#judgeTenants();
    return this.#found;
  }

  /** Judges the store beside a tenant that is being deleted. */
  judgeGoing(): string[] {
    this.#judgeTokens();
    this.#judgeTenants();
    return this.#found;
  }

  #judgeTenants(): void {
    for (const tenant of this.#tenants.add(this.#tenant)) {
      if (this.#has("tenant", tenantKey(tenant))) continue;
      this.#found.push(`tenant ${tenant} has no record`);
    }
    for (const { key, value } of this.#of("tenant")) {
      const id = `deleteTenant.${String(key[1])}`;
      const { deleting = false } = this.#decoded(key, value);
      if (deleting !== this.#has("job", ["job", id])) {
        this.#say(key, `says deleting: ${deleting}, and its job does not`);
      }
    }
  }

  #takeResource({ key, value, versionstamp }: Deno.KvEntry<unknown>): void {
    const [, , , type, id] = key.map(String);
    if (type === undefined || id === undefined || key.length !== 5) {
      return this.#say(key, "is not the key of a resource");
    }
    if (this.#registry.byName(type)?.name !== type) {
      return this.#say(key, "is of an unknown type");
    }
    const other = this.#resources.get(id);
    if (other !== undefined) this.#say(key, `has the id of a ${other.type}`);
    const { a: attributes, g: generation = "0" } = this.#decoded(key, value);
    if (!isJsonObject(attributes)) return this.#say(key, "has no attributes");
    this.#judgeSchemas(key, type, attributes);
    this.#resources.set(id, {
      type,
      attributes,
      generation: String(generation),
      versionstamp,
    });
  }

  /** Extensions must be those of the type, with their attributes. */
  #judgeSchemas(key: Deno.KvKey, type: string, attributes: JsonObject): void {
    const { extensions } = this.#registry.byName(type) ?? {};
    for (const [uri, content] of Object.entries(attributes)) {
      if (!uri.startsWith("urn:")) continue;
      const known = extensions?.get(uri.toLowerCase())?.attributes;
      if (known === undefined) this.#say(key, `has data of ${uri}`);
      for (const name of Object.keys(isJsonObject(content) ? content : {})) {
        if (known?.has(name.toLowerCase()) === true) continue;
        this.#say(key, `has the unknown attribute ${uri}:${name}`);
      }
    }
  }

  #judgeIndexes(): void {
    const expected = new Map<string, string | number>();
    for (const [id, { type: name, attributes }] of this.#resources) {
      const type = this.#registry.byName(name);
      if (type === undefined) continue;
      for (const { attribute, text } of indexEntries(type, attributes)) {
        const names = [this.#tenant, name, attribute.path, text] as const;
        if (isUnique(attribute)) {
          const key = textOf(uniqueKey(...names));
          const other = expected.get(key);
          if (other !== undefined) {
            this.#found.push(`${id} and ${other} both have ${key}`);
          }
          expected.set(key, id);
        }
        if (!hasUniqueKey(type, attribute)) {
          expected.set(textOf(indexKey(...names, id)), 0);
        }
      }
    }
    for (const { key, value } of [...this.#of("t u"), ...this.#of("t i")]) {
      const wanted = expected.get(textOf(key));
      if (wanted === undefined) this.#say(key, "belongs to no resource");
      else if (wanted !== value) this.#say(key, `is ${value}, not ${wanted}`);
      expected.delete(textOf(key));
    }
    for (const key of expected.keys()) this.#found.push(`${key} is missing`);
  }

  #judgeCounters(): void {
    const counts = new Map<string, bigint>();
    for (const [id, { type }] of this.#resources) {
      const key = textOf(["t", this.#tenant, "n", type, id.slice(0, 2)]);
      counts.set(key, (counts.get(key) ?? 0n) + 1n);
    }
    for (const { key, value } of this.#of("t n")) {
      const wanted = counts.get(textOf(key)) ?? 0n;
      if (!(value instanceof Deno.KvU64) || value.value !== wanted) {
        this.#say(key, `counts ${Deno.inspect(value)}, not ${wanted}`);
      }
      counts.delete(textOf(key));
    }
    for (const key of counts.keys()) this.#found.push(`${key} is missing`);
  }

  #judgeEdges(): void {
    for (const { key, value } of this.#of("t m")) {
      const [, , , group = "", generation = "", member = ""] = key.map(String);
      this.#judgeEnds(key, group, generation, member);
      if (this.#resources.get(member)?.type !== value) {
        this.#say(key, `names the type ${value}`);
      }
      if (!this.#has("t of", this.#key("of", member, group, generation))) {
        this.#say(key, "has no edge upwards");
      }
      const isNested = this.#registry.byName(String(value))?.members;
      if (isNested && !this.#has("t nested", this.#key("nested"))) {
        this.#say(key, "is nested, and the tenant has no note of it");
      }
    }
    for (const { key, value } of this.#of("t of")) {
      const [, , , member = "", group = "", generation = ""] = key.map(String);
      this.#judgeEnds(key, group, generation, member);
      if (this.#resources.get(group)?.type !== value) {
        this.#say(key, `names the type ${value}`);
      }
      if (!this.#has("t m", this.#key("m", group, generation, member))) {
        this.#say(key, "has no edge downwards");
      }
    }
  }

  #judgeEnds(
    key: Deno.KvKey,
    group: string,
    generation: string,
    member: string,
  ): void {
    const found = this.#resources.get(group);
    if (found === undefined) this.#say(key, "leaves a group that is gone");
    else if (found.generation !== generation) {
      this.#say(key, "is of a generation that is not in force");
    }
    if (!this.#resources.has(member)) {
      this.#say(key, "reaches a member that is gone");
    }
  }

  #judgeMembershipCounters(): void {
    for (const kind of ["mv", "mm"]) {
      const other = kind === "mv" ? "mm" : "mv";
      for (const { key, value } of this.#of(`t ${kind}`)) {
        const group = String(key[3]);
        if (!this.#resources.has(group)) this.#say(key, "has no group");
        if (!this.#has(`t ${other}`, this.#key(other, group))) {
          this.#say(key, `has no ${other}`);
        }
        if (!(value instanceof Deno.KvU64) || value.value === 0n) {
          this.#say(key, `is ${Deno.inspect(value)}`);
        }
      }
    }
    for (const { key } of this.#of("t m")) {
      if (!this.#has("t mv", this.#key("mv", String(key[3])))) {
        this.#say(key, "was added without a new version of the group");
      }
    }
  }

  #judgeLog(): void {
    const created = new Map<string, number>();
    const deleted = new Map<string, number>();
    const commits = new Map<string, string>();
    for (const { key, value, versionstamp } of this.#of("t log")) {
      if (key[3] !== versionstamp) this.#say(key, `was at ${versionstamp}`);
      const { operation, id } = this.#decoded(key, value);
      commits.set(versionstamp, String(id));
      const counts = operation === "create"
        ? created
        : operation === "delete"
        ? deleted
        : undefined;
      counts?.set(String(id), (counts.get(String(id)) ?? 0) + 1);
    }
    for (const [id, { versionstamp }] of this.#resources) {
      if (commits.get(versionstamp) !== id) {
        this.#found.push(`${id} was written without a record in the log`);
      }
      if (created.get(id) !== 1 || deleted.has(id)) {
        this.#found.push(`the log does not tell how ${id} came to be`);
      }
      created.delete(id);
    }
    for (const id of created.keys()) {
      if (deleted.get(id) !== 1) {
        this.#found.push(`the log does not tell how ${id} went away`);
      }
    }
  }

  #judgeTokens(): void {
    const live = new Set<string>();
    for (const { key, value } of this.#of("tokid")) {
      const { id, secrets } = this.#decoded(key, value);
      if (id !== key[1]) this.#say(key, `is the index of ${id}`);
      for (const secret of Array.isArray(secrets) ? secrets : []) {
        const hash = isJsonObject(secret) ? String(secret["hash"]) : "";
        live.add(hash);
        if (!this.#has("tok", ["tok", hash])) {
          this.#say(key, `names the hash ${hash}, which is not there`);
        }
      }
    }
    for (const { key, value } of this.#of("tok")) {
      if (!live.has(String(key[1]))) this.#say(key, "is in no index");
      const { tenant } = this.#decoded(key, value);
      if (!this.#has("tenant", tenantKey(String(tenant)))) {
        this.#say(key, `belongs to the unknown tenant ${tenant}`);
      }
    }
    for (const { key } of this.#of("tokuse")) {
      if (!this.#has("tokid", ["tokid", key[1] ?? ""])) {
        this.#say(key, "has no token");
      }
    }
  }

  #decoded(key: Deno.KvKey, value: unknown): JsonObject {
    try {
      const content = decode(value);
      if (typeof content === "object" && content !== null) {
        return content as JsonObject;
      }
    } catch (error) {
      this.#say(key, `cannot be read: ${error}`);
    }
    return {};
  }

  #key(...parts: string[]): Deno.KvKey {
    return ["t", this.#tenant, ...parts];
  }

  #of(kind: string): Iterable<Deno.KvEntry<unknown>> {
    return this.#kinds.get(kind)?.values() ?? [];
  }

  #has(kind: string, key: Deno.KvKey): boolean {
    return this.#kinds.get(kind)?.has(textOf(key)) === true;
  }

  #say(key: Deno.KvKey, what: string): void {
    this.#found.push(`${textOf(key)} ${what}`);
  }
}

function textOf(key: Deno.KvKey): string {
  return JSON.stringify(key.map(String));
}
