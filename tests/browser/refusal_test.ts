import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import sharp from "sharp";
import { PICTURE_FORMATS } from "../../shared/contract/image_type.ts";
import { eventually } from "../support/eventually.ts";
import { encoded, gray, type Picture, sample } from "../support/pictures.ts";
import { browserTest, PHONE, Visit } from "./visit.ts";

browserTest("the page explains each error and answers the next picture", async () => {
  await using visit = await Visit.start({ context: PHONE });
  const broken = (await sample("user1.png")).slice(0, 20_000);
  const refusals = [
    [await gray(640, 480), "No face found", "from the front"],
    [new TextEncoder().encode("Not a picture"), "Unsupported media type", PICTURE_FORMATS],
    [broken, "Invalid image", "damaged"],
    [new Uint8Array(), "Invalid request", "empty"],
    [await twice(await sample("user1.png")), "More than one face", "of about the same size"],
  ] as const;
  for (const [picture, title, explanation] of refusals) {
    await visit.choose(picture, "application/json");
    await visit.answers(title);
    await visit.answer.getByText(explanation).waitFor();
    await visit.answer.getByText(/, request [\da-f-]{36}$/).waitFor();
    await visit.fits();
  }
  await visit.choose(await sample("user1.png"));
  await visit.answers("This is User One");
});

browserTest("the page can ask again only after the time in Retry-After", async () => {
  await using visit = await Visit.start({ env: { POOL_SIZE: "1", QUEUE_LIMIT: "0" } });
  const { page, service } = visit;
  // From now on, the test controls the clock of the page.
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1000);
  const [worker] = await service.workers();
  Deno.kill(worker!, "SIGSTOP");
  const first = service.post(await sample("user1.png"));
  await eventually(
    async () => await service.metric("face_it_pool_busy") === 1,
    "the worker is busy",
  );
  const refused = page.waitForResponse((response) => response.status() === 503);
  await visit.choose(await sample("user1_similar.png"));
  await visit.answers("No worker available");
  const seconds = Number((await refused).headers()["retry-after"]);
  Deno.kill(worker!, "SIGCONT");
  assertEquals((await first).status, 200);
  await service.untilFull(1);

  await page.clock.runFor((seconds - 1) * 1000);
  const waiting = page.getByRole("button", { name: "Ask again in 1 s" });
  assertEquals(await waiting.getAttribute("aria-disabled"), "true");
  await page.getByRole("textbox", { name: "User ID" }).press("Enter");
  await visit.answers("No worker available");
  await page.clock.runFor(1000);
  await page.getByRole("textbox", { name: "User ID" }).press("Enter");
  await visit.answers("This is User One");
});

browserTest("the page says when the service is unreachable", async () => {
  await using visit = await Visit.start();
  assertEquals(await visit.service.stop(), 0);
  await visit.choose(await sample("user1.png"));
  await visit.answers("The service was not reached");
});

/** Makes a picture that has two copies of another picture, side by side. */
async function twice(picture: Picture): Promise<Picture> {
  const { width, height } = await sharp(picture).metadata();
  const canvas = sharp({ create: { width: 2 * width, height, channels: 3, background: "gray" } });
  const sides = [0, width].map((left) => ({ input: Buffer.from(picture), left, top: 0 }));
  return await encoded(canvas.composite(sides).png());
}
