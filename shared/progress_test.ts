import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createBarProgress, createLineProgress, type ProgressStream } from "./progress.ts";

function recordingStream(isTTY: boolean): ProgressStream & { text: string } {
  return {
    isTTY,
    columns: 100,
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

Deno.test("without a terminal, a line is written when a task begins and when it is done", () => {
  const lines: string[] = [];
  using task = createLineProgress((line) => lines.push(line)).start("Reading", 3, "photos");
  assertEquals(lines, ["Reading: 3 photos …"]);
  task.advance(1);
  task.advance(2);
  assertEquals(lines.length, 1);
  task.end();
  assertEquals(lines, ["Reading: 3 photos …", "Reading: 3 photos, done"]);
});

Deno.test("a task that failed is not shown as done", () => {
  const lines: string[] = [];
  {
    using task = createLineProgress((line) => lines.push(line)).start("Reading", 3, "photos");
    task.advance(1);
  }
  assertEquals(lines, ["Reading: 3 photos …"]);
});

Deno.test("bytes are shown as megabytes", () => {
  const lines: string[] = [];
  createLineProgress((line) => lines.push(line)).start("Fetching", 41_114_878, "bytes");
  assertEquals(lines, ["Fetching: 41.1 MB …"]);
});

Deno.test("on a terminal, a bar grows to its full length and leaves the cursor on a new line", () => {
  const stream = recordingStream(true);
  {
    using task = createBarProgress(stream).start("Reading", 4, "photos");
    assertMatch(stream.text, /Reading \[░{16}\] 0\/4 photos/);
    task.advance(1);
    task.advance(3);
    task.end();
  }
  assertMatch(stream.text, /Reading \[█{16}\] 4\/4 photos/);
  assertEquals(stream.text.match(/\n/g)?.length, 1);
});

Deno.test("the bar of a task that failed stops where it was", () => {
  const stream = recordingStream(true);
  {
    using task = createBarProgress(stream).start("Reading", 4, "photos");
    task.advance(1);
  }
  assertStringIncludes(stream.text, "[████░░░░░░░░░░░░] 1/4 photos");
  assertMatch(stream.text, /\n$/);
});

Deno.test("a bar draws nothing when the stream is not a terminal", () => {
  const stream = recordingStream(false);
  using task = createBarProgress(stream).start("Reading", 4, "photos");
  task.advance(4);
  task.end();
  assertEquals(stream.text, "");
});
