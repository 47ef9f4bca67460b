import { assertEquals } from "@std/assert";
import { watchedSelector } from "./open_kubernetes_pool.ts";

Deno.test("claimed pods and pods of another kind of worker are watched, too", () => {
  const selector = {
    app: "w",
    "face-it.io/gallery": "service-process",
    status: "ready",
    tier: "1",
  };
  assertEquals(watchedSelector(selector), "app=w,tier=1");
});
