import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../shared/env.ts";
import { SCOPES } from "../scopes.ts";
import { isSameHash, makeApiKey, parseApiKey } from "./api_key.ts";
import { keysOfBrokenFile, MAX_KEYS, MAX_KEYS_FILE_BYTES, parseKeysFile } from "./keys_file.ts";
import { newKey, readKeyOptions } from "./new_key.ts";

const NOW = Date.UTC(2030, 0, 1);

/** Returns the entry that the command prints for these arguments. */
function make(...args: string[]) {
  const options = readKeyOptions(["new", ...args], NOW);
  assert(options !== "help" && !("wrong" in options), JSON.stringify(options));
  return newKey(options);
}

const file = (...keys: unknown[]): string => JSON.stringify({ keys });

Deno.test("every entry that the command prints is read, and its key fits it", () => {
  const option = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  fc.assert(fc.property(
    fc.uniqueArray(fc.constantFrom(...SCOPES), { minLength: 1 }),
    option(fc.string({ minLength: 1, maxLength: 100 }).filter((name) => !name.startsWith("-"))),
    option(fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/)),
    option(fc.integer({ min: 1, max: 1_000_000 })),
    option(fc.integer({ min: 1, max: 99_999 })),
    (scopes, name, collection, rate, days) => {
      const { key, entry } = make(
        ...scopes.flatMap((scope) => ["--scope", scope]),
        ...name === undefined ? [] : ["--name", name],
        ...collection === undefined ? [] : ["--collection", collection],
        ...rate === undefined ? [] : ["--rate", `${rate}/min`],
        ...days === undefined ? [] : ["--expires", `${days}d`],
      );
      const presented = parseApiKey(key)!;
      const read = parseKeysFile(file(entry)).get(presented.id)!;
      assert(isSameHash(read.sha256, presented.hash));
      assert(!JSON.stringify(entry).includes(key.split("_")[2]!));
      assertEquals(read, {
        id: presented.id,
        name: name ?? presented.id,
        sha256: read.sha256,
        scopes,
        collection: collection ?? "default",
        ...rate !== undefined && { rate_per_minute: rate },
        ...days !== undefined && { expires: NOW + days * 24 * 60 * 60 * 1000 },
      });
    },
  ));
});

Deno.test("a text that differs from a key in any character is another key, or none", () => {
  const { text } = makeApiKey();
  const { id, hash } = parseApiKey(text)!;
  fc.assert(fc.property(
    fc.nat(text.length - 1),
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 3 }),
      fc.constantFrom("", " ", "\n", "\0", "A"),
    ),
    (at, put) => {
      const other = text.slice(0, at) + put + text.slice(at + 1);
      const parsed = parseApiKey(other);
      if (other === text) return;
      assert(parsed === undefined || parsed.id !== id || !isSameHash(parsed.hash, hash), other);
    },
  ));
  for (
    const other of [
      `fi_${id}_${text.split("_")[2]!.toUpperCase()}`,
      text.toUpperCase(),
      ` ${text}`,
      `${text}\n`,
      `${text}0`,
      text.slice(0, -1),
    ]
  ) {
    assertEquals(parseApiKey(other), undefined);
  }
});

Deno.test("two keys have nothing in common", () => {
  const keys = Array.from({ length: 100 }, () => makeApiKey());
  for (const part of ["id", "text", "sha256"] as const) {
    assertEquals(new Set(keys.map((key) => key[part])).size, keys.length);
  }
});

