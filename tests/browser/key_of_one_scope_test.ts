import { assert, assertEquals } from "@std/assert";
import { sample } from "../support/pictures.ts";
import { testKey } from "./keys.ts";
import { asFile, browserTest, GALLERY_SERVICE, Visit } from "./visit.ts";

const userId = ({ page }: Visit) => page.getByRole("textbox", { name: "User ID" });

browserTest(
  "with a key that may only enrol, nobody who exists is replaced or listed",
  async () => {
    const enrol = testKey("enrol"), admin = testKey("admin");
    const keys = [enrol.entry, admin.entry];
    await using visit = await Visit.start({ env: GALLERY_SERVICE, keys });
    const { page, service } = visit;
    const headers = { Authorization: `Bearer ${admin.text}` };
    const user = async (id: string) => (await service.get(`/users/${id}`, { headers })).text;
    const before = await user("user1");
    await visit.open("Enrol");
    await visit.giveKey(enrol.text);
    await userId(visit).fill("user1");
    await visit.enrol("Ada", await sample("different.png"));
    await page.getByText("The user ID user1 belongs to somebody already.").waitFor();
    assertEquals(await user("user1"), before);

    // The name alone: the second person of a name gets another user ID.
    await userId(visit).fill("");
    await visit.enrol("user1", await sample("different.png"));
    await page.getByText("user1 can be recognised now.").waitFor();
    assertEquals(await userId(visit).inputValue(), "user1-2");
    assertEquals(await user("user1"), before);

    // Pictures can be added to somebody whom the page cannot see.
    await page.getByRole("button", { name: "Enrol another person" }).click();
    await userId(visit).fill("user1");
    await visit.enrol("Ada", await sample("user1_similar.png"));
    await page.getByRole("button", { name: "Add pictures to user1" }).click();
    const picture = asFile(await sample("user1_similar.png"));
    await page.getByLabel("Choose pictures").setInputFiles(picture);
    await page.getByText("Picture 1: accepted").waitFor();
    assertEquals(JSON.parse(await user("user1")).name, "User One");
    assertEquals(JSON.parse(await user("user1")).templates.length, 2);

    await visit.open("People");
    await page.getByText("Forbidden scope").waitFor();
    await page.getByText("The key needs the scope admin.").waitFor();
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByRole("button", { name: "Show the people" }).click();
    await visit.giveKey(admin.text);
    await page.locator("summary", { hasText: "User One" }).waitFor();
  },
);

browserTest("where everybody may recognise, only enrolling and the list need a key", async () => {
  const enrol = testKey("enrol"), admin = testKey("admin");
  const env = { ...GALLERY_SERVICE, ALLOW_ANONYMOUS: "true" };
  await using visit = await Visit.start({ env, keys: [enrol.entry, admin.entry] });
  const { page } = visit;
  const dialog = page.getByRole("dialog", { name: "A key is needed" });
  await visit.choose(await sample("different.png"));
  await visit.answers("Not recognised");

  await visit.open("Enrol");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Applications know the person").waitFor();
  await visit.enrol("Ada", await sample("different.png"));
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Unauthorized. No picture was sent.").waitFor();
  await page.getByText("This needs a key.").waitFor();
  await visit.enrol("Ada", await sample("different.png"));
  await visit.giveKey(enrol.text);
  await page.getByText("Ada can be recognised now.").waitFor();

  // The key may not recognise faces. Without it, everybody may.
  await page.getByRole("link", { name: "Try to be recognised" }).click();
  await visit.choose(await sample("different.png"));
  await visit.answers("This is Ada");
  await visit.answers("The key may not recognise faces, so the page asked without the key.");
  await page.getByRole("button", { name: "Forget the key" }).click();
  await page.getByRole("button", { name: "Ask again" }).click();
  await visit.answer.getByText("asked without the key").waitFor({ state: "detached" });
  await visit.answers("This is Ada");
});

browserTest(
  "a key changes nothing where the operator enrols people, and the page says so",
  async () => {
    const { text, entry } = testKey("admin");
    await using visit = await Visit.start({ env: { GALLERY_MODE: "workers" }, keys: [entry] });
    const { page } = visit;
    const dialog = page.getByRole("dialog", { name: "A key is needed" });
    // Without a key, the page cannot know who enrols people.
    await visit.open("Enrol");
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await visit.enrol("Ada", await sample("different.png"));
    await visit.giveKey(text);
    await page.getByText("Ask the operator to enrol you.").waitFor();
    await visit.open("People");
    await page.getByText("This page can neither list nor change them.").waitFor();
    await visit.open("Enrol");
    await page.getByText("Ask the operator to enrol you.").waitFor();
  },
);

browserTest("the list of people asks once for a key, and again when it is wanted", async () => {
  const { text, entry } = testKey("admin");
  await using visit = await Visit.start({ env: GALLERY_SERVICE, keys: [entry] });
  const { page } = visit;
  const dialog = page.getByRole("dialog", { name: "A key is needed" });
  await visit.open("People");
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("This needs a key.").waitFor();
  assert(await dialog.isHidden());
  await page.getByRole("button", { name: "Try again" }).click();
  await visit.giveKey(text);
  await page.locator("summary", { hasText: "User One" }).waitFor();
  // What the key has shown is gone with the key.
  await page.getByRole("button", { name: "Forget the key" }).click();
  assertEquals(await page.locator("summary").count(), 0);
});

browserTest("the page works where the browser stores nothing", async () => {
  const { text, entry } = testKey("authenticate");
  await using visit = await Visit.start({ keys: [entry] });
  const { page } = visit;
  await page.addInitScript(`Object.defineProperty(globalThis, "sessionStorage", {
    get() { throw new DOMException("Access is denied", "SecurityError"); },
  })`);
  await page.reload();
  for (let time = 0; time < 2; time++) {
    await visit.choose(await sample("user1.png"));
    if (time === 0) await visit.giveKey(text);
    await visit.answers("This is User One");
  }
  await page.getByRole("button", { name: "Forget the key" }).click();
  await visit.choose(await sample("user1.png"));
  await page.getByRole("dialog", { name: "A key is needed" }).waitFor();
});
