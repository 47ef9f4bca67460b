import { assert, assertEquals } from "@std/assert";
import { sample } from "../support/pictures.ts";
import { asFile, browserTest, DESKTOP, GALLERY_SERVICE, PHONE, Visit } from "./visit.ts";

/** Opens the list and the entry of a person. */
async function openPerson(visit: Visit, name: string): Promise<void> {
  await visit.open("People");
  await visit.page.locator("summary", { hasText: name }).click();
  await visit.page.getByRole("button", { name: `Delete ${name}` }).waitFor();
}

for (const [device, context] of [["phone", PHONE], ["desktop", DESKTOP]] as const) {
  browserTest(
    `on a ${device}, a template is deleted after a confirmation that names the person`,
    async () => {
      await using visit = await Visit.start({ context, env: GALLERY_SERVICE });
      const { page, service } = visit;
      await openPerson(visit, "User One");
      await page.getByText("fr_feature (the small model)").or(page.getByText("SFace")).waitFor();
      await page.getByText("Last recognised").waitFor();
      assertEquals(await page.locator("#people img").count(), 0);
      await page.getByRole("button", { name: /^Delete the template of/ }).click();
      const dialog = page.getByRole("dialog", { name: "Delete a template of User One?" });
      await dialog.getByText("(user ID user1)").waitFor();
      await dialog.getByText("It is the only one").waitFor();
      await dialog.getByRole("button", { name: "Cancel" }).click();
      assertEquals(JSON.parse((await service.get("/users/user1")).text).templates.length, 1);
      await page.getByRole("button", { name: /^Delete the template of/ }).click();
      await dialog.getByRole("button", { name: "Delete the template" }).click();
      await page.getByRole("status").getByText(/^The template of .* of User One was deleted.$/)
        .waitFor();
      await page.getByText("no templates: not recognised").waitFor();
      await visit.fits();
      await visit.open("Recognise");
      await visit.choose(await sample("user1.png"));
      await visit.answers("Not recognised");

      await openPerson(visit, "User One");
      await page.getByRole("button", { name: "Add pictures" }).click();
      await page.getByRole("heading", { name: "Enrol a person" }).waitFor();
      assertEquals(await page.getByLabel("Name").inputValue(), "User One");
    },
  );
}

browserTest("a person who is locked is shown so, and is unlocked", async () => {
  const env = { ...GALLERY_SERVICE, TRIES_LOCK_AFTER: "2" };
  await using visit = await Visit.start({ context: PHONE, env });
  const { page, service } = visit;
  await openPerson(visit, "User One");
  assertEquals(await page.getByText("Locked:").count(), 0);
  const stranger = await sample("different.png"), query = { user_id: "user1" };
  for (const status of [200, 200, 423]) {
    assertEquals((await service.post(stranger, { query })).status, status);
  }
  await visit.open("Recognise");
  await openPerson(visit, "User One");
  await page.getByText("Locked: too many attempts").waitFor();
  await visit.fits();
  await page.getByRole("button", { name: "Unlock User One" }).click();
  await page.getByRole("status").getByText("User One was unlocked.").waitFor();
  await page.getByText("Locked:").waitFor({ state: "detached" });
  assertEquals((await service.post(stranger, { query })).status, 200);
});

browserTest("a person without the consent that is needed gets one", async () => {
  const env = { ...GALLERY_SERVICE, REQUIRE_CONSENT: "true" };
  await using visit = await Visit.start({ context: PHONE, env });
  const { page, service } = visit;
  const created = await service.get("/users/ada", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "Ada", expires_at: "2099-01-31T12:00:00Z" }),
  });
  assertEquals(created.status, 201);
  await openPerson(visit, "Ada");
  await page.getByRole("textbox", { name: "Consent reference of Ada" }).fill("form 17");
  await visit.fits();
  await page.getByRole("button", { name: "Store the consent" }).click();
  await page.getByRole("status").getByText("The consent of Ada was stored.").waitFor();
  const { name, consent_ref, expires_at } = JSON.parse((await service.get("/users/ada")).text);
  assertEquals([name, consent_ref, expires_at], ["Ada", "form 17", "2099-01-31T12:00:00.000Z"]);
  assertEquals(await page.getByRole("button", { name: "Store the consent" }).count(), 0);
});

