/** The directory that an identity provider keeps: the source of all changes. @module */

import { TEXT_ATTRIBUTES, WORK_EMAIL } from "./attributes.ts";
import { Random } from "./random.ts";
import {
  anyText,
  familyName,
  givenName,
  localPart,
  swapCase,
} from "./values.ts";

/** A person. Ids of the directory are no ids of the SCIM server. */
export interface Person {
  readonly objectId: string;
  userName: string;
  /** What Entra maps to externalId by default: the mail nickname. */
  externalId: string;
  enabled: boolean;
  softDeleted: boolean;
  /** Texts by attribute path; what is absent has no value. */
  readonly attributes: Map<string, string>;
  manager: string | undefined;
}

/** A group. Members are object ids of people and of other groups. */
export interface Group {
  readonly objectId: string;
  displayName: string;
  readonly members: Set<string>;
}

/** What a directory is like. */
export interface DirectoryOptions {
  readonly seed: number;
  readonly people: number;
  readonly groups: number;
  /** The part of user names behind the `@`. */
  readonly domain: string;
  /** Values have the formats that RFC 7643 demands: two letters for a country. */
  readonly strictFormats?: boolean;
}

/** Whether an account should be usable. */
export function isActive(person: Person): boolean {
  return person.enabled && !person.softDeleted;
}

