import { assertEquals } from "@std/assert";
import { GALLERY_USAGE, readGalleryCommand } from "./options.ts";

const MODEL = "ab".repeat(32);

Deno.test("every command is read with its paths and options", () => {
  for (
    const [args, expected] of [
      [["import", "a.json", "b.ndjson"], {
        command: "import",
        files: ["a.json", "b.ndjson"],
        collection: undefined,
        model: undefined,
        again: false,
      }],
      [["import", "--collection", "c", "--model", MODEL, "a.json"], {
        command: "import",
        files: ["a.json"],
        collection: "c",
        model: MODEL,
        again: false,
      }],
      [["import", "--again", "-"], {
        command: "import",
        files: ["-"],
        collection: undefined,
        model: undefined,
        again: true,
      }],
      [["export", "x", "--collection=c"], { command: "export", file: "x", collection: "c" }],
      [["backup", "folder"], { command: "backup", folder: "folder" }],
      [["forget", "--log", "-", "--before", "b"], { command: "forget", log: "-", before: "b" }],
      [["verify-store"], { command: "verify-store" }],
      [["audit", "verify", "--checkpoints", "-"], { command: "audit verify", checkpoints: "-" }],
      [["--help"], "help"],
      [["import", "-h"], "help"],
    ] as const
  ) {
    assertEquals<unknown>(readGalleryCommand([...args]), expected, args.join(" "));
  }
});

Deno.test("a wrong command line is explained in one sentence", () => {
  for (
    const [args, wrong] of [
      [[], "The command is import, export, backup, forget, verify-store or audit verify"],
      [["list"], "The command is import, export, backup, forget, verify-store or audit verify"],
      [["import"], "import needs at least one FILE"],
      [["import", ""], "A path is empty"],
      [["export"], "export needs one FILE"],
      [["export", "a", "b"], "export needs one FILE"],
      [["backup"], "backup needs one FOLDER"],
      [["forget"], "forget needs --log FILE or --before STORE"],
      [["forget", "--log="], "forget needs --log FILE or --before STORE"],
      [["forget", "a", "--log", "b"], "forget needs no path"],
      [["export", "a", "--log", "b"], "--log and --before are only for forget"],
      [["verify-store", "a"], "verify-store needs no path"],
      [["import", "a", "--model", "sface"], "--model must be a sha256 in lower-case hexadecimal"],
      [["export", "a", "--model", MODEL], "--model is only for import"],
      [["export", "a", "--again"], "--again is only for import"],
      [["import", "-", "a", "-"], "Standard input can be imported once"],
      [["backup", "a", "--collection", "c"], "--collection is only for import and export"],
      [
        ["import", "a", "--collection", "C!"],
        "--collection must have 1 to 63 lower-case letters, digits, _ and -",
      ],
      [["audit"], "audit needs the word verify"],
      [["audit", "verify", "a"], "audit needs the word verify"],
      [["audit", "verify"], "audit verify needs --checkpoints FILE"],
      [["audit", "verify", "--checkpoints="], "audit verify needs --checkpoints FILE"],
      [["verify-store", "--checkpoints", "a"], "--checkpoints is only for audit verify"],
      [["import", "a", "--stroe"], "Unknown option '--stroe'"],
    ] as const
  ) {
    assertEquals(readGalleryCommand([...args]), { wrong }, args.join(" "));
  }
});

Deno.test("the usage names every command", () => {
  for (const command of ["import", "export", "backup", "forget", "verify-store", "audit verify"]) {
    assertEquals(GALLERY_USAGE.includes(command), true);
  }
});
