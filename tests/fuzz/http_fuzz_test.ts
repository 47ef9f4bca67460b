import { fuzzApp, fuzzSocket } from "./http_fuzz.ts";

Deno.test("the api answers 1,000 odd requests as documented", async () => {
  await fuzzApp({ runs: 1000, seed: 1 });
});

Deno.test("the api answers odd bytes on 300 connections as documented, or closes the connection", async () => {
  await fuzzSocket({ runs: 300, seed: 1 });
});
