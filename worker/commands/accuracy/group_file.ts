/** Reads a file that names groups of people. */

import { escapeText } from "../../gallery/gallery_entry.ts";
import { ListFileError, readLines } from "./list_file.ts";

/** A group of people. A person can be in several groups. */
export interface Group {
  readonly name: string;
  /** Indexes of the people, in the order of the file. */
  readonly people: readonly number[];
}

const MAX_GROUPS = 100;
const MAX_NAME_LENGTH = 100;

/**
 * Reads a file of groups. Each line has the name of a group, a tab and the name of a person's
 * folder. Empty lines are ignored.
 *
 * @param path Path of the file, UTF-8
 * @param people Names of the people's folders, in Unicode's form NFC
 * @throws {ListFileError} when the file cannot be read or is too large, or a line is not valid: it
 * has no tab, names an unknown person, or names a person of the group again
 */
export async function readGroups(path: string, people: readonly string[]): Promise<Group[]> {
  const fail = (line: number, why: string) =>
    new ListFileError(`The file of groups ${path}, line ${line}: ${why}`);
  const known = new Map(people.map((person, index) => [person, index]));
  const groups = new Map<string, Set<number>>();
  for (const [i, line] of (await readLines(path)).entries()) {
    if (line.trim() === "") continue;
    const fields = line.split("\t").map((field) => field.trim().normalize("NFC"));
    const [name, person] = fields;
    if (fields.length !== 2 || !name || !person || name.length > MAX_NAME_LENGTH) {
      throw fail(
        i + 1,
        `A line must have a group of at most ${MAX_NAME_LENGTH} characters, a tab and a person`,
      );
    }
    const index = known.get(person);
    if (index === undefined) throw fail(i + 1, `There is no folder of ${escapeText(person)}`);
    const group = groups.get(name) ?? new Set();
    if (group.has(index)) throw fail(i + 1, `${escapeText(person)} is in this group already`);
    group.add(index);
    groups.set(name, group);
    if (groups.size > MAX_GROUPS) throw fail(i + 1, `There are more than ${MAX_GROUPS} groups`);
  }
  if (groups.size === 0) throw new ListFileError(`The file of groups ${path} has no groups`);
  return Array.from(groups, ([name, members]) => ({ name, people: [...members] }));
}
