import { openProcessBackend } from "./process_backend.ts";
import { testPoolContract } from "./pool_contract.ts";

testPoolContract("process pool", openProcessBackend);
