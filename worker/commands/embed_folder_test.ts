import { assertEquals } from "@std/assert";
import { Problem } from "../../shared/contract/problem.ts";
import { createLineProgress } from "../../shared/progress.ts";
import { embedFolder } from "./embed_folder.ts";

Deno.test("progress is shown first, then what was passed over and why", async () => {
  await using cleanup = new AsyncDisposableStack();
  const photo = await Deno.makeTempFile();
  cleanup.defer(() => Deno.remove(photo));
  const lines: string[] = [];
  const writeLine = (line: string) => lines.push(line);
  const people = await embedFolder({
    people: [{ person: "a", photos: [photo, photo] }, { person: "b", photos: [] }],
    skipped: [{ path: "notes.txt", reason: "not_a_photo" }],
  }, {
    pipeline: { recognize: () => Promise.reject(new Problem("no_face", "No face")) },
    progress: createLineProgress(writeLine),
    writeLine,
  });
  assertEquals(people, [
    { person: "a", photos: Array(2).fill({ path: photo, embedding: undefined }) },
    { person: "b", photos: [] },
  ]);
  assertEquals(lines, [
    "Reading photos: 2 photos …",
    "Reading photos: 2 photos, done",
    "notes.txt: not_a_photo",
    `${photo}: no_face`,
    `${photo}: no_face`,
  ]);
});
