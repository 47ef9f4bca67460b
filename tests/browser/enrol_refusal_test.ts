import { assertEquals } from "@std/assert";
import sharp from "sharp";
import { eventually } from "../support/eventually.ts";
import { encoded, farAway, gray, sample, sideBySide } from "../support/pictures.ts";
import { asFile, browserTest, DESKTOP, GALLERY_SERVICE, PHONE, Visit } from "./visit.ts";

for (const [device, context] of [["phone", PHONE], ["desktop", DESKTOP]] as const) {
  browserTest(
    `on a ${device}, each refused picture is explained, and the others are enrolled`,
    async () => {
      await using visit = await Visit.start({ context, env: GALLERY_SERVICE });
      const { page } = visit;
      const blurred = sharp(await sample("different.png")).resize(60).resize(600).blur(12);
      const pictures = [
        [await gray(640, 480), "refused. No face found", "from the front"],
        [await sideBySide(), "refused. More than one face", "of about the same size"],
        [await farAway(), "refused. Face too small", "Come closer"],
        [
          new TextEncoder().encode("Not a picture"),
          "refused. Unsupported media type",
          "not a JPEG",
        ],
        [await encoded(blurred.png()), "refused. ", "."],
        [await sample("user1.png"), "refused. Belongs to another user", "matches another user"],
        [await sample("different.png"), "accepted", "The face is clear."],
        [await sample("different.png"), "enrolled before", "changes nothing"],
        [
          await sample("user1.png"),
          "refused. Not the same person",
          "unlike the user's other pictures",
        ],
      ] as const;
      await visit.open("Enrol");
      await visit.enrol("Ada", ...pictures.map(([bytes]) => bytes));
      for (const [i, [, verdict, explanation]] of pictures.entries()) {
        const shot = page.getByRole("listitem").filter({ hasText: `Picture ${i + 1}: ${verdict}` });
        await shot.getByText(explanation).first().waitFor();
      }
      assertEquals(await page.getByRole("button", { name: /^Send picture/ }).count(), 0);
      await visit.fits();
      const { text } = await visit.service.get("/users/ada");
      assertEquals(JSON.parse(text).templates.length, 1);
    },
  );
}

browserTest("a picture that could not be sent can be sent again", async () => {
  const env = { ...GALLERY_SERVICE, POOL_SIZE: "1", QUEUE_LIMIT: "0" };
  await using visit = await Visit.start({ env });
  const { page, service } = visit;
  await visit.open("Enrol");
  const [worker] = await service.workers();
  Deno.kill(worker!, "SIGSTOP");
  const first = service.post(await sample("user1.png"));
  await eventually(
    async () => await service.metric("face_it_pool_busy") === 1,
    "the worker is busy",
  );
  await visit.enrol("Ada", await sample("different.png"));
  await page.getByText("Picture 1: not sent. No worker available").waitFor();
  Deno.kill(worker!, "SIGCONT");
  assertEquals((await first).status, 200);
  await page.getByRole("button", { name: "Send picture 1 again" }).click();
  await page.getByText("Picture 1: accepted").waitFor();
});

browserTest("pictures that wait are not sent for the next person", async () => {
  const env = { ...GALLERY_SERVICE, POOL_SIZE: "1" };
  await using visit = await Visit.start({ env });
  const { page, service } = visit;
  const templatesOf = async (id: string) =>
    JSON.parse((await service.get(`/users/${id}`)).text).templates.length;
  await visit.open("Enrol");
  const [worker] = await service.workers();
  Deno.kill(worker!, "SIGSTOP");
  await visit.enrol("Ada", await gray(640, 480));
  await page.getByText("Picture 1: being checked").waitFor();
  await page.getByLabel("Choose pictures").setInputFiles(asFile(await sample("different.png")));
  await page.getByRole("button", { name: "Enrol another person" }).click();
  await page.getByText("Pictures of Ada that were not sent: 1").waitFor();
  await page.getByLabel("Name").fill("Bob");
  Deno.kill(worker!, "SIGCONT");
  // Pictures are sent in their order.
  await page.getByLabel("Choose pictures").setInputFiles(asFile(await gray(640, 480)));
  await page.getByText("Picture 1: refused. No face found").waitFor();
  assertEquals(await page.getByRole("listitem").count(), 1);
  assertEquals([await templatesOf("ada"), await templatesOf("bob")], [0, 0]);
});

