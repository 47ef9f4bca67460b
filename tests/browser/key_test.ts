import { assert, assertEquals } from "@std/assert";
import { sample } from "../support/pictures.ts";
import { testKey } from "./keys.ts";
import { browserTest, DESKTOP, GALLERY_SERVICE, PHONE, Visit } from "./visit.ts";

const dialog = ({ page }: Visit) => page.getByRole("dialog", { name: "A key is needed" });

for (const [device, context] of [["phone", PHONE], ["desktop", DESKTOP]] as const) {
  browserTest(
    `on a ${device}, the page asks once for the key, and a person is enrolled`,
    async () => {
      const { text, entry } = testKey("admin");
      const search = testKey("authenticate");
      const keys = [entry, search.entry];
      await using visit = await Visit.start({ context, env: GALLERY_SERVICE, keys });
      const { page } = visit;
      await visit.open("Enrol");
      await dialog(visit).waitFor();
      await visit.fits();
      for (const wrong of ["fi_wrong", `${text.slice(0, -1)}-`]) {
        await visit.giveKey(wrong);
        await page.getByText("The service does not accept this key").waitFor();
        assertEquals(await page.getByLabel("Key", { exact: true }).inputValue(), "");
      }
      await visit.giveKey("a key with spaces");
      await page.getByText("A key has only Latin letters").waitFor();
      await visit.giveKey(text);
      await dialog(visit).waitFor({ state: "hidden" });
      await visit.enrol("Ada", await sample("different.png"));
      await page.getByText("Ada can be recognised now.").waitFor();
      await visit.open("People");
      await page.locator("summary", { hasText: "Ada" }).waitFor();

      // This key may not recognise faces.
      await visit.open("Recognise");
      await visit.choose(await sample("different.png"));
      await visit.answers("Forbidden scope");
      await visit.answer.getByText("needs the scope").waitFor();
      await page.getByRole("button", { name: "Forget the key" }).click();
      await page.getByText("The key is forgotten.").waitFor();
      await page.getByRole("button", { name: "Ask again" }).click();
      await visit.giveKey(search.text);
      await visit.answers("This is Ada");
    },
  );
}

browserTest("the key is kept for the tab alone, until the page forgets it", async () => {
  const { text, entry } = testKey("authenticate");
  await using visit = await Visit.start({ keys: [entry], env: { GALLERY_MODE: "workers" } });
  const { page } = visit;
  await visit.choose(await sample("user1.png"));
  await visit.giveKey(text);
  await visit.answers("This is User One");
  await page.reload();
  await visit.choose(await sample("user1.png"));
  await visit.answers("This is User One");

  const storage = "JSON.stringify([{ ...localStorage }, document.cookie])";
  assertEquals(await page.evaluate(storage), '[{},""]');
  const opened = page.context().waitForEvent("page");
  await page.evaluate("void open(location.href, '_blank', 'noopener')");
  const other = await opened;
  await other.getByRole("heading", { name: "Whose face is this?" }).waitFor();
  assert(await other.getByRole("button", { name: "Forget the key" }).isHidden());
  assertEquals(await other.evaluate("sessionStorage.length"), 0);
  await other.close();

  await page.getByRole("button", { name: "Forget the key" }).click();
  assertEquals(await page.evaluate("sessionStorage.length"), 0);
  await visit.choose(await sample("user1.png"));
  await dialog(visit).waitFor();
});

browserTest(
  "without a key, the page says what is missing, and asks again for the next picture",
  async () => {
    // Tokens are accepted, so callers need one.
    const env = { JWT_ISSUER: "me", JWT_AUDIENCE: "us", JWT_KEYS_URL: "http://127.0.0.1:1/" };
    await using visit = await Visit.start({ env });
    for (let time = 0; time < 2; time++) {
      await visit.choose(await sample("user1.png"));
      await dialog(visit).waitFor();
      await visit.page.keyboard.press("Escape");
      await visit.answers("Unauthorized");
      await visit.answer.getByText("This needs a key.").waitFor();
    }
  },
);