/** People and groups that change at random, by a seed. */
export class Directory {
  readonly people = new Map<string, Person>();
  readonly groups = new Map<string, Group>();
  readonly #random: Random;
  readonly #options: DirectoryOptions;
  /** User names of people who were deleted for good; a new hire may get one. */
  readonly #formerNames: string[] = [];
  #count = 0;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    for (let i = 0; i < options.people; i++) this.#hire();
    for (let i = 0; i < options.groups; i++) this.#createGroup();
    for (const group of this.groups.values()) {
      const members = this.#random.sample(
        this.people.keys(),
        3 + this.#random.integer(Math.ceil(options.people / 3)),
      );
      members.forEach((id) => group.members.add(id));
    }
    for (let i = 0; i < options.groups / 3; i++) this.#nestGroup();
    for (const person of this.people.values()) {
      if (this.#random.chance(0.6)) this.#setManager(person);
    }
  }

  /** Makes random changes. */
  change(times: number): void {
    for (let i = 0; i < times; i++) this.#random.pick(this.#changes)();
  }

  /** Each change as often as it is likely. */
  readonly #changes: readonly [() => void, ...(() => void)[]] = [
    () => this.#hire(),
    ...times(2, () => this.#hire()),
    ...times(4, () => this.#rename()),
    ...times(2, () => this.#renameCaseOnly()),
    ...times(14, () => this.#setAttribute()),
    ...times(6, () => this.#clearAttribute()),
    ...times(2, () => this.#clearAllOfOneKind()),
    ...times(4, () => this.#setManager(this.#somebody())),
    ...times(2, () => this.#removeManager()),
    ...times(3, () => this.#disable()),
    ...times(3, () => this.#restore()),
    ...times(4, () => this.#softDelete()),
    ...times(3, () => this.#hardDelete()),
    ...times(2, () => this.#rehire()),
    ...times(1, () => this.#createGroup()),
    ...times(2, () => this.#renameGroup()),
    ...times(1, () => this.#renameGroupCaseOnly()),
    ...times(1, () => this.#deleteGroup()),
    ...times(12, () => this.#addMember()),
    ...times(8, () => this.#removeMember()),
    ...times(1, () => this.#nestGroup()),
  ];

  #hire(userName?: string): void {
    const random = this.#random;
    const number = ++this.#count;
    const given = givenName(random);
    const family = familyName(random);
    const nickname = localPart(random, number);
    const person: Person = {
      objectId: random.guid(),
      userName: userName ?? `${nickname}@${this.#options.domain}`,
      externalId: random.chance(0.5) ? nickname : random.guid(),
      enabled: true,
      softDeleted: false,
      manager: undefined,
      attributes: new Map([
        ["displayName", `${given} ${family}`],
        ["name.givenName", given],
        ["name.familyName", family],
        ["name.formatted", `${family}, ${given}`],
        [WORK_EMAIL, `mail${number}+${given}@${this.#options.domain}`],
      ]),
    };
    for (const path of random.sample(TEXT_ATTRIBUTES, random.integer(20))) {
      if (!person.attributes.has(path)) {
        person.attributes.set(path, this.#valueOf(path));
      }
    }
    this.people.set(person.objectId, person);
  }

  /** A new person gets the user name of one who is gone. */
  #rehire(): void {
    const userName = this.#formerNames.pop();
    if (userName !== undefined) this.#hire(userName);
  }

  #rename(): void {
    const person = this.#somebody();
    if (person === undefined) return;
    const name = localPart(this.#random, ++this.#count);
    person.userName = `${name}@${this.#options.domain}`;
    const family = familyName(this.#random);
    person.attributes.set("name.familyName", family);
    person.attributes.set("displayName", `X ${family}`);
    if (this.#random.chance(0.3)) person.externalId = name;
  }

  #renameCaseOnly(): void {
    const person = this.#somebody();
    if (person !== undefined) person.userName = swapCase(person.userName);
  }

  #setAttribute(): void {
    const path = this.#random.pick(TEXT_ATTRIBUTES);
    this.#somebody()?.attributes.set(path, this.#valueOf(path));
  }

  #clearAttribute(): void {
    const person = this.#somebody();
    const path = this.#random.pickFrom(person?.attributes.keys() ?? []);
    if (path !== undefined) person?.attributes.delete(path);
  }

  /** All e-mail addresses, all parts of a name, the whole extension … */
  #clearAllOfOneKind(): void {
    const person = this.#somebody();
    const kind = this.#random.pick([
      "name.",
      "emails[",
      "addresses[",
      "phoneNumbers[",
      "urn:",
    ]);
    for (const path of [...person?.attributes.keys() ?? []]) {
      if (path.startsWith(kind)) person?.attributes.delete(path);
    }
    if (kind === "urn:" && person !== undefined) person.manager = undefined;
  }

  #setManager(person: Person | undefined): void {
    const manager = this.#somebody();
    if (person === undefined || manager === person) return;
    person.manager = manager?.objectId;
  }

  #removeManager(): void {
    const person = this.#somebody();
    if (person !== undefined) person.manager = undefined;
  }

  #disable(): void {
    const person = this.#somebody();
    if (person !== undefined) person.enabled = false;
  }

  #restore(): void {
    const people = [...this.people.values()].filter((p) => !isActive(p));
    const person = this.#random.pickFrom(people);
    if (person === undefined) return;
    person.enabled = true;
    person.softDeleted = false;
  }

  #softDelete(): void {
    const person = this.#somebody();
    if (person !== undefined) person.softDeleted = true;
  }

  #hardDelete(): void {
    const people = [...this.people.values()].filter((p) => p.softDeleted);
    const person = this.#random.pickFrom(people);
    if (person === undefined) return;
    const { objectId } = person;
    this.people.delete(objectId);
    this.#formerNames.push(person.userName);
    for (const other of this.people.values()) {
      if (other.manager === objectId) other.manager = undefined;
    }
    for (const group of this.groups.values()) group.members.delete(objectId);
  }

  #createGroup(): void {
    const objectId = this.#random.guid();
    this.groups.set(objectId, {
      objectId,
      displayName: this.#groupName(),
      members: new Set(),
    });
  }

  #renameGroup(): void {
    const group = this.#someGroup();
    if (group !== undefined) group.displayName = this.#groupName();
  }

  #renameGroupCaseOnly(): void {
    const group = this.#someGroup();
    if (group !== undefined) group.displayName = swapCase(group.displayName);
  }

  #deleteGroup(): void {
    const group = this.#someGroup();
    if (group === undefined || this.groups.size < 4) return;
    this.groups.delete(group.objectId);
    for (const other of this.groups.values()) {
      other.members.delete(group.objectId);
    }
  }

  #addMember(): void {
    const person = this.#somebody();
    if (person !== undefined) this.#someGroup()?.members.add(person.objectId);
  }

  #removeMember(): void {
    const group = this.#someGroup();
    const member = this.#random.pickFrom(group?.members ?? []);
    if (member !== undefined) group?.members.delete(member);
  }

  /** Circles come about, too: directories do not rule them out. */
  #nestGroup(): void {
    const inner = this.#someGroup();
    const outer = this.#someGroup();
    if (inner !== undefined && inner !== outer) {
      outer?.members.add(inner.objectId);
    }
  }

  #somebody(): Person | undefined {
    return this.#random.pickFrom(this.people.values());
  }

  #someGroup(): Group | undefined {
    return this.#random.pickFrom(this.groups.values());
  }

  #groupName(): string {
    const name = `${anyText(this.#random)} ${++this.#count}`;
    return `${name} of ${this.#options.domain}`;
  }

  #valueOf(path: string): string {
    if (path.endsWith(".country") && this.#options.strictFormats === true) {
      return this.#random.pick(["CH", "DE", "US", "JP"]);
    }
    return path === WORK_EMAIL
      ? `mail${++this.#count}@${this.#options.domain}`
      : anyText(this.#random);
  }
}

function times(count: number, change: () => void): (() => void)[] {
  return Array.from({ length: count }, () => change);
}