browserTest("a user ID that a browser cannot address is refused", async () => {
  await using visit = await Visit.start({ env: GALLERY_SERVICE });
  const { page } = visit;
  await visit.open("Enrol");
  const userId = page.getByRole("textbox", { name: "User ID" });
  for (const step of [".", ".."]) {
    await userId.fill(step);
    await visit.enrol("Ada", await sample("different.png"));
    assertEquals(
      await userId.evaluate("document.activeElement.validationMessage"),
      "This cannot be a user ID. Type another one.",
    );
  }
  await userId.fill("...");
  await visit.enrol("Ada", await sample("different.png"));
  await page.getByText("Ada can be recognised now.").waitFor();
});

browserTest("a person who exists is not replaced, and can get more pictures", async () => {
  await using visit = await Visit.start({ env: GALLERY_SERVICE });
  const { page, service } = visit;
  const before = (await service.get("/users/user1")).text;
  await visit.open("Enrol");
  const userId = page.getByRole("textbox", { name: "User ID" });
  await userId.fill("user1");
  await visit.enrol("Ada", await sample("user1_similar.png"));
  await page.getByText("The user ID user1 belongs to User One already.").waitFor();
  assertEquals((await service.get("/users/user1")).text, before);
  await page.getByRole("button", { name: "Add pictures to User One" }).click();
  await page.getByLabel("Choose pictures").setInputFiles(asFile(await sample("user1_similar.png")));
  await page.getByText("User One can be recognised now.").waitFor();
  assertEquals(JSON.parse((await service.get("/users/user1")).text).templates.length, 2);

  // The second person of a name gets another user ID.
  await page.getByRole("button", { name: "Enrol another person" }).click();
  await visit.enrol("user1", await sample("different.png"));
  await page.getByText("user1 can be recognised now.").waitFor();
  assertEquals(await userId.inputValue(), "user1-2");
});

browserTest(
  "the page says that the operator enrols people when the workers hold the gallery",
  async () => {
    await using visit = await Visit.start();
    for (
      const [view, text] of [["Enrol", "Ask the operator to enrol you."], [
        "People",
        "neither list nor change",
      ]] as const
    ) {
      await visit.open(view);
      await visit.page.getByText(text).waitFor();
      assertEquals(await visit.page.getByRole("main").getByRole("button").count(), 0);
    }
  },
);

browserTest("where a consent is needed, the page asks for its reference", async () => {
  await using visit = await Visit.start({ env: { ...GALLERY_SERVICE, REQUIRE_CONSENT: "true" } });
  const { page, service } = visit;
  await visit.open("Enrol");
  const consent = page.getByRole("textbox", { name: "Consent reference" });
  await consent.waitFor();
  await visit.enrol("Ada", await sample("different.png"));
  assertEquals(
    await consent.evaluate("document.activeElement.validationMessage"),
    "First type the reference to the consent.",
  );
  assertEquals((await service.get("/users/ada")).status, 404);
  await consent.fill("form 17");
  await visit.enrol("Ada", await sample("different.png"));
  await page.getByText("Ada can be recognised now.").waitFor();
  assertEquals(JSON.parse((await service.get("/users/ada")).text).consent_ref, "form 17");
  assertEquals(await consent.isVisible(), false);
});

browserTest(
  "a question that fails does not make the page forget that a consent is needed",
  async () => {
    await using visit = await Visit.start({ env: { ...GALLERY_SERVICE, REQUIRE_CONSENT: "true" } });
    const { page, service } = visit;
    let failing = true;
    await page.route("**/models", (route) => failing ? route.abort() : route.continue());
    await visit.open("Enrol");
    // While nothing is known about the service, nobody is created.
    await visit.enrol("Ada", await sample("different.png"));
    await page.getByText("No picture was sent.").waitFor();
    assertEquals((await service.get("/users/ada")).status, 404);
    const consent = page.getByRole("textbox", { name: "Consent reference" });
    for (failing of [false, true]) {
      await visit.open("People");
      await visit.open("Enrol");
      await consent.waitFor();
    }
    await consent.fill("form 17");
    await visit.enrol("Ada", await sample("different.png"));
    await page.getByText("Ada can be recognised now.").waitFor();
  },
);
