import { assert, assertEquals } from "@std/assert";
import { sample } from "../support/pictures.ts";
import { fakeCamera } from "./fake_camera.ts";
import { browserTest, DESKTOP, GALLERY_SERVICE, PHONE, Visit } from "./visit.ts";

for (const [device, context] of [["phone", PHONE], ["desktop", DESKTOP]] as const) {
  browserTest(
    `on a ${device}, a person is enrolled by the camera, recognised and deleted`,
    async () => {
      await using camera = await fakeCamera(await sample("different.png"));
      await using visit = await Visit.start({ context, env: GALLERY_SERVICE, args: camera.args });
      const { page } = visit;
      const recognise = async (verdict: string) => {
        await visit.open("Recognise");
        await page.getByRole("button", { name: "Use the camera" }).click();
        await page.getByRole("button", { name: "Take photo" }).click();
        await visit.answers(verdict);
      };
      await recognise("Not recognised");

      await visit.open("Enrol");
      await page.getByLabel("Name").fill("Ada Lovelace");
      await page.getByText("Without one, the user ID is ada-lovelace.").waitFor();
      await page.getByRole("button", { name: "Use the camera" }).click();
      for (const shot of [1, 2, 3]) {
        await page.getByRole("button", { name: "Take photo" }).click();
        await page.getByRole("listitem").getByText(
          `Picture ${shot}: ${shot === 1 ? "accepted" : "enrolled before"}`,
        ).waitFor();
      }
      const status = page.getByRole("status").filter({ hasText: "Ada Lovelace can be recognised" });
      await status.waitFor();
      await visit.fits();
      const { y, height } = (await status.boundingBox())!;
      assert(y >= 0 && y + height <= context.viewport.height, "The result is outside the window");
      await recognise("This is Ada Lovelace");

      await visit.open("People");
      await page.locator("summary", { hasText: "Ada Lovelace" }).click();
      await page.getByText("Templates", { exact: true }).waitFor();
      await visit.fits();
      assertEquals(await page.getByRole("listitem").getByRole("img").count(), 0);
      await page.getByRole("button", { name: "Delete Ada Lovelace" }).click();
      const dialog = page.getByRole("dialog", { name: "Delete Ada Lovelace?" });
      await dialog.getByRole("button", { name: "Delete Ada Lovelace" }).click();
      await page.getByRole("status").getByText("Ada Lovelace was deleted.").waitFor();
      await recognise("Not recognised");
    },
  );
}