browserTest("the list of people has pages", async () => {
  await using visit = await Visit.start({ env: GALLERY_SERVICE });
  const { page, service } = visit;
  for (let number = 10; number < 55; number++) {
    const created = await service.get(`/users/a${number}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: `Person ${number}` }),
    });
    assertEquals(created.status, 201);
  }
  const names = async (first: string) => {
    await page.locator("summary", { hasText: first }).waitFor();
    return await page.locator(".person-name").allInnerTexts();
  };
  await visit.open("People");
  assertEquals((await names("Person 10")).length, 20);
  assert(await page.getByRole("button", { name: "Previous page" }).isHidden());
  await page.getByRole("button", { name: "Next page" }).click();
  assertEquals((await names("Person 30")).at(-1), "Person 49");
  await page.getByRole("button", { name: "Next page" }).click();
  assertEquals((await names("Person 50")).length, 8);
  assert(await page.getByRole("button", { name: "Next page" }).isHidden());
  await page.getByText("Page 3").waitFor();
  await page.getByRole("button", { name: "Previous page" }).click();
  assertEquals((await names("Person 30")).length, 20);
});

browserTest("a name is shown as text, and a long one fits a phone", async () => {
  const context = { ...PHONE, viewport: { width: 360, height: 740 } };
  await using visit = await Visit.start({ context, env: GALLERY_SERVICE });
  const { page } = visit;
  const name = `<img src=x onerror=alert(1)>${"W".repeat(200)}`;
  await visit.open("Enrol");
  await visit.enrol(name, await sample("different.png"));
  await page.getByText("can be recognised now.").waitFor();
  await visit.fits();
  await visit.open("People");
  await page.locator("summary", { hasText: name }).click();
  await page.getByRole("button", { name: `Delete ${name}` }).click();
  await page.getByRole("dialog").waitFor();
  await visit.fits();
  const { y, height } = (await page.getByRole("dialog").boundingBox())!;
  assert(y >= 0 && y + height <= 740, "The dialog is outside the window");
});

browserTest("a name that turns the direction of text turns no other text", async () => {
  await using visit = await Visit.start({ env: GALLERY_SERVICE });
  const { page, service } = visit;
  const created = await service.get("/users/eve", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "Eve\u202e\u2067 enO", consent_ref: "\u202d c" }),
  });
  assertEquals(created.status, 201);
  await openPerson(visit, "Eve enO");
  await page.getByRole("button", { name: "Delete Eve enO" }).click();
  await page.getByRole("dialog", { name: "Delete Eve enO?" }).waitFor();
  const shown = await page.locator("body").innerText();
  assert(shown.includes("Eve enO (user ID eve) and all templates"), shown);
  assert(!/[\u202a-\u202e\u2066-\u2069]/.test(shown), JSON.stringify(shown));
});

browserTest("people are enrolled and deleted with only a keyboard", async () => {
  await using visit = await Visit.start({ env: GALLERY_SERVICE });
  const { page } = visit;
  const focused = () =>
    page.evaluate<string>("document.activeElement.innerText || document.activeElement.id");
  const tabTo = async (name: string) => {
    for (let presses = 0; await focused() !== name; presses++) {
      assert(presses < 20, `${name} is not reached`);
      await page.keyboard.press("Tab");
    }
  };
  await tabTo("Enrol");
  await page.keyboard.press("Enter");
  assertEquals(await focused(), "Enrol a person");
  await page.getByText("Name", { exact: true }).waitFor();
  await tabTo("Use the camera");
  await page.keyboard.press("Enter");
  // There is no name yet.
  assertEquals(await focused(), "name");
  // The browser must know before the key press that the test answers the chooser.
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.type("Ada");
  await page.keyboard.press("Enter");
  assertEquals(await focused(), "Use the camera");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(asFile(await sample("different.png")));
  await page.getByText("Ada can be recognised now.").waitFor();

  await page.getByRole("link", { name: "People" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("summary", { hasText: "Ada" }).waitFor();
  await page.locator("summary", { hasText: "Ada" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Delete Ada" }).waitFor();
  await tabTo("Delete Ada");
  for (const key of ["Escape", "Enter"]) {
    // Enter presses Cancel, which has the focus.
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Delete Ada?" }).waitFor();
    assertEquals(await focused(), "Cancel");
    await page.keyboard.press(key);
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assertEquals(await focused(), "Delete Ada");
  }
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("Ada was deleted.").waitFor();
  assertEquals(await focused(), "Ada was deleted.");
});
