import { assertEquals, assertThrows } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { findReserve } from "./disk_reserve.ts";

Deno.test("a reserve that can be neither written nor removed is not kept, and is no error", async () => {
  await using folder = await temporaryFolder({ "reserve/file": "x" });
  const reserve = findReserve(folder.path("reserve"), 1000);
  assertThrows(() => reserve.release(), Error);
  assertEquals(reserve.keep(), false);
});
