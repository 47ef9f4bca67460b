import { assertEquals } from "@std/assert";
import { readBenchOptions } from "./options.ts";

const read = (...args: string[]) => readBenchOptions(args, ["match", "peer"]);

Deno.test("without options everything but the peer is measured", () => {
  assertEquals(read(), { only: [], peer: undefined, json: undefined });
});

Deno.test("all options are read", () => {
  const line = "--only peer --only match --json a.jsonl --peer http://127.0.0.1:8100 --peer-pid 12";
  assertEquals(read(...line.split(" "), "--photos", "a folder"), {
    only: ["peer", "match"],
    json: "a.jsonl",
    peer: { url: new URL("http://127.0.0.1:8100"), pid: 12, photos: "a folder" },
  });
});

Deno.test("a peer must listen on this machine", () => {
  for (const host of ["127.0.0.1", "127.9.9.9:1", "localhost:81", "[::1]:8100"]) {
    assertEquals(typeof read("--peer", `http://${host}`), "object", host);
  }
  const others = [
    "http://example.org",
    "http://127.0.0.1.example.org",
    "https://127.0.0.1",
    "8100",
  ];
  for (const peer of [...others, "http://127.0.0.1@example.org", "http://localhost.example.org"]) {
    assertEquals(
      read("--peer", peer),
      `--peer must be an http URL of this machine: it is "${peer}"`,
    );
  }
});

Deno.test("a wrong command line is explained", () => {
  assertEquals(read("--only", "matches"), '--only must be one of match, peer: it is "matches"');
  assertEquals(read("--only", "peer"), "--only peer needs --peer URL");
  assertEquals(read("--photos", "a"), "--peer-pid and --photos need --peer URL");
  assertEquals(
    read("--peer", "http://localhost", "--peer-pid", "0"),
    '--peer-pid must be the id of a process: it is "0"',
  );
  assertEquals(read("--jsn", "a"), "Unknown option '--jsn'");
});
