import { assert, assertEquals, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../contract/problem.ts";
import { bodyForm } from "./content_type.ts";
import { parseParameters } from "./parameters.ts";

function assertRefused(contentType: string, code: ProblemCode, detail: string): void {
  const problem = assertThrows(() => bodyForm(contentType), Problem, detail);
  assertEquals(problem.code, code, contentType);
  assert(problem.message.length < 200, problem.message);
}

Deno.test("only application/json and multipart/form-data are forms", () => {
  const json = [
    ...["application/json", "Application/JSON ; charset=utf-8", 'application/json;charset="UTF-8"'],
    ...["application/json;", "application/json; odata=verbose; v=1", " application/json "],
  ];
  for (const type of json) assertEquals(bodyForm(type), { kind: "json" }, type);
  const pictures = [
    ...[
      "",
      ";",
      "image/jpeg",
      "image/png; x",
      "text/plain",
      "application/octet-stream",
      "\0",
      "json",
    ],
    ...["application/x-www-form-urlencoded", "application/json, image/png", "application/jsonp"],
    ...["multipart/mixed; boundary=b", "multipart", "application/problem+json", "application json"],
  ];
  for (const type of pictures) assertEquals(bodyForm(type), { kind: "picture" }, type);
});

Deno.test("the boundary is the value of exactly one parameter named boundary", () => {
  const forms: [parameters: string, boundary: string][] = [
    ["boundary=b", "b"],
    ["BOUNDARY=B", "B"],
    ["xboundary=z; boundary=B", "B"],
    ["boundary=B; xboundary=z", "B"],
    ['x="; boundary=z"; boundary=B', "B"],
    ['x="\\"; boundary=z"; boundary=B', "B"],
    ['boundary="b\\b"', "bb"],
    ['boundary="a b:c/d=?"', "a b:c/d=?"],
    ["charset=utf-8;boundary=----WebKitFormBoundary7MA4YWxk", "----WebKitFormBoundary7MA4YWxk"],
    [`boundary=${"x".repeat(70)}`, "x".repeat(70)],
    ["boundary=b ; ", "b"],
  ];
  for (const [parameters, boundary] of forms) {
    const contentType = `multipart/form-data; ${parameters}`;
    assertEquals(bodyForm(contentType), { kind: "form", boundary }, contentType);
  }
});

Deno.test("a boundary that two parsers could read differently is refused", () => {
  for (
    const [parameters, detail] of [
      ["", "has no boundary"],
      ["; xboundary=z", "has no boundary"],
      ["; boundary=a; boundary=b", "malformed"],
      ["; boundary=a; Boundary=a", "malformed"],
      ["; boundary=", "malformed"],
      ["; boundary", "malformed"],
      ["; boundary=a b", "malformed"],
      ["; boundary = a", "malformed"],
      ["; boundary='a'; x", "malformed"],
      ['; boundary="a', "malformed"],
      ['; boundary="a\\"', "malformed"],
      ['; boundary="a"b', "malformed"],
      ["; boundary=a, multipart/form-data; boundary=b", "malformed"],
      ["; boundary*=utf-8''a", 'as "boundary"'],
      ["; boundary*0=a; boundary*1=b", 'as "boundary"'],
      ["; boundary=a; boundary*=utf-8''b", 'as "boundary"'],
      ['; boundary=""', "1 to 70 characters"],
      ['; boundary="a "', "1 to 70 characters"],
      ['; boundary="a\u00e9"', "1 to 70 characters"],
      ['; boundary="a\tb"', "1 to 70 characters"],
      ["; boundary=a%0d", "1 to 70 characters"],
      [`; boundary=${"x".repeat(71)}`, "1 to 70 characters"],
    ] as const
  ) {
    assertRefused(`multipart/form-data${parameters}`, "invalid_request", detail);
  }
});

Deno.test("JSON in another encoding is refused, and so are malformed parameters", () => {
  for (const charset of ["utf-16", "UTF-16LE", "iso-8859-1", '"utf-32"']) {
    assertRefused(`application/json; charset=${charset}`, "unsupported_media_type", "UTF-8");
  }
  for (const parameters of [";x", ";=", "; charset=utf-8; charset=utf-8", ';x="', "; charset"]) {
    assertRefused(`application/json${parameters}`, "invalid_request", "malformed");
  }
});

Deno.test("a long Content-Type is refused before it is read", () => {
  assertEquals(bodyForm("x".repeat(1024)), { kind: "picture" });
  for (const start of ["image/png;", "multipart/form-data;", "", 'application/json;x="']) {
    assertRefused(start + "; ".repeat(30_000), "invalid_request", "longer than 1024");
  }
});

Deno.test("parameters have lower-case names, and values without quotes", () => {
  assertEquals([...parseParameters(' ;A=b;c="d;e" ; f="\\g\\"" ;; ')!], [
    ["a", "b"],
    ["c", "d;e"],
    ["f", 'g"'],
  ]);
  assertEquals([...parseParameters("")!], []);
  for (const text of ["a=b", "; a=b c", '; a="b" c', '; a="\n"', "; a=b; A=b", ';a="\\', "; é=1"]) {
    assertEquals(parseParameters(text), undefined, text);
  }
});
