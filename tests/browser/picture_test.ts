import { assert, assertAlmostEquals, assertMatch } from "@std/assert";
import sharp from "sharp";
import { encoded, sample } from "../support/pictures.ts";
import { browserTest, DESKTOP, PHONE, Visit } from "./visit.ts";

for (const [name, context] of [["phone", PHONE], ["desktop", DESKTOP]] as const) {
  browserTest(`on a ${name}, the page shows the answer and a box around the face`, async () => {
    await using visit = await Visit.start({ context });
    const picture = await sample("user1_similar.png");
    await visit.choose(picture);
    await visit.answers("This is User One");
    const answer = await visit.answer.innerText();
    assertMatch(answer, /User ID\s+user1\s+Confidence\s+0\.9\d+\s+Similarity\s+0\.6\d+\s+Time/);
    const { face } = JSON.parse((await visit.service.post(picture)).text);
    const size = await sharp(picture).metadata();
    const box = await boxOnPicture(visit);
    assertAlmostEquals(box.x, face.box[0] / size.width, 0.01);
    assertAlmostEquals(box.y, face.box[1] / size.height, 0.01);
    assertAlmostEquals(box.width, face.box[2] / size.width, 0.01);
    assertAlmostEquals(box.height, face.box[3] / size.height, 0.01);
    await visit.fits();
    const { y, height } = (await visit.answer.boundingBox())!;
    assert(y + height < context.viewport.height + 1, "The answer is outside the window");
  });
}

browserTest(
  "the page says when a face is a stranger's, and when it does not belong to the given user",
  async () => {
    await using visit = await Visit.start();
    await visit.choose(await sample("different.png"));
    await visit.answers("Not recognised");
    await visit.page.getByRole("textbox", { name: "User ID" }).fill("user2");
    await visit.choose(await sample("user1_similar.png"));
    await visit.answers("Not recognised as user2");
    assert((await boxOnPicture(visit)).width > 0.2, "The face has no box");
  },
);

browserTest(
  "a rotated picture is shown upright, with a box around the face",
  async () => {
    await using visit = await Visit.start();
    const upright = sharp(await sample("user1_similar.png"));
    await visit.choose(await encoded(upright.clone().jpeg({ quality: 95 })));
    await visit.answers("This is User One");
    const expected = await boxOnPicture(visit);
    const onItsSide = upright.clone().rotate(90).withMetadata({ orientation: 8 });
    await visit.choose(await encoded(onItsSide.jpeg({ quality: 95 })), "image/jpeg");
    await visit.answers("This is User One");
    const box = await boxOnPicture(visit);
    for (const side of ["x", "y", "width", "height"] as const) {
      assertAlmostEquals(box[side], expected[side], 0.03);
    }
  },
);

browserTest(
  "when a picture has more bytes than the service accepts, the page makes it smaller",
  async () => {
    await using visit = await Visit.start();
    const large = sharp(await sample("user1_similar.png")).resize(2600, 2800);
    const bytes = await encoded(large.png({ compressionLevel: 0 }));
    assert(bytes.length > 10 * 1024 * 1024);
    await visit.choose(bytes);
    await visit.answers("This is User One");
    assert((await boxOnPicture(visit)).width > 0.2);
  },
);

browserTest(
  "a new picture cancels the request of the previous picture",
  async () => {
    await using visit = await Visit.start({ env: { POOL_SIZE: "2" } });
    const workers = await visit.service.workers();
    for (const worker of workers) Deno.kill(worker, "SIGSTOP");
    await visit.choose(await sample("user2.png"));
    await visit.answers("Looking…");
    const cancelled = visit.page.waitForEvent("requestfailed");
    await visit.choose(await sample("user1_similar.png"));
    await cancelled;
    for (const worker of workers) {
      try {
        Deno.kill(worker, "SIGCONT");
      } catch (error) {
        // The worker of the cancelled request may already be destroyed.
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    await visit.answers("This is User One");
  },
);

browserTest("a picture can be dropped anywhere on the page, or pasted", async () => {
  await using visit = await Visit.start();
  const handOver = async (name: string, event: string) =>
    await visit.page.evaluate(`
      const files = new DataTransfer();
      const bytes = Uint8Array.fromBase64("${(await sample(name)).toBase64()}");
      files.items.add(new File([bytes], "photo.png"));
      document.body.dispatchEvent(${event});
    `);
  await handOver("user2.png", 'new DragEvent("drop", { dataTransfer: files, bubbles: true })');
  await visit.answers("This is User Two");
  await handOver(
    "user3.png",
    'new ClipboardEvent("paste", { clipboardData: files, bubbles: true })',
  );
  await visit.answers("This is User Three");
});

/** Returns the box as fractions of the width and height of the shown picture. */
async function boxOnPicture({ page }: Visit) {
  const picture = (await page.getByAltText("The picture that was sent").boundingBox())!;
  const box = (await page.locator("rect").last().boundingBox())!;
  return {
    x: (box.x - picture.x) / picture.width,
    y: (box.y - picture.y) / picture.height,
    width: box.width / picture.width,
    height: box.height / picture.height,
  };
}
