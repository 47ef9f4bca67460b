import { gray, sample } from "../support/pictures.ts";
import { assertNoBarriers } from "./axe.ts";
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
    await using visit = await Visit.start({ context, env: GALLERY_SERVICE });
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

    await visit.open("People");
    await page.locator("summary", { hasText: "User One" }).waitFor();
    await check("People");
    await page.locator("summary", { hasText: "Ada" }).click();
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
