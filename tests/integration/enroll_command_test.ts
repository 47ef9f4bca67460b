import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import sharp from "sharp";
import type { Gallery } from "../../matching/gallery.ts";
import { parseGallery } from "../../worker/gallery/gallery.ts";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { encoded, gray, sample, sideBySide } from "../support/pictures.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { ROOT } from "../support/checkout.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("the people of a folder are enrolled, and a second run gives the same file", async () => {
  await using desk = await temporaryDesk();
  await desk.put("people/ada_lovelace/1.png", "user1.png");
  await desk.put("people/ada_lovelace/2.png", "user1_similar.png");
  await desk.put("people/bob/1.png", "user2.png");
  const args = ["--gallery", "g.json", "--from", "people"];
  const { code, out, err } = await desk.enroll(...args);
  assertEquals({ code, out }, { code: 0, out: "g.json: 2 users, 3 templates\n" });
  assertEquals(err, "Enrolling: 3 photos …\nEnrolling: 3 photos, done\n");
  const { users, templateCounts } = await desk.gallery();
  assertEquals(users, [
    { userId: "ada_lovelace", name: "ada lovelace" },
    { userId: "bob", name: "bob" },
  ]);
  assertEquals(templateCounts, [2, 1]);
  const { size, mode } = await Deno.stat(desk.folder.path("g.json"));
  assert(size <= 3 * 6500, `${size} bytes`);
  assertEquals(mode! & 0o777, 0o600);

  const once = await desk.text();
  assertEquals((await desk.enroll(...args)).code, 0);
  assertEquals(await desk.text(), once);
});

Deno.test("each refused photo and each file that is not a photo has a line with the reason", async () => {
  await using desk = await temporaryDesk();
  await desk.put("people/alice/1.png", "user1.png");
  const twoFaces = await encoded(sharp(await sideBySide()).jpeg());
  const noFace = await encoded(sharp(await gray(200, 200)).webp());
  await desk.folder.write("people/alice/2.jpg", twoFaces);
  await desk.folder.write("people/alice/3.webp", noFace);
  const half = (await sample("user1.png")).subarray(0, 50_000);
  await desk.folder.write("people/alice/4.png", half);
  await desk.folder.write("people/alice/5.jpg", "no picture");
  await Deno.symlink("nowhere", desk.folder.path("people/alice/6.jpg"));
  const { code, out, err } = await desk.enroll("--gallery", "g.json", "--from", "people");
  assertEquals({ code, out }, {
    code: 0,
    out: "g.json: 1 user, 1 template; 4 photos refused\n",
  });
  assertEquals(err.split("\n").slice(2, -1), [
    "skipped  people/alice/5.jpg  not_a_photo",
    "refused  people/alice/6.jpg  unreadable",
    "refused  people/alice/2.jpg  multiple_faces",
    "refused  people/alice/3.webp  no_face",
    "refused  people/alice/4.png  invalid_image",
  ]);
});

