import { fuzzApp, fuzzSocket } from "./http_fuzz.ts";

Deno.test("whatever is asked of the api, the answer is a documented one", async () => {
  await fuzzApp({ runs: 1000, seed: 1 });
});

Deno.test("whatever comes through a socket, the answer is a documented one, or an end", async () => {
  await fuzzSocket({ runs: 300, seed: 1 });
});
