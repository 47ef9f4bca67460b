import { assert, assertEquals } from "@std/assert";
import { createFakeApp } from "../fake_app.ts";
import { PROBLEMS } from "../../shared/contract/problem.ts";

Deno.test("/openapi.json describes every route and every status", async () => {
  const { call } = createFakeApp();
  const response = await call("/openapi.json");
  assertEquals(response.status, 200);
  const document = await response.json();
  assertEquals(document.openapi, "3.1.0");
  assertEquals(Object.keys(document.paths).sort(), [
    "/audit",
    "/authenticate",
    "/health",
    "/metrics",
    "/models",
    "/ready",
    "/users",
    "/users/{user_id}",
    "/users/{user_id}/export",
    "/users/{user_id}/templates",
    "/users/{user_id}/templates/{template_id}",
    "/users/{user_id}/unlock",
  ]);
  const { post } = document.paths["/authenticate"];
  assertEquals(
    Object.keys(post.responses),
    [
      ...[
        "200",
        "400",
        "401",
        "403",
        "405",
        "408",
        "409",
        "413",
        "415",
        "421",
        "422",
        "423",
        "429",
        "500",
      ],
      ...["502", "503", "504"],
    ],
  );
  assertEquals(Object.keys(post.requestBody.content), [
    "application/json",
    "image/jpeg",
    "image/png",
    "image/webp",
    "multipart/form-data",
  ]);
  assertEquals(
    Object.keys(document.paths["/metrics"].get.responses),
    ["200", "400", "403", "421"],
  );
  assertEquals(Object.keys(document.paths["/ready"].get.responses), ["200", "400", "503"]);
});

Deno.test("every reference in /openapi.json has a target", async () => {
  const { call } = createFakeApp();
  const text = await (await call("/openapi.json")).text();
  const { components } = JSON.parse(text);
  const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) =>
    name!
  );
  assert(names.includes("Problem") && names.includes("AuthenticateAnswer"));
  for (const name of names) assert(components.schemas[name] !== undefined, name);
  assertEquals(text.match(/"\$ref":/g)!.length, names.length);
  const codes: string[] = components.schemas.Problem.properties.code.enum;
  for (const code of Object.keys(PROBLEMS)) assert(codes.includes(code), code);
});
