/** Remembers which photos a service has accepted, so that they are not sent again. */

import { z } from "zod";
import { TemplateSchema } from "../../../../shared/contract/users.ts";
import { Sha256Schema } from "../../../../shared/contract/models_in_use.ts";

const HEADER = `${JSON.stringify({ journal: "face-it enrolment", version: 1 })}\n`;

/** About 250,000 photos. */
const MAX_BYTES = 64 * 1024 * 1024;

const LineSchema = z.object({
  service: z.string(),
  key: z.string().nullable(),
  user_id: z.string(),
  sha256: Sha256Schema,
  template_id: TemplateSchema.shape.template_id,
  model: TemplateSchema.shape.model,
});

/** A photo that a service has accepted. */
export interface JournalEntry {
  /** Origin of the service. */
  readonly service: string;
  /** Id of the key with which the photo was sent; null without a key or with a token. */
  readonly key: string | null;
  readonly userId: string;
  /** sha256 of the photo. */
  readonly sha256: string;
  readonly templateId: string;
  /** sha256 of the recognition model of the template. */
  readonly model: string;
}

/** Error for a file that cannot be the journal; the one-line message names the file. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

/** Accepted photos. */
export interface Journal extends Disposable {
  /** Returns the photos of a user that this service has accepted. */
  of(service: string, userId: string): readonly JournalEntry[];
  /** Adds a photo. */
  add(entry: JournalEntry): Promise<void>;
}

/** Makes a journal that ends with the process. */
export function createMemoryJournal(): Journal {
  const entries: JournalEntry[] = [];
  return {
    of: (service, userId) =>
      entries.filter((entry) => entry.service === service && entry.userId === userId),
    add: (entry) => Promise.resolve(void entries.push(entry)),
    [Symbol.dispose]: () => {},
  };
}

/**
 * Opens the journal in a file, and creates the file when it does not exist. Only its owner can read
 * it. It has a line for each photo, with checksums and ids and no picture. A line is written at the
 * end of the file, so a process that is killed loses the last line at most. A line that is not
 * complete counts as missing: its photo is sent again, and the service still has it once.
 *
 * @returns Closes the file when it is disposed of. Until then, no other command can use it
 * @throws {JournalError} when the file is something else, is in use, or cannot be written
 */
export async function openJournal(path: string): Promise<Journal> {
  using opened = new DisposableStack();
  try {
    const file = await Deno.open(path, { read: true, append: true, create: true, mode: 0o600 });
    opened.defer(() => file.close());
    const { isFile, size } = await file.stat();
    if (!isFile) throw new JournalError(`${path} is not a journal`);
    if (size > MAX_BYTES) {
      throw new JournalError(
        `${path} has more than ${MAX_BYTES} bytes: name another file with --journal`,
      );
    }
    if (!await file.tryLock(true)) {
      throw new JournalError(`The journal ${path} is in use by another command`);
    }
    const text = await readText(file);
    if (HEADER.startsWith(text)) {
      // A new file, or one whose first line is not complete.
      await file.truncate(0);
      await append(file, HEADER);
    } else if (!text.startsWith(HEADER)) {
      throw new JournalError(`${path} is not a journal: name another file with --journal`);
    } else if (!text.endsWith("\n")) await append(file, "\n");
    const users = Map.groupBy(text.split("\n").flatMap(readLine), idOf);
    const keepOpen = opened.move();
    return {
      of: (service, userId) => users.get(idOf({ service, userId })) ?? [],
      async add(entry) {
        const id = idOf(entry);
        users.set(id, [...users.get(id) ?? [], entry]);
        const { userId, templateId, ...rest } = entry;
        const line = { ...rest, user_id: userId, template_id: templateId };
        await append(file, `${JSON.stringify(line)}\n`).catch((cause) => {
          throw cannotWrite(path, cause);
        });
      },
      [Symbol.dispose]: () => keepOpen.dispose(),
    };
  } catch (cause) {
    if (cause instanceof JournalError) throw cause;
    throw cannotWrite(path, cause);
  }
}

const idOf = ({ service, userId }: Pick<JournalEntry, "service" | "userId">): string =>
  JSON.stringify([service, userId]);

async function readText(file: Deno.FsFile): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const part = new Uint8Array(64 * 1024);
  for (let read; (read = await file.read(part)) !== null;) parts.push(part.slice(0, read));
  return await new Blob(parts).text();
}

/** Writes the text with one call to the system, so that two lanes do not mix their lines. */
async function append(file: Deno.FsFile, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  if (await file.write(bytes) < bytes.length) throw new Error("The disk is full");
}

function readLine(line: string): JournalEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [];
  }
  const { data } = LineSchema.safeParse(value);
  if (data === undefined) return [];
  const { user_id: userId, template_id: templateId, ...rest } = data;
  return [{ ...rest, userId, templateId }];
}

function cannotWrite(path: string, cause: unknown): JournalError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new JournalError(
    `The journal ${path} cannot be written (${why}): name another file with --journal`,
    { cause },
  );
}
