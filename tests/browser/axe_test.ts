import { gray, sample } from "../support/pictures.ts";
import { assertNoBarriers } from "./axe.ts";
import { fakeCamera } from "./fake_camera.ts";
import { testKey } from "./keys.ts";
import { asFile, browserTest, DESKTOP, GALLERY_SERVICE, PHONE, Visit } from "./visit.ts";

const DARK_PHONE = { ...PHONE, colorScheme: "dark" } as const;

for (
  const [device, context] of [
    ["phone", PHONE],
    ["dark phone", DARK_PHONE],
    ["desktop", DESKTOP],
  ] as const
) {
  browserTest(`on a ${device}, axe finds nothing in each view`, async () => {
    await using camera = await fakeCamera(await gray(640, 480));
    await using visit = await Visit.start({ context, env: GALLERY_SERVICE, args: camera.args });
    const { page } = visit;
    const check = async (shown: string) => {
      await visit.fits();
      await assertNoBarriers(page, shown);
    };
    await check("Recognise");
    await visit.choose(await sample("user1.png"));
    await visit.answers("This is User One");
    await check("a match");

    await visit.open("Enrol");
    await check("Enrol");
    await visit.enrol("Ada", await sample("different.png"), await gray(640, 480));
    await page.getByRole("listitem").getByText("Picture 2: refused").waitFor();
    await check("an accepted and a refused picture");
    await page.getByRole("button", { name: "Use the camera" }).click();
    await page.getByRole("button", { name: "Take photo", disabled: false }).waitFor();
    await check("the camera");
    await page.getByRole("button", { name: "Enrol another person" }).click();
    await page.getByRole("textbox", { name: "User ID" }).fill("user1");
    await visit.enrol("Bob", await sample("different.png"));
    await page.getByText("The user ID user1 belongs to User One already.").waitFor();
    await check("a user ID that somebody has");

    await visit.open("People");
    await page.locator("summary", { hasText: "User One" }).waitFor();
    await check("People");
    await page.locator("summary", { hasText: "Ada" }).click();
    await page.getByRole("button", { name: "Delete Ada" }).waitFor();
    await check("a person");
    await page.getByRole("button", { name: "Delete Ada" }).click();
    await page.getByRole("dialog").waitFor();
    await check("a confirmation");
  });
}

browserTest("axe finds nothing where the page asks for a key", async () => {
  const { text, entry } = testKey("authenticate");
  await using visit = await Visit.start({ env: GALLERY_SERVICE, keys: [entry] });
  const { page } = visit;
  await visit.open("People");
  await page.getByRole("dialog", { name: "A key is needed" }).waitFor();
  await assertNoBarriers(page, "the key");
  await visit.giveKey("fi_wrong");
  await page.getByText("It may be misspelt").waitFor();
  await assertNoBarriers(page, "a wrong key");
  await page.keyboard.press("Escape");
  await page.getByText("This needs a key.").waitFor();
  await assertNoBarriers(page, "no key");
  await page.getByRole("button", { name: "Try again" }).click();
  await visit.giveKey(text);
  await page.getByText("Forbidden scope").waitFor();
  await assertNoBarriers(page, "a key without the scope");
});

browserTest("axe finds nothing where the operator enrols people", async () => {
  await using visit = await Visit.start();
  for (const view of ["Enrol", "People"] as const) {
    await visit.open(view);
    await visit.page.getByText("The operator of this service").filter({ visible: true }).waitFor();
    await assertNoBarriers(visit.page, view);
  }
  await visit.open("Recognise");
  await visit.page.getByLabel("Choose a picture").setInputFiles(asFile(await gray(640, 480)));
  await visit.answers("No face found");
  await assertNoBarriers(visit.page, "a refused picture");
});
