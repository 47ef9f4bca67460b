import { TestWorker } from "./tests/seal/test_worker.ts";
import { sample } from "./tests/support/pictures.ts";
await using w = await TestWorker.start(["decode","seal"]);
const r = await w.post(await sample("user1_similar.png"));
console.log(r.status, r.headers); await new Promise(r=>setTimeout(r,1000));
console.log(w.printed);
