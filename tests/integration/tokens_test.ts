// Tokens of an OpenID provider, with the real service.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertProblem } from "../support/assert_problem.ts";
import { sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { startTokenIssuer } from "../support/token_issuer.ts";

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

Deno.test("a token of the issuer opens the service, and a token of another issuer does not", async () => {
  await using issuer = await startTokenIssuer();
  await using other = await startTokenIssuer();
  await using service = await Service.ready(issuer.env);
  const picture = await sample("user1_similar.png");
  const query = { user_id: "user1" };
  const verify = await issuer.token({ scope: "verify" });
  const search = await issuer.token({ scope: "authenticate" });

  for (const options of [{ ...bearer(verify), query }, bearer(search)]) {
    const { status, text } = await service.post(picture, options);
    assertEquals([status, JSON.parse(text).user_id], [200, "user1"]);
  }
  assertProblem(await service.post(picture, bearer(verify)), "forbidden_scope");
  assertProblem(await service.post(picture), "unauthorized");

  const [header, payload, signature] = search.split(".") as [string, string, string];
  const none = btoa(JSON.stringify({ alg: "none" })).replaceAll("=", "");
  for (
    const [about, token] of Object.entries({
      "another issuer": await other.token({ scope: "authenticate" }),
      "another audience": await issuer.token({ scope: "authenticate", audience: "urn:other" }),
      "the claims of another token": `${verify.split(".")[0]}.${payload}.${verify.split(".")[2]}`,
      "no signature": `${header}.${payload}.`,
      "none": `${none}.${payload}.`,
      "none with a signature": `${none}.${payload}.${signature}`,
    })
  ) {
    const answer = await service.post(picture, bearer(token));
    assertProblem(answer, "unauthorized");
    assertMatch(answer.headers.get("WWW-Authenticate")!, /error="invalid_token"/, about);
  }
  const lines = service.lines.join("\n");
  assertMatch(lines, /"key":"jwt-[0-9a-f]{16}"/);
  for (const secret of [signature, payload]) assert(!lines.includes(secret));
});

Deno.test("while the issuer cannot be reached, no token is accepted", async () => {
  const issuer = await startTokenIssuer();
  const token = await issuer.token({ scope: "authenticate" });
  await issuer[Symbol.asyncDispose]();
  await using service = await Service.ready(issuer.env);
  const answer = await service.post(await sample("user1_similar.png"), bearer(token));
  assertProblem(answer, "issuer_unavailable");
  assertEquals(answer.headers.get("Retry-After"), "5");
  assertEquals((await service.get("/health")).status, 200);
});
