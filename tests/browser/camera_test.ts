import { assert, assertEquals } from "@std/assert";
import { sample } from "../support/pictures.ts";
import { fakeCamera } from "./fake_camera.ts";
import { asFile, browserTest, PHONE, Visit } from "./visit.ts";

browserTest("the camera takes a photo", async () => {
  await using camera = await fakeCamera(await sample("user1_similar.png"));
  await using visit = await Visit.start({ args: camera.args });
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

browserTest("a camera that is disconnected is closed, and the page says so", async () => {
  await using camera = await fakeCamera(await sample("user1_similar.png"));
  await using visit = await Visit.start({ args: camera.args });
  const { page } = visit;
  const use = page.getByRole("button", { name: "Use the camera" });
  await use.click();
  const takePhoto = page.getByRole("button", { name: "Take photo" });
  await takePhoto.waitFor();
  await page.evaluate(`document.querySelector("video").srcObject.getTracks()[0]
    .dispatchEvent(new Event("ended"))`);
  await page.getByText("The camera was disconnected.").waitFor();
  assert(await takePhoto.isHidden());
  await use.click();
  await takePhoto.click();
  await visit.answers("This is User One");
});

browserTest("a camera that is disconnected while it starts is reported as such", async () => {
  await using camera = await fakeCamera(await sample("user1_similar.png"));
  await using visit = await Visit.start({ args: camera.args });
  const { page } = visit;
  await page.evaluate(`const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      const played = play.call(this);
      this.srcObject.getTracks()[0].dispatchEvent(new Event("ended"));
      return played;
    }`);
  await page.getByRole("button", { name: "Use the camera" }).click();
  await page.getByText("The camera was disconnected.").waitFor();
  // The page has handled the end of play(), which comes after the event.
  await page.evaluate("new Promise((resolve) => setTimeout(resolve))");
  await page.getByText("The camera was disconnected.").waitFor({ timeout: 1000 });
});

browserTest("without a camera, the page says why it cannot take a photo", async () => {
  await using visit = await Visit.start();
  await visit.page.getByRole("button", { name: "Use the camera" }).click();
  await visit.page.getByText(/^(No camera was found|The camera is not allowed)/).waitFor();
  const focused = await visit.page.evaluate("document.activeElement.innerText");
  assertEquals(focused, "Use the camera");
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
  await phone.page.getByText("Take a photo").first().click();
  await (await chooser).setFiles(asFile(await sample("user1.png")));
  await phone.answers("This is User One");
});
