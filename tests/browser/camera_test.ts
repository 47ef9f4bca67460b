import { assert } from "@std/assert";
import sharp from "sharp";
import { encoded, type Picture, sample } from "../support/pictures.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { asFile, browserTest, PHONE, Visit } from "./visit.ts";

browserTest("the camera takes a photo", async () => {
  await using folder = await temporaryFolder();
  const video = await folder.write("face.mjpeg", await film(await sample("user1_similar.png")));
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

browserTest("without a camera, the page says why it cannot take a photo", async () => {
  await using visit = await Visit.start();
  await visit.page.getByRole("button", { name: "Use the camera" }).click();
  await visit.page.getByText(/^(No camera was found|The camera is not allowed)/).waitFor();
});

browserTest("over plain HTTP, the page opens the camera app of a phone", async () => {
  const plainHttp = {
    host: "face-it.test",
    env: { ALLOWED_HOSTS: "face-it.test" },
    args: ["--host-resolver-rules=MAP face-it.test 127.0.0.1"],
  };
  await using desktop = await Visit.start(plainHttp);
  await desktop.page.getByRole("button", { name: "Use the camera" }).click();
  await desktop.page.getByText("only on pages from HTTPS or localhost").waitFor();

  await using phone = await Visit.start({ ...plainHttp, context: PHONE });
  const chooser = phone.page.waitForEvent("filechooser");
  await phone.page.getByText("Take a photo").click();
  await (await chooser).setFiles(asFile(await sample("user1.png")));
  await phone.answers("This is User One");
});

/** Makes a video for Chromium's fake camera: two frames of the picture in Motion JPEG. */
async function film(picture: Picture): Promise<Uint8Array> {
  const frame = await encoded(
    sharp(picture).resize(640, 480, { fit: "contain" }).jpeg({ quality: 95 }),
  );
  return new Uint8Array([...frame, ...frame]);
}