Deno.test("a wrong keys file is refused, and the error quotes nothing of it", () => {
  const { key, entry } = make("--scope", "verify");
  const wrong: Record<string, string> = {
    "no JSON": `{"keys": [${key}`,
    "half a file": file(entry).slice(0, -20),
    "no list": JSON.stringify([entry]),
    "another field": JSON.stringify({ keys: [], other: key }),
    "a key instead of an entry": file(key),
    "a key as the hash": file({ ...entry, sha256: key }),
    "an upper-case hash": file({ ...entry, sha256: entry.sha256.toUpperCase() }),
    "an unknown scope": file({ ...entry, scopes: ["root"] }),
    "no scope": file({ ...entry, scopes: [] }),
    "an unknown field": file({ ...entry, [key]: 1 }),
    "a rate of 0": file({ ...entry, rate_per_minute: 0 }),
    "a rate as text": file({ ...entry, rate_per_minute: "60" }),
    "a bad date": file({ ...entry, expires: "tomorrow" }),
    "a date without a zone": file({ ...entry, expires: "2030-01-01T00:00:00" }),
    "a weaker policy": file({ ...entry, liveness: "off" }),
    "an unknown policy": file({ ...entry, quality: "strict" }),
    "a bad collection": file({ ...entry, collection: "../other" }),
    "an id twice": file(entry, { ...entry, scopes: ["admin"] }),
    "too many keys": file(...Array(MAX_KEYS + 1).fill(entry)),
    "too many bytes": " ".repeat(MAX_KEYS_FILE_BYTES + 1),
  };
  for (const [what, text] of Object.entries(wrong)) {
    const error = assertThrows(() => parseKeysFile(text), ConfigError, "API_KEYS_PATH");
    assert(!error.message.includes(key), what);
    assert(!error.message.includes(key.split("_")[2]!), what);
  }
  assertEquals(parseKeysFile(file()).size, 0);
});

Deno.test("a key that enforces liveness needs a service that can judge it", () => {
  const { entry } = make("--scope", "verify", "--enforce", "liveness", "--enforce", "quality");
  const { liveness, quality } = parseKeysFile(file(entry)).get(entry.id)!;
  assertEquals([liveness, quality], ["enforce", "enforce"]);
  assertThrows(() => parseKeysFile(file(entry), false), ConfigError, "LIVENESS_THRESHOLD");
  const onlyQuality = make("--scope", "verify", "--enforce", "quality").entry;
  assertEquals(parseKeysFile(file(onlyQuality), false).get(onlyQuality.id)!.liveness, undefined);
});

Deno.test("a broken file keeps only keys that it lists, or all keys when it has no list", () => {
  const [a, b] = [make("--scope", "verify").entry, make("--scope", "verify").entry];
  const good = parseKeysFile(file(a, b));
  const kept = (text: string) => keysOfBrokenFile(text, good);
  const ids = (text: string) => [...kept(text)!.keys()];
  assertEquals(ids(file(a, { ...b, scopes: [] }, 7)), [a.id, b.id]);
  assertEquals(ids(file(b, 7)), [b.id]);
  assertEquals(ids(file({ id: a.id }, null, "b")), []);
  assertEquals(ids(file(...Array(MAX_KEYS + 1).fill(7))), []);
  // Two entries with one id: it is unclear which of them counts.
  assertEquals(kept(file(a, { ...a, scopes: ["admin"] }))!.get(a.id)!.scopes, ["verify"]);
  assertEquals(ids(file(a, { ...a, sha256: b.sha256 })), []);
  for (const text of [file(a).slice(0, -1), "[]", "", "null"]) {
    assertEquals(kept(text), undefined);
  }
});

Deno.test("a wrong command line is explained", () => {
  for (
    const [args, why] of [
      [[], "The command"],
      [["list"], "The command"],
      [["new"], "--scope must be"],
      [["new", "--scope", "root"], "--scope must be"],
      [["new", "--scope", ""], "--scope must be"],
      [["new", "--scope", "verify", "--collection", "A b"], "--collection must"],
      [["new", "--scope", "verify", "--name", ""], "--name must"],
      [["new", "--scope", "verify", "--name", "x".repeat(101)], "--name must"],
      ...["60", "0/min", "1.5/min", "60/s", "1000001/min"].map((rate) =>
        [["new", "--scope", "verify", "--rate", rate], "--rate must"] as const
      ),
      ...["0d", "2029-12-31", "2030-13-01", "2030-02-31", "1.1.2031", "2031", "90", "-1d"].map((
        end,
      ) => [["new", "--scope", "verify", `--expires=${end}`], "--expires must"] as const),
      [["new", "--scope", "verify", "--enforce", "all"], "--enforce must"],
      [["new", "--key", "x"], "Unknown option"],
    ] as const
  ) {
    const options = readKeyOptions([...args], NOW);
    assert(options !== "help" && "wrong" in options, args.join(" "));
    assert(options.wrong.startsWith(why), `${args.join(" ")}: ${options.wrong}`);
  }
  assertEquals(readKeyOptions(["--help"], NOW), "help");
  assertEquals(make("--scope", "enrol,audit").entry.scopes, ["enrol", "audit"]);
});
