import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../contract/problem.ts";
import { bodyForm } from "./content_type.ts";
import { splitForm } from "./split_form.ts";

const KNOWN = ["image", "user_id"];

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Returns the parts as text, with "file" or "text" before their content. */
function split(text: string, boundary = "b"): Record<string, string> {
  const parts = splitForm(latin1(text), boundary, KNOWN);
  return Object.fromEntries([...parts].map(([name, { content, isFile }]) => [
    name,
    `${isFile ? "file" : "text"} ${String.fromCharCode(...content)}`,
  ]));
}

const part = (headers: string, content: string) => `--b\r\n${headers}\r\n\r\n${content}\r\n`;
const named = (name: string, content: string, more = "") =>
  part(`Content-Disposition: form-data; name="${name}"${more}`, content);

function assertRefused(text: string, detail: string, boundary?: string): void {
  const problem = assertThrows(() => split(text, boundary), Problem, detail);
  assertEquals(problem.code, "invalid_request");
  assert(problem.message.length < 220, problem.message);
}

Deno.test("forms that FormData writes are read, with any bytes in the picture", async () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const lines = fc.array(fc.constantFrom("\r", "\n", "-", "--", "\r\n", "\r\n--", "x"))
    .map((text) => latin1(text.join("")));
  const userId = fc.string({ unit: "grapheme", maxLength: 20 });
  await fc.assert(fc.asyncProperty(fc.oneof(bytes, lines), userId, async (picture, user) => {
    const form = new FormData();
    form.append("user_id", user);
    form.append(
      "image",
      new Blob([picture as Uint8Array<ArrayBuffer>]),
      'a "quoted" \\ näme\r\n.jpg',
    );
    const response = new Response(form);
    const body = bodyForm(response.headers.get("Content-Type")!);
    assert(body.kind === "form");
    const parts = splitForm(await response.bytes(), body.boundary, KNOWN);
    assertEquals([...parts.get("image")!.content], [...picture]);
    assert(parts.get("image")!.isFile);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      parts.get("user_id")!.content,
    );
    // FormData writes every line end as CR and LF, and half a surrogate pair as U+FFFD.
    assertEquals(text, user.replaceAll(/\r\n|\r|\n/g, "\r\n").toWellFormed());
  }));
});

Deno.test("forms of other clients are read", () => {
  const image = { image: "file x" };
  for (
    const [headers, expected] of [
      ['Content-Disposition: form-data; name="image"; filename="a.jpg"', image],
      ['content-disposition:form-data;filename="a";name=image', image],
      ['Content-Disposition: form-data; name="image"; filename=""', image],
      ["Content-Disposition: form-data; name=\"image\"; filename*=UTF-8''%e2%82%ac.jpg", image],
      ['Content-Disposition: form-data; name="image"; filename="a\\"b;c.jpg"', image],
      ['Content-Disposition: form-data; name="image"; filename="\xe9\x80.jpg"', image],
      ['Content-Length: 1\r\nContent-Disposition: form-data; name="image"; filename="a"', image],
      [
        'Content-Type: image/jpeg\r\nContent-Transfer-Encoding: Binary\r\nX-More: 1\r\nMIME-Version: 1.0\r\nContent-Disposition: Form-Data; Name="image"; FileName="a"',
        image,
      ],
      ['Content-Disposition: form-data; name="image"', { image: "text x" }],
    ] as const
  ) {
    for (const [start, end] of [["", ""], ["\r\n", "\r\n"], ["", "\r\n\r\n "]]) {
      assertEquals(split(`${start}${part(headers, "x")}--b--${end}`), expected, headers);
    }
  }
});

Deno.test("a part may be empty, also without a line end of its own", () => {
  const headers = 'Content-Disposition: form-data; name="user_id"';
  const rest = named("image", "x", '; filename="a"') + "--b--";
  const expected = { user_id: "text ", image: "file x" };
  assertEquals(split(`--b\r\n${headers}\r\n\r\n\r\n${rest}`), expected);
  assertEquals(split(`--b\r\n${headers}\r\n\r\n${rest}`), expected);
  assertEquals(split("--b--"), {});
});

Deno.test("a part that is unknown or given twice is refused", () => {
  assertRefused(named("userid", "a") + "--b--", 'Unknown form field "userid"; use "image" or');
  for (
    const name of ["", "User_id", "user_id[]", "user%5Fid", "__proto__", "user_id ", "_charset_"]
  ) {
    assertRefused(named(name, "a") + "--b--", "Unknown form field");
  }
  assertRefused(named("x".repeat(3000), "a") + "--b--", `"${"x".repeat(40)}…"`);
  const twice = named("user_id", "a") + named("user_id", "a");
  assertRefused(twice + "--b--", 'The form field "user_id" is given more than once');
});

Deno.test("a form that two parsers could read differently is refused", () => {
  const good = named("image", "x", '; filename="a"');
  for (
    const [text, detail] of [
      ["", "does not begin with the boundary"],
      ["preamble\r\n" + good + "--b--", "does not begin with the boundary"],
      ["\r\n\r\n" + good + "--b--", "does not begin with the boundary"],
      ["--B" + good.slice(3) + "--B--", "does not begin with the boundary"],
      [good, "does not end with its boundary"],
      [good + "--b", "text after a boundary"],
      [good + "--b-", "text after a boundary"],
      [good + "--bb--", "text after a boundary"],
      [good + "--b \r\n", "text after a boundary"],
      [good.replace("--b\r\n", "--b\n") + "--b--", "text after a boundary"],
      [good + "--b--epilogue", "text after its last boundary"],
      [good + "--b--\r\n" + good + "--b--", "text after its last boundary"],
      [good + "--b--" + " ".repeat(17), "text after its last boundary"],
      [good.slice(0, -2) + "--b--", "does not end with its boundary"],
      [good.replaceAll("\r\n\r\n", "\n\n") + "--b--", "does not begin with headers"],
      [part("X: " + "x".repeat(5000), "x") + "--b--", "headers of at most 4096 bytes"],
      ["--b\r\n" + "\r\n".repeat(3000) + "--b--", "malformed header"],
      ["--b\r\n\r\nx\r\n--b--", "malformed header"],
      [part("Content-Disposition", "x") + "--b--", "malformed header"],
      [part("Content-Disposition : form-data; name=image", "x") + "--b--", "malformed header"],
      [part("X: 1\r\n folded: 2", "x") + "--b--", "malformed header"],
      [part("X: \0", "x") + "--b--", "malformed header"],
      [part("X: 1\nY: 2", "x") + "--b--", "malformed header"],
      [part("X: 1\r\nx: 2", "x") + "--b--", "header twice"],
      [part("Content-Type: image/png", "x") + "--b--", "no Content-Disposition"],
      [
        part("Content-Disposition: attachment; name=image", "x") + "--b--",
        "no Content-Disposition",
      ],
      [part("Content-Disposition: form-data", "x") + "--b--", "no Content-Disposition"],
      [named("image", "x", '; name="user_id"') + "--b--", "no Content-Disposition"],
      [named("image", "x", '; filename="a') + "--b--", "no Content-Disposition"],
      [named("image", "x", "; name*=utf-8''user_id") + "--b--", "Unknown parameter"],
      [part("Content-Transfer-Encoding: base64", "x") + "--b--", "Content-Transfer-Encoding"],
      [part("content-transfer-encoding: quoted-printable", "x") + "--b--", "Content-Transfer"],
    ] as const
  ) {
    assertRefused(text, detail);
  }
});

Deno.test("a form of 100,000 parts is refused at its second part", () => {
  assertRefused(named("image", "x").repeat(100_000), "given more than once");
});