Deno.test("a named pipe among the photos is skipped, and the command does not wait for it", async () => {
  await using desk = await temporaryDesk();
  await desk.put("people/alice/1.png", "user1.png");
  const pipe = desk.folder.path("people/alice/pipe");
  assertEquals((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success, true);
  const { code, err } = await desk.enroll("--gallery", "g.json", "--from", "people");
  assertEquals(code, 0);
  assertStringIncludes(err, "\nskipped  people/alice/pipe  not_a_photo\n");
});

Deno.test("an error names the users without a template, and the other users are enrolled", async () => {
  await using desk = await temporaryDesk();
  await desk.put("people/alice/1.png", "user1.png");
  await Deno.mkdir(desk.folder.path("people/empty"));
  await Deno.mkdir(desk.folder.path("people/nobody"));
  await desk.folder.write("people/nobody/1.png", await gray(200, 200));
  const { code, out, err } = await desk.enroll("--gallery", "g.json", "--from", "people");
  assertEquals({ code, out }, { code: 1, out: "g.json: 1 user, 1 template; 1 photo refused\n" });
  assertMatch(err, /\nNo template, because no photo was accepted: empty, nobody\n$/);
  assertEquals((await desk.gallery()).users.map(({ userId }) => userId), ["alice"]);
});

Deno.test("--from replaces the templates of users with an accepted photo; all other templates stay", async () => {
  await using desk = await temporaryDesk();
  const people = { bob: "user2.png", carol: "user3.png", alice: "user1.png" };
  for (const [user, photo] of Object.entries(people)) {
    await desk.enroll("--gallery", "g.json", "--user-id", user, "--name", user, samplePath(photo));
  }
  const before = (await desk.text()).split("\n");
  await desk.put("people/alice/1.png", "user1_similar.png");
  await Deno.mkdir(desk.folder.path("people/bob"));
  await desk.folder.write("people/bob/1.png", await gray(200, 200));
  const { code, err } = await desk.enroll("--gallery", "g.json", "--from", "people");
  assertEquals(code, 0);
  assertStringIncludes(
    err,
    "\nkept     bob  the existing templates, because no photo was accepted\n",
  );
  const after = (await desk.text()).split("\n");
  assertEquals(after.slice(0, 3), before.slice(0, 3));
  assert(after[3]!.includes(`"user_id":"alice"`) && after[3] !== before[3]);
  assertEquals(after.length, before.length);
});

Deno.test("--user-id adds photos to a user of the gallery, each photo only once", async () => {
  await using desk = await temporaryDesk();
  const add = (...args: string[]) => desk.enroll("--gallery", "g.json", "--user-id", "u1", ...args);
  const made = await add("--name", "Ada Lovelace", samplePath("user1.png"));
  assertEquals([made.code, made.out], [0, "g.json: 1 user, 1 template\n"]);
  const added = await add(samplePath("user1_similar.png"), samplePath("user1.png"));
  assertEquals([added.code, added.out], [0, "g.json: 1 user, 2 templates\n"]);
  assertMatch(added.err, /\nskipped {2}\S+user1\.png {2}already enrolled\n$/);
  assertEquals((await desk.gallery()).users, [{ userId: "u1", name: "Ada Lovelace" }]);

  const renamed = await add("--name", "Ada King", samplePath("user1.png"));
  assertEquals(renamed, {
    code: 1,
    out: "",
    err: 'The user "u1" has the name "Ada Lovelace" in the gallery, not "Ada King"\n',
  });
  assertEquals((await desk.gallery()).size, 2);
});

Deno.test("--compact makes new templates compact, or the whole gallery when there are no photos", async () => {
  await using desk = await temporaryDesk();
  const args = ["--gallery", "g.json", "--user-id", "u1", "--name", "U", samplePath("user1.png")];
  assertEquals((await desk.enroll(...args)).code, 0);
  await desk.put("people/bob/1.png", "user2.png");
  const added = await desk.enroll("--gallery", "g.json", "--compact", "--from", "people");
  assertEquals(added.out, "g.json: 2 users, 2 templates\n");
  const { embeddings } = JSON.parse(await desk.text());
  const forms = embeddings.map((entry: Record<string, unknown>) => Object.keys(entry)[2]);
  assertEquals(forms, ["embedding", "embedding_int8"]);

  const made = await desk.enroll("--gallery", "g.json", "--compact");
  assertEquals(made, { code: 0, out: "g.json: 1 template made compact\n", err: "" });
  assert((await desk.text()).length < 2 * 800);
  assertEquals(
    (await desk.enroll(...args)).err.split("\n").at(-2)?.endsWith("already enrolled"),
    true,
  );
  const again = await desk.enroll("--gallery", "g.json", "--compact");
  assertEquals(again.out, "g.json: already compact\n");
  const none = await desk.enroll("--gallery", "none.json", "--compact");
  assertEquals(none, { code: 1, out: "", err: "The gallery none.json does not exist\n" });
});

Deno.test("a new user needs a name and an accepted photo", async () => {
  await using desk = await temporaryDesk();
  const add = (...args: string[]) => desk.enroll("--gallery", "g.json", "--user-id", "u1", ...args);
  assertEquals(await add(samplePath("user1.png")), {
    code: 1,
    out: "",
    err: 'The user "u1" is new and needs a name\n',
  });
  const { code, out, err } = await add("--name", "U", "missing.jpg", join(ROOT, "deno.json"));
  assertEquals([code, out], [
    1,
    "g.json: not written, because no photo was accepted; 2 photos refused\n",
  ]);
  assertStringIncludes(err, "\nrefused  missing.jpg  unreadable\n");
  assertStringIncludes(err, "deno.json  unsupported_media_type\n");
  assertEquals(await desk.names(), []);
});

Deno.test("of two new photos of one person for two users, both are refused, and both are named", async () => {
  await using desk = await temporaryDesk();
  await desk.put("people/alice/1.png", "user2.png");
  await desk.put("people/bob/1.png", "user2.png");
  const { code, err } = await desk.enroll("--gallery", "g.json", "--from", "people");
  assertEquals(code, 1);
  assertEquals(err.split("\n").slice(2, 4), [
    "refused  people/alice/1.png  matches bob",
    "refused  people/bob/1.png  matches alice",
  ]);
});

Deno.test("photos that differ, lie on their side or are unclear are refused, and the command fails", async () => {
  await using desk = await temporaryDesk();
  const upright = sharp(await sample("user3.png")), other = sharp(await sample("different.png"));
  await desk.put("people/alice/1.png", "user1.png");
  await desk.put("people/alice/2.png", "user1_similar.png");
  await desk.put("people/alice/3.png", "user2.png");
  await desk.put("people/bob/1.png", "user1.png");
  await desk.put("people/bob/2.png", "user2.png");
  await desk.folder.write("people/carol/1.png", await encoded(upright.clone().rotate(90).png()));
  await desk.put("people/carol/2.png", "user3.png");
  await desk.folder.write("people/dan/1.png", await encoded(upright.clone().rotate(180).png()));
  await desk.folder.write("people/eve/1.png", await encoded(other.blur(8).png()));
  const refusals = [
    "refused  people/carol/1.png  face_not_upright",
    "refused  people/dan/1.png  face_not_upright",
    "refused  people/eve/1.png  face_unclear",
    "refused  people/alice/3.png  not_the_same_person",
    "refused  people/bob/1.png  not_the_same_person",
    "refused  people/bob/2.png  not_the_same_person",
  ];
  const args = ["--gallery", "g.json", "--from", "people"];
  const { code, out, err } = await desk.enroll(...args);
  assertEquals([code, out], [1, "g.json: 2 users, 3 templates; 6 photos refused\n"]);
  assertEquals(err.split("\n").slice(2), [
    ...refusals,
    "No template, because no photo was accepted: bob, dan, eve. 6 photos refused because strangers " +
    "could match: replace or remove",
    "",
  ]);
  const lenient = await desk.enroll("--allow-unclear", ...args);
  assertEquals(lenient.code, 1);
  assertEquals(
    lenient.err.split("\n").slice(2).filter((line) => line.startsWith("refused")),
    refusals.filter((line) => !line.endsWith("face_unclear")),
  );
});

Deno.test("a photo is added to a user only when it is like the user's templates", async () => {
  await using desk = await temporaryDesk();
  const add = (...args: string[]) => desk.enroll("--gallery", "g.json", "--user-id", "u1", ...args);
  assertEquals((await add("--name", "U", samplePath("user1.png"))).code, 0);
  const once = await desk.text();
  const [code, , line] = await add(samplePath("user2.png"), samplePath("different.png"))
    .then(({ code, err }) => [code, ...err.split("\n").slice(1)]);
  assertEquals(code, 1);
  assertMatch(`${line}`, /^refused {2}\S+user2\.png {2}not_the_same_person$/);
  assertEquals(await desk.text(), once);
  assertEquals((await add(samplePath("user1_similar.png"))).code, 0);
  assertEquals((await desk.gallery()).size, 2);
});

Deno.test("a photo that matches another user is refused, unless lookalikes are allowed", async () => {
  await using desk = await temporaryDesk();
  const add = (...args: string[]) => desk.enroll("--gallery", "g.json", "--user-id", ...args);
  assertEquals((await add("alice", "--name", "A", samplePath("user1.png"))).code, 0);
  await desk.put("people/twin/1.png", "user1_similar.png");
  const args = ["--gallery", "g.json", "--from", "people"];
  const refused = await desk.enroll(...args);
  assertEquals([refused.code, refused.out], [1, "g.json: 1 user, 1 template; 1 photo refused\n"]);
  assertStringIncludes(refused.err, "\nrefused  people/twin/1.png  matches alice\n");
  assertStringIncludes(refused.err, "use --allow-lookalikes\n");
  const { code, out } = await desk.enroll(...args, "--allow-lookalikes");
  assertEquals([code, out], [0, "g.json: 2 users, 2 templates\n"]);
});

Deno.test("a HEIC photo is refused with what to do, also when its name ends with .jpg", async () => {
  await using desk = await temporaryDesk();
  const heic = "\0\0\0\x18ftypheic\0\0\0\0mif1heic";
  await desk.put("people/alice/1.png", "user1.png");
  await desk.folder.write("people/alice/2.jpg", heic);
  const folder = await desk.enroll("--gallery", "g.json", "--from", "people");
  const line = (path: string) => `\nrefused  ${path}  HEIC photo: convert it to JPEG\n`;
  assertStringIncludes(folder.err, line("people/alice/2.jpg"));
  assertEquals(folder.out, "g.json: 1 user, 1 template; 1 photo refused\n");
  const person = ["--user-id", "alice", "people/alice/2.jpg"];
  const named = await desk.enroll("--gallery", "g.json", ...person);
  assertStringIncludes(named.err, line("people/alice/2.jpg"));
});

Deno.test("a gallery that cannot be used is a one-line error, and the file does not change", async () => {
  await using desk = await temporaryDesk();
  const short = { user_id: "u1", name: "U", embedding: [1, 2, 3] };
  const cases = [
    [
      JSON.stringify({ embeddings: [short] }),
      `has 3 numbers, the model gives ${CHECKOUT_MODEL.dimension}`,
    ],
    [JSON.stringify({ users: [] }), 'g.json: The gallery has no list "embeddings"'],
    ["{", "g.json: The gallery is not valid JSON"],
  ] as const;
  for (const [content, message] of cases) {
    await desk.folder.write("g.json", content);
    const { code, out, err } = await desk.enroll(
      ...["--gallery", "g.json", "--user-id", "u1", "--name", "U", samplePath("user1.png")],
    );
    assertEquals([code, out], [1, ""]);
    assertStringIncludes(err, message);
    assertMatch(err, /^[^\n]+\n$/);
    assertEquals(await desk.text(), content);
  }
  assertEquals(await desk.names(), ["g.json"]);
});

Deno.test("a one-line error names a folder or a model that does not exist", async () => {
  await using desk = await temporaryDesk();
  const gone = await desk.enroll("--gallery", "g.json", "--from", "people");
  assertEquals(gone, { code: 1, out: "", err: "The folder people does not exist\n" });
  await Deno.mkdir(desk.folder.path("people"));
  const empty = await desk.enroll("--gallery", "g.json", "--from", "people");
  assertEquals([empty.code, empty.out], [1, ""]);
  assertMatch(empty.err, /^The folder people contains no people[^\n]*\n$/);
  await Deno.mkdir(desk.folder.path("people/alice"));
  const nowhere = await desk.enroll("--gallery", "no/g.json", "--from", "people");
  assertEquals(nowhere, {
    code: 1,
    out: "",
    err: "The folder of the gallery no/g.json does not exist\n",
  });
  const modelless = await desk.enrollWith({ MODEL_PATH: "no.onnx" }, "people");
  assertEquals([modelless.code, modelless.out], [1, ""]);
  assertMatch(modelless.err, /^The model no\.onnx cannot be read[^\n]*\n$/);
});

Deno.test("the size of a photo has the same limit as in the service", async () => {
  await using desk = await temporaryDesk();
  await desk.put("people/alice/1.png", "user1.png");
  const { code, err } = await desk.enrollWith({ MAX_IMAGE_PIXELS: "1000" }, "people");
  assertEquals(code, 1);
  assertStringIncludes(err, "\nrefused  people/alice/1.png  payload_too_large\n");
  const wrong = await desk.enrollWith({ MAX_IMAGE_PIXELS: "many" }, "people");
  assertEquals(wrong, {
    code: 1,
    out: "",
    err: "Bad environment: MAX_IMAGE_PIXELS: must be a whole number\n",
  });
});

Deno.test("a wrong command line gets one line with the usage, and exit code 2", async () => {
  await using desk = await temporaryDesk();
  const photo = samplePath("user1.png");
  const cases = [
    [],
    ["--gallery", "g.json"],
    ["--gallery", "g.json", "--form", "people"],
    ["--gallery", "g.json", "--from", "people", "--user-id", "u1", photo],
    ["--gallery", "g.json", "--user-id", "a\tb", "--name", "U", photo],
    ["--gallery", "g.json", "--user-id", "u1", "--name", "n".repeat(257), photo],
  ];
  for (const args of cases) {
    const { code, out, err } = await desk.enroll(...args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertMatch(err, /^[^\n]+\. Usage: deno task enroll [^\n]+\n$/);
  }
  assertEquals(await desk.names(), []);
  const { code, out } = await desk.enroll("--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "--from DIR");
});

/** A folder in which the command runs. */
async function temporaryDesk() {
  const folder = await temporaryFolder();
  const run = (args: readonly string[], env = {}): Promise<CommandResult> =>
    runCommand("worker/commands/enroll/main.ts", args, { cwd: folder.root, env });
  return {
    folder,
    enroll: (...args: string[]) => run(args),
    enrollWith: (env: Record<string, string>, from: string) =>
      run(["--gallery", "g.json", "--from", from], env),
    /** Writes a sample picture to a path in the folder. */
    put: async (path: string, picture: string) => {
      await folder.write(path, await sample(picture));
    },
    /** Returns the text of the gallery file. */
    text: () => Deno.readTextFile(folder.path("g.json")),
    gallery: async (): Promise<Gallery> =>
      parseGallery(await Deno.readTextFile(folder.path("g.json")), CHECKOUT_MODEL.dimension),
    /** Returns the names of all files in the folder. */
    names: () => Array.fromAsync(Deno.readDir(folder.root), ({ name }) => name),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Returns the path of a sample picture. */
const samplePath = (name: string): string => join(ROOT, "test-data", name);
