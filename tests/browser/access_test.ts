import { PICTURE_FORMATS } from "../../shared/contract/image_type.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sample } from "../support/pictures.ts";
import { asFile, browserTest, PHONE, Visit } from "./visit.ts";

/** Element that has the focus, and the outline that shows the focus. */
interface Focus {
  readonly name: string;
  readonly style: string;
  readonly width: number;
}

/** Script that returns a Focus. */
const FOCUS = `
  const { activeElement } = document;
  const label = activeElement.labels?.[0];
  const shown = activeElement.type === "file" ? label : activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  ({
    name: (label ?? activeElement).innerText,
    style: outlineStyle,
    width: parseFloat(outlineWidth),
  })`;

/** The page as a screen reader reads it. */
const HEARD = `\
- banner:
  - text: face-it
  - navigation "Views":
    - link "Recognise":
      - /url: "#recognise"
    - link "Enrol":
      - /url: "#enrol"
    - link "People":
      - /url: "#people"
    - link "HTTP API":
      - /url: docs
- main:
  - status
  - heading "Whose face is this?" [level=1]
  - paragraph: Show a picture of one person. This service compares the face with the people that it knows. It does not store the picture.
  - form "Picture":
    - heading "Picture" [level=2]
    - 'button "Choose a picture or drop or paste one here: ${PICTURE_FORMATS}"'
    - strong: Choose a picture
    - text: "or drop or paste one here: ${PICTURE_FORMATS}"
    - button "Use the camera"
    - status
    - text: User ID (optional)
    - textbox "User ID (optional)"
    - paragraph: If you give a user ID, the face is compared only with that user. Do this for a login.
    - button "Ask again"
  - region "Answer":
    - heading "Answer" [level=2]
    - img "The picture that was sent"
    - status:
      - paragraph: This is User One
      - term: User ID
      - definition: user1
      - term: Confidence
      - definition: "N"
      - term: Similarity
      - definition: "N"
      - term: Time
      - definition: N ms`;

browserTest("the page can be used with only a keyboard, and shows the focus", async () => {
  await using visit = await Visit.start();
  const { page } = visit;
  const press = async (key: string) => {
    await page.keyboard.press(key);
    const outline = await page.evaluate<Focus>(FOCUS);
    assert(outline.width >= 2 && outline.style === "solid", JSON.stringify(outline));
    return outline.name;
  };
  const chooser = page.waitForEvent("filechooser");
  for (const link of ["Recognise", "Enrol", "People", "HTTP API"]) {
    assertEquals(await press("Tab"), link);
  }
  assertMatch(await press("Tab"), /^Choose a picture/);
  await press("Enter");
  await (await chooser).setFiles(asFile(await sample("user1_similar.png")));
  await visit.answers("This is User One");
  assertEquals(await press("Tab"), "Use the camera");
  assertEquals(await press("Tab"), "User ID (optional)");
  await page.keyboard.type("user3");
  assertEquals(await press("Tab"), "Ask again");
  await press("Enter");
  await visit.answers("Not recognised as user3");
});

browserTest("a screen reader finds headings, labels and the answer", async () => {
  await using visit = await Visit.start();
  await visit.choose(await sample("user1_similar.png"));
  await visit.answers("This is User One");
  const heard = (await visit.page.locator("body").ariaSnapshot()).replace(
    /\d+\.\d+|\d+(?= ms)/g,
    "N",
  );
  assertEquals(heard, HEARD);
});

browserTest("/docs shows the HTTP API on a phone", async () => {
  await using visit = await Visit.start({ path: "/docs", context: PHONE });
  const { page } = visit;
  await page.getByRole("heading", { name: "POST /authenticate" }).waitFor();
  await visit.fits();
  await page.getByRole("link", { name: "NonMatch" }).click();
  assertEquals(new URL(page.url()).hash, "#NonMatch");
  await page.getByRole("link", { name: "Try it" }).click();
  await page.getByRole("heading", { name: "Whose face is this?" }).waitFor();
});
