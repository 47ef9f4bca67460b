import { join } from "node:path";
import { assert } from "@std/assert";
import sharp from "sharp";
import { encoded, type Picture, sample } from "../support/pictures.ts";
import { asFile, ignore, PHONE, Visit } from "./visit.ts";

Deno.test("the camera takes a photo", { ignore }, async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const video = join(folder, "face.mjpeg");
  await Deno.writeFile(video, await film(await sample("user1_similar.png")));
  await using visit = await Visit.start({
    args: [
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${video}`,
    ],
  });
  const { page } = visit;
  const use = page.getByRole("button", { name: "Use the camera" });
  await use.click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await use.click();
  await page.getByRole("button", { name: "Take photo" }).click();
  await visit.answers("This is User One");
  assert(await page.getByRole("region", { name: "Camera" }).isHidden());
  assert(await page.evaluate("document.querySelector('video').srcObject === null"));
});

Deno.test("without a camera the page says why", { ignore }, async () => {
  await using visit = await Visit.start();
  await visit.page.getByRole("button", { name: "Use the camera" }).click();
  await visit.page.getByText(/^(No camera was found|The camera is not allowed)/).waitFor();
});

Deno.test("over plain HTTP a phone is offered its own camera program", { ignore }, async () => {
  const elsewhere = {
    host: "face-it.test",
    args: ["--host-resolver-rules=MAP face-it.test 127.0.0.1"],
  };
  await using desktop = await Visit.start(elsewhere);
  await desktop.page.getByRole("button", { name: "Use the camera" }).click();
  await desktop.page.getByText("from HTTPS or localhost only").waitFor();

  await using phone = await Visit.start({ ...elsewhere, context: PHONE });
  const chooser = phone.page.waitForEvent("filechooser");
  await phone.page.getByText("Take a photo").click();
  await (await chooser).setFiles(asFile(await sample("user1.png")));
  await phone.answers("This is User One");
});

/** The picture as a film of two frames, in Motion JPEG, for Chromium's fake camera. */
async function film(picture: Picture): Promise<Uint8Array> {
  const frame = await encoded(
    sharp(picture).resize(640, 480, { fit: "contain" }).jpeg({ quality: 95 }),
  );
  return new Uint8Array([...frame, ...frame]);
}
