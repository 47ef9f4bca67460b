/** Makes bodies of many megabytes whose structure is costly for a careless parser. */

/** A body that a client can send. */
export interface HostileBody {
  readonly contentType: string;
  /** Makes the body. Its size is about `size` bytes. */
  readonly make: (size: number) => Uint8Array<ArrayBuffer>;
}

const json = (start: string, filling: string, end = ""): HostileBody => ({
  contentType: "application/json",
  make: (size) => filled(start, filling, end, size),
});

const form = (start: string, filling: string, end = "", boundary = "b"): HostileBody => ({
  contentType: `multipart/form-data; boundary=${boundary}`,
  make: (size) => filled(start, filling, end, size),
});

const plain = (filling: string): HostileBody => ({
  contentType: "image/png",
  make: (size) => filled("", filling, "", size),
});

const FILE = '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n';
const LONG_BOUNDARY = "b".repeat(70);

/** One body of each kind, by the name of its kind. */
export const HOSTILE_BODIES: Readonly<Record<string, HostileBody>> = {
  "nested arrays": json("", "["),
  "nested objects": json("", '{"a":'),
  "nested in an unknown field": json('{"image_base64":"","x":', "["),
  "nested in a known field": json('{"image_base64":', "[[[]],", "0]]"),
  "digit keys": json("{", '"1":0,', '"1":0}'),
  "digit and word keys": json("{", '"1":0,"a":0,', '"1":0}'),
  "one name many times": json("{", '"user_id":"a",', '"user_id":"a"}'),
  "a name as long as the body": json('{"', "a", '":0}'),
  "an escaped name as long as the body": json('{"', "\\u0061", '":0}'),
  "a user_id as long as the body": json('{"user_id":"', "\\u00e9", '"}'),
  "a number as long as the body": json('{"user_id":', "1", "}"),
  "white space": json('{"user_id":', " \n", '"a"}'),
  "white space after the JSON": json('{"user_id":"a"}', "\t"),
  "escaped base64": json('{"image_base64":"', "\\u0041", '"}'),
  "escaped slashes": json('{"image_base64":"', "\\/", '"}'),
  "escaped quotes": json('{"image_base64":"', '\\"', '"}'),
  "escaped quotes without an end": json('{"image_base64":"', '\\"'),
  "backslashes": json('{"image_base64":"\\"', "\\\\", '"}'),
  "surrogate pairs in base64": json('{"image_base64":"', "\\ud83d\\ude00", '"}'),
  "other letters in base64": json('{"image_base64":"', "AAAAAAAAé\u{1f600}", '"}'),
  "line ends in base64": json('{"image_base64":"', "\\n", '"}'),
  "base64 that is wrong at its end": json('{"image_base64":"', "AAAA", '-_!"}'),
  "URL-safe base64": json('{"image_base64":"', "_-_-", '"}'),
  "a data: URL without base64": json('{"image_base64":"', "data:;", '"}'),
  "many parts": form("", '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n'),
  "many boundaries": form("", "--b\r\n"),
  "many closing boundaries": form(FILE + "\r\n", "--b--\r\n"),
  "many line ends": form(FILE, "\r\n"),
  "many starts of the boundary": form(FILE, `\r\n--${"b".repeat(69)}`, "", LONG_BOUNDARY),
  "many starts of the boundary, in its part": form(
    FILE.replace("--b", `--${LONG_BOUNDARY}`),
    `\r\n--${"b".repeat(69)}`,
    "",
    LONG_BOUNDARY,
  ),
  "many headers": form("--b\r\n", "X: 1\r\n"),
  "a header as long as the body": form("--b\r\nX: ", "x"),
  "a file name as long as the body": form(FILE.slice(0, -5), "a", '"\r\n\r\n\r\n--b--'),
  "many parameters": form("--b\r\nContent-Disposition: form-data", "; a=b"),
  "a form's user_id as long as the body": form(
    FILE.replace("image", "user_id").replace('; filename="a"', ""),
    "é",
    "\r\n--b--",
  ),
  "a preamble": form("", "x", "\r\n--b--"),
  "an epilogue": form(`${FILE}\r\n--b--`, " "),
  "text": plain("x"),
  "spaces": plain(" "),
  "base64 as it is": plain("/9j/4AAQ"),
  "a URL-encoded form": plain("a=b&"),
  "markup": plain("<svg "),
};

function filled(
  start: string,
  filling: string,
  end: string,
  size: number,
): Uint8Array<ArrayBuffer> {
  const utf8 = new TextEncoder();
  const head = utf8.encode(start), piece = utf8.encode(filling), tail = utf8.encode(end);
  const count = Math.max(1, Math.floor((size - head.length - tail.length) / piece.length));
  const body = new Uint8Array(head.length + count * piece.length + tail.length);
  body.set(head);
  body.set(piece, head.length);
  // Doubles what is filled until all is filled.
  for (let done = piece.length; done < count * piece.length; done *= 2) {
    body.copyWithin(
      head.length + done,
      head.length,
      head.length + Math.min(done, count * piece.length - done),
    );
  }
  body.set(tail, body.length - tail.length);
  return body;
}
